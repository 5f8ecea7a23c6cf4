"""Steps and waits of the reflections (full depth)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from plr.engine.steps import step
from plr.engine.waits import wait
from plr.operations import commissioning, reflections, waiting
from tasks.ended import unless_ended


@step
@unless_ended("asked")
def begin_reflecting(session: Session, reference: str, *, now: datetime) -> str:
    """Take the case on; its reflectors are asked in their next digest."""
    return commissioning.begin_reflecting(session, reference, now=now)


def await_reflections(reference: str) -> str:
    """Wait until enough reflections are in, or too few on the day: "enough" or "too-few"."""
    answer: str = wait(reference, "reflections", waiting.reflections_in)
    return answer


@step
@unless_ended("asked")
def ask_to_reassign(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the Chair, once, to ask others: "asked" or "spent"."""
    return reflections.ask_to_reassign(session, reference, now=now)


def await_reassignment(reference: str) -> str:
    """Wait for the Chair's choice: "reassigned", or "nobody" once the day has passed."""
    answer: str = wait(reference, "reassignment", waiting.reassignment)
    return answer


@step
@unless_ended(None)
def hold_for_reflections(session: Session, reference: str, *, now: datetime) -> None:
    """Put the case on hold: too few reflections came in."""
    commissioning.hold_for_reflections(session, reference, now=now)


def await_off_hold(reference: str) -> None:
    """Wait until the Chair takes the case off hold."""
    wait(reference, "off-hold", waiting.off_hold)
