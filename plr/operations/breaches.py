"""Deleting what identifies somebody: within one working day of the breach; the fact stays (decisions 79)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Check, Output, Position, Reflection, Submission
from plr.domain.actors import Actor
from plr.domain.words import CaseStatus, TaskKind
from plr.errors import NotEligibleError, WrongMomentError
from plr.operations import audit, cases, tasks


def clear(session: Session, reference: str, *, person_id: int, by: Actor, now: datetime) -> int:
    """Blank every text of a case that is a breach; return how many records were blanked.

    References, dates, counts and the audit stay; files are listed by the case's page, and whoever looks
    after the storage deletes those that must go.
    """
    case = cases.get(session, reference, lock=True)
    if case.status is not CaseStatus.BREACH:
        raise WrongMomentError("Only the texts of a case marked as a breach are deleted here.")
    task = tasks.the_open_task(session, reference, TaskKind.CLEAR_BREACH)
    if task.person_id != person_id:
        raise NotEligibleError("Only the person asked to delete these texts can do so.")
    blanked = 0
    for submission in session.scalars(select(Submission).filter_by(reference=reference)):
        submission.content = None
        blanked += 1
    for check in session.scalars(select(Check).filter_by(reference=reference)):
        check.reason = None
    for reflection in session.scalars(select(Reflection).filter_by(reference=reference)):
        reflection.content = None
        blanked += 1
    for position in session.scalars(select(Position).filter_by(reference=reference)):
        position.points, position.dissent = [], None
        blanked += 1
    for output in session.scalars(select(Output).filter_by(reference=reference)):
        output.fields = None
    case.reason = None
    tasks.finish(session, task, by=by, now=now)
    audit.record(
        session,
        reference,
        "breach.cleared",
        f"case:{reference}",
        by=by,
        now=now,
        codes={"records": blanked},
    )
    return blanked
