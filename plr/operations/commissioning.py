"""The steps of the commissioning reflection (terms of reference 2.1, 2.2), between its waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Impact, Person
from plr.db.session import rules_of
from plr.domain.actors import ENGINE, Actor
from plr.domain.calendars import add_months
from plr.domain.cases import ENDED
from plr.domain.documents import Change
from plr.domain.london import london_day
from plr.domain.notices import DigestLine
from plr.domain.outputs import OutputKind
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, CaseStatus, Office, TaskKind
from plr.errors import InvalidInputError, NotEligibleError, Problem, WrongMomentError
from plr.operations import (
    agreements,
    approvals,
    audit,
    cases,
    digest,
    directory,
    documents,
    outputs,
    positions,
    reasons,
    reflections,
    tasks,
    wakes,
)


def ask_correction(session: Session, reference: str, *, now: datetime) -> None:
    """Send the text back to its submitter, with the reason the checker or the Chair gave."""
    case = cases.get(session, reference)
    cases.ask_correction(session, case, reason=reasons.to_correct(session, reference), by=ENGINE, now=now)


def ask_triage(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the Chair whether to take a review on, at full depth; returns the ask's id."""
    case = cases.get(session, reference)
    if case.status is not CaseStatus.TRIAGE:
        cases.move(session, case, CaseStatus.TRIAGE, by=ENGINE, now=now)
    latest = cases.latest_submission(session, reference)
    return approvals.ask(
        session,
        reference,
        ApprovalKind.TRIAGE,
        subject="submission",
        subject_version=latest.version,
        content_hash=latest.content_hash,
        author_id=case.submitter_id,
        now=now,
    )


def begin_reflecting(session: Session, reference: str, *, now: datetime) -> str:
    """Take the case on: its reflectors are asked. A lawful choice is made when the answer carried none."""
    case = cases.get(session, reference)
    cases.move(session, case, CaseStatus.REFLECTING, by=ENGINE, now=now)
    if not reflections.of_case(session, reference):
        chosen = reflections.lawful_preset(session, case, now=now)
        if not chosen:
            case.attention = reflections.NO_LAWFUL_REFLECTORS
            return "nobody"
        reflections.choose(session, reference, chosen, by=ENGINE, now=now)
    return "asked"


def hold_for_reflections(session: Session, reference: str, *, now: datetime) -> None:
    """Put a case on hold because too few reflections came in; off hold, the Chair may ask others again."""
    for row in reflections.of_case(session, reference):
        row.wave = 1
    for task in tasks.open_tasks(session, reference, TaskKind.REASSIGN):
        tasks.drop(session, task, by=ENGINE, now=now)
    if cases.get(session, reference).status is CaseStatus.ON_HOLD:
        return  # the Chair was quicker
    longest = rules_of(session).commissioning.hold_days_at_most
    until_on = london_day(now) + timedelta(days=longest)
    cases.hold(
        session, reference, until_on=until_on, reason="Too few reflections came in.", by=ENGINE, now=now
    )


def begin_synthesis(session: Session, reference: str, *, now: datetime) -> None:
    """Ask the secretary to draft the position from the reflections; nobody is waited for any more."""
    case = cases.get(session, reference)
    reflections.release(session, reference, by=ENGINE, now=now)
    for task in tasks.open_tasks(session, reference, TaskKind.REASSIGN):
        tasks.drop(session, task, by=ENGINE, now=now)
    if case.status is not CaseStatus.SYNTHESIS:
        cases.move(session, case, CaseStatus.SYNTHESIS, by=ENGINE, now=now)
    tasks.ask(session, TaskKind.WRITE_POSITION, reference, now=now)


