"""Where a case stands: waits for what, of whom, until when, and what happens if nothing comes (pages 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Task
from plr.db.session import rules_of
from plr.domain.cases import ENDED, LABELS
from plr.domain.london import london_day
from plr.domain.wording import Paused, clock_sentence, day
from plr.domain.words import ApprovalKind, ApprovalStatus, CaseStatus, Depth, TaskKind
from plr.operations import flags, reflections, tasks
from plr.web.case_views import Stands
from plr.web.parts import Fact
from plr.web.showing import clocks
from plr.web.showing.people import People

S = CaseStatus
# Looked at deeper, or asked of others: the Chair's reason stands on the case until it moves on.
_REASONED = frozenset({S.TRIAGE, S.REFLECTING})


@dataclass(frozen=True, slots=True)
class Awaited:
    """One thing a case waits for."""

    what: str
    whom: str = ""
    asked_at: datetime | None = None
    due_on: date | None = None
    nothing: str = ""
    clock: str = ""


def stands(session: Session, case: Case, people: People, *, now: datetime) -> Stands:
    """Return the box at the head of a case's page."""
    marked = tuple(clocks.capital(word) for word in flags.of_cases(session, [case], now=now)[case.reference])
    label = clocks.capital(LABELS[case.status])
    found = awaited(session, case, people, now=now)
    if found is None:
        lines = [Fact("Waits for", _nothing(case))]
        if case.status in ENDED and case.reason:
            lines.append(Fact("Why it ended", case.reason))
        return Stands(label, tuple(lines), flags=marked)
    facts = [Fact("Waits for", found.what)]
    if found.whom:
        facts.append(Fact("Of whom", found.whom))
    facts.append(
        Fact("Until", on=found.due_on) if found.due_on else Fact("Until", "It has no date of its own.")
    )
    if found.nothing:
        facts.append(Fact("If nothing comes", clocks.capital(found.nothing.rstrip(".")) + "."))
    if case.reason and case.status in _REASONED:
        facts.append(Fact("Reason given", case.reason))
    clock = found.clock or clocks.sentence(session, found.asked_at, found.due_on, now=now)
    return Stands(label, tuple(facts), clock=clock, flags=marked)


def awaited(session: Session, case: Case, people: People, *, now: datetime) -> Awaited | None:
    """Return what a case waits for now; nothing when it has ended or moves by itself."""
    if case.status in ENDED:
        return None
    if case.status is S.ON_HOLD:
        return _on_hold(session, case, people)
    if case.status is S.REFLECTING and case.depth is Depth.FULL:
        return _task(session, case, people) or _reflections(session, case, people, now=now)
    return _approval(session, case, people, now=now) or _task(session, case, people) or _moving(session, case)


def _nothing(case: Case) -> str:
    if case.status in ENDED:
        return "Nothing. It has ended."
    return "The next step, which comes by itself within a minute."


def _on_hold(session: Session, case: Case, people: People) -> Awaited:
    since = case.held_since_on or case.held_until_on
    calendar = rules_of(session).calendar
    paused = None if since is None else Paused(since, case.reason or "it was put on hold")
    clock = "" if since is None else clock_sentence(calendar, since, case.held_until_on, since, paused=paused)
    whom = _holder_of(people, TaskKind.REVIEW_HOLD)
    return Awaited("A look at the case on hold", whom, None, case.held_until_on, "it stays on hold", clock)


def _holder_of(people: People, kind: TaskKind) -> str:
    office = people.rules.tasks[kind].office
    chosen = None if office is None else people.directory.first_in_line(office)
    return "" if chosen is None else people.titled(chosen.person_id)


def _approval(session: Session, case: Case, people: People, *, now: datetime) -> Awaited | None:
    statement = select(Approval).where(
        Approval.reference == case.reference, Approval.status == ApprovalStatus.OPEN
    )
    row = session.scalars(statement.order_by(Approval.turn, Approval.id).limit(1)).one_or_none()
    if row is None:
        return None
    if row.kind is ApprovalKind.GROUP:
        return _the_group(people, now=now)
    label = people.rules.approvals[row.kind].label
    whom = "Nobody in line: the secretary is told" if row.holder_id is None else people.titled(row.holder_id)
    return Awaited(f"An answer: {label[:1].lower()}{label[1:]}", whom, row.asked_at, row.due_on,
                   clocks.if_nothing(session, row, now=now))  # fmt: skip


def next_meeting(people: People, *, now: datetime) -> date | None:
    """Return the day of the next planned meeting."""
    coming = [on for on in people.rules.next_meeting_on if on >= london_day(now)]
    return coming[0] if coming else None


def _the_group(people: People, *, now: datetime) -> Awaited:
    on = next_meeting(people, now=now)
    return Awaited(
        "The group, at a quorate meeting",
        "",
        None,
        on,
        "it waits for the next quorate meeting",
        "Nothing is late. A reflection has no date of its own; it follows the meeting.",
    )


def _task(session: Session, case: Case, people: People) -> Awaited | None:
    kinds = (*_CARRYING, TaskKind.FOLLOW_UP)
    for task in tasks.open_tasks(session, case.reference):
        if task.kind in kinds:
            return of_task(task, people)
    return None


_CARRYING = (
    *(TaskKind.CHECK, TaskKind.CORRECT, TaskKind.REASSIGN),
    *(TaskKind.WRITE_POSITION, TaskKind.REVISE_POSITION),
)
_WHAT = {
    TaskKind.CHECK: "The check for identifiers",
    TaskKind.CORRECT: "A corrected text",
    TaskKind.REASSIGN: "The choice of somebody else to reflect",
    TaskKind.WRITE_POSITION: "The draft position",
    TaskKind.REVISE_POSITION: "The changed text of the position",
    TaskKind.FOLLOW_UP: "What came of it",
}


def of_task(task: Task, people: People) -> Awaited:
    """Return a task as what its case waits for."""
    rule = people.rules.tasks[task.kind]
    whom = people.titled(task.person_id) if task.person_id is not None else "The person who told us"
    return Awaited(_WHAT.get(task.kind, rule.label), whom, task.asked_at, task.due_on, rule.if_nothing)


def _reflections(session: Session, case: Case, people: People, *, now: datetime) -> Awaited | None:
    rows = reflections.of_case(session, case.reference)
    missing = [row for row in rows if row.state == "asked"]
    if not missing:
        return None
    inside = sum(row.state == "in" for row in rows)
    last = max(missing, key=lambda row: row.due_on)
    enough = people.rules.commissioning.enough_when_due
    nothing = (
        f"After {day(last.due_on, year_shown=True)} it goes on with the {inside} reflections it has"
        if inside >= enough
        else "the Chair is asked to choose somebody else, once"
    )
    return Awaited(
        f"{len(missing)} of {inside + len(missing)} reflections",
        "; ".join(people.described(row.person_id) for row in missing),
        last.asked_at,
        last.due_on,
        nothing,
        clocks.sentence(session, last.asked_at, last.due_on, now=now),
    )


def _moving(session: Session, case: Case) -> Awaited | None:
    if case.status not in {S.ISSUED, S.FOLLOW_UP} or case.issued_at is None:
        return None
    months = rules_of(session).commissioning.follow_up_months
    return Awaited(
        "The day to ask what came of it",
        clock=f"We ask {' and '.join(str(number) for number in months)} months after it was recorded.",
    )
