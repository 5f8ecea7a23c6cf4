"""Turns a view into a page: one strict environment, two folders, four filters, no page computes anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined
from wtforms import Form

from plr.domain.london import london_time
from plr.domain.wording import day, day_time, short_day, time_of_day
from plr.web.parts import Frame, Option

LIBRARY = "govuk_frontend_jinja"
COMPONENTS = {
    "govukBackLink": "back-link",
    "govukButton": "button",
    "govukCheckboxes": "checkboxes",
    "govukDetails": "details",
    "govukErrorSummary": "error-summary",
    "govukInput": "input",
    "govukPanel": "panel",
    "govukRadios": "radios",
    "govukSelect": "select",
    "govukTag": "tag",
    "govukTextarea": "textarea",
}
_TAG_WORDS = {
    "blue": (
        *("open", "collecting", "drafting", "planned", "received", "inviting"),
        *("reflection requested", "waiting", "sending", "review open"),
    ),
    "yellow": (
        *("awaiting chair", "awaiting approval", "awaiting aocpp chair", "chair review", "changes requested"),
        *("returned", "on hold", "uncertain", "unconfirmed", "no reply", "held until morning"),
    ),
    "green": (
        *("approved", "sent", "reflection recorded", "confirmed", "papers issued", "held quorate", "active"),
        *("accepted", "in force", "published", "done", "well"),
    ),
    "red": (
        *("late", "overdue", "failed", "held inquorate", "declined", "refused", "needs attention"),
        *("not leaving", "breach", "objected to"),
    ),
    "orange": ("at risk", "due today", "watch"),
    "grey": ("closed", "cancelled", "withdrawn", "void", "vacant", "superseded", "nil return", "association"),
    "purple": ("restricted",),
    "teal": ("group",),
    "magenta": ("public",),
}
TAG_COLOURS = {word: colour for colour, words in _TAG_WORDS.items() for word in words}


class UnknownTagError(LookupError):
    """A tag has a word that has no colour: add it to TAG_COLOURS."""


class Pages:
    """The pages of one folder of templates."""

    def __init__(self, folder: Path, *, strict_tags: bool = False) -> None:
        """Read templates from `folder`; `strict_tags` refuses a tag word that has no colour."""
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            day=_day, day_time=_day_time, short_time=_short_time, time_of_day=_time_of_day
        )
        self._environment.globals.update(
            _components(),
            tag_colour=_TagColour(strict=strict_tags),
            choices=_choices,
            picks=_picks,
            found=_found,
        )

    def render(self, name: str, *, frame: Frame, view: object = None, form: Form | None = None) -> str:
        """Return the page `name` ("tasks.html") as HTML; a missing value raises `jinja2.UndefinedError`."""
        return self._environment.get_template(name).render(frame=frame, view=view, form=form)


class _TagColour:
    """Finds the colour of a tag by its word; the word comes first, the colour only repeats it."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def __call__(self, word: str) -> str:
        """Return the colour's name."""
        colour = TAG_COLOURS.get(word.casefold())
        if colour is None and self._strict:
            raise UnknownTagError(f"The tag word {word!r} has no colour; add it to TAG_COLOURS.")
        return colour or "grey"


@cache
def _components() -> dict[str, object]:
    """Return the component macros; their own templates lean on missing values, ours must not."""
    lenient = Environment(
        loader=PrefixLoader({LIBRARY: PackageLoader(LIBRARY)}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return {
        name: getattr(lenient.get_template(f"{LIBRARY}/components/{part}/macro.html").module, name)
        for name, part in COMPONENTS.items()
    }


def _choices(options: Sequence[Option]) -> list[dict[str, object]]:
    """Return the items of radios or checkboxes."""
    items: list[dict[str, object]] = []
    for option in options:
        if option.after_or:
            items.append({"divider": "or"})
        hint = {"hint": {"text": option.hint}} if option.hint else {}
        items.append({"value": option.value, "text": option.text, **hint})
    return items


def _picks(options: Sequence[Option]) -> list[dict[str, object]]:
    """Return the items of a select, after an empty first one."""
    return [{"value": option.value, "text": option.text} for option in (Option("", ""), *options)]


def _found(form: Form) -> list[dict[str, str]]:
    """Return every error of a form, each linked to its field."""
    return [{"text": error, "href": f"#{field.id}"} for field in form for error in field.errors]


def _day(on: date, *, year: bool = True) -> str:
    return day(on, year_shown=not year)


def _day_time(at: datetime, *, year: bool = True) -> str:
    return day_time(at, year_shown=not year)


def _short_time(at: datetime) -> str:
    local = london_time(at)
    return f"{short_day(local.date())}, {time_of_day(local.time())}"


def _time_of_day(at: datetime) -> str:
    return time_of_day(london_time(at).time())
