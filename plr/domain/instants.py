"""How an instant is written where it is hashed: UTC, to the microsecond, always the same width."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(instant: datetime) -> str:
    """Return an aware instant such as `2027-03-18T10:00:00.000000Z`."""
    if instant.tzinfo is None:
        raise ValueError("An instant without a time zone means nothing; pass an aware one.")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
