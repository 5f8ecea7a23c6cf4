"""Error pages (17): what went wrong in words, the person's own text kept, nothing about the inside."""

from __future__ import annotations

import logging
import secrets
import traceback
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from plr.errors import (
    AlreadyAnsweredError,
    InvalidInputError,
    LinkDeadError,
    NotFoundError,
    PlrError,
    TooManyTriesError,
)
from plr.web import views
from plr.web.pages.house import House
from plr.web.pages.posts import StaleFormError
from plr.web.pages.visits import SignInNeededError, Visit, visiting
from plr.web.parts import Link
from plr.web.showing import frames

log = logging.getLogger("plr.web")

_AGAIN_SECONDS = 120
# Words a person wrote, by the names of our fields; nothing else that was sent is ever shown again.
_KEPT = {
    "reason": "Your reason, or your question",
    "what": "What you wrote",
    "points": "Your points",
    "dissent": "Seen differently",
    "narrative": "In your own words",
    "evidence": "How you know",
    "kind": "What kind of thing it is",
    "few_professions": "The reason for few professions",
    "when": "When it was given",
}
_MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class MovedOnView:
    """error_moved_on.html (409): why it does not fit any more, and where to look."""

    sentence: str
    button: Link
    kept: tuple[views.KeptText, ...] = ()


def install(app: FastAPI) -> None:
    """Tell the application which page answers which error."""
    app.add_exception_handler(PlrError, refused)  # type: ignore[arg-type] # Starlette types it for any exception
    app.add_exception_handler(HTTPException, not_served)  # type: ignore[arg-type] # as above
    app.add_exception_handler(RequestValidationError, not_found)


def refused(request: Request, error: PlrError) -> Response:  # noqa: PLR0911 - one page for each kind
    """Answer a refusal with its page."""
    if isinstance(error, NotFoundError):
        return not_found(request, error)
    if isinstance(error, LinkDeadError):
        return link_dead(request)
    if isinstance(error, TooManyTriesError):
        return too_many(request, error)
    if isinstance(error, SignInNeededError) and request.method == "GET":
        visit = visiting(request)
        return visit.redirect(f"/sign-in?next={quote(next_of(request), safe='')}")
    if isinstance(error, StaleFormError | SignInNeededError):
        return stale(request, error)
    if error.http_status == HTTP_UNAVAILABLE:
        return unavailable(request, error)
    if error.http_status >= HTTP_FAULT:
        return fault(request, error)
    return moved_on(request, error)


HTTP_FAULT, HTTP_UNAVAILABLE = 500, 503


def next_of(request: Request) -> str:
    """Return the page asked for as the name of its route, with its record."""
    route = request.scope.get("route")
    name = str(getattr(route, "name", "tasks"))
    return "/".join([name, *map(str, request.path_params.values())])


def not_served(request: Request, error: HTTPException) -> Response:
    """Answer what is not served here; a wrong method looks like a page that is not there."""
    return _not_found(request, error.status_code)


def not_found(request: Request, _error: Exception) -> Response:
    """Answer "not there" and "not yours" alike, to the byte (reliability T3)."""
    return _not_found(request, 404)


def _not_found(request: Request, status: int) -> Response:
    visit = visit_or_none(request)
    signed_in = visit is not None and visit.viewer is not None
    button = Link("My tasks", "/tasks") if signed_in else Link("Sign in", "/sign-in")
    return _page(request, "error_not_found.html", views.NotFoundView(button), status)


def link_dead(request: Request) -> Response:
    """Answer a dead and an unknown link alike."""
    return _page(request, "error_link_dead.html", views.LinkDeadView(), 410, by_link=True)


def too_many(request: Request, error: TooManyTriesError) -> Response:
    """Ask somebody to wait."""
    house: House = request.app.state.house
    view = views.TooManyView(
        house.now() + timedelta(seconds=error.retry_after),
        (
            str(error),
            "What you had answered is not recorded yet. A browser you told us to remember still works.",
        ),
        Link("Back to sign in", "/sign-in"),
    )
    response = _page(request, "error_too_many.html", view, 429, by_link=True)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def stale(request: Request, error: PlrError) -> Response:
    """Give the text back of a form that came too late or from elsewhere."""
    again = Link("Open the page again", _again(request))
    if isinstance(error, SignInNeededError):
        again = Link("Sign in", f"/sign-in?next={quote(next_of(request), safe='')}")
    view = views.StaleFormView(again, kept_text(request))
    return _page(request, "error_stale_form.html", view, 403)


