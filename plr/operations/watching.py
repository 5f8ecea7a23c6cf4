"""Watching whether letters leave: the IT contact is told once a day when they do not (N60, decisions 36)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import Notice, Person
from plr.domain.london import london_day
from plr.domain.notices import SystemHealth
from plr.domain.words import NoticeStatus, Office
from plr.operations import directory, notices

LATE = timedelta(minutes=15)
WHAT = "mail not leaving"


def oldest_late(session: Session, *, now: datetime) -> datetime | None:
    """Return since when the oldest letter has waited through the server's own fault, if over 15 minutes.

    A letter that the server puts off (a 4xx) is that letter's trouble: its tries are counted.
    """
    statement = select(func.min(Notice.due_at)).where(
        Notice.status == NoticeStatus.WAITING,
        Notice.due_at <= now - LATE,
        Notice.last_error.is_not(None),
        Notice.attempts == 0,
        Notice.held.is_(False),
    )
    return session.scalar(statement)


def watch(session: Session, now: datetime) -> None:
    """Tell the IT contact, once a London day, that letters do not leave."""
    since = oldest_late(session, now=now)
    if since is None:
        return
    day = london_day(now)
    for person_id in directory.load(session, on=day).holders(Office.IT_CONTACT):
        person = session.get_one(Person, person_id)
        letter = SystemHealth(given_name=person.given_name, what=WHAT, since_at=since)
        notices.queue(session, letter, to=person, cause=f"mail:{day.isoformat()}", now=now)
