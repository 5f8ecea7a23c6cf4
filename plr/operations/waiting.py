"""What the process waits for: each look reads our records and says whether the wait is over.

A look gives `Satisfied(value)`, `Ended()` when the case has ended meanwhile, or `Awaited(...)`: what is
waited for, of which role, until when; roles and dates only, since Prefect shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Impact, Task
from plr.db.session import rules_of
from plr.domain.cases import ENDED
from plr.domain.london import london_day, london_instant
from plr.domain.waits import Awaited, Ended, Looked, Satisfied
from plr.domain.words import ApprovalKind, ApprovalStatus, CaseStatus, Depth, TaskKind
from plr.operations import agreements, approvals, cases, checking, positions, reflections, tasks


def _standing(session: Session, reference: str) -> Ended | Awaited | Case:
    case = cases.get(session, reference)
    if case.status in ENDED:
        return Ended()
    if case.status is CaseStatus.ON_HOLD:
        return Awaited("hold", "a look at the case on hold", "the Chair", case.held_until_on)
    return case


def _of_task(session: Session, task: Task, what: str, until_at: datetime | None = None) -> Awaited:
    rule = rules_of(session).tasks[task.kind]
    who = "the person asked" if rule.office is None else f"the {rules_of(session).offices[rule.office].label}"
    return Awaited(f"task:{task.id}", what, who, task.due_on, until_at)


def check(session: Session, reference: str, now: datetime) -> Looked:  # noqa: ARG001 - every look has one form
    """Look for the checker's answer: clean or return."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    outcome = checking.outcome(session, reference)
    if outcome is not None:
        return Satisfied(outcome)
    return _of_task(
        session, tasks.the_open_task(session, reference, TaskKind.CHECK), "the check for identifiers"
    )


def correction(session: Session, reference: str, now: datetime) -> Looked:  # noqa: ARG001 - as above
    """Look for the submitter's corrected text."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    waiting = tasks.open_tasks(session, reference, TaskKind.CORRECT)
    return _of_task(session, waiting[0], "a corrected text") if waiting else Satisfied("corrected")


def approval(session: Session, reference: str, now: datetime, *, ask: str) -> Looked:  # noqa: ARG001 - as above
    """Look whether an ask has settled: its standing is the value; one that is void waits for the next ask."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    rows = _rows_of(session, ask)
    if rows[0].kind is ApprovalKind.POSITION and standing.status is CaseStatus.DRAFT_POSITION:
        return Satisfied("group")  # an objection to what the meeting agreed came in meanwhile
    status = approvals.standing(session, ask)
    if status in _GONE:
        ask = approvals.latest_ask(session, reference, rows[0].kind) or ask
        rows, status = _rows_of(session, ask), approvals.standing(session, ask)
    if status in _SETTLED:
        return Satisfied(status.value)
    open_rows = [row for row in rows if row.status is ApprovalStatus.OPEN]
    return _awaited_approval(session, (open_rows or rows)[0])


_SETTLED = {ApprovalStatus.APPROVED, ApprovalStatus.RETURNED, ApprovalStatus.REJECTED}
_GONE = {ApprovalStatus.VOID, ApprovalStatus.WITHDRAWN}


def _rows_of(session: Session, ask: str) -> Sequence[Approval]:
    return session.scalars(
        select(Approval).where(Approval.ask == ask).order_by(Approval.turn, Approval.id)
    ).all()


def _awaited_approval(session: Session, row: Approval) -> Awaited:
    rules = rules_of(session)
    who = "nobody in line" if row.office is None else f"the {rules.offices[row.office].label}"
    return Awaited(f"approval:{row.id}", rules.approvals[row.kind].label.lower(), who, row.due_on)


