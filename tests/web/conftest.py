"""The application in process, over a real database, with the process carried on between the requests."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.web.browsing import World


@pytest.fixture
def world(tmp_path: Path) -> Generator[World]:
    made = World(tmp_path)
    yield made
    made.close()
