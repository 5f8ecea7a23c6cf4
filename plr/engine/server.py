"""Prefect's own server as the embedded default runs it: loopback, a generated secret, its own SQLite file.

`python -m plr.engine.server` runs until SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from plr import settings
from plr.engine.environment import server_environment
from plr.settings import Settings

_STOP_SECONDS = 5


def main() -> int:
    """Run the server until SIGTERM."""
    loaded = settings.load()
    (loaded.home / "prefect").mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(server_environment(loaded))  # noqa: TID251 - Prefect reads its settings nowhere else
    serve(loaded)
    return 0


def serve(loaded: Settings) -> None:
    """Import Prefect's server, now that its environment is set, and serve it."""
    import uvicorn  # noqa: PLC0415 - after the environment
    from prefect.server.api.server import create_app  # noqa: PLC0415 - after the environment

    begin_immediately()
    # uvicorn stops gracefully, then raises the signal again for whoever was there before: nobody, so exit 0.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: None)
    uvicorn.run(
        create_app(final=True),
        host="127.0.0.1",
        port=loaded.prefect.port,
        log_level="warning",
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


def begin_immediately() -> None:
    """Let every writing transaction of Prefect's SQLite begin IMMEDIATE.

    A deferred one that turns to writing fails at once when another writes: 503, and clients sleep
    for seconds (engine.md).
    """
    from prefect.server.database.configurations import AioSqliteConfiguration  # noqa: PLC0415 - as above

    begin = AioSqliteConfiguration.begin_transaction

    def begin_transaction(
        configuration: AioSqliteConfiguration, session: AsyncSession, **_asked: bool
    ) -> AbstractAsyncContextManager[AsyncSessionTransaction]:
        return begin(configuration, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = begin_transaction  # type: ignore[method-assign, assignment]  # engine.md


if __name__ == "__main__":
    sys.exit(main())
