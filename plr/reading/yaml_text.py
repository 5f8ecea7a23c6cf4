"""Reads YAML from its events, so that an alias, a tag or a deep nest is met before anything is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from plr.domain.fields import FieldPath
from plr.reading.draft import MAX_DEPTH, NOT_A_NUMBER, Draft

_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_EVENTS = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def yaml_data(draft: Draft) -> object:
    """Return the data of a YAML text; None if it holds nothing."""
    try:
        return _Yaml(draft).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _broken(draft, None if mark is None else mark.line + 1, error.problem or "")
    except yaml.YAMLError:
        _broken(draft, None)


def _broken(draft: Draft, line: int | None, why: str = "") -> NoReturn:
    if "nesting depth" in why:
        draft.too_deep(line)
    remedy = "Check indentation, quotes and brackets here and just above."
    draft.refuse(line, (), "is not YAML or JSON.", remedy)


class _Yaml:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.events: Iterator[yaml.Event] = yaml.parse(draft.text, Loader=_EVENTS)

    def document(self) -> object:
        self.next()
        first = self.next()
        if isinstance(first, yaml.StreamEndEvent):
            return None
        value = self.value(self.next(), ())
        self.next()
        after = self.next()
        if not isinstance(after, yaml.StreamEndEvent):
            self.draft.refuse(_line(after), (), "holds more than one document.", "Send one file for each.")
        return value

    def next(self) -> yaml.Event:
        event = next(self.events)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            remedy = "Write the value out where it is used."
            self.draft.refuse(_line(event), (), "uses an anchor or alias (& or *).", remedy)
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            self.draft.refuse(_line(event), (), "uses a tag (!).", "Take the tag out, or quote the text.")
        return event

    def value(self, event: yaml.Event, path: FieldPath) -> object:
        line = self.draft.lines.get(path, _line(event))
        self.draft.enter(path, line)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, path, line)
        return self.sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self.mapping(path)

    def scalar(self, event: yaml.ScalarEvent, path: FieldPath, line: int) -> object:
        text = event.value
        self.draft.plain(text, path, line)
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _DECIMAL.fullmatch(text) or NOT_A_NUMBER.fullmatch(text):
            return self.draft.number(text, path, line)
        return text

    def sequence(self, path: FieldPath) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            found.append(self.value(event, (*path, len(found))))
        return found

    def mapping(self, path: FieldPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                if len(path) >= MAX_DEPTH:
                    self.draft.too_deep(line)
                self.draft.refuse(line, path, "has a key that is not text.", "Use a plain word as the key.")
            self.draft.key(found, event.value, path, line)
            found[event.value] = self.value(self.next(), (*path, event.value))
        return found


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1
