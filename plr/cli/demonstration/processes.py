"""The processes of the demonstration: `plr up` as anybody starts it, and the worker that is killed once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from plr.cli.demonstration.telling import StoryError
from plr.errors import UnavailableError

_WORKER = ("-m", "flows")
_LOOK_SECONDS = 0.1
_START_LOOK_SECONDS = 0.3
_START_SECONDS = 120
_STOP_SECONDS = 40
_ANSWER_SECONDS = 2


@dataclass(slots=True)
class Processes:
    """`plr up` in a session of its own, so that Ctrl-C reaches it through us and once."""

    log: Path
    web_port: int
    prefect_port: int
    _up: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def web_url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def prefect_url(self) -> str:
        """Where Prefect's own pages are."""
        return f"http://127.0.0.1:{self.prefect_port}"

    def start(self) -> None:
        """Start everything; it is not ready at once."""
        ports = ["--port-web", str(self.web_port), "--port-prefect", str(self.prefect_port)]
        command = [sys.executable, "-m", "plr.cli", "up", *ports]
        with self.log.open("ab") as log:
            self._up = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def wait_ready(self) -> None:
        """Wait until the pages and Prefect answer. Raises UnavailableError."""
        end = time.monotonic() + _START_SECONDS
        # Only loopback is asked, so no certificates are read.
        with httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False, verify=False) as client:  # noqa: S501 - as above
            waiting = [f"{self.web_url}/sign-in", f"{self.prefect_url}/api/health"]
            while waiting:
                if self._up is None or self._up.poll() is not None or time.monotonic() > end:
                    raise UnavailableError(f"The processes did not start. Their own words: {self.log}.")
                time.sleep(_START_LOOK_SECONDS)
                waiting = [address for address in waiting if not _answers(client, address)]

    def worker(self) -> int | None:
        """Return the worker's process number, or None while there is none."""
        if self._up is None:
            return None
        found = (pid for pid, command in _children(self._up.pid) if _is_worker(command))
        return next(found, None)

    def wait_another_worker(self, killed: int, seconds: float = 60) -> int:
        """Wait until the supervisor has started another worker than the killed one; return its number."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid = self.worker()
            if pid is not None and pid != killed:
                return pid
            time.sleep(_LOOK_SECONDS)
        raise StoryError(f"No worker came back within {seconds:.0f} seconds.")

    def wait_end(self) -> None:
        """Wait until everything stops by itself."""
        if self._up is not None:
            self._up.wait()

    def stop(self) -> bool:
        """Stop everything; return whether all went in time."""
        if self._up is None:
            return True
        self._up.terminate()
        try:
            status = self._up.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            status = 1
        # Whatever is left of its session; nothing, if all went well.
        left = _kill_session(self._up.pid)
        self._up.wait()
        # It may not have come as far as listening to a request to stop.
        return status in {0, -signal.SIGTERM} and not left


def kill(worker: int | None) -> int:
    """Kill a worker without any warning; return its number. Raises StoryError."""
    if worker is None:
        raise StoryError("There is no worker to kill.")
    os.kill(worker, signal.SIGKILL)
    return worker


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        # Any answer will do: a server that asks who we are is up.
        client.get(address)
    except httpx.HTTPError:
        return False
    return True


def _kill_session(leader: int) -> bool:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _is_worker(command: list[str]) -> bool:
    return tuple(command[1:3]) == _WORKER


def _children(parent: int) -> Iterator[tuple[int, list[str]]]:
    return _children_in_proc(parent) if Path("/proc/self/stat").exists() else _children_by_ps(parent)


def _children_in_proc(parent: int) -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name in brackets may hold anything; state and parent follow it.
            state, ppid, *_ = (
                (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            )
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if int(ppid) == parent and state != "Z":
            yield int(folder.name), command


def _children_by_ps(parent: int) -> Iterator[tuple[int, list[str]]]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="],  # noqa: S607 - wherever this system has it
        capture_output=True,
        text=True,
        check=True,
    )
    for line in listed.stdout.splitlines():
        pid, ppid, *command = line.split()
        if int(ppid) == parent:
            yield int(pid), command
