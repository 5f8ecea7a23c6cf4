"""The numbers of signing in (reliability 2 and T4, T15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Codes, sessions and remembered browsers: how long, how many, how often."""

    code_minutes: int
    code_tries: int
    codes_an_hour: int
    codes_a_day: int
    tries_a_day: int
    session_idle_minutes: int
    session_hours: int
    sessions_in_parallel: int
    browser_days: int

    @property
    def code_works(self) -> timedelta:
        """How long a code works, from its hand-over."""
        return timedelta(minutes=self.code_minutes)

    @property
    def idle(self) -> timedelta:
        """How long a session lives without being used."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def longest(self) -> timedelta:
        """How long a session lives at most."""
        return timedelta(hours=self.session_hours)

    @property
    def remembered(self) -> timedelta:
        """How long a browser is remembered."""
        return timedelta(days=self.browser_days)


# A code that has met its last try keeps its browser waiting this long after it was asked for.
WAIT_AFTER_LAST_TRY = timedelta(minutes=15)
# A code whose letter could not leave for this long is not wanted any more: its reader has gone.
WANTED_FOR = timedelta(hours=1)
# `seen_at` of a session is written at most this often, so that reading pages writes little.
SEEN_EVERY = timedelta(minutes=1)
