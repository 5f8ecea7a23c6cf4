"""Running a process's body from the top under a lease: the same in Prefect and without it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from plr import clock
from plr.db.models import Wait
from plr.db.session import Database
from plr.engine import failures, journal, lease
from plr.engine.journal import Execution, Host, ReplayEnded
from plr.errors import FencedError, NotFoundError, UnavailableError, WrongMomentError
from plr.operations import wakes

Body = Callable[[str], None]


class Suspended(BaseException):
    """The case waits, as it should: no error. The message says for what."""


class InProcess:
    """A host without Prefect: for tests and the rehearsal.

    `strict` lets a failing step's own exception out; otherwise it is tried again and parked, as in Prefect.
    """

    def __init__(self, *, strict: bool = True) -> None:
        self.strict = strict

    def perform(self, name: str, act: Callable[[], None]) -> None:  # noqa: ARG002 - Prefect's host shows the name
        """Do a step."""
        act()

    def suspend(self, message: str) -> NoReturn:
        """End this execution."""
        raise Suspended(message)

    def abandon(self, reason: str) -> NoReturn:
        """End this execution."""
        raise FencedError(reason)


def carry(body: Body, execution: Execution) -> None:
    """Run a body from the top to its end, or to its next wait, which leaves by the host's own exception."""
    host = execution.host
    with journal.running(execution):
        try:
            _to_the_end(body, execution)
        except (FencedError, UnavailableError) as error:
            if host.strict:
                raise
            host.abandon(str(error))
        except Exception as error:
            if host.strict:
                raise
            error_id = failures.note(error, execution.reference, "the process")
            _park(execution, error_id)


def _to_the_end(body: Body, execution: Execution) -> None:
    with contextlib.suppress(journal.CaseEnded):
        body(execution.reference)
    finish(execution)


def _park(execution: Execution, error_id: str) -> NoReturn:
    try:
        failures.count(execution, "process", error_id, at_once=True)
    except (FencedError, UnavailableError) as error:
        execution.host.abandon(str(error))
    execution.host.suspend(failures.parked_message())


def finish(execution: Execution) -> None:
    """Record that the process has returned; nothing of the case waits or wakes any more.

    Also when it returns once more: an execution that died after its end leaves a wake.
    """
    key = execution.ask(journal.END)
    now = execution.now()

    def operation(session: Session) -> None:
        lease.fence(session, execution)
        if journal.find(session, execution.reference, key) is None:
            journal.record(session, execution.reference, key, None, now=now)
        wakes.clear(session, execution.reference)
        row = session.get(Wait, execution.reference)
        if row is not None:
            session.delete(row)

    execution.transact(operation)


def carry_plain(
    body: Body,
    process: str,
    reference: str,
    database: Database,
    *,
    now: Callable[[], datetime] = clock.now,
    strict: bool = True,
    lease_seconds: float = 600,
) -> bool:
    """Run a case's process in this process, without Prefect; True at its end, False when it waits."""
    taken = database.run(
        lambda session: lease.take(session, reference, process=process, run_id=None, seconds=lease_seconds)
    )
    if taken is lease.Refusal.UNKNOWN:
        raise NotFoundError("There is no such case.")
    if isinstance(taken, lease.Refusal):
        raise WrongMomentError("This case is being carried on elsewhere. Try again in a minute.")
    execution = begin(database, reference, taken, InProcess(strict=strict), now)
    try:
        carry(body, execution)
    except Suspended:
        return False
    finally:
        database.run(lambda session: lease.release(session, execution))
    return True


def begin(
    database: Database, reference: str, taken: lease.Taken, host: Host, now: Callable[[], datetime]
) -> Execution:
    """Make an execution of a case whose lease has been taken; reads the whole journal once."""
    with database.reading() as session:
        entries = journal.read(session, reference)
    return Execution(
        reference=reference,
        version=taken.version,
        entries=entries,
        host=host,
        now=now,
        database=database,
        epoch=taken.epoch,
        parked=taken.parked,
    )


def replay(body: Body, recorded: Mapping[str, Any]) -> list[str]:
    """Return what today's process asks of a recorded journal, in order; effects are forbidden (Q6).

    `recorded` is what `dump` gave. Each item reads "name:occurrence"; the last may be one more than the
    journal holds: the step or wait the case stood at.
    """
    entries = {(entry["step"], entry["occurrence"]): entry["value"] for entry in recorded["entries"]}
    execution = Execution(
        reference=recorded["reference"],
        version=recorded["version"],
        entries=entries,
        host=InProcess(),
        now=clock.now,
    )
    with journal.running(execution):
        try:
            with contextlib.suppress(journal.CaseEnded):
                body(execution.reference)
            execution.ask(journal.END)
        except ReplayEnded:
            pass
    return asked(execution.asked)


def asked(keys: Sequence[journal.Key]) -> list[str]:
    """Return keys as "name:occurrence"."""
    return [f"{name}:{occurrence}" for name, occurrence in keys]


def dump(session: Session, reference: str, *, process: str, version: int) -> dict[str, Any]:
    """Return a case's journal for tests/journals/<release>/: to be replayed by every later release."""
    return {
        "process": process,
        "version": version,
        "reference": reference,
        "entries": [
            {"step": name, "occurrence": occurrence, "value": value}
            for (name, occurrence), value in journal.read(session, reference).items()
        ],
    }
