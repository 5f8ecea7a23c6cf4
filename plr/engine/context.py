"""What a process of ours holds: settings, database, leases. Built on first use, in any worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from plr import clock, settings
from plr.db.session import Database
from plr.engine.lease import Renewals
from plr.settings import Settings


@dataclass(slots=True)
class Services:
    """The process-wide things an execution needs."""

    settings: Settings
    database: Database
    renewals: Renewals
    now: Callable[[], datetime] = clock.now
    stopping: threading.Event = field(default_factory=threading.Event)


_lock = threading.Lock()
_services: list[Services] = []


def build(loaded: Settings) -> Services:
    """Open the database and make the services of a process."""
    database = Database(loaded.database_url, settings.load_rules(loaded))
    renewals = Renewals(
        database,
        lease_seconds=loaded.engine.lease_seconds,
        renew_seconds=loaded.engine.renew_seconds,
        step_seconds=loaded.engine.step_seconds,
    )
    return Services(loaded, database, renewals)


def services() -> Services:
    """Return this process's services; a stock Prefect worker's process builds them from its environment."""
    with _lock:
        if not _services:
            _services.append(build(settings.load()))
        return _services[0]


def install(made: Services) -> None:
    """Make these the process's services, in place of any before."""
    with _lock:
        _services[:] = [made]
