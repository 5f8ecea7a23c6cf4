"""Proving who somebody is: a code to their own address, typed in the browser that asked (reliability 2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from plr.db.models import FormPost, Person
from plr.domain.words import Via
from plr.errors import SignInError
from plr.operations import access, signing_in
from plr.operations.signing_in import CodeTry
from plr.web.forms import CodeForm
from plr.web.pages.posts import Posted
from plr.web.pages.visits import Visit, viewer

_SECOND_PRESS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Identified:
    person_id: int
    session_token: str
    browser_token: str | None


def ask_code(visit: Visit, email: str, purpose: str) -> None:
    """Queue a code's letter; the answer is the same for an unknown address. Raises TooManyTriesError."""
    rule = visit.house.database.rules.access

    def operation(session: Session) -> None:
        signing_in.ask_code(
            session, email=email, browser_token=visit.browser, purpose=purpose, now=visit.now, rule=rule
        )

    visit.house.database.run(operation)
    visit.house.ring()


def identify(visit: Visit, posted: Posted, form: CodeForm, email: str, via: Via) -> int:
    """Sign in whoever typed the right code and return who it is; the try is counted whatever it was.

    Raises SignInError with the tries left, TooManyTriesError with the wait. A second press of the same
    form within a minute finds the first.
    """
    digits = str(form.code.data)
    key = _key(visit, posted.form_id, digits)

    def operation(session: Session) -> tuple[CodeTry | None, _Identified | None]:
        earlier = session.get(FormPost, key)
        if earlier is not None and earlier.person_id and visit.now - earlier.posted_at < _SECOND_PRESS:
            return None, _enter(session, visit, earlier.person_id, via, remember=False)
        rule = visit.house.database.rules.access
        tried = signing_in.try_code(
            session, email=email, browser_token=visit.browser, digits=digits, now=visit.now, rule=rule
        )
        if tried.person_id is None:
            return tried, None
        session.add(FormPost(form_id=key, person_id=tried.person_id, result="", posted_at=visit.now))
        return tried, _enter(session, visit, tried.person_id, via, remember=bool(form.remember.data))

    tried, found = visit.house.database.run(operation)
    if found is None:
        if tried is None:
            raise SignInError("That code is not right.")
        tried.person_or_raise()
        raise SignInError("That code is not right.")
    visit.keep_session(found.session_token)
    if found.browser_token is not None:
        visit.keep_browser(found.browser_token)
    with visit.house.database.reading() as session:
        visit.viewer = viewer(session, session.get_one(Person, found.person_id), via, now=visit.now)
    return found.person_id


def _enter(session: Session, visit: Visit, person_id: int, via: Via, *, remember: bool) -> _Identified:
    rule = visit.house.database.rules.access
    if visit.session_token:
        access.end_session(session, visit.session_token, now=visit.now)
    token = access.begin_session(session, person_id, via, now=visit.now, rule=rule)
    browser = access.remember_browser(session, person_id, now=visit.now, rule=rule) if remember else None
    return _Identified(person_id, token, browser)


def _key(visit: Visit, form_id: str, digits: str) -> str:
    return hashlib.sha256(f"code\n{visit.browser}\n{form_id}\n{digits}".encode()).hexdigest()


def masked(email: str) -> str:
    """Return an address as "p...@example.org"."""
    name, _, host = email.partition("@")
    return f"{name[:1]}...@{host}"
