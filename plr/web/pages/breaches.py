"""A data breach: asked once more, then everything is hidden and a page helps through the first 72 hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import AccessEntry, Case, Notice, Position, Reflection, Submission
from plr.domain.outputs import Classification, root_of
from plr.domain.wording import day_time, plural
from plr.domain.words import TaskKind
from plr.operations import breaches, cases, checking, outputs, rights, tasks
from plr.web.case_forms import BreachForm
from plr.web.case_views import BreachClearView, BreachOpenView, BreachView
from plr.web.pages import banners, doors
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
            case = doors.case_for(session, viewer, reference, now=visit.now)
            return visit.redirect(f"/cases/{case.reference}")
        case = cases.get(session, reference)
        if rights.may_open(session, viewer.id, case, now=visit.now):
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
    clears = _clears(session, viewer_of(visit), case)
    open_still = tasks.open_tasks(session, case.reference, TaskKind.CLEAR_BREACH)
    cleared = () if open_still else ("Every text we held is deleted.",)
    view = BreachOpenView(
        reference=case.reference,
        found_at=found_at,
        report_until=found_at + _HOURS,
        told=("The case and its text are hidden from everybody else.", *told, *said, *cleared),
        button=Link("My tasks", "/tasks"),
        files=_files(session, case.reference),
        letters=_letters(session, case.reference, people),
        readers=_readers(session, case.reference, people),
        clear_to=f"/cases/{case.reference}/breach/clear" if clears else "",
    )
    doors.note_opening(visit, case.reference, "breach", "looks after it")
    frame = visit.frame("cases", banners.of(session, visit))
    return visit.page("breach_open.html", view, frame=frame)


@router.get("/cases/{reference}/breach/clear", name="breach_clear")
def show_clear(visit: SignedIn, reference: str) -> Response:
    """Ask once more before every text is deleted."""
    with visit.house.database.reading() as session:
        case = _to_clear(session, visit, reference)
        found_at = case.closed_at or visit.now
        texts = plural(_held(session, case.reference), "text")
        to = f"/cases/{case.reference}"
        view = BreachClearView(
            reference=case.reference,
            report_until=found_at + _HOURS,
            happens=(
                f"{texts} of our records: what was submitted, each reflection, each draft",
                "the reasons, questions and answers that people wrote about it",
            ),
            stays=(
                "the reference, the days, and who did what",
                "the files in shared storage, until somebody deletes them there",
            ),
            files=_files(session, case.reference),
            back=Link(case.reference, to),
            post_to=f"{to}/breach/clear",
        )
    return visit.page("breach_clear.html", view, frame=visit.frame("cases"))


@router.post("/cases/{reference}/breach/clear", name="breach_clear_send")
def clear(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Delete every text of the case that we hold."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)

    def act(session: Session) -> Outcome:
        case = _to_clear(session, visit, reference)
        breaches.clear(session, case.reference, person_id=viewer.id, by=viewer.actor, now=visit.now)
        return Outcome("cleared", f"/cases/{case.reference}")

    return visit.redirect(once(visit, posted.form_id, viewer.id, act).location)


def _to_clear(session: Session, visit: Visit, reference: str) -> Case:
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    doors.require(_clears(session, viewer, case))
    return case


def _clears(session: Session, viewer: Viewer, case: Case) -> bool:
    kinds = frozenset({TaskKind.CLEAR_BREACH})
    return rights.open_task(session, viewer.id, case.reference, kinds) is not None


def _held(session: Session, reference: str) -> int:
    """Return how many records of a case hold a text."""
    return sum(
        session.scalar(select(func.count()).select_from(kind).filter_by(reference=reference)) or 0
        for kind in (Submission, Reflection, Position)
    )


def _files(session: Session, reference: str) -> tuple[str, ...]:
    return tuple(
        f"{root_of(Classification(output.classification)).value}: {output.folder.rstrip('/')}/{output.name}"
        for output in outputs.of_case(session, reference)
    )


def _letters(session: Session, reference: str, people: people_showing.People) -> tuple[str, ...]:
    statement = select(Notice).where(Notice.reference == reference, Notice.code != "N62")
    return tuple(
        f"{people.name(notice.person_id) if notice.person_id else 'The person who told us'}: letter "
        f"{notice.code}, {notice.status.value}, {day_time(notice.sent_at or notice.created_at)}"
        for notice in session.scalars(statement.order_by(Notice.created_at, Notice.id))
    )


def _readers(session: Session, reference: str, people: people_showing.People) -> tuple[str, ...]:
    statement = select(AccessEntry).where(AccessEntry.reference == reference, AccessEntry.what != "breach")
    first: dict[int, datetime] = {}
    for entry in session.scalars(statement.order_by(AccessEntry.at, AccessEntry.id)):
        first.setdefault(entry.person_id, entry.at)
    return tuple(f"{people.titled(number)}, first on {day_time(at)}" for number, at in first.items())


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
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    doors.require(rights.may(session, viewer.id, rights.Act.BREACH, case, now=visit.now))
    return case


def _page(visit: Visit, reference: str, form: BreachForm, status: int = 200) -> Response:
    to = f"/cases/{reference}"
    view = BreachView(reference, Link(reference, to), f"{to}/breach")
    return visit.page("breach.html", view, form=form, status=status, frame=visit.frame("cases"))
