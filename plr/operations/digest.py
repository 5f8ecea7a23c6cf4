"""The weekly digest (rehearsal W1): Monday 08:30 or the week's first working day, only with something new."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, DigestItem, Notice, Person, Task
from plr.db.session import rules_of
from plr.domain.calendars import Calendar
from plr.domain.london import london_day, london_instant
from plr.domain.notices import DigestLine, WeeklyDigest
from plr.domain.words import ApprovalStatus, CaseStatus, NoticeStatus, Office, TaskKind, TaskStatus
from plr.operations import directory, notices

MOST_LINES = 100
TOLD_OFFICES = (Office.CHAIR, Office.VICE_CHAIR, Office.SECRETARY)
NEWS_OF_OFFICES = ("N29", "N31")
"""Codes of the lines that TOLD_OFFICES read: a review logged, a reflection recorded."""


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
    _as_offices_stand(session, before=hour, now=now)
    by_person: dict[int, list[DigestItem]] = {}
    for item in _untold(session, before=hour):
        by_person.setdefault(item.person_id, []).append(item)
    return sum(_send(session, person_id, items, day, now=now) for person_id, items in by_person.items())


def _untold(session: Session, *, before: datetime) -> list[DigestItem]:
    """Return the lines nobody has read yet; those of a digest that never arrived too (reliability 1)."""
    never_told = (DigestItem.told_at.is_(None)) & (DigestItem.made_at < before)
    lost = exists().where(
        Notice.code == WeeklyDigest.code,
        Notice.person_id == DigestItem.person_id,
        Notice.created_at == DigestItem.told_at,
        Notice.status.in_((NoticeStatus.UNCERTAIN, NoticeStatus.FAILED, NoticeStatus.CANCELLED)),
    )
    statement = select(DigestItem).where(or_(never_told, lost)).order_by(DigestItem.id)
    return list(session.scalars(statement.with_for_update()))


def _send(session: Session, person_id: int, items: list[DigestItem], day: date, *, now: datetime) -> int:
    person, cause = session.get_one(Person, person_id), f"digest:{day.isoformat()}"
    key = notices.key_of(WeeklyDigest.code, cause, person)
    queued = select(Notice.id).where(Notice.key == key)
    if session.scalar(queued) is not None:
        return 0  # one a week: what came too late for it waits for the next
    news = []
    for item in items:
        if _is_news(session, item):
            news.append(item)
        else:
            item.told_at = now
    news = news[:MOST_LINES]
    if not news:
        return 0
    letter = WeeklyDigest(
        given_name=person.given_name,
        week_of=day,
        needs_you=tuple(_needs(session, person_id)),
        news=tuple(_line(item) for item in news),
    )
    notices.queue(session, letter, to=person, cause=cause, now=now)
    if session.scalar(queued) is None:
        return 0  # nobody writes to them now; the lines wait for a better address
    for item in news:
        item.told_at = now
    return 1


def _as_offices_stand(session: Session, *, before: datetime, now: datetime) -> None:
    """Give the news for offices to whoever holds them at the digest (rehearsal W1)."""
    statement = select(DigestItem).where(
        DigestItem.code.in_(NEWS_OF_OFFICES), DigestItem.told_at.is_(None), DigestItem.made_at < before
    )
    items = session.scalars(statement.order_by(DigestItem.id)).all()
    if not items:
        return
    people = directory.load(session, on=london_day(now))
    holders = {holder for office in TOLD_OFFICES for holder in people.holders(office)}
    for item in items:
        if item.person_id not in holders:
            item.told_at = now
    for item in {item.key: item for item in items}.values():
        line = _line(item)
        for person_id in sorted(holders - directory.interested(session, item.reference or "")):
            add(session, person_id, item.code, item.key, item.reference, line, now=item.made_at)


def _is_news(session: Session, item: DigestItem) -> bool:
    """Say whether a line is still to be read: not by somebody in conflict, not once it asks for nothing."""
    if item.reference is not None and item.person_id in directory.interested(session, item.reference):
        return False
    if item.code in _ASKS:
        task = select(Task.id).where(
            Task.reference == item.reference,
            Task.person_id == item.person_id,
            Task.kind == _ASKS[item.code],
            Task.status == TaskStatus.OPEN,
        )
        return session.scalar(task.limit(1)) is not None
    about, _, number = item.key.rpartition(":")
    if about.endswith("task"):
        found = session.get(Task, int(number))
        return found is not None and found.status is TaskStatus.OPEN
    if about == "late":
        approval = session.get(Approval, number)
        return approval is not None and approval.status is ApprovalStatus.OPEN
    return True


_ASKS = {"N30": TaskKind.REFLECT, "FOLLOW": TaskKind.FOLLOW_UP}


def _needs(session: Session, person_id: int) -> list[DigestLine]:
    rules = rules_of(session)
    lines = []
    tasks = select(Task).where(Task.status == TaskStatus.OPEN, Task.person_id == person_id).order_by(Task.id)
    for task in session.scalars(tasks):
        if task.kind is not TaskKind.REVIEW_HOLD and _is_on_hold(session, task.reference):
            continue
        label = rules.tasks[task.kind].label
        lines.append(DigestLine(reference=task.reference or "", type=label, due_on=task.due_on))
    asked = select(Approval).where(Approval.status == ApprovalStatus.OPEN, Approval.holder_id == person_id)
    for approval in session.scalars(asked.order_by(Approval.id)):
        if _is_on_hold(session, approval.reference):
            continue
        label = rules.approvals[approval.kind].label
        lines.append(DigestLine(reference=approval.reference, type=label, due_on=approval.due_on))
    return lines[:MOST_LINES]


def _is_on_hold(session: Session, reference: str | None) -> bool:
    case = None if reference is None else session.get(Case, reference)
    return case is not None and case.status is CaseStatus.ON_HOLD


def _line(item: DigestItem) -> DigestLine:
    due_on = item.fields.get("due_on")
    return DigestLine(
        reference=item.fields["reference"],
        type=item.fields["type"],
        nation=item.fields.get("nation"),
        due_on=None if due_on is None else date.fromisoformat(due_on),
    )
