"""Steps that ask for an approval, and the wait for it. Answering is never a step (decisions 40)."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from plr.engine.steps import step
from plr.engine.waits import wait
from plr.operations import commissioning, waiting
from tasks.ended import unless_ended


@step
@unless_ended("")
def ask_triage(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the Chair whether to take the review on."""
    return commissioning.ask_triage(session, reference, now=now)


@step
@unless_ended("")
def ask_position(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the Chair to approve the text of the position."""
    return commissioning.ask_position(session, reference, now=now)


def await_approval(reference: str, ask: str) -> str:
    """Wait until an ask has settled: "approved", "returned" or "rejected"."""
    answer: str = wait(reference, "approval", partial(waiting.approval, ask=ask))
    return answer
