"""A case and what its people write: submissions, checks, reflections, positions, agreements, learning."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from plr.db.models.base import Base
from plr.domain.words import CaseStatus, Depth, Nation, PositionValue, Stage


class Counter(Base):
    """The last number given for a prefix in a London year; a number is never reused (decisions 1)."""

    __tablename__ = "counter"

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Case(Base):
    """One run of a process, with its reference; also its lease and its Prefect run."""

    __tablename__ = "case"

    reference: Mapped[str] = mapped_column(String(40), primary_key=True)
    process: Mapped[str] = mapped_column(String(60), index=True)
    process_version: Mapped[int]
    status: Mapped[CaseStatus] = mapped_column(index=True)
    depth: Mapped[Depth]
    stage: Mapped[Stage]
    nation: Mapped[Nation]
    region: Mapped[str] = mapped_column(String(9))
    review_type: Mapped[str] = mapped_column(String(60))
    external_ref: Mapped[str] = mapped_column(String(64), unique=True)
    submitter_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    submitter_email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(40))

    held_status: Mapped[CaseStatus | None]
    held_until_on: Mapped[date | None]
    held_since_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(Text)

    run_id: Mapped[str | None] = mapped_column(String(36), index=True)
    run_number: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    lease_epoch: Mapped[int] = mapped_column(default=0)
    attention: Mapped[str | None] = mapped_column(String(60))
    failures: Mapped[int] = mapped_column(default=0)


class Submission(Base):
    """What a submitter sent: one row a version; a correction is the next version."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("reference", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"))
    version: Mapped[int]
    content: Mapped[dict[str, Any] | None]
    content_hash: Mapped[str] = mapped_column(String(64))
    submitted_at: Mapped[datetime]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    via: Mapped[str] = mapped_column(String(20))


class Check(Base):
    """The anonymisation checker's answer about one version of a submission."""

    __tablename__ = "check"
    __table_args__ = (UniqueConstraint("reference", "submission_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"))
    submission_version: Mapped[int]
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(String(20))
    ticks: Mapped[list[Any]]
    reason: Mapped[str | None] = mapped_column(Text)
    checked_at: Mapped[datetime]


class Reflection(Base):
    """One reflector's view of a case (full depth), restricted. `state`: asked, in, conflict or released."""

    __tablename__ = "reflection"
    __table_args__ = (UniqueConstraint("reference", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(20))
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    wave: Mapped[int] = mapped_column(default=1)
    content: Mapped[dict[str, Any] | None]
    answered_at: Mapped[datetime | None]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    how_told: Mapped[str | None]
    when_told: Mapped[str | None]


class Position(Base):
    """A version of the group's position: the text that a meeting agrees and the Chair approves."""

    __tablename__ = "position"
    __table_args__ = (UniqueConstraint("reference", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"))
    version: Mapped[int]
    value: Mapped[PositionValue]
    points: Mapped[list[Any]]
    themes: Mapped[list[Any]]
    dissent: Mapped[str | None] = mapped_column(Text)
    for_learning: Mapped[bool] = mapped_column(default=False)
    for_panel: Mapped[bool] = mapped_column(default=False)
    content_hash: Mapped[str] = mapped_column(String(64))
    written_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[datetime]


class Agreement(Base):
    """What a recorded meeting answered about one item (terms of reference 4.1)."""

    __tablename__ = "agreement"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"), index=True)
    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"))
    answer: Mapped[str] = mapped_column(String(20))
    position_version: Mapped[int | None]
    meeting: Mapped[str] = mapped_column(String(40))
    meeting_on: Mapped[date]
    minute: Mapped[str] = mapped_column(String(40))
    presider_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    present: Mapped[int]
    professions: Mapped[list[Any]]
    out: Mapped[list[Any]]
    diversity_reason: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    terms_version: Mapped[str] = mapped_column(String(20))
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(Text)
    objected_at: Mapped[datetime | None]
    objected_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class LearningItem(Base):
    """A learning point of an issued position, in the theme register (terms of reference 2.1)."""

    __tablename__ = "learning_item"
    __table_args__ = (UniqueConstraint("reference", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"))
    number: Mapped[int]
    point: Mapped[str] = mapped_column(Text)
    themes: Mapped[list[Any]]
    recorded_at: Mapped[datetime]


class PanelEntry(Base):
    """An issued position flagged for the National Panel's feedback register (terms of reference 3.1)."""

    __tablename__ = "panel_entry"

    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"), primary_key=True)
    recorded_at: Mapped[datetime]


class Impact(Base):
    """What came of it: the submitter's answer 3 and 12 months after issue, or "no answer" (2.1)."""

    __tablename__ = "impact"
    __table_args__ = (UniqueConstraint("reference", "months"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"))
    months: Mapped[int]
    answer: Mapped[str | None] = mapped_column(String(20))
    what_changed: Mapped[str | None] = mapped_column(Text)
    how_known: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
