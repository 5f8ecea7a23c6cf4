"""Page 5b: the secretary records an answer that somebody has given."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.validators import ValidationError

from plr.db.models import Approval
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, Office
from plr.errors import InvalidInputError, NotYoursError, TextChangedError, WrongMomentError
from plr.operations import approvals, rights
from plr.web.fields import LONGEST_REASON, OneOf, PageForm, needed_by_rule, stripped, text_rules
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, already, once, refuse_all, screened
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Fact, Link, Option
from plr.web.showing import clocks
from plr.web.showing import decisions as showing
from plr.web.showing import people as people_showing

router = APIRouter()

_HOW = {
    "telephone": "by telephone",
    "message": "by e-mail or text message",
    "person": "in a meeting or in person",
}


class RecordAnswerForm(PageForm):
    """What somebody answered, how and when it was given, in their words."""

    answer = OneOf(
        "What did they answer?",
        options=tuple(Option(answer.value, words) for answer, words in showing.WORDS.items()),
        missing="Choose what they answered",
        render_kw={"size": "m"},
    )
    how = OneOf(
        "How?",
        options=(
            Option("telephone", "By telephone"),
            Option("message", "By e-mail or text message"),
            Option("person", "In a meeting or in person"),
        ),
        missing="Say how it was given",
        render_kw={"size": "m"},
    )
    when = StringField(
        "When?",
        description="For example: today 9am, or 24 June 9am",
        filters=[stripped],
        validators=text_rules(60, missing="Say when it was given"),
        render_kw={"size": "m", "classes": "govuk-input--width-20"},
    )
    reason = TextAreaField(
        "What they said",
        description="Needed for changes or a decline. Their words, not yours.",
        filters=[stripped],
        validators=needed_by_rule(LONGEST_REASON),
        render_kw={"size": "m", "rows": 3},
    )
    text_version = HiddenField()

    def validate_reason(self, field: Field) -> None:
        """Changes and a decline come with their reason."""
        if self.answer.data in {"return", "reject"} and not field.data:
            raise ValidationError("Write what they said: it is needed for changes or a decline")


@dataclass(frozen=True, slots=True)
class RecordAnswerView:
    """record_answer.html, with RecordAnswerForm."""

    person: str
    caption: str
    facts: tuple[Fact, ...]
    days: int
    post_to: str
    back: Link


@router.get("/approvals/{approval_id}/record", name="record_answer")
def show(visit: SignedIn, approval_id: str) -> Response:
    """Ask what was answered, how and when."""
    with visit.house.database.reading() as session:
        row = _row(session, visit, approval_id)
        return _page(session, visit, row, RecordAnswerForm(text_version=row.content_hash))


@router.post("/approvals/{approval_id}/record", name="record_answer_send")
def record(visit: SignedIn, posted: Post, approval_id: str) -> Response:
    """Record it: it counts at once; the person gets a receipt and may object."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    form = RecordAnswerForm(posted.data)
    with visit.house.database.reading() as session:
        row = _row(session, visit, approval_id)
        holder = _holder(row)
        if not form.validate() or not screened(session, form, ("reason", "when")):
            return _page(session, visit, row, form, status=422)

    def act(session: Session) -> Outcome:
        found = _row(session, visit, approval_id)
        if _holder(found) != holder:
            raise WrongMomentError("Somebody else is asked now. Open the question to see who.")
        approvals.record_on_behalf(
            session,
            found.id,
            person_id=holder,
            answer=Answer(str(form.answer.data)),
            reason=form.reason.data or None,
            content_hash=str(form.text_version.data or ""),
            how_told=_HOW[str(form.how.data)],
            when_told=str(form.when.data),
            recorded_by_id=viewer.id,
            by=viewer.actor,
            now=visit.now,
        )
        return Outcome("recorded-for", f"/cases/{found.reference}")

    try:
        outcome = once(visit, posted.form_id, viewer.id, act)
    except TextChangedError:
        form.refuse("answer", "The text has changed since. Ask them again about the text as it is now")
        return _again(visit, approval_id, form, 409)
    except InvalidInputError as error:
        refuse_all(form, error, names={"how_told": "how", "when_told": "when"}, otherwise="answer")
        return _again(visit, approval_id, form, 422)
    return visit.redirect(outcome.location)


def _again(visit: Visit, approval_id: str, form: RecordAnswerForm, status: int) -> Response:
    with visit.house.database.reading() as session:
        return _page(session, visit, _row(session, visit, approval_id), form, status=status)


def _row(session: Session, visit: Visit, approval_id: str) -> Approval:
    viewer = viewer_of(visit)
    row = doors.approval_for(session, viewer, approval_id, now=visit.now)
    doors.require(rights.acts_for(session, viewer.id, Office.SECRETARY, row.reference, now=visit.now))
    if row.kind is ApprovalKind.GROUP or row.holder_id == viewer.id:
        raise NotYoursError("There is no such page.")
    if row.status is not ApprovalStatus.OPEN:
        raise WrongMomentError("This question has been answered, or needs no answer any more.")
    return row


def _holder(row: Approval) -> int:
    if row.holder_id is None:
        raise WrongMomentError("Nobody is in line to answer this. Name somebody to the office first.")
    return row.holder_id


def _page(
    session: Session, visit: Visit, row: Approval, form: RecordAnswerForm, status: int = 200
) -> Response:
    people = people_showing.load(session, now=visit.now)
    view = RecordAnswerView(
        person=people.name(row.holder_id),
        caption=row.id,
        facts=(
            Fact("Question", row.question),
            clocks.answer_by(session, row.asked_at, row.due_on, now=visit.now),
        ),
        days=people.rules.commissioning.objection_working_days,
        post_to=f"/approvals/{row.id}/record",
        back=Link(row.reference, f"/cases/{row.reference}"),
    )
    return visit.page("record_answer.html", view, form=form, status=status, frame=visit.frame("approvals"))
