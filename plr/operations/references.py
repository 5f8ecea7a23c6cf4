"""Reference numbers: one counter per prefix and London year; a number is never reused (decisions 1)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plr.db.models import Counter
from plr.db.session import rules_of


def next_reference(session: Session, prefix: str, year: int) -> str:
    """Return the next reference of a prefix, such as PLR-R-2027-004; digits grow when needed."""
    counter = lock(session, prefix, year)
    counter.last += 1
    session.flush()
    return f"{prefix}-{year}-{counter.last:03d}"


def lock(session: Session, prefix: str, year: int) -> Counter:
    """Return the counter of a prefix and year, made on first use and locked until the transaction ends."""
    first = int(rules_of(session).numbering_from.get(prefix, 1))
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    # Two at once make it together: the second waits here for the first, then reads what it left.
    session.execute(
        dialect.insert(Counter).values(prefix=prefix, year=year, last=first - 1).on_conflict_do_nothing()
    )
    statement = select(Counter).filter_by(prefix=prefix, year=year).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one()
