"""Tasks: what one person, or the holder of an office, is asked to do, with its deadline and ladder."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Case, Deadline, Person, Task
from plr.db.session import rules_of
from plr.domain.actors import ENGINE, Actor
from plr.domain.ladders import Rung, task_ladder
from plr.domain.london import london_day
from plr.domain.notices import DigestLine, TaskOverdue
from plr.domain.words import Office, TaskKind, TaskStatus
from plr.errors import NotFoundError, WrongMomentError
from plr.operations import audit, deadlines, digest, directory, links, notices


def ask(
    session: Session,
    kind: TaskKind,
    reference: str | None,
    *,
    person_id: int | None = None,
    address: str | None = None,
    subject: str | None = None,
    due_on: date | None = None,
    barred: frozenset[int] = frozenset(),
    now: datetime,
) -> Task:
    """Ask a person (or whoever is in line for the kind's office) to do something.

    Without `due_on` it is due after the kind's working days. Only questions and tasks move down the
    line; with nobody in line the case needs attention.
    """
    rules = rules_of(session)
    rule = rules.tasks[kind]
    today = london_day(now)
    if person_id is None and address is None and rule.office is not None:
        person_id = _in_line(session, rule.office, reference, barred, today)
    if due_on is None and rule.working_days is not None:
        due_on = rules.calendar.add_working_days(today, rule.working_days)
    if due_on is not None and person_id is not None:
        due_on = deadlines.own_day(session, due_on, session.get_one(Person, person_id))
    task = Task(
        kind=kind,
        reference=reference,
        office=rule.office,
        person_id=person_id,
        address=address,
        subject=subject,
        status=TaskStatus.OPEN,
        asked_at=now,
        due_on=due_on,
    )
    session.add(task)
    session.flush()
    if rule.reminds and due_on is not None and reference is not None:
        rungs = ladder(session, due_on, now=now)
        deadlines.open_deadline(session, f"task:{task.id}", reference, due_on=due_on, ladder=rungs, now=now)
    _record(session, task, "task.asked", by=ENGINE, now=now)
    return task


def ladder(session: Session, due_on: date, *, now: datetime) -> tuple[Rung, ...]:
    """Return the rungs of a task asked now and due on a day (decisions 13)."""
    rules = rules_of(session)
    rule = rules.task_ladder
    return task_ladder(
        now,
        due_on,
        rules.calendar,
        days_before=rule.remind_before,
        days_after=rule.overdue_after,
        digest_after=rule.digest_after,
        morning=rules.quiet_hours.morning,
    )


def _in_line(
    session: Session, office: Office, reference: str | None, barred: frozenset[int], today: date
) -> int | None:
    people = directory.load(session, on=today)
    interested = directory.interested(session, reference) if reference is not None else frozenset()
    chosen = people.first_in_line(office, barred=barred | interested)
    if chosen is None and reference is not None:
        note_nobody(session, reference)
    return None if chosen is None else chosen.person_id


def barred_from(session: Session, task: Task) -> frozenset[int]:
    """Return who may not be asked: people with an interest, and for a check who sent the text."""
    if task.reference is None:
        return frozenset()
    interested = directory.interested(session, task.reference)
    case = session.get(Case, task.reference)
    if task.kind is not TaskKind.CHECK or case is None or case.submitter_id is None:
        return interested
    return interested | {case.submitter_id}


def note_nobody(session: Session, reference: str) -> None:
    """Say that a case needs attention: nobody is in line for something."""
    session.get_one(Case, reference).attention = "nobody-in-line"


def clear_attention(session: Session, reference: str | None) -> None:
    """Say that somebody is in line again for a case that had nobody."""
    case = None if reference is None else session.get(Case, reference)
    if case is not None and case.attention == "nobody-in-line":
        case.attention = None


def finish(session: Session, task: Task, *, by: Actor, now: datetime) -> None:
    """Mark a task as done, cancel the letters that ask for it and end its clock."""
    if task.status is not TaskStatus.OPEN:
        raise WrongMomentError("This has been done already. Open My tasks to see what is next.")
    task.status, task.done_at, task.done_by_id = TaskStatus.DONE, now, by.person_id
    _end(session, task, "task.done", by=by, now=now)


def drop(session: Session, task: Task, *, by: Actor, now: datetime) -> None:
    """End a task that is no longer wanted."""
    if task.status is TaskStatus.OPEN:
        task.status = TaskStatus.VOID
        _end(session, task, "task.void", by=by, now=now)


def drop_all(session: Session, reference: str, *, by: Actor, now: datetime) -> None:
    """End every open task of a case."""
    for task in open_tasks(session, reference):
        drop(session, task, by=by, now=now)


def open_tasks(session: Session, reference: str, kind: TaskKind | None = None) -> list[Task]:
    """Return a case's open tasks, the oldest first."""
    statement = select(Task).where(Task.reference == reference, Task.status == TaskStatus.OPEN)
    if kind is not None:
        statement = statement.where(Task.kind == kind)
    return list(session.scalars(statement.order_by(Task.id)))


def the_open_task(session: Session, reference: str, kind: TaskKind) -> Task:
    """Return the one open task of a kind, or refuse: the moment has passed."""
    found = open_tasks(session, reference, kind)
    if not found:
        raise WrongMomentError("This is not asked for now. Open the case to see where it stands.")
    return found[0]


def get(session: Session, task_id: int) -> Task:
    """Return a task, or say that there is none."""
    task = session.get(Task, task_id)
    if task is None:
        raise NotFoundError("There is no such task.")
    return task


def fire_rung(session: Session, deadline: Deadline, code: str, *, now: datetime) -> None:
    """Bring an open task up again: N22 as a letter, N21 and N23 as lines of the digest (decisions 13)."""
    task = session.get_one(Task, int(deadline.subject.removeprefix("task:")))
    if task.status is not TaskStatus.OPEN or task.reference is None:
        return
    rule = rules_of(session).tasks[task.kind]
    line = DigestLine(reference=task.reference, type=rule.label, due_on=task.due_on)
    interested = directory.interested(session, task.reference)
    if code == "N22":
        if task.person_id not in interested:
            _late_letter(session, task, now=now)
    elif code == "N21" and task.person_id is not None:
        digest.add(session, task.person_id, code, f"N21:task:{task.id}", task.reference, line, now=now)
    elif code == "N23":
        people = directory.load(session, on=london_day(now))
        for holder in sorted(set(people.holders(Office.CHAIR)) - interested):
            digest.add(session, holder, code, f"N23:task:{task.id}", task.reference, line, now=now)


def _late_letter(session: Session, task: Task, *, now: datetime) -> None:
    rule = rules_of(session).tasks[task.kind]
    person = None if task.person_id is None else session.get_one(Person, task.person_id)
    to: Person | str | None = person or task.address
    if to is None or task.due_on is None or task.reference is None:
        return
    letter = TaskOverdue(
        given_name=person.given_name if person else "colleague",
        why=rule.why,
        reference=task.reference,
        task=rule.label,
        due_on=task.due_on,
        page="/tasks" if person else None,
    )
    notices.queue(
        session,
        letter,
        to=to,
        cause=f"task:{task.id}",
        reference=task.reference,
        task_id=task.id,
        link_to=None if person else f"task:{task.id}",
        nation=session.get_one(Case, task.reference).nation,
        now=now,
    )


def _end(session: Session, task: Task, event: str, *, by: Actor, now: datetime) -> None:
    deadlines.close_deadline(session, f"task:{task.id}", now=now)
    notices.cancel(session, task_id=task.id)
    links.kill(session, opens=f"task:{task.id}", reason=event, now=now)
    _record(session, task, event, by=by, now=now)


def _record(session: Session, task: Task, event: str, *, by: Actor, now: datetime) -> None:
    audit.record(
        session,
        task.reference or "system",
        event,
        f"task:{task.id}",
        by=by,
        now=now,
        codes={"kind": task.kind.value, "person": task.person_id, "due_on": _iso(task.due_on)},
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
