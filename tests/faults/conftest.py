"""A PostgreSQL of the fault tests' own, so quick to copy that every point can be tried; and a mail sink."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Mapping

import pytest
from sqlalchemy import create_engine, text

from tests import postgres
from tests.faults.backends import Backend, PostgresBackend, SqliteBackend
from tests.faults.homes import Home, on_each
from tests.smtp_server import SmtpServer


@pytest.fixture(scope="session")
def quick_postgres() -> Generator[str]:
    """A server that does not wait for its disk: no test here cuts its power."""
    wheel = postgres._wheel()
    folder = tempfile.mkdtemp(prefix="plr-pq-", dir="/tmp")
    server = wheel.get_server(folder, cleanup_mode="delete")
    address = str(server.get_uri())
    engine = create_engine(
        address.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    try:
        yield address
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sink() -> Generator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    if request.param == "sqlite":
        return SqliteBackend(tmp_path_factory.mktemp("sqlite"))
    return PostgresBackend(request.getfixturevalue("quick_postgres"))


@pytest.fixture(scope="session")
def homes(quick_postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Mapping[str, Home]]:
    """Two homes with a Prefect server each: one on SQLite, one on PostgreSQL."""
    with SmtpServer() as first, SmtpServer() as second:
        folder = tmp_path_factory.mktemp("homes")
        made = {
            "sqlite": Home(folder / "sqlite", f"sqlite:///{folder / 'sqlite' / 'plr.db'}", first),
            "postgresql": Home(folder / "postgresql", postgres.make_database(quick_postgres), second),
        }
        try:
            on_each(made, Home.start_server)
            yield made
        finally:
            on_each(made, Home.close)
