"""Full dates in the spellings people use, English and Welsh (reliability 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plr.operations.identifiers import Kind, Span

_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|ionawr|chwefror|mawrth|ebrill|mai|mehefin|gorffennaf|awst|medi"
    r"|hydref|tachwedd|rhagfyr)(?![a-z])"
)
_ORDINAL = (
    r"(?:twenty|thirty)[\s-]{0,2}(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth"
    r"|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
)
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?!\d)"
_YEAR = r"(?P<year>(?:19|20)\d{2}|'?\d{2})(?!\d)"
_SUFFIX = r"(?P<suffix>\s?(?:st|nd|rd|th|ain|af|il|ydd|fed|eg)\b)?"
_BETWEEN = r"[\s.,\-/]{0,3}"
_GAP = r"[\s/.\-]{1,3}"

_DAY_FIRST = re.compile(
    rf"{_DAY}{_SUFFIX}{_BETWEEN}(?:day\s)?(?:of\s{{1,2}}|o\s)?{_MONTH}(?:{_BETWEEN}{_YEAR})?", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    rf"(?<![a-z]){_MONTH}{_BETWEEN}(?:the\s{{1,2}})?{_DAY}{_SUFFIX}(?:{_BETWEEN}{_YEAR})?", re.IGNORECASE
)
_SPELT = re.compile(
    rf"\b(?:{_ORDINAL})(?:\sday)?\s(?:of\s)?{_MONTH}"
    rf"|\b{_MONTH.replace('month', 'early')}\s(?:the\s)?(?:{_ORDINAL})\b",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(rf"(?<!\d)(?:19|20)\d{{2}}{_BETWEEN}{_MONTH}{_BETWEEN}{_DAY}", re.IGNORECASE)
_NUMBERS = re.compile(
    rf"(?<![\d.])(?:(?P<d1>\d{{1,2}}){_GAP}(?P<m1>\d{{1,2}}){_GAP}(?:19|20)\d{{2}}"
    rf"|(?:19|20)\d{{2}}{_GAP}(?P<m2>\d{{1,2}}){_GAP}(?P<d2>\d{{1,2}})"
    r"|(?P<d3>\d{1,2})\s?(?P<mark>[/.\-])\s?(?P<m3>\d{1,2})\s?(?P=mark)\s?\d{2}"
    r"|(?P<d4>\d{2})(?P<m4>\d{2})(?:19|20)\d{2}|(?:19|20)\d{2}(?P<m5>\d{2})(?P<d5>\d{2}))(?!\d)"
)
_LAST_DAY = 31
_LAST_MONTH = 12
# lower-case, without a year, these are words of a sentence: "the 3 may have met"
_ALSO_WORDS = {"may", "march", "mar"}


def written_dates(text: str) -> Iterator[Span]:
    """Find a day with its month, spelt or in figures; a month with a year is no full date."""
    for pattern in (_DAY_FIRST, _MONTH_FIRST, _SPELT, _YEAR_FIRST):
        for found in pattern.finditer(text):
            if _is_date(found.groupdict(), day_first=pattern is not _MONTH_FIRST):
                yield Span(found.start(), found.end(), Kind.DATE)
    for found in _NUMBERS.finditer(text):
        parts = found.groupdict()
        if any(_in_range(parts[f"d{form}"], parts[f"m{form}"]) for form in range(1, 6)):
            yield Span(found.start(), found.end(), Kind.DATE)


def _is_date(parts: dict[str, str | None], *, day_first: bool) -> bool:
    day, year, suffix = parts.get("day"), parts.get("year"), parts.get("suffix")
    if day is not None and not 1 <= int(day) <= _LAST_DAY:
        return False
    if "suffix" not in parts:
        return True
    if not day_first:
        return bool(year or suffix)
    return bool(year or suffix) or parts["month"] not in _ALSO_WORDS


def _in_range(day: str | None, month: str | None) -> bool:
    if day is None or month is None:
        return False
    low, high = sorted((int(day), int(month)))
    return low in range(1, _LAST_MONTH + 1) and high in range(1, _LAST_DAY + 1)
