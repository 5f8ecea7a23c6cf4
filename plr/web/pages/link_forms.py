"""Forms a link alone opens until they are closed: the text again, and what came of it (decisions 41, 89)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.db.models import Case, Person, Task
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.documents import Change
from plr.domain.outputs import OutputKind
from plr.domain.words import OutputStatus, TaskKind, TaskStatus, Via
from plr.errors import InvalidInputError, LinkDeadError, NotFoundError, WrongMomentError
from plr.operations import access, cases, commissioning, directory, intake, links, outputs, rights
from plr.web.fields import PageForm
from plr.web.forms import CorrectionForm, ImpactForm
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, Posted, already, once, outcome_of, screened
from plr.web.pages.visits import SignedIn, Visit, VisitDep, viewer_of
from plr.web.parts import Fact, Link, Paper
from plr.web.showing import clocks, papers
from plr.web.showing import people as people_showing
from plr.web.views import LinkFormView, SentView

router = APIRouter()

_GONE = "This link no longer works. Sign in to see what needs you."
_CHANGES = {"yes": Change.CHANGED, "not_yet": Change.NOT_YET, "no": Change.NOTHING}


@dataclass(frozen=True, slots=True)
class Reached:
    """A task whose form was reached: by a link (nobody signed in) or signed in."""

    task_id: int
    kind: TaskKind
    reference: str
    person_id: int | None
    path: str
    by: Actor


def by_link(session: Session, visit: Visit, token: str) -> Reached:
    """Return the task a living link opens. Raises LinkDeadError for all others alike."""
    link = links.find(session, token, now=visit.now)
    kind, _, number = link.opens.partition(":")
    task = session.get(Task, int(number)) if kind == "task" and number.isdigit() else None
    if (
        task is None
        or task.status is not TaskStatus.OPEN
        or task.kind not in _FORMS
        or task.reference is None
    ):
        raise LinkDeadError(_GONE)
    if link.person_id is not None:
        person = access.active(session.get(Person, link.person_id), now=visit.now)
        if person is None or person.id in directory.interested(session, task.reference):
            raise LinkDeadError(_GONE)
    by = Actor(link.person_id, Via.FORM)
    return Reached(task.id, task.kind, task.reference, link.person_id, f"/f/{token}", by)


def signed_in(session: Session, visit: Visit, reference: str, kind: TaskKind, page: str) -> Reached:
    """Return the viewer's own task of a kind in a case."""
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    task = rights.open_task(session, viewer.id, case.reference, frozenset({kind}))
    if task is None:
        raise NotFoundError("There is no such task of yours.")
    return Reached(task.id, kind, case.reference, viewer.id, f"/cases/{case.reference}/{page}", viewer.actor)


@router.get("/f/{token}", name="form_link")
def show_by_link(visit: VisitDep, token: str) -> Response:
    """Show the form that a link opens."""
    with visit.house.database.reading() as session:
        reached = by_link(session, visit, token)
        return _show(session, visit, reached, _FORMS[reached.kind].make(None))


@router.post("/f/{token}", name="form_link_send")
def send_by_link(visit: VisitDep, posted: Post, token: str) -> Response:
    """Take what a link's form says."""
    second = already(visit, posted)
    if second is not None:
        return second
    with visit.house.database.reading() as session:
        reached = by_link(session, visit, token)
    return _send(visit, posted, reached)


@router.get("/f/{token}/sent", name="form_link_sent")
def sent_by_link(visit: VisitDep, token: str) -> Response:
    """Say that the form has arrived; its link has ended, so the form's own id opens this."""
    return _sent(visit, f"/f/{token}/sent", dead=LinkDeadError(_GONE))


@router.get("/cases/{reference}/correct", name="correct")
def show_correction(visit: SignedIn, reference: str) -> Response:
    """Show the form for the text again."""
    return _show_own(visit, reference, TaskKind.CORRECT, "correct")


