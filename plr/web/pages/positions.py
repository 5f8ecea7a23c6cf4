"""The draft position, written from the reflections and put to the group, in two steps (decisions 89)."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Agreement, AnswerRecord, Approval, Case, Task
from plr.domain.words import Answer, PositionValue, TaskKind
from plr.errors import InvalidInputError, NotFoundError, NotYoursError
from plr.operations import cases, positions, rights
from plr.operations.positions import PositionText
from plr.web.case_forms import PositionForm
from plr.web.case_views import CheckPageView, PositionView
from plr.web.pages import doors, reflections
from plr.web.pages.posts import Outcome, Post, Posted, already, once, refuse_all, screened, tried
from plr.web.pages.sentences import points_of
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Fact, Link, Option, Paper
from plr.web.showing import clocks, papers
from plr.web.showing import people as people_showing

router = APIRouter()

_NAMES = {"value": "position"}


@router.get("/cases/{reference}/position", name="position")
def show(visit: SignedIn, reference: str) -> Response:
    """Show the reflections to the writer, and the draft to be changed."""
    with visit.house.database.reading() as session:
        case, task = _task(session, visit, reference)
        return _page(session, visit, case, task, _form(session, visit, case, None))


@router.post("/cases/{reference}/position", name="position_check")
def check(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Show the paper as the group will read it."""
    with visit.house.database.reading() as session:
        case, task = _task(session, visit, reference)
        form = _form(session, visit, case, posted)
        if not form.validate() or not screened(session, form, ("points", "dissent")):
            return _page(session, visit, case, task, form, status=422)
    try:
        tried(visit, lambda session: _write(session, visit, reference, form))
    except InvalidInputError as error:
        return _again(visit, reference, form, error)
    with visit.house.database.reading() as session:
        case, _ = _task(session, visit, reference)
        text = _text(form)
        blocks = papers.text_blocks(session, text)
        to = f"/cases/{case.reference}/position"
        view = CheckPageView(
            case.reference,
            Link("Change the words", to),
            Paper("Draft position", blocks),
            f"{to}/check",
            form.carried(),
        )
        return visit.page("position_check.html", view, frame=visit.frame("cases"))


@router.get("/cases/{reference}/position/check", name="position_check_again")
def again(visit: SignedIn, reference: str) -> Response:
    """Begin again: what was typed travels in the page, and this request has none."""
    return visit.redirect(f"/cases/{reference}/position")


@router.post("/cases/{reference}/position/check", name="position_write")
def write(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Put the draft to the group."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        case, task = _task(session, visit, reference)
        revision = task.kind is TaskKind.REVISE_POSITION
        form = _form(session, visit, case, posted)
        if not form.validate() or not screened(session, form, ("points", "dissent")):
            return _page(session, visit, case, task, form, status=422)

    def act(session: Session) -> Outcome:
        _write(session, visit, reference, form)
        return Outcome("revised" if revision else "written", f"/cases/{reference}")

    try:
        outcome = once(visit, posted.form_id, viewer.id, act)
    except InvalidInputError as error:
        return _again(visit, reference, form, error)
    return visit.redirect(outcome.location)


def _again(visit: Visit, reference: str, form: PositionForm, error: InvalidInputError) -> Response:
    refuse_all(form, error, names=_NAMES, otherwise="points")
    with visit.house.database.reading() as session:
        case, task = _task(session, visit, reference)
        return _page(session, visit, case, task, form, status=422)


def _task(session: Session, visit: Visit, reference: str) -> tuple[Case, Task]:
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    task = rights.open_task(session, viewer.id, case.reference, rights.WRITING)
    if task is None:
        raise NotYoursError("There is no such page.")
    return case, task


def _form(session: Session, visit: Visit, case: Case, posted: Posted | None) -> PositionForm:
    before = positions.latest(session, case.reference)
    if posted is not None:
        form = PositionForm(posted.data)
    elif before is not None:
        form = PositionForm(
            position=before.value.value,
            points="\n".join(before.points),
            dissent=before.dissent or "",
            themes=list(before.themes),
            elsewhere=[
                *(["learning"] if before.for_learning else []),
                *(["panel"] if before.for_panel else []),
            ],
        )
    else:
        form = PositionForm(themes=_submitted_themes(session, case))
    codes = people_showing.load(session, now=visit.now).rules.codes
    form.themes.offer(
        [Option(code.code, code.label) for code in codes.lawful("themes", case.nation, visit.today)]
    )
    return form


def _submitted_themes(session: Session, case: Case) -> list[str]:
    try:
        return list(cases.content_of(session, case.reference).get("themes", ()))
    except NotFoundError:
        return []


def _text(form: PositionForm) -> PositionText:
    return PositionText(
        PositionValue(str(form.position.data)),
        points_of(form.points.data),
        tuple(form.themes.data or ()),
        form.dissent.data or None,
        for_learning="learning" in (form.elsewhere.data or ()),
        for_panel="panel" in (form.elsewhere.data or ()),
    )


def _write(session: Session, visit: Visit, reference: str, form: PositionForm) -> None:
    viewer = viewer_of(visit)
    _task(session, visit, reference)
    positions.write(session, reference, _text(form), person_id=viewer.id, by=viewer.actor, now=visit.now)


def _page(
    session: Session, visit: Visit, case: Case, task: Task, form: PositionForm, status: int = 200
) -> Response:
    rule = people_showing.load(session, now=visit.now).rules.tasks[task.kind]
    to = f"/cases/{case.reference}"
    view = PositionView(
        reference=case.reference,
        facts=(
            clocks.answer_by(session, task.asked_at, task.due_on, now=visit.now),
            Fact("Why you", rule.why),
            Fact("If you do nothing", f"{clocks.capital(rule.if_nothing)}."),
        ),
        reflections=reflections.papers_of(session, visit, case),
        post_to=f"{to}/position",
        back=Link(case.reference, to),
        asked_for=_asked_for(session, case),
    )
    doors.note_opening(visit, case.reference, f"task:{task.id}", "writes the position")
    return visit.page("position.html", view, form=form, status=status, frame=visit.frame("cases"))


def _asked_for(session: Session, case: Case) -> str:
    """Return the words that sent the draft back: of the Chair or of the group, whichever came last."""
    if positions.latest(session, case.reference) is None:
        return ""
    answer = session.scalars(
        select(AnswerRecord)
        .join(Approval, Approval.id == AnswerRecord.approval_id)
        .where(Approval.reference == case.reference, Approval.subject == "position")
        .where(AnswerRecord.answer == Answer.RETURN, AnswerRecord.voided_at.is_(None))
        .order_by(AnswerRecord.id.desc())
        .limit(1)
    ).one_or_none()
    meeting = session.scalars(
        select(Agreement)
        .filter_by(reference=case.reference, answer=Answer.RETURN.value)
        .order_by(Agreement.id.desc())
        .limit(1)
    ).one_or_none()
    found = [
        *([] if answer is None else [(answer.answered_at, answer.reason)]),
        *([] if meeting is None else [(meeting.recorded_at, meeting.reason)]),
    ]
    return (max(found, key=lambda told: told[0])[1] or "") if found else ""
