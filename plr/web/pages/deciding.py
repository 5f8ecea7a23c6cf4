"""What an answer does, in one transaction, and the page that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Person, Task
from plr.domain.actors import Actor
from plr.domain.london import london_day
from plr.domain.notices import DecisionReceipt
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, TaskStatus
from plr.errors import NotEligibleError, NotFoundError
from plr.operations import (
    approvals,
    approvals_letters,
    cases,
    commissioning,
    directory,
    notices,
    reflections,
)
from plr.web.pages import posts
from plr.web.pages.posts import Outcome
from plr.web.pages.visits import Visit, viewer_of
from plr.web.showing import decisions as showing
from plr.web.showing import people as people_showing
from plr.web.showing import tasks as task_showing
from plr.web.views import DecisionDoneView


@dataclass(frozen=True, slots=True)
class Given:
    """One person's answer as the form held it; `mark` names the browser in the proof."""

    approval_id: str
    answer: str
    reason: str | None
    reflectors: tuple[int, ...]
    content_hash: str
    mark: str


def act(session: Session, given: Given, by: Actor, *, now: datetime) -> Outcome:
    """Do what was answered: one of the three answers, a question, passing on, or a conflict."""
    person_id = _identified(by)
    row = approvals.get(session, given.approval_id)
    if person_id in directory.interested(session, row.reference):
        raise NotFoundError("There is no such question.")
    done = f"/approvals/{row.id}/done"
    if given.answer == "question":
        approvals.ask_question(session, row.id, person_id, given.reason or "", by=by, now=now)
        return Outcome("asked-back", done)
    if given.answer == "pass":
        next_one = approvals.pass_on(session, row.id, person_id, by=by, now=now)
        return Outcome("passed", done, (str(next_one),))
    if given.answer == "conflict":
        # Only who is asked may use this door; everybody else has nothing to step aside from.
        approvals.may_answer(session, row, person_id, now=now)
        approvals.declare_interest(session, row.reference, person_id, by=by, now=now)
        return Outcome("conflict", done)
    return _answer(session, given, by, row, now=now)


def _answer(session: Session, given: Given, by: Actor, row: Approval, *, now: datetime) -> Outcome:
    person_id = _identified(by)
    is_new = _is_new_browser(session, person_id, given.mark)
    answer, proof = Answer(given.answer), f"{by.via.value} {given.mark}"
    before = approvals.counted(session, row)
    if row.kind is ApprovalKind.TRIAGE:
        _require_reflectors(session, given, row, answer, now=now)
        commissioning.answer_triage(
            session,
            row.id,
            person_id=person_id,
            answer=answer,
            reason=given.reason,
            reflectors=given.reflectors if row.status is ApprovalStatus.OPEN else (),
            content_hash=given.content_hash,
            by=by,
            proof=proof,
            now=now,
        )
    else:
        approvals.answer(
            session,
            row.id,
            person_id=person_id,
            answer=answer,
            reason=given.reason,
            content_hash=given.content_hash,
            by=by,
            proof=proof,
            now=now,
        )
    kept = approvals.counted(session, row)
    if kept is None:
        raise AssertionError("An answer that was taken is on record.")
    if is_new and before is None:
        _receipt(session, row, kept, now=now)
    return Outcome("answered", f"/approvals/{row.id}/done", (str(kept.id),))


def _require_reflectors(
    session: Session, given: Given, row: Approval, answer: Answer, *, now: datetime
) -> None:
    """Taking a review on carries who reflects, wherever there are enough people to choose from."""
    if answer is not Answer.APPROVE or given.reflectors or row.status is not ApprovalStatus.OPEN:
        return
    case = cases.get(session, row.reference)
    if reflections.lawful_preset(session, case, now=now):
        reflections.check_choice(session, case, (), now=now)


def _identified(by: Actor) -> int:
    if by.person_id is None:
        raise NotEligibleError("An answer needs an identified person. Sign in, then answer.")
    return by.person_id


