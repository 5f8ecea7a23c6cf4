"""Parts of a parsed document, and the document with one part changed: for tests of malformed input."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Where = tuple[str | int, ...]


def places(data: object, path: Where = ()) -> Iterator[tuple[Where, object]]:
    """Every part of a document with its path, the whole first."""
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from places(value, (*path, number))


def changed(data: Any, path: Where, value: object) -> Any:
    """A copy of the document with another value at a place."""
    made = copy.deepcopy(data)
    place = made
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return made
