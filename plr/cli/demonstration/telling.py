"""Saying how far the demonstration is, and keeping what did not come out as it should."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import date

from plr.domain.wording import day
from plr.errors import PlrError


class StoryError(PlrError):
    """The story cannot go on: something did not come out as it should."""

    code = "story"


@dataclass(slots=True)
class Telling:
    """Lines for whoever watches, on standard error, each with the seconds since the beginning."""

    began_at: float = field(default_factory=time.monotonic)
    broken: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The seconds since the beginning."""
        return time.monotonic() - self.began_at

    def say(self, sentence: str) -> None:
        """Tell what has happened."""
        sys.stderr.write(f"{self.seconds:6.1f} s  {sentence}\n")
        sys.stderr.flush()

    def begin_day(self, today: date) -> None:
        """Tell which day it is now."""
        self.say(f"— {day(today)} —")

    def expect(self, *, held: bool, otherwise: str) -> None:
        """Keep the sentence of what should have been, if it was not; the demonstration then fails."""
        if not held:
            self.broken.append(otherwise)
            self.say(f"This should have been, and was not: {otherwise}")
