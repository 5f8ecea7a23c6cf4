"""Printing: one JSON document for programs, tables for people; sentences go to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from plr.domain.wording import day_time, short_day

_WIDE = 200


def print_json(document: object) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: days and instants in ISO form, instants in UTC."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def say(sentence: str) -> None:
    """Tell the person at the terminal something, on standard error."""
    sys.stderr.write(f"{sentence}\n")


def answer(document: object, sentence: str, *, as_json: bool) -> None:
    """Give what came of a verb: the document for programs, else a sentence for people."""
    if as_json:
        print_json(document)
    else:
        say(sentence)


def rows(
    found: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    empty: str,
    as_json: bool,
    title: str | None = None,
) -> None:
    """List rows: all of them as JSON, else a table of some columns, else the sentence for none.

    `columns` gives each shown key its heading.
    """
    if as_json:
        print_json(found)
    elif not found:
        say(empty)
    else:
        table(found, columns, title=title)


def table(
    found: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, title: str | None = None
) -> None:
    """Print a table for people."""
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for at, heading in enumerate(columns.values()):
        shown.add_column(heading, no_wrap=at == 0, overflow="fold")
    for row in found:
        shown.add_row(*(Text(words(row.get(name))) for name in columns))
    console().print(shown)


def facts(found: Mapping[str, Any], *, title: str | None = None) -> None:
    """Print names and values, one a line."""
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False, show_header=False)
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in found.items():
        shown.add_row(Text(name, style="bold"), Text(words(value)))
    console().print(shown)


def console() -> Console:
    """Return standard output as people see it; wide when a file or a pipe takes it."""
    terminal = sys.stdout.isatty()
    return Console(file=sys.stdout, width=None if terminal else _WIDE, highlight=False, emoji=False)


def words(value: Any) -> str:
    """Return a value in words: days as people write them, lists with commas, no control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return day_time(value)
    if isinstance(value, date):
        return short_day(value, year_shown=False)
    if isinstance(value, list | tuple):
        return ", ".join(words(item) for item in value)
    return "".join(mark if mark.isprintable() else " " for mark in str(value))
