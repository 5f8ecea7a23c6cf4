"""The journal of a case, and the execution that reads it: what has happened is returned, not repeated.

An execution runs a process from the top. Each step and each wait asks for the entry
`(reference, name, occurrence)`; only what the journal lacks is done.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import JournalEntry
from plr.db.session import Database

END = "end"  # the entry of a process that has returned

Key = tuple[str, int]
T = TypeVar("T")


class Host(Protocol):
    """Where an execution runs: in Prefect, or in this process without it."""

    strict: bool

    def perform(self, name: str, act: Callable[[], None]) -> None:
        """Do one step so that it can be seen; what `act` raises comes out."""

    def suspend(self, message: str) -> NoReturn:
        """End this execution; only our database can carry the case on."""

    def abandon(self, reason: str) -> NoReturn:
        """End this execution without a word about the case: it is another's, or will be tried again."""


class ReplayEnded(BaseException):
    """A replayed process asked for what its journal does not hold: effects are forbidden. No error."""


class CaseEnded(BaseException):
    """The case was withdrawn, declined or is a breach: its process stops where it stands."""


@dataclass(slots=True)
class Execution:
    """One run of a process from the top, under one lease."""

    reference: str
    version: int
    entries: dict[Key, Any]
    host: Host
    now: Callable[[], datetime]
    database: Database | None = None  # None: a replay
    epoch: int = 0
    parked: bool = False  # a step has failed three times; only a person lets it be tried again
    asked: list[Key] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    moved_at: float = field(default_factory=time.monotonic)

    def ask(self, name: str) -> Key:
        """Count one more asking of a step or wait and return its key."""
        self.moved_at = time.monotonic()
        self.counts[name] += 1
        key = (name, self.counts[name])
        self.asked.append(key)
        return key

    def transact(self, operation: Callable[[Session], T]) -> T:
        """Run an operation in a transaction, again if the database asks for it."""
        if self.database is None:
            raise ReplayEnded
        return self.database.run(operation)


_current: ContextVar[Execution | None] = ContextVar("plr_execution", default=None)


def current(reference: str) -> Execution:
    """Return the execution that runs this case here; steps and waits mean nothing outside one."""
    execution = _current.get()
    if execution is None:
        raise RuntimeError("A step or a wait runs only inside a process.")
    if execution.reference != reference:
        raise RuntimeError("A process may touch its own case only.")
    return execution


def version(reference: str) -> int:
    """Return the process version that a case began under, for flows that keep older cases on their path."""
    return current(reference).version


@contextmanager
def running(execution: Execution) -> Generator[None]:
    """Make an execution the current one."""
    token = _current.set(execution)
    try:
        yield
    finally:
        _current.reset(token)


def read(session: Session, reference: str) -> dict[Key, Any]:
    """Return a case's journal, in the order in which it happened."""
    rows = session.scalars(
        select(JournalEntry).where(JournalEntry.reference == reference).order_by(JournalEntry.id)
    )
    return {(row.step, row.occurrence): row.value for row in rows}


def find(session: Session, reference: str, key: Key) -> JournalEntry | None:
    """Return one entry, for a transaction that may have been committed without our hearing of it."""
    name, occurrence = key
    return session.scalars(
        select(JournalEntry).filter_by(reference=reference, step=name, occurrence=occurrence)
    ).one_or_none()


def record(session: Session, reference: str, key: Key, value: object, *, now: datetime) -> object:
    """Write one entry and return its value as the journal will give it back."""
    kept = as_json(value)
    name, occurrence = key
    session.add(JournalEntry(reference=reference, step=name, occurrence=occurrence, value=kept, at=now))
    session.flush()
    return kept


def as_json(value: object) -> object:
    """Return a value as JSON gives it back, so that the first run and every later one see the same."""
    kept: object = json.loads(json.dumps(value, allow_nan=False))
    return kept


def has_ended(session: Session, reference: str) -> bool:
    """Whether the case's process has returned."""
    return find(session, reference, (END, 1)) is not None
