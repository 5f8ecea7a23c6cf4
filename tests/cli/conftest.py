"""A home of its own for every test, set up once and copied; and `plr` called in this process."""

from __future__ import annotations

import io
import json
import math
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plr import settings
from plr.cli.running import run
from plr.clock import DEMONSTRATION_MARK, OFFSET_FILE, real_now
from plr.db.session import Database

ROOT = Path(__file__).parents[2]
PEOPLE = ROOT / "config" / "people.example.yaml"
SAMPLES = ROOT / "config" / "samples"
NOW = datetime(2027, 1, 4, 10, 0, tzinfo=UTC)  # a Monday


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Plr = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home whose clock shows Monday 4 January 2027, 10am."""
    for name in ("PLR_CONFIG", "PLR_ACTOR", "PLR_DATABASE_URL", "PLR_STORAGE_URL", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    monkeypatch.setenv("PLR_HOME", str(folder))
    _set_clock(folder)
    return folder


def _set_clock(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / DEMONSTRATION_MARK).touch()
    (folder / OFFSET_FILE).write_text(str(math.ceil((NOW - real_now()).total_seconds())), encoding="ascii")


@pytest.fixture
def plr(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Plr:
    """`plr(*words, stdin=...)`: the exit status, standard output and standard error."""

    def call(*words: object, stdin: bytes | str = b"") -> Ran:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        status = run([str(word) for word in words])
        shown = capsys.readouterr()
        return Ran(status, shown.out, shown.err)

    return call


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is set up, with the nineteen invented people."""
    folder = tmp_path_factory.mktemp("prepared") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLR_HOME", str(folder))
        _set_clock(folder)
        assert run(["init", "--people", str(PEOPLE)]) == 0
    return folder


@pytest.fixture
def staffed(home: Path, prepared: Path) -> Path:
    """This test's home, set up, with the nineteen invented people."""
    shutil.copytree(prepared, home, dirs_exist_ok=True)
    _set_clock(home)
    return home


@pytest.fixture
def records(staffed: Path) -> Any:
    """The database of this test's home, to look at it and to play the process that is not running."""
    loaded = settings.load()
    database = Database(loaded.database_url, settings.load_rules(loaded))
    yield database
    database.engine.dispose()
