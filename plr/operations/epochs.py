"""After a restore: a new epoch. What may have happened since the copy is treated as having happened (R8).

Letters are held until a person lets them go, links and codes are dead, sessions and remembered browsers
ended, reference numbers moved past every one seen anywhere, and the gap has an audit entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from plr.db.copies import HELD
from plr.db.models import (
    AuditEntry,
    AuditHead,
    Case,
    Counter,
    Link,
    Notice,
    RememberedBrowser,
    SignInCode,
    WebSession,
)
from plr.domain.actors import ENGINE, Actor
from plr.domain.chain import SYSTEM
from plr.domain.instants import stamp
from plr.domain.words import NoticeStatus
from plr.errors import WrongMomentError
from plr.operations import audit, checkpoints

# A stopped worker that wakes after the restore must not hold a lease of the same number.
_LEASES_APART = 1_000
_REFERENCE = re.compile(r"(?<![A-Z0-9])([A-Z]{2,4}(?:-[A-Z]{1,2})?)-([0-9]{4})-([0-9]{2,})(?![0-9])")


def open_epoch(session: Session, *, seen: Iterable[str] = (), now: datetime) -> None:
    """Begin a new epoch in a restored database.

    `seen` are names found outside it, of outputs, Prefect runs, newer copies: every reference in them
    counts as given, and is not given again.
    """
    installation = audit.installation_of(session)
    installation.epoch += 1
    installation.letters_held = HELD
    until = session.scalar(select(func.max(AuditEntry.at)))
    head = session.scalars(select(AuditHead.head).where(AuditHead.chain == SYSTEM)).one()
    moved = _move_counters(session, seen)
    ended = _end_access(session, now=now)
    session.execute(update(Case).values(lease_until=None, lease_epoch=Case.lease_epoch + _LEASES_APART))
    audit.record(
        session,
        SYSTEM,
        "database.restored",
        f"installation:{installation.installation_id}",
        by=ENGINE,
        now=now,
        codes={
            "epoch": installation.epoch,
            "gap_from": None if until is None else stamp(until),
            "gap_until": stamp(now),
            "head": head,
            "links": ended,
            "counters": [[prefix, year, last] for (prefix, year), last in moved.items()],
        },
    )
    checkpoints.checkpoint(session, now=now)


def release_letters(session: Session, *, by: Actor, now: datetime) -> int:
    """Let the held letters go; return how many wait. Raises WrongMomentError when none are held."""
    installation = audit.installation_of(session)
    if installation.letters_held is None:
        raise WrongMomentError("No letters are held. Nothing has to be released.")
    why, installation.letters_held = installation.letters_held, None
    wait = select(func.count()).select_from(Notice).where(Notice.status == NoticeStatus.WAITING)
    waiting = session.scalar(wait) or 0
    codes: dict[str, audit.Code] = {"why": why, "waiting": waiting}
    subject = f"installation:{installation.installation_id}"
    audit.record(session, SYSTEM, "letters.released", subject, by=by, now=now, codes=codes)
    return waiting


def references_in(names: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Yield every reference found in names of files, folders or runs, as (prefix, year, number)."""
    for name in names:
        for prefix, year, number in _REFERENCE.findall(name):
            yield prefix, int(year), int(number)


def _move_counters(session: Session, seen: Iterable[str]) -> dict[tuple[str, int], int]:
    highest = checkpoints.counters_pinned(session)
    for prefix, year, number in references_in(seen):
        highest[prefix, year] = max(highest.get((prefix, year), 0), number)
    moved: dict[tuple[str, int], int] = {}
    for (prefix, year), last in sorted(highest.items()):
        counter = session.get(Counter, (prefix, year), with_for_update=True)
        if counter is None:
            session.add(Counter(prefix=prefix, year=year, last=last))
        elif counter.last < last:
            counter.last = last
        else:
            continue
        moved[prefix, year] = last
    return moved


def _end_access(session: Session, *, now: datetime) -> int:
    dead = update(Link).where(Link.dead_at.is_(None)).values(dead_at=now, dead_reason=HELD)
    links = session.scalars(dead.returning(Link.id)).all()
    session.execute(update(WebSession).where(WebSession.ended_at.is_(None)).values(ended_at=now))
    session.execute(
        update(RememberedBrowser).where(RememberedBrowser.revoked_at.is_(None)).values(revoked_at=now)
    )
    session.execute(update(SignInCode).where(SignInCode.used_at.is_(None)).values(used_at=now))
    return len(links)
