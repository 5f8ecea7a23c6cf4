"""Heart-beats: files in the home whose age says whether a process still turns."""

from __future__ import annotations

from pathlib import Path

from plr.clock import real_now

_FOLDER = "heartbeats"


def beat(home: Path, name: str) -> None:
    """Say that the process `name` turns."""
    path = home / _FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def age(home: Path, name: str) -> float | None:
    """Return the seconds since the last heart-beat, or None if there has been none."""
    try:
        return real_now().timestamp() - (home / _FOLDER / name).stat().st_mtime
    except FileNotFoundError:
        return None
