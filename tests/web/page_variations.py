"""A page with other data: hostile, longest, shortest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 191*7 }}{% raw %}\u202e"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenfabrik " * 8
# Not free text: addresses, stored words, and what the handler makes itself.
FIXED = {
    *("href", "link", "kind", "state", "tag", "label", "flags", "form_token", "form_id", "group"),
    *("association", "name", "value", "error_id"),
}
# A page without these would not be that page.
KEPT = {"navigation", "person", "filters"}


def changed(value: Any, word: Callable[[str], str], name: str = "") -> Any:
    """Return the view with `word` done to every free text in it."""
    if name in FIXED or name.endswith("_to"):
        return value
    if isinstance(value, str):
        return word(value)
    if isinstance(value, tuple):
        return tuple(changed(item, word, name) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: changed(getattr(value, f.name), word, f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value


def shortest(value: Any) -> Any:
    """Return the view with one row in every list, one letter in every text, the rest left out."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        now = getattr(value, field.name)
        if field.name in KEPT or field.name.endswith("_to") or field.name in FIXED - {"link"}:
            given[field.name] = now
        elif field.default is not dataclasses.MISSING:
            given[field.name] = field.default
        elif isinstance(now, tuple):
            given[field.name] = tuple(shortest(i) if dataclasses.is_dataclass(i) else i for i in now[:1])
        elif dataclasses.is_dataclass(now):
            given[field.name] = shortest(now)
        else:
            given[field.name] = "x" if isinstance(now, str) else now
    return dataclasses.replace(value, **given)
