"""The threads of a worker's process: wakes, letters and outputs, the sweep, the heart-beat."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from plr.adapters import heartbeat
from plr.adapters.bell import Bell
from plr.engine import runs, sweep
from plr.engine.context import Services
from plr.engine.process import Process
from plr.engine.sweep import Hook

log = logging.getLogger(__name__)

DeliverOnce = Callable[[Services, datetime], bool]

HEARTBEAT = "worker"
_LETTERS_SECONDS = 5.0
_FENCE_SECONDS = 5.0


def _nothing_in_flight() -> frozenset[UUID]:
    return frozenset()


def _tell_nobody() -> None:
    return None


@dataclass(slots=True)
class Threads:
    """The service threads; `tell` says that runs are scheduled, `in_flight` names those in our hands."""

    services: Services
    processes: Sequence[Process]
    deliver_once: DeliverOnce
    hooks: Sequence[Hook] = ()
    tell: Callable[[], None] = _tell_nobody
    in_flight: Callable[[], frozenset[UUID]] = _nothing_in_flight
    rung_for_wakes: threading.Event = field(default_factory=threading.Event)
    rung_for_letters: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start them all."""
        for target in (self._listen, self._carry_on, self._deliver, self._sweep, self._beat):
            thread = threading.Thread(target=target, name=f"plr{target.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, seconds: float) -> None:
        """Let each finish what it has in hand, for so many seconds together."""
        self.services.stopping.set()
        self.rung_for_wakes.set()
        self.rung_for_letters.set()
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    @property
    def _stopping(self) -> threading.Event:
        return self.services.stopping

    def _listen(self) -> None:
        bell = Bell(self.services.settings.home)
        try:
            while not self._stopping.is_set():
                if bell.wait(1.0):
                    self.rung_for_wakes.set()
                    self.rung_for_letters.set()
        finally:
            bell.close()

    def _carry_on(self) -> None:
        """Deliver wakes when the bell rings; sweep Prefect's side every so often, all of it after a break."""
        settings = self.services.settings.engine
        everything = True
        while not self._stopping.is_set():
            try:
                with runs.connected() as api:
                    everything = self._carry_on_with(api, everything=everything)
            except Exception as error:  # noqa: BLE001 - whatever Prefect says, this thread goes on
                log.warning("Prefect does not answer: %s.", type(error).__name__)
                everything = True
                self._stopping.wait(min(settings.poll_seconds, 5.0))

    def _carry_on_with(self, api: runs.Runs, *, everything: bool) -> bool:
        settings = self.services.settings.engine
        swept_at = float("-inf")
        while not self._stopping.is_set():
            if time.monotonic() - swept_at >= settings.sweep_seconds:
                touched = sweep.sweep_runs(
                    self.services, api, self.processes, in_flight=self.in_flight(), everything=everything
                )
                everything = False
                swept_at = time.monotonic()
            else:
                touched = sweep.deliver_wakes(self.services, api, in_flight=self.in_flight())
            if touched:
                self.tell()
            self.rung_for_wakes.wait(min(settings.poll_seconds, settings.sweep_seconds))
            self.rung_for_wakes.clear()
        return everything

    def _deliver(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.deliver_once(self.services, self.services.now())
            except Exception as error:  # noqa: BLE001 - one letter never stops another
                log.error("Delivering failed: %s.", type(error).__name__)  # noqa: TRY400 - no values in the log
                busy = False
            if not busy:
                self.rung_for_letters.wait(_LETTERS_SECONDS)
                self.rung_for_letters.clear()

    def _sweep(self) -> None:
        settings = self.services.settings.engine
        swept_at = float("-inf")
        while not self._stopping.is_set():
            try:
                if time.monotonic() - swept_at >= settings.sweep_seconds:
                    swept_at = time.monotonic()
                    sweep.sweep_records(self.services, self.hooks)
                    self.rung_for_wakes.set()
                    self.rung_for_letters.set()
                elif sweep.fence_dead(self.services, self.services.now()):
                    self.rung_for_wakes.set()
            except Exception as error:  # noqa: BLE001 - the next sweep tries again
                log.error("The sweep failed: %s.", type(error).__name__)  # noqa: TRY400 - no values in the log
            self._stopping.wait(min(_FENCE_SECONDS, settings.sweep_seconds))

    def _beat(self) -> None:
        home = self.services.settings.home
        while not self._stopping.is_set():
            try:
                heartbeat.beat(home, HEARTBEAT)
            except OSError as error:
                log.warning("No heart-beat could be written: %s.", type(error).__name__)
            self._stopping.wait(self.services.settings.engine.heartbeat_seconds)
