"""A data breach: asked once more, then everything is hidden and a page helps through the first 72 hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Case, Notice
from plr.domain.wording import day_time
from plr.domain.words import TaskKind
from plr.operations import cases, checking
from plr.web.case_forms import BreachForm
from plr.web.case_views import BreachOpenView, BreachView
from plr.web.pages import rights
from plr.web.pages.posts import Outcome, Post, already, once, outcome_of, screened
from plr.web.pages.visits import SignedIn, Viewer, Visit, viewer_of
from plr.web.parts import Link
from plr.web.showing import people as people_showing
from plr.web.views import SentView

router = APIRouter()

_HOURS = timedelta(hours=72)


@router.get("/cases/{reference}/breach", name="breach")
def show(visit: SignedIn, reference: str) -> Response:
    """Ask once more."""
    with visit.house.database.reading() as session:
        case = _case(session, visit, reference)
    return _page(visit, case.reference, BreachForm())


@router.post("/cases/{reference}/breach", name="breach_send")
def hide(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Hide the case at once, and tell the two who must act."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    form = BreachForm(posted.data)
    with visit.house.database.reading() as session:
        case = _case(session, visit, reference)
        if not form.validate() or not screened(session, form, ("kind",)):
            return _page(visit, case.reference, form, status=422)

    def act(session: Session) -> Outcome:
        found = _case(session, visit, reference)
        _hide(session, found, viewer, now=visit.now)
        found.reason = str(form.kind.data)
        return Outcome("breach", f"/cases/{found.reference}/breach/done")

    return visit.redirect(once(visit, posted.form_id, viewer.id, act).location)


@router.get("/cases/{reference}/breach/done", name="breach_done")
def done(visit: SignedIn, reference: str) -> Response:
    """Thank whoever said so; those who act get the page that helps them."""
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        outcome = outcome_of(session, visit.request.query_params.get("done", ""), viewer.id)
        if outcome is None or not outcome.location.startswith(f"/cases/{reference}/breach/done"):
            case = rights.case_for(session, viewer, reference)
            return visit.redirect(f"/cases/{case.reference}")
        case = cases.get(session, reference)
        if rights.may_open(session, viewer, case):
            return visit.redirect(f"/cases/{case.reference}")
    happens = ("The text is hidden from everybody.", "The Chair and the data-protection lead are told now.")
    view = SentView(
        "It is hidden", visit.now, happens, Link("My tasks", "/tasks"), "Thank you for saying so."
    )
    return visit.page("links/sent.html", view, frame=visit.frame("cases"))


def show_open(session: Session, visit: Visit, case: Case) -> Response:
    """Show the page that helps the Chair and the data-protection lead."""
    found_at = case.closed_at or visit.now
    people = people_showing.load(session, now=visit.now)
    statement = select(Notice).where(Notice.reference == case.reference, Notice.code == "N62")
    told = tuple(
        f"{people.titled(notice.person_id)} was told: letter of {day_time(notice.created_at)}."
        for notice in session.scalars(statement.order_by(Notice.created_at, Notice.id))
    )
    said = (f"What was seen, in the words of who saw it: {case.reason}.",) if case.reason else ()
    view = BreachOpenView(
        reference=case.reference,
        found_at=found_at,
        report_until=found_at + _HOURS,
        told=("The case and its text are hidden from everybody else.", *told, *said),
        button=Link("My tasks", "/tasks"),
    )
    rights.note_opening(visit, case.reference, "breach", "looks after it")
    return visit.page("breach_open.html", view, frame=visit.frame("cases"))


def _hide(session: Session, case: Case, viewer: Viewer, *, now: datetime) -> None:
    by = viewer.actor
    if rights.open_task(session, viewer.id, case.reference, frozenset({TaskKind.CHECK})) is None:
        cases.breach(session, case.reference, by=by, now=now)
        return
    checking.record(
        session,
        case.reference,
        person_id=viewer.id,
        answer="breach",
        ticks=(),
        reason=None,
        by=by,
        now=now,
    )


def _case(session: Session, visit: Visit, reference: str) -> Case:
    case = rights.case_for(session, viewer_of(visit), reference)
    rights.require(rights.may_report_breach(case))
    return case


def _page(visit: Visit, reference: str, form: BreachForm, status: int = 200) -> Response:
    to = f"/cases/{reference}"
    view = BreachView(reference, Link(reference, to), f"{to}/breach")
    return visit.page("breach.html", view, form=form, status=status, frame=visit.frame("cases"))
