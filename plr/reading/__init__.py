"""The one safe reader of YAML and JSON, for submissions and configuration alike (reliability T11).

Only plain data gets through: mappings with unique keys, lists, text, numbers, true, false, null.
Of YAML 1.1's surprises none is kept: `yes`, `no`, dates and numbers with leading zeros stay text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plr.domain.fields import FieldPath
from plr.errors import InvalidInputError, Problem, TooLargeError, UnreadableInputError
from plr.reading.draft import CONTROL, Draft
from plr.reading.json_text import NotJsonError, json_data
from plr.reading.yaml_text import yaml_data

MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """What was read, and on which line each part of it stands."""

    data: dict[str, Any]
    source: str
    lines: dict[FieldPath, int] = field(repr=False)

    def line_of(self, path: FieldPath) -> int | None:
        """Return the line of a part, else of the nearest part around it; None for the document itself."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def read_file(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Read a file, never more of it than is allowed."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError:
        problem = Problem("", "cannot be opened.", "Check its name, and that you may read it.")
        raise InvalidInputError([problem], str(path)) from None
    return read_document(content, str(path), max_bytes=max_bytes)


def read_document(content: str | bytes, source: str = "input", *, max_bytes: int = MAX_BYTES) -> Document:
    """Return the one mapping that a YAML or JSON text holds; refuses everything else, naming the line."""
    draft = Draft(_text_of(content, source, max_bytes).rstrip() + "\n", source)
    try:
        data = json_data(draft) if draft.text.lstrip().startswith("{") else yaml_data(draft)
    except NotJsonError:
        draft.lines.clear()
        data = yaml_data(draft)
    if data is None:
        draft.refuse(None, (), "is empty.", "Write at least the required fields.")
    if not isinstance(data, dict):
        draft.refuse(1, (), "is not a mapping.", "Begin with fields and values, such as `nation: england`.")
    return Document(data, source, draft.lines)


def _text_of(content: str | bytes, source: str, max_bytes: int) -> str:
    raw = content.encode(errors="surrogatepass") if isinstance(content, str) else bytes(content)
    if len(raw) > max_bytes:
        problem = Problem("", "is too large.", f"Shorten it to {max_bytes // 1024} kB.")
        raise TooLargeError([problem], source)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem("", "is not UTF-8 text.", "Save it as UTF-8.", raw.count(b"\n", 0, error.start) + 1)
        raise UnreadableInputError([problem], source) from None
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problem = Problem("", "holds a control character.", "Take it out; write plain text.", line)
        raise UnreadableInputError([problem], source)
    return text
