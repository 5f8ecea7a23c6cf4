"""What the readers of JSON and YAML share: the lines they note and the things they refuse."""

from __future__ import annotations

import math
import re
from typing import Any, NoReturn

from plr.domain.fields import FieldPath, field_name
from plr.errors import Problem, UnreadableInputError

MAX_DEPTH = 20

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
# YAML's spelling, and JSON's as its decoder hands it on; in YAML a bare `nan` is a word like any other.
NOT_A_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_JSON_NOT_A_NUMBER = ("NaN", "Infinity", "-Infinity")

_LONGEST_NUMBER = 18
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")


class Draft:
    """Notes on which line each part stands, and refuses what no person should send."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.lines: dict[FieldPath, int] = {}

    def refuse(self, line: int | None, path: FieldPath, problem: str, remedy: str) -> NoReturn:
        """Raise, naming line and part."""
        raise UnreadableInputError([Problem(field_name(path), problem, remedy, line)], self.source) from None

    def enter(self, path: FieldPath, line: int) -> None:
        """Note a part; refuse what is nested too deeply."""
        if len(path) > MAX_DEPTH:
            self.too_deep(line)
        if path:
            self.lines[path] = line

    def key(self, mapping: dict[str, Any], key: str, path: FieldPath, line: int) -> None:
        """Note a key; refuse one that is there already or holds control characters."""
        self.plain(key, path, line)
        if key in mapping:
            self.refuse(line, (*path, key), "is given twice.", "Keep one of the two.")
        self.lines[*path, key] = line

    def plain(self, text: str, path: FieldPath, line: int) -> None:
        """Refuse control characters that came in by an escape."""
        if CONTROL.search(text):
            self.refuse(line, path, "holds a control character.", "Take it out; write plain text.")

    def number(self, text: str, path: FieldPath, line: int) -> int | float:
        """Return a number that is neither endless nor absurdly long."""
        if NOT_A_NUMBER.fullmatch(text) or text in _JSON_NOT_A_NUMBER:
            self.refuse(
                line, path, "is not a number (NaN or infinity).", "Give a number, or quote it as text."
            )
        value = math.inf
        if len(text) <= _LONGEST_NUMBER:
            value = int(text) if _WHOLE.fullmatch(text) else float(text)
        if not math.isfinite(value):
            self.refuse(line, path, "is too large a number.", "Give a smaller one, or quote it as text.")
        return value

    def too_deep(self, line: int | None) -> NoReturn:
        """Refuse a nest of more than MAX_DEPTH levels."""
        self.refuse(line, (), "is nested too deeply.", f"Nest at most {MAX_DEPTH} levels.")
