"""Everything that starts, continues and ends an execution in Prefect stands here, and only here.

A case's run is created once, suspended at each wait, resumed by a wake, and forced to be scheduled
again when its execution has died. Only our database decides whether a case goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

import httpx
from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort, Pause, PrefectException
from prefect.flow_engine import run_flow
from prefect.runtime import flow_run as running_flow_run
from prefect.states import Cancelled, Failed
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from plr.adapters import bell
from plr.db.models import Case, Wake
from plr.domain.actors import ENGINE
from plr.engine import carrying, context, journal, lease, runs
from plr.engine.context import Services
from plr.engine.lease import Refusal, Taken
from plr.engine.mending import RUN_CANCELLED, RUN_FAILED, Act, RunState, Seen, next_act
from plr.engine.runs import Run, Runs
from plr.errors import UnavailableError
from plr.operations import audit

if TYPE_CHECKING:
    from plr.engine.process import Process

log = logging.getLogger(__name__)

PREFECT_AWAY = (httpx.HTTPError, PrefectException, OSError)
_SERVER_ERRORS = 500
_TIMES_STOPPED = 3
_BUSY_TRIES = 20
_BUSY_PAUSE = 0.25


def is_away(error: Exception) -> bool:
    """Whether Prefect itself is away or ill, and not one run refused."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= _SERVER_ERRORS
    return isinstance(error, (httpx.TransportError, OSError))


class PrefectHost:
    """A host in a Prefect flow run: steps are task runs, waits suspend the run."""

    strict = False

    def __init__(self, run_id: UUID, services: Services) -> None:
        self._run_id = run_id
        self._services = services

    def perform(self, name: str, act: Callable[[], None]) -> None:
        """Run a step as a task run that knows nothing but its name."""
        if self._services.stopping.is_set():
            self.abandon("This worker is being stopped; the case goes on in the next one.")
        shown = name.replace("_", " ").capitalize()

        def run_step() -> None:
            act()

        task: Task[[], None] = Task(
            run_step,
            name=shown,
            task_run_name=shown,
            persist_result=False,
            cache_policy=NO_CACHE,
            log_prints=False,
        )
        task()

    def suspend(self, message: str) -> NoReturn:
        """Suspend the run; if Prefect does not do so (a cancel, an error), end it all the same."""
        state = None
        try:
            with runs.connected() as api:
                state = api.suspend(self._run_id, message)
        except PREFECT_AWAY as error:
            log.warning(
                "Run %s was not suspended: %s. The sweep mends it.", self._run_id, type(error).__name__
            )
        if state is not None:
            raise Pause(state=state)
        self.abandon("The run could not be suspended.")

    def abandon(self, reason: str) -> NoReturn:
        """End without setting a state: the run is another's, or the sweep's."""
        raise Abort(reason)


def run_process(process: Process, reference: str) -> State[Any] | None:
    """Carry a case on inside a Prefect flow run: claim it, take its lease, run the body from the top."""
    services = context.services()
    run_id = UUID(str(running_flow_run.id))
    taken = _take(services, process, reference, str(run_id))
    if isinstance(taken, Refusal):
        return _refused(taken)
    host = PrefectHost(run_id, services)
    try:
        execution = carrying.begin(services.database, reference, taken, host, services.now)
    except UnavailableError as error:
        host.abandon(str(error))
    with services.renewals.holding(execution):
        carrying.carry(process.body, execution)
    return None


def _take(services: Services, process: Process, reference: str, run_id: str) -> Taken | Refusal:
    seconds = services.settings.engine.lease_seconds

    def operation(session: Session) -> Taken | Refusal:
        return lease.take(session, reference, process=process.name, run_id=run_id, seconds=seconds)

    try:
        taken = services.database.run(operation)
        for _ in range(_BUSY_TRIES):  # the execution that suspended this run may still be on its way out
            if taken is not Refusal.BUSY:
                break
            time.sleep(_BUSY_PAUSE)
            taken = services.database.run(operation)
    except UnavailableError as error:
        raise Abort(str(error)) from None
    return taken


def _refused(refusal: Refusal) -> State[Any]:
    if refusal is Refusal.BUSY:
        raise Abort("Another execution carries this case on.")
    if refusal is Refusal.DUPLICATE:
        return Cancelled(message="Duplicate: another run carries this case on.")
    if refusal is Refusal.UNKNOWN:
        return Failed(message="There is no such case. A review becomes a case when it is submitted.")
    return Failed(message="This case belongs to another process.")


def execute(services: Services, process: Process, flow_run: FlowRun) -> None:
    """Run one execution to its end in this thread; what it left half done in Prefect is tidied."""
    try:
        run_flow(process, flow_run=flow_run, return_type="state")
    except (Pause, Abort):
        pass  # suspended, or not ours: both are normal ends
    except Exception as error:  # noqa: BLE001 - the worker lives on; the sweep looks at the run
        log.warning("Run %s ended early: %s.", flow_run.id, type(error).__name__)
    _tidy(services, flow_run.id)
    bell.ring(services.settings.home)


