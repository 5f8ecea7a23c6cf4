"""A typed text as points: one a line, or one a sentence (pages 4c: "3 or 4 sentences")."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.!?])\s+(?=[^\s])")


def points_of(text: str | None) -> tuple[str, ...]:
    """Return the points of a text; a single paragraph is cut into its sentences."""
    lines = [line.strip(" \t-•") for line in (text or "").splitlines()]
    lines = [line for line in lines if line]
    if len(lines) == 1:
        lines = [sentence.strip() for sentence in _END.split(lines[0])]
    return tuple(line for line in lines if line)
