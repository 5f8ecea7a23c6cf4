"""Cases: logging a review, correcting it, and what anybody may do to an open case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Deadline, Person, Submission, Wait
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.cases import ENDED, check_move
from plr.domain.ladders import Rung
from plr.domain.london import london_day
from plr.domain.notices import CorrectionAsked, DataConcern, Receipt, SubmissionSettled
from plr.domain.outputs import OutputKind
from plr.domain.submissions import Submission as SubmissionContent
from plr.domain.words import ApprovalStatus, CaseStatus, Depth, Office, Settled, Stage, TaskKind
from plr.errors import InvalidInputError, NotFoundError, Problem, SameKeyOtherContentError, WrongMomentError
from plr.operations import (
    approvals,
    audit,
    deadlines,
    digest,
    directory,
    documents,
    notices,
    outputs,
    references,
    rights,
    tasks,
    wakes,
)

PROCESS = "commissioning-reflection"


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of a submission."""

    reference: str
    status: CaseStatus
    created: bool


def get(session: Session, reference: str, *, lock: bool = False) -> Case:
    """Return a case, or say that there is none."""
    case = session.get(Case, reference, with_for_update=lock)
    if case is None:
        raise NotFoundError("There is no such case.")
    return case


def submit(session: Session, content: SubmissionContent, *, by: Actor, now: datetime) -> Logged:
    """Log a review; the sender's reference makes it idempotent (decisions 76, 88).

    The same content again gives the same case. Other content is the correction of a returned case,
    else SameKeyOtherContentError. The receipt, the summary and the digest lines leave with this
    transaction; the process starts by the wake.
    """
    found = session.scalars(
        select(Case).where(Case.external_ref == content.external_ref).with_for_update()
    ).one_or_none()
    if found is None:
        return _log(session, content, by=by, now=now)
    latest = latest_submission(session, found.reference)
    if latest.content_hash == content.content_hash:
        return Logged(found.reference, found.status, created=False)
    if found.status is CaseStatus.RETURNED:
        correct(session, found.reference, content, by=by, now=now)
        return Logged(found.reference, found.status, created=False)
    raise SameKeyOtherContentError(
        f"external_ref has come before with other content; it is {found.reference}. Use a new external_ref, "
        "or wait until the text is sent back to you for correction."
    )


def _log(session: Session, content: SubmissionContent, *, by: Actor, now: datetime) -> Logged:
    rules = rules_of(session)
    submitter = directory.by_email(session, content.submitted_by)
    case = Case(
        reference=references.next_reference(session, "PLR-R", london_day(now).year),
        process=PROCESS,
        process_version=rules.commissioning.version,
        status=CaseStatus.SUBMITTED,
        depth=rules.commissioning.depth,
        stage=Stage(content.stage),
        nation=content.nation,
        region=content.region,
        review_type=content.type_label,
        external_ref=content.external_ref,
        submitter_id=None if submitter is None else submitter.id,
        submitter_email=content.submitted_by,
        created_at=now,
    )
    session.add(case)
    session.flush()
    _keep(session, case, content, version=1, by=by, now=now)
    audit.record(
        session,
        case.reference,
        "case.logged",
        f"case:{case.reference}",
        by=by,
        now=now,
        codes={"nation": case.nation.value, "depth": case.depth.value, "stage": case.stage.value},
    )
    _summary(session, case, content, by=by, now=now)
    told = (Office.CHAIR, Office.VICE_CHAIR, Office.SECRETARY)
    digest.tell_offices(session, told, "N29", case, f"review logged: {case.review_type}", now=now)
    if submitter is None:
        letter = Receipt(given_name="colleague", reference=case.reference, received_on=london_day(now))
        notices.queue(
            session,
            letter,
            to=case.submitter_email,
            cause=f"receipt:{case.reference}",
            reference=case.reference,
            nation=case.nation,
            now=now,
        )
    wakes.wake(session, case.reference, "review-logged", now=now)
    return Logged(case.reference, case.status, created=True)


def _keep(
    session: Session, case: Case, content: SubmissionContent, *, version: int, by: Actor, now: datetime
) -> None:
    session.add(
        Submission(
            reference=case.reference,
            version=version,
            content=content.content(),
            content_hash=content.content_hash,
            submitted_at=now,
            submitted_by_id=case.submitter_id,
            via=by.via.value,
        )
    )
    session.flush()
    audit.record(
        session,
        case.reference,
        "submission.kept",
        f"submission:{case.reference}:{version}",
        by=by,
        now=now,
        codes={"version": version, "content_hash": content.content_hash},
    )


def _summary(session: Session, case: Case, content: SubmissionContent, *, by: Actor, now: datetime) -> None:
    fields = documents.summary_fields(session, case, content.content(), now=now)
    source = f"submission:{case.reference}:{content.content_hash[:12]}"
    outputs.ask(session, case, OutputKind.SUMMARY, fields, sources=[source], by=by, now=now)


def latest_submission(session: Session, reference: str) -> Submission:
    """Return the version of a submission that counts."""
    statement = select(Submission).where(Submission.reference == reference)
    return session.scalars(statement.order_by(Submission.version.desc()).limit(1)).one()


