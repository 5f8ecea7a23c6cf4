"""The words of whoever sent a text back or declined a review, for the pages; never for letters or audit."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Check, Submission
from plr.domain.words import Answer


def to_correct(session: Session, reference: str) -> str | None:
    """Return why a text was sent back: what its checker wrote, else the last answer that asks for changes."""
    checked = session.execute(
        select(Submission.version, Check.outcome, Check.reason)
        .outerjoin(
            Check,
            (Check.reference == Submission.reference) & (Check.submission_version == Submission.version),
        )
        .where(Submission.reference == reference)
        .order_by(Submission.version.desc())
        .limit(1)
    ).one()
    return checked.reason if checked.outcome == "return" else last_answer(session, reference, Answer.RETURN)


def last_answer(session: Session, reference: str, answer: Answer) -> str | None:
    """Return the reason of the last answer of this kind that counts."""
    return session.scalar(
        select(AnswerRecord.reason)
        .join(Approval, Approval.id == AnswerRecord.approval_id)
        .where(Approval.reference == reference, AnswerRecord.answer == answer)
        .where(AnswerRecord.voided_at.is_(None))
        .order_by(AnswerRecord.id.desc())
        .limit(1)
    )
