"""Reads JSON with the line of every part, by descent that is never deeper than is allowed."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from plr.domain.fields import FieldPath
from plr.reading.draft import Draft

_SPACE = re.compile(r"[ \t\n\r]*")


class NotJsonError(Exception):
    """The text is no JSON; it may still be YAML."""


def json_data(draft: Draft) -> object:
    """Return the data of a JSON text; raises NotJsonError if it is none."""
    try:
        return _Json(draft).document()
    except json.JSONDecodeError:
        raise NotJsonError from None


class _Number(str):
    """The letters of a number, before it is known to be a sane one."""

    __slots__ = ()


class _Json:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.text = draft.text
        self.at = 0
        self.ends = [found.start() for found in re.finditer("\n", draft.text)]
        self.scalars = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_Number)

    def document(self) -> object:
        value = self.value(())
        self.skip()
        if self.at < len(self.text):
            raise NotJsonError
        return value

    def value(self, path: FieldPath) -> object:
        self.skip()
        line = self.line()
        self.draft.enter(path, self.draft.lines.get(path, line))
        opening = self.text[self.at : self.at + 1]
        if opening == "{":
            return self.mapping(path)
        if opening == "[":
            return self.sequence(path)
        value, self.at = self.scalars.raw_decode(self.text, self.at)
        if isinstance(value, _Number):
            return self.draft.number(str(value), path, line)
        if isinstance(value, str):
            self.draft.plain(value, path, line)
        return value

    def mapping(self, path: FieldPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in self.items("}"):
            line = self.line()
            if not self.text.startswith('"', self.at):
                raise NotJsonError
            key, self.at = self.scalars.raw_decode(self.text, self.at)
            self.draft.key(found, key, path, line)
            self.take(":")
            found[key] = self.value((*path, key))
        return found

    def sequence(self, path: FieldPath) -> list[Any]:
        found: list[Any] = []
        for _ in self.items("]"):
            found.append(self.value((*path, len(found))))
        return found

    def items(self, closing: str) -> Iterator[None]:
        """Stand at each item in turn, and behind the closing bracket at the end."""
        self.at += 1
        self.skip()
        if self.closed(closing):
            return
        while True:
            yield
            self.skip()
            if self.closed(closing):
                return
            self.take(",")

    def closed(self, closing: str) -> bool:
        if not self.text.startswith(closing, self.at):
            return False
        self.at += 1
        return True

    def take(self, mark: str) -> None:
        self.skip()
        if not self.text.startswith(mark, self.at):
            raise NotJsonError
        self.at += 1
        self.skip()

    def skip(self) -> None:
        if found := _SPACE.match(self.text, self.at):
            self.at = found.end()

    def line(self) -> int:
        return bisect_right(self.ends, self.at - 1) + 1
