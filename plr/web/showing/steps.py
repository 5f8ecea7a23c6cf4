"""The steps of a case: done, now, next, with who and when (pages 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Case
from plr.domain.cases import ENDED, STEPS
from plr.domain.chain import content_of
from plr.domain.london import london_day
from plr.domain.wording import day, plural
from plr.domain.words import CaseStatus, Depth, TaskKind
from plr.operations import reflections
from plr.web.case_views import CaseStep, StepEntry
from plr.web.showing import stands
from plr.web.showing.people import People

_NEXT = {
    "Checked for identifiers": TaskKind.CHECK,
    "Reflections": TaskKind.REFLECT,
    "Draft position": TaskKind.WRITE_POSITION,
}


def steps(session: Session, case: Case, people: People, *, now: datetime) -> tuple[CaseStep, ...]:
    """Return every step of a case, in order."""
    at = _reached(session, case)
    current = case.held_status or case.status
    table = STEPS[case.depth]
    place = next((n for n, (_title, states) in enumerate(table) if current in states), None)
    if place is None:
        place = len(table) if current is CaseStatus.CLOSED else _last_reached(table, at)
    shown = []
    for number, (title, states) in enumerate(table):
        if number < place:
            shown.append(_done(session, case, title, table, number, at, people))
        elif number == place and case.status not in ENDED:
            shown.append(_now(session, case, title, states, people, now=now))
        else:
            shown.append(CaseStep("next", title, _length(title, people, now=now)))
    return tuple(shown)


Table = Sequence[tuple[str, frozenset[CaseStatus]]]


def _reached(session: Session, case: Case) -> dict[CaseStatus, tuple[datetime, str]]:
    """Return when each state was first entered, and by whom."""
    found: dict[CaseStatus, tuple[datetime, str]] = {}
    statement = select(AuditEntry).where(AuditEntry.chain == case.reference, AuditEntry.event == "case.moved")
    for entry in session.scalars(statement.order_by(AuditEntry.seq)):
        to = CaseStatus(str(content_of(entry.text)["codes"]["to"]))
        found.setdefault(to, (entry.at, entry.actor))
    return found


def _last_reached(table: Table, at: dict[CaseStatus, tuple[datetime, str]]) -> int:
    places = [number for number, (_title, states) in enumerate(table) if states & set(at)]
    return max(places, default=0)


def _done(
    session: Session,
    case: Case,
    title: str,
    table: Table,
    number: int,
    at: dict[CaseStatus, tuple[datetime, str]],
    people: People,
) -> CaseStep:
    if title == "Logged":
        whom = people.titled(case.submitter_id) if case.submitter_id else "Somebody outside the group"
        return CaseStep("done", title, f"{whom}.", case.created_at)
    later = [at[state] for _title, states in table[number + 1 :] for state in states if state in at]
    ended = min(later, default=None)
    entries = _reflected(session, case, people) if title == "Reflections" else ()
    return CaseStep("done", title, at=None if ended is None else ended[0], entries=entries)


def _now(
    session: Session, case: Case, title: str, states: frozenset[CaseStatus], people: People, *, now: datetime
) -> CaseStep:
    if case.depth is Depth.FULL and CaseStatus.REFLECTING in states:
        rule = people.rules.commissioning
        needed = (
            f"Needed: {rule.minimum_reflectors} people, {rule.minimum_professions} professions, "
            f"{rule.minimum_other_regions} other region."
        )
        return CaseStep("now", title, needed, entries=_reflected(session, case, people))
    if case.status is CaseStatus.ON_HOLD:
        return CaseStep("now", title, "On hold.")
    found = stands.awaited(session, case, people, now=now)
    if found is None:
        return CaseStep("now", title)
    whom = f", of {found.whom}" if found.whom else ""
    return CaseStep("now", title, f"{found.what}{whom}.")


def _reflected(session: Session, case: Case, people: People) -> tuple[StepEntry, ...]:
    shown = []
    for row in reflections.of_case(session, case.reference):
        name = people.described(row.person_id)
        if row.state == "in" and row.answered_at is not None:
            shown.append(StepEntry(f"{name}: in on {day(london_day(row.answered_at), year_shown=True)}"))
        elif row.state == "asked":
            shown.append(StepEntry(f"{name}: not in yet", waits=True))
        elif row.state == "conflict":
            shown.append(StepEntry(f"{name}: has a conflict of interest"))
        else:
            shown.append(StepEntry(f"{name}: no longer asked"))
    return tuple(shown)


def _length(title: str, people: People, *, now: datetime) -> str:
    if title == "Agreed by the group":
        on = stands.next_meeting(people, now=now)
        return "At a quorate meeting" if on is None else f"At a quorate meeting: next is {day(on)}"
    if title == "Asked what came of it":
        months = people.rules.commissioning.follow_up_months
        return f"{' and '.join(str(number) for number in months)} months later"
    if title == "Recorded":
        return "The same day, as one page for the group"
    kind = _NEXT.get(title)
    days = None if kind is None else people.rules.tasks[kind].working_days
    return "5 working days" if days is None else plural(days, "working day")
