"""Who is at the browser: sessions, remembered browsers, and what ends them (reliability 2, T4)."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plr.db.models import Person, RememberedBrowser, WebSession
from plr.domain.access import SEEN_EVERY, AccessRule
from plr.domain.actors import ENGINE, Actor
from plr.domain.chain import SYSTEM
from plr.domain.london import london_day
from plr.domain.words import Via
from plr.operations import audit, links
from plr.operations.links import token_hash


def begin_session(session: Session, person_id: int, via: Via, *, now: datetime, rule: AccessRule) -> str:
    """Sign a person in and return the new session's token; the oldest ends when there are too many."""
    living = _living(session, person_id, now=now, rule=rule)
    for old in living[: max(0, len(living) + 1 - rule.sessions_in_parallel)]:
        old.ended_at = now
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            id_hash=token_hash(token),
            person_id=person_id,
            via=via.value,
            began_at=now,
            seen_at=now,
            ended_at=None,
        )
    )
    by = Actor(person_id, via)
    audit.record(session, SYSTEM, "session.began", f"person:{person_id}", by=by, now=now)
    return token


def session_person(
    session: Session, token: str, *, now: datetime, rule: AccessRule, touch: bool = True
) -> Person | None:
    """Return who is signed in with this token, if the session lives and the person still belongs.

    Writes that the session was used, at most once a minute; not with `touch=False`, for a transaction
    that only reads.
    """
    found = session.get(WebSession, token_hash(token))
    if found is None or not _lives(found, now=now, rule=rule):
        return None
    if touch and now - found.seen_at >= SEEN_EVERY:
        found.seen_at = now
    return active(session.get(Person, found.person_id), now=now)


def end_session(session: Session, token: str, *, now: datetime) -> None:
    """Sign out. A token that is unknown or has ended changes nothing."""
    found = session.get(WebSession, token_hash(token))
    if found is None or found.ended_at is not None:
        return
    found.ended_at = now
    by = Actor(found.person_id, Via(found.via))
    audit.record(session, SYSTEM, "session.ended", f"person:{found.person_id}", by=by, now=now)


def remember_browser(session: Session, person_id: int, *, now: datetime, rule: AccessRule) -> str:
    """Remember the browser its person is at; return the token that takes its cookie's place."""
    token = secrets.token_urlsafe(32)
    session.add(
        RememberedBrowser(
            token_hash=token_hash(token),
            person_id=person_id,
            began_at=now,
            works_until=now + rule.remembered,
            revoked_at=None,
        )
    )
    by = Actor(person_id, Via.SESSION)
    audit.record(session, SYSTEM, "browser.remembered", f"person:{person_id}", by=by, now=now)
    return token


def browser_person(session: Session, token: str, *, now: datetime) -> Person | None:
    """Return whose remembered browser this is, if it is still remembered and the person still belongs."""
    found = session.scalars(
        select(RememberedBrowser).where(
            RememberedBrowser.token_hash == token_hash(token),
            RememberedBrowser.revoked_at.is_(None),
            RememberedBrowser.works_until > now,
        )
    ).one_or_none()
    return None if found is None else active(session.get(Person, found.person_id), now=now)


def revoke_browsers(session: Session, person_id: int, *, by: Actor, now: datetime) -> int:
    """Forget every browser of a person; return how many there were."""
    revoked = _revoke(session, person_id, now=now)
    if revoked:
        codes: dict[str, audit.Code] = {"browsers": revoked}
        subject = f"person:{person_id}"
        audit.record(session, SYSTEM, "browsers.revoked", subject, by=by, now=now, codes=codes)
    return revoked


def person_leaves(session: Session, person_id: int, *, now: datetime, by: Actor = ENGINE) -> None:
    """End a person's sessions, links and remembered browsers, all in this transaction (reliability T3)."""
    session.flush()
    statement = update(WebSession).where(WebSession.person_id == person_id, WebSession.ended_at.is_(None))
    ended = len(session.scalars(statement.values(ended_at=now).returning(WebSession.id_hash)).all())
    codes: dict[str, audit.Code] = {
        "sessions": ended,
        "links": links.kill(session, person_id=person_id, reason="left", now=now),
        "browsers": _revoke(session, person_id, now=now),
    }
    audit.record(session, SYSTEM, "access.ended", f"person:{person_id}", by=by, now=now, codes=codes)


def active(person: Person | None, *, now: datetime) -> Person | None:
    """Return the person unless their last day is over."""
    if person is None or (person.last_day_on is not None and person.last_day_on < london_day(now)):
        return None
    return person


def _revoke(session: Session, person_id: int, *, now: datetime) -> int:
    session.flush()
    statement = update(RememberedBrowser).where(
        RememberedBrowser.person_id == person_id, RememberedBrowser.revoked_at.is_(None)
    )
    return len(session.scalars(statement.values(revoked_at=now).returning(RememberedBrowser.id)).all())


def _living(session: Session, person_id: int, *, now: datetime, rule: AccessRule) -> list[WebSession]:
    statement = (
        select(WebSession)
        .where(WebSession.person_id == person_id, WebSession.ended_at.is_(None))
        .order_by(WebSession.began_at, WebSession.seen_at)
        .with_for_update()
    )
    return [found for found in session.scalars(statement) if _lives(found, now=now, rule=rule)]


def _lives(found: WebSession, *, now: datetime, rule: AccessRule) -> bool:
    return found.ended_at is None and now - found.seen_at < rule.idle and now - found.began_at < rule.longest
