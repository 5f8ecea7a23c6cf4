"""Prefect's API as we use it: deployments, runs and their states, by the public client."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.flows import Flow
from prefect.states import Cancelled, Scheduled, Suspended
from prefect.types.entrypoint import EntrypointType

from plr.clock import real_now
from plr.engine.mending import RunState

TAG = "plr"
_PAGE = 200
_OPEN = (
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.PAUSED,
    StateType.CANCELLING,
)
_STUCK = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
_STOPPED = (StateType.CRASHED, StateType.FAILED, StateType.CANCELLED)


@dataclass(frozen=True, slots=True)
class Run:
    """One run as Prefect shows it."""

    id: UUID
    name: str
    state: RunState
    state_name: str
    age: float
    message: str | None

    @classmethod
    def of(cls, flow_run: FlowRun) -> Run:
        """Read what we need of a run."""
        state = flow_run.state
        since: datetime = real_now() if state is None else state.timestamp
        return cls(
            id=flow_run.id,
            name=flow_run.name,
            state=RunState.SCHEDULED if state is None else RunState(state.type.value),
            state_name="" if state is None else state.name or "",
            age=(real_now() - since).total_seconds(),
            message=None if state is None else state.message,
        )


class Runs:
    """A connection to Prefect's API. Raises httpx.HTTPError and Prefect's own when it does not answer."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client

    def read(self, run_id: str | None) -> Run | None:
        """Return a run, or None if Prefect does not know it."""
        if run_id is None:
            return None
        try:
            return Run.of(self._client.read_flow_run(UUID(run_id)))
        except ObjectNotFound:
            return None

    def create(self, flow_name: str, reference: str, *, key: str, tags: Iterable[str]) -> Run:
        """Create a case's run; the same key gives the same run again, even a cancelled one."""
        deployment = self._client.read_deployment_by_name(f"{flow_name}/{flow_name}")
        run = self._client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"reference": reference},
            name=reference,
            tags=[TAG, *tags],
            idempotency_key=key,
        )
        return Run.of(run)

    def resume(self, run_id: UUID) -> bool:
        """Resume a suspended run; False if it is not suspended, or gone (Prefect answers 500 then)."""
        try:
            answer = self._client.resume_flow_run(run_id)
        except httpx.HTTPStatusError:
            if self.read(str(run_id)) is None:
                return False
            raise
        return answer.status is SetStateStatus.ACCEPT

    def suspend(self, run_id: UUID, message: str) -> State[None] | None:
        """Suspend a running run without a time limit; None if Prefect did not do so.

        The key is fresh each time: a key fires once, and the second time Prefect would let the run go on.
        """
        state: State[None] = Suspended(timeout_seconds=None, pause_key=uuid4().hex, message=message)
        answer = self._client.set_flow_run_state(run_id, state)
        if answer.status is not SetStateStatus.ACCEPT or answer.state is None or not answer.state.is_paused():
            return None
        return answer.state

    def schedule(self, run_id: UUID, message: str) -> None:
        """Force a run to be scheduled now, whatever its state."""
        self._client.set_flow_run_state(run_id, Scheduled(message=message), force=True)

    def cancel(self, run_id: UUID, message: str) -> None:
        """Force a run to be cancelled."""
        self._client.set_flow_run_state(run_id, Cancelled(message=message), force=True)

    def stuck(self) -> list[Run]:
        """Return our runs that somebody should have in his hands, and those that stopped within a day."""
        moving = FlowRunFilter(tags=_OURS, state=_types(_STUCK))
        stopped = FlowRunFilter(
            tags=_OURS,
            state=_types(_STOPPED),
            end_time=FlowRunFilterEndTime(after_=real_now() - timedelta(days=1)),
        )
        found = [
            *self._client.read_flow_runs(flow_run_filter=moving, limit=_PAGE),
            *self._client.read_flow_runs(
                flow_run_filter=stopped, sort=FlowRunSort.END_TIME_DESC, limit=_PAGE
            ),
        ]
        return [Run.of(run) for run in found]

    def count_open(self) -> int:
        """Return how many of our runs have not ended."""
        return self._client.count_flow_runs(flow_run_filter=FlowRunFilter(tags=_OURS, state=_types(_OPEN)))

    def known(self, run_ids: Sequence[str]) -> dict[str, Run]:
        """Return those of the runs that Prefect knows, by id."""
        known: dict[str, Run] = {}
        for start in range(0, len(run_ids), _PAGE):
            page = [UUID(run_id) for run_id in run_ids[start : start + _PAGE]]
            wanted = FlowRunFilter(id=FlowRunFilterId(any_=page))
            for run in self._client.read_flow_runs(flow_run_filter=wanted, limit=_PAGE):
                known[str(run.id)] = Run.of(run)
        return known

    def is_registered(self, flow_name: str, pool: str) -> bool:
        """Whether a process has its deployment, in this work pool."""
        try:
            deployment = self._client.read_deployment_by_name(f"{flow_name}/{flow_name}")
        except ObjectNotFound:
            return False
        return deployment.work_pool_name == pool

    def ensure_pool(self, pool: str) -> None:
        """Create the work pool if there is none of that name; one that is there keeps its type."""
        try:
            self._client.read_work_pool(pool)
        except ObjectNotFound:
            kind = "process" if pool == "process" else TAG
            try:
                self._client.create_work_pool(WorkPoolCreate(name=pool, type=kind))
            except ObjectAlreadyExists:  # another worker was quicker
                return


@contextmanager
def connected() -> Generator[Runs]:
    """Open a connection to Prefect's API; one thread uses it."""
    with get_client(sync_client=True) as client:
        yield Runs(client)


def register(flow: Flow[[str], object], pool: str, *, description: str) -> None:
    """Write a process's deployment, by module path: any worker imports it, the `plr` worker looks it up."""
    deployment = RunnerDeployment.from_flow(
        flow,
        name=flow.name,
        description=description,
        tags=[TAG],
        work_pool_name=pool,
        entrypoint_type=EntrypointType.MODULE_PATH,
        enforce_parameter_schema=True,
    )
    deployment.apply()


_OURS = FlowRunFilterTags(any_=[TAG])


def _types(kinds: Sequence[StateType]) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(kinds)))
