"""Checks of single values of an input, which note every problem and never repeat the value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from plr.domain.fields import FieldPath, LineOf, field_name, nearest
from plr.errors import InvalidInputError, Problem

Check: TypeAlias = Callable[[Any, FieldPath], Any]

MOST_PROBLEMS = 50
MOST_UNKNOWN_KEYS = 10
LONGEST_ADDRESS = 254

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_LOCAL_PART = 64
_FEWEST_LABELS = 2


def is_address(text: str) -> bool:
    """Tell whether a text is one plain e-mail address; quoted and non-ASCII forms are not."""
    local, at, domain = text.rpartition("@")
    labels = domain.split(".")
    return (
        bool(at)
        and len(text) <= LONGEST_ADDRESS
        and len(local) <= _LONGEST_LOCAL_PART
        and _LOCAL_PART.fullmatch(local) is not None
        and len(labels) >= _FEWEST_LABELS
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


@dataclass
class Checks:
    """Collects what is wrong. Each check returns the value as it is kept, or None."""

    line_of: LineOf
    problems: list[Problem] = field(default_factory=list)

    def fault(self, path: FieldPath, problem: str, remedy: str) -> None:
        """Note one problem."""
        self.problems.append(Problem(field_name(path), problem, remedy, self.line_of(path)))

    def finish(self, source: str) -> None:
        """Raise InvalidInputError if there was any problem, in the order of the input."""
        if not self.problems:
            return
        found = sorted(self.problems, key=lambda problem: problem.line or 0)
        if len(found) > MOST_PROBLEMS:
            more = Problem("", "has more problems than these.", "Mend these first, then send it again.")
            found = [*found[:MOST_PROBLEMS], more]
        raise InvalidInputError(found, source)

    def fields(self, value: object, path: FieldPath, known: Mapping[str, Check]) -> dict[str, Any] | None:
        """Check a mapping by its keys; what is empty is left out, so that absent and empty are the same."""
        if not isinstance(value, dict):
            self.fault(path, "is not a mapping.", f"Write {{{', '.join(known)}}}, or leave it out.")
            return None
        self._unknown([key for key in value if key not in known], path, known)
        kept = {
            key: check(value[key], (*path, key)) for key, check in known.items() if value.get(key) is not None
        }
        return {key: item for key, item in kept.items() if item is not None and item not in ("", [], {})}

    def _unknown(self, keys: list[Any], path: FieldPath, known: Mapping[str, Check]) -> None:
        for key in keys[:MOST_UNKNOWN_KEYS]:
            near = nearest(str(key), known)
            remedy = f"Did you mean {near}?" if near else f"Leave it out; known here: {', '.join(known)}."
            self.fault((*path, str(key)), "is not a known field.", remedy)
        if len(keys) > MOST_UNKNOWN_KEYS:
            self.fault(path, "holds more unknown fields.", f"Known here: {', '.join(known)}.")

    def each(self, value: object, path: FieldPath, check: Check, at_most: int) -> list[Any]:
        """Check a list item by item."""
        if not isinstance(value, list):
            self.fault(path, "is not a list.", "Write it as a list, also when it has one item.")
            return []
        if len(value) > at_most:
            self.fault(path, f"has more than {at_most} items.", f"Give {at_most} at most.")
            return []
        kept = [check(item, (*path, index)) for index, item in enumerate(value)]
        return [item for item in kept if item is not None]

    def once(self, values: Sequence[object], paths: Sequence[FieldPath]) -> None:
        """Refuse a value that stands in a list a second time."""
        seen: set[str] = set()
        for value, path in zip(values, paths, strict=True):
            if isinstance(value, str) and value in seen:
                self.fault(path, "is given twice.", "Keep one of the two.")
            seen.add(value if isinstance(value, str) else "")

    def text(self, value: object, path: FieldPath, at_most: int) -> str | None:
        """Check a free text: characters of any script, line breaks, no control characters."""
        if not isinstance(value, str):
            self.fault(path, "is not text.", "Write it as text, in quotes if it looks like a number.")
            return None
        if _CONTROL.search(value.replace("\r\n", "\n").replace("\r", "\n")):
            self.fault(path, "holds a control character.", "Take it out; write plain text.")
            return None
        kept = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
        if len(kept) > at_most:
            self.fault(path, f"is longer than {at_most:,} characters.", f"Shorten it to {at_most:,}.")
            return None
        return kept

    def whole(self, value: object, path: FieldPath, low: int, high: int) -> int | None:
        """Check a whole number between two others, both included."""
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(path, "is not a whole number in range.", f"Give a whole number from {low} to {high:,}.")
        return None

    def truth(self, value: object, path: FieldPath) -> bool | None:
        """Check true or false."""
        if isinstance(value, bool):
            return value
        self.fault(path, "is neither true nor false.", "Write true or false.")
        return None

    def word(self, value: object, path: FieldPath, allowed: Sequence[str]) -> str | None:
        """Check one of a few words."""
        if isinstance(value, str) and value in allowed:
            return value
        self.fault(path, "is not one of the choices.", f"Choose {', '.join(allowed)}.")
        return None

    def address(self, value: object, path: FieldPath) -> str | None:
        """Check an e-mail address; it is kept in small letters."""
        if isinstance(value, str) and is_address(value):
            return value.lower()
        self.fault(path, "is not an e-mail address.", "Write one address, such as name@example.org.")
        return None

    def matching(self, value: object, path: FieldPath, pattern: re.Pattern[str], remedy: str) -> str | None:
        """Check a text that must have a certain form from its first to its last character."""
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self.fault(path, "does not have the right form.", remedy)
        return None
