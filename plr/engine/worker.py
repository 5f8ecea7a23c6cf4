"""The `plr` worker: Prefect's BaseWorker that runs our registry's processes in its own process.

It ignores entrypoints and pull steps: whoever may write to Prefect's API may ask for our processes only
(reliability T18).
"""

from __future__ import annotations

import contextvars
import logging
import os
import signal
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
import anyio.to_thread
import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectException
from prefect.states import Failed
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from plr.engine import context, executions, observer
from plr.engine.context import Services
from plr.engine.process import Process
from plr.engine.services import DeliverOnce, Threads
from plr.engine.sweep import Hook

log = logging.getLogger(__name__)

_STOP_SECONDS = 20.0
_SYNC_SECONDS = 30.0
_PAUSE_SECONDS = 1.0


class PlrWorkerResult(BaseWorkerResult):
    """What the worker gives back for a run: that it was taken."""


class PlrWorker(BaseWorker[BaseJobConfiguration, BaseVariables, PlrWorkerResult]):
    """Runs our processes in threads of this process; one execution of a run at a time."""

    type = "plr"
    job_configuration = BaseJobConfiguration
    _description = "Carries on the cases of the Practice Learning Review Group, in its own process."

    def __init__(self, services: Services, processes: Mapping[str, Process]) -> None:
        super().__init__(work_pool_name=services.settings.engine.pool)
        self._services = services
        self._processes = processes
        self._slots = anyio.CapacityLimiter(services.settings.engine.threads)
        self._locks: dict[UUID, anyio.Lock] = {}
        self._queued: dict[UUID, int] = {}

    @property
    def in_flight(self) -> frozenset[UUID]:
        """The runs in this worker's hands, waiting for a thread included."""
        return frozenset(self._queued)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,  # noqa: ARG002 - there is no infrastructure to configure
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> PlrWorkerResult:
        """Run one execution in a thread, after an earlier one of the same run has ended."""
        self._queued[flow_run.id] = self._queued.get(flow_run.id, 0) + 1
        if task_status is not None:
            task_status.started(0)  # no infrastructure: falsy, so that Prefect stores no process id
        lock = self._locks.setdefault(flow_run.id, anyio.Lock())
        try:
            async with lock:
                await self._run_one(flow_run)
        finally:
            self._queued[flow_run.id] -= 1
            if self._queued[flow_run.id] == 0:
                del self._queued[flow_run.id]
                del self._locks[flow_run.id]
        return PlrWorkerResult(identifier=str(flow_run.id), status_code=0)

    async def _run_one(self, flow_run: FlowRun) -> None:
        name = (await self.client.read_flow(flow_run.flow_id)).name
        process = self._processes.get(name)
        if process is None:
            state: Any = Failed(message="This worker runs the group's own processes only.")
            await self.client.set_flow_run_state(flow_run.id, state)
            return
        if self._services.stopping.is_set():
            return
        execute = partial(executions.execute, self._services, process, flow_run)
        # A fresh context: nothing of one case's run may be seen by the next.
        await anyio.to_thread.run_sync(contextvars.Context().run, execute, limiter=self._slots)


class Pickup:
    """Says to the worker's loop, from any thread, that runs are scheduled."""

    def __init__(self) -> None:
        self._told = threading.Event()

    def tell(self) -> None:
        """Say so."""
        self._told.set()

    async def wait(self, seconds: float) -> None:
        """Wait until told, or so many seconds."""
        await anyio.to_thread.run_sync(self._told.wait, seconds, limiter=anyio.CapacityLimiter(1))
        self._told.clear()


class Serving:
    """The worker's loop: a worker that breaks is made anew; Prefect may come and go."""

    def __init__(self, services: Services, processes: Iterable[Process]) -> None:
        self.services = services
        self.processes = {process.name: process for process in processes}
        self.pickup = Pickup()
        self._worker: PlrWorker | None = None

    def in_flight(self) -> frozenset[UUID]:
        """The runs in the worker's hands."""
        return frozenset() if self._worker is None else self._worker.in_flight

    async def serve(self) -> None:
        """Pick runs up until the process is being stopped."""
        while not self.services.stopping.is_set():
            try:
                await self._wait_for_prefect()
                await self._serve_one()
            except* (httpx.HTTPError, PrefectException, OSError, RuntimeError) as errors:
                kinds = {type(error).__name__ for error in errors.exceptions}
                log.warning("The worker begins anew: %s.", ", ".join(sorted(kinds)))
                await anyio.sleep(_PAUSE_SECONDS)

    async def _wait_for_prefect(self) -> None:
        while not self.services.stopping.is_set():
            async with get_client() as client:
                if await client.api_healthcheck() is None:
                    return
            await anyio.sleep(_PAUSE_SECONDS)

    async def _serve_one(self) -> None:
        worker = PlrWorker(self.services, self.processes)
        async with worker:
            self._worker = worker
            synced_at = anyio.current_time()
            while not self.services.stopping.is_set():
                await worker.get_and_submit_flow_runs()
                await self.pickup.wait(self.services.settings.engine.poll_seconds)
                if anyio.current_time() - synced_at >= _SYNC_SECONDS:
                    await worker.sync_with_backend()
                    synced_at = anyio.current_time()


def main(
    services: Services,
    processes: Sequence[Process],
    *,
    deliver_once: DeliverOnce,
    on_sweep: Sequence[Hook] = (),
    services_only: bool = False,
) -> int:
    """Run the worker with its service threads until SIGTERM or SIGINT; return the exit status.

    `services_only` leaves the running of processes to Prefect's stock worker (decisions 97).
    """
    context.install(services)
    observer.leave_out()
    serving = Serving(services, processes)
    threads = Threads(
        services,
        processes,
        deliver_once,
        on_sweep,
        tell=serving.pickup.tell,
        in_flight=serving.in_flight,
    )

    def stop(_signal: int, _frame: object) -> None:
        services.stopping.set()
        serving.pickup.tell()
        _leave_at_last()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threads.start()
    if services_only:
        services.stopping.wait()
    else:
        anyio.run(serving.serve)
    threads.stop(_STOP_SECONDS)
    return 0


def _leave_at_last() -> None:
    """Leave after 20 seconds whatever hangs: an open transaction is rolled back, its lease runs out."""
    timer = threading.Timer(_STOP_SECONDS + 2, os._exit, (0,))
    timer.daemon = True
    timer.start()
