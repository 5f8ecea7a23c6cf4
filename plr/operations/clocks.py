"""Clocks that stood still while a case was on hold: every open day moves by the working days it rested."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Deadline, Person, Reflection
from plr.db.session import rules_of
from plr.domain.ladders import Rung
from plr.domain.words import ApprovalStatus, TaskKind
from plr.operations import approvals, deadlines, tasks


def shift(session: Session, reference: str, days: int, *, now: datetime) -> None:
    """Move every open day of a case by some working days, each to a working day of whoever is asked."""
    calendar = rules_of(session).calendar
    asked = select(Approval).filter_by(reference=reference, status=ApprovalStatus.OPEN)
    for approval in session.scalars(asked.order_by(Approval.id)).all():
        if approval.due_on is not None:
            moved = calendar.add_working_days(approval.due_on, days)
            approval.due_on = deadlines.own_day(session, moved, _person(session, approval.holder_id))
            rungs = approvals.ladder(session, approval.due_on, now=now)
            _move(session, f"approval:{approval.id}", approval.due_on, rungs, now=now)
    for task in tasks.open_tasks(session, reference):
        if task.due_on is not None:
            moved = calendar.add_working_days(task.due_on, days)
            task.due_on = deadlines.own_day(session, moved, _person(session, task.person_id))
            rungs = tasks.ladder(session, task.due_on, now=now)
            _move(session, f"task:{task.id}", task.due_on, rungs, now=now)
        if task.kind is TaskKind.REFLECT and task.due_on is not None:
            _move_reflection(session, reference, task.person_id, task.due_on)


def _move(session: Session, subject: str, due_on: date, rungs: tuple[Rung, ...], *, now: datetime) -> None:
    if session.scalar(select(Deadline.id).filter_by(subject=subject, closed_at=None)) is not None:
        deadlines.move_deadline(session, subject, due_on=due_on, ladder=rungs, now=now)


def _move_reflection(session: Session, reference: str, person_id: int | None, due_on: date) -> None:
    asked = select(Reflection).filter_by(reference=reference, person_id=person_id, state="asked")
    for row in session.scalars(asked).all():
        row.due_on = due_on


def _person(session: Session, person_id: int | None) -> Person | None:
    return None if person_id is None else session.get_one(Person, person_id)
