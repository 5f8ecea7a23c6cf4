"""A worker's process put together: the processes, the deliveries, what the sweep calls."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from plr import settings
from plr.engine import context, worker
from plr.engine.context import Services
from plr.engine.deliveries import Deliveries
from plr.engine.process import Process
from plr.operations.upkeep import UPKEEP


def work(processes: Sequence[Process], *, services_only: bool) -> int:
    """Carry cases on, send letters and write outputs until SIGTERM or SIGINT; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    services = context.build(settings.load())
    deliveries = Deliveries(services.settings, services.database, services.now)
    deliveries.start()

    def ring(_services: Services, _now: datetime) -> bool:
        deliveries.ring()
        return False

    try:
        return worker.main(
            services,
            processes,
            deliver_once=ring,
            on_sweep=(*UPKEEP, deliveries.mend),
            services_only=services_only,
        )
    finally:
        deliveries.stop()
