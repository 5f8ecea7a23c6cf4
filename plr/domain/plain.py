"""Frozen values to JSON and back: text, numbers, yes or no, days, closed lists, and tuples of these."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object) -> Any:  # noqa: ANN401 - JSON is whatever the value is made of
    """Return a value as JSON: days as 2027-06-01, closed lists as their word, tuples as lists."""
    if is_dataclass(value):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def from_plain(kind: type[T], mapping: Mapping[str, Any]) -> T:
    """Return the frozen value that JSON was made from; raises ValueError where a field does not fit."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name in _names(kind)}
    if mapping.keys() != hints.keys():
        raise ValueError(f"The stored fields are not those of {kind.__name__}.")
    return kind(**{name: _read(hint, mapping[name], name) for name, hint in hints.items()})


def _names(kind: Any) -> set[str]:  # noqa: ANN401 - a dataclass, seen as a class
    return {one.name for one in fields(kind)}


def _read(hint: Any, value: Any, name: str) -> Any:  # noqa: ANN401 - what the field's type says
    if get_origin(hint) in {Union, types.UnionType}:
        inner = next(one for one in get_args(hint) if one is not type(None))
        return None if value is None else _read(inner, value, name)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_read(get_args(hint)[0], item, name) for item in value)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return from_plain(hint, value)
    if hint is date and isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum) and isinstance(value, str):
        return hint(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise ValueError(f"The field {name} does not fit its kind.")
