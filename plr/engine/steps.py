"""Steps: one transaction of effect, audit, intents and journal entry, done once whatever happens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from plr.engine import failures, journal, lease
from plr.engine.journal import Execution, Key
from plr.errors import FencedError, StepFailedError, UnavailableError

log = logging.getLogger(__name__)
T = TypeVar("T")

_PAUSES = (0.2, 1.0)  # seconds before the second and the third try
_AWAY = (0.5, 1, 2, 4, 8, 15)  # seconds between tries while the database is away


class Step(Generic[T]):
    """A step of a process: called with a reference and codes, it gives the journal's value."""

    def __init__(self, function: Callable[..., T], name: str) -> None:
        self.function = function
        self.name = name
        update_wrapper(self, function)

    def __call__(self, reference: str, **keywords: object) -> T:
        """Return the recorded value, or do the step now and record it.

        The value is what JSON keeps: an enum comes back as its word, a date must be sent as text.
        """
        execution = journal.current(reference)
        key = execution.ask(self.name)
        if key not in execution.entries:
            if execution.database is None:
                raise journal.ReplayEnded
            execution.entries[key] = self._until_done(execution, key, keywords)
        value: T = execution.entries[key]
        return value

    def _until_done(self, execution: Execution, key: Key, keywords: dict[str, object]) -> object:
        if execution.parked and not execution.host.strict:
            execution.host.suspend(failures.parked_message())
        away = iter(_AWAY)
        while True:
            try:
                return self._try(execution, key, keywords)
            except UnavailableError:
                pause = next(away, None)
                if pause is None:
                    execution.host.abandon("The database is away; the case goes on when it is back.")
                time.sleep(pause)
            except StepFailedError as error:
                tries = failures.count(execution, self.name, str(error).rpartition(" ")[2])
                if tries >= failures.TRIES:
                    execution.host.suspend(failures.parked_message())
                time.sleep(_PAUSES[min(tries, len(_PAUSES)) - 1])

    def _try(self, execution: Execution, key: Key, keywords: dict[str, object]) -> object:
        done: list[object] = []
        strict = execution.host.strict

        def act() -> None:
            failed = None
            try:
                done.append(self._commit(execution, key, keywords))
            except (FencedError, UnavailableError):
                raise
            except Exception as error:
                if strict:
                    raise
                failed = failures.note(error, execution.reference, self.name)
            if failed is not None:  # outside the except: nothing of the cause may hang on to it
                raise StepFailedError(f"{execution.reference}: the step failed. Error {failed}")

        try:
            execution.host.perform(self.name, act)
        except (FencedError, UnavailableError, StepFailedError):
            raise
        except Exception as error:
            if strict:
                raise
            if not done:
                log.warning(
                    "Prefect did not run %s of %s: %s.", self.name, execution.reference, type(error).__name__
                )
                execution.host.abandon("Prefect is away; the case goes on when it is back.")
        return done[0]

    def _commit(self, execution: Execution, key: Key, keywords: dict[str, object]) -> object:
        now = execution.now()

        def operation(session: Session) -> object:
            lease.fence(session, execution)
            found = journal.find(session, execution.reference, key)
            if found is not None:
                return found.value
            value = self.function(session, execution.reference, now=now, **keywords)
            return journal.record(session, execution.reference, key, value, now=now)

        return execution.transact(operation)


def step(function: Callable[..., T]) -> Step[T]:
    """Make `(session, reference, *, now, **codes) -> value` a step, named by the function.

    The name is the journal's key for ever: a released step is never renamed.
    """
    return Step(function, function.__name__)
