"""Receipts (N07): "this was not me", and objections to what was recorded on behalf or of a meeting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.db.models import Agreement, AnswerRecord, Person
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.london import london_day
from plr.domain.wording import day, day_time
from plr.domain.words import Via
from plr.errors import InvalidInputError, LinkDeadError, NotFoundError, SignInError
from plr.operations import access, agreements, approvals, directory, links
from plr.web.forms import CodeForm, ReasonForm
from plr.web.pages import identifying
from plr.web.pages.posts import Outcome, Post, Posted, already, once, outcome_of, refuse_all, screened
from plr.web.pages.visits import SignedIn, Visit, VisitDep, viewer_of
from plr.web.parts import Carried, Link
from plr.web.showing import decisions as showing
from plr.web.views import ConfirmView, DecisionCodeView, SentView

router = APIRouter()

_GONE = "This link no longer works. Sign in to see what needs you."
Act = Callable[[Session, Actor, str], None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt's link opens, in words, and what its form does."""

    person_id: int
    heading: str
    lead: str
    happens: tuple[str, ...]
    button: str
    reason_asked: bool
    act: Act
    sent: str


def find(session: Session, visit: Visit, token: str) -> Receipt:
    """Return what a living receipt link opens. Raises LinkDeadError for all others alike."""
    link = links.find(session, token, now=visit.now)
    kind, _, number = link.opens.partition(":")
    person = None if link.person_id is None else session.get(Person, link.person_id)
    if access.active(person, now=visit.now) is None or person is None or not number.isdigit():
        raise LinkDeadError(_GONE)
    if kind == "receipt":
        return _of_answer(session, int(number), person.id, now=visit.now)
    if kind == "agreement":
        return _of_agreement(session, int(number), person.id, now=visit.now)
    raise LinkDeadError(_GONE)


def _of_answer(session: Session, answer_id: int, person_id: int, *, now: datetime) -> Receipt:
    given = session.get(AnswerRecord, answer_id)
    if given is None or given.person_id != person_id or given.voided_at is not None:
        raise LinkDeadError(_GONE)
    row = approvals.get(session, given.approval_id)
    if person_id in directory.interested(session, row.reference):
        raise LinkDeadError(_GONE)
    words = showing.WORDS[given.answer]
    lead = f"{row.question} “{words}” was recorded in your name on {day_time(given.answered_at)}."
    if given.recorded_by_id is None:
        return Receipt(
            person_id,
            "Did you give this answer?",
            f"{lead} If it was you, there is nothing to do. If it was not you:",
            ("the answer counts no more", "you are asked again", "the secretary looks into it"),
            "This was not me",
            reason_asked=False,
            act=lambda s, by, _reason: approvals.not_me(s, answer_id, person_id=person_id, by=by, now=now),
            sent="That answer counts no more",
        )
    recorder = session.get_one(Person, given.recorded_by_id).name
    until = given.object_until_on
    if until is None or london_day(now) > until:
        raise LinkDeadError(_GONE)
    return Receipt(
        person_id,
        "Is this what you answered?",
        f"{lead} {recorder} recorded it: {given.how_told}, {given.when_told}. If it is right, there is "
        f"nothing to do. If you object, until {day(until)}:",
        ("the answer counts no more", "the question is open again", "the Chair and the secretary are told"),
        "I object",
        reason_asked=True,
        act=lambda s, by, reason: _objected(s, answer_id, person_id, by, reason, now=now),
        sent="We have your objection",
    )


def _objected(
    session: Session, answer_id: int, person_id: int, by: Actor, reason: str, *, now: datetime
) -> None:
    approvals.object_to(session, answer_id, person_id=person_id, reason=reason, by=by, now=now)


def _of_agreement(session: Session, agreement_id: int, person_id: int, *, now: datetime) -> Receipt:
    found = session.get(Agreement, agreement_id)
    if found is None or found.objected_at is not None:
        raise LinkDeadError(_GONE)
    if person_id in directory.interested(session, found.reference):
        raise LinkDeadError(_GONE)
    rules = rules_of(session)
    recorded_on = london_day(found.recorded_at)
    until = rules.calendar.add_working_days(recorded_on, rules.commissioning.objection_working_days)
    if london_day(now) > until:
        raise LinkDeadError(_GONE)
    recorder = session.get_one(Person, found.recorded_by_id).name
    return Receipt(
        person_id,
        f"Is this what the group agreed on {found.reference}?",
        f"{recorder} recorded it of the meeting {found.meeting} on {day(found.meeting_on)}, minute "
        f"{found.minute}, with {found.present} members present. If it is right, there is nothing to do. If "
        f"you object, until {day(until)}:",
        (
            "what was recorded counts no more",
            "the group is asked again",
            "a document that was issued is marked",
        ),
        "I object",
        reason_asked=True,
        act=lambda s, by, reason: agreements.object_to(
            s, agreement_id, person_id=person_id, reason=reason, by=by, now=now
        ),
        sent="We have your objection",
    )


