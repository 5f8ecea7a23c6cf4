"""The list of cases: which, in what state, waiting for whom (pages 4e)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, String, and_, cast, false, or_, select
from sqlalchemy.orm import Session

from plr.db.models import Case, Submission
from plr.domain.cases import AFTER_ISSUE, ENDED, LABELS
from plr.domain.codes import NATION_NAMES
from plr.domain.wording import day, plural
from plr.domain.words import CaseStatus, Nation
from plr.operations import flags
from plr.web.case_views import CaseRow, CasesView, Filter
from plr.web.parts import Link
from plr.web.showing import cases as case_showing
from plr.web.showing import clocks, stands
from plr.web.showing.people import People

A_PAGE = 50
_RECORDED = AFTER_ISSUE - ENDED
_STATES: dict[str, tuple[str, ColumnElement[bool]]] = {
    "": ("Open", Case.status.not_in(ENDED)),
    "late": ("Late", Case.status.not_in(ENDED)),
    "recorded": ("Recorded", Case.status.in_(_RECORDED)),
    "closed": ("Closed", Case.status.in_(ENDED - {CaseStatus.BREACH})),
}

MayOpen = Callable[[Case], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: a filter, words, a page."""

    state: str = ""
    words: str = ""
    page: int = 1


def view(
    session: Session, people: People, wanted: Wanted, may_open: MayOpen, *, new_review_to: str, now: datetime
) -> CasesView:
    """Return the list."""
    if wanted.state not in _STATES:
        wanted = replace(wanted, state="")
    seen = {state: _cases(session, people, state, "", may_open, now=now) for state in _STATES}
    words = wanted.words.strip()
    found = _cases(session, people, wanted.state, words, may_open, now=now) if words else seen[wanted.state]
    first = (wanted.page - 1) * A_PAGE
    shown = found[first : first + A_PAGE]
    is_open, late = len(seen[""]), len(seen["late"])
    return CasesView(
        summary=f"{plural(is_open, 'case')} {'is' if is_open == 1 else 'are'} open. "
        f"{'None is' if not late else f'{late} is' if late == 1 else f'{late} are'} late.",
        filters=tuple(
            Filter(name, len(seen[state]), _address(Wanted(state)), current=state == wanted.state)
            for state, (name, _condition) in _STATES.items()
        ),
        rows=tuple(_row(session, case, people, now=now) for case in shown),
        state=wanted.state,
        words=words,
        result=f"{plural(len(found), 'case')} found." if words else "",
        clear_to=_address(replace(wanted, words="", page=1)),
        empty=f"Nothing found for “{words}”. Try one word, or clear the search."
        if words
        else _empty(wanted.state),
        new_review_to=new_review_to,
        earlier=Link("The 50 before", _address(replace(wanted, page=wanted.page - 1)))
        if wanted.page > 1
        else None,
        later=Link("Next 50", _address(replace(wanted, page=wanted.page + 1)))
        if len(found) > first + A_PAGE
        else None,
    )


def _empty(state: str) -> str:
    return {
        "late": "None is late.",
        "recorded": "No reflection is recorded yet.",
        "closed": "No case is closed yet.",
    }.get(state, "No case is open. A new one stands here as soon as somebody tells us about a review.")


def _address(wanted: Wanted) -> str:
    query = {"state": wanted.state, "q": wanted.words, "page": str(wanted.page) if wanted.page > 1 else ""}
    told = urlencode({name: value for name, value in query.items() if value})
    return f"/cases?{told}" if told else "/cases"


def _cases(
    session: Session, people: People, state: str, words: str, may_open: MayOpen, *, now: datetime
) -> list[Case]:
    statement = select(Case).where(_STATES[state][1])
    for word in words.split():
        statement = statement.where(_matches(people, word))
    cases: Sequence[Case] = session.scalars(statement.order_by(Case.created_at.desc(), Case.reference)).all()
    seen = [case for case in cases if may_open(case)]
    if state != "late":
        return seen
    marked = flags.of_cases(session, seen, now=now)
    return [case for case in seen if flags.LATE in marked[case.reference]]


def _matches(people: People, word: str) -> ColumnElement[bool]:
    folded = word.casefold()
    regions = [region.code for region in people.rules.regions.all if folded in region.name.casefold()]
    nations = [nation for nation in Nation if folded in NATION_NAMES[nation].casefold()]
    themes = [
        code.code for code in people.rules.codes.lists["themes"].values() if folded in code.label.casefold()
    ]
    by_theme = [
        and_(
            Submission.reference == Case.reference,
            cast(Submission.content, String).contains(f'"{theme}"', autoescape=True),
        )
        for theme in themes
    ]
    return or_(
        Case.reference.icontains(word, autoescape=True),
        Case.review_type.icontains(word, autoescape=True),
        Case.region.in_(regions),
        Case.nation.in_(nations),
        select(Submission.id).where(or_(false(), *by_theme)).exists(),
    )


def _row(session: Session, case: Case, people: People, *, now: datetime) -> CaseRow:
    found = stands.awaited(session, case, people, now=now)
    waits_for = "" if found is None else ", ".join(word for word in (found.what, found.whom) if word)
    until = "" if found is None or found.due_on is None else f"Until {day(found.due_on)}"
    marked = flags.of_cases(session, [case], now=now)[case.reference]
    return CaseRow(
        reference=case.reference,
        href=f"/cases/{case.reference}",
        about=f"Reflection. {case_showing.place(case, people)}. {clocks.capital(case.review_type)}",
        waits_for=waits_for[:1].lower() + waits_for[1:],
        label=clocks.capital(LABELS[case.status]),
        until=until,
        flags=tuple(clocks.capital(flag) for flag in marked),
    )
