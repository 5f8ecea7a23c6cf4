"""The file of `plr case agree`: what page 4c asks, each field checked with its line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from plr.domain.checks import Check, Checks
from plr.domain.fields import FieldPath
from plr.domain.words import Answer, PositionValue
from plr.errors import InvalidInputError
from plr.operations.agreements import Minute
from plr.operations.positions import LONGEST_POINT, MOST_POINTS, PositionText
from plr.reading import Document

REQUIRED = {
    "meeting": "Name the meeting, such as PLR-M-2027-01.",
    "date": "Write the day of the meeting, such as 2027-03-18.",
    "minute": 'Write the minute number in quotes, such as "7.2".',
    "presider": "Write the id or the address of who presided.",
    "present": "Write how many members were present for this item, without those who were out.",
    "professions": "List the professions of the members present.",
}
# How the operation names what the file calls otherwise.
FILE_NAMES = {"meeting_on": "date", "value": "position"}
_SHORT, _LONG, _MOST_PEOPLE = 40, 2000, 100


def minute_of(document: Document, people: Mapping[str, int], themes: Mapping[str, object]) -> Minute:
    """Return what a meeting answered. `people` gives a number for each id and address, in small letters.

    Raises InvalidInputError with every problem.
    """
    form = _Form(Checks(document.line_of), people, themes)
    found = form.checks.fields(document.data, (), form.schema()) or {}
    for name, remedy in REQUIRED.items():
        if document.data.get(name) is None:
            form.checks.fault((name,), "is missing.", remedy)
    form.checks.finish(document.source)
    position = found.get("position")
    text = None
    if position is not None:
        text = PositionText(
            PositionValue(position),
            tuple(found.get("points", ())),
            tuple(found.get("themes", ())),
            found.get("dissent"),
            for_learning=found.get("for_learning", False),
            for_panel=found.get("for_panel", False),
        )
    return Minute(
        meeting=found["meeting"],
        meeting_on=date.fromisoformat(found["date"]),
        minute=found["minute"],
        presider_id=found["presider"],
        present=found["present"],
        professions=tuple(found.get("professions", ())),
        out_ids=tuple(found.get("out", ())),
        answer=Answer(found.get("answer", Answer.APPROVE)),
        text=text,
        diversity_reason=found.get("diversity_reason"),
        reason=found.get("reason"),
    )


def texts_of(document: Document) -> list[tuple[str, str | None, int | None]]:
    """Return the free texts with field and line, to be screened."""
    data = document.data
    found = [
        (name, data.get(name), document.line_of((name,)))
        for name in ("dissent", "reason", "diversity_reason")
    ]
    points = data.get("points")
    if isinstance(points, list):
        found += [
            (f"points[{at}]", point, document.line_of(("points", at))) for at, point in enumerate(points)
        ]
    return found


def in_file_names(error: InvalidInputError) -> InvalidInputError:
    """Return the problems of the operation under the names that the file uses."""
    problems = [
        type(found)(FILE_NAMES.get(found.field, found.field), found.problem, found.remedy, found.line)
        for found in error.problems
    ]
    return type(error)(problems, error.source)


class _Form:
    def __init__(self, checks: Checks, people: Mapping[str, int], themes: Mapping[str, object]) -> None:
        self.checks = checks
        self.people = people
        self.themes = tuple(themes)

    def schema(self) -> dict[str, Check]:
        return {
            "meeting": self._text(_SHORT),
            "date": self._day,
            "minute": self._text(_SHORT),
            "presider": self._person,
            "present": lambda value, path: self.checks.whole(value, path, 0, 1000),
            "professions": self._list(self._text(_SHORT), 20),
            "out": self._list(self._person, _MOST_PEOPLE),
            "answer": self._word((Answer.APPROVE, Answer.RETURN)),
            "position": self._word(tuple(PositionValue)),
            "points": self._list(self._text(LONGEST_POINT), MOST_POINTS),
            "themes": self._list(self._word(self.themes), 20),
            "dissent": self._text(_LONG),
            "for_learning": self.checks.truth,
            "for_panel": self.checks.truth,
            "reason": self._text(_LONG),
            "diversity_reason": self._text(_LONG),
        }

    def _text(self, at_most: int) -> Check:
        return lambda value, path: self.checks.text(value, path, at_most)

    def _word(self, words: tuple[str, ...]) -> Check:
        return lambda value, path: self.checks.word(value, path, words)

    def _list(self, check: Check, at_most: int) -> Check:
        return lambda value, path: self.checks.each(value, path, check, at_most)

    def _day(self, value: Any, path: FieldPath) -> str | None:
        try:
            return date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            self.checks.fault(path, "is not a day.", "Write it like 2027-03-18.")
            return None

    def _person(self, value: Any, path: FieldPath) -> int | None:
        found = self.people.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            self.checks.fault(path, "is nobody we know.", "Write an id or an address of `plr people list`.")
        return found
