"""Frozen values to JSON and back: text, numbers, yes or no, days, instants, closed lists, tuples of these."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class MisfitError(ValueError):
    """Stored JSON does not fit the value it should give back; names the field, never the value."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


def to_plain(value: object) -> Any:
    """Return a value as JSON: days as 2027-06-01, closed lists as their word, tuples as lists."""
    if is_dataclass(value):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value  # an instant is a date too


def from_plain(kind: type[T], mapping: Mapping[str, Any]) -> T:
    """Return the frozen value that JSON was made from; a field with a default may be missing.

    Raises MisfitError, a ValueError, where a field is unknown, missing or does not fit.
    """
    known = {one.name: one for one in _fields(kind)}
    if mapping.keys() - known.keys():
        raise MisfitError("field", f"is not one that {kind.__name__} has.")
    for name, one in known.items():
        if name not in mapping and one.default is MISSING and one.default_factory is MISSING:
            raise MisfitError(name, "is missing.")
    hints = get_type_hints(kind)
    return kind(**{name: _read(hints[name], value, name) for name, value in mapping.items()})


def _fields(kind: Any) -> tuple[Field[Any], ...]:
    return fields(kind)


def _read(hint: Any, value: Any, name: str) -> Any:
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        inner = next(one for one in get_args(hint) if one is not types.NoneType)
        return None if value is None else _read(inner, value, name)
    if origin is tuple and isinstance(value, list):
        return tuple(_read(get_args(hint)[0], item, name) for item in value)
    if origin is Literal and value in get_args(hint):
        return value
    if isinstance(hint, type):
        return _read_type(hint, value, name)
    raise MisfitError(name, "is not of the right type.")


def _read_type(hint: type, value: Any, name: str) -> Any:
    if is_dataclass(hint) and isinstance(value, Mapping):
        return from_plain(hint, value)
    if type(value) is hint:
        return value
    if isinstance(value, str):
        try:
            if issubclass(hint, date):  # an instant is a date too
                return hint.fromisoformat(value)
            if issubclass(hint, StrEnum):
                return hint(value)
        except ValueError:
            raise MisfitError(name, "is not of the right type.") from None
    raise MisfitError(name, "is not of the right type.")
