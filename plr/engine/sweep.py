"""The sweep: one function that mends whatever is left, in our records first, then in Prefect."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from plr.db.models import Case, Installation, JournalEntry, Wait, Wake
from plr.engine import executions, journal, lease, runs
from plr.engine.context import Services
from plr.engine.mending import RUN_CANCELLED, RUN_FAILED, Act
from plr.engine.process import Process
from plr.engine.runs import Runs
from plr.operations import wakes

log = logging.getLogger(__name__)

Hook = Callable[[Session, datetime], None]

CLOCK_BACK = timedelta(minutes=2)
CLOCK_AHEAD = timedelta(days=7)
HELD_FOR_CLOCK = "clock"
DATE_COME = "date-come"
LOST = "execution-lost"


def sweep(services: Services, processes: Iterable[Process], hooks: Sequence[Hook] = ()) -> None:
    """Mend everything once. The worker does the two halves in two threads: Prefect may hang."""
    sweep_records(services, hooks)
    with runs.connected() as api:
        sweep_runs(services, api, processes, everything=True)


def sweep_records(services: Services, hooks: Sequence[Hook] = ()) -> bool:
    """Mend our records: fire what is due, wake cases whose date has come, fence dead executions.

    Returns False, having fired nothing, when the clock stands more than two minutes behind the
    latest instant seen (reliability R9).
    """
    now = services.now()
    fenced = fence_dead(services, now)
    if not services.database.run(lambda session: _guard_clock(session, services, now)):
        log.error("The clock is behind the latest instant seen: nothing is fired until it has caught up.")
        return False
    for hook in hooks:
        _run_hook(services, hook, now)
    woken = services.database.run(lambda session: wake_dates(session, now))
    if fenced or woken:
        log.info("Swept: %d executions fenced, %d dates come.", len(fenced), len(woken))
    return True


def fence_dead(services: Services, now: datetime) -> list[str]:
    """Fence executions whose lease has run out and wake their cases, in one transaction."""

    def operation(session: Session) -> list[str]:
        dead = lease.declare_dead(session)
        for reference in dead:
            wakes.wake(session, reference, LOST, now=now)
        return dead

    return services.database.run(operation)


def wake_dates(session: Session, now: datetime) -> list[str]:
    """Wake the cases whose awaited date has come and that are not awake already."""
    due = select(Wait.reference).where(
        Wait.until_at <= now, ~exists().where(Wake.reference == Wait.reference)
    )
    references = list(session.scalars(due))
    for reference in references:
        wakes.wake(session, reference, DATE_COME, now=now)
    return references


def _run_hook(services: Services, hook: Hook, now: datetime) -> None:
    try:
        services.database.run(lambda session: hook(session, now))
    except Exception as error:  # noqa: BLE001 - one hook never stops another (R21)
        log.error("A part of the sweep failed: %s in %s.", type(error).__name__, hook.__name__)  # noqa: TRY400 - no values


def _guard_clock(session: Session, services: Services, now: datetime) -> bool:
    installation = session.scalars(select(Installation).with_for_update()).first()
    if installation is None:
        return True
    latest = installation.latest_now
    if latest is not None and now < latest - CLOCK_BACK:
        return False
    jumped = latest is not None and now > latest + CLOCK_AHEAD
    if jumped and installation.letters_held is None and not services.settings.is_demonstration:
        installation.letters_held = HELD_FOR_CLOCK
        log.error("The clock is more than seven days ahead of the latest instant seen: letters are held.")
    installation.latest_now = now if latest is None else max(latest, now)
    installation.swept_at = now
    return True


def sweep_runs(
    services: Services,
    api: Runs,
    processes: Iterable[Process],
    *,
    in_flight: frozenset[UUID] = frozenset(),
    everything: bool = False,
) -> int:
    """Mend Prefect's side and return how many runs were touched; `everything` reads each open case's run."""
    listed = list(processes)
    ensure_registered(services, api, listed)
    touched = deliver_wakes(services, api, in_flight=in_flight)
    for run in api.stuck():
        touched += _mend(services, api, run.name, in_flight=in_flight, run=run)
    names = [process.name for process in listed]
    carried = services.database.run(lambda session: _open_cases(session, names))
    if everything or api.count_open() < len(carried):
        touched += _mend_all(services, api, carried, in_flight)
    return touched


def ensure_registered(services: Services, api: Runs, processes: Iterable[Process]) -> bool:
    """Write the work pool and the deployments that Prefect lacks; True if it lacked any."""
    pool = services.settings.engine.pool
    missing = [process for process in processes if not api.is_registered(process.name, pool)]
    api.ensure_pool(pool)
    for process in missing:
        runs.register(process, pool, description=process.description or process.name)
    return bool(missing)


def deliver_wakes(services: Services, api: Runs, *, in_flight: frozenset[UUID] = frozenset()) -> int:
    """Carry on every case that is awake; return how many runs were touched.

    What is woken after its end (an objection to a closed case, a lease that ran out) has nowhere to go on.
    """
    with services.database.reading() as session:
        awake = wakes.awake(session)
        ended = [reference for reference in awake if journal.has_ended(session, reference)]
    for reference in ended:
        services.database.run(partial(wakes.clear, reference=reference))
    awake = [reference for reference in awake if reference not in ended]
    return sum(_mend(services, api, reference, in_flight=in_flight) for reference in awake)


def _mend(
    services: Services,
    api: Runs,
    reference: str,
    *,
    in_flight: frozenset[UUID],
    run: runs.Run | None = None,
) -> int:
    """Mend one case; what Prefect refuses for one case never stops another (R21)."""
    try:
        act = executions.mend(services, api, reference, in_flight=in_flight, run=run)
    except executions.PREFECT_AWAY as error:
        if executions.is_away(error):
            raise
        log.warning("The run of %s was not mended: %s.", reference, type(error).__name__)
        return 0
    return int(act is not Act.NOTHING)


def _mend_all(
    services: Services, api: Runs, carried: list[tuple[str, str | None]], in_flight: frozenset[UUID]
) -> int:
    known = api.known([run_id for _reference, run_id in carried if run_id is not None])
    touched = 0
    for reference, run_id in carried:
        run = known.get(run_id or "")
        touched += _mend(services, api, reference, in_flight=in_flight, run=run)
    return touched


def _open_cases(session: Session, processes: Sequence[str]) -> list[tuple[str, str | None]]:
    ended = exists().where(JournalEntry.reference == Case.reference, JournalEntry.step == journal.END)
    statement = select(Case.reference, Case.run_id).where(
        Case.process.in_(processes),
        ~ended,
        Case.attention.is_(None) | Case.attention.not_in([RUN_CANCELLED, RUN_FAILED]),
    )
    return [(reference, run_id) for reference, run_id in session.execute(statement)]
