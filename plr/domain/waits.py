"""What a look at a wait can say: satisfied, ended, or still awaited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from plr.domain.wording import day


@dataclass(frozen=True, slots=True)
class Satisfied:
    """What was awaited is there; the value goes into the journal."""

    value: Any = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The case has reached a state it never leaves: its process stops here."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is awaited still, in words for Prefect's page: no case text, no names of people.

    `subject` is "approval:ID", "task:ID", "date"; `what` reads on from "Waits for"; `who` is an office
    ("the Chair") or empty; `until_at` is the instant at which the sweep wakes the case by itself.
    """

    subject: str
    what: str
    who: str = ""
    due_on: date | None = None
    until_at: datetime | None = None

    @property
    def message(self) -> str:
        """The run's state message."""
        of_whom = f", of {self.who}" if self.who else ""
        until = f", until {day(self.due_on)}" if self.due_on else ""
        return f"Waits for {self.what}{of_whom}{until}"


Looked = Satisfied | Ended | Awaited
