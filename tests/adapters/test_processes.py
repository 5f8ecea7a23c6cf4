"""Whose hands are known to be dead: only those of this machine's processes that have gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from plr.adapters import processes


def named(process: subprocess.Popen[bytes]) -> str:
    host, _, _ = processes.me().rsplit(":", 2)
    return f"{host}:{process.pid}:{processes._began(process.pid)}"


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_this_process_lives_and_says_the_same_name_twice() -> None:
    assert processes.me() == processes.me()
    assert not processes.is_dead(processes.me())


def test_the_name_says_host_and_number_and_fits_its_column() -> None:
    host, number, _ = processes.me().rsplit(":", 2)
    assert host == socket.gethostname()[:60]
    assert number == str(os.getpid())
    assert len(processes.me()) <= 100


def test_a_killed_process_is_dead_before_and_after_it_is_reaped() -> None:
    process = sleeper()
    name = named(process)
    assert not processes.is_dead(name)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    assert processes.is_dead(name)
    process.wait()
    assert processes.is_dead(name)


def test_another_process_under_the_same_number_is_not_the_same() -> None:
    host, number, began = processes.me().rsplit(":", 2)
    assert processes.is_dead(f"{host}:{number}:{int(began) - 1}")


@pytest.mark.parametrize(
    "owner", [None, "", "elsewhere:1:1", "no colons", "elsewhere.example.org:99999999:5", ":::"]
)
def test_who_is_not_of_this_machine_is_never_known_to_be_dead(owner: str | None) -> None:
    assert not processes.is_dead(owner)
