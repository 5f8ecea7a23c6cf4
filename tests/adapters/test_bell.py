from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from plr.adapters.bell import Bell, ring


@pytest.fixture
def home() -> Generator[Path]:
    """A home whose path is short: a socket's path holds about 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="plr-") as folder:
        yield Path(folder)


def test_a_ring_is_heard_at_once_by_every_listener(tmp_path: Path) -> None:
    bells = [Bell(tmp_path), Bell(tmp_path)]
    threading.Timer(0.1, ring, [tmp_path]).start()
    began = time.monotonic()
    assert [bell.wait(10) for bell in bells] == [True, True]
    assert time.monotonic() - began < 5
    for bell in bells:
        bell.close()


def test_many_rings_are_one(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    for _ in range(1000):
        ring(tmp_path)
    assert bell.wait(1)
    assert not bell.wait(0.05)
    bell.close()


def test_silence_ends_after_the_seconds(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    assert not bell.wait(0.05)
    bell.close()


def test_ringing_where_nobody_listens_fails_quietly(tmp_path: Path) -> None:
    ring(tmp_path)
    ring(tmp_path / "there-is-no-such-home")


def test_the_socket_of_a_listener_that_died_is_taken_away(home: Path) -> None:
    bell = Bell(home)
    bell._socket.close()  # as a kill does
    ring(home)
    assert list((home / "bells").iterdir()) == []


def test_a_home_with_a_long_path_has_a_bell_too(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 40)
    home.mkdir()
    bell = Bell(home)
    ring(home)
    assert bell.wait(1)
    bell.close()


def test_a_file_that_is_no_listener_does_not_stop_the_others(home: Path) -> None:
    bell = Bell(home)
    (home / "bells" / "a.sock").write_text("not a socket")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.bind(str(home / "bells" / "b.sock"))
    ring(home)
    assert bell.wait(1)
    bell.close()
    stream.close()
