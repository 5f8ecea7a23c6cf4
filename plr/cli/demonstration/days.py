"""The demonstration's days: its clock begins on a fixed morning and moves a day at a time at most."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from plr import clock
from plr.clock import OFFSET_FILE
from plr.domain.london import london_day

BEGINS_AT = datetime(2027, 1, 5, 10, 0, tzinfo=UTC)
"""Tuesday 5 January 2027, 10am in London: a working day in all four nations."""

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """Moves the clock of a home (decisions 98)."""

    home: Path

    def begin(self) -> None:
        """Let the clock stand at the first morning."""
        self._write(BEGINS_AT - clock.real_now())

    def next_day(self) -> datetime:
        """Let it be the next day, at the same time; return the instant the clock now shows at least."""
        instant = clock.now() + ONE_DAY
        self._write(instant - clock.real_now())
        return instant - timedelta(seconds=1)  # the file holds whole seconds

    @property
    def today(self) -> date:
        """The day in London."""
        return london_day(clock.now())

    def _write(self, offset: timedelta) -> None:
        temporary = self.home / f"{OFFSET_FILE}.new"
        temporary.write_text(str(int(offset.total_seconds())), encoding="ascii")
        os.replace(temporary, self.home / OFFSET_FILE)  # noqa: PTH105 - whole or not at all, said plainly
