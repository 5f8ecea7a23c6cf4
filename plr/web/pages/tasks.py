"""Page 2: My tasks, and what I have done."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from plr.web.pages import banners
from plr.web.pages.visits import SignedIn, viewer_of
from plr.web.showing import people as people_showing
from plr.web.showing import tasks as showing

router = APIRouter()


@router.get("/tasks", name="tasks")
def show(visit: SignedIn) -> Response:
    """Show what needs the viewer, and what others are asked."""
    viewer = viewer_of(visit)
    me = visit.has_route("me")
    with visit.house.database.reading() as session:
        people = people_showing.load(session, now=visit.now)
        away_to = f"{me}#away" if me else ""
        view = showing.view(session, viewer.id, viewer.offices, people, away_to=away_to, now=visit.now)
        banner = banners.of(session, visit)
    return visit.page("tasks.html", view, frame=visit.frame("tasks", banner))


@router.get("/tasks/done", name="tasks_done")
def done(visit: SignedIn) -> Response:
    """Show what the viewer has done."""
    with visit.house.database.reading() as session:
        view = showing.done(session, viewer_of(visit).id)
    return visit.page("tasks_done.html", view, frame=visit.frame("tasks"))
