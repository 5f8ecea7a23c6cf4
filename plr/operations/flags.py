"""What is worked out from dates and shown beside a state: late, at risk, needs attention (decisions 9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Case, Deadline
from plr.db.session import rules_of
from plr.domain.cases import ENDED
from plr.domain.london import london_instant
from plr.domain.words import CaseStatus

LATE, AT_RISK, NEEDS_ATTENTION = "late", "at risk", "needs attention"


def of_cases(session: Session, found: Iterable[Case], *, now: datetime) -> dict[str, list[str]]:
    """Return the flags of each case, by reference. Clocks of a case on hold stand still."""
    kept = list(found)
    due: dict[str, list[date]] = {}
    running = {case.reference for case in kept if case.status not in {CaseStatus.ON_HOLD, *ENDED}}
    statement = select(Deadline.reference, Deadline.due_on).where(Deadline.closed_at.is_(None))
    for reference, due_on in session.execute(statement):
        if reference in running:
            due.setdefault(reference, []).append(due_on)
    return {case.reference: _flags(session, case, due.get(case.reference, []), now=now) for case in kept}


def is_late(session: Session, due_on: date, *, now: datetime) -> bool:
    """Say whether a day is over: from the morning of the next working day on (decisions 19)."""
    rules = rules_of(session)
    return now >= london_instant(rules.calendar.next_working_day(due_on), rules.quiet_hours.morning)


def _flags(session: Session, case: Case, due: list[date], *, now: datetime) -> list[str]:
    rules = rules_of(session)
    found = []
    before = -rules.approval_ladder.remind_before
    morning = rules.quiet_hours.morning
    if any(is_late(session, due_on, now=now) for due_on in due):
        found.append(LATE)
    elif any(now >= london_instant(rules.calendar.add_working_days(on, before), morning) for on in due):
        found.append(AT_RISK)
    return [*found, NEEDS_ATTENTION] if case.attention is not None else found
