"""What may stand in the typed fields of a letter."""

from __future__ import annotations

import dataclasses
import unicodedata
from datetime import datetime
from typing import Any

from plr.errors import InvalidInputError, Problem

LONGEST_TEXT = 300
LONGEST_LIST = 100
LINE_BREAKERS = {"Cc", "Cs", "Zl", "Zp"}


def wrong(field: str, problem: str) -> InvalidInputError:
    """Return the refusal of one field."""
    return InvalidInputError([Problem(field, problem, "Make the letter again from its record.")], "letter")


def require_clean(record: Any) -> None:
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
