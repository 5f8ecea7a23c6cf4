from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from plr.adapters import heartbeat
from plr.adapters.supervisor import free_port

# A supervisor of its own process: signals belong to the main thread.
PROGRAM = """
import sys
from pathlib import Path
from plr.adapters.supervisor import Child, Supervisor
home, heart, child = Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3]
command = [sys.executable, "-c", child, str(home)]
children = [Child("child", command, {"PYTHONPATH": sys.argv[4]}, heartbeat=heart)]
sys.exit(Supervisor(home, children, heartbeat_lost=1.5, say=lambda line: print(line, flush=True)).up())
"""
STAYS = """
import os, sys, time
from pathlib import Path
from plr.adapters import heartbeat
home = Path(sys.argv[1])
with open(home / "pids", "a") as file:
    file.write(f"{os.getpid()}\\n")
while True:
    heartbeat.beat(home, "child")
    time.sleep(0.1)
"""
HANGS = STAYS.replace("while True:", "if True:").replace("time.sleep(0.1)", "time.sleep(600)")

Start = Callable[[str, str], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Generator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(child: str, heart: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), heart, child, str(Path.cwd())]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.terminate()
        process.wait(40)
        if process.stdout is not None:
            process.stdout.close()


def pids(home: Path, count: int) -> list[int]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (home / "pids").exists():
            found = [int(line) for line in (home / "pids").read_text().split()]
            if len(found) >= count:
                return found
        time.sleep(0.05)
    raise AssertionError(f"{count} children were not started.")


def test_a_killed_child_is_started_again(tmp_path: Path, start: Start) -> None:
    start(STAYS, "")
    [first] = pids(tmp_path, 1)
    os.kill(first, signal.SIGKILL)
    assert pids(tmp_path, 2)[1] != first


def test_a_child_whose_heart_stops_is_killed_and_started_again(tmp_path: Path, start: Start) -> None:
    supervisor = start(HANGS, "child")
    first, second = pids(tmp_path, 2)[:2]
    assert first != second
    assert supervisor.stdout is not None
    assert "had stopped turning" in supervisor.stdout.readline()


def test_a_child_that_always_dies_is_started_less_and_less_often(tmp_path: Path, start: Start) -> None:
    supervisor = start("import sys; sys.exit(3)", "")
    assert supervisor.stdout is not None
    lines = [supervisor.stdout.readline().strip() for _ in range(3)]
    assert lines == [f"child ended (exit status 3); it starts again in {pause} s." for pause in (1, 2, 4)]


def test_sigterm_stops_the_children_and_ends_well(tmp_path: Path, start: Start) -> None:
    supervisor = start(STAYS, "child")
    [child] = pids(tmp_path, 1)
    supervisor.terminate()
    assert supervisor.wait(30) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_the_next_free_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port


def test_a_heart_that_never_beat_has_no_age(tmp_path: Path) -> None:
    assert heartbeat.age(tmp_path, "worker") is None
    heartbeat.beat(tmp_path, "worker")
    age = heartbeat.age(tmp_path, "worker")
    assert age is not None
    assert 0 <= age < 60
