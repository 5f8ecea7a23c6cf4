"""Page 1: signing in with a code, and signing out."""

from __future__ import annotations

import re
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.domain.words import Via
from plr.errors import SignInError
from plr.operations import access
from plr.web.forms import CodeForm, SignInForm
from plr.web.pages import identifying
from plr.web.pages.posts import Post
from plr.web.pages.visits import Visit, VisitDep
from plr.web.views import SignInCodeView, SignInView

router = APIRouter()

_RECORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,130}")
# Routes that sign-in may lead on to: the name, then the record if it has one (reliability T7).
_NEXT = {
    "tasks": "/tasks",
    "tasks_done": "/tasks/done",
    "cases": "/cases",
    "case": "/cases/{}",
    "check": "/cases/{}/check",
    "agree": "/cases/{}/agree",
    "reflect": "/cases/{}/reflect",
    "reassign": "/cases/{}/reassign",
    "position": "/cases/{}/position",
    "correct": "/cases/{}/correct",
    "impact": "/cases/{}/impact",
    "approval": "/approvals/{}",
    "approval_done": "/approvals/{}/done",
    "record_answer": "/approvals/{}/record",
    "output": "/outputs/{}",
}


def next_page(asked: str) -> str:
    """Return the path of the route that was asked for; My tasks for what is none of ours."""
    name, _, record = asked.partition("/")
    path = _NEXT.get(name, "/tasks")
    if "{}" not in path:
        return path
    return path.format(record) if _RECORD.fullmatch(record) else "/tasks"


@router.get("/", name="home")
def home(visit: VisitDep) -> Response:
    """Lead to My tasks, or to sign in."""
    return visit.redirect("/tasks" if visit.viewer else "/sign-in")


@router.get("/sign-in", name="sign_in")
def show(visit: VisitDep) -> Response:
    """Ask for the address."""
    form = SignInForm(next=visit.request.query_params.get("next", "")[:150])
    return visit.page("sign_in.html", SignInView(), form=form, frame=visit.link_frame())


@router.post("/sign-in", name="sign_in_send")
def send_code(visit: VisitDep, posted: Post) -> Response:
    """Send a code, and answer the same to known and unknown addresses (reliability T16)."""
    form = SignInForm(posted.data)
    if not form.validate():
        return visit.page("sign_in.html", SignInView(), form=form, status=422, frame=visit.link_frame())
    identifying.ask_code(visit, str(form.email.data), "sign-in")
    return _code_page(visit, form, CodeForm())


@router.get("/sign-in/code", name="sign_in_code")
def code_page(visit: VisitDep) -> Response:
    """Begin again: the address travels in the page, and this request has none."""
    return visit.redirect("/sign-in")


@router.post("/sign-in/code", name="sign_in_code_send")
def take_code(visit: VisitDep, posted: Post) -> Response:
    """Sign in whoever typed the right code."""
    address = SignInForm(posted.data)
    form = CodeForm(posted.data)
    if not address.validate():
        return visit.page("sign_in.html", SignInView(), form=address, status=422, frame=visit.link_frame())
    if not form.validate():
        return _code_page(visit, address, form, status=422)
    try:
        identifying.identify(visit, posted, form, str(address.email.data), Via.SESSION)
    except SignInError as error:
        form.refuse("code", str(error))
        return _code_page(visit, address, form, status=422)
    return visit.redirect(next_page(str(address.next.data or "")))


def _code_page(visit: Visit, address: SignInForm, form: CodeForm, status: int = 200) -> Response:
    minutes = visit.house.database.rules.access.code_minutes
    view = SignInCodeView(
        address=str(address.email.data),
        works_until=visit.now + timedelta(minutes=minutes),
        carried=address.carried(("email", "next")),
    )
    return visit.page("sign_in_code.html", view, form=form, status=status, frame=visit.link_frame())


@router.post("/sign-out", name="sign_out")
def sign_out(visit: VisitDep, _posted: Post) -> Response:
    """End the session here, and forget the browser: whoever comes next is a stranger."""
    _end(visit)
    visit.forget()
    response = visit.redirect("/sign-in")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _end(visit: Visit) -> None:
    token = visit.session_token

    def operation(session: Session) -> None:
        access.end_session(session, token, now=visit.now)

    if token:
        visit.house.database.run(operation)
