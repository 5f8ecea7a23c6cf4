from __future__ import annotations

import pytest

from plr.engine.mending import Act, RunState, Seen, next_act

GRACE = 60.0
OLD = 61.0


@pytest.mark.parametrize(
    ("what", "seen", "act"),
    [
        ("a case without a run", Seen(RunState.GONE), Act.CREATE),
        ("its process has returned", Seen(RunState.GONE, ended=True), Act.NOTHING),
        ("on its way to a worker", Seen(RunState.SCHEDULED, age=OLD, woken=True), Act.NOTHING),
        ("just picked up", Seen(RunState.PENDING, age=5), Act.NOTHING),
        ("picked up by a worker that died", Seen(RunState.PENDING, age=OLD), Act.SCHEDULE),
        ("queued in this worker", Seen(RunState.PENDING, age=OLD, in_flight=True), Act.NOTHING),
        ("about to take its lease", Seen(RunState.RUNNING, age=1, woken=True), Act.NOTHING),
        ("at work", Seen(RunState.RUNNING, age=OLD, live=True, woken=True), Act.NOTHING),
        ("its execution died", Seen(RunState.RUNNING, age=OLD), Act.SCHEDULE),
        ("died after its last step", Seen(RunState.RUNNING, age=OLD, ended=True), Act.SCHEDULE),
        ("waiting", Seen(RunState.PAUSED, age=OLD), Act.NOTHING),
        ("waiting and woken", Seen(RunState.PAUSED, woken=True), Act.RESUME),
        ("woken while on its way out", Seen(RunState.PAUSED, woken=True, live=True), Act.NOTHING),
        ("parked", Seen(RunState.PAUSED, woken=True, attention="step-failed"), Act.NOTHING),
        ("parked and lost", Seen(RunState.GONE, attention="step-failed"), Act.CREATE),
        ("parked and died", Seen(RunState.RUNNING, age=OLD, attention="step-failed"), Act.SCHEDULE),
        ("another sort of attention", Seen(RunState.PAUSED, woken=True, attention="nobody"), Act.RESUME),
        ("cancel pressed at work", Seen(RunState.CANCELLING, live=True), Act.NOTHING),
        ("cancel pressed, nobody left", Seen(RunState.CANCELLING), Act.END_CANCEL),
        ("cancelled", Seen(RunState.CANCELLED), Act.SHOW_CANCELLED),
        ("cancelled and shown", Seen(RunState.CANCELLED, attention="run-cancelled", woken=True), Act.NOTHING),
        ("cancelled after its end", Seen(RunState.CANCELLED, ended=True), Act.NOTHING),
        ("crashed", Seen(RunState.CRASHED), Act.RETRY),
        ("failed", Seen(RunState.FAILED), Act.RETRY),
        ("failed three times", Seen(RunState.FAILED, attention="run-failed", woken=True), Act.NOTHING),
        ("called complete by hand", Seen(RunState.COMPLETED), Act.RETRY),
        ("complete", Seen(RunState.COMPLETED, ended=True), Act.NOTHING),
    ],
)
def test_what_a_run_needs(what: str, seen: Seen, act: Act) -> None:
    assert next_act(seen, grace=GRACE) is act, what


@pytest.mark.parametrize("state", list(RunState))
def test_a_run_in_somebodys_hands_is_left_alone(state: RunState) -> None:
    assert next_act(Seen(state, age=OLD, live=True, woken=True), grace=GRACE) is Act.NOTHING
