"""Steps and waits of the check for identifiers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from plr.engine.steps import step
from plr.engine.waits import wait
from plr.operations import checking, commissioning, waiting
from tasks.ended import unless_ended


@step
@unless_ended("asked")
def ask_check(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the checker to read the text; "passes" when light and without a narrative."""
    return checking.ask(session, reference, now=now)


def await_check(reference: str) -> str:
    """Wait for the checker: "clean" or "return"."""
    answer: str = wait(reference, "check", waiting.check)
    return answer


@step
@unless_ended(None)
def ask_correction(session: Session, reference: str, *, now: datetime) -> None:
    """Send the text back to its submitter with a form link."""
    commissioning.ask_correction(session, reference, now=now)


def await_correction(reference: str) -> None:
    """Wait for the corrected text."""
    wait(reference, "correction", waiting.correction)
