"""Single reflections: given, recorded for somebody, asked of somebody else, read by the few who may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.db.models import Case, Reflection, Task
from plr.domain.documents import POSITION_WORDS
from plr.domain.wording import day, listed
from plr.domain.words import Office, PositionValue, TaskKind
from plr.errors import InvalidInputError, NotYoursError, WrongMomentError
from plr.operations import cases, reflections, rights, tasks
from plr.web.case_forms import CONFLICT, ReassignForm, ReflectForm
from plr.web.case_views import ReassignView, ReflectView
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, Posted, already, once, refuse_all, screened
from plr.web.pages.sentences import points_of
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Block, Fact, Link, Option, Paper
from plr.web.showing import cases as case_showing
from plr.web.showing import clocks, papers
from plr.web.showing import people as people_showing

router = APIRouter()

_HOW = {"telephone": "by telephone", "person": "in person", "letter": "by letter or e-mail"}
ALL = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose reflection the page is about, and whether the secretary records it."""

    row: Reflection
    for_person: bool


@dataclass(frozen=True, slots=True)
class ReflectionsView:
    """reflections.html: every reflection that is in, as papers."""

    reference: str
    back: Link
    papers: tuple[Paper, ...]


@router.get("/cases/{reference}/reflect", name="reflect")
def show(visit: SignedIn, reference: str) -> Response:
    """Ask for one person's view."""
    with visit.house.database.reading() as session:
        case, asked = _asked(session, visit, reference)
        form = ReflectForm(today=visit.today, for_person=asked.for_person)
        return _page(session, visit, case, asked, form)


