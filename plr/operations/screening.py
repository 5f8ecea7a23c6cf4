"""The identifier screen: says what a text may hold and on which line, never the text (reliability 4).

It misses names; a person checks too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plr.domain.rules import Rules
from plr.domain.submissions import Submission, key_fields, text_fields
from plr.errors import Problem, TooLargeError
from plr.operations.folding import folded
from plr.operations.identifiers import (
    Detector,
    Kind,
    Span,
    checksum_numbers,
    country_phone_numbers,
    email_addresses,
    insurance_numbers,
    long_numbers,
    phone_numbers,
    postcodes,
    references,
)
from plr.operations.names import ScreenWords, denied_names
from plr.operations.written_dates import written_dates

__all__ = ["MAX_BYTES", "Finding", "Kind", "ScreenWords", "screen", "screen_key", "screen_submission"]

MAX_BYTES = 20_000
REMEDY = "Take it out, or put it in other words."

# the surer ones first: what one has found, the later ones do not name again
_PATTERNS: tuple[Detector, ...] = (
    country_phone_numbers,
    checksum_numbers,
    email_addresses,
    insurance_numbers,
    written_dates,
    references,
    phone_numbers,
    postcodes,
    long_numbers,
)
_FOR_KEYS: tuple[Detector, ...] = (checksum_numbers, email_addresses)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a text may hold, and on which of its lines, counted from 1."""

    kind: Kind
    line: int

    @property
    def sentence(self) -> str:
        """Return what the page says (pages 2)."""
        return f"Line {self.line} may hold {self.kind}. Take it out, or tell us it is something else."


def screen(text: str, words: ScreenWords, denied: Iterable[str] = ()) -> list[Finding]:
    """Return what a free text may hold; `denied` are names typed once for this case.

    Raises TooLargeError over 20 kB.
    """
    plain = _folded_if_short(text)
    spans = [*denied_names(plain, denied), *_first_found(plain, _PATTERNS), *words.names(plain)]
    return _findings(plain, spans)


def screen_key(text: str) -> list[Finding]:
    """Return what a sender's own reference may hold: e-mail addresses and checksum-valid numbers only."""
    plain = _folded_if_short(text)
    return _findings(plain, _first_found(plain, _FOR_KEYS))


def screen_submission(
    submission: Submission, words: ScreenWords, denied: Iterable[str] = ()
) -> list[Problem]:
    """Return one problem for each possible identifier in any text of a submission, in its order."""
    names = tuple(denied)
    problems = [
        *(_problem(at, found) for at in key_fields(submission) for found in screen_key(at[1])),
        *(_problem(at, found) for at in text_fields(submission) for found in screen(at[1], words, names)),
    ]
    return sorted(problems, key=lambda problem: problem.line or 0)


_words: dict[int, tuple[Mapping[str, Any], ScreenWords]] = {}


def words_of(rules: Rules) -> ScreenWords:
    """Return the words of the screen that these rules hold, made once for each reading of config/."""
    key = id(rules.screening)
    if key not in _words:
        _words.clear()
        _words[key] = (rules.screening, ScreenWords.from_mapping(rules.screening))
    return _words[key][1]


def _problem(at: tuple[str, str, int | None], found: Finding) -> Problem:
    name, text, line = at
    where = f" in its line {found.line}" if "\n" in text else ""
    return Problem(name, f"may hold {found.kind}{where}.", REMEDY, line)


def _folded_if_short(text: str) -> str:
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise TooLargeError([Problem("", "is too long to be screened.", "Shorten it to 20 kB.")])
    return folded(text)


def _first_found(text: str, detectors: Iterable[Detector]) -> Iterator[Span]:
    taken = bytearray(len(text))
    for detector in detectors:
        for span in list(detector(text)):
            if not any(taken[span.start : span.end]):
                taken[span.start : span.end] = b"\1" * (span.end - span.start)
                yield span


def _findings(text: str, spans: Iterable[Span]) -> list[Finding]:
    found = sorted(spans, key=lambda span: span.start)
    lines: list[Finding] = []
    line, upto = 1, 0
    for span in found:
        line += text.count("\n", upto, span.start)
        upto = span.start
        lines.append(Finding(span.kind, line))
    return list(dict.fromkeys(lines))
