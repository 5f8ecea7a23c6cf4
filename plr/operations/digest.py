"""The weekly digest (rehearsal W1): Monday 08:30 or the week's first working day, only with something new."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, DigestItem, Person, Task
from plr.db.session import rules_of
from plr.domain.calendars import Calendar
from plr.domain.london import london_day, london_instant
from plr.domain.notices import DigestLine, WeeklyDigest
from plr.domain.words import ApprovalStatus, Office, TaskStatus
from plr.operations import directory, notices


def add(
    session: Session,
    person_id: int,
    code: str,
    key: str,
    reference: str | None,
    line: DigestLine,
    *,
    now: datetime,
) -> None:
    """Add a line of news for a person's next digest, once a key."""
    known = select(DigestItem.id).filter_by(person_id=person_id, key=key)
    if session.scalar(known) is None:
        session.add(
            DigestItem(
                person_id=person_id,
                code=code,
                key=key,
                reference=reference,
                fields={
                    "reference": line.reference,
                    "type": line.type,
                    "nation": line.nation,
                    "due_on": None if line.due_on is None else line.due_on.isoformat(),
                },
                made_at=now,
            )
        )
        session.flush()


def tell_offices(
    session: Session,
    offices: Iterable[Office],
    code: str,
    case: Case,
    words: str,
    *,
    now: datetime,
) -> None:
    """Add one line about a case for whoever holds these offices, none in conflict with it."""
    people = directory.load(session, on=london_day(now))
    told = {holder for office in offices for holder in people.holders(office)}
    line = DigestLine(reference=case.reference, type=words, nation=case.nation.value)
    for person_id in sorted(told - directory.interested(session, case.reference)):
        add(session, person_id, code, f"{code}:{case.reference}", case.reference, line, now=now)


def digest_day(calendar: Calendar, on: date) -> date:
    """Return the digest day of the week that holds a day: its Monday, else its first working day."""
    return calendar.roll(on - timedelta(days=on.weekday()))


def next_digest_day(session: Session, *, now: datetime) -> date:
    """Return the day of the next digest after an instant."""
    rules = rules_of(session)
    today = london_day(now)
    this_week = digest_day(rules.calendar, today)
    to_come = now < london_instant(this_week, rules.quiet_hours.morning)
    return this_week if to_come else digest_day(rules.calendar, today + timedelta(days=7))


def send_due(session: Session, *, now: datetime) -> int:
    """Queue the digest of each person with something new, when this week's digest hour has come."""
    rules = rules_of(session)
    day = digest_day(rules.calendar, london_day(now))
    hour = london_instant(day, rules.quiet_hours.morning)
    if now < hour:
        return 0
    items = session.scalars(
        select(DigestItem)
        .where(DigestItem.told_at.is_(None), DigestItem.made_at < hour)
        .order_by(DigestItem.id)
        .with_for_update()
    ).all()
    by_person: dict[int, list[DigestItem]] = {}
    for item in items:
        by_person.setdefault(item.person_id, []).append(item)
    for person_id, news in by_person.items():
        person = session.get_one(Person, person_id)
        letter = WeeklyDigest(
            given_name=person.given_name,
            week_of=day,
            needs_you=tuple(_needs(session, person_id)),
            news=tuple(_line(item) for item in news[:100]),
        )
        notices.queue(session, letter, to=person, cause=f"digest:{day.isoformat()}", now=now)
        for item in news:
            item.told_at = now
    return len(by_person)


def _needs(session: Session, person_id: int) -> list[DigestLine]:
    rules = rules_of(session)
    lines = []
    tasks = select(Task).where(Task.status == TaskStatus.OPEN, Task.person_id == person_id).order_by(Task.id)
    for task in session.scalars(tasks):
        label = rules.tasks[task.kind].label
        lines.append(DigestLine(reference=task.reference or "", type=label, due_on=task.due_on))
    asked = select(Approval).where(Approval.status == ApprovalStatus.OPEN, Approval.holder_id == person_id)
    for approval in session.scalars(asked.order_by(Approval.id)):
        label = rules.approvals[approval.kind].label
        lines.append(DigestLine(reference=approval.reference, type=label, due_on=approval.due_on))
    return lines[:100]


def _line(item: DigestItem) -> DigestLine:
    due_on = item.fields.get("due_on")
    return DigestLine(
        reference=item.fields["reference"],
        type=item.fields["type"],
        nation=item.fields.get("nation"),
        due_on=None if due_on is None else date.fromisoformat(due_on),
    )