def _is_new_browser(session: Session, person_id: int, mark: str) -> bool:
    """Say whether no earlier answer of this person came from this browser."""
    statement = select(AnswerRecord.id).where(
        AnswerRecord.person_id == person_id,
        AnswerRecord.recorded_by_id.is_(None),
        AnswerRecord.proof.endswith(mark, autoescape=True),
    )
    return session.scalar(statement.limit(1)) is None


def _receipt(session: Session, row: Approval, kept: AnswerRecord, *, now: datetime) -> None:
    """Tell the person that an answer came from a browser new to us (decisions 31)."""
    person = session.get_one(Person, kept.person_id)
    letter = DecisionReceipt(
        given_name=person.given_name,
        approval_id=row.id,
        what=approvals_letters.what_of(row),
        answer=kept.answer,
        answered_on=london_day(now),
        how="new_browser",
    )
    link_to = f"receipt:{kept.id}"
    notices.queue(
        session,
        letter,
        to=person,
        cause=link_to,
        reference=row.reference,
        approval_id=row.id,
        link_to=link_to,
        now=now,
    )


def own_answer(session: Session, approval_id: str, person_id: int) -> AnswerRecord:
    """Return the newest answer of a person to a question; NotFoundError when there is none."""
    statement = select(AnswerRecord).where(
        AnswerRecord.approval_id == approval_id, AnswerRecord.person_id == person_id
    )
    found = session.scalars(statement.order_by(AnswerRecord.id.desc()).limit(1)).one_or_none()
    if found is None or person_id in directory.interested(session, _reference(session, approval_id)):
        raise NotFoundError("There is no such answer of yours.")
    return found


def _reference(session: Session, approval_id: str) -> str:
    return approvals.get(session, approval_id).reference


def take_back(session: Session, by: Actor, approval_id: str, *, now: datetime) -> Outcome:
    """Take one's own answer back while the question has not settled (decisions 91)."""
    given = own_answer(session, approval_id, _identified(by))
    approvals.take_back(session, given.id, person_id=given.person_id, by=by, now=now)
    return Outcome("taken-back", f"/approvals/{approval_id}")


def not_me(session: Session, by: Actor, approval_id: str, *, now: datetime) -> Outcome:
    """Take it that somebody else answered in this person's name."""
    given = own_answer(session, approval_id, _identified(by))
    approvals.not_me(session, given.id, person_id=given.person_id, by=by, now=now)
    return Outcome("not-me", f"/approvals/{approval_id}")


def done_view(session: Session, visit: Visit, approval_id: str) -> DecisionDoneView:
    """Return the page after a press on the decision page, or of the answer that stands."""
    viewer = viewer_of(visit)
    people = people_showing.load(session, now=visit.now)
    form_id = visit.request.query_params.get("done", "")
    outcome = posts.outcome_of(session, form_id, viewer.id) if form_id else None
    if outcome is not None and not outcome.location.startswith(f"/approvals/{approval_id}/done"):
        outcome = None
    if outcome is None or outcome.code == "answered":
        given = own_answer(session, approval_id, viewer.id)
        more = _has_more(session, viewer.id, people, now=visit.now)
        return showing.done(session, given, people, has_more=more)
    heading, happens = _SHORT[outcome.code]
    if outcome.code == "passed":
        happens = (f"{people.titled(int(outcome.details[0]))} is asked today. The date stays.",)
    return DecisionDoneView(heading, visit.now, happens, showing.TASKS)


_SHORT: dict[str, tuple[str, tuple[str, ...]]] = {
    "asked-back": ("Your question is with the secretary", ("The date stays. Your answer is still open.",)),
    "passed": ("You passed it on", ()),
    "conflict": (
        "You are out of this",
        (
            "The next in line is asked.",
            "You get no more letters about this case, and its pages are closed to you.",
        ),
    ),
}


def _has_more(session: Session, person_id: int, people: people_showing.People, *, now: datetime) -> bool:
    if task_showing.open_to(session, person_id, people, now=now):
        return True
    waiting = select(Task.id).where(Task.person_id == person_id, Task.status == TaskStatus.OPEN)
    return session.scalar(waiting.limit(1)) is not None
