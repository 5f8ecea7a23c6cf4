"""`plr db`: bringing the database to this release, copies, and putting one back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr import clock, settings
from plr.adapters import bell
from plr.cli.context import As, Json, about, actor, opened
from plr.cli.showing import answer
from plr.db import copies, schema
from plr.db.models import Case, Output
from plr.db.session import Database
from plr.domain.wording import plural
from plr.errors import PlrError
from plr.operations import epochs
from plr.settings import Settings


def upgrade(*, json: Json = False) -> None:
    """Bring the database to this release, after a copy; nothing happens to one that is there already."""
    loaded = settings.load()
    done = schema.upgrade(loaded.database_url, backup_to=loaded.home / "backups", now=clock.now())
    found = {
        "revision": done.revision,
        "before": done.before,
        "copy": None if done.copy is None else str(done.copy),
    }
    kept = "" if done.copy is None else f" The database as it was: {done.copy}."
    words = "was already at" if done.before == done.revision else "is now at"
    answer(found, f"The database {words} revision {done.revision}.{kept}", as_json=json)


def check(*, json: Json = False) -> int:
    """Say whether this release can use the database. Exit 1 when it must be upgraded first."""
    standing = schema.standing(settings.load().database_url)
    found = {"revision": standing.revision, "needed": standing.needed, "ok": standing.ok}
    if standing.ok:
        sentence = f"The database is at revision {standing.revision}, as this release needs."
    else:
        sentence = (
            f"The database is at revision {standing.revision or 'none'}; this release needs "
            f"{standing.needed}. Run `plr db upgrade`."
        )
    answer(found, sentence, as_json=json)
    return 0 if standing.ok else 1


def backup(file: Path, *, json: Json = False) -> None:
    """Copy the database into a new file while it is in use, checked and on disk.

    Parameters
    ----------
    file
        The new file.
    """
    loaded = settings.load()
    with about(str(file)):
        copies.backup(loaded.database_url, file)
    revision = schema.standing(loaded.database_url).revision
    found = {"revision": revision, "file": str(file), "bytes": file.stat().st_size}
    answer(found, f"Copied to {file}.", as_json=json)


def restore(file: Path, *, json: Json = False) -> None:
    """Put a copy in the database's place. Letters are held until `plr db release`; links are dead.

    Parameters
    ----------
    file
        A file that `plr db backup` made.
    """
    loaded = settings.load()
    seen = list(_names_seen(loaded))
    with about(str(file)):
        kept = copies.restore(
            loaded.database_url,
            file,
            open_epoch=lambda session: epochs.open_epoch(session, seen=seen, now=clock.now()),
        )
    done = schema.upgrade(loaded.database_url, backup_to=loaded.home / "backups", now=clock.now())
    found = {"revision": done.revision, "kept": None if kept is None else str(kept), "letters": "held"}
    was = "" if kept is None else f" The database as it was: {kept}."
    sentence = (
        f"Restored.{was} Letters are held: look at `plr outbox list`, then run `plr db release`. Verify the "
        "audit with the last printed head: plr audit verify --head HASH."
    )
    answer(found, sentence, as_json=json)


def _names_seen(loaded: Settings) -> Iterator[str]:
    """Yield names that hold references given out since the copy: in storage and in the old database."""
    for root in (loaded.storage_url, loaded.restricted_url):
        if "://" not in root and Path(root).is_dir():
            yield from (path.name for path in Path(root).rglob("PLR-*"))
            yield from (path.name for path in Path(root).rglob("*_PLR-*"))
    with suppress(PlrError, OSError):
        schema.check_usable(loaded.database_url)
        database = Database(loaded.database_url, settings.load_rules(loaded))
        try:
            with database.reading() as session:
                yield from _names_in(session)
        finally:
            database.engine.dispose()


def _names_in(session: Session) -> list[str]:
    return [*session.scalars(select(Case.reference)), *session.scalars(select(Output.name))]


def release(*, as_: As = None, json: Json = False) -> None:
    """Let the letters go that a restore, or a clock that jumped, has held."""
    with opened() as work:
        with work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            waiting = epochs.release_letters(session, by=by, now=work.now)
        bell.ring(work.settings.home)
        revision = schema.standing(work.settings.database_url).revision
    sentence = f"Released: {plural(waiting, 'letter')} may leave now."
    answer({"revision": revision, "released": waiting}, sentence, as_json=json)
