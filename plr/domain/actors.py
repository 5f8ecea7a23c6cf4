"""Who does something, for the audit: a person's number or a component, by which door, for whom."""

from __future__ import annotations

from dataclasses import dataclass

from plr.domain.words import Via


@dataclass(frozen=True, slots=True)
class Actor:
    """One who acts. `person_id` is None for a component; `for_id` is the person an answer is recorded for."""

    person_id: int | None
    via: Via
    for_id: int | None = None

    @property
    def who(self) -> str:
        """The actor as the audit stores it: a number, never a name."""
        return "engine" if self.person_id is None else f"person:{self.person_id}"

    @property
    def on_behalf_of(self) -> str | None:
        """The person the act is for, as a number."""
        return None if self.for_id is None else f"person:{self.for_id}"


ENGINE = Actor(None, Via.ENGINE)
