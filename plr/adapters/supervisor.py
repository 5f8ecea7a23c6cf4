"""The supervisor of `plr up`: starts the children, restarts a dead one, kills one whose heart has stopped."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from plr.adapters import heartbeat

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
STEADY_SECONDS = 60.0  # one that has run so long begins again with the first pause
STOP_SECONDS = 25.0
_LOOK_SECONDS = 0.2
_PORTS_TRIED = 100


@dataclass(slots=True)
class Child:
    """One process to keep alive. `heartbeat` is the name it beats under; None: it is not watched.

    Its first heart-beat may take `heartbeat_lost` seconds too, counted from its start.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    heartbeat: str | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    start_again_at: float = field(default=0.0, init=False)
    pause: float = field(default=FIRST_PAUSE, init=False)


class Supervisor:
    """Keeps children alive until it is told to stop."""

    def __init__(
        self, home: Path, children: Sequence[Child], *, heartbeat_lost: float, say: Callable[[str], None]
    ) -> None:
        self._home = home
        self._children = children
        self._heartbeat_lost = heartbeat_lost
        self._say = say
        self._stopping = False

    def up(self) -> int:
        """Run until SIGTERM or SIGINT; return the exit status: 0 when every child has stopped in time."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping:
            for child in self._children:
                self._look_after(child)
            time.sleep(_LOOK_SECONDS)
        return self._stop_children()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                self._start(child, now)
            return
        status = child.process.poll()
        if status is not None:
            self._plan_again(child, now, f"{child.name} ended ({_why(status)})")
        elif self._heart_has_stopped(child, now):
            child.process.kill()
            child.process.wait()
            self._plan_again(child, now, f"{child.name} had stopped turning and was killed")

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(list(child.command), env=dict(child.environment))  # noqa: S603 - our own commands
        child.started_at = now

    def _plan_again(self, child: Child, now: float, what: str) -> None:
        if now - child.started_at >= STEADY_SECONDS:
            child.pause = FIRST_PAUSE
        self._say(f"{what}; it starts again in {child.pause:.0f} s.")
        child.process = None
        child.start_again_at = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _heart_has_stopped(self, child: Child, now: float) -> bool:
        if child.heartbeat is None:
            return False
        running = now - child.started_at
        age = heartbeat.age(self._home, child.heartbeat)
        since = running if age is None else min(age, running)
        return since > self._heartbeat_lost

    def _stop_children(self) -> int:
        # The first child last: the others still speak to Prefect's server while they stop.
        alive = [child for child in reversed(self._children) if child.process is not None]
        end = time.monotonic() + STOP_SECONDS
        stopped = [self._stop_together(group, end) for group in (alive[:-1], alive[-1:])]
        return max(stopped)

    def _stop_together(self, group: Sequence[Child], end: float) -> int:
        for child in group:
            if child.process is not None:
                child.process.terminate()
        status = 0
        for child in group:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s did not stop in %.0f s and was killed.", child.name, STOP_SECONDS)
                child.process.kill()
                child.process.wait()
                status = 1
        return status


def free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or the next one that is free on this machine."""
    for port in range(wanted, min(wanted + _PORTS_TRIED, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    return wanted


def _why(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
