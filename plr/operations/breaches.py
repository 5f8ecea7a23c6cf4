"""Deleting what identifies somebody: within one working day of the breach; the fact stays (decisions 79)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from plr.db.models import (
    Agreement,
    AnswerRecord,
    Approval,
    Check,
    Impact,
    LearningItem,
    Output,
    Position,
    Question,
    Reflection,
    Submission,
)
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
    if task.person_id != person_id or by.person_id != person_id:
        raise NotEligibleError("Only the person asked to delete these texts can do so.")
    blanked = 0
    for submission in session.scalars(select(Submission).filter_by(reference=reference)):
        submission.content = None
        blanked += 1
    for check in session.scalars(select(Check).filter_by(reference=reference)):
        check.reason = None
    for reflection in session.scalars(select(Reflection).filter_by(reference=reference)):
        reflection.content = reflection.how_told = reflection.when_told = None
        blanked += 1
    for position in session.scalars(select(Position).filter_by(reference=reference)):
        position.points, position.dissent = [], None
        blanked += 1
    for output in session.scalars(select(Output).filter_by(reference=reference)):
        output.fields = None
    for impact in session.scalars(select(Impact).filter_by(reference=reference)):
        impact.what_changed = impact.how_known = None
        blanked += 1
    session.execute(delete(LearningItem).where(LearningItem.reference == reference))
    blanked += _blank_answers(session, reference, by=by, now=now)
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


def _blank_answers(session: Session, reference: str, *, by: Actor, now: datetime) -> int:
    """Blank what people wrote when they answered, asked back or recorded a meeting; who and when stays."""
    asked = select(Approval.id).where(Approval.reference == reference)
    blanked = 0
    for question in session.scalars(select(Question).where(Question.approval_id.in_(asked))):
        question.text, question.reply = "", None
        blanked += 1
    for answer in session.scalars(select(AnswerRecord).where(AnswerRecord.approval_id.in_(asked))):
        if answer.reason or answer.note or answer.how_told or answer.when_told:
            answer.reason = answer.note = answer.how_told = answer.when_told = None
            audit.forget(session, reference, f"answer:{answer.id}", by=by, now=now)
            blanked += 1
    for agreement in session.scalars(select(Agreement).filter_by(reference=reference)):
        if agreement.reason or agreement.note or agreement.diversity_reason:
            agreement.reason = agreement.note = agreement.diversity_reason = None
            audit.forget(session, reference, f"agreement:{agreement.id}", by=by, now=now)
            blanked += 1
    return blanked