def ask_position(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the Chair to approve the text of the position; returns the ask's id."""
    position = positions.latest(session, reference)
    if position is None:
        raise AssertionError("There is a position once the group has agreed.")
    return approvals.ask(
        session,
        reference,
        ApprovalKind.POSITION,
        subject="position",
        subject_version=position.version,
        content_hash=position.content_hash,
        author_id=position.written_by_id,
        now=now,
    )


def ask_revision(session: Session, reference: str, *, now: datetime) -> None:
    """Ask the writer, or the secretary when the writer may not any more, to change the text."""
    position = positions.latest(session, reference)
    writer = None if position is None else position.written_by_id
    people = directory.load(session, on=london_day(now))
    if not people.is_active(writer) or writer in directory.interested(session, reference):
        writer = None
    tasks.ask(session, TaskKind.REVISE_POSITION, reference, person_id=writer, now=now)


def after_revision(session: Session, reference: str, *, now: datetime) -> str:
    """Say who is asked about a revised text: "chair", or "group" when position or dissent changed."""
    if not positions.needs_the_group(session, reference):
        return "chair"
    case = cases.get(session, reference)
    if case.status is not CaseStatus.DRAFT_POSITION:
        cases.move(session, case, CaseStatus.DRAFT_POSITION, by=ENGINE, now=now)
    return "group"


def ask_group(session: Session, reference: str, *, now: datetime) -> str:
    """Put the draft to the next meeting; returns the ask's id."""
    return agreements.ask(session, reference, now=now)


def decline(session: Session, reference: str, *, now: datetime) -> None:
    """End the case because the Chair declined."""
    case = cases.get(session, reference)
    reason = reasons.last_answer(session, reference, Answer.REJECT)
    cases.decline(session, case.reference, reason=reason or "", by=ENGINE, now=now)


def issue(session: Session, reference: str, *, now: datetime) -> None:
    """Issue the approved position (full depth)."""
    case = cases.get(session, reference)
    cases.move(session, case, CaseStatus.APPROVED, by=ENGINE, now=now)
    ids = [_approved(session, reference, kind) for kind in (ApprovalKind.GROUP, ApprovalKind.POSITION)]
    positions.issue(session, case, approval_ids=ids, by=ENGINE, now=now)


def _approved(session: Session, reference: str, kind: ApprovalKind) -> str:
    """Return the approval of a kind that counts: the last one; a text agreed before was changed."""
    return session.scalars(
        select(Approval.id)
        .filter_by(reference=reference, kind=kind, status=ApprovalStatus.APPROVED)
        .order_by(Approval.settled_at.desc(), Approval.subject_version.desc())
        .limit(1)
    ).one()


def follow_up_on(session: Session, reference: str, *, months: int, now: datetime) -> str:
    """Return the day, as ISO, on which to ask what came of it: rolled to a working day when it fires."""
    case = cases.get(session, reference)
    return add_months(london_day(case.issued_at or now), months).isoformat()


def ask_follow_up(session: Session, reference: str, *, months: int, now: datetime) -> None:
    """Ask the submitter, else their region's representative, else the secretary, what came of it."""
    case = cases.get(session, reference)
    if case.status is CaseStatus.ISSUED:
        cases.move(session, case, CaseStatus.FOLLOW_UP, by=ENGINE, now=now)
    person_id = _follows_up(session, case, now=now)
    subject = f"impact:{months}"
    task = tasks.ask(session, TaskKind.FOLLOW_UP, reference, person_id=person_id, subject=subject, now=now)
    if person_id is not None:
        line = DigestLine(
            reference=reference, type="what came of it", nation=case.nation.value, due_on=task.due_on
        )
        digest.add(session, person_id, "FOLLOW", f"{subject}:{reference}", reference, line, now=now)


def _follows_up(session: Session, case: Case, *, now: datetime) -> int | None:
    people = directory.load(session, on=london_day(now))
    interested = directory.interested(session, case.reference)
    submitter = case.submitter_id
    if submitter is not None and people.is_active(submitter) and submitter not in interested:
        return submitter
    for person_id in people.holders(Office.REPRESENTATIVE):
        if session.get_one(Person, person_id).region == case.region and person_id not in interested:
            return person_id
    chosen = people.first_in_line(Office.SECRETARY, barred=interested)
    return None if chosen is None else chosen.person_id


def record_impact(
    session: Session,
    reference: str,
    *,
    person_id: int,
    change: Change,
    what_changed: str,
    how_known: str,
    by: Actor,
    now: datetime,
) -> None:
    """Keep what came of it, as an impact note (terms of reference 2.1)."""
    case = cases.get(session, reference, lock=True)
    cases.check_going_on(case)
    task = tasks.the_open_task(session, reference, TaskKind.FOLLOW_UP)
    if task.person_id != person_id:
        raise NotEligibleError("Only the person who was asked can answer.")
    if change in {Change.CHANGED, Change.PARTLY} and not what_changed.strip():
        raise InvalidInputError([Problem("what", "is missing.", "Say what changed, in a few sentences.")])
    months = int((task.subject or "impact:0").removeprefix("impact:"))
    impact = Impact(
        reference=reference,
        months=months,
        answer=change.value,
        what_changed=what_changed.strip(),
        how_known=how_known.strip(),
        answered_at=now,
        answered_by_id=person_id,
    )
    session.add(impact)
    session.flush()
    tasks.finish(session, task, by=by, now=now)
    fields = documents.impact_fields(session, case, impact, now=now)
    outputs.ask(session, case, OutputKind.IMPACT_NOTE, fields, by=by, now=now)
    codes = {"months": months, "answer": change.value}
    audit.record(
        session, reference, "impact.recorded", f"impact:{reference}:{months}", by=by, now=now, codes=codes
    )
    wakes.wake(session, reference, "impact", now=now)


def close_follow_up(session: Session, reference: str, *, months: int, last: bool, now: datetime) -> None:
    """End a follow-up: "no answer" when nobody told us; after the last one the case is closed."""
    case = cases.get(session, reference)
    known = session.scalar(select(Impact.id).filter_by(reference=reference, months=months))
    if known is None:
        session.add(Impact(reference=reference, months=months, answer="no_answer"))
        for task in tasks.open_tasks(session, reference, TaskKind.FOLLOW_UP):
            tasks.drop(session, task, by=ENGINE, now=now)
        codes: dict[str, str | int] = {"months": months, "answer": "no_answer"}
        subject = f"impact:{reference}:{months}"
        audit.record(session, reference, "impact.recorded", subject, by=ENGINE, now=now, codes=codes)
    if last:
        cases.ask_nobody(session, case, "closed", by=ENGINE, now=now)
        cases.move(session, case, CaseStatus.CLOSED, by=ENGINE, now=now)
        case.closed_at, case.outcome = now, "answered" if known is not None else "no_answer"


def ask_hold_reviews(session: Session, *, now: datetime) -> None:
    """Ask the Chair to look again at each case whose hold has come to its day."""
    statement = select(Case).where(Case.status == CaseStatus.ON_HOLD, Case.held_until_on <= london_day(now))
    for case in session.scalars(statement).all():
        if not tasks.open_tasks(session, case.reference, TaskKind.REVIEW_HOLD):
            tasks.ask(session, TaskKind.REVIEW_HOLD, case.reference, now=now)


def answer_triage(
    session: Session,
    approval_id: str,
    *,
    person_id: int,
    answer: Answer,
    reason: str | None,
    reflectors: Sequence[int],
    content_hash: str,
    by: Actor,
    proof: str | None,
    now: datetime,
) -> ApprovalStatus:
    """Take the Chair's answer about a review; approving carries the reflectors (decisions 87)."""
    approval = approvals.get(session, approval_id)
    if approval.kind is not ApprovalKind.TRIAGE:
        raise WrongMomentError("This question is not about taking a review on.")
    case = cases.get(session, approval.reference, lock=True)
    session.refresh(approval)  # as it stands now that nobody else can answer it
    chosen = list(reflectors) if answer is Answer.APPROVE else []
    if chosen and approval.status is ApprovalStatus.OPEN:
        reflections.check_choice(session, case, chosen, now=now)
    before = approval.status
    status = approvals.answer(
        session,
        approval_id,
        person_id=person_id,
        answer=answer,
        reason=reason,
        content_hash=content_hash,
        by=by,
        proof=proof,
        now=now,
    )
    if chosen and before is ApprovalStatus.OPEN and status is ApprovalStatus.APPROVED:
        reflections.choose(session, case.reference, chosen, by=by, now=now)
    return status


def is_over(session: Session, reference: str) -> bool:
    """Say whether a case has reached a state it never leaves."""
    return cases.get(session, reference).status in ENDED
