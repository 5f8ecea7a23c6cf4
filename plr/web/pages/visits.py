"""Who is at the browser, and the answer that goes back: cookies, tokens, frame (reliability T4, T5)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.routing import NoMatchFound
from wtforms import Form

from plr.db.models import Person, WebSession
from plr.domain.access import SEEN_EVERY
from plr.domain.actors import Actor
from plr.domain.london import london_day
from plr.domain.words import Office, Via
from plr.errors import PlrError, UnavailableError
from plr.operations import access, directory, links
from plr.web.pages.house import House
from plr.web.parts import Banner, Frame
from plr.web.showing import frames

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInNeededError(PlrError):
    """Nobody is signed in here, or the session has ended."""

    code = "sign-in-needed"
    http_status = 403


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in, and by which door."""

    id: int
    name: str
    title: str
    member: bool
    offices: tuple[Office, ...]
    via: Via

    @property
    def actor(self) -> Actor:
        """The viewer as the one who acts."""
        return Actor(self.id, self.via)


@dataclass
class Visit:
    """One request: the viewer, the instant, and what goes back with the answer."""

    request: Request
    house: House
    now: datetime
    viewer: Viewer | None = None
    browser: str = ""
    session_token: str = ""
    _set: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in London."""
        return london_day(self.now)

    @property
    def form_token(self) -> str:
        """What a form of this browser and session carries."""
        seed = f"{self.browser}\n{self.session_token}".encode()
        return hmac.new(self.house.form_key, seed, hashlib.sha256).hexdigest()

    @property
    def browser_mark(self) -> str:
        """The browser as an answer's proof names it: a hash, which opens nothing."""
        return f"browser:{links.token_hash(self.browser)[:16]}"

    def knows(self, person_id: int | None) -> bool:
        """Say whether this person is the one who is signed in here."""
        return self.viewer is not None and self.viewer.id == person_id

    # ---- cookies

    def keep_session(self, token: str) -> None:
        """Give the browser a new session."""
        self.session_token = token
        self._set["session"] = (token, None)

    def keep_browser(self, token: str) -> None:
        """Give the browser another name of its own, for as long as one may be remembered."""
        self.browser = token
        seconds = int(self.house.database.rules.access.remembered.total_seconds())
        self._set["browser"] = (token, seconds)

    def forget(self) -> None:
        """Take session and browser away: whoever comes next is a stranger."""
        self.viewer, self.session_token = None, ""
        self._set["session"] = ("", 0)
        self.keep_browser(secrets.token_urlsafe(32))

    # ---- answers

    def frame(self, current: str = "", banner: Banner | None = None, form_id: str = "") -> Frame:
        """Return what stands around a page of the signed-in viewer."""
        return frames.frame(
            self.house.settings,
            form_token=self.form_token,
            form_id=form_id or secrets.token_urlsafe(16),
            title="" if self.viewer is None else self.viewer.title,
            offices=() if self.viewer is None else self.viewer.offices,
            has_route=self.has_route,
            current=current,
            banner=banner,
        )

    def link_frame(self) -> Frame:
        """Return what stands around a page reached by a link: no name, no navigation."""
        return frames.bare(self.house.settings, form_token=self.form_token, form_id=secrets.token_urlsafe(16))

    def has_route(self, name: str) -> str:
        """Return the path of a page by its name, or nothing while there is no such page."""
        try:
            return str(self.request.app.url_path_for(name))
        except NoMatchFound:
            return ""

    def page(
        self,
        template: str,
        view: object,
        *,
        form: Form | None = None,
        status: int = 200,
        frame: Frame | None = None,
    ) -> Response:
        """Show a page."""
        html = self.house.pages.render(template, frame=frame or self.frame(), view=view, form=form)
        return self._with_cookies(HTMLResponse(html, status_code=status))

    def redirect(self, location: str) -> Response:
        """Send the browser to a page of ours with a GET."""
        return self._with_cookies(RedirectResponse(location, status_code=303))

    def file(self, data: bytes, *, name: str, media_type: str) -> Response:
        """Send a file to be kept."""
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return self._with_cookies(Response(data, media_type=media_type, headers=headers))

    def _with_cookies(self, response: Response) -> Response:
        for name, (value, seconds) in self._set.items():
            response.set_cookie(
                cookie_name(self.house, name),
                value,
                max_age=seconds,
                path="/",
                secure=self.house.https,
                httponly=True,
                samesite="lax",
            )
        return response


def cookie_name(house: House, name: str) -> str:
    """Return a cookie's full name; `__Host-` needs TLS, so plain http on loopback does without."""
    return f"__Host-plr-{name}" if house.https else f"plr-{name}"


def visiting(request: Request) -> Visit:
    """Find out who is at the browser. Counts the visit for the session's idle time, at most once a minute."""
    known: Visit | None = getattr(request.state, "visit", None)
    if known is not None:
        return known
    house: House = request.app.state.house
    visit = Visit(request, house, house.now())
    request.state.visit = visit
    visit.session_token = _cookie(request, house, "session")
    browser = _cookie(request, house, "browser")
    if browser:
        visit.browser = browser
    else:
        visit.keep_browser(secrets.token_urlsafe(32))
    if browser or visit.session_token:
        with house.database.reading() as session:
            visit.viewer = _recognise(session, visit)
            tired = _is_tired(session, visit)
        if tired:
            _touch(visit)
    return visit


VisitDep = Annotated[Visit, Depends(visiting)]


def signed_in(visit: VisitDep) -> Visit:
    """Let nobody in who is not signed in."""
    if visit.viewer is None:
        raise SignInNeededError("Please sign in first.")
    return visit


SignedIn = Annotated[Visit, Depends(signed_in)]


def viewer_of(visit: Visit) -> Viewer:
    """Return who is signed in."""
    if visit.viewer is None:
        raise SignInNeededError("Please sign in first.")
    return visit.viewer


def _cookie(request: Request, house: House, name: str) -> str:
    value = request.cookies.get(cookie_name(house, name), "")
    return value if _TOKEN.fullmatch(value) else ""


def _recognise(session: Session, visit: Visit) -> Viewer | None:
    rule = visit.house.database.rules.access
    person, via = None, Via.SESSION
    if visit.session_token:
        person = access.session_person(session, visit.session_token, now=visit.now, rule=rule, touch=False)
    if person is None:
        person = access.browser_person(session, visit.browser, now=visit.now)
        via = Via.BROWSER
    return None if person is None else viewer(session, person, via, now=visit.now)


def viewer(session: Session, person: Person, via: Via, *, now: datetime) -> Viewer:
    """Return a person as a viewer, with the offices of the day."""
    people = directory.load(session, on=london_day(now))
    offices = people.offices_of(person.id)
    title = frames.title(session, person, offices)
    return Viewer(person.id, person.name, title, people.is_member(person.id), offices, via)


def _is_tired(session: Session, visit: Visit) -> bool:
    if visit.viewer is None or visit.viewer.via is not Via.SESSION:
        return False
    found = session.get(WebSession, links.token_hash(visit.session_token))
    return found is not None and visit.now - found.seen_at >= SEEN_EVERY


def _touch(visit: Visit) -> None:
    rule = visit.house.database.rules.access

    def operation(session: Session) -> None:
        access.session_person(session, visit.session_token, now=visit.now, rule=rule)

    try:
        visit.house.database.run(operation)
    except UnavailableError:
        return  # A full disk must not keep anybody from reading.