@router.post("/cases/{reference}/reflect", name="reflect_send")
def take(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Take it: a view with its points, or a conflict of interest."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        case, asked = _asked(session, visit, reference)
        person_id, for_person = asked.row.person_id, asked.for_person
        form = ReflectForm(posted.data, today=visit.today, for_person=for_person)
        if not form.validate() or not screened(session, form, ("points",)):
            return _page(session, visit, case, asked, form, status=422)

    def act(session: Session) -> Outcome:
        _asked(session, visit, reference)
        return _take(session, visit, reference, person_id, form, for_person=for_person)

    try:
        outcome = once(visit, posted.form_id, viewer.id, act)
    except InvalidInputError as error:
        refuse_all(form, error, names={"value": "position"}, otherwise="points")
        with visit.house.database.reading() as session:
            case, asked = _asked(session, visit, reference)
            return _page(session, visit, case, asked, form, status=422)
    return visit.redirect(outcome.location)


def _take(
    session: Session, visit: Visit, reference: str, person_id: int, form: ReflectForm, *, for_person: bool
) -> Outcome:
    by = viewer_of(visit).actor
    to = f"/cases/{reference}" if for_person else "/tasks"
    if form.position.data == CONFLICT.value:
        reflections.step_aside(session, reference, person_id=person_id, by=by, now=visit.now)
        return Outcome("reflected-for" if for_person else "stepped-aside", to)
    content: dict[str, Any] = {
        "value": PositionValue(str(form.position.data)).value,
        "points": list(points_of(form.points.data)),
    }
    how, when = None, None
    if for_person and form.given_on.day is not None:
        how, when = _HOW[str(form.how.data)], day(form.given_on.day)
    reflections.record(
        session,
        reference,
        person_id=person_id,
        content=content,
        by=by,
        how_told=how,
        when_told=when,
        now=visit.now,
    )
    return Outcome("reflected-for" if for_person else "reflected", to)


def _asked(session: Session, visit: Visit, reference: str) -> tuple[Case, Asked]:
    """Return the reflection this page is about: the viewer's own, or another's that the secretary records."""
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    wanted = visit.request.query_params.get("for", "")
    for_person = wanted.isascii() and wanted.isdigit() and int(wanted[:9]) != viewer.id
    if for_person and not rights.acts_for(session, viewer.id, Office.SECRETARY, reference, now=visit.now):
        raise NotYoursError("There is no such page.")
    row = rights.reflection_of(session, reference, int(wanted[:9]) if for_person else viewer.id)
    if row is None:
        raise NotYoursError("There is no such page.")
    if row.state != "asked":
        raise WrongMomentError(
            "This reflection is not awaited any more. Open the case to see where it stands."
        )
    return case, Asked(row, for_person)


def _page(
    session: Session, visit: Visit, case: Case, asked: Asked, form: ReflectForm, status: int = 200
) -> Response:
    people = people_showing.load(session, now=visit.now)
    rule = people.rules.tasks[TaskKind.REFLECT]
    row = asked.row
    name = people.name(row.person_id) if asked.for_person else ""
    content = cases.content_of(session, case.reference)
    clean = case_showing.narrative_is_clean(session, case)
    to = f"/cases/{case.reference}"
    why = f"The secretary records what {name} said." if name else rule.why
    view = ReflectView(
        reference=case.reference,
        facts=(
            clocks.answer_by(session, row.asked_at, row.due_on, now=visit.now),
            Fact("Why you", why),
            Fact("If you do nothing", f"{clocks.capital(rule.if_nothing)}. {clocks.NEVER_YES}"),
        ),
        paper=papers.review_paper(
            session, case, content, narrative=clean, templates=visit.house.templates, now=visit.now
        ),
        post_to=f"{to}/reflect?for={row.person_id}" if asked.for_person else f"{to}/reflect",
        back=Link(case.reference, to),
        for_person=name,
    )
    doors.note_opening(
        visit, case.reference, f"reflection:{row.id}", "reflects" if not name else "records it"
    )
    return visit.page("reflect.html", view, form=form, status=status, frame=visit.frame("cases"))


@router.get("/cases/{reference}/reassign", name="reassign")
def show_reassign(visit: SignedIn, reference: str) -> Response:
    """Ask who reflects instead."""
    with visit.house.database.reading() as session:
        case, task = _reassign_task(session, visit, reference)
        return _reassign_page(session, visit, case, task, _reassign_form(session, visit, case, None))


@router.post("/cases/{reference}/reassign", name="reassign_send")
def reassign(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Release who has not answered, and ask somebody else, once."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        case, task = _reassign_task(session, visit, reference)
        form = _reassign_form(session, visit, case, posted)
        if not form.validate() or not screened(session, form, ("reason",)):
            return _reassign_page(session, visit, case, task, form, status=422)

    def act(session: Session) -> Outcome:
        _reassign_task(session, visit, reference)
        chosen = [int(str(form.ask.data))]
        reason = form.reason.data or None
        reflections.reassign(session, reference, chosen, reason=reason, by=viewer.actor, now=visit.now)
        return Outcome("reassigned", f"/cases/{reference}")

    return visit.redirect(once(visit, posted.form_id, viewer.id, act).location)


def _reassign_task(session: Session, visit: Visit, reference: str) -> tuple[Case, Task]:
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    doors.require(rights.may(session, viewer.id, rights.Act.REASSIGN, case, now=visit.now))
    return case, tasks.the_open_task(session, reference, TaskKind.REASSIGN)


def _reassign_form(session: Session, visit: Visit, case: Case, posted: Posted | None) -> ReassignForm:
    form = ReassignForm(None if posted is None else posted.data)
    people = people_showing.load(session, now=visit.now)
    missing = [
        people.name(row.person_id)
        for row in reflections.of_case(session, case.reference)
        if row.state == "asked"
    ]
    words = (
        f"{listed(missing)}: not in yet" if missing else "Nobody: those asked have answered or stepped aside"
    )
    form.instead_of.offer([Option(ALL, words)])
    form.ask.offer(people.options(reflections.candidates(session, case, now=visit.now)))
    return form


def _reassign_page(
    session: Session, visit: Visit, case: Case, task: Task, form: ReassignForm, status: int = 200
) -> Response:
    rule = people_showing.load(session, now=visit.now).rules.tasks[TaskKind.REASSIGN]
    to = f"/cases/{case.reference}"
    facts = (
        clocks.answer_by(session, task.asked_at, task.due_on, now=visit.now),
        Fact("Why you", rule.why),
        Fact("If you do nothing", f"{clocks.capital(rule.if_nothing)}."),
    )
    view = ReassignView(case.reference, facts, f"{to}/reassign", Link(case.reference, to))
    return visit.page("reassign.html", view, form=form, status=status, frame=visit.frame("cases"))


@router.get("/cases/{reference}/reflections", name="reflections")
def read(visit: SignedIn, reference: str) -> Response:
    """Show the reflections to those who may read them; opening them is noted."""
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        case = doors.case_for(session, viewer, reference, now=visit.now)
        doors.require(
            rights.may_read_reflections(session, viewer.id, case, now=visit.now)
            and rights.has_reflections(session, case)
        )
        view = ReflectionsView(
            case.reference, Link(case.reference, f"/cases/{reference}"), papers_of(session, visit, case)
        )
        doors.note_opening(visit, case.reference, "reflections", "may read")
    return visit.page("reflections.html", view, frame=visit.frame("cases"))


def papers_of(session: Session, visit: Visit, case: Case) -> tuple[Paper, ...]:
    """Return every reflection that is in, as a paper."""
    people = people_showing.load(session, now=visit.now)
    return tuple(
        _paper(row, people) for row in reflections.of_case(session, case.reference) if row.state == "in"
    )


def _paper(row: Reflection, people: people_showing.People) -> Paper:
    content = row.content or {}
    value = PositionValue(content["value"])
    note = ""
    if row.how_told is not None:
        note = f"Recorded by {people.titled(row.recorded_by_id)}: {row.how_told}, {row.when_told}."
    blocks = (
        Block("text", f"{POSITION_WORDS[value]}."),
        Block("bullets", entries=tuple(content.get("points", ()))),
    )
    return Paper(people.described(row.person_id), blocks, note=note)
