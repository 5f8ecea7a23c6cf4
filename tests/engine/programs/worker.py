"""The tests' worker: `plr` worker and services, or with --services the services alone."""

from __future__ import annotations

import sys
from datetime import datetime

from plr import settings
from plr.engine.environment import adopt

loaded = settings.load()
adopt(loaded)

from journey import travel  # noqa: E402 - Prefect reads its environment when imported

from plr.engine import context, worker  # noqa: E402 - as above


def deliver_once(_services: context.Services, _now: datetime) -> bool:
    return False


sys.exit(
    worker.main(
        context.build(loaded),
        [travel],
        deliver_once=deliver_once,
        services_only="--services" in sys.argv,
    )
)
