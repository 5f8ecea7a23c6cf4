"""`plr init`: a home with its database, its folders and, if wanted, its people."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from plr import clock, settings
from plr.adapters import opening
from plr.cli.context import As, Json, opened
from plr.cli.people_files import import_file
from plr.cli.showing import answer
from plr.db import schema
from plr.db.models import Person
from plr.domain.wording import plural
from plr.settings import Settings


def init(*, people: Path | None = None, as_: As = None, json: Json = False) -> None:
    """Set up a home: its database, its storage folders and, with --people, its people. Safe to repeat.

    Parameters
    ----------
    people
        A file of people to import: .xlsx, .csv or .yaml.
    """
    loaded = settings.load()
    settings.load_rules(loaded)
    prepare(loaded)
    with opened() as work:
        if people is not None:
            import_file(work, people, dry_run=False, as_=as_)
        with work.database.reading() as session:
            count = session.scalar(select(func.count()).select_from(Person)) or 0
    sentence = f"Ready: {loaded.home}. {plural(count, 'person', 'people')}."
    if not count:
        sentence += " Add people next: plr people import FILE."
    answer({"home": str(loaded.home), "people": count}, sentence, as_json=json)


def prepare(loaded: Settings) -> None:
    """Make the home, bring its database to this release and make the storage folders."""
    loaded.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    schema.upgrade(loaded.database_url, backup_to=loaded.home / "backups", now=clock.now())
    opening.storage(loaded).prepare()
