"""What a verb works with: settings, rules, the database, the instant, and who acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter
from sqlalchemy.orm import Session

from plr import clock, settings
from plr.db import schema
from plr.db.session import Database
from plr.domain.actors import Actor
from plr.domain.london import london_day
from plr.domain.rules import Rules
from plr.domain.wording import lenient_date
from plr.domain.words import Office, Via
from plr.errors import InvalidInputError, NotFoundError, Problem, UnavailableError
from plr.operations import access, directory
from plr.settings import Settings

T = TypeVar("T")

As = Annotated[
    str | None,
    Parameter(
        name="--as",
        env_var="PLR_ACTOR",
        show_env_var=True,
        help="Who you are: your e-mail address. Not needed while there is only one secretary.",
    ),
]
Source = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""A file, or `-` for standard input."""
Words = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
"""A text, or `-` for standard input."""
Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print one JSON document and nothing else.")
]


@dataclass(frozen=True, slots=True)
class Work:
    """An installation opened for one verb, at one instant."""

    settings: Settings
    rules: Rules
    database: Database
    now: datetime = field(default_factory=clock.now)

    @property
    def today(self) -> date:
        """The day in London."""
        return london_day(self.now)

    def day(self, text: str, name: str) -> date:
        """Return the day somebody typed: 2027-08-09, 9 August, today."""
        return lenient_date(text, self.today, field=name)


@contextmanager
def opened() -> Iterator[Work]:
    """Open the installation. Raises UnavailableError when there is none yet, with what to do."""
    loaded = settings.load()
    rules = settings.load_rules(loaded)
    require_database(loaded)
    database = Database(loaded.database_url, rules)
    try:
        yield Work(loaded, rules, database)
    finally:
        database.engine.dispose()


def require_database(loaded: Settings) -> None:
    """Refuse a database that is not there or not of this release, with what to do."""
    standing = schema.standing(loaded.database_url) if not _is_new(loaded.database_url) else None
    if standing is None or standing.revision is None:
        raise UnavailableError("There is no database yet. Run `plr init`, then try again.")
    schema.check_usable(loaded.database_url)


def _is_new(url: str) -> bool:
    prefix = "sqlite:///"
    return url.startswith(prefix) and not Path(url.removeprefix(prefix)).exists()


def actor(session: Session, address: str | None, *, now: datetime) -> Actor:
    """Return who acts: the person named, else the only secretary. Raises InvalidInputError."""
    if address is not None:
        found = access.active(directory.by_email(session, address), now=now)
        if found is None:
            raise InvalidInputError(
                [Problem("", "is the address of nobody in the group.", "Look in `plr people list`.")], "--as"
            )
        return Actor(found.id, Via.CLI)
    holders = directory.holders(session, Office.SECRETARY, london_day(now))
    if len(holders) != 1:
        problem = "There is no secretary" if not holders else "There is more than one secretary"
        raise InvalidInputError(
            [Problem("", f"is missing. {problem}.", "Say who you are: --as EMAIL, or set PLR_ACTOR.")], "--as"
        )
    return Actor(holders[0].id, Via.CLI)


def person_id(session: Session, address: str, name: str) -> int:
    """Return who has an address typed for the option or word `name`. Raises NotFoundError."""
    found = directory.by_email(session, address)
    if found is None:
        raise NotFoundError(f"{name}: nobody has this address. `plr people list` shows them all.")
    return found.id


@contextmanager
def about(source: str, lines: Mapping[str, int | None] | None = None) -> Iterator[None]:
    """Name the file, and the line of each field, in what an operation finds wrong with it."""
    try:
        yield
    except InvalidInputError as error:
        if error.source != "input":  # it knows already where it comes from
            raise
        known = lines or {}
        problems = [
            Problem(
                found.field,
                found.problem,
                found.remedy,
                found.line if found.line is not None else known.get(found.field.partition("[")[0]),
            )
            for found in error.problems
        ]
        raise type(error)(problems, source) from None
