"""What a recorded, quorate meeting agreed about a case: the only way a group agrees (4.1, decisions 42)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Agreement, Approval, Case, Output, Person
from plr.db.session import rules_of
from plr.domain.actors import ENGINE, Actor
from plr.domain.cases import AFTER_ISSUE, ENDED
from plr.domain.london import london_day
from plr.domain.notices import AgreementReceipt
from plr.domain.outputs import OutputKind
from plr.domain.quorum import too_few_members, too_few_professions
from plr.domain.rules import TermsVersion
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, CaseStatus, Depth, Office, TaskKind
from plr.errors import InvalidInputError, NotEligibleError, NotQuorateError, Problem, WrongMomentError
from plr.operations import (
    approvals,
    audit,
    cases,
    directory,
    news,
    notices,
    positions,
    rights,
    tasks,
    wakes,
)
from plr.operations.positions import PositionText

MOST_PEOPLE = 1000


@dataclass(frozen=True, slots=True)
class Minute:
    """What page 4c asks. `present` counts the Association members there for this item, without those out."""

    meeting: str
    meeting_on: date
    minute: str
    presider_id: int
    present: int
    professions: tuple[str, ...]
    out_ids: tuple[int, ...]
    answer: Answer
    text: PositionText | None = None
    diversity_reason: str | None = None
    reason: str | None = None


def ask(session: Session, reference: str, *, now: datetime) -> str:
    """Open the question to the group: answered only by a recorded meeting; no voters, letters or ladder."""
    case = cases.get(session, reference)
    position = positions.latest(session, reference)
    if case.depth is Depth.FULL and position is not None:
        subject_version, content_hash = position.version, position.content_hash
    else:
        subject_version, content_hash = 0, cases.latest_submission(session, reference).content_hash
    ask_id = approvals.ask(
        session,
        reference,
        ApprovalKind.GROUP,
        subject="position",
        subject_version=subject_version,
        content_hash=content_hash,
        author_id=None,
        now=now,
    )
    tasks.ask(session, TaskKind.RECORD_AGREEMENT, reference, subject=f"approval:{ask_id}", now=now)
    return ask_id


def open_question(session: Session, reference: str) -> Approval | None:
    """Return the open question to the group, if there is one."""
    statement = select(Approval).filter_by(
        reference=reference, kind=ApprovalKind.GROUP, status=ApprovalStatus.OPEN
    )
    return session.scalars(statement).one_or_none()


def record(
    session: Session, reference: str, minute: Minute, *, note: str | None, by: Actor, now: datetime
) -> None:
    """Record what a meeting agreed. Refused unless it was quorate for the item (4.1).

    At light depth the reflection is issued in the same commit; at full depth the process goes on. The
    presider and the Chair get a receipt and may object for five working days.
    """
    case = cases.get(session, reference, lock=True)
    approval = open_question(session, reference)
    if approval is None or case.status not in _ASKABLE:
        raise WrongMomentError("The group is not asked about this case now. Open it to see where it stands.")
    _require_recorder(session, reference, by, now=now)
    terms = rules_of(session).terms_on(minute.meeting_on)
    _require_sense(session, case, minute, terms, now=now)
    _require_quorum(minute, terms)
    position_version = _keep_text(session, case, minute, by=by, now=now)
    agreement = _keep(
        session, reference, approval, minute, terms, position_version, note=note, by=by, now=now
    )
    for person_id in minute.out_ids:
        approvals.declare_interest(session, reference, person_id, by=by, now=now)
    approvals.settle_group(
        session, approval.ask, minute.answer, subject_version=position_version, by=by, now=now
    )
    for task in tasks.open_tasks(session, reference, TaskKind.RECORD_AGREEMENT):
        tasks.finish(session, task, by=by, now=now)
    if minute.answer is Answer.APPROVE:
        if case.status in AFTER_ISSUE:
            positions.issue_correction(session, case, approval_ids=[approval.id], by=by, now=now)
        else:
            cases.move(session, case, CaseStatus.GROUP_AGREED, by=by, now=now)
            if case.depth is Depth.LIGHT:
                positions.issue(session, case, approval_ids=[approval.id], by=by, now=now)
    elif case.status in AFTER_ISSUE:
        ask(session, reference, now=now)  # the process is past this question: it stays on the agenda
    _receipts(session, case, agreement, minute, now=now)
    wakes.wake(session, reference, "group-answered", now=now)


_ASKABLE = {CaseStatus.REFLECTING, CaseStatus.DRAFT_POSITION, *AFTER_ISSUE}


def _brings_text(case: Case) -> bool:
    """Say whether the meeting itself gives the text: light depth, or a correction after issue."""
    return case.depth is Depth.LIGHT or case.status in AFTER_ISSUE


def _require_recorder(session: Session, reference: str, by: Actor, *, now: datetime) -> None:
    may = by.person_id is not None and rights.acts_for(
        session, by.person_id, Office.SECRETARY, reference, now=now
    )
    if not may or by.person_id in directory.interested(session, reference):
        raise NotEligibleError("Only the secretary records what a meeting agreed.")


def _require_sense(
    session: Session, case: Case, minute: Minute, terms: TermsVersion, *, now: datetime
) -> None:
    professions = set(minute.professions)
    approves = minute.answer is Answer.APPROVE
    no_presider = session.get(Person, minute.presider_id) is None or minute.presider_id in minute.out_ids
    known = f"Known: {', '.join(terms.professions)}."
    agrees_on = None if _brings_text(case) else positions.latest(session, case.reference)
    rows = (
        (
            agrees_on is not None and minute.meeting_on < london_day(agrees_on.written_at),
            "meeting_on",
            "is before the draft was written.",
            "Name a meeting that had this text.",
        ),
        (
            minute.meeting_on > london_day(now),
            "meeting_on",
            "is in the future.",
            "Record it once it was held.",
        ),
        (
            minute.meeting_on < london_day(case.created_at),
            "meeting_on",
            "is before the review was logged.",
            "Name a later meeting.",
        ),
        (not minute.meeting.strip(), "meeting", "is missing.", "Write the meeting's reference."),
        (not minute.minute.strip(), "minute", "is missing.", "Write its number, such as 7.2."),
        (not 0 <= minute.present <= MOST_PEOPLE, "present", "is not possible.", "Count the members there."),
        (not professions <= set(terms.professions), "professions", "has one that is not in the list.", known),
        (len(professions) > minute.present, "professions", "are more than the members.", "Count again."),
        (no_presider, "presider", "is missing, or was out for this item.", "Name who presided."),
        (
            minute.answer is Answer.RETURN and not (minute.reason or "").strip(),
            "reason",
            "is missing.",
            "Say what should change.",
        ),
        (
            minute.answer is Answer.REJECT,
            "answer",
            "is not one a meeting gives.",
            "Approve, or ask for changes.",
        ),
        (
            _brings_text(case) and approves and minute.text is None,
            "position",
            "is missing.",
            "Choose what the group thinks.",
        ),
    )
    problems = [Problem(field, problem, remedy) for wrong, field, problem, remedy in rows if wrong]
    if problems:
        raise InvalidInputError(problems)


def _require_quorum(minute: Minute, terms: TermsVersion) -> None:
    if too_few_members(minute.present, terms):
        raise NotQuorateError(
            f"This meeting was not quorate for this item: {minute.present} of {terms.minimum_members}. "
            "It waits for the next quorate meeting; nothing was recorded."
        )
    if too_few_professions(minute.professions, terms) and not (minute.diversity_reason or "").strip():
        raise NotQuorateError(
            f"{len(set(minute.professions))} professions were present, {terms.minimum_professions} are "
            "needed. The person who presided may confirm with a reason; nothing was recorded."
        )


def _keep_text(session: Session, case: Case, minute: Minute, *, by: Actor, now: datetime) -> int:
    if _brings_text(case) and minute.answer is Answer.APPROVE and minute.text is not None:
        written_by = by.person_id
        if written_by is None:
            raise AssertionError("A person records an agreement.")
        written = positions.add_version(
            session, case.reference, minute.text, written_by_id=written_by, now=now
        )
        positions.note_written(session, written, by=by, now=now)
        return written.version
    position = positions.latest(session, case.reference)
    return 0 if position is None else position.version


def _keep(
    session: Session,
    reference: str,
    approval: Approval,
    minute: Minute,
    terms: TermsVersion,
    position_version: int,
    *,
    note: str | None,
    by: Actor,
    now: datetime,
) -> Agreement:
    agreement = Agreement(
        reference=reference,
        approval_id=approval.id,
        answer=minute.answer.value,
        position_version=position_version,
        meeting=minute.meeting.strip(),
        meeting_on=minute.meeting_on,
        minute=minute.minute.strip(),
        presider_id=minute.presider_id,
        present=minute.present,
        professions=sorted(set(minute.professions)),
        out=list(minute.out_ids),
        diversity_reason=minute.diversity_reason,
        reason=minute.reason,
        terms_version=terms.version,
        recorded_by_id=by.person_id,
        recorded_at=now,
        note=note,
    )
    session.add(agreement)
    session.flush()
    codes = {
        "answer": minute.answer.value,
        "meeting_on": minute.meeting_on.isoformat(),
        "present": minute.present,
        "professions": len(set(minute.professions)),
        "terms": terms.version,
    }
    subject = f"agreement:{agreement.id}"
    content = audit.agreement_content(agreement)
    audit.record(
        session, reference, "agreement.recorded", subject, by=by, now=now, codes=codes, record=content
    )
    return agreement


def _receipts(session: Session, case: Case, agreement: Agreement, minute: Minute, *, now: datetime) -> None:
    rules = rules_of(session)
    today = london_day(now)
    object_by = rules.calendar.add_working_days(today, rules.commissioning.objection_working_days)
    people = directory.load(session, on=today)
    told = {minute.presider_id, *people.holders(Office.CHAIR)} - directory.interested(session, case.reference)
    for person_id in sorted(told):
        person = session.get_one(Person, person_id)
        letter = AgreementReceipt(
            given_name=person.given_name,
            reference=case.reference,
            meeting_on=minute.meeting_on,
            object_by=object_by,
        )
        notices.queue(
            session,
            letter,
            to=person,
            cause=f"agreement:{agreement.id}",
            reference=case.reference,
            link_to=f"agreement:{agreement.id}",
            now=now,
        )


def object_to(
    session: Session, agreement_id: int, *, person_id: int, reason: str, by: Actor, now: datetime
) -> None:
    """Take an objection of the presider or the Chair, within five working days: the question opens again.

    After issue the document stays and is marked "objected to"; a correction is its next version.
    """
    agreement = session.get_one(Agreement, agreement_id)
    case = cases.get(session, agreement.reference, lock=True)
    rules = rules_of(session)
    last = rules.calendar.add_working_days(
        london_day(agreement.recorded_at), rules.commissioning.objection_working_days
    )
    holders = directory.load(session, on=london_day(now)).holders(Office.CHAIR)
    may = {agreement.presider_id, *holders} - directory.interested(session, case.reference)
    if person_id not in may or by.person_id != person_id:
        raise NotEligibleError("Only the person who presided, or the Chair, may object.")
    if london_day(now) > last or agreement.objected_at is not None:
        raise WrongMomentError("The five working days to object are over, or somebody has objected already.")
    if not reason.strip():
        raise InvalidInputError([Problem("reason", "is missing.", "Say what was recorded wrongly.")])
    agreement.objected_at, agreement.objected_by_id = now, person_id
    audit.record(
        session,
        case.reference,
        "agreement.objected",
        f"agreement:{agreement.id}",
        by=by,
        now=now,
        codes={"person": person_id},
        record=audit.agreement_content(agreement),
    )
    approvals.void_settled(session, agreement.approval_id, reason="objected", by=by, now=now)
    stands = case.held_status if case.status is CaseStatus.ON_HOLD else case.status
    if stands in AFTER_ISSUE:
        _mark_output(session, case.reference)
    if stands in AFTER_ISSUE and case.status not in ENDED:
        if open_question(session, case.reference) is None:
            ask(session, case.reference, now=now)
    elif stands is CaseStatus.GROUP_AGREED:
        _back_to_the_meeting(session, case, by=by, now=now)
    news.tell_objection(session, case, asked_again=case.status not in ENDED, now=now)
    wakes.wake(session, case.reference, "agreement-objected", now=now)


def _back_to_the_meeting(session: Session, case: Case, *, by: Actor, now: datetime) -> None:
    cases.ask_nobody(session, case, "objected", by=by, now=now)
    cases.move(session, case, CaseStatus.DRAFT_POSITION, by=by, now=now)


def _mark_output(session: Session, reference: str) -> None:
    kind = OutputKind.COMMISSIONING_REFLECTION.value
    statement = (
        select(Output).filter_by(reference=reference, kind=kind).order_by(Output.version.desc()).limit(1)
    )
    output = session.scalars(statement).one_or_none()
    if output is not None:
        output.mark = "objected to"


def of_case(session: Session, reference: str) -> Sequence[Agreement]:
    """Return what meetings recorded about a case, the oldest first."""
    return session.scalars(select(Agreement).filter_by(reference=reference).order_by(Agreement.id)).all()


def put_on_agenda(session: Session, reference: str, *, now: datetime) -> str:
    """Light: the case waits for the next agenda; the question to the group is open."""
    case = cases.get(session, reference)
    if case.status is not CaseStatus.REFLECTING:
        cases.move(session, case, CaseStatus.REFLECTING, by=ENGINE, now=now)
    return ask(session, reference, now=now)
