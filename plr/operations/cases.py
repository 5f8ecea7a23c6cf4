"""Cases: logging a review, correcting it, and what anybody may do to an open case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Submission, Wait
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.cases import ENDED, check_move
from plr.domain.london import london_day
from plr.domain.notices import Receipt
from plr.domain.outputs import OutputKind
from plr.domain.submissions import Submission as SubmissionContent
from plr.domain.words import ApprovalStatus, CaseStatus, Depth, Settled, Stage, TaskKind
from plr.errors import InvalidInputError, NotFoundError, Problem, SameKeyOtherContentError, WrongMomentError
from plr.operations import (
    approvals,
    audit,
    clocks,
    digest,
    directory,
    documents,
    news,
    notices,
    outputs,
    reasons,
    references,
    rights,
    tasks,
    wakes,
)

PROCESS = "commissioning-reflection"
PREFIX = "PLR-R"


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
    # Whoever sends the same at the same instant waits here, then finds what the first has logged.
    references.lock(session, PREFIX, london_day(now).year)
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
    if submitter is not None and not directory.load(session, on=london_day(now)).is_active(submitter.id):
        submitter = None  # somebody who has left has no pages and no letters of ours: an outsider's receipt
    case = Case(
        reference=references.next_reference(session, PREFIX, london_day(now).year),
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
    digest.tell_offices(
        session, digest.TOLD_OFFICES, "N29", case, f"review logged: {case.review_type}", now=now
    )
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
    asked = tasks.open_tasks(session, reference, TaskKind.CORRECT)
    if not asked and latest_submission(session, reference).content_hash == content.content_hash:
        return  # the second press of a correction that is in already
    version = (session.scalar(select(func.max(Submission.version)).filter_by(reference=reference)) or 0) + 1
    case.nation, case.region = content.nation, content.region
    case.review_type, case.stage, case.reason = content.type_label, Stage(content.stage), None
    _keep(session, case, content, version=version, by=by, now=now)
    _summary(session, case, content, by=by, now=now)
    for task in asked:
        tasks.finish(session, task, by=by, now=now)
    wakes.wake(session, reference, "corrected", now=now)


def move(
    session: Session, case: Case, to: CaseStatus, *, by: Actor, now: datetime, **codes: str | int | None
) -> None:
    """Move a case to another state, with its audit entry.

    On hold it stays there, unless it ends: what moves is the state it goes back to. So a step that was
    under way when somebody put the case on hold neither fails nor takes it off hold.
    """
    if case.status is CaseStatus.ON_HOLD and to not in ENDED:
        if case.held_status is None or case.held_status is to:
            return
        check_move(case.held_status, to)
        was, case.held_status = case.held_status, to
    else:
        check_move(case.status, to)
        was, case.status = case.status, to
    _moved(session, case, was, to, by=by, now=now, **codes)


def _moved(
    session: Session,
    case: Case,
    was: CaseStatus,
    to: CaseStatus,
    *,
    by: Actor,
    now: datetime,
    **codes: str | int | None,
) -> None:
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
        remedy = f"Write a day within {longest} days."
        problem = Problem("until", f"is not a day in the next {longest} days.", remedy)
        raise InvalidInputError([problem])
    if case.status is CaseStatus.ON_HOLD:
        raise WrongMomentError("This case is on hold already.")
    held = case.status
    move(session, case, CaseStatus.ON_HOLD, by=by, now=now, until=until_on.isoformat())
    case.held_status, case.held_until_on, case.held_since_on, case.reason = held, until_on, today, reason
    news.tell_secretary(session, case, Settled.ON_HOLD, review_on=until_on, by=by, now=now)
    wakes.wake(session, reference, "on-hold", now=now)


def resume(session: Session, reference: str, *, by: Actor, now: datetime) -> None:
    """Take a case off hold; every open deadline moves by the working days it stood still."""
    case = get(session, reference, lock=True)
    rights.require(session, by, rights.Act.RESUME, case, now=now)
    if case.status is not CaseStatus.ON_HOLD or case.held_status is None or case.held_since_on is None:
        raise WrongMomentError("This case is not on hold.")
    back, since = case.held_status, case.held_since_on
    case.status = back
    case.held_status = case.held_until_on = case.held_since_on = None
    case.reason = reasons.to_correct(session, reference) if back is CaseStatus.RETURNED else None
    _moved(session, case, CaseStatus.ON_HOLD, back, by=by, now=now)
    for task in tasks.open_tasks(session, reference, TaskKind.REVIEW_HOLD):
        tasks.finish(session, task, by=by, now=now)
    stood = rules_of(session).calendar.working_days_between(since, london_day(now))
    clocks.shift(session, reference, stood, now=now)
    wakes.wake(session, reference, "off-hold", now=now)


def withdraw(session: Session, reference: str, *, reason: str, by: Actor, now: datetime) -> None:
    """End a case because its submitter or the Chair takes it back."""
    case = _open_case(session, reference, rights.Act.WITHDRAW, by=by, now=now)
    _end(session, case, CaseStatus.WITHDRAWN, reason=reason, by=by, now=now)
    news.tell_secretary(session, case, Settled.WITHDRAWN, by=by, now=now)


def decline(session: Session, reference: str, *, reason: str, by: Actor, now: datetime) -> None:
    """End a case because the Chair declines it (light: from the page; full: TRIAGE)."""
    case = _open_case(session, reference, rights.Act.DECLINE, by=by, now=now)
    _end(session, case, CaseStatus.DECLINED, reason=reason, by=by, now=now)
    news.tell_submitter(session, case, Settled.DECLINED, now=now)
    if by.person_id is not None:  # what the Chair answered to a question has told the secretary already
        news.tell_secretary(session, case, Settled.DECLINED, by=by, now=now)


def breach(session: Session, reference: str, *, by: Actor, now: datetime) -> None:
    """Hide a case at once because somebody can be identified; tell the two who must act (N62)."""
    case = _open_case(session, reference, rights.Act.BREACH, by=by, now=now)
    _end(session, case, CaseStatus.BREACH, reason=None, by=by, now=now)
    outputs.stop(session, reference, by=by, now=now)
    task = tasks.ask(session, TaskKind.CLEAR_BREACH, reference, now=now)
    news.tell_breach(session, case, task.person_id, now=now)


def _end(
    session: Session, case: Case, to: CaseStatus, *, reason: str | None, by: Actor, now: datetime
) -> None:
    move(session, case, to, by=by, now=now)
    case.reason, case.closed_at, case.outcome = reason, now, to.value
    case.held_status = case.held_until_on = case.held_since_on = None
    ask_nobody(session, case, to.value, by=by, now=now)
    wakes.wake(session, case.reference, to.value, now=now)


def ask_nobody(session: Session, case: Case, reason: str, *, by: Actor, now: datetime) -> None:
    """Make void what is asked about a case and end its tasks; `reason` is a code."""
    open_approvals = select(Approval.id).where(
        Approval.reference == case.reference, Approval.status == ApprovalStatus.OPEN
    )
    for approval_id in session.scalars(open_approvals).all():
        approvals.void(session, approval_id, reason=reason, by=by, now=now)
    tasks.drop_all(session, case.reference, by=by, now=now)


def deepen(session: Session, reference: str, *, reason: str | None = None, by: Actor, now: datetime) -> None:
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
    ask_nobody(session, case, "deepened", by=by, now=now)
    move(session, case, CaseStatus.TRIAGE, by=by, now=now, depth=Depth.FULL.value)
    wakes.wake(session, reference, "deepened", now=now)


def ask_correction(session: Session, case: Case, *, reason: str | None, by: Actor, now: datetime) -> None:
    """Send a text back: the submitter gets a form link; the reason stands on the page it opens."""
    move(session, case, CaseStatus.RETURNED, by=by, now=now)
    case.reason = reason
    address = case.submitter_email if case.submitter_id is None else None
    task = tasks.ask(
        session, TaskKind.CORRECT, case.reference, person_id=case.submitter_id, address=address, now=now
    )
    news.ask_correction(session, case, task, now=now)


def check_going_on(case: Case) -> None:
    """Raise WrongMomentError when a case is on hold or has ended: nothing that is asked counts then."""
    if case.status is CaseStatus.ON_HOLD:
        raise WrongMomentError("This case is on hold. Do this when it goes on.")
    if case.status in ENDED:
        raise WrongMomentError("This case has ended. Nothing more is asked about it.")


def waiting(session: Session, reference: str) -> Wait | None:
    """Return what a case waits for, if it waits."""
    return session.get(Wait, reference)


def content_of(session: Session, reference: str) -> dict[str, Any]:
    """Return the submission that counts, or refuse once it has been deleted."""
    content = latest_submission(session, reference).content
    if content is None:
        raise NotFoundError("This text has been deleted.")
    return content
