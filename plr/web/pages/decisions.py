"""Page 3: reading a question and answering it, by a mailed link or signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Person
from plr.db.models import Link as LinkRecord
from plr.db.session import rules_of
from plr.domain.words import ApprovalKind, ApprovalStatus, Via
from plr.errors import (
    InvalidInputError,
    LinkDeadError,
    NotEligibleError,
    SignInError,
    TextChangedError,
    WrongMomentError,
)
from plr.operations import access, approvals, directory, links
from plr.web.forms import CodeForm, DecisionForm
from plr.web.pages import banners, deciding, doors, identifying
from plr.web.pages.posts import Post, Posted, already, known, once, refuse_all, screened
from plr.web.pages.visits import SignedIn, Visit, VisitDep, viewer_of
from plr.web.parts import Link
from plr.web.showing import decisions as showing
from plr.web.showing import people as people_showing
from plr.web.views import DecisionCodeView, DecisionRestrictedView, DecisionView

router = APIRouter()

_CARRIED = ("answer", "reason", "reflectors", "text_version")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was reached: which, of whom, from where its form is sent."""

    approval_id: str
    person_id: int
    path: str


# ---- by a mailed link


def find(session: Session, visit: Visit, token: str) -> Asked:
    """Return what a living link opens. Raises LinkDeadError for all others alike."""
    link = links.find(session, token, now=visit.now)
    row = session.get(Approval, link.opens.removeprefix("approval:"))
    dead = LinkDeadError("This link no longer works. Sign in to see what needs you.")
    if not link.opens.startswith("approval:") or row is None or link.person_id is None:
        raise dead
    person = access.active(session.get(Person, link.person_id), now=visit.now)
    if person is None or row.status is not ApprovalStatus.OPEN:
        raise dead
    if person.id in directory.interested(session, row.reference):
        raise dead
    return Asked(row.id, person.id, f"/a/{token}")


def link_row(session: Session, token: str) -> LinkRecord | None:
    """Return the row of a link, living or dead."""
    found = select(LinkRecord).where(LinkRecord.token_hash == links.token_hash(token))
    return session.scalars(found).one_or_none()


def _own_dead_link(session: Session, visit: Visit, token: str) -> str | None:
    """Return where the person signed in goes on whose own link has died."""
    link = link_row(session, token)
    if link is None or not visit.knows(link.person_id) or not link.opens.startswith("approval:"):
        return None
    return f"/approvals/{link.opens.removeprefix('approval:')}"


@router.get("/a/{token}", name="link")
def open_link(visit: VisitDep, token: str) -> Response:
    """Show the question; a restricted text only to the person it is for, identified."""
    with visit.house.database.reading() as session:
        try:
            asked = find(session, visit, token)
        except LinkDeadError:
            onward = _own_dead_link(session, visit, token)
            if onward is None:
                raise
            return visit.redirect(onward)
        return _show(session, visit, asked)


@router.post("/a/{token}", name="link_answer")
def answer_by_link(visit: VisitDep, posted: Post, token: str) -> Response:
    """Take an answer; from somebody not identified it travels to the code page first."""
    second = already(visit, posted)
    if second is not None:
        return second
    with visit.house.database.reading() as session:
        try:
            asked = find(session, visit, token)
        except LinkDeadError:
            onward = _own_dead_link(session, visit, token)
            if onward is None:
                raise
            asked = Asked(onward.removeprefix("/approvals/"), viewer_of(visit).id, onward)
        form = _filled(session, visit, asked, posted)
        if form.errors:
            return _show(session, visit, asked, form=form, status=422)
    if visit.knows(asked.person_id):
        return _take(visit, posted, asked, form)
    _send_code(visit, asked)
    return _code_page(visit, asked, CodeForm(), form)


@router.get("/a/{token}/code", name="link_code")
def back_to_link(visit: VisitDep, token: str) -> Response:
    """Begin again: the answer travels in the page, and this request has none."""
    return visit.redirect(f"/a/{token}")


@router.post("/a/{token}/code", name="link_code_send")
def take_code(visit: VisitDep, posted: Post, token: str) -> Response:
    """Identify the person asked, then record the answer that came along, or show the text."""
    with visit.house.database.reading() as session:
        try:
            asked = find(session, visit, token)
        except LinkDeadError:
            return _second_press(session, visit, posted, token)
        form = _filled(session, visit, asked, posted) if posted.text("answer") else None
        email = session.get_one(Person, asked.person_id).email
    if "code" not in posted.data:
        _send_code(visit, asked)
        return _code_page(visit, asked, CodeForm(), form)
    code = CodeForm(posted.data)
    if not code.validate():
        return _code_page(visit, asked, code, form, status=422)
    try:
        identifying.identify(visit, posted, code, email, Via.LINK)
    except SignInError as error:
        code.refuse("code", str(error))
        return _code_page(visit, asked, code, form, status=422)
    return _go_on(visit, posted, asked, form)


