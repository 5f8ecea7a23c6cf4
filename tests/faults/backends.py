"""Databases that can be kept and put back: SQLite's file, PostgreSQL's by a template."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy import NullPool, create_engine, make_url, text

from tests.postgres import make_database


class Backend(Protocol):
    """One kind of database."""

    name: str

    def new(self) -> str:
        """Return the address of a new, empty database."""

    def copy(self, url: str) -> str:
        """Return the address of a new database that holds what another one does; nobody uses either."""

    def put_back(self, kept: str, url: str) -> None:
        """Make a database hold what another one does; nobody uses either."""


@dataclass
class SqliteBackend:
    folder: Path
    name: str = "sqlite"
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new(self) -> str:
        return f"sqlite:///{self.folder / f'{next(self.numbers)}.db'}"

    def copy(self, url: str) -> str:
        made = self.new()
        with (
            closing(sqlite3.connect(_file(url))) as original,
            closing(sqlite3.connect(_file(made))) as copied,
        ):
            original.backup(copied)
        return made

    def put_back(self, kept: str, url: str) -> None:
        for beside in ("-wal", "-shm"):
            _file(url).with_name(f"{_file(url).name}{beside}").unlink(missing_ok=True)
        shutil.copyfile(_file(kept), _file(url))


def _file(url: str) -> Path:
    return Path(str(make_url(url).database))


@dataclass
class PostgresBackend:
    server: str
    name: str = "postgresql"
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new(self) -> str:
        return make_database(self.server)

    def copy(self, url: str) -> str:
        made = make_url(url).set(database=f"{make_url(url).database}_{next(self.numbers)}")
        self._do(f'CREATE DATABASE "{made.database}" TEMPLATE "{make_url(url).database}" STRATEGY FILE_COPY')
        return made.render_as_string(hide_password=False)

    def put_back(self, kept: str, url: str) -> None:
        name = make_url(url).database
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{make_url(kept).database}" STRATEGY FILE_COPY')

    def _do(self, statement: str) -> None:
        address = make_url(self.server).set(drivername="postgresql+psycopg")
        engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))
