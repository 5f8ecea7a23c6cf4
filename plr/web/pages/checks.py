"""Page 4d: the check for identifiers, by the one person who is asked to read a text first."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.db.models import Case, Task
from plr.domain.words import TaskKind
from plr.errors import NotYoursError
from plr.operations import cases, checking, rights
from plr.web.case_forms import CheckForm
from plr.web.case_views import CheckView
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, already, once, screened
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Fact
from plr.web.showing import clocks, papers
from plr.web.showing import people as people_showing

router = APIRouter()

_KIND = frozenset({TaskKind.CHECK})


@router.get("/cases/{reference}/check", name="check")
def show(visit: SignedIn, reference: str) -> Response:
    """Show the text to its checker."""
    with visit.house.database.reading() as session:
        case, task = _task(session, visit, reference)
        return _page(session, visit, case, task, CheckForm())


@router.post("/cases/{reference}/check", name="check_send")
def take(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Take the checker's answer; a breach is asked once more on its own page."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    form = CheckForm(posted.data)
    with visit.house.database.reading() as session:
        case, task = _task(session, visit, reference)
        if not form.validate() or not screened(session, form, ("what",)):
            return _page(session, visit, case, task, form, status=422)
    if form.answer.data == "breach":
        return visit.redirect(f"/cases/{case.reference}/breach")

    def act(session: Session) -> Outcome:
        clean = form.answer.data == "clear"
        checking.record(
            session,
            reference,
            person_id=viewer.id,
            answer="clean" if clean else "return",
            ticks=checking.TICKS if clean else (),
            reason=form.what.data or None,
            by=viewer.actor,
            now=visit.now,
        )
        return Outcome("checked", "/tasks")

    return visit.redirect(once(visit, posted.form_id, viewer.id, act).location)


def _task(session: Session, visit: Visit, reference: str) -> tuple[Case, Task]:
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    task = rights.open_task(session, viewer.id, case.reference, _KIND)
    if task is None:
        raise NotYoursError("There is no such page.")
    return case, task


def _page(
    session: Session, visit: Visit, case: Case, task: Task, form: CheckForm, status: int = 200
) -> Response:
    content = cases.content_of(session, case.reference)
    people = people_showing.load(session, now=visit.now)
    rule = people.rules.tasks[TaskKind.CHECK]
    text = str(content.get("narrative", ""))
    narrative = (
        papers.narrative_paper(text)
        if text
        else papers.review_paper(
            session, case, content, narrative=True, templates=visit.house.templates, now=visit.now
        )
    )
    view = CheckView(
        reference=case.reference,
        facts=(
            clocks.answer_by(session, task.asked_at, task.due_on, now=visit.now),
            Fact("Why you", rule.why),
            Fact("If you do nothing", f"{clocks.capital(rule.if_nothing)}."),
        ),
        paper=narrative,
        post_to=f"/cases/{case.reference}/check",
    )
    doors.note_opening(visit, case.reference, f"task:{task.id}", "checks it")
    return visit.page("check.html", view, form=form, status=status, frame=visit.frame("tasks"))