def moved_on(request: Request, error: PlrError) -> Response:
    """Say why something does not fit the moment any more."""
    sentence = str(error)
    if isinstance(error, InvalidInputError):
        sentence = " ".join(f"{problem.problem} {problem.remedy}".capitalize() for problem in error.problems)
    kept = () if isinstance(error, AlreadyAnsweredError) else kept_text(request)
    view = MovedOnView(sentence, Link("My tasks", "/tasks"), kept)
    return _page(request, "error_moved_on.html", view, error.http_status)


def unavailable(request: Request, error: PlrError) -> Response:
    """Say that nothing was saved, when to try again, and give the text back; the cause is logged."""
    log.error("Not available: %s: %s", type(error).__name__, error)
    house: House = request.app.state.house
    view = views.UnavailableView(
        house.now() + timedelta(seconds=_AGAIN_SECONDS),
        Link("Try again", _again(request)),
        kept_text(request),
    )
    response = _bare(house, "error_unavailable.html", view, 503)
    response.headers["Retry-After"] = str(_AGAIN_SECONDS)
    return response


def fault(request: Request, error: BaseException) -> Response:
    """Answer our own fault with an error id; where it went wrong is logged without what was said."""
    house: House = request.app.state.house
    error_id = secrets.token_hex(4)
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    log.error("Error %s: %s at %s", error_id, type(error).__name__, places)
    view = views.FaultView(error_id, house.now(), Link("Try again", _again(request)), kept_text(request))
    return _bare(house, "error_fault.html", view, 500)


def too_large(house: House) -> Response:
    """Refuse a body larger than any form of ours."""
    view = MovedOnView(
        "What you sent is larger than this site reads. Shorten it, then send it again.", _tasks()
    )
    return _bare(house, "error_moved_on.html", view, 413)


def wrong_host(house: House) -> Response:
    """Refuse a request that was meant for another host (reliability T7)."""
    return _bare(house, "error_not_found.html", views.NotFoundView(Link("Sign in", "/sign-in")), 400)


def unreadable(house: House) -> Response:
    """Refuse a form that cannot be read."""
    return wrong_host(house)


def kept_text(request: Request) -> tuple[views.KeptText, ...]:
    """Return the words a person had written, to be copied."""
    data: FormData = getattr(request.state, "form", FormData())
    found = ((label, data.get(name)) for name, label in _KEPT.items())
    return tuple(
        views.KeptText(label, text[:_MOST_KEPT])
        for label, text in found
        if isinstance(text, str) and text.strip()
    )


def visit_or_none(request: Request) -> Visit | None:
    """Return the visit, or nothing while the records cannot be read."""
    try:
        return visiting(request)
    except Exception as error:  # noqa: BLE001 - an error page must not need the database
        log.warning("Nobody could be recognised: %s.", type(error).__name__)
        return None


def _page(request: Request, template: str, view: object, status: int, *, by_link: bool = False) -> Response:
    visit = visit_or_none(request)
    house: House = request.app.state.house
    if visit is None:
        return _bare(house, template, view, status)
    # One form id for all: what is not there and what is not yours are equal to the byte.
    frame = visit.link_frame() if by_link or visit.viewer is None else visit.frame(form_id="error-page")
    return visit.page(template, view, status=status, frame=frame)


def _bare(house: House, template: str, view: object, status: int) -> Response:
    frame = frames.bare(house.settings)
    return HTMLResponse(house.pages.render(template, frame=frame, view=view), status_code=status)


def _again(request: Request) -> str:
    # The address of the form itself, as our own path; a private link stays in the browser it was opened in.
    path = request.url.path
    return path if path.startswith("/") and not path.startswith("//") else "/"


def _tasks() -> Link:
    return Link("My tasks", "/tasks")