@router.post("/cases/{reference}/correct", name="correct_send")
def send_correction(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Take the text again."""
    return _send_own(visit, posted, reference, TaskKind.CORRECT, "correct")


@router.get("/cases/{reference}/correct/sent", name="correct_sent")
def correction_sent(visit: SignedIn, reference: str) -> Response:
    """Say that the text has arrived."""
    return _sent(visit, f"/cases/{reference}/correct/sent", dead=NotFoundError("There is no such page."))


@router.get("/cases/{reference}/impact", name="impact")
def show_impact(visit: SignedIn, reference: str) -> Response:
    """Show the form for what came of it."""
    return _show_own(visit, reference, TaskKind.FOLLOW_UP, "impact")


@router.post("/cases/{reference}/impact", name="impact_send")
def send_impact(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Take what came of it."""
    return _send_own(visit, posted, reference, TaskKind.FOLLOW_UP, "impact")


@router.get("/cases/{reference}/impact/sent", name="impact_sent")
def impact_sent(visit: SignedIn, reference: str) -> Response:
    """Say that the note has arrived."""
    return _sent(visit, f"/cases/{reference}/impact/sent", dead=NotFoundError("There is no such page."))


def _show_own(visit: Visit, reference: str, kind: TaskKind, page: str) -> Response:
    with visit.house.database.reading() as session:
        reached = signed_in(session, visit, reference, kind, page)
        return _show(session, visit, reached, _FORMS[kind].make(None))


def _send_own(visit: Visit, posted: Posted, reference: str, kind: TaskKind, page: str) -> Response:
    second = already(visit, posted)
    if second is not None:
        return second
    with visit.house.database.reading() as session:
        reached = signed_in(session, visit, reference, kind, page)
    return _send(visit, posted, reached)


def _show(session: Session, visit: Visit, reached: Reached, form: PageForm, status: int = 200) -> Response:
    kind = _FORMS[reached.kind]
    case = cases.get(session, reached.reference)
    task = session.get_one(Task, reached.task_id)
    rule = rules_of(session).tasks[reached.kind]
    people = people_showing.load(session, now=visit.now)
    whom = "the person who told us" if reached.person_id is None else people.name(reached.person_id)
    facts = (
        clocks.answer_by(session, task.asked_at, task.due_on, now=visit.now),
        Fact("Why you", rule.why),
        Fact("If you do nothing", f"{clocks.capital(rule.if_nothing)}."),
    )
    view = LinkFormView(
        reference=case.reference,
        caption=f"{case.reference}, for {whom}",
        facts=facts,
        post_to=reached.path,
        asked_for=case.reason or "" if reached.kind is TaskKind.CORRECT else "",
        paper=kind.paper(session, visit, case),
    )
    own = visit.knows(reached.person_id)
    frame = visit.frame() if own else visit.link_frame()
    return visit.page(kind.template, view, form=form, status=status, frame=frame)


def _send(visit: Visit, posted: Posted, reached: Reached) -> Response:
    kind = _FORMS[reached.kind]
    form = kind.make(posted)
    with visit.house.database.reading() as session:
        if not form.validate() or not screened(session, form, kind.screened):
            return _show(session, visit, reached, form, status=422)

    def act(session: Session) -> Outcome:
        task = session.get(Task, reached.task_id)
        if task is None or task.status is not TaskStatus.OPEN:
            raise WrongMomentError("This has been done already. Nothing more is asked of you here.")
        kind.act(session, visit, reached, form)
        return Outcome(kind.template.removeprefix("links/").removesuffix(".html"), f"{reached.path}/sent")

    try:
        outcome = once(visit, posted.form_id, _sender(visit), act)
    except InvalidInputError as error:
        for problem in error.problems:
            form.refuse(kind.screened[0], f"{problem.field} {problem.problem} {problem.remedy}")
        with visit.house.database.reading() as session:
            return _show(session, visit, reached, form, status=422)
    return visit.redirect(outcome.location)


def _sender(visit: Visit) -> int | None:
    return None if visit.viewer is None else visit.viewer.id


def _sent(visit: Visit, path: str, *, dead: Exception) -> Response:
    with visit.house.database.reading() as session:
        outcome = outcome_of(session, visit.request.query_params.get("done", ""), _sender(visit))
    if outcome is None or not outcome.location.startswith(path) or outcome.code not in _SENT:
        raise dead
    heading, happens = _SENT[outcome.code]
    button = Link("My tasks", "/tasks") if visit.viewer else None
    frame = visit.frame() if visit.viewer else visit.link_frame()
    return visit.page(
        "links/sent.html", SentView(heading, visit.now, happens, button, "Thank you."), frame=frame
    )


_SENT = {
    "correction": (
        "We have your new text",
        (
            "One person reads it first, and nobody else until then.",
            "You hear from us if something should change.",
        ),
    ),
    "impact": ("We have your note", ("It is filed with the case, and the group can read it.",)),
}


# ---- the two forms


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of form: its page, its fields, the paper above them, and what it does."""

    template: str
    make: Callable[[Posted | None], PageForm]
    screened: tuple[str, ...]
    paper: Callable[[Session, Visit, Case], Paper | None]
    act: Callable[[Session, Visit, Reached, PageForm], None]


def _correction(posted: Posted | None) -> PageForm:
    return CorrectionForm(None if posted is None else posted.data)


def _impact(posted: Posted | None) -> PageForm:
    return ImpactForm(None if posted is None else posted.data)


def _no_paper(_session: Session, _visit: Visit, _case: Case) -> Paper | None:
    # A link alone shows no text: whoever forwards it must not show what was sent back.
    return None


def _issued(session: Session, visit: Visit, case: Case) -> Paper | None:
    if visit.viewer is None:
        return None
    for output in outputs.of_case(session, case.reference):
        wanted = output.kind == OutputKind.COMMISSIONING_REFLECTION.value
        if wanted and output.fields is not None and output.status is not OutputStatus.FAILED:
            blocks = papers.document_blocks(OutputKind(output.kind), output.fields, visit.house.templates)
            return Paper("What the group thought", blocks)
    return None


def _correct(session: Session, visit: Visit, reached: Reached, form: PageForm) -> None:
    before = cases.content_of(session, reached.reference)
    data = {**before, "narrative": str(form["narrative"].data)}
    content = intake.checked(session, data, now=visit.now)
    cases.correct(session, reached.reference, content, by=reached.by, now=visit.now)


def _record_impact(session: Session, visit: Visit, reached: Reached, form: PageForm) -> None:
    if reached.person_id is None:
        raise WrongMomentError("Only the person who was asked can answer.")
    commissioning.record_impact(
        session,
        reached.reference,
        person_id=reached.person_id,
        change=_CHANGES[str(form["changed"].data)],
        what_changed=form["what"].data or "",
        how_known=form["evidence"].data or "",
        by=reached.by,
        now=visit.now,
    )


_FORMS: dict[TaskKind, Kind] = {
    TaskKind.CORRECT: Kind("links/correction.html", _correction, ("narrative",), _no_paper, _correct),
    TaskKind.FOLLOW_UP: Kind("links/impact.html", _impact, ("what", "evidence"), _issued, _record_impact),
}
