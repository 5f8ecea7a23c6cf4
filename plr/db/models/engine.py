"""Journal, waits and wakes; clocks with their ladder rows; people's tasks; the installation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from plr.db.models.base import Base
from plr.domain.words import Office, TaskKind, TaskStatus


class Installation(Base):
    """This installation: its random id, its epoch (a restore opens one), the highest instant seen."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    installation_id: Mapped[str] = mapped_column(String(32))
    epoch: Mapped[int] = mapped_column(default=1)
    began_at: Mapped[datetime]
    latest_now: Mapped[datetime | None]
    letters_held: Mapped[str | None] = mapped_column(String(60))
    swept_at: Mapped[datetime | None]


class JournalEntry(Base):
    """A step or a wait that has happened, with the value it gave; unique, so nothing happens twice."""

    __tablename__ = "journal"
    __table_args__ = (UniqueConstraint("reference", "step", "occurrence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"))
    step: Mapped[str] = mapped_column(String(80))
    occurrence: Mapped[int]
    value: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    at: Mapped[datetime]


class Wait(Base):
    """What a case waits for now: at most one open row a case. No case text."""

    __tablename__ = "wait"

    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(80))
    what: Mapped[str] = mapped_column(String(120))
    who: Mapped[str] = mapped_column(String(120))
    due_on: Mapped[date | None]
    until_at: Mapped[datetime | None] = mapped_column(index=True)
    since: Mapped[datetime]


class Wake(Base):
    """Something a waiting case should look at; cleared by the transaction that looks."""

    __tablename__ = "wake"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"), index=True)
    reason: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]


class Deadline(Base):
    """A day something is due, for an approval or a task; its ladder rows fire once each."""

    __tablename__ = "deadline"
    __table_args__ = (UniqueConstraint("subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(100))
    reference: Mapped[str] = mapped_column(String(40), index=True)
    began_on: Mapped[date]
    due_on: Mapped[date]
    closed_at: Mapped[datetime | None]


class LadderRow(Base):
    """One rung of a deadline's ladder: fires once, when its time has come and the deadline is open."""

    __tablename__ = "ladder_row"
    __table_args__ = (UniqueConstraint("deadline_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"))
    code: Mapped[str] = mapped_column(String(20))
    fires_at: Mapped[datetime] = mapped_column(index=True)
    fired_at: Mapped[datetime | None]


class Task(Base):
    """Something one person, or the holder of an office, is asked to do."""

    __tablename__ = "task"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str | None] = mapped_column(String(40), index=True)
    kind: Mapped[TaskKind]
    office: Mapped[Office | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str | None] = mapped_column(String(254))
    subject: Mapped[str | None] = mapped_column(String(100))
    status: Mapped[TaskStatus] = mapped_column(index=True)
    asked_at: Mapped[datetime]
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class DigestItem(Base):
    """A line of news for one person's next weekly digest (rehearsal W1). No case text."""

    __tablename__ = "digest_item"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(10))
    reference: Mapped[str | None] = mapped_column(String(40))
    fields: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
