"""The doors of the pages: what is not yours is not there (rights: `plr.operations.rights`)."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from plr.db.models import AccessEntry, Approval, Case
from plr.errors import NotFoundError, NotYoursError
from plr.operations import cases, rights
from plr.web.pages.visits import Viewer, Visit

_REFERENCE = re.compile(r"[A-Z]{2,4}(?:-[A-Z]{1,2})?-[0-9]{4}-[0-9]{2,9}")
_APPROVAL = re.compile(r"A-[A-Z0-9-]{5,70}")


def case_for(session: Session, viewer: Viewer, reference: str, *, now: datetime) -> Case:
    """Return a case that this person may open; "not there" and "not yours" are the same."""
    if not _REFERENCE.fullmatch(reference):
        raise NotFoundError("There is no such case.")
    case = cases.get(session, reference)
    if not rights.may_open(session, viewer.id, case, now=now):
        raise NotYoursError("There is no such case.")
    return case


def approval_for(session: Session, viewer: Viewer, approval_id: str, *, now: datetime) -> Approval:
    """Return an approval that this person may open: those asked, their deputy, the secretary, the Chair."""
    row = session.get(Approval, approval_id) if _APPROVAL.fullmatch(approval_id) else None
    if row is None or not rights.may_open_approval(session, viewer.id, row, now=now):
        raise NotFoundError("There is no such question.")
    return row


def require(allowed: bool) -> None:  # noqa: FBT001 - reads as a sentence: require(may_hold)
    """Answer somebody without the right as if there were no such page."""
    if not allowed:
        raise NotYoursError("There is no such page.")


def note_opening(visit: Visit, reference: str, what: str, why: str) -> None:
    """Note that somebody opened a restricted record; a HEAD opens nothing."""
    viewer = visit.viewer
    if viewer is None or getattr(visit.request.state, "head", False):
        return

    def operation(session: Session) -> None:
        session.add(
            AccessEntry(person_id=viewer.id, reference=reference, what=what[:80], why=why[:80], at=visit.now)
        )

    visit.house.database.run(operation)
