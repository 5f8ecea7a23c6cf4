"""Reference numbers: one counter per prefix and London year; a number is never reused (decisions 1)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Counter
from plr.db.session import rules_of


def next_reference(session: Session, prefix: str, year: int) -> str:
    """Return the next reference of a prefix, such as PLR-R-2027-004; digits grow when needed."""
    counter = session.scalars(
        select(Counter).filter_by(prefix=prefix, year=year).with_for_update()
    ).one_or_none()
    if counter is None:
        first = int(rules_of(session).numbering_from.get(prefix, 1))
        counter = Counter(prefix=prefix, year=year, last=first - 1)
        session.add(counter)
    counter.last += 1
    session.flush()
    return f"{prefix}-{year}-{counter.last:03d}"
