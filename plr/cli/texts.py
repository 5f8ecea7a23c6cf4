"""Texts that a verb is given: from a file, from standard input, screened before anything is stored."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from plr.errors import InvalidInputError, Problem
from plr.operations.screening import Kind, ScreenWords, screen
from plr.reading import MAX_BYTES, Document, read_document, read_file
from plr.settings.model import config_files

STDIN = "-"
LONGEST_NOTE = 300
LONGEST_REASON = 2000


def read(file: str) -> Document:
    """Read a YAML or JSON file; `-` is standard input, and never more of it than is allowed."""
    if file != STDIN:
        return read_file(Path(file))
    return read_document(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")


def given(text: str | None, name: str, *, at_most: int) -> str | None:
    """Return the text of an option; `-` reads it from standard input. Raises InvalidInputError."""
    if text is None:
        return None
    kept = text
    if text == STDIN:
        try:
            kept = sys.stdin.buffer.read(MAX_BYTES).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _wrong(name, "is not UTF-8 text.", "Save it as UTF-8.") from None
    kept = kept.replace("\r\n", "\n").strip()
    if any(not (mark.isprintable() or mark == "\n") for mark in kept):
        raise _wrong(name, "holds a control character.", "Write plain text.")
    if len(kept) > at_most:
        raise _wrong(name, f"is longer than {at_most} characters.", "Shorten it.")
    return kept or None


def needed(text: str | None, name: str, remedy: str, *, at_most: int = LONGEST_NOTE) -> str:
    """Return the text of an option that must not be empty. Raises InvalidInputError."""
    kept = given(text, name, at_most=at_most)
    if kept is None:
        raise _wrong(name, "is missing.", remedy)
    return kept


def screen_words() -> ScreenWords:
    """Return the words of config/screening.yaml."""
    return ScreenWords.from_mapping(config_files().merged("screening"))


def require_no_identifiers(
    texts: Iterable[tuple[str, str | None, int | None]], source: str, *, but: frozenset[Kind] = frozenset()
) -> None:
    """Refuse texts in which somebody could be recognised; each comes with its field and line.

    `but` are kinds that belong in these texts. Raises InvalidInputError; nothing flagged is kept
    (decisions 78).
    """
    words = screen_words()
    problems = [
        Problem(field, f"may hold {found.kind}.", "Take it out, or put it in other words.", line)
        for field, text, line in texts
        if text
        for found in screen(text, words)
        if found.kind not in but
    ]
    if problems:
        raise InvalidInputError(problems, source)


def note_of(text: str | None, remedy: str) -> str:
    """Return how and when the secretary was told: needed, screened; days and times belong in it."""
    name = "--on-behalf-note"
    note = needed(text, name, remedy)
    require_no_identifiers([("", note, None)], name, but=frozenset({Kind.DATE}))
    return note


def _wrong(name: str, problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError([Problem("", problem, remedy)], name)
