from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

DEMO = [sys.executable, "-m", "plr.cli", "demo"]
# A journey on a machine that is busy with other tests takes longer than the two and a half minutes it may.
LONGEST = 560


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path.cwd()), **more}  # noqa: TID251 - what the child inherits


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of everything alive that was started for a home in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            started_with = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().decode().replace("\0", " ")
        except OSError:
            continue
        if f"PLR_HOME={folder}".encode() in started_with:
            found.append(command)
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    folder = tmp_path_factory.mktemp("demonstration")
    # A real installation's settings stand in the environment: the demonstration must not see them.
    real = {"PLR_DATABASE_URL": f"sqlite:///{folder / 'real.db'}", "PLR_SMTP__HOST": "mail.example.org"}
    run = subprocess.run(
        [*DEMO, "--json"],
        cwd=folder,
        env=environment(**real),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return folder, json.loads(run.stdout), run.stderr


@pytest.mark.prefect
@pytest.mark.smtp
@pytest.mark.timeout(600)
class TestTheWholeDemonstration:
    def test_ends_with_every_case_in_the_state_it_should_be_in(
        self, played: tuple[Path, dict[str, Any], str]
    ) -> None:
        _, document, _ = played
        states = {case["reference"]: case["status"] for case in document["cases"]}
        # The samples are logged in the order of their names; the second is the one that is declined.
        assert states == {
            f"PLR-R-2027-00{number}": "declined" if number == 2 else "issued" for number in range(1, 8)
        }

    def test_delivers_every_letter_once_although_the_worker_was_killed(
        self, played: tuple[Path, dict[str, Any], str]
    ) -> None:
        folder, document, told = played
        files = sorted((folder / ".plr-demo" / "letters").glob("*.eml"))
        letters = [message_from_bytes(file.read_bytes(), policy=policy.SMTP) for file in files]
        times = Counter(str(letter["Message-ID"]) for letter in letters)
        assert set(times.values()) == {1}
        assert len(letters) == document["notices"]
        overdue = {
            str(letter["To"]) for letter in letters if str(letter["Subject"]).startswith("Overdue: review")
        }
        assert overdue == {"p01@example.org", "p02@example.org", "p03@example.org"}
        assert "SIGKILL" in told

    def test_writes_its_documents_as_files(self, played: tuple[Path, dict[str, Any], str]) -> None:
        folder, document, _ = played
        home = folder / ".plr-demo"
        written = {file.name for root in ("outputs", "restricted") for file in (home / root).rglob("*.docx")}
        assert len(written) == document["outputs"]
        assert sum("commissioning-reflection" in name for name in written) == 6

    def test_touches_nothing_but_its_own_home_and_leaves_no_process(
        self, played: tuple[Path, dict[str, Any], str]
    ) -> None:
        folder, _, _ = played
        assert [path.name for path in folder.iterdir()] == [".plr-demo"]
        assert processes_of(folder) == []


def test_refuses_a_folder_that_is_not_a_demonstrations(tmp_path: Path) -> None:
    kept = tmp_path / ".plr-demo" / "plr.db"
    kept.parent.mkdir()
    kept.write_text("somebody's records")
    run = subprocess.run(DEMO, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "left alone" in run.stderr
    assert kept.read_text() == "somebody's records"


@pytest.mark.prefect
@pytest.mark.smtp
def test_ctrl_c_takes_everything_down(tmp_path: Path) -> None:
    run = subprocess.Popen(DEMO, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    while "imported" not in run.stderr.readline():
        assert run.poll() is None
    deadline = time.monotonic() + 60
    while not any("-m flows" in command for command in processes_of(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Interrupted." in said
    assert processes_of(tmp_path) == []
