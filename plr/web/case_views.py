"""What each page of a case shows (page 4): one frozen record a page; nothing is worked out later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from plr.web.parts import Carried, Fact, Link, Paper


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a case stands: the word for its state, flags beside it, the lines, the clock sentence."""

    label: str
    facts: tuple[Fact, ...]
    clock: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepEntry:
    """One person or thing within a step; `waits` makes it bold."""

    text: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class CaseStep:
    """A step of the case: done, now or next, when (if it has happened), and who."""

    state: Literal["done", "now", "next"]
    title: str
    text: str = ""
    at: datetime | None = None
    entries: tuple[StepEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document: its link, its day, what it is, its class as a tag."""

    link: Link
    text: str
    tag: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter: its status as a tag, to whom and what, when, and its number."""

    tag: str
    text: str
    code: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One entry of the history."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """case.html. `todo` is the main button; without it `nothing_to_do` is said.

    `warning` is the label of a pending decision; `others` are the quiet links under `others_heading`.
    """

    reference: str
    caption: str
    place: str
    review_type: str
    logged_by: str
    logged_on: date
    stands: Stands
    steps: tuple[CaseStep, ...]
    todo: Link | None = None
    nothing_to_do: str = "Nothing for you to do."
    warning: str = ""
    noted: bool = False
    decided: tuple[Fact, ...] = ()
    documents: tuple[DocumentRow, ...] = ()
    letters: tuple[LetterRow, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    whole_history: Link | None = None
    others_heading: str = "Something else"
    others: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter link with its count."""

    text: str
    count: int
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case of the list."""

    reference: str
    href: str
    about: str
    waits_for: str
    label: str
    until: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CasesView:
    """cases.html. `result` is said after a search, with the address that clears it."""

    summary: str
    filters: tuple[Filter, ...]
    rows: tuple[CaseRow, ...]
    state: str = ""
    words: str = ""
    result: str = ""
    clear_to: str = "/cases"
    empty: str = ""
    new_review_to: str = ""
    earlier: Link | None = None
    later: Link | None = None


@dataclass(frozen=True, slots=True)
class CheckView:
    """check.html, with CheckForm: the checker reads a text nobody else can read yet."""

    reference: str
    facts: tuple[Fact, ...]
    paper: Paper
    post_to: str


@dataclass(frozen=True, slots=True)
class BreachView:
    """breach.html, with BreachForm: asked once more before everything is hidden."""

    reference: str
    back: Link
    post_to: str


@dataclass(frozen=True, slots=True)
class BreachOpenView:
    """breach_open.html: the page that helps through the first 72 hours."""

    reference: str
    found_at: datetime
    report_until: datetime
    told: tuple[str, ...]
    button: Link
    files: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    clear_to: str = ""


@dataclass(frozen=True, slots=True)
class BreachClearView:
    """breach_clear.html: asked once more before every text of a case is deleted."""

    reference: str
    report_until: datetime
    happens: tuple[str, ...]
    stays: tuple[str, ...]
    files: tuple[str, ...]
    back: Link
    post_to: str


@dataclass(frozen=True, slots=True)
class AgreeView:
    """agree.html, with AgreeForm. `meeting` is known once meetings run; `refused` replaces the form."""

    reference: str
    back: Link
    post_to: str
    meeting: tuple[Fact, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class CheckPageView:
    """agree_check.html, position_check.html: the paper as it will be read; the form is in `carried`."""

    reference: str
    back: Link
    paper: Paper
    post_to: str
    carried: tuple[Carried, ...]
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class ReflectView:
    """reflect.html, with ReflectForm. `for_person` is set when the secretary records it for somebody."""

    reference: str
    facts: tuple[Fact, ...]
    paper: Paper
    post_to: str
    back: Link
    for_person: str = ""


@dataclass(frozen=True, slots=True)
class ReassignView:
    """reassign.html, with ReassignForm."""

    reference: str
    facts: tuple[Fact, ...]
    post_to: str
    back: Link


@dataclass(frozen=True, slots=True)
class PositionView:
    """position.html, with PositionForm. `asked_for` are the words that sent the draft back."""

    reference: str
    facts: tuple[Fact, ...]
    reflections: tuple[Paper, ...]
    post_to: str
    back: Link
    asked_for: str = ""


@dataclass(frozen=True, slots=True)
class ActView:
    """hold.html, withdraw.html, decline.html and deepen.html: what will happen, then the form."""

    reference: str
    back: Link
    post_to: str
    happens: tuple[str, ...]
    gentler: Link | None = None
