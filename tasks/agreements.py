"""Steps that put a case to the group, and the wait for what a quorate meeting records (4.1)."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from plr.engine.steps import step
from plr.engine.waits import wait
from plr.operations import agreements, commissioning, waiting
from tasks.ended import unless_ended


@step
@unless_ended("")
def put_on_agenda(session: Session, reference: str, *, now: datetime) -> str:
    """Put a light case on the next agenda."""
    return agreements.put_on_agenda(session, reference, now=now)


@step
@unless_ended("")
def ask_group(session: Session, reference: str, *, now: datetime) -> str:
    """Put the draft position to the next meeting."""
    return commissioning.ask_group(session, reference, now=now)


def await_group(reference: str, ask: str) -> str:
    """Wait for a quorate meeting: "approved", "returned", or "deepened" by the Chair meanwhile."""
    answer: str = wait(reference, "group", partial(waiting.group_agreement, ask=ask))
    return answer