@router.get("/r/{token}", name="receipt")
def show(visit: VisitDep, token: str) -> Response:
    """Show what was recorded, and how to say that it is wrong."""
    with visit.house.database.reading() as session:
        receipt = find(session, visit, token)
    return _page(visit, receipt, token, ReasonForm())


@router.post("/r/{token}", name="receipt_object")
def object_to(visit: VisitDep, posted: Post, token: str) -> Response:
    """Take the objection; from somebody not identified it travels to the code page first."""
    second = already(visit, posted)
    if second is not None:
        return second
    receipt, form = _read(visit, posted, token)
    if form.errors:
        return _page(visit, receipt, token, form, status=422)
    if visit.knows(receipt.person_id):
        return _take(visit, posted, receipt, token, form)
    _send_code(visit, receipt, token)
    return _code_page(visit, receipt, token, CodeForm(), form)


@router.get("/r/{token}/code", name="receipt_code")
def back_to_receipt(visit: VisitDep, token: str) -> Response:
    """Begin again: the objection travels in the page, and this request has none."""
    return visit.redirect(f"/r/{token}")


@router.post("/r/{token}/code", name="receipt_code_send")
def take_code(visit: VisitDep, posted: Post, token: str) -> Response:
    """Identify the person, then take the objection that came along."""
    second = already(visit, posted)
    if second is not None:
        return second
    receipt, form = _read(visit, posted, token)
    code = CodeForm(posted.data)
    if not code.validate():
        return _code_page(visit, receipt, token, code, form, status=422)
    try:
        identifying.identify(visit, posted, code, _email(visit, receipt), Via.LINK)
    except SignInError as error:
        code.refuse("code", str(error))
        return _code_page(visit, receipt, token, code, form, status=422)
    if form.errors:
        return _page(visit, receipt, token, form, status=422)
    return _take(visit, posted, receipt, token, form)


@router.get("/r/{token}/sent", name="receipt_sent")
def sent(visit: SignedIn, token: str) -> Response:
    """Say that the objection is recorded."""
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        outcome = outcome_of(session, visit.request.query_params.get("done", ""), viewer.id)
    if outcome is None or outcome.code != "objected" or not outcome.location.startswith(f"/r/{token}/sent"):
        raise NotFoundError("There is no such page.")
    happens = ("The secretary is told now.", "If the question is open again, you are asked again.")
    return visit.page("links/sent.html", SentView("It is recorded", visit.now, happens, showing.TASKS))


def _read(visit: Visit, posted: Posted, token: str) -> tuple[Receipt, ReasonForm]:
    with visit.house.database.reading() as session:
        receipt = find(session, visit, token)
        form = ReasonForm(posted.data)
        if receipt.reason_asked and form.validate():
            screened(session, form, ("reason",))
    return receipt, form


def _take(visit: Visit, posted: Posted, receipt: Receipt, token: str, form: ReasonForm) -> Response:
    viewer = viewer_of(visit)
    reason = form.reason.data or ""

    def act(session: Session) -> Outcome:
        receipt.act(session, viewer.actor, reason)
        return Outcome("objected", f"/r/{token}/sent")

    try:
        outcome = once(visit, posted.form_id, viewer.id, act)
    except InvalidInputError as error:
        refuse_all(form, error, names={}, otherwise="reason")
        return _page(visit, receipt, token, form, status=422)
    return visit.redirect(outcome.location)


def _page(visit: Visit, receipt: Receipt, token: str, form: ReasonForm, status: int = 200) -> Response:
    home = Link("My tasks", "/tasks")
    view = ConfirmView(
        heading=receipt.heading,
        lead=receipt.lead,
        happens=receipt.happens,
        button=receipt.button,
        post_to=f"/r/{token}",
        back=home,
        keep=Link("It is right", "/tasks"),
        reason_asked=receipt.reason_asked,
    )
    frame = visit.frame() if visit.knows(receipt.person_id) else visit.link_frame()
    return visit.page("confirm.html", view, form=form, status=status, frame=frame)


def _email(visit: Visit, receipt: Receipt) -> str:
    with visit.house.database.reading() as session:
        return session.get_one(Person, receipt.person_id).email


def _send_code(visit: Visit, receipt: Receipt, token: str) -> None:
    identifying.ask_code(visit, _email(visit, receipt), f"receipt:{links.token_hash(token)[:16]}")


def _code_page(
    visit: Visit, receipt: Receipt, token: str, code: CodeForm, form: ReasonForm, status: int = 200
) -> Response:
    with visit.house.database.reading() as session:
        person = session.get_one(Person, receipt.person_id)
        minutes = rules_of(session).access.code_minutes
        view = DecisionCodeView(
            question=receipt.heading,
            person=person.name,
            masked=identifying.masked(person.email),
            works_until=visit.now + timedelta(minutes=minutes),
            post_to=f"/r/{token}/code",
            again_to=f"/r/{token}",
            back=Link("Back", f"/r/{token}"),
            answer=receipt.button,
            reason=form.reason.data or "",
            carried=(Carried("reason", form.reason.data or ""),),
        )
    return visit.page("decision_code.html", view, form=code, status=status, frame=visit.link_frame())
