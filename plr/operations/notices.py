"""Putting letters into the outbox, in the transaction of their cause."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plr.db.models import Notice as NoticeRecord
from plr.db.models import Person
from plr.db.session import rules_of
from plr.domain.calendars import earliest_send
from plr.domain.london import london_day
from plr.domain.notices import Notice
from plr.domain.words import Nation, NoticeStatus


def queue(
    session: Session,
    notice: Notice,
    *,
    to: Person | str,
    cause: str,
    reference: str | None = None,
    approval_id: str | None = None,
    task_id: int | None = None,
    link_to: str | None = None,
    nation: Nation = Nation.ENGLAND,
    now: datetime,
) -> None:
    """Queue one letter to one person, or to an outsider's address.

    One letter per code, record, person and instant: `cause` names what happened (an approval id with
    its rung, a step); the same cause again queues nothing. The letter leaves by the quiet hours of the
    reader's nation (rehearsal Q1). Nobody inactive or undeliverable is written to, codes excepted.
    """
    rules = rules_of(session)
    person = to if isinstance(to, Person) else None
    if person is not None and (_gone(person, now) or (person.undeliverable and not notice.carries_code)):
        return
    address = person.email if person is not None else str(to)
    key = key_of(notice.code, cause, to)
    if session.scalar(select(NoticeRecord.id).where(NoticeRecord.key == key)) is not None:
        return
    calendar = rules.calendar_of(person.nation if person is not None else nation)
    hours = rules.quiet_hours
    due_at = earliest_send(
        now,
        calendar,
        any_hour=notice.any_hour,
        opens=hours.opens,
        closes=hours.closes,
        morning=hours.morning,
    )
    identity = uuid.uuid4().hex
    session.add(
        NoticeRecord(
            id=identity,
            key=key,
            code=notice.code,
            reference=reference,
            approval_id=approval_id,
            task_id=task_id,
            person_id=None if person is None else person.id,
            address=address,
            fields=notice.to_mapping(),
            link_to=link_to,
            status=NoticeStatus.WAITING,
            why=notice.why,
            created_at=now,
            due_at=due_at,
            not_before=due_at,
            message_id=identity,
        )
    )


def key_of(code: str, cause: str, to: Person | str) -> str:
    """Return what makes a letter unique: its code, its cause and its reader, an outsider's address hashed."""
    reader = str(to.id) if isinstance(to, Person) else hashlib.sha256(to.lower().encode()).hexdigest()[:32]
    return f"{code}:{cause}:{reader}"


def cancel(session: Session, *, approval_id: str | None = None, task_id: int | None = None) -> None:
    """Cancel the letters still waiting that ask for something no longer asked (rehearsal Q2)."""
    condition = (
        NoticeRecord.approval_id == approval_id
        if approval_id is not None
        else NoticeRecord.task_id == task_id
    )
    session.flush()
    session.execute(
        update(NoticeRecord)
        .where(condition, NoticeRecord.status == NoticeStatus.WAITING, NoticeRecord.code.in_(ASKING))
        .values(status=NoticeStatus.CANCELLED)
    )


ASKING = ("N13", "N16", "N22", "N24", "N25", "N26", "N50")


def _gone(person: Person, now: datetime) -> bool:
    return person.last_day_on is not None and person.last_day_on < london_day(now)