def group_agreement(session: Session, reference: str, now: datetime, *, ask: str) -> Looked:
    """Look for what a quorate meeting recorded; "deepened" when the Chair deepened the case meanwhile."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    rows = session.scalars(select(Approval).where(Approval.ask == ask)).all()
    status = rows[0].status if rows else ApprovalStatus.VOID
    if status in _SETTLED:
        return Satisfied(status.value)
    if standing.depth is Depth.FULL and standing.status is CaseStatus.TRIAGE:
        return Satisfied("deepened")
    if agreements.open_question(session, reference) is None and status is ApprovalStatus.VOID:
        return Satisfied("void")
    coming = [on for on in rules_of(session).next_meeting_on if on >= london_day(now)]
    return Awaited(f"approval:{ask}", "a quorate meeting", "the group", coming[0] if coming else None)


def reflections_in(session: Session, reference: str, now: datetime) -> Looked:
    """Look whether the reflections are enough, or too few once they were due."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    rows = reflections.of_case(session, reference)
    due = max((row.due_on for row in rows if row.state == "asked"), default=None)
    today = london_day(now) if _is_late(session, due, now) else (due or london_day(now))
    state = reflections.standing(session, reference, today=today)
    if state != "waiting" or due is None:
        return Satisfied(state)
    due_on = due
    inside = sum(1 for row in rows if row.state == "in")
    awaited = sum(1 for row in rows if row.state == "asked")
    what = f"reflections, {inside} of {inside + awaited} in"
    return Awaited("reflections", what, "the reflectors", due_on, _day_after(session, due_on))


def reassignment(session: Session, reference: str, now: datetime) -> Looked:
    """Look whether others were asked, or late reflections came in; "nobody" once the day has passed."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    waiting = tasks.open_tasks(session, reference, TaskKind.REASSIGN)
    if not waiting or reflections.standing(session, reference, today=london_day(now)) == "enough":
        return Satisfied("reassigned")
    due_on = waiting[0].due_on
    if _is_late(session, due_on, now):
        return Satisfied("nobody")
    until_at = None if due_on is None else _day_after(session, due_on)
    return _of_task(session, waiting[0], "other reflectors", until_at)


def off_hold(session: Session, reference: str, now: datetime) -> Looked:  # noqa: ARG001 - as above
    """Look whether the Chair has taken the case off hold."""
    standing = _standing(session, reference)
    return Satisfied("resumed") if isinstance(standing, Case) else standing


def position_written(session: Session, reference: str, now: datetime) -> Looked:  # noqa: ARG001 - as above
    """Look whether the draft or the revision of the position is in."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    for kind in (TaskKind.WRITE_POSITION, TaskKind.REVISE_POSITION):
        waiting = tasks.open_tasks(session, reference, kind)
        if waiting:
            return _of_task(session, waiting[0], "the text of the position")
    return Satisfied("written" if positions.latest(session, reference) is not None else "missing")


def day(session: Session, reference: str, now: datetime, *, on: date) -> Looked:
    """Look whether a day has come, 08:30; a day that is no working day is the next one (decisions 23)."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    rules = rules_of(session)
    rolled = rules.calendar.roll(on) if london_day(now) >= on else on
    at = london_instant(rolled, rules.quiet_hours.morning)
    return (
        Satisfied(rolled.isoformat())
        if now >= at
        else Awaited("date", "the day to ask what came of it", "", on, at)
    )


def impact(session: Session, reference: str, now: datetime, *, months: int) -> Looked:
    """Look for what came of it; "no answer" 20 working days after the question (decisions 96)."""
    standing = _standing(session, reference)
    if not isinstance(standing, Case):
        return standing
    known = select(Impact.id).filter_by(reference=reference, months=months)
    if session.scalar(known) is not None:
        return Satisfied("answered")
    waiting = tasks.open_tasks(session, reference, TaskKind.FOLLOW_UP)
    if not waiting or _is_late(session, waiting[0].due_on, now):
        return Satisfied("no_answer")
    due_on = waiting[0].due_on
    until_at = None if due_on is None else _day_after(session, due_on)
    return _of_task(session, waiting[0], "what came of it", until_at)


def _is_late(session: Session, due_on: date | None, now: datetime) -> bool:
    return due_on is not None and now >= _day_after(session, due_on)


def _day_after(session: Session, due_on: date) -> datetime:
    # `due_on` is a whole London day; late from 08:30 of the next working day (decisions 19).
    rules = rules_of(session)
    return london_instant(rules.calendar.next_working_day(due_on), rules.quiet_hours.morning)
