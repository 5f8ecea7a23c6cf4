"""What is wrong with a command, in a sentence that does not repeat what was typed as a value."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import get_args

from cyclopts import App, CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from plr.domain.fields import nearest, shown_key


def mistake(error: CycloptsError) -> str:
    """Return `WHERE: problem. Remedy.` for a command that could not be read."""
    verb = " ".join(["plr", *(error.command_chain or ())])
    problem, remedy = _said(error)
    return f"{verb}: {problem} {remedy or f'See `{verb} --help`.'}".strip()


def _said(error: CycloptsError) -> tuple[str, str]:
    if isinstance(error, UnknownCommandError):
        return _unknown(error.unused_tokens or [""], "is not a verb we know.", _verbs(error))
    if isinstance(error, UnknownOptionError):
        names = [name for argument in error.argument_collection for name in argument.names]
        return _unknown([error.token.keyword or ""], "is not an option here.", names)
    if isinstance(error, MissingArgumentError):
        return f"{_name(error)} is missing.", ""
    if isinstance(error, CoercionError):
        problem, remedy = _wanted(error)
        return f"{_name(error)} {problem}", remedy
    if isinstance(error, RepeatArgumentError):
        return f"{error.token.keyword} is given twice.", "Keep one of the two."
    too_many = isinstance(error, UnusedCliTokensError)
    return ("There are more words than this verb takes." if too_many else "The command cannot be read."), ""


def _unknown(words: list[str], problem: str, known: Iterable[str]) -> tuple[str, str]:
    plain = {name.strip("-").replace("-", "_"): name for name in known}
    near = nearest(words[0].strip("-"), plain)
    return f'"{shown_key(words[0])}" {problem}', f"Did you mean {plain[near]}?" if near else ""


def _verbs(error: CycloptsError) -> list[str]:
    app = error.app
    return [] if not isinstance(app, App) else [name for name in app if not name.startswith("-")]


def _name(error: CycloptsError) -> str:
    argument = error.argument
    if argument is None:
        return "A value"
    return argument.name.lstrip("-").upper() if argument.index is not None else argument.name


def _wanted(error: CoercionError) -> tuple[str, str]:
    if error.target_type is int:
        return "is not a whole number.", ""
    choices = _choices(None if error.argument is None else error.argument.hint)
    near = nearest(error.token.value, choices) if error.token is not None else None
    remedy = f"Did you mean {near}? " if near else ""
    return "is not one of the choices.", f"{remedy}Choose {', '.join(choices)}." if choices else remedy


def _choices(hint: object) -> list[str]:
    """Return the words that an option takes: those of a list of words, or of such a list or nothing."""
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return [word.value for word in hint]
    return [word for part in get_args(hint) for word in ([part] if isinstance(part, str) else _choices(part))]
