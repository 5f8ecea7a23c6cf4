"""A database with cases for the in-process tests, and one real Prefect server with workers for the others."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, delete

from plr import settings
from plr.adapters.supervisor import free_port
from plr.db.models import Base
from plr.settings import Settings
from tests.engine.programs.rig import PROGRAMS, Cases, Rig, make_cases
from tests.postgres import make_database, postgres_server  # noqa: F401 - a fixture


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PLR_HOME", str(tmp_path))
    return settings.load({"PLR_HOME": str(tmp_path)})


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def cases(request: pytest.FixtureRequest, loaded: Settings) -> Generator[Cases]:
    """Cases in an empty database of each kind."""
    url = request.getfixturevalue("emptied_postgres_url") if request.param == "postgres" else None
    section = loaded.database.model_copy(update={"url": url})
    made = make_cases(loaded.model_copy(update={"database": section}))
    yield made
    made.database.engine.dispose()


@pytest.fixture(scope="session")
def postgres_of_cases(postgres_server: str) -> str:  # noqa: F811 - the fixture
    return make_database(postgres_server)


@pytest.fixture
def emptied_postgres_url(postgres_of_cases: str) -> str:
    """One database for all tests here, emptied for each: making one takes a second."""
    engine = create_engine(postgres_of_cases)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
    engine.dispose()
    return postgres_of_cases


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
