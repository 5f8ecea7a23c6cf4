"""The bell: a datagram on this machine that says "something was committed". Losing one costs a few seconds.

Every listener of a home has its own socket file in it; a ring goes to all of them. It carries nothing.
"""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

_LONGEST_FOLDER = 70  # a unix socket's path holds about 100 bytes
_FOLDER = "bells"


def ring(home: Path) -> None:
    """Tell every listener of a home to look at the database; call it after the commit. Never fails."""
    if not hasattr(socket, "AF_UNIX"):
        return
    with suppress(OSError):
        for path in list(_folder(home).glob("*.sock")):
            _ring_one(path)


def _ring_one(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
        bell.settimeout(0)
        try:
            bell.sendto(b".", str(path))
        except ConnectionRefusedError:  # its listener has died
            path.unlink(missing_ok=True)
        except OSError:  # its queue is full: it has been told already
            return


class Bell:
    """A listener. Close it when done."""

    def __init__(self, home: Path) -> None:
        folder = _folder(home)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))

    def wait(self, seconds: float) -> bool:
        """Wait until somebody rings, or the seconds are over; several rings count as one."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            self._socket.recv(1)
        except OSError:
            return False
        self._drain()
        return True

    def _drain(self) -> None:
        self._socket.settimeout(0)
        with suppress(OSError):
            while True:
                self._socket.recv(1)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
        self._path.unlink(missing_ok=True)


def _folder(home: Path) -> Path:
    folder = home / _FOLDER
    if len(str(folder)) <= _LONGEST_FOLDER:
        return folder
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"plr-{_FOLDER}-{digest}"
