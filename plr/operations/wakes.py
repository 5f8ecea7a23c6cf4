"""Wakes: rows that say a waiting case should look again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from plr.db.models import Wake


def wake(session: Session, reference: str, reason: str, *, now: datetime) -> None:
    """Commit, with its cause, that a case has something to look at. `reason` is a code, never text."""
    session.add(Wake(reference=reference, reason=reason, at=now))


def clear(session: Session, reference: str) -> None:
    """Clear the wakes of a case, in the transaction that has looked at what they announce."""
    session.flush()
    session.execute(delete(Wake).where(Wake.reference == reference))


def awake(session: Session) -> list[str]:
    """Return the references with a wake, the oldest first."""
    rows = session.scalars(select(Wake).order_by(Wake.id)).all()
    return list(dict.fromkeys(row.reference for row in rows))
