"""Bringing a database to this release: under a lock, after a copy, whole or not at all (reliability 2).

The migrations stand in plr/db/migrations. To add one, change the models and run
`python -c "from plr.db.schema import draft; draft('0002', 'give outputs an audience')"`,
then read what it wrote and make it readable. `tests/db/test_schema.py` holds models == migrations.
"""

from __future__ import annotations

import secrets
import sqlite3
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import OperationalError

from plr.db import backups
from plr.db.models import AuditHead, Installation
from plr.domain.chain import SYSTEM, genesis
from plr.errors import UnavailableError

# Any number that nothing else of ours locks; PostgreSQL's advisory locks are numbers.
_LOCK = 0x706C7264
_WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did. `before` is None for a new database, `copy` where the old one was kept."""

    before: str | None
    revision: str
    copy: Path | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Which revision a database has, and which one this release needs."""

    revision: str | None
    needed: str

    @property
    def ok(self) -> bool:
        """Whether this release can use the database as it is."""
        return self.revision == self.needed


def upgrade(url: str, *, backup_to: Path | None, now: datetime) -> Upgrade:
    """Bring a database to this release, one process at a time; the others wait, then find it done.

    The old database is first copied into the folder `backup_to`, if it holds anything. Raises
    UnavailableError when the database is newer than this release, is locked or cannot be reached.
    """
    config = _config()
    needed = head()
    with _locked(url) as connection:
        before = _revision(connection)
        check_known(before)
        kept = None
        if before is not None and before != needed and backup_to is not None:
            kept = backups.backup(url, _free_name(backup_to, f"before-{needed}-at-{before}"))
        _migrate(connection, config, needed)
        _begin(connection, now)
    return Upgrade(before, needed, kept)


def bring_up(url: str) -> None:
    """Bring a copy that is being restored to this release. Raises UnavailableError when it is no copy."""
    with _locked(url) as connection:
        revision = _revision(connection)
        check_known(revision)
        if revision is None:
            raise UnavailableError("That file is no copy of our database. Name one made by `plr db backup`.")
        _migrate(connection, _config(), head())


def standing(url: str) -> Standing:
    """Return where a database stands, changing nothing. Raises UnavailableError when it cannot be reached."""
    if (missing := _missing_file(url)) is not None:
        raise UnavailableError(f"There is no database at {missing}. Run `plr db upgrade` to make one.")
    with _translated(), _engine(url) as engine, engine.connect() as connection:
        return Standing(_revision(connection), head())


def check_usable(url: str) -> None:
    """Refuse a database that this release cannot use: older, newer, or never set up."""
    found = standing(url)
    check_known(found.revision)
    if not found.ok:
        raise UnavailableError(
            "The database is older than this program. Run `plr db upgrade`, then try again."
        )


def check_known(revision: str | None) -> None:
    """Refuse a revision that this release does not know; None is a database never set up."""
    script = ScriptDirectory.from_config(_config())
    if revision is not None and revision not in {known.revision for known in script.walk_revisions()}:
        raise UnavailableError(
            f"The database was written by a newer release (revision {revision}). Install that release, or "
            "restore the copy made before it with `plr db restore`."
        )


def head() -> str:
    """Return the newest revision this release knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise AssertionError("The package holds no migrations.")
    return revision


def draft(number: str, message: str) -> None:
    """Write the next migration by comparing the models with the migrations so far."""
    config = _config()
    with tempfile.TemporaryDirectory() as folder, _engine(f"sqlite:///{folder}/draft.db") as engine:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            # The first only makes tables: no table has to be remade for it.
            first = ScriptDirectory.from_config(config).get_current_head() is None
            config.attributes["render_as_batch"] = not first
            if not first:
                command.upgrade(config, "head")
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, rev_id=number)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "plr:db/migrations")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


@contextmanager
def _locked(url: str) -> Generator[Connection]:
    """Give a connection in a transaction that no other process can have at the same time."""
    with _translated(), _engine(url) as engine, engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET lock_timeout = '{_WAIT_SECONDS}s'"))
            connection.execute(select(func.pg_advisory_lock(_LOCK)))
            connection.commit()
        # On SQLite the lock is the transaction itself: it begins EXCLUSIVE (see _engine).
        with connection.begin():
            yield connection
        # PostgreSQL's lock ends with the connection, which is not pooled.


@contextmanager
def _engine(url: str) -> Generator[Engine]:
    """Give an engine for migrations: no pool, long waits, no foreign keys while SQLite remakes tables."""
    if not url.startswith("sqlite"):
        engine = create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": 5}
        )
    else:
        file = make_url(url).database
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": _WAIT_SECONDS}
        )
        event.listen(engine, "connect", _settle)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN EXCLUSIVE"))
    try:
        yield engine
    finally:
        engine.dispose()


def _settle(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000}")
    _turn_to_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=OFF")


def _turn_to_wal(connection: Any) -> None:
    """Only WAL lets a second connection copy the database while this one keeps writers out."""
    for _ in range(_WAIT_SECONDS * 20):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # Two processes turning a new file at once: SQLite answers one of them without waiting.
            time.sleep(0.05)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _migrate(connection: Connection, config: Config, needed: str) -> None:
    """Migrate, or raise when it has not come out as it should: rolled back, the old database stays in use."""
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    broken = connection.dialect.name == "sqlite" and (
        connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None
    )
    if broken or _revision(connection) != needed:
        raise UnavailableError(
            "The database could not be brought to this release; the old one is in use. Keep the old release "
            "and report this."
        )


def _begin(connection: Connection, now: datetime) -> None:
    """Give a new installation its random id, and its system chain a beginning."""
    if connection.scalar(select(func.count()).select_from(Installation)):
        return
    identity = secrets.token_hex(16)
    connection.execute(insert(Installation).values(id=1, installation_id=identity, epoch=1, began_at=now))
    connection.execute(insert(AuditHead).values(chain=SYSTEM, length=0, head=genesis(identity, SYSTEM)))


def _free_name(folder: Path, stem: str) -> Path:
    names = (folder / f"{stem}{suffix}.db" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not name.exists())


def _missing_file(url: str) -> str | None:
    file = make_url(url).database if url.startswith("sqlite") else None
    return file if file and not Path(file).exists() else None


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except OperationalError:
        raise UnavailableError(
            "The database cannot be reached, or another process is changing it. Nothing was changed. "
            "Try again; `plr doctor` names the cause."
        ) from None
