"""What each document of a case says, gathered from the records as frozen fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Agreement as AgreementRecord
from plr.db.models import (
    AnswerRecord,
    Approval,
    Case,
    Impact,
    Output,
    Person,
    Position,
    Reflection,
    Submission,
)
from plr.db.session import rules_of
from plr.domain.documents import (
    Agreement,
    Change,
    ImpactFields,
    PositionFields,
    ReflectionFields,
    Review,
    TextApproval,
)
from plr.domain.london import london_day
from plr.domain.outputs import OutputKind
from plr.domain.submissions import Submission as SubmissionContent
from plr.domain.summary import review_of, summarise
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, Office
from plr.operations import directory


def summary_fields(
    session: Session, case: Case, content: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Return the fields of the summary: coded fields only, with the statutory times in context."""
    rules = rules_of(session)
    submission = SubmissionContent.from_content(content, rules.codes)
    today = london_day(now)
    return summarise(
        submission,
        reference=case.reference,
        logged_on=london_day(case.created_at),
        codes=rules.codes,
        regions=rules.regions,
        clocks=rules.clocks.context(case.nation, submission.clock, today),
    ).to_mapping()


def position_fields(session: Session, case: Case, position: Position, *, now: datetime) -> dict[str, Any]:
    """Return the fields of a draft position."""
    rows = session.scalars(select(Reflection).filter_by(reference=case.reference, state="in")).all()
    professions = {session.get_one(Person, row.person_id).discipline for row in rows}
    return PositionFields(
        review=_review(session, case),
        drafted_on=london_day(position.written_at),
        drafted_by=_office_of(session, position.written_by_id, now=now),
        reflections=len(rows),
        professions=tuple(sorted(name for name in professions if name)),
        position=position.value,
        points=tuple(position.points),
        themes=_themes(session, position),
        dissent=_dissent(position),
    ).to_mapping()


def reflection_fields(session: Session, case: Case, position: Position, *, now: datetime) -> dict[str, Any]:
    """Return the fields of the issued reflection."""
    agreement = session.scalars(
        select(AgreementRecord)
        .filter_by(reference=case.reference, answer=Answer.APPROVE.value, objected_at=None)
        .order_by(AgreementRecord.id.desc())
        .limit(1)
    ).one()
    before = session.scalar(
        select(Output.name)
        .filter_by(reference=case.reference, kind=OutputKind.COMMISSIONING_REFLECTION.value)
        .order_by(Output.version.desc())
        .limit(1)
    )
    return ReflectionFields(
        review=_review(session, case),
        issued_on=london_day(now),
        position=position.value,
        points=tuple(position.points),
        themes=_themes(session, position),
        dissent=_dissent(position),
        agreement=Agreement(
            meeting=agreement.meeting,
            held_on=agreement.meeting_on,
            minute=agreement.minute,
            presided_by=_office_of(session, agreement.presider_id, now=now),
            members_present=agreement.present,
            professions=tuple(agreement.professions),
            out_for_item=len(agreement.out),
        ),
        approval=_text_approval(session, case),
        learning_item=position.for_learning,
        for_panel=position.for_panel,
        corrects=before,
    ).to_mapping()


def impact_fields(session: Session, case: Case, impact: Impact, *, now: datetime) -> dict[str, Any]:
    """Return the fields of an impact note."""
    if case.issued_at is None or impact.answered_by_id is None:
        raise AssertionError("An impact note follows an issued reflection and has an author.")
    return ImpactFields(
        review=_review(session, case),
        issued_on=london_day(case.issued_at),
        months=impact.months,
        answered_on=london_day(now),
        answered_by=_office_of(session, impact.answered_by_id, now=now),
        change=Change(impact.answer or Change.NOT_YET),
        what_changed=impact.what_changed or "",
        how_known=impact.how_known or "",
    ).to_mapping()


def _review(session: Session, case: Case) -> Review:
    rules = rules_of(session)
    latest = session.scalars(
        select(Submission).filter_by(reference=case.reference).order_by(Submission.version.desc()).limit(1)
    ).one()
    submission = SubmissionContent.from_content(latest.content or {}, rules.codes)
    return review_of(submission, reference=case.reference, regions=rules.regions)


def _office_of(session: Session, person_id: int, *, now: datetime) -> str:
    """Return a person's office as documents name it: never a name (promise 3)."""
    held = directory.load(session, on=london_day(now)).offices_of(person_id)
    offices = [office for office in held if office is not Office.PEER_SUPPORTER]
    return rules_of(session).offices[offices[0]].label if offices else "a member of the group"


def _themes(session: Session, position: Position) -> tuple[str, ...]:
    codes = rules_of(session).codes
    return tuple(codes.label("themes", theme) for theme in position.themes)


def _dissent(position: Position) -> tuple[str, ...]:
    return (position.dissent,) if position.dissent else ()


def _text_approval(session: Session, case: Case) -> TextApproval | None:
    approval = session.scalars(
        select(Approval)
        .filter_by(reference=case.reference, kind=ApprovalKind.POSITION, status=ApprovalStatus.APPROVED)
        .order_by(Approval.round.desc())
        .limit(1)
    ).one_or_none()
    if approval is None or approval.settled_at is None or approval.office is None:
        return None
    counted = session.scalars(
        select(AnswerRecord).filter_by(approval_id=approval.id, voided_at=None).limit(1)
    ).one_or_none()
    office = rules_of(session).offices[approval.office].label
    if counted is not None and counted.person_id not in {approval.first_holder_id, None}:
        office = _office_of(session, counted.person_id, now=approval.settled_at)
    return TextApproval(office=office, approved_on=london_day(approval.settled_at))
