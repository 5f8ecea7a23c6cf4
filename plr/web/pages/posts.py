"""Forms that come in: from our own page, of this browser, each acted on once (reliability 2, T5, T20)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends
from fastapi.responses import Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from plr.db.models import FormPost
from plr.db.session import rules_of
from plr.errors import InvalidInputError, PlrError
from plr.operations import screening
from plr.web.fields import PageForm
from plr.web.pages.house import origin_of
from plr.web.pages.visits import Visit, VisitDep

T = TypeVar("T")

_FORM_ID = re.compile(r"[A-Za-z0-9_-]{8,60}")


class StaleFormError(PlrError):
    """The form is not one of this browser's, or its session has ended."""

    code = "stale-form"
    http_status = 403


@dataclass(frozen=True, slots=True)
class Posted:
    """What was sent, by a page of ours: the fields, and the id that makes a double press harmless."""

    data: FormData
    form_id: str

    def text(self, name: str) -> str:
        """Return one field's text, without the space around it."""
        value = self.data.get(name)
        return value.strip() if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a form did, as a code with its details, and where the browser goes on."""

    code: str
    location: str
    details: tuple[str, ...] = ()

    def stored(self) -> str:
        """Return the outcome as its row holds it."""
        return " ".join([":".join([self.code, *self.details]), self.location])

    @classmethod
    def read(cls, stored: str) -> Outcome:
        """Return the outcome that a row holds."""
        words, _, location = stored.partition(" ")
        code, *details = words.split(":")
        return cls(code, location, tuple(details))


def posting(visit: VisitDep) -> Posted:
    """Let a form in that is ours; else raise StaleFormError, or TooManyTriesError from a stranger's flood."""
    request = visit.request
    if visit.viewer is None:
        address = request.client.host if request.client else "unknown"
        visit.house.posts.take(address, now=visit.now)
    data: FormData = getattr(request.state, "form", FormData())
    token = data.get("form_token")
    ours = isinstance(token, str) and hmac.compare_digest(token.encode(), visit.form_token.encode())
    if not _same_origin(visit) or not ours:
        raise StaleFormError("This page was open too long. Nothing was saved.")
    form_id = data.get("form_id")
    if not isinstance(form_id, str) or not _FORM_ID.fullmatch(form_id):
        raise StaleFormError("This page was open too long. Nothing was saved.")
    return Posted(data, form_id)


Post = Annotated[Posted, Depends(posting)]


def _same_origin(visit: Visit) -> bool:
    headers = visit.request.headers
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return origin_of(headers.get("origin", "")) == visit.house.origin


def before(session: Session, form_id: str) -> Outcome | None:
    """Return what this very form did before."""
    found = session.get(FormPost, _key(form_id))
    return None if found is None else Outcome.read(found.result)


def outcome_of(
    session: Session, form_id: str, person_id: int | None, *, since: datetime | None = None
) -> Outcome | None:
    """Return what a form did, to the person who sent it, and no longer than since an instant."""
    found = session.get(FormPost, _key(form_id))
    if found is None or found.person_id != person_id or (since is not None and found.posted_at < since):
        return None
    return Outcome.read(found.result)


def once(visit: Visit, form_id: str, person_id: int | None, act: Callable[[Session], Outcome]) -> Outcome:
    """Act in one transaction, unless this form has been acted on: then return what it did."""

    def operation(session: Session) -> Outcome:
        earlier = before(session, form_id)
        if earlier is not None:
            return earlier
        # The row first: a second press at the same moment waits for it here.
        row = FormPost(form_id=_key(form_id), person_id=person_id, result="", posted_at=visit.now)
        session.add(row)
        session.flush()
        outcome = _placed(act(session), form_id)
        row.result = outcome.stored()
        return outcome

    try:
        outcome = visit.house.database.run(operation)
    except IntegrityError:
        with visit.house.database.reading() as session:
            earlier = before(session, form_id)
        if earlier is None:
            raise
        outcome = earlier
    visit.house.ring()
    return outcome


def _placed(outcome: Outcome, form_id: str) -> Outcome:
    mark = "&" if "?" in outcome.location else "?"
    return replace(outcome, location=f"{outcome.location}{mark}done={form_id}")


def tried(visit: Visit, act: Callable[[Session], T]) -> None:
    """Do something and take it back: it raises what it would raise, and leaves nothing."""

    def operation(session: Session) -> None:
        act(session)
        raise _TakenBackError

    try:
        visit.house.database.run(operation)
    except _TakenBackError:
        return


class _TakenBackError(Exception):
    pass


def _key(form_id: str) -> str:
    return hashlib.sha256(form_id.encode()).hexdigest()


def known(visit: Visit, posted: Posted) -> Outcome | None:
    """Return what the first press of this form did, if this is the second."""
    with visit.house.database.reading() as session:
        return before(session, posted.form_id)


def already(visit: Visit, posted: Posted) -> Response | None:
    """Return the answer to a second press: the first one's result."""
    outcome = known(visit, posted)
    return None if outcome is None else visit.redirect(outcome.location)


def screened(session: Session, form: PageForm, names: Sequence[str]) -> bool:
    """Put the identifier screen's sentences to the fields they are about; say whether nothing was found."""
    words = screening.words_of(rules_of(session))
    clean = True
    for name in names:
        for finding in screening.screen(form[name].data or "", words):
            form.refuse(name, finding.sentence)
            clean = False
    return clean


def refuse_all(form: PageForm, error: InvalidInputError, *, names: dict[str, str], otherwise: str) -> None:
    """Put an operation's problems to the fields of a form that they are about, as their remedy."""
    for problem in error.problems:
        field = names.get(problem.field, problem.field)
        form.refuse(field if field in form else otherwise, problem.remedy)
