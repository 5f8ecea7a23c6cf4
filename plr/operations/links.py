"""Mailed links: a locator of 256 bits, kept as a hash only. A link finds a page; it identifies nobody."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plr.db.models import Link, Notice, Person
from plr.errors import LinkDeadError


def mint(session: Session, *, notice_id: str | None, person_id: int | None, opens: str, now: datetime) -> str:
    """Return a new token for one sending of a letter; only its hash is kept.

    `opens` is "approval:ID", "task:ID" or "receipt:ID".
    """
    token = secrets.token_urlsafe(32)
    session.add(
        Link(
            token_hash=token_hash(token),
            notice_id=notice_id,
            person_id=person_id,
            address=_address(session, notice_id, person_id),
            opens=opens,
            made_at=now,
        )
    )
    session.flush()
    return token


def find(session: Session, token: str, *, now: datetime) -> Link:
    """Return a living link. Raises LinkDeadError for a dead and an unknown one alike."""
    link = session.scalars(select(Link).where(Link.token_hash == token_hash(token))).one_or_none()
    if link is None or (link.dead_at is not None and link.dead_at <= now):
        raise LinkDeadError("This link no longer works. Sign in to see what needs you.")
    return link


def kill(
    session: Session, *, opens: str | None = None, person_id: int | None = None, reason: str, now: datetime
) -> int:
    """End the living links to a record, of a person, or of that person to that record; return how many.

    `reason` is a code, such as "answered" or "left".
    """
    if opens is None and person_id is None:
        raise ValueError("Say which links end: those to a record, or those of a person.")
    session.flush()
    statement = update(Link).where(Link.dead_at.is_(None)).values(dead_at=now, dead_reason=reason)
    if opens is not None:
        statement = statement.where(Link.opens == opens)
    if person_id is not None:
        statement = statement.where(Link.person_id == person_id)
    return len(session.scalars(statement.returning(Link.id)).all())


def token_hash(token: str) -> str:
    """Return what is kept of a token. Any text may be asked for; an address is not trusted to be sound."""
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).hexdigest()


def _address(session: Session, notice_id: str | None, person_id: int | None) -> str:
    if notice_id is not None:
        return session.scalars(select(Notice.address).where(Notice.id == notice_id)).one()
    return session.scalars(select(Person.email).where(Person.id == person_id)).one()
