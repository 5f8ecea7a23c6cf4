"""London time: which day an instant falls on there, and the instant of a time of day there."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def london_time(instant: datetime) -> datetime:
    """Return the same instant as London's clocks show it. Needs an aware instant."""
    if instant.tzinfo is None:
        raise ValueError("An instant without a time zone means nothing; pass an aware one.")
    return instant.astimezone(LONDON)


def london_day(instant: datetime) -> date:
    """Return the day an aware instant falls on in London."""
    return london_time(instant).date()


def london_instant(day: date, at: time) -> datetime:
    """Return the instant, in UTC, when London's clocks show this day and time.

    A time that comes twice (October) is the first of the two; one that does not come (March) is
    read as if the clocks had not yet gone forward, so every day has every time exactly once.
    """
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=LONDON).astimezone(UTC)
