"""Verbs of the command line, run as they are: the same words, the same messages, the same exit status."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from plr.cli.demonstration.telling import StoryError
from plr.cli.running import INTERRUPTED, run


@dataclass(frozen=True, slots=True)
class Ran:
    """What a verb gave back."""

    words: tuple[str, ...]
    status: int
    printed: str
    said: str

    def document(self) -> Any:
        """Return the JSON document it printed. Raises StoryError if it did not end well."""
        if self.status:
            verb = " ".join(["plr", *self.words[:2]])
            raise StoryError(f"`{verb}` ended with {self.status}: {self.said.strip()}")
        return json.loads(self.printed)


def plr(*words: str) -> Ran:
    """Run a verb in this process: starting Python for each would take longer than the verbs."""
    printed, said = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(said):
        status = run(list(words))
    if status == INTERRUPTED:
        raise KeyboardInterrupt  # it was meant for us
    return Ran(words, status, printed.getvalue(), said.getvalue())


def plr_json(*words: str) -> Any:
    """Run a verb and return the document it prints."""
    return plr(*words, "--json").document()


def ended_well(words: Sequence[str]) -> Ran:
    """Run a verb that must end well. Raises StoryError."""
    ran = plr(*words)
    if ran.status:
        raise StoryError(f"`{' '.join(['plr', *words[:2]])}` ended with {ran.status}: {ran.said.strip()}")
    return ran