def _go_on(visit: Visit, posted: Posted, asked: Asked, form: DecisionForm | None) -> Response:
    """Once identified: record the answer that came along, or show the text."""
    if form is None:
        return visit.redirect(asked.path)
    if form.errors:
        with visit.house.database.reading() as session:
            return _show(session, visit, asked, form=form, status=422)
    return _take(visit, posted, asked, form)


def _second_press(session: Session, visit: Visit, posted: Posted, token: str) -> Response:
    """Answer a second press after the first has ended the link: the same result, to the same browser."""
    link = link_row(session, token)
    first = known(visit, posted)
    code = CodeForm(posted.data)
    person = None if link is None or link.person_id is None else session.get(Person, link.person_id)
    if first is None or person is None or not code.validate():
        raise LinkDeadError("This link no longer works. Sign in to see what needs you.")
    if not visit.knows(person.id):
        try:
            identifying.identify(visit, posted, code, person.email, Via.LINK)
        except SignInError:
            raise LinkDeadError("This link no longer works. Sign in to see what needs you.") from None
    return visit.redirect(first.location)


def _send_code(visit: Visit, asked: Asked) -> None:
    with visit.house.database.reading() as session:
        email = session.get_one(Person, asked.person_id).email
    identifying.ask_code(visit, email, f"approval:{asked.approval_id}")


def _code_page(
    visit: Visit, asked: Asked, code: CodeForm, form: DecisionForm | None, status: int = 200
) -> Response:
    with visit.house.database.reading() as session:
        row = approvals.get(session, asked.approval_id)
        person = session.get_one(Person, asked.person_id)
        minutes = rules_of(session).access.code_minutes
        chosen = None if form is None else form.answer.chosen
        view = DecisionCodeView(
            question=row.question,
            person=person.name,
            masked=identifying.masked(person.email),
            works_until=visit.now + timedelta(minutes=minutes),
            post_to=f"{asked.path}/code",
            again_to=asked.path if form is not None else f"{asked.path}/code",
            back=Link("Back to the question", asked.path),
            answer="" if chosen is None else chosen.text,
            reason="" if form is None else (form.reason.data or ""),
            carried=() if form is None else form.carried(_CARRIED),
        )
    return visit.page("decision_code.html", view, form=code, status=status, frame=visit.link_frame())


# ---- signed in


@router.get("/approvals/{approval_id}", name="approval")
def show(visit: SignedIn, approval_id: str) -> Response:
    """Show a question to who may answer it, else what became of it."""
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        row = doors.approval_for(session, viewer, approval_id, now=visit.now)
        if row.kind is ApprovalKind.GROUP:
            return visit.redirect(f"/cases/{row.reference}")
        try:
            approvals.may_answer(session, row, viewer.id, now=visit.now)
        except WrongMomentError as error:
            people = people_showing.load(session, now=visit.now)
            open_still = row.status is ApprovalStatus.OPEN
            view = showing.answered(
                session,
                row,
                people,
                sentence=str(error) if open_still else "",
                person_id=viewer.id,
                now=visit.now,
            )
            frame = visit.frame("approvals", banners.of(session, visit))
            return visit.page("decision_answered.html", view, frame=frame)
        return _show(session, visit, Asked(row.id, viewer.id, f"/approvals/{row.id}"))


@router.post("/approvals/{approval_id}", name="approval_answer")
def answer(visit: SignedIn, posted: Post, approval_id: str) -> Response:
    """Record the viewer's answer at once."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        row = doors.approval_for(session, viewer, approval_id, now=visit.now)
        asked = Asked(row.id, viewer.id, f"/approvals/{row.id}")
        form = _filled(session, visit, asked, posted)
        if form.errors:
            return _show(session, visit, asked, form=form, status=422)
    return _take(visit, posted, asked, form)


@router.get("/approvals/{approval_id}/done", name="approval_done")
def done(visit: SignedIn, approval_id: str) -> Response:
    """Show what the viewer's press did, or their answer that stands."""
    with visit.house.database.reading() as session:
        view = deciding.done_view(session, visit, approval_id)
    return visit.page("decision_done.html", view, frame=visit.frame("approvals"))


@router.post("/approvals/{approval_id}/take-back", name="approval_take_back")
def take_back(visit: SignedIn, posted: Post, approval_id: str) -> Response:
    """Take the viewer's answer back while it has not taken effect."""
    viewer = viewer_of(visit)
    outcome = once(
        visit,
        posted.form_id,
        viewer.id,
        lambda session: deciding.take_back(session, viewer.actor, approval_id, now=visit.now),
    )
    return visit.redirect(outcome.location)


