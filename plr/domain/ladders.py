"""Ladders: when an open question or task is brought up again. Time reminds and decides nothing.

The numbers are working days and come from the configuration (decisions 13).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from plr.domain.calendars import MORNING, Calendar
from plr.domain.london import london_day, london_instant

ESCALATE = "ESCALATE"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: the notice, or ESCALATE for a digest line, and the instant in UTC."""

    code: str
    fires_at: datetime


def approval_ladder(
    asked_at: datetime,
    due_on: date,
    calendar: Calendar,
    *,
    days_before: int,
    days_after: int,
    digest_after: int,
    morning: time = MORNING,
) -> tuple[Rung, ...]:
    """Return N25 before the due day, N26 after it, and the digest line; N25 never on the day of asking."""
    codes = ("N25", "N26", ESCALATE)
    steps = (-days_before, days_after, digest_after)
    return _ladder(codes, asked_at, due_on, calendar, steps=steps, morning=morning)


def task_ladder(
    asked_at: datetime,
    due_on: date,
    calendar: Calendar,
    *,
    days_before: int,
    days_after: int,
    digest_after: int,
    morning: time = MORNING,
) -> tuple[Rung, ...]:
    """Return N21 before the due day, N22 after it, and N23; N21 never on the day of asking."""
    codes = ("N21", "N22", "N23")
    steps = (-days_before, days_after, digest_after)
    return _ladder(codes, asked_at, due_on, calendar, steps=steps, morning=morning)


def _ladder(
    codes: tuple[str, str, str],
    asked_at: datetime,
    due_on: date,
    calendar: Calendar,
    *,
    steps: tuple[int, int, int],
    morning: time,
) -> tuple[Rung, ...]:
    days = [calendar.add_working_days(due_on, step) for step in steps]
    rungs = [Rung(code, london_instant(on, morning)) for code, on in zip(codes, days, strict=True)]
    comes_after_asking = days[0] > london_day(asked_at)
    return tuple(rungs if comes_after_asking else rungs[1:])