def _tidy(services: Services, run_id: UUID) -> None:
    try:
        with runs.connected() as api:
            run = api.read(str(run_id))
            if run is None:
                return
            if run.state is RunState.CANCELLING:
                _end_cancel(services, api, run)
            elif services.stopping.is_set() and run.state is RunState.RUNNING:
                api.schedule(run.id, "Its worker was stopped.")
    except PREFECT_AWAY as error:
        log.warning("Run %s was not tidied: %s. The sweep mends it.", run_id, type(error).__name__)


def _end_cancel(services: Services, api: Runs, run: Run) -> None:
    api.cancel(run.id, "Cancelled in Prefect. The case needs attention.")
    _needs_attention(services, run, RUN_CANCELLED)


def _needs_attention(services: Services, run: Run, attention: str) -> None:
    """Show a case whose run a person must look at, unless its process has ended or it is shown already."""

    def operation(session: Session) -> None:
        case = session.scalars(select(Case).filter_by(run_id=str(run.id)).with_for_update()).one_or_none()
        if case is None or case.attention == attention or journal.has_ended(session, case.reference):
            return
        case.attention = attention
        now = services.now()
        codes = {"attention": attention}
        audit.record(
            session, case.reference, "case.parked", f"case:{case.reference}", by=ENGINE, now=now, codes=codes
        )

    services.database.run(operation)


def mend(
    services: Services,
    api: Runs,
    reference: str,
    *,
    in_flight: frozenset[UUID] = frozenset(),
    run: Run | None = None,
) -> Act:
    """Look at a case and its run and do what is needed: create, resume, schedule again, show.

    A wake is looked for after the run's state: one that is there then has not been seen by the wait
    that suspended the run. Raises what PREFECT_AWAY holds.
    """
    with services.database.reading() as session:
        found = session.get(Case, reference)
        run_id = None if found is None else found.run_id
    if run is None or str(run.id) != run_id:
        run = api.read(run_id)
    facts = _facts(services, reference)
    if facts is None:
        return Act.NOTHING
    case, seen = facts(run, in_flight)
    act = next_act(seen, grace=services.settings.engine.lease_seconds)
    _do(services, api, case, run, act)
    return act


def _facts(
    services: Services, reference: str
) -> Callable[[Run | None, frozenset[UUID]], tuple[Case, Seen]] | None:
    with services.database.reading() as session:
        case = session.get(Case, reference)
        if case is None:
            return None
        session.expunge(case)
        now = lease.database_now(session)
        live = case.lease_until is not None and case.lease_until >= now
        woken = bool(session.scalar(select(exists().where(Wake.reference == reference))))
        ended = journal.has_ended(session, reference)

    def seen(run: Run | None, in_flight: frozenset[UUID]) -> tuple[Case, Seen]:
        return case, Seen(
            state=RunState.GONE if run is None else run.state,
            age=0 if run is None else run.age,
            live=live,
            woken=woken,
            ended=ended,
            attention=case.attention,
            in_flight=run is not None and run.id in in_flight,
        )

    return seen


def _do(services: Services, api: Runs, case: Case, run: Run | None, act: Act) -> None:
    if act is Act.CREATE:
        _create(services, api, case)
    if run is None:
        return
    if act is Act.RESUME:
        api.resume(run.id)
    elif act is Act.SCHEDULE:
        api.schedule(run.id, "Its execution had died; it goes on.")
    elif act is Act.RETRY:
        _retry(services, api, case, run)
    elif act is Act.END_CANCEL:
        _end_cancel(services, api, run)
    elif act is Act.SHOW_CANCELLED:
        _needs_attention(services, run, RUN_CANCELLED)


def _create(services: Services, api: Runs, case: Case) -> None:
    """Create the case's run: forget a lost one first, so that the new one may claim the case."""
    reference = case.reference
    if case.run_id is not None:
        _set_run(services, reference, old=case.run_id, new=None)
    key = reference if case.run_number == 0 else f"{reference}#{case.run_number}"
    run = api.create(case.process, reference, key=key, tags=[case.process, case.nation.value, reference])
    _set_run(services, reference, old=None, new=str(run.id))


def _set_run(services: Services, reference: str, *, old: str | None, new: str | None) -> None:
    statement = update(Case).where(Case.reference == reference, Case.run_id.is_not_distinct_from(old))
    services.database.run(lambda session: session.execute(statement.values(run_id=new)))


def _retry(services: Services, api: Runs, case: Case, run: Run) -> None:
    """Schedule a run that stopped; the third time in a row a person must look."""

    def operation(session: Session) -> int:
        statement = update(Case).where(Case.reference == case.reference).values(failures=Case.failures + 1)
        return session.execute(statement.returning(Case.failures)).scalar_one()

    if services.database.run(operation) >= _TIMES_STOPPED:
        _needs_attention(services, run, RUN_FAILED)
    else:
        api.schedule(run.id, "It had stopped; it goes on.")
