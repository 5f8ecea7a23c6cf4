"""The only place that reads the time.

A home marked as a demonstration may hold a file `clock-offset` with whole seconds; it is added to
the real time there and nowhere else (decisions 98).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

DEMONSTRATION_MARK = "demonstration"
OFFSET_FILE = "clock-offset"


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return real_now() + _offset()


def real_now() -> datetime:
    """Return the machine's own instant, without a demonstration's offset: for leases and heart-beats."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


def _offset() -> timedelta:
    home = os.environ.get("PLR_HOME")  # noqa: TID251 - read here so that the clock needs no settings
    if home is None or not (Path(home) / DEMONSTRATION_MARK).exists():
        return timedelta()
    try:
        return timedelta(seconds=int((Path(home) / OFFSET_FILE).read_text(encoding="ascii")))
    except (FileNotFoundError, ValueError):
        return timedelta()
