"""Steps and waits of the follow-up: what came of it (terms of reference 2.1)."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

from sqlalchemy.orm import Session

from plr.db.session import rules_of
from plr.engine.steps import step
from plr.engine.waits import wait
from plr.operations import commissioning, waiting
from tasks.ended import unless_ended


@step
def follow_up_months(session: Session, reference: str, *, now: datetime) -> list[int]:  # noqa: ARG001 - every step has one form
    """Return after how many months to ask, as the rules say when the case is issued."""
    return list(rules_of(session).commissioning.follow_up_months)


@step
def follow_up_on(session: Session, reference: str, *, months: int, now: datetime) -> str:
    """Return the day, as ISO text, on which to ask."""
    return commissioning.follow_up_on(session, reference, months=months, now=now)


def await_follow_up(reference: str, months: int) -> None:
    """Wait for the day on which to ask."""
    on = date.fromisoformat(follow_up_on(reference, months=months))
    wait(reference, "day", partial(waiting.day, on=on))


@step
@unless_ended(None)
def ask_follow_up(session: Session, reference: str, *, months: int, now: datetime) -> None:
    """Ask what came of it."""
    commissioning.ask_follow_up(session, reference, months=months, now=now)


def await_impact(reference: str, months: int) -> None:
    """Wait for the answer, or for the day that closes the question."""
    wait(reference, "impact", partial(waiting.impact, months=months))


@step
@unless_ended(None)
def close_follow_up(session: Session, reference: str, *, months: int, last: bool, now: datetime) -> None:
    """End the follow-up; the last one closes the case."""
    commissioning.close_follow_up(session, reference, months=months, last=last, now=now)
