"""Steps about the case as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from sqlalchemy.orm import Session

from plr.engine.steps import step
from plr.engine.waits import end_case
from plr.operations import cases, commissioning
from tasks.ended import unless_ended


@step
def choose_depth(session: Session, reference: str, *, now: datetime) -> str:  # noqa: ARG001 - every step has one form
    """Return the depth the case has when its check is done: light or full."""
    return cases.get(session, reference).depth.value


@step
@unless_ended(None)
def decline_case(session: Session, reference: str, *, now: datetime) -> None:
    """End the case because the Chair declined, and tell the submitter."""
    commissioning.decline(session, reference, now=now)


def decline(reference: str) -> NoReturn:
    """Decline the case; its process stops here."""
    decline_case(reference)
    end_case()
