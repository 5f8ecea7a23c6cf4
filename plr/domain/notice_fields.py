"""The typed fields of a letter as plain JSON and back, and what may stand in them."""

from __future__ import annotations

import dataclasses
import types
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from plr.errors import InvalidInputError, Problem

LONGEST_TEXT = 300
LONGEST_LIST = 100
LINE_BREAKERS = {"Cc", "Cs", "Zl", "Zp"}

Record = TypeVar("Record")


def wrong(field: str, problem: str) -> InvalidInputError:
    """Return the refusal of one field."""
    return InvalidInputError([Problem(field, problem, "Make the letter again from its record.")], "letter")


def require_clean(record: Any) -> None:  # noqa: ANN401 - any dataclass
    """Raise InvalidInputError if a text breaks a line or is too long, or a time has no zone."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        parts = value if isinstance(value, tuple) else (value,)
        if len(parts) > LONGEST_LIST:
            raise wrong(field.name, f"has more than {LONGEST_LIST} lines.")
        for part in parts:
            if isinstance(part, str):
                _require_clean_text(field.name, part)
            elif isinstance(part, datetime) and part.tzinfo is None:
                raise wrong(field.name, "is a time without a time zone.")


def _require_clean_text(field: str, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise wrong(field, f"is longer than {LONGEST_TEXT} characters.")
    if any(unicodedata.category(character) in LINE_BREAKERS for character in text):
        raise wrong(field, "holds a line break or a control character.")


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any field, any JSON value
    """Return the value as JSON holds it; a dataclass becomes a mapping of its fields."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [to_plain(part) for part in value]
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def from_plain(record: type[Record], mapping: Mapping[str, Any]) -> Record:
    """Make the dataclass that `to_plain` described. Raises InvalidInputError naming the field."""
    hints = get_type_hints(record)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(record)}  # type: ignore[arg-type]  # TypeVar cannot say "dataclass"
    values = {}
    for field, value in mapping.items():
        if field not in readers:
            raise wrong("field", "is not one that this letter has.")
        try:
            values[field] = readers[field](value)
        except (TypeError, ValueError, AttributeError) as error:
            raise wrong(field, "is not of the right type.") from error
    if missing := [field.name for field in dataclasses.fields(record) if _required(field, values)]:  # type: ignore[arg-type]  # the same
        raise wrong(missing[0], "is missing.")
    return record(**values)


def _required(field: dataclasses.Field[Any], values: Mapping[str, Any]) -> bool:
    return field.name not in values and field.default is dataclasses.MISSING


def _reader(hint: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - any type
    """Return what reads a JSON value of this type; it raises TypeError or ValueError."""
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        (wanted,) = (part for part in get_args(hint) if part is not types.NoneType)
        return partial(_read_optional, _reader(wanted))
    if origin is tuple:
        return partial(_read_list, _reader(get_args(hint)[0]))
    if origin is Literal:
        return partial(_read_one_of, get_args(hint))
    if dataclasses.is_dataclass(hint):
        return partial(from_plain, hint)
    if issubclass(hint, date):
        return hint.fromisoformat
    return hint if issubclass(hint, StrEnum) else partial(_read_exactly, hint)


def _read_optional(read: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return None if value is None else read(value)


def _read_list(read: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(read(part) for part in _read_exactly(list, value))


def _read_one_of(choices: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if value not in choices:
        raise ValueError
    return value


def _read_exactly(kind: type, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if type(value) is not kind:
        raise TypeError
    return value
