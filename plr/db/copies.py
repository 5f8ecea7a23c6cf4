"""Copies of the database: made while it is in use, checked, and put back into a stopped system (reliability 2, 9)."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from plr.db.files import placed, sync
from plr.db.session import open_engine
from plr.errors import InvalidInputError, Problem, UnavailableError

# What a restored database says until a person lets its letters go; written with the restored rows.
HELD = "restored"
_PAGES = 500


def backup(url: str, path: Path) -> Path:
    """Copy a database that may be in use into a new file, checked and on disk; return the file.

    SQLite: an online copy. PostgreSQL: what `pg_dump` writes. Raises InvalidInputError when the name is
    taken, UnavailableError when a tool is missing or the copy is not sound.
    """
    with placed(path) as temporary:
        if url.startswith("sqlite"):
            _copy_sqlite(_file_of(url), temporary)
            check_sound(temporary)
        else:
            _dump(url, temporary)
    return path


def restore(url: str, path: Path, *, open_epoch: Callable[[Session], None]) -> Path | None:
    """Put a copy in the database's place, with its letters held and a new epoch opened.

    `open_epoch` is plr.operations.epochs.open_epoch with its arguments: it works on the copy before
    anything can read it. Returns where the old database was kept (SQLite), so that nothing is lost.
    Raises InvalidInputError when the file is no sound copy, UnavailableError while the system runs.
    """
    if not path.is_file():
        raise InvalidInputError(
            [Problem("file", "There is no such file.", "Name a file made by `plr db backup`.")]
        )
    if url.startswith("sqlite"):
        return _restore_sqlite(_file_of(url), path, open_epoch)
    _restore_postgres(url, path, open_epoch)
    return None


def check_sound(path: Path) -> None:
    """Refuse a file that is not a whole SQLite database."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError:
        found = "damaged"
    if found != "ok":
        raise UnavailableError("The copy is damaged. Make another, or use an older one.")


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise UnavailableError("There is no database to copy. Run `plr db upgrade` first.")
    try:
        with (
            closing(sqlite3.connect(source, timeout=10)) as original,
            closing(sqlite3.connect(target, timeout=10)) as copy,
        ):
            original.backup(copy, pages=_PAGES, sleep=0.01)
            # A copy is one file: no log beside it that could be left behind.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError:
        raise UnavailableError("The database could not be copied. `plr doctor` names the cause.") from None


def _restore_sqlite(live: Path, path: Path, open_epoch: Callable[[Session], None]) -> Path | None:
    check_sound(path)
    prepared = live.with_name(f"{live.name}.restoring")
    for leftover in (prepared, *_beside(prepared)):
        leftover.unlink(missing_ok=True)
    live.parent.mkdir(parents=True, exist_ok=True)
    _copy_sqlite(path, prepared)
    prepared.chmod(0o600)
    _prepare(f"sqlite:///{prepared}", open_epoch)
    _leave_wal(prepared)
    sync(prepared)
    kept = _keep(live)
    prepared.replace(live)
    sync(live.parent)
    return kept


def _prepare(url: str, open_epoch: Callable[[Session], None]) -> None:
    engine = open_engine(url)
    try:
        with Session(engine) as session, session.begin():
            open_epoch(session)
    finally:
        engine.dispose()


def _keep(live: Path) -> Path | None:
    """Keep the old database's files under another name. Refuses while anything has it open."""
    if not live.exists():
        return None
    try:
        _leave_wal(live)
    except sqlite3.OperationalError:
        raise UnavailableError(
            "The database is in use. Stop `plr up` and every worker, then restore again. Nothing was changed."
        ) from None
    except sqlite3.DatabaseError:
        pass  # Damaged: it is kept as it is, with the files beside it.
    kept = next(
        name
        for n in range(1, 1000)
        if not (name := live.with_name(f"{live.name}.before-restore-{n}")).exists()
    )
    for file, name in zip((live, *_beside(live)), (kept, *_beside(kept)), strict=True):
        if file.exists():
            shutil.copy2(file, name)
            sync(name)
    # A log left beside another database would be played into it.
    for file in _beside(live):
        file.unlink(missing_ok=True)
    return kept


def _leave_wal(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _file_of(url: str) -> Path:
    file = make_url(url).database
    if not file or file == ":memory:":
        raise UnavailableError("A database in memory cannot be copied. Set PLR_DATABASE_URL to a file.")
    return Path(file)


def _dump(url: str, target: Path) -> None:
    _postgres("pg_dump", url, "--format=plain", "--clean", "--if-exists", "--no-owner", f"--file={target}")


def _restore_postgres(url: str, path: Path, open_epoch: Callable[[Session], None]) -> None:
    _postgres(
        "psql",
        url,
        "--quiet",
        "--no-psqlrc",
        "--set=ON_ERROR_STOP=1",
        "--single-transaction",
        f"--file={path}",
        # In the same transaction: no letter may leave between the restored rows and the new epoch.
        f"--command=UPDATE installation SET letters_held = '{HELD}'",
    )
    _prepare(url, open_epoch)


def _postgres(tool: str, url: str, *arguments: str) -> None:
    program = shutil.which(tool)
    if program is None:
        raise UnavailableError(
            f"{tool} is not installed here. Install PostgreSQL's client of the server's version, or copy the "
            "database with the tools of whoever runs the server."
        )
    address, password = _address(make_url(url))
    done = subprocess.run(  # noqa: S603 - our own arguments; no shell
        [program, *arguments, f"--dbname={address}"],
        env=None if password is None else {"PGPASSWORD": password},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise UnavailableError(
            f"{tool} ended with an error ({done.returncode}). Nothing was changed. Check that it has the server's "
            "version, that the file is whole and that the database can be reached."
        )


def _address(url: URL) -> tuple[str, str | None]:
    """Return an address for PostgreSQL's tools and, apart, the password: arguments can be read by others."""
    password = url.password
    plain = url.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False), password or None