def correct(
    session: Session, reference: str, content: SubmissionContent, *, by: Actor, now: datetime
) -> None:
    """Take a submitter's corrected text: the next version, screened again (decisions 88)."""
    case = get(session, reference, lock=True)
    if case.status is not CaseStatus.RETURNED:
        raise WrongMomentError("This review is not waiting for a correction. Open it to see where it stands.")
    if content.external_ref != case.external_ref:
        problem = Problem("external_ref", "is not the one this review was sent with.", "Leave it as it was.")
        raise InvalidInputError([problem])
    version = (session.scalar(select(func.max(Submission.version)).filter_by(reference=reference)) or 0) + 1
    case.nation, case.region = content.nation, content.region
    case.review_type, case.stage = content.type_label, Stage(content.stage)
    _keep(session, case, content, version=version, by=by, now=now)
    _summary(session, case, content, by=by, now=now)
    for task in tasks.open_tasks(session, reference, TaskKind.CORRECT):
        tasks.finish(session, task, by=by, now=now)
    wakes.wake(session, reference, "corrected", now=now)


def move(
    session: Session, case: Case, to: CaseStatus, *, by: Actor, now: datetime, **codes: str | int | None
) -> None:
    """Move a case to another state, with its audit entry."""
    check_move(case.status, to)
    was, case.status = case.status, to
    audit.record(
        session,
        case.reference,
        "case.moved",
        f"case:{case.reference}",
        by=by,
        now=now,
        codes={"from": was.value, "to": to.value, **codes},
    )


def _open_case(session: Session, reference: str, act: rights.Act, *, by: Actor, now: datetime) -> Case:
    case = get(session, reference, lock=True)
    rights.require(session, by, act, case, now=now)
    if case.status in ENDED:
        raise WrongMomentError(
            f"This case is {case.status.value.replace('_', ' ')}. Nothing more happens to it."
        )
    return case


def hold(session: Session, reference: str, *, until_on: date, reason: str, by: Actor, now: datetime) -> None:
    """Put a case on hold until a day, at most 90 days away; its clocks stand still."""
    case = _open_case(session, reference, rights.Act.HOLD, by=by, now=now)
    today = london_day(now)
    longest = rules_of(session).commissioning.hold_days_at_most
    if not today < until_on <= today + timedelta(days=longest):
        problem = Problem("until", "is not a day in the next 90 days.", f"Write a day within {longest} days.")
        raise InvalidInputError([problem])
    if case.status is CaseStatus.ON_HOLD:
        raise WrongMomentError("This case is on hold already.")
    held = case.status
    move(session, case, CaseStatus.ON_HOLD, by=by, now=now, until=until_on.isoformat())
    case.held_status, case.held_until_on, case.held_since_on, case.reason = held, until_on, today, reason
    wakes.wake(session, reference, "on-hold", now=now)


def resume(session: Session, reference: str, *, by: Actor, now: datetime) -> None:
    """Take a case off hold; every open deadline moves by the working days it stood still."""
    case = get(session, reference, lock=True)
    rights.require(session, by, rights.Act.RESUME, case, now=now)
    if case.status is not CaseStatus.ON_HOLD or case.held_status is None or case.held_since_on is None:
        raise WrongMomentError("This case is not on hold.")
    back, since = case.held_status, case.held_since_on
    move(session, case, back, by=by, now=now)
    case.held_status = case.held_until_on = case.held_since_on = case.reason = None
    calendar = rules_of(session).calendar
    stood = calendar.working_days_between(since, london_day(now))
    _shift_clocks(session, reference, stood, now=now)
    for task in tasks.open_tasks(session, reference, TaskKind.REVIEW_HOLD):
        tasks.finish(session, task, by=by, now=now)
    wakes.wake(session, reference, "off-hold", now=now)


def _shift_clocks(session: Session, reference: str, days: int, *, now: datetime) -> None:
    rules = rules_of(session)
    statement = select(Deadline).where(Deadline.reference == reference, Deadline.closed_at.is_(None))
    for deadline in session.scalars(statement).all():
        due_on = rules.calendar.add_working_days(deadline.due_on, days)
        approval = session.get(Approval, deadline.subject.removeprefix("approval:"))
        ladder: tuple[Rung, ...]
        if approval is not None:
            approval.due_on = due_on
            ladder = approvals.ladder(session, due_on, now=now)
        else:
            task = tasks.get(session, int(deadline.subject.removeprefix("task:")))
            task.due_on = due_on
            ladder = tasks.ladder(session, due_on, now=now)
        deadlines.move_deadline(session, deadline.subject, due_on=due_on, ladder=ladder, now=now)


def withdraw(session: Session, reference: str, *, reason: str, by: Actor, now: datetime) -> None:
    """End a case because its submitter or the Chair takes it back."""
    case = _open_case(session, reference, rights.Act.WITHDRAW, by=by, now=now)
    _end(session, case, CaseStatus.WITHDRAWN, reason=reason, by=by, now=now)


