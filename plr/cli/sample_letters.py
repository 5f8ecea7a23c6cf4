"""Letters with invented data: every field filled from its type, so that a new letter has a sample at once."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from plr.domain.fields import nearest
from plr.domain.notices import NOTICES, Notice
from plr.errors import NotFoundError

_DAY = date(2027, 3, 18)
_WORDS = {
    "given_name": "Amara",
    "reference": "PLR-R-2027-009",
    "approval_id": "A-PLR-R-2027-009-TRIAGE",
    "what": "review PLR-R-2027-009",
    "question": "Take PLR-R-2027-009 on for reflection?",
    "office": "Chair",
    "deputy": "Vice-Chair",
    "type": "review logged: serious incident",
    "nation": "england",
    "task": "Write a reflection",
    "page": "/tasks",
    "why": "You are the Chair.",
    "if_approved": "The reflectors you choose are asked in their next weekly letter",
    "if_nothing": "the Vice-Chair may answer too",
    "next_step": "The reflectors are asked in their next weekly letter",
    "superseded_by": "A-PLR-R-2027-009-TRIAGE-2",
    "letter_id": "4f2c9b7a1d3e4c5f8a6b7c8d9e0f1a2b",
    "letter_code": "N24",
    "roles": "editorial group",
}


def samples_of(name: str) -> list[Notice]:
    """Return sample letters for a letter's name or code: a code may stand for several.

    Raises NotFoundError with the nearest known name.
    """
    wanted = name.strip().casefold()
    found = [letter for known, letter in NOTICES.items() if wanted in {known, letter.code.casefold()}]
    if not found:
        near = nearest(wanted, NOTICES)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(NOTICES)}."
        raise NotFoundError(f"There is no letter of that name. {hint}")
    return [_filled(letter) for letter in found]


def _filled(made: type[Any]) -> Any:
    hints = get_type_hints(made)
    kept = getattr(made, "__dataclass_fields__", {})
    has_own_why = "why" in kept and isinstance(kept["why"].default, str)
    values: Mapping[str, Any] = {
        field.name: _value(field.name, hints[field.name])
        for field in fields(made)
        if field.name != "why" or not has_own_why
    }
    return made(**values)


def _value(name: str, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        return _value(name, next(part for part in get_args(hint) if part is not types.NoneType))
    if origin is tuple:
        return (_value(name, get_args(hint)[0]),)
    if origin is Literal:
        return get_args(hint)[0]
    if is_dataclass(hint) and isinstance(hint, type):
        return _filled(hint)
    return _plain(name, hint)


def _plain(name: str, hint: type[Any]) -> Any:
    if issubclass(hint, datetime):
        return datetime(2027, 3, 18, 9, 0, tzinfo=UTC)
    if issubclass(hint, date):
        return _DAY + timedelta(days=7) if name in {"ends_on", "object_by"} else _DAY
    if issubclass(hint, StrEnum):
        return next(iter(hint))
    if hint is bool:
        return True
    return 2 if hint is int else _WORDS.get(name, "Sample")
