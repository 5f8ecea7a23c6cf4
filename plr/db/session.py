"""Engines and transactions: one holds records, audit and intents, and commits whole or not at all."""

from __future__ import annotations

import logging
import random
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from plr.domain.rules import Rules
from plr.errors import UnavailableError

log = logging.getLogger(__name__)
T = TypeVar("T")

_TRIES = 5
_OLD_SCHEMA = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn", "does not exist")
_RETRY_STATES = ("40001", "40P01", "55P03", "57P01", "08")


class Database:
    """One database, with the rules that its transactions carry."""

    def __init__(self, url: str, rules: Rules) -> None:
        self.url = url
        self.rules = rules
        self.engine = open_engine(url)
        self.reader = self.engine.execution_options(reading=True)

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """Give a session whose changes are committed when the block ends well."""
        with translated(), Session(self.engine, info={"rules": self.rules}) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Generator[Session]:
        """Give a session for looking only; nothing is kept."""
        with translated(), Session(self.reader, info={"rules": self.rules}) as session:
            yield session

    def run(self, operation: Callable[[Session], T]) -> T:
        """Run an operation in a transaction; when the database asks to try again, run all of it again.

        Safe for operations that look for their own key first (reliability 2). Raises UnavailableError.
        """
        for attempt in range(_TRIES):
            try:
                with Session(self.engine, info={"rules": self.rules}) as session, session.begin():
                    return operation(session)
            except DBAPIError as error:
                if not _passing(error) or attempt == _TRIES - 1:
                    raise _unavailable(error) from None
                time.sleep(0.05 * 2**attempt * (1 + random.random()))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")


def rules_of(session: Session) -> Rules:
    """Return the rules that this session's transaction carries."""
    rules: Rules = session.info["rules"]
    return rules


def open_engine(url: str) -> Engine:
    """Open an engine with the settings of reliability 2; SQLite writers begin IMMEDIATE."""
    if url.startswith("sqlite"):
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 10})
        _tell_sqlite(engine)
        path = engine.url.database
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        return engine
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=10,
        connect_args={
            "connect_timeout": 5,
            "options": "-c lock_timeout=3s -c statement_timeout=15s "
            "-c idle_in_transaction_session_timeout=30s -c timezone=UTC",
            "tcp_user_timeout": 20_000,
        },
    )


def _tell_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "busy_timeout=10000",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "trusted_schema=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        _write_ahead(cursor)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns to writing fails at once and ignores the timeout.
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _write_ahead(cursor: Any) -> None:
    # The first opening of a file may find it locked by another's first opening, whatever the timeout.
    for _ in range(_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(0.05)
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


def _passing(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(_RETRY_STATES) or "database is locked" in str(error.orig)


def _unavailable(error: DBAPIError) -> UnavailableError | DBAPIError:
    if any(sign in str(error.orig) for sign in _OLD_SCHEMA):
        return UnavailableError(
            "This database is older than the program. Run `plr db upgrade`, then try again."
        )
    if isinstance(error, OperationalError):
        log.warning("The database did not answer: %s", type(error.orig).__name__)
        return UnavailableError(
            "The database cannot be reached, is full or is busy. Nothing was saved. Try again; "
            "`plr doctor` names the cause."
        )
    return error


@contextmanager
def translated() -> Generator[None]:
    """Turn "the database is not there" into a sentence with a remedy."""
    try:
        yield
    except OperationalError as error:
        raise _unavailable(error) from None