def decline(session: Session, reference: str, *, reason: str, by: Actor, now: datetime) -> None:
    """End a case because the Chair declines it (light: from the page; full: TRIAGE)."""
    case = _open_case(session, reference, rights.Act.DECLINE, by=by, now=now)
    _end(session, case, CaseStatus.DECLINED, reason=reason, by=by, now=now)
    tell_submitter(session, case, Settled.DECLINED, now=now)


def breach(session: Session, reference: str, *, by: Actor, now: datetime) -> None:
    """Hide a case at once because somebody can be identified; tell the two who must act (N62)."""
    case = _open_case(session, reference, rights.Act.BREACH, by=by, now=now)
    _end(session, case, CaseStatus.BREACH, reason=None, by=by, now=now)
    people = directory.load(session, on=london_day(now))
    told = {*people.holders(Office.DATA_PROTECTION_LEAD), *people.holders(Office.CHAIR)}
    for person_id in sorted(told):
        person = session.get_one(Person, person_id)
        letter = DataConcern(
            given_name=person.given_name,
            why="You look after a possible breach of personal data.",
            reference=reference,
            seen_at=now,
            clock_ends_at=now + timedelta(hours=72),
        )
        notices.queue(session, letter, to=person, cause=f"breach:{reference}", reference=reference, now=now)
    tasks.ask(session, TaskKind.CLEAR_BREACH, reference, now=now)


def _end(
    session: Session, case: Case, to: CaseStatus, *, reason: str | None, by: Actor, now: datetime
) -> None:
    move(session, case, to, by=by, now=now)
    case.reason, case.closed_at, case.outcome = reason, now, to.value
    open_approvals = select(Approval.id).where(
        Approval.reference == case.reference, Approval.status == ApprovalStatus.OPEN
    )
    for approval_id in session.scalars(open_approvals).all():
        approvals.void(session, approval_id, reason=to.value, by=by, now=now)
    tasks.drop_all(session, case.reference, by=by, now=now)
    wakes.wake(session, case.reference, to.value, now=now)


def deepen(
    session: Session, reference: str, *, reason: str | None = None, by: Actor, now: datetime
) -> None:
    """Give a light case full depth before it is agreed; never back (decisions 86)."""
    case = get(session, reference, lock=True)
    rights.require(session, by, rights.Act.DEEPEN, case, now=now)
    if case.depth is Depth.FULL:
        raise WrongMomentError("This case is looked at in full depth already.")
    if case.status is not CaseStatus.REFLECTING:
        raise WrongMomentError(
            "Only a case that waits for the group's agreement can be looked at more deeply."
        )
    case.depth, case.reason = Depth.FULL, reason
    for approval_id in session.scalars(
        select(Approval.id).where(Approval.reference == reference, Approval.status == ApprovalStatus.OPEN)
    ).all():
        approvals.void(session, approval_id, reason="deepened", by=by, now=now)
    tasks.drop_all(session, reference, by=by, now=now)
    move(session, case, CaseStatus.TRIAGE, by=by, now=now, depth=Depth.FULL.value)
    wakes.wake(session, reference, "deepened", now=now)


def tell_submitter(session: Session, case: Case, outcome: Settled, *, now: datetime) -> None:
    """Tell the submitter, once, how their review ended here (decisions 93)."""
    person = None if case.submitter_id is None else session.get_one(Person, case.submitter_id)
    if person is not None and person.id in directory.interested(session, case.reference):
        return
    letter = SubmissionSettled(
        given_name=person.given_name if person else "colleague",
        reference=case.reference,
        outcome=outcome,
        settled_on=london_day(now),
        may_open=person is not None,
    )
    notices.queue(
        session,
        letter,
        to=person or case.submitter_email,
        cause=f"settled:{case.reference}:{outcome.value}",
        reference=case.reference,
        nation=case.nation,
        now=now,
    )


def ask_correction(session: Session, case: Case, *, reason: str | None, by: Actor, now: datetime) -> None:
    """Send a text back: the submitter gets a form link; the reason stands on the page it opens."""
    move(session, case, CaseStatus.RETURNED, by=by, now=now)
    case.reason = reason
    person = None if case.submitter_id is None else session.get_one(Person, case.submitter_id)
    task = tasks.ask(
        session,
        TaskKind.CORRECT,
        case.reference,
        person_id=case.submitter_id,
        address=None if person else case.submitter_email,
        now=now,
    )
    letter = CorrectionAsked(
        given_name=person.given_name if person else "colleague", reference=case.reference, due_on=task.due_on
    )
    notices.queue(
        session,
        letter,
        to=person or case.submitter_email,
        cause=f"task:{task.id}",
        reference=case.reference,
        task_id=task.id,
        link_to=f"task:{task.id}",
        nation=case.nation,
        now=now,
    )


def waiting(session: Session, reference: str) -> Wait | None:
    """Return what a case waits for, if it waits."""
    return session.get(Wait, reference)


def content_of(session: Session, reference: str) -> dict[str, Any]:
    """Return the submission that counts, or refuse once it has been deleted."""
    content = latest_submission(session, reference).content
    if content is None:
        raise NotFoundError("This text has been deleted.")
    return content
