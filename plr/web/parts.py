"""The pieces pages are made of: frozen records that handlers fill and templates read.

Instants are aware and in UTC, days are dates; both are put into words by the templates' filters alone.
Every text is plain text. A sentence about a clock is made by `plr.domain.wording.clock_sentence`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Link:
    """A link or a button that leads somewhere; `hidden` names its object for those who hear the page."""

    text: str
    href: str
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """One link of the navigation; `current` is the part of the site the page belongs to."""

    text: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """The one line under the navigation: a mail fault, or letters going to files."""

    text: str
    kind: Literal["fault", "notice"] = "notice"


@dataclass(frozen=True, slots=True)
class Banner:
    """What was just done, what happens next, and where a POST undoes it (empty: it cannot be undone)."""

    done: str
    then: str = ""
    undo_to: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page. Without `person` there is no navigation."""

    form_token: str
    form_id: str
    person: str = ""
    navigation: tuple[NavigationLink, ...] = ()
    footer: tuple[Link, ...] = ()
    strip: Strip | None = None
    banner: Banner | None = None
    me_to: str = ""
    group: str = "Practice Learning Review Group"
    association: str = "Association of Child Protection Professionals"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a box: a name, then a day or a time in bold, words, a tag, a link, a quiet note."""

    name: str
    text: str = ""
    on: date | None = None
    at: datetime | None = None
    note: str = ""
    tag: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a paper. `text` for heading and text, `entries` for lists, `facts` for facts."""

    kind: Literal["heading", "text", "bullets", "numbers", "facts"]
    text: str = ""
    entries: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """A text to be read: its version ("Draft 1"), day, Word file ("24 KB") and a note under it."""

    heading: str
    blocks: tuple[Block, ...]
    version: str = ""
    on: date | None = None
    file: Link | None = None
    size: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a changed paragraph."""

    kind: Literal["same", "added", "removed"]
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A changed paragraph under its heading."""

    heading: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Redline:
    """What changed since this person last looked: `changed` of `paragraphs`, and what was compared."""

    changes: tuple[Change, ...]
    changed: int
    paragraphs: int
    note: str


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose, with what it causes; `after_or` puts the word "or" before it."""

    value: str
    text: str
    hint: str = ""
    after_or: bool = False


@dataclass(frozen=True, slots=True)
class Carried:
    """A value that travels in the page, not in our database."""

    name: str
    value: str
