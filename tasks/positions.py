"""Steps and waits of the position's text (full depth)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from plr.engine.steps import step
from plr.engine.waits import wait
from plr.operations import commissioning, waiting
from tasks.ended import unless_ended


@step
@unless_ended(None)
def begin_synthesis(session: Session, reference: str, *, now: datetime) -> None:
    """Ask the secretary to draft the position."""
    commissioning.begin_synthesis(session, reference, now=now)


@step
@unless_ended(None)
def ask_revision(session: Session, reference: str, *, now: datetime) -> None:
    """Ask the writer to change the text that came back."""
    commissioning.ask_revision(session, reference, now=now)


def await_position(reference: str) -> None:
    """Wait for the draft or the revision."""
    wait(reference, "position", waiting.position_written)


@step
@unless_ended("chair")
def after_revision(session: Session, reference: str, *, now: datetime) -> str:
    """Say who is asked about the revised text: "chair" or "group"."""
    return commissioning.after_revision(session, reference, now=now)


@step
@unless_ended(None)
def issue(session: Session, reference: str, *, now: datetime) -> None:
    """Issue the approved position."""
    commissioning.issue(session, reference, now=now)
