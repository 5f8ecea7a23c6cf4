"""What each document holds, as frozen fields: stored as JSON, rendered from nothing else.

Fields hold the words people read, so that a document rendered again years later is the same document.
Persons appear by office and profession only, never by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Self

from plr.domain.outputs import OutputKind
from plr.domain.plain import from_plain, to_plain
from plr.domain.words import PositionValue, Stage

NOT_OURS = "The group reflects on a decision taken by others."
NOT_ADVICE = "Not advice to the statutory decision maker."

POSITION_WORDS: Mapping[PositionValue, str] = {
    PositionValue.REASONING_SUPPORTED: "The reasoning is supported",
    PositionValue.SUPPORTED_WITH_LEARNING: "Supported, with learning",
    PositionValue.ALTERNATIVE_WORTH_CONSIDERING: "Another route is worth considering",
    PositionValue.INSUFFICIENT_INFORMATION: "Not enough information to say",
    PositionValue.NO_VIEW: "No view",
}


class Change(StrEnum):
    """What came of a reflection, as the person who submitted it says."""

    CHANGED = "changed"
    PARTLY = "partly"
    NOT_YET = "not_yet"
    NOTHING = "nothing"


CHANGE_WORDS: Mapping[Change, str] = {
    Change.CHANGED: "Something has changed",
    Change.PARTLY: "Something has changed in part",
    Change.NOT_YET: "Nothing has changed yet",
    Change.NOTHING: "Nothing has changed, and nothing is planned",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what is asked, and the answer."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Review:
    """What every document says of the review: shown names of nation and region, its type, its stage."""

    reference: str
    nation: str
    region: str
    type: str
    stage: Stage

    @property
    def pending(self) -> bool:
        """Whether the decision was still to be taken when the group was asked."""
        return self.stage is Stage.PENDING


@dataclass(frozen=True, slots=True)
class Agreement:
    """The quorate meeting that agreed a position (decisions, "Group agreed")."""

    meeting: str
    held_on: date
    minute: str
    presided_by: str
    members_present: int
    professions: tuple[str, ...]
    out_for_item: int


@dataclass(frozen=True, slots=True)
class TextApproval:
    """Who approved the text, by office, and on which London day."""

    office: str
    approved_on: date


@dataclass(frozen=True)
class Fields:
    """The fields of one kind of document."""

    kind: ClassVar[OutputKind]

    review: Review

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Return the fields that were stored; raises ValueError when they are not of this kind."""
        return from_plain(cls, mapping)

    def to_mapping(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        plain: dict[str, Any] = to_plain(self)
        return plain


@dataclass(frozen=True)
class SummaryFields(Fields):
    """A summary: coded fields of the submission only, never what somebody wrote."""

    kind = OutputKind.SUMMARY

    logged_on: date
    submitted_as: str
    event: tuple[Row, ...]
    decision: tuple[Row, ...]
    criteria: tuple[Row, ...]
    options: tuple[Row, ...]
    times: tuple[Row, ...]
    rationale: tuple[Row, ...]
    method: tuple[Row, ...]
    parallel_processes: tuple[str, ...]
    themes: tuple[str, ...]


@dataclass(frozen=True)
class PositionFields(Fields):
    """A draft position, put to a meeting: restricted. `dissent` holds views without names."""

    kind = OutputKind.POSITION

    drafted_on: date
    drafted_by: str
    reflections: int
    professions: tuple[str, ...]
    position: PositionValue
    points: tuple[str, ...]
    themes: tuple[str, ...]
    dissent: tuple[str, ...]

    @property
    def position_words(self) -> str:
        """The position as people read it."""
        return POSITION_WORDS[self.position]


@dataclass(frozen=True)
class ReflectionFields(Fields):
    """The reflection as issued to the group. Without `approval` it was agreed at light depth."""

    kind = OutputKind.COMMISSIONING_REFLECTION

    issued_on: date
    position: PositionValue
    points: tuple[str, ...]
    themes: tuple[str, ...]
    dissent: tuple[str, ...]
    agreement: Agreement
    approval: TextApproval | None
    learning_item: bool
    for_panel: bool
    corrects: str | None

    @property
    def position_words(self) -> str:
        """The position as people read it."""
        return POSITION_WORDS[self.position]


@dataclass(frozen=True)
class ImpactFields(Fields):
    """What came of a reflection, 3 or 12 months later (terms of reference 2.1)."""

    kind = OutputKind.IMPACT_NOTE

    issued_on: date
    months: int
    answered_on: date
    answered_by: str
    change: Change
    what_changed: str
    how_known: str

    @property
    def change_words(self) -> str:
        """The answer as people read it."""
        return CHANGE_WORDS[self.change]


FIELDS: Mapping[OutputKind, type[Fields]] = {
    kind.kind: kind for kind in (SummaryFields, PositionFields, ReflectionFields, ImpactFields)
}


def fields_of(kind: OutputKind, mapping: Mapping[str, Any]) -> Fields:
    """Return the stored fields of a kind of document."""
    return FIELDS[kind].from_mapping(mapping)
