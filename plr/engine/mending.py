"""What a case's run needs, decided from what is seen of it: a table, without Prefect and without effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plr.engine.lease import STEP_FAILED

RUN_CANCELLED = "run-cancelled"
RUN_FAILED = "run-failed"
_HELD = (STEP_FAILED, RUN_CANCELLED, RUN_FAILED)


class RunState(StrEnum):
    """The types of Prefect's states, and GONE: Prefect does not know the run, or there is none yet."""

    GONE = "GONE"
    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"


class Act(StrEnum):
    """What to do with a run."""

    NOTHING = "nothing"
    CREATE = "create"
    RESUME = "resume"
    SCHEDULE = "schedule"  # forced: the same run again, from the journal
    RETRY = "retry"  # the same, counted: three in a row and a person must look
    END_CANCEL = "end-cancel"  # a cancel that nobody finishes, because the run is in our process
    SHOW_CANCELLED = "show-cancelled"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a case and its run. `age` is the seconds since the run entered its state."""

    state: RunState
    age: float = 0.0
    live: bool = False  # an execution holds the lease
    woken: bool = False
    ended: bool = False  # the process has returned
    attention: str | None = None
    in_flight: bool = False  # this process has it in its hands


def next_act(seen: Seen, *, grace: float) -> Act:
    """Return what the run needs. `grace` is the lease's length: younger states are somebody's work."""
    if seen.live or seen.in_flight or (seen.ended and seen.state in _DONE):
        return Act.NOTHING
    if seen.state in _MOVING and seen.age < grace:
        return Act.NOTHING
    if seen.state is RunState.PAUSED and not seen.woken:
        return Act.NOTHING
    if seen.attention in _HELD and (seen.state, seen.attention) not in _SHOWN_ALL_THE_SAME:
        return Act.NOTHING
    return _ACTS[seen.state]


_ACTS = {
    RunState.GONE: Act.CREATE,
    RunState.SCHEDULED: Act.NOTHING,
    RunState.PENDING: Act.SCHEDULE,
    RunState.RUNNING: Act.SCHEDULE,
    RunState.PAUSED: Act.RESUME,
    RunState.CANCELLING: Act.END_CANCEL,
    RunState.CANCELLED: Act.SHOW_CANCELLED,
    RunState.CRASHED: Act.RETRY,
    RunState.FAILED: Act.RETRY,
    RunState.COMPLETED: Act.RETRY,
}
_MOVING = (RunState.PENDING, RunState.RUNNING)
# A parked case still has a run that says so, and does not hang in a state that it left by dying.
_SHOWN_ALL_THE_SAME = {
    (state, held) for held in _HELD for state in (RunState.PENDING, RunState.RUNNING, RunState.CANCELLING)
} | {(RunState.GONE, STEP_FAILED)}
_DONE = (RunState.GONE, RunState.COMPLETED, RunState.CANCELLED, RunState.CRASHED, RunState.FAILED)
