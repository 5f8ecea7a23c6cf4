"""Page 4: the list of cases, and one case."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.db.models import Case
from plr.domain.words import CaseStatus, Office, TaskKind
from plr.operations import agreements, outputs, rights, tasks
from plr.web.pages import banners, breaches, doors
from plr.web.pages.visits import SignedIn, Viewer, Visit, viewer_of
from plr.web.parts import Link
from plr.web.showing import case_list
from plr.web.showing import cases as showing
from plr.web.showing import people as people_showing
from plr.web.showing import tasks as task_showing

router = APIRouter()

_MINE: tuple[tuple[TaskKind, str, str], ...] = (
    (TaskKind.CHECK, "Check it for identifiers", "check"),
    (TaskKind.CORRECT, "Write the text again", "correct"),
    (TaskKind.REFLECT, "Write my reflection", "reflect"),
    (TaskKind.REASSIGN, "Choose somebody else to reflect", "reassign"),
    (TaskKind.WRITE_POSITION, "Write the draft position", "position"),
    (TaskKind.REVISE_POSITION, "Change the text of the position", "position"),
    (TaskKind.FOLLOW_UP, "Tell us what came of it", "impact"),
)


# The quiet links of a case, in their order; each is shown to those who may.
_ACTS: dict[rights.Act, str] = {
    rights.Act.DEEPEN: "Look deeper: ask three people to reflect first",
    rights.Act.DECLINE: "Decline, with a reason",
    rights.Act.REASSIGN: "Ask somebody else to reflect",
    rights.Act.HOLD: "Put on hold, with a reason and a date",
    rights.Act.RESUME: "Take it off hold",
    rights.Act.WITHDRAW: "Withdraw",
    rights.Act.BREACH: "I can see something that identifies a person",
}


@router.get("/cases", name="cases")
def list_cases(visit: SignedIn) -> Response:
    """Show the cases this viewer may open."""
    query = visit.request.query_params
    viewer = viewer_of(visit)
    words = "".join(sign for sign in query.get("q", "")[:100] if sign.isprintable())
    wanted = case_list.Wanted(query.get("state", ""), words, _number(query.get("page", "1")))
    with visit.house.database.reading() as session:
        people = people_showing.load(session, now=visit.now)
        view = case_list.view(
            session,
            people,
            wanted,
            lambda case: rights.may_open_with(session, people.directory, viewer.id, case),
            new_review_to=visit.has_route("new_review"),
            now=visit.now,
        )
    return visit.page("cases.html", view, frame=visit.frame("cases"))


def _number(text: str) -> int:
    return max(1, int(text[:6])) if text.isascii() and text.isdigit() else 1


@router.get("/cases/{reference}", name="case")
def show(visit: SignedIn, reference: str) -> Response:
    """Show one case: where it stands, and what the viewer can do."""
    viewer = viewer_of(visit)
    whole = visit.request.query_params.get("history") == "all"
    with visit.house.database.reading() as session:
        case = doors.case_for(session, viewer, reference, now=visit.now)
        if case.status is CaseStatus.BREACH:
            return breaches.show_open(session, visit, case)
        people = people_showing.load(session, now=visit.now)
        allowed = allowed_to(session, visit, viewer, case)
        view = showing.view(
            session, case, people, allowed, visit.house.settings, whole_history=whole, now=visit.now
        )
        banner = banners.of(session, visit)
    return visit.page("case.html", view, frame=visit.frame("cases", banner))


def allowed_to(session: Session, visit: Visit, viewer: Viewer, case: Case) -> showing.Allowed:
    """Return what this viewer may do with the case now."""
    readable = frozenset(
        output.id
        for output in outputs.of_case(session, case.reference)
        if rights.may_read_output(session, viewer.id, case, output, now=visit.now)
    )
    chairs = rights.acts_for(session, viewer.id, Office.CHAIR, case.reference, now=visit.now)
    waits_for_group = agreements.open_question(session, case.reference) is not None
    return showing.Allowed(
        todo=_todo(session, viewer, case, now=visit.now),
        nothing_to_do="Nothing for you to do before the meeting."
        if waits_for_group
        else "Nothing for you to do.",
        heading="The Chair may also" if chairs else "Something else",
        others=_others(session, visit, viewer, case),
        sees_letters=bool({Office.SECRETARY, Office.CHAIR} & set(viewer.offices)),
        readable=readable,
    )


def _todo(session: Session, viewer: Viewer, case: Case, *, now: datetime) -> Link | None:
    """Return the one thing this viewer can do now."""
    people = people_showing.load(session, now=now)
    for row in task_showing.open_to(session, viewer.id, people, now=now):
        if row.reference == case.reference:
            return Link("Read and answer", f"/approvals/{row.id}")
    for kind, words, page in _MINE:
        if rights.open_task(session, viewer.id, case.reference, frozenset({kind})) is not None:
            return Link(words, f"/cases/{case.reference}/{page}")
    if rights.may(session, viewer.id, rights.Act.RESUME, case, now=now):
        return Link("Take it off hold", f"/cases/{case.reference}/resume")
    if Office.SECRETARY in viewer.offices:
        return _for_the_secretary(session, case, people)
    return None


def _for_the_secretary(session: Session, case: Case, people: people_showing.People) -> Link | None:
    if agreements.open_question(session, case.reference) is not None:
        return Link("Record what the group agreed", f"/cases/{case.reference}/agree")
    waiting = tasks.open_tasks(session, case.reference, TaskKind.REFLECT)
    if waiting and case.status is CaseStatus.REFLECTING:
        name = people.name(waiting[0].person_id)
        return Link(
            f"Record the reflection of {name}", f"/cases/{case.reference}/reflect?for={waiting[0].person_id}"
        )
    return None


def _others(session: Session, visit: Visit, viewer: Viewer, case: Case) -> tuple[Link, ...]:
    base = f"/cases/{case.reference}"
    links = [
        Link(words, f"{base}/{act.value}")
        for act, words in _ACTS.items()
        if rights.may(session, viewer.id, act, case, now=visit.now)
    ]
    reads = rights.may_read_reflections(session, viewer.id, case, now=visit.now)
    if reads and rights.has_reflections(session, case):
        links.append(Link("Read the reflections. Opening them is noted", f"{base}/reflections"))
    return tuple(links)
