"""`plr up`, `worker` and `web`: the processes of an installation."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

import httpx

from plr import settings
from plr.adapters.supervisor import Child, Supervisor, free_port
from plr.cli import addresses
from plr.cli.context import require_database
from plr.cli.setup import prepare
from plr.cli.showing import say
from plr.settings import Settings

_WORKER_HEARTBEAT = "worker"
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 2.0
_LOCAL = "127.0.0.1"


def up(*, port_web: int | None = None, port_prefect: int | None = None) -> int:
    """Start everything and keep it alive until Ctrl-C; print the two addresses when they answer.

    Parameters
    ----------
    port_web
        Where the pages are; the next free one if it is taken.
    port_prefect
        Where Prefect's server is; the next free one if it is taken.
    """
    loaded = settings.load()
    settings.load_rules(loaded)
    ready(loaded)
    web = free_port(loaded.web.host, port_web or loaded.web.port)
    prefect = free_port(_LOCAL, port_prefect or loaded.prefect.port)
    children = children_of(loaded, web=web, prefect=prefect)
    pages = loaded.web.base_url or f"http://{loaded.web.host}:{web}"
    ui = (loaded.prefect.api_url or f"http://{_LOCAL}:{prefect}/api").removesuffix("/api")
    probes = {f"http://{loaded.web.host}:{web}/healthz": pages, f"{ui}/api/health": ui}
    threading.Thread(target=tell_when_ready, args=(probes, say_addresses), daemon=True).start()
    supervisor = Supervisor(
        loaded.home, children, heartbeat_lost=loaded.engine.heartbeat_lost_seconds, say=say
    )
    with addresses.kept(loaded, pages=pages, prefect=ui):
        return supervisor.up()


def ready(loaded: Settings) -> None:
    """Bring the database to this release, if the settings allow it; else refuse one that is not."""
    if loaded.database.migrate_on_start:
        prepare(loaded)
    else:
        require_database(loaded)


def children_of(loaded: Settings, *, web: int, prefect: int) -> list[Child]:
    """Return the processes that `plr up` keeps alive; no Prefect server of ours when another is set."""
    environment = {
        **os.environ,  # noqa: TID251 - children inherit what this process was started with
        "PLR_HOME": str(loaded.home),
        "PLR_WEB__PORT": str(web),
        "PLR_PREFECT__PORT": str(prefect),
    }
    python = sys.executable
    children = [
        Child("The worker", [python, "-m", "flows"], environment, heartbeat=_WORKER_HEARTBEAT),
        Child("The pages", [python, "-m", "plr.cli", "web"], environment),
    ]
    if loaded.prefect.api_url is None:
        children.insert(0, Child("Prefect's server", [python, "-m", "plr.engine.server"], environment))
    return children


def tell_when_ready(probes: dict[str, str], tell: Callable[[list[str]], None]) -> None:
    """Wait until every address answers, then tell the addresses for people."""
    waiting = dict(probes)
    while waiting:
        waiting = {probe: address for probe, address in waiting.items() if not _answers(probe)}
        time.sleep(_LOOK_SECONDS if waiting else 0)
    tell(list(probes.values()))


def _answers(address: str) -> bool:
    try:
        # Any answer will do: a server that asks who we are is up.
        httpx.get(address, timeout=_ANSWER_SECONDS)
    except httpx.HTTPError:
        return False
    return True


def say_addresses(addresses: list[str]) -> None:
    """Print the two addresses."""
    pages, ui = addresses
    sys.stdout.write(f"Pages:   {pages}\nPrefect: {ui}\n")
    sys.stdout.flush()


def worker(*, services: bool = False) -> None:
    """Carry cases on, send letters and write documents, until stopped.

    Parameters
    ----------
    services
        Leave the cases to Prefect's own worker and do the rest beside it.
    """
    loaded = settings.load()
    settings.load_rules(loaded)
    ready(loaded)
    command = [sys.executable, "-m", "flows", *(["--services"] if services else [])]
    # This process becomes the worker, so that signals and its number are the worker's own.
    os.execv(command[0], command)  # noqa: S606 - our own command, no shell


def web() -> None:
    """Serve the pages alone, until stopped."""
    import uvicorn  # noqa: PLC0415 - `plr up` must not import the web server

    loaded = settings.load()
    settings.load_rules(loaded)
    require_database(loaded)
    uvicorn.run(
        "plr.web.app:create_app",
        factory=True,
        host=loaded.web.host,
        port=loaded.web.port,
        # Paths hold private links: they are never logged (reliability T14).
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(loaded.web.proxies),
        forwarded_allow_ips=list(loaded.web.proxies),
        timeout_graceful_shutdown=5,
    )
