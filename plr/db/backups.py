"""Copies of the database, made while it is in use, checked and on disk (reliability 9)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL

from plr.db.files import placed
from plr.errors import UnavailableError

_PAGES = 500
_SLEEP = 0.01
_PATIENCE_SECONDS = 30
# What `pg_dump` writes last; a file without it was cut.
_DUMP_ENDS = b"-- PostgreSQL database dump complete"


def backup(url: str, path: Path) -> Path:
    """Copy a database that may be in use into a new file, checked and on disk; return the file.

    SQLite: an online copy. PostgreSQL: what `pg_dump` writes. Raises InvalidInputError when the name is
    taken, UnavailableError when a tool is missing or the copy is not sound.
    """
    with placed(path) as temporary:
        if url.startswith("sqlite"):
            copy_sqlite(file_of(url), temporary)
            check_sound(temporary)
        else:
            to = f"--file={temporary}"
            run_tool("pg_dump", url, "--format=plain", "--clean", "--if-exists", "--no-owner", to)
            check_dump(temporary)
    return path


def check_sound(path: Path) -> None:
    """Refuse a file that is not a whole SQLite database."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError:
        found = "damaged"
    if found != "ok":
        raise UnavailableError("The copy is damaged. Make another, or use an older one.")


def check_dump(path: Path) -> None:
    """Refuse a file that is not a whole dump of PostgreSQL."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1000))
        if _DUMP_ENDS not in file.read():
            raise UnavailableError("The copy is damaged. Make another, or use an older one.")


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database that may be in use into an empty or new file."""
    if not source.is_file():
        raise UnavailableError("There is no database to copy. Run `plr db upgrade` first.")
    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy, pages=_PAGES, sleep=_SLEEP, progress=_Patience())
            # A copy is one file: no log beside it that could be left behind.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError:
        raise UnavailableError("The database could not be copied. `plr doctor` names the cause.") from None


class _Patience:
    """Ends a copy that gets nowhere: on a locked database the driver itself would try for ever."""

    def __init__(self) -> None:
        self._idle = 0

    def __call__(self, status: int, _remaining: int, _total: int) -> None:
        self._idle = self._idle + 1 if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else 0
        if self._idle * _SLEEP > _PATIENCE_SECONDS:
            raise UnavailableError("The database is busy and could not be copied. Try again in a minute.")


def file_of(url: str) -> Path:
    """Return the file a SQLite address names."""
    file = make_url(url).database
    if not file or file == ":memory:":
        raise UnavailableError("A database in memory cannot be copied. Set PLR_DATABASE_URL to a file.")
    return Path(file)


def run_tool(tool: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs against a database. Raises UnavailableError with the remedy."""
    program = shutil.which(tool)
    if program is None:
        raise UnavailableError(
            f"{tool} is not installed here. Install PostgreSQL's client of the server's version, or copy the "
            "database with the tools of whoever runs the server."
        )
    address, secret = _address(make_url(url))
    done = subprocess.run(  # noqa: S603 - our own arguments; no shell
        [program, *arguments, f"--dbname={address}"],
        # The rest of the environment holds the certificates and the paths that the program needs.
        env={**os.environ, "PGOPTIONS": "-c lock_timeout=30s", **secret},  # noqa: TID251 - the child's
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise UnavailableError(
            f"{tool} ended with an error ({done.returncode}). Nothing was changed. Check that it has the "
            "server's version, that the file is whole, that nothing else uses the database and that it can "
            "be reached."
        )


def _address(url: URL) -> tuple[str, dict[str, str]]:
    """Return an address for PostgreSQL's programs and, apart, the password: others can read arguments."""
    address = url.set(drivername="postgresql", password=None)
    secret = {"PGPASSWORD": url.password} if url.password else {}
    return address.render_as_string(hide_password=False), secret
