"""A database with cases for the in-process tests, and one real Prefect server with workers for the others."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from plr import settings
from plr.adapters.supervisor import free_port
from plr.settings import Settings
from tests.engine.programs.rig import PROGRAMS, Cases, Rig, make_cases


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PLR_HOME", str(tmp_path))
    return settings.load({"PLR_HOME": str(tmp_path)})


@pytest.fixture
def cases(loaded: Settings) -> Generator[Cases]:
    made = make_cases(loaded)
    yield made
    made.database.engine.dispose()


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Generator[Rig]:
    home = tmp_path_factory.mktemp("home")
    (home / "demonstration").touch()
    own = {
        "PLR_HOME": str(home),
        "PLR_PREFECT__PORT": str(free_port("127.0.0.1", 4300)),
        "PLR_ENGINE__LEASE_SECONDS": "4",
        "PLR_ENGINE__RENEW_SECONDS": "1",
        "PLR_ENGINE__SWEEP_SECONDS": "2",
        "PLR_ENGINE__POLL_SECONDS": "2",
    }
    inherited = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - what the children inherit
        if not name.startswith(("PLR_", "PREFECT_"))
    }
    environment = {**inherited, **own, "PYTHONPATH": str(PROGRAMS)}
    loaded = settings.load(own)
    user, _, password = (loaded.prefect_auth or "").partition(":")
    client = httpx.Client(base_url=loaded.prefect_api_url, auth=(user, password), timeout=30)
    made = Rig(home, environment, loaded, make_cases(loaded), client)
    made.start_server()
    yield made
    made.stop_workers()
    made.stop_server()
    client.close()
    made.cases.database.engine.dispose()
