"""The lease of a case and its fence: which execution may write (reliability 2, Lease and fence).

Leases run on the machine's time, or the database's where there is a server, never on a demonstration's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

from plr.clock import real_now
from plr.db.models import Case
from plr.db.session import Database
from plr.engine.journal import Execution
from plr.errors import FencedError, UnavailableError

log = logging.getLogger(__name__)

STEP_FAILED = "step-failed"


class Refusal(StrEnum):
    """Why an execution may not begin."""

    UNKNOWN = "unknown"
    OTHER_PROCESS = "other-process"
    DUPLICATE = "duplicate"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease: the fencing token, the version the case began under, whether it is parked."""

    epoch: int
    version: int
    parked: bool


def database_now(session: Session) -> datetime:
    """Return the instant by which leases are counted."""
    if session.get_bind().dialect.name == "postgresql":
        instant: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return instant
    return real_now()


def take(
    session: Session, reference: str, *, process: str, run_id: str | None, seconds: float
) -> Taken | Refusal:
    """Take a case's lease and, for a Prefect run, claim the case for it: one run carries a case."""
    record = session.get(Case, reference, with_for_update=True)
    if record is None:
        return Refusal.UNKNOWN
    if record.process != process:
        return Refusal.OTHER_PROCESS
    if run_id is not None and record.run_id not in (None, run_id):
        return Refusal.DUPLICATE
    now = database_now(session)
    if record.lease_until is not None and record.lease_until >= now:
        return Refusal.BUSY
    record.run_id = run_id or record.run_id
    record.lease_epoch += 1
    record.lease_until = now + timedelta(seconds=seconds)
    return Taken(record.lease_epoch, record.process_version, record.attention == STEP_FAILED)


def fence(session: Session, execution: Execution) -> None:
    """Begin a step's transaction: it commits only while this execution holds the lease.

    Also forgets earlier failures, for the step that is about to be done. Raises FencedError.
    """
    attention = sql_case((Case.attention == STEP_FAILED, None), else_=Case.attention)
    held = session.execute(
        update(Case)
        .where(*_held(session, execution))
        .values(failures=0, attention=attention)
        .returning(Case.reference)
        .execution_options(synchronize_session=False)
    ).first()
    if held is None:
        raise FencedError("Another worker has taken this case over. Nothing was changed.")


def count_failure(session: Session, execution: Execution) -> int:
    """Count one failure of a step and return how many there have been in a row. Raises FencedError."""
    failures = session.execute(
        update(Case)
        .where(*_held(session, execution))
        .values(failures=Case.failures + 1)
        .returning(Case.failures)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if failures is None:
        raise FencedError("Another worker has taken this case over. Nothing was changed.")
    return failures


def renew(session: Session, execution: Execution, *, seconds: float) -> bool:
    """Renew a lease that has not run out; False when it has."""
    now = database_now(session)
    renewed = session.execute(
        update(Case)
        .where(*_held(session, execution))
        .values(lease_until=now + timedelta(seconds=seconds))
        .returning(Case.reference)
        .execution_options(synchronize_session=False)
    )
    return renewed.first() is not None


def release(session: Session, execution: Execution) -> None:
    """Give the lease back."""
    session.execute(
        update(Case)
        .where(Case.reference == execution.reference, Case.lease_epoch == execution.epoch)
        .values(lease_until=None)
        .execution_options(synchronize_session=False)
    )


def declare_dead(session: Session) -> list[str]:
    """Fence every execution whose lease has run out and return the references of their cases."""
    now = database_now(session)
    dead = session.execute(
        update(Case)
        .where(Case.lease_until < now)
        .values(lease_until=None, lease_epoch=Case.lease_epoch + 1)
        .returning(Case.reference)
        .execution_options(synchronize_session=False)
    )
    return sorted(dead.scalars())


def _held(session: Session, execution: Execution) -> tuple[ColumnElement[bool], ...]:
    return (
        Case.reference == execution.reference,
        Case.lease_epoch == execution.epoch,
        Case.lease_until >= database_now(session),
    )


class Renewals:
    """One thread that renews the leases of every execution in this process.

    It stops renewing for one that has not moved for `step_seconds`, so that a hung thread loses its lease.
    """

    def __init__(
        self, database: Database, *, lease_seconds: float, renew_seconds: float, step_seconds: float
    ) -> None:
        self._database = database
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self._step_seconds = step_seconds
        self._executions: list[Execution] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, execution: Execution) -> Generator[None]:
        """Renew an execution's lease while the block runs, and give it back at the end."""
        with self._changed:
            self._executions.append(execution)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._renew_all, name="plr-leases", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._executions.remove(execution)
            self._give_back(execution)

    def _give_back(self, execution: Execution) -> None:
        try:
            self._database.run(lambda session: release(session, execution))
        except UnavailableError:
            log.warning(
                "The lease of %s could not be given back; it runs out by itself.", execution.reference
            )

    def _renew_all(self) -> None:
        while True:
            time.sleep(self._renew_seconds)
            with self._changed:
                executions = [one for one in self._executions if self._moves(one)]
            for execution in executions:
                self._renew(execution)

    def _moves(self, execution: Execution) -> bool:
        return time.monotonic() - execution.moved_at <= self._step_seconds

    def _renew(self, execution: Execution) -> None:
        try:
            self._database.run(lambda session: renew(session, execution, seconds=self._lease_seconds))
        except Exception as error:  # noqa: BLE001 - the thread must live; an unrenewed lease only runs out
            log.warning("The lease of %s was not renewed: %s.", execution.reference, type(error).__name__)
