"""How a part of an input is named to the person who wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TypeAlias

FieldPath: TypeAlias = tuple[str | int, ...]
LineOf: TypeAlias = Callable[[FieldPath], int | None]

SHOWN_OF_A_KEY = 40


def no_line(_path: FieldPath) -> None:
    """Know of no lines: for data that did not come from a text."""


def field_name(path: FieldPath) -> str:
    """Return `options[1].chosen` for a path; of a key no more than 40 printable characters."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{shown_key(part)}" if name else shown_key(part)
    return name


def shown_key(key: str) -> str:
    """Return what may be shown of a key that somebody typed (reliability 8)."""
    return "".join(character for character in key[: SHOWN_OF_A_KEY * 2] if character.isprintable())[
        :SHOWN_OF_A_KEY
    ]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, if one is near."""
    folded = {name.casefold(): name for name in known}
    near = get_close_matches(
        word[:SHOWN_OF_A_KEY].casefold().replace("-", "_"), list(folded), n=1, cutoff=0.6
    )
    return folded[near[0]] if near else None
