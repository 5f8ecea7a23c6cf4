"""Deadlines and their ladder rows: written with the question, fired once each by the sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import String, cast, literal, or_, select, update
from sqlalchemy.orm import Session

from plr.db.models import Case, Deadline, LadderRow, Person, Task
from plr.db.session import rules_of
from plr.domain.ladders import Rung
from plr.domain.london import london_day
from plr.domain.words import CaseStatus, TaskKind


def open_deadline(
    session: Session, subject: str, reference: str, *, due_on: date, ladder: Iterable[Rung], now: datetime
) -> None:
    """Write a deadline and its rungs. `subject` is "approval:ID" or "task:ID"."""
    deadline = Deadline(subject=subject, reference=reference, began_on=london_day(now), due_on=due_on)
    session.add(deadline)
    session.flush()
    session.add_all(
        LadderRow(deadline_id=deadline.id, code=rung.code, fires_at=rung.fires_at) for rung in ladder
    )


def own_day(session: Session, due_on: date, person: Person | None) -> date:
    """Return a due day, or the next working day of ours and of the person's own calendar (decisions 20)."""
    rules = rules_of(session)
    own = rules.calendar if person is None else rules.calendar_of(person.nation)
    while not (rules.calendar.is_working_day(due_on) and own.is_working_day(due_on)):
        due_on = own.next_working_day(due_on)
    return due_on


def close_deadline(session: Session, subject: str, *, now: datetime) -> None:
    """Close a deadline: none of its rungs fires any more."""
    session.flush()
    session.execute(
        update(Deadline)
        .where(Deadline.subject == subject, Deadline.closed_at.is_(None))
        .values(closed_at=now)
    )


def move_deadline(
    session: Session, subject: str, *, due_on: date, ladder: Sequence[Rung], now: datetime
) -> None:
    """Move an open deadline to another day; rungs that have fired stay fired.

    A rung not fired that the new ladder lacks is gone: a reminder whose time has passed never comes.
    """
    deadline = session.scalars(select(Deadline).where(Deadline.subject == subject)).one()
    deadline.due_on = due_on
    rows = {row.code: row for row in session.scalars(select(LadderRow).filter_by(deadline_id=deadline.id))}
    for rung in ladder:
        row = rows.get(rung.code)
        if row is None:
            if rung.fires_at > now:
                session.add(LadderRow(deadline_id=deadline.id, code=rung.code, fires_at=rung.fires_at))
        elif row.fired_at is None:
            row.fires_at = rung.fires_at
    wanted = {rung.code for rung in ladder}
    for code, row in rows.items():
        if code not in wanted and row.fired_at is None:
            session.delete(row)


def due_rows(session: Session, *, now: datetime, limit: int = 200) -> list[tuple[LadderRow, Deadline]]:
    """Return the rungs to fire, the oldest first: due, unfired, of an open deadline.

    While a case is on hold only the task to look at it again is brought up.
    """
    looks_again = select(literal("task:") + cast(Task.id, String)).where(Task.kind == TaskKind.REVIEW_HOLD)
    statement = (
        select(LadderRow, Deadline)
        .join(Deadline, Deadline.id == LadderRow.deadline_id)
        .join(Case, Case.reference == Deadline.reference)
        .where(
            LadderRow.fires_at <= now,
            LadderRow.fired_at.is_(None),
            Deadline.closed_at.is_(None),
            or_(Case.status != CaseStatus.ON_HOLD, Deadline.subject.in_(looks_again)),
        )
        .order_by(LadderRow.fires_at, LadderRow.id)
        .limit(limit)
    )
    return [(row, deadline) for row, deadline in session.execute(statement).all()]


def claim(session: Session, row: LadderRow, *, now: datetime) -> bool:
    """Mark a rung as fired; False when another has done so (one firing a row, reliability R2)."""
    claimed = session.execute(
        update(LadderRow)
        .where(LadderRow.id == row.id, LadderRow.fired_at.is_(None))
        .values(fired_at=now)
        .returning(LadderRow.id)
    )
    return claimed.first() is not None
