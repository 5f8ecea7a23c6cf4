"""Putting a copy of the database back into a stopped system, in a new epoch (reliability 2, Restore)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.orm import Session

from plr.db import schema
from plr.db.backups import backup, check_dump, check_sound, copy_sqlite, file_of, run_tool
from plr.db.files import sync
from plr.db.session import open_engine
from plr.errors import InvalidInputError, Problem, UnavailableError

__all__ = ["HELD", "backup", "restore"]

# What a restored database says until a person lets its letters go.
HELD = "restored"
_HOLD = "UPDATE public.installation SET letters_held = 'restored'"


def restore(url: str, path: Path, *, open_epoch: Callable[[Session], None]) -> Path | None:
    """Put a copy in the database's place, brought to this release, its letters held, a new epoch opened.

    `open_epoch` is plr.operations.epochs.open_epoch with its arguments; on SQLite it works on the copy
    before anything can read it. Returns where the old database was kept (SQLite), so that nothing is lost.
    Raises InvalidInputError when there is no such file; UnavailableError when it is damaged or newer than
    this release, or while the system runs.
    """
    if not path.is_file():
        raise InvalidInputError(
            [Problem("file", "There is no such file.", "Name one made by `plr db backup`.")]
        )
    if url.startswith("sqlite"):
        return _restore_sqlite(file_of(url), path, open_epoch)
    _restore_postgres(url, path, open_epoch)
    return None


def _restore_sqlite(live: Path, path: Path, open_epoch: Callable[[Session], None]) -> Path | None:
    check_sound(path)
    prepared = live.with_name(f"{live.name}.restoring")
    for leftover in (prepared, *_beside(prepared)):
        leftover.unlink(missing_ok=True)
    live.parent.mkdir(parents=True, exist_ok=True)
    prepared.touch(mode=0o600)
    try:
        copy_sqlite(path, prepared)
        _prepare(f"sqlite:///{prepared}", open_epoch)
        _leave_wal(prepared)
        sync(prepared)
        kept = _keep(live)
        prepared.replace(live)
    finally:
        for leftover in (prepared, *_beside(prepared)):
            leftover.unlink(missing_ok=True)
    sync(live.parent)
    return kept


def _restore_postgres(url: str, path: Path, open_epoch: Callable[[Session], None]) -> None:
    check_dump(path)
    schema.check_known(_revision_in(path))
    run_tool(
        "psql",
        url,
        "--quiet",
        "--no-psqlrc",
        "--set=ON_ERROR_STOP=1",
        "--single-transaction",
        f"--file={path}",
        # In the same transaction: no letter may leave between the restored rows and the new epoch.
        f"--command={_HOLD}",
    )
    _prepare(url, open_epoch)


def _prepare(url: str, open_epoch: Callable[[Session], None]) -> None:
    schema.bring_up(url)
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
    names = (live.with_name(f"{live.name}.before-restore-{number}") for number in range(1, 1000))
    kept = next(name for name in names if not name.exists())
    for file, name in zip((live, *_beside(live)), (kept, *_beside(kept)), strict=True):
        if file.exists():
            shutil.copy2(file, name)
            sync(name)
    # A log left beside another database would be played into it.
    for file in _beside(live):
        file.unlink(missing_ok=True)
    return kept


def _leave_wal(path: Path) -> None:
    """Fold the log into the file; SQLite refuses while another connection has it open."""
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _revision_in(path: Path) -> str | None:
    """Return the revision a dump holds: the one row of alembic_version."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("COPY public.alembic_version "):
                return next(file).strip()
    return None
