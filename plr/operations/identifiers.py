"""Patterns of numbers, addresses, dates and references that may identify a child (reliability 4).

Every pattern is linear: what repeats is bounded, or made of parts that cannot stand for one another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import phonenumbers
from stdnum.gb import nhs, upn


class Kind(StrEnum):
    """What a text may hold, in the words people read."""

    NHS = "an NHS number"
    HEALTH_AND_CARE = "a Health and Care number"
    CHI = "a CHI number"
    UPN = "a unique pupil number"
    NATIONAL_INSURANCE = "a National Insurance number"
    EMAIL = "an e-mail address"
    PHONE = "a telephone number"
    POSTCODE = "a postcode"
    DATE = "a full date"
    REFERENCE = "a court or crime reference"
    LONG_NUMBER = "a number of six or more digits"
    TITLE = "a person's name after a title"
    ROLE = "a person's name"
    PLACE = "the name of a place such as a school or hospital"
    AUTHORITY = "the name of a local authority"
    DENIED = "a name on this case's list"


@dataclass(frozen=True, slots=True)
class Span:
    """Where in the folded text something was found."""

    start: int
    end: int
    kind: Kind


Detector: TypeAlias = Callable[[str], Iterator[Span]]

_GAP = r"[\s.\-/_]"
_DIGIT_RUN = re.compile(rf"\d+(?:{_GAP}{{1,3}}\d+)*")
_GROUP = re.compile(r"\d+")
_BIRTHDAY = re.compile(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{6}")
_HEALTH_AND_CARE = range(3_200_000_000, 4_000_000_000)
_TEN = 10


def checksum_numbers(text: str) -> Iterator[Span]:
    """Find ten digits that pass modulus 11, and pupil numbers, across spaces, dots and dashes."""
    yield from _pupil_numbers(text)
    for run in _DIGIT_RUN.finditer(text):
        groups = list(_GROUP.finditer(text, run.start(), run.end()))
        for at in range(len(groups)):
            yield from _ten_digits(groups, at)


def _ten_digits(groups: list[re.Match[str]], at: int) -> Iterator[Span]:
    digits = ""
    for group in groups[at : at + _TEN]:
        digits += group[0]
        if len(digits) >= _TEN:
            if len(digits) == _TEN and nhs.is_valid(digits):
                yield Span(groups[at].start(), group.end(), _health_number(digits))
            return


def _health_number(digits: str) -> Kind:
    if _BIRTHDAY.fullmatch(digits):
        return Kind.CHI
    return Kind.HEALTH_AND_CARE if int(digits) in _HEALTH_AND_CARE else Kind.NHS


_PUPIL = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z](?:{_GAP}{{0,2}}\d){{11}}{_GAP}{{0,2}}[A-Za-z0-9](?![A-Za-z0-9])"
)


def _pupil_numbers(text: str) -> Iterator[Span]:
    for found in _PUPIL.finditer(text):
        if upn.is_valid(re.sub(_GAP, "", found[0]).upper()):
            yield Span(found.start(), found.end(), Kind.UPN)


_EMAIL = re.compile(
    r"[\w.+%-]\s?@\s?[A-Za-z0-9-]{1,63}(?:\s?\.\s?[A-Za-z0-9-]{1,63}){1,8}"
    r"|\w\s?[\[({]\s?at\s?[\])}]\s?\w|\bat\s[\w-]{1,63}\sdot\s\w",
    re.IGNORECASE,
)


def email_addresses(text: str) -> Iterator[Span]:
    """Find e-mail addresses, also with spaces or spelt out."""
    yield from _spans(_EMAIL, text, Kind.EMAIL)


_INSURANCE = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][\s.\-]?[A-CEGHJ-NPR-TW-Z]"
    r"(?:[\s.\-]{0,2}\d){6}(?:[\s.\-]{0,2}[A-D])?(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def insurance_numbers(text: str) -> Iterator[Span]:
    """Find National Insurance numbers, with or without the last letter."""
    yield from _spans(_INSURANCE, text, Kind.NATIONAL_INSURANCE)


_PHONE = re.compile(r"(?<!\d)(?:00|\(?0)[\d\s().\-/]{8,24}")
_PHONE_WITH_COUNTRY = re.compile(r"\+\s?[\d\s().\-/]{8,24}")
_LOCAL_LENGTHS = (11, 10)


def phone_numbers(text: str) -> Iterator[Span]:
    """Find telephone numbers that are possible in the United Kingdom, or abroad after 00."""
    yield from _telephones(_PHONE, text)


def country_phone_numbers(text: str) -> Iterator[Span]:
    """Find telephone numbers after a plus: surer than ten digits that happen to pass modulus 11."""
    yield from _telephones(_PHONE_WITH_COUNTRY, text)


def _telephones(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for found in pattern.finditer(text):
        digits = re.sub(r"[^\d+]", "", found[0].replace("(0)", ""))
        if any(_possible(digits[:length]) for length in (*_LOCAL_LENGTHS, len(digits))):
            yield Span(found.start(), found.end(), Kind.PHONE)


def _possible(digits: str) -> bool:
    try:
        number = phonenumbers.parse(digits, "GB")
    except phonenumbers.NumberParseException:
        return False
    return len(digits) >= _TEN and bool(phonenumbers.is_possible_number(number))


_INWARD = "[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]"
_POSTCODE = re.compile(
    rf"(?<![A-Za-z0-9])[A-PR-UWYZa-pr-uwyz][A-HK-Ya-hk-y]?\d[A-Za-z\d]?[\s.\-]{{0,3}}\d{_INWARD}{{2}}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])[A-PR-UWYZ][\s.\-]?(?:[A-HK-Y][\s.\-]?)?\d[\s.\-]?(?:[A-Z\d][\s.\-]?)?"
    r"\d[\s.\-]?[ABD-HJLNP-UW-Z][\s.\-]?[ABD-HJLNP-UW-Z](?![A-Za-z0-9])"
)


def postcodes(text: str) -> Iterator[Span]:
    """Find whole postcodes; with gaps between all characters only in capitals."""
    yield from _spans(_POSTCODE, text, Kind.POSTCODE)


_COURT = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2}[\s.\-]?\d{2}[\s.\-]?[A-Z][\s.\-]?\d{5}(?!\d)"
    r"|(?<![A-Z0-9])[TASU][\s.\-]?(?:19|20)\d{2}[\s.\-]?\d{4}(?!\d)"
    r"|(?<!\d)\d{2}[\s.\-/]?[A-Z][A-Z0-9][\s.\-/]?\d{5,7}(?:[\s.\-/]?\d{2})?(?!\d)"
    r"|[\[(](?:19|20)\d{2}[\])]\s{0,2}(?:EW|UK|NI|CS|HC|SC)[A-Z]{0,6}\b"
    r"|(?<![\d/])\d{1,4}/\d{3,7}/\d{2,4}(?![\d/])"
    r"|(?<![A-Z0-9])[A-Z]{2,4}[/\-]\d{3,8}[/\-]\d{2,4}(?!\d)"
)
_CUED = re.compile(
    r"\b(?:crime|case|court|incident|log|police|occurrence|custody|urn|cad|crn|niche|storm|claim)\s"
    r"(?:(?:ref|reference|no|number|num|id)\b\.?|#)\s{0,2}[:#]?\s{0,2}(?=[A-Z/\-]{0,10}\d)[A-Z0-9]",
    re.IGNORECASE,
)
_OWN_REFERENCE = re.compile(
    r"\b(?:PLR|CDR|PS|DIS|REP|REG|MTG|TOR|POL|LIA)(?:-[A-Z]{1,4}){0,2}-(?:19|20)\d{2}(?:Q\d)?(?:-\w{2,4})?\b"
)


def references(text: str) -> Iterator[Span]:
    """Find court, police and crime references; our own references are none."""
    own = {found.start() for found in _OWN_REFERENCE.finditer(text)}
    for pattern in (_COURT, _CUED):
        yield from (span for span in _spans(pattern, text, Kind.REFERENCE) if span.start not in own)


_JOINED = re.compile(r"\d+(?:(?: - |[\s.\-])\d+)*")
_YEARS = re.compile(r"(?<![\d.\-])(?:19|20)\d{2}(?:\s?[-/]\s?(?:(?:19|20)\d{2}|\d{2}))?(?![\d])")
_SIX = 6


def long_numbers(text: str) -> Iterator[Span]:
    """Find six or more digits, across single spaces, dots and dashes; years and our references are none."""
    for harmless in (_OWN_REFERENCE, _YEARS):
        text = harmless.sub(lambda found: "x" * len(found[0]), text)
    for found in _JOINED.finditer(text):
        if sum(character.isdigit() for character in found[0]) >= _SIX:
            yield Span(found.start(), found.end(), Kind.LONG_NUMBER)


def _spans(pattern: re.Pattern[str], text: str, kind: Kind) -> Iterator[Span]:
    return (Span(found.start(), found.end(), kind) for found in pattern.finditer(text))
