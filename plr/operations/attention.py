"""Cases that need a person: trying again what failed, and waking what was satisfied unheard."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, cast, exists, literal, or_, select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Task, Wait, Wake
from plr.domain.actors import Actor
from plr.domain.words import ApprovalStatus, TaskStatus
from plr.errors import WrongMomentError
from plr.operations import audit, cases, wakes

_TRIES_AGAIN = frozenset({"step-failed", "run-failed", "run-cancelled"})
_SETTLED = (ApprovalStatus.APPROVED, ApprovalStatus.RETURNED, ApprovalStatus.REJECTED)


def try_again(session: Session, reference: str, *, by: Actor, now: datetime) -> None:
    """Carry on a case that stopped because a step failed or its run was cancelled; nothing is repeated."""
    case = cases.get(session, reference, lock=True)
    if case.attention not in _TRIES_AGAIN:
        raise WrongMomentError("This case has not stopped. Open it to see what it waits for.")
    if case.attention == "run-cancelled":
        # A cancelled run never runs again: the next one gets a number of its own.
        case.run_id, case.run_number = None, case.run_number + 1
    codes: dict[str, audit.Code] = {"was": case.attention}
    case.attention, case.failures = None, 0
    audit.record(session, reference, "case.tried_again", f"case:{reference}", by=by, now=now, codes=codes)
    wakes.wake(session, reference, "try-again", now=now)


def wake_satisfied(session: Session, *, now: datetime) -> list[str]:
    """Wake cases whose awaited approval or task is settled and which nobody has woken; for the sweep."""
    approval = exists().where(
        Wait.subject == literal("approval:") + Approval.id, Approval.status.in_(_SETTLED)
    )
    task = exists().where(
        Wait.subject == literal("task:") + cast(Task.id, String), Task.status == TaskStatus.DONE
    )
    asleep = ~exists().where(Wake.reference == Wait.reference)
    references = list(session.scalars(select(Wait.reference).where(or_(approval, task), asleep)))
    for reference in references:
        wakes.wake(session, reference, "satisfied", now=now)
    return references
