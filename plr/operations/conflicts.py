"""Somebody who declared an interest holds no task of that case: it moves to the next in line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Interest, Reflection, Task
from plr.domain.actors import ENGINE
from plr.domain.london import london_day
from plr.domain.words import Office, TaskKind, TaskStatus
from plr.operations import audit, directory, links, notices, reflections, tasks


def hand_on(session: Session, *, now: datetime) -> int:
    """Give the open tasks of people in conflict to somebody else; return how many moved. For the sweep."""
    statement = (
        select(Task)
        .join(Interest, (Interest.reference == Task.reference) & (Interest.person_id == Task.person_id))
        .where(Task.status == TaskStatus.OPEN)
        .order_by(Task.id)
    )
    held = session.scalars(statement).all()
    for task in held:
        if task.kind is TaskKind.REFLECT:
            _leave_out(session, task, now=now)
        else:
            _move(session, task, now=now)
    return len(held)


def _leave_out(session: Session, task: Task, *, now: datetime) -> None:
    asked = select(Reflection).filter_by(reference=task.reference, person_id=task.person_id, state="asked")
    for row in session.scalars(asked).all():
        reflections.leave_out(session, row, by=ENGINE, now=now)
    tasks.drop(session, task, by=ENGINE, now=now)


def _move(session: Session, task: Task, *, now: datetime) -> None:
    if task.reference is None:
        return
    before = task.person_id
    people = directory.load(session, on=london_day(now))
    # What was asked of one person, not of an office, falls to the secretary.
    office = task.office or Office.SECRETARY
    chosen = people.first_in_line(office, barred=tasks.barred_from(session, task))
    notices.cancel(session, task_id=task.id)
    links.kill(session, opens=f"task:{task.id}", person_id=before, reason="interest", now=now)
    task.office, task.person_id = office, None if chosen is None else chosen.person_id
    if chosen is None:
        tasks.note_nobody(session, task.reference)
    codes: dict[str, audit.Code] = {"kind": task.kind.value, "before": before, "person": task.person_id}
    audit.record(session, task.reference, "task.moved", f"task:{task.id}", by=ENGINE, now=now, codes=codes)