@router.post("/approvals/{approval_id}/not-me", name="approval_not_me")
def not_me(visit: SignedIn, posted: Post, approval_id: str) -> Response:
    """Take it that the viewer did not give the answer that stands in their name."""
    viewer = viewer_of(visit)
    outcome = once(
        visit,
        posted.form_id,
        viewer.id,
        lambda session: deciding.not_me(session, viewer.actor, approval_id, now=visit.now),
    )
    return visit.redirect(outcome.location)


# ---- both


def _filled(session: Session, visit: Visit, asked: Asked, posted: Posted) -> DecisionForm:
    """Return the answer that was sent, validated and screened."""
    row = approvals.get(session, asked.approval_id)
    people = people_showing.load(session, now=visit.now)
    form = DecisionForm(posted.data)
    showing.offer(session, form, row, asked.person_id, people, now=visit.now)
    if form.validate():
        screened(session, form, ("reason",))
    return form


def _show(
    session: Session,
    visit: Visit,
    asked: Asked,
    *,
    form: DecisionForm | None = None,
    notice: str = "",
    status: int = 200,
) -> Response:
    row = approvals.get(session, asked.approval_id)
    people = people_showing.load(session, now=visit.now)
    identified = visit.knows(asked.person_id)
    restricted = showing.is_restricted(row, people)
    facts = showing.facts(session, row, asked.person_id, people, now=visit.now)
    if identified:
        facts += showing.told(session, row, asked.person_id)
    frame = visit.frame("approvals", banners.of(session, visit)) if identified else visit.link_frame()
    if restricted and not identified:
        closed = DecisionRestrictedView(
            heading=row.question,
            caption=showing.caption(row, people),
            facts=facts,
            code_to=f"{asked.path}/code",
            conflict_to=asked.path,
        )
        return visit.page("decision_restricted.html", closed, frame=frame, status=status)
    templates = visit.house.templates
    paper = showing.paper(session, row, templates=templates, now=visit.now)
    if form is None:
        form = DecisionForm(text_version=row.content_hash)
        showing.offer(session, form, row, asked.person_id, people, now=visit.now)
    elif notice:
        form.text_version.data = row.content_hash
    view = DecisionView(
        kind=row.kind.value,
        heading=row.question,
        caption=showing.caption(row, people),
        facts=facts,
        paper=paper,
        post_to=asked.path,
        identified=identified,
        noted=restricted,
        redline=showing.changes(session, row, paper, templates=templates, now=visit.now),
        notice=notice,
        back=Link("My tasks", "/tasks") if identified else None,
    )
    if restricted:
        doors.note_opening(visit, row.reference, f"approval:{row.id}", "asked")
    return visit.page("decision.html", view, form=form, status=status, frame=frame)


def _take(visit: Visit, posted: Posted, asked: Asked, form: DecisionForm) -> Response:
    """Record an identified person's answer, in one transaction."""
    viewer = viewer_of(visit)
    given = deciding.Given(
        approval_id=asked.approval_id,
        answer=str(form.answer.data),
        reason=form.reason.data or None,
        reflectors=tuple(int(number) for number in form.reflectors.data or () if number.isdigit()),
        content_hash=str(form.text_version.data or ""),
        mark=visit.browser_mark,
    )
    try:
        outcome = once(
            visit,
            posted.form_id,
            viewer.id,
            lambda session: deciding.act(session, given, viewer.actor, now=visit.now),
        )
    except InvalidInputError as error:
        refuse_all(form, error, names={}, otherwise="answer")
        with visit.house.database.reading() as session:
            return _show(session, visit, asked, form=form, status=422)
    except TextChangedError:
        return _changed(visit, asked, form)
    except (NotEligibleError, WrongMomentError) as error:
        return _too_late(visit, asked, str(error))
    return visit.redirect(outcome.location)


def _changed(visit: Visit, asked: Asked, form: DecisionForm) -> Response:
    """Show the text as it is now, with what the person had written kept (409)."""
    with visit.house.database.reading() as session:
        row = approvals.get(session, asked.approval_id)
        now_row = row if row.status is ApprovalStatus.OPEN else showing.newer(session, row)
        if now_row is None or now_row.holder_id != asked.person_id:
            return _answered(
                session, visit, row, "The text has changed. You are asked again when it is ready."
            )
        again = Asked(now_row.id, asked.person_id, f"/approvals/{now_row.id}")
        return _show(
            session, visit, again, form=form, notice="The text has changed. Please read it again.", status=409
        )


def _too_late(visit: Visit, asked: Asked, sentence: str) -> Response:
    with visit.house.database.reading() as session:
        return _answered(session, visit, approvals.get(session, asked.approval_id), sentence)


def _answered(session: Session, visit: Visit, row: Approval, sentence: str) -> Response:
    people = people_showing.load(session, now=visit.now)
    person_id = viewer_of(visit).id
    view = showing.answered(session, row, people, sentence=sentence, person_id=person_id, now=visit.now)
    return visit.page("decision_answered.html", view, status=409, frame=visit.frame("approvals"))
