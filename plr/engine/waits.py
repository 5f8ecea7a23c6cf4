"""Waits: look at our database; if what is awaited is there, go on; if not, say so and suspend.

A wait never falls through: whatever Prefect answers, only a later look carries the case on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, NoReturn

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from plr.db.models import Wait, Wake
from plr.domain.actors import ENGINE
from plr.domain.london import london_instant
from plr.domain.waits import Awaited, Ended, Looked, Satisfied
from plr.domain.wording import day
from plr.engine import journal, lease
from plr.engine.journal import CaseEnded, Execution, Key
from plr.errors import UnavailableError
from plr.operations import audit, wakes

__all__ = ["Awaited", "Ended", "Look", "Looked", "Satisfied", "await_date", "end_case", "wait"]

Look = Callable[[Session, str, datetime], Looked]


def wait(reference: str, name: str, look: Look) -> Any:
    """Return what was awaited once it is there; until then record what is awaited and suspend.

    `look(session, reference, now)` reads and may write (a date that passes). Its value is what JSON
    keeps. `name` is the journal's key for ever, as a step's.
    """
    execution = journal.current(reference)
    key = execution.ask(f"await:{name}")
    if key not in execution.entries:
        execution.entries[key] = _look_or_suspend(execution, key, look)
    return execution.entries[key]


def end_case() -> NoReturn:
    """End the process of a case that has reached a state it never leaves."""
    raise CaseEnded


def _look_or_suspend(execution: Execution, key: Key, look: Look) -> object:
    if execution.database is None and (journal.END, 1) in execution.entries:
        execution.asked.pop()  # a replay: it was here that the case was seen to have ended
        end_case()
    now = execution.now()

    def operation(session: Session) -> Looked:
        lease.fence(session, execution)
        found = journal.find(session, execution.reference, key)
        if found is not None:
            return Satisfied(found.value)
        return _look(session, execution, key, look, now)

    try:
        looked = execution.transact(operation)
    except UnavailableError:
        if execution.host.strict:
            raise
        execution.host.abandon("The database is away; the case goes on when it is back.")
    if isinstance(looked, Ended):
        end_case()
    if isinstance(looked, Awaited):
        execution.host.suspend(looked.message)
    return looked.value


def await_date(reference: str, name: str, on: date | str, *, at: time = time(0)) -> None:
    """Wait until a London day has come (from midnight, or `at`); `on` may be a step's ISO text."""
    due_on = date.fromisoformat(on) if isinstance(on, str) else on
    until_at = london_instant(due_on, at)

    def look(_session: Session, _reference: str, now: datetime) -> Looked:
        if now >= until_at:
            return Satisfied(None)
        return Awaited(subject="date", what=f"{day(due_on)} to come", until_at=until_at)

    wait(reference, name, look)


def _look(session: Session, execution: Execution, key: Key, look: Look, now: datetime) -> Looked:
    reference = execution.reference
    row = session.get(Wait, reference)
    woken = session.scalar(select(exists().where(Wake.reference == reference)))
    looked = look(session, reference, now)
    wakes.clear(session, reference)
    waited_here = row is not None and row.name == key[0]
    if row is not None and not (waited_here and isinstance(looked, Awaited)):
        session.delete(row)
        session.flush()
        row = None
    if isinstance(looked, Satisfied):
        return Satisfied(journal.record(session, reference, key, looked.value, now=now))
    if isinstance(looked, Ended):
        return looked
    if waited_here and not woken:
        _untrusted(session, reference, now)
    if row is None:
        row = Wait(reference=reference, name=key[0], since=now)
        session.add(row)
    row.subject, row.what, row.who = looked.subject, looked.what, looked.who
    row.due_on, row.until_at = looked.due_on, looked.until_at
    return looked


def _untrusted(session: Session, reference: str, now: datetime) -> None:
    """Somebody pressed Resume, or Prefect did: nothing was decided, and the audit says so."""
    audit.record(
        session, reference, "case.woken_undecided", f"case:{reference}", by=ENGINE, now=now, codes={}
    )
