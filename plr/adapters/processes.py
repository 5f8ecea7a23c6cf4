"""Which process holds something, and whether it is known to be dead (on this machine only)."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def me() -> str:
    """Return this process's name: host, process number and when it began, so that a reused number differs."""
    return f"{_host()}:{os.getpid()}:{_began(os.getpid())}"


def is_dead(owner: str | None) -> bool:
    """Say whether an owner is known to be dead. Another machine's process is never known to be."""
    parts = (owner or "").rsplit(":", 2)
    if len(parts) != 3 or parts[0] != _host() or not parts[1].isdigit():  # noqa: PLR2004 - host, number, begin
        return False
    began = _began(int(parts[1]))
    return began != parts[2]


def _host() -> str:
    return socket.gethostname()[:60]


def _began(pid: int) -> str:
    try:
        # Field 22 of /proc/PID/stat; the name in brackets before it may hold anything.
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
        return "0" if fields[0] == "Z" else fields[19]
    except (OSError, IndexError):
        return "0" if not _answers(pid) else "unknown"


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
