"""What time brings: ladders, digests, leave, holds, checkpoints. Each fires once; none decides."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry
from plr.operations import (
    approvals,
    attention,
    checkpoints,
    commissioning,
    conflicts,
    deadlines,
    digest,
    people,
    tasks,
    watching,
)

log = logging.getLogger(__name__)

CHECKPOINT_EVERY = timedelta(minutes=10)


def fire_ladders(session: Session, now: datetime) -> None:
    """Fire every rung whose time has come, once; one that fails does not stop the others (R2, R21)."""
    for row, deadline in deadlines.due_rows(session, now=now):
        try:
            with session.begin_nested():
                if deadlines.claim(session, row, now=now):
                    fire = (
                        approvals.fire_rung if deadline.subject.startswith("approval:") else tasks.fire_rung
                    )
                    fire(session, deadline, row.code, now=now)
        except Exception as error:  # noqa: BLE001 - one case never stops another (R21); no values in the log
            log.error("A reminder of %s failed: %s.", deadline.reference, type(error).__name__)  # noqa: TRY400 - as above


def send_digests(session: Session, now: datetime) -> None:
    """Queue the week's digests when their hour has come."""
    digest.send_due(session, now=now)


def move_by_leave(session: Session, now: datetime) -> None:
    """Begin and end leaves: open approvals move to the delegate and come back."""
    approvals.end_leave(session, now=now)
    approvals.begin_leave(session, now=now)


def hand_on(session: Session, now: datetime) -> None:
    """Ask what could not be asked with nobody in line; hand on what leavers and people in conflict hold."""
    conflicts.hand_on(session, now=now)
    people.hand_on(session, now=now)


def look_at_holds(session: Session, now: datetime) -> None:
    """Ask the Chair to look again at cases whose hold has come to its day."""
    commissioning.ask_hold_reviews(session, now=now)


def wake_satisfied(session: Session, now: datetime) -> None:
    """Wake cases whose wait is over although no wake was left."""
    attention.wake_satisfied(session, now=now)


def make_checkpoint(session: Session, now: datetime) -> None:
    """Pin every chain when something was written since the last checkpoint, every ten minutes at most."""
    last = session.scalars(
        select(AuditEntry).filter_by(event="audit.checkpoint").order_by(AuditEntry.id.desc()).limit(1)
    ).one_or_none()
    newest = session.scalars(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1)).one_or_none()
    if newest is None or (last is not None and (last.id == newest or last.at > now - CHECKPOINT_EVERY)):
        return
    checkpoints.checkpoint(session, now=now)


UPKEEP: tuple[Callable[[Session, datetime], None], ...] = (
    move_by_leave,
    hand_on,
    fire_ladders,
    look_at_holds,
    send_digests,
    watching.watch,
    wake_satisfied,
    make_checkpoint,
)
"""The sweep calls these in order, each in a transaction of its own."""
