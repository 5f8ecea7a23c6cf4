"""The demonstration's own home: marked, made anew by each run, and blind to every real setting."""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

from plr.clock import DEMONSTRATION_MARK
from plr.errors import InvalidInputError, Problem, UnavailableError, WrongMomentError

FOLDER = Path(".plr-demo")
CONFIG, LETTERS, LOG = "config", "letters", "log"
_PROCESSES = """\
# Laid over the shipped file for the demonstration alone: when the group meets.
commissioning:
  next_meetings: [{meeting}]
"""


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that is ours alone while the demonstration runs."""

    path: Path
    lock: TextIO

    @property
    def letters(self) -> Path:
        """Where every letter that arrived is kept as a file."""
        return self.path / LETTERS

    @property
    def log(self) -> Path:
        """What the processes say."""
        return self.path / LOG / "processes.log"

    def release(self) -> None:
        """Let the next demonstration have this home."""
        self.lock.close()


def claim(folder: Path, *, meeting_on: date) -> Home:
    """Make the home anew. Refuses a folder that is no demonstration's, and one that is in use."""
    path = folder.resolve()
    if path.exists():
        _require_ours(path)
        _lock(path).close()
        _remove(path)
    try:
        for part in (CONFIG, LETTERS, LOG):
            (path / part).mkdir(mode=0o700, parents=True)
        path.chmod(0o700)
        (path / DEMONSTRATION_MARK).write_text(
            "Made by `plr demo`: invented people only.\n", encoding="utf-8"
        )
        own = _PROCESSES.format(meeting=meeting_on.isoformat())
        (path / CONFIG / "processes.yaml").write_text(own, encoding="utf-8")
    except OSError as error:
        raise UnavailableError(
            f"The home of the demonstration cannot be made ({error.strerror}). "
            "Run it in a folder you may write to."
        ) from None
    return Home(path, _lock(path))


def _require_ours(path: Path) -> None:
    empty = path.is_dir() and not any(path.iterdir())
    if not empty and not (path / DEMONSTRATION_MARK).is_file():
        problem = Problem(
            "",
            "This folder is not a demonstration's, so it is left alone.",
            "Move it away, or run `plr demo` in another folder.",
        )
        raise InvalidInputError([problem], str(path))


def _lock(path: Path) -> TextIO:
    file = (path / DEMONSTRATION_MARK).open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise WrongMomentError(
            "A demonstration is running here already. Stop it with Ctrl-C, or run this one in another folder."
        ) from None
    return file


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise UnavailableError(
            f"The home of the last demonstration cannot be removed ({error.strerror}). "
            f"Remove it by hand: {path}"
        ) from None


def adopt(home: Home, *, web_port: int, prefect_port: int, smtp_port: int) -> None:
    """Give this process and its children the demonstration's settings, and take every other one away.

    Whoever runs this may have the real database in their environment: it must be out of reach.
    """
    environment = os.environ  # noqa: TID251 - children read their settings there
    for name in [name for name in environment if name.startswith(("PLR_", "PREFECT_"))]:
        del environment[name]
    environment.update(
        {
            "PLR_HOME": str(home.path),
            "PLR_CONFIG": str(home.path / CONFIG),
            "PLR_WEB__PORT": str(web_port),
            "PLR_PREFECT__PORT": str(prefect_port),
            "PLR_SMTP__HOST": "127.0.0.1",
            "PLR_SMTP__PORT": str(smtp_port),
            "PLR_SMTP__SECURITY": "none",
            # A day passes in a second here, so what looks around every half minute must look more often.
            "PLR_ENGINE__SWEEP_SECONDS": "0.5",
            "PLR_ENGINE__POLL_SECONDS": "2",
            "PLR_ENGINE__LEASE_SECONDS": "6",
            "PLR_ENGINE__RENEW_SECONDS": "2",
        }
    )
