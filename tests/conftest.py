"""What every test may use: golden files, reviewed in the diff and accepted with --update-golden."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from plr.db.session import Database
from tests.factories import make_database
from tests.postgres import (  # noqa: F401 - fixtures: one real server for the whole run
    fresh_postgres_url,
    postgres_server,
    postgres_tools,
    postgres_url,
)

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept what the product says now")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return a check that a text equals the file of that name under tests/golden/."""

    def equals(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        assert file.exists(), f"There is no {file}; look at the text and run pytest --update-golden."
        assert text == file.read_bytes().decode()

    return equals


@pytest.fixture
def database(tmp_path: Path) -> Generator[Database]:
    """An empty database of ours: SQLite, every table, this installation's row."""
    made = make_database(f"sqlite:///{tmp_path / 'plr.db'}")
    yield made
    made.engine.dispose()
