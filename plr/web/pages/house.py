"""What every handler works with: settings, records, the time, the templates; made once by the application."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from plr.adapters import bell
from plr.adapters.storage import Storage
from plr.db.session import Database
from plr.errors import TooManyTriesError
from plr.settings import Settings
from plr.web.rendering import Pages

_WINDOW = timedelta(minutes=1)
_MOST_ADDRESSES = 10_000
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass
class MovingWindow:
    """Counts the anonymous POSTs of each address in the last minute (reliability T20)."""

    at_most: int
    _seen: dict[str, deque[datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, address: str, *, now: datetime) -> None:
        """Count one more. Raises TooManyTriesError with the seconds until the next is let in."""
        with self._lock:
            if len(self._seen) > _MOST_ADDRESSES:
                self._forget(now)
            times = self._seen.setdefault(address, deque())
            while times and now - times[0] >= _WINDOW:
                times.popleft()
            if len(times) >= self.at_most:
                wait = int((times[0] + _WINDOW - now).total_seconds()) + 1
                raise TooManyTriesError("Too many forms came from this address. Wait a minute.", wait)
            times.append(now)

    def _forget(self, now: datetime) -> None:
        for address in [address for address, times in self._seen.items() if now - times[-1] >= _WINDOW]:
            del self._seen[address]


@dataclass(frozen=True)
class House:
    """The application's own things. Nothing here changes but the counts of `posts`."""

    settings: Settings
    database: Database
    now: Callable[[], datetime]
    pages: Pages
    storage: Storage
    templates: Path
    form_key: bytes
    posts: MovingWindow

    @property
    def https(self) -> bool:
        """Whether people reach the pages over TLS, so that cookies may be `__Host-`."""
        return self.settings.base_url.startswith("https://")

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Scheme, host and port of our own address."""
        return origin_of(self.settings.base_url)

    def is_our_host(self, host: str) -> bool:
        """Tell whether a Host header names us (reliability T7)."""
        return origin_of(f"{self.origin[0]}://{host}") == self.origin

    def ring(self) -> None:
        """Tell the worker that something was committed."""
        bell.ring(self.settings.home)


def origin_of(address: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port; of what is no address, an origin equal to no other."""
    try:
        parts = urlsplit(address)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None
