"""`plr case list`: where every case stands, and what it waits for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plr.cli.context import Json, opened, person_id
from plr.cli.showing import rows
from plr.db.models import Approval, Case, Task, Wait
from plr.domain.cases import LABELS
from plr.domain.words import ApprovalStatus, CaseStatus, TaskStatus
from plr.operations import flags

_COLUMNS = {
    "reference": "Case",
    "label": "Stands",
    "status": "State",
    "flags": "Flags",
    "waiting_for": "Waits for",
    "due_on": "Due",
}


def list_cases(
    *,
    process: str | None = None,
    status: CaseStatus | None = None,
    waiting_on: str | None = None,
    json: Json = False,
) -> None:
    """List the cases, the newest first.

    Parameters
    ----------
    process
        Only of this process, such as commissioning-reflection.
    status
        Only in this state.
    waiting_on
        Only those that wait for the person with this address.
    """
    with opened() as work, work.database.reading() as session:
        statement = select(Case).order_by(Case.created_at.desc(), Case.reference.desc())
        if process is not None:
            statement = statement.where(Case.process == process)
        if status is not None:
            statement = statement.where(Case.status == status)
        if waiting_on is not None:
            asked = person_id(session, waiting_on, "--waiting-on")
            statement = statement.where(Case.reference.in_(_asked_of(session, asked)))
        found = session.scalars(statement).all()
        marked = flags.of_cases(session, found, now=work.now)
        listed = [_row(session, case, marked[case.reference]) for case in found]
    rows(listed, _COLUMNS, empty="There are no such cases.", as_json=json)


def _asked_of(session: Session, asked: int) -> set[str]:
    """Return the cases that have an open question or task for somebody."""
    approvals = select(Approval.reference).where(
        Approval.status == ApprovalStatus.OPEN,
        or_(Approval.holder_id == asked, Approval.on_behalf_of_id == asked),
    )
    tasks = select(Task.reference).where(Task.status == TaskStatus.OPEN, Task.person_id == asked)
    return {
        reference for statement in (approvals, tasks) for reference in session.scalars(statement) if reference
    }


def _row(session: Session, case: Case, marked: list[str]) -> dict[str, Any]:
    wait = session.get(Wait, case.reference)
    return {
        "reference": case.reference,
        "process": case.process,
        "status": case.status,
        "label": LABELS[case.status],
        "flags": marked,
        "waiting_for": None if wait is None else wait.what,
        "due_on": None if wait is None else wait.due_on,
    }
