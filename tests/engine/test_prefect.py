"""One real Prefect server on loopback, workers as processes of their own: what only they can show."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.engine.programs.journey_body import SECRET
from tests.engine.programs.rig import Rig

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(900)]

UP_TO_ANSWER = ["opened", "asked"]
DECLINED = [*UP_TO_ANSWER, "recorded decline", "closed"]
STOPPED_CASES = 5


@pytest.fixture(autouse=True)
def nobody_is_held_afterwards(rig: Rig) -> Generator[None]:
    """A failed test must not hold the next one's workers."""
    yield
    for file in [*rig.home.glob("hold-*"), *rig.home.glob("break-*")]:
        file.unlink()


def new_waiting_case(rig: Rig) -> str:
    rig.a_worker()
    reference = rig.cases.new()
    rig.until_waiting(reference)
    return reference


def jump_a_day(rig: Rig) -> None:
    file = rig.home / "clock-offset"
    before = int(file.read_text()) if file.exists() else 0
    file.write_text(str(before + 86_400))


def test_a_case_travels_to_its_end_and_can_be_read_in_prefect(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    run = rig.run(reference)
    assert run["name"] == reference
    assert set(run["tags"]) == {"plr", "journey", "england", reference}
    assert run["state"]["message"] == "Waits for an answer, of the Chair, until Tuesday 5 May 2026"
    assert run["parameters"] == {"reference": reference}
    rig.cases.answer(reference, "approve")
    rig.until_waiting(reference, "await:next-day")
    jump_a_day(rig)
    rig.until_state(reference, "Completed")
    assert rig.cases.effects(reference) == [*UP_TO_ANSWER, "recorded approve", "closed"]
    assert rig.cases.case(reference).run_id == run["id"]
    assert rig.cases.audit(reference) == []


def test_steps_are_seen_as_task_runs_that_hold_nothing(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    wanted = {"flow_runs": {"id": {"any_": [rig.run(reference)["id"]]}}}

    def seen() -> list[dict[str, object]]:
        found = rig.post("/task_runs/filter", wanted)
        assert isinstance(found, list)
        return [task for task in found if task["state_name"] == "Completed"]

    rig.until(lambda: len(seen()) == 2, "both steps are shown as completed")
    assert {task["name"] for task in seen()} == {"Open item", "Ask"}
    assert [task["task_inputs"] for task in seen()] == [{}, {}]


def test_resume_decides_nothing(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    for count in (1, 2):
        rig.post(f"/flow_runs/{rig.run(reference)['id']}/resume", {})
        rig.until(
            lambda count=count: rig.states(reference).count("Suspended") == count + 1,  # type: ignore[misc]  # bound now
            "it is suspended again",
        )
    assert rig.cases.effects(reference) == UP_TO_ANSWER
    assert rig.cases.audit(reference) == ["case.woken_undecided"] * 2
    rig.until_waiting(reference)
    rig.cases.answer(reference, "decline")
    rig.until_state(reference, "Completed")
    assert rig.cases.effects(reference) == DECLINED


def start_by_hand(rig: Rig, reference: str) -> str:
    deployment = rig.client.get("/deployments/name/journey/journey").json()["id"]
    made = rig.post(f"/deployments/{deployment}/create_flow_run", {"parameters": {"reference": reference}})
    assert isinstance(made, dict)
    return str(made["id"])


def until_ended(rig: Rig, run_id: str, name: str) -> str:
    def state() -> dict[str, str]:
        return dict(rig.client.get(f"/flow_runs/{run_id}").json()["state"])

    rig.until(lambda: state()["name"] == name, f"the run is {name}")
    return state()["message"]


def test_a_second_run_of_a_case_ends_as_a_duplicate(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    first = rig.run(reference)["id"]
    message = until_ended(rig, start_by_hand(rig, reference), "Cancelled")
    assert message == "Duplicate: another run carries this case on."
    assert rig.run(reference)["id"] == first
    assert rig.state(reference) == "Suspended"
    assert rig.cases.effects(reference) == UP_TO_ANSWER
    assert rig.cases.case(reference).attention is None


def test_a_run_for_no_case_says_so(rig: Rig) -> None:
    rig.a_worker()
    new_waiting_case(rig)  # so that the deployment is there
    assert "There is no such case." in until_ended(rig, start_by_hand(rig, "PLR-R-2020-404"), "Failed")


def test_a_step_that_fails_parks_its_case_and_no_other(rig: Rig) -> None:
    rig.a_worker()
    reference = f"PLR-R-2027-{rig.cases.made + 1:03}"
    (rig.home / "break-ask").write_text(reference)
    assert rig.cases.new() == reference
    rig.until_state(reference, "Suspended")
    assert rig.run(reference)["state"]["message"].startswith("Needs attention")
    assert rig.cases.case(reference).attention == "step-failed"
    assert rig.cases.effects(new_waiting_case(rig)) == UP_TO_ANSWER
    (rig.home / "break-ask").unlink()
    rig.until(lambda: rig.cases.case(reference).lease_until is None, "the lease is given back")
    rig.cases.try_again(reference)
    rig.until_waiting(reference)
    assert rig.cases.effects(reference) == UP_TO_ANSWER


def test_a_worker_killed_in_a_step_loses_and_doubles_nothing(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    rig.hold("answer")
    rig.cases.answer(reference, "decline")
    rig.until_held("answer")
    for worker in rig.workers:
        worker.kill()
    rig.let_go("answer")
    rig.start_worker()
    rig.until_state(reference, "Completed")
    assert rig.cases.effects(reference) == DECLINED


def stop_outside_a_transaction(rig: Rig, worker: subprocess.Popen[bytes]) -> None:
    """Stop a worker where it does not lock SQLite for everybody: the supervisor's case, not this test's."""
    while True:
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.1)  # the signal takes effect
        if rig.can_write():
            return
        worker.send_signal(signal.SIGCONT)


def test_a_worker_stopped_past_its_lease_commits_nothing_when_woken(rig: Rig) -> None:
    rig.stop_workers()
    stale = rig.start_worker()
    references = [rig.cases.new() for _ in range(STOPPED_CASES)]
    for reference in references:
        rig.until_waiting(reference)
    rig.hold("between")
    for reference in references:
        rig.cases.answer(reference, "decline")
    # All five executions stand between two steps, each with its lease.
    rig.until(
        lambda: all(rig.cases.journal(reference)[-1] == "await:answer:1" for reference in references),
        "all stand between two steps",
    )
    stop_outside_a_transaction(rig, stale)
    epochs = {reference: rig.cases.case(reference).lease_epoch for reference in references}
    rig.hold("between-second")
    rig.start_worker(JOURNEY_MARK="-second")
    rig.until(
        lambda: all(
            rig.cases.case(reference).lease_epoch >= epochs[reference] + 2 for reference in references
        ),
        "the second worker has fenced the first and taken every case over",
    )
    rig.let_go("between")
    stale.send_signal(signal.SIGCONT)
    rig.until((rig.home / "left-between").exists, "the woken worker comes to its next step")
    time.sleep(2)  # what it must not do would be done by now
    assert [rig.cases.effects(reference) for reference in references] == [UP_TO_ANSWER] * STOPPED_CASES
    rig.let_go("between-second")
    for reference in references:
        rig.until_state(reference, "Completed")
    assert [rig.cases.effects(reference) for reference in references] == [DECLINED] * STOPPED_CASES
    rig.stop_workers()  # the second one is held by a name that no other test knows


def test_a_cancel_pressed_in_prefect_shows_on_the_case(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    first = rig.run(reference)["id"]
    press_cancel(rig, first)
    rig.until(lambda: rig.cases.case(reference).attention == "run-cancelled", "the case needs attention")
    assert rig.state(reference) == "Cancelled"
    rig.cases.answer(reference, "decline")
    time.sleep(3)  # the answer is kept, and nothing moves until a person says so
    assert rig.cases.effects(reference) == UP_TO_ANSWER
    rig.cases.try_again(reference)
    rig.until_state(reference, "Completed")
    assert rig.run(reference)["id"] != first
    assert rig.cases.effects(reference) == DECLINED


def test_a_cancel_pressed_while_at_work_ends_as_cancelled(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    rig.hold("between")
    rig.cases.answer(reference, "approve")
    rig.until_held("between")
    press_cancel(rig, rig.run(reference)["id"])
    assert rig.state(reference) == "Cancelling"
    rig.let_go("between")
    rig.until_state(reference, "Cancelled")
    rig.until(lambda: rig.cases.case(reference).attention == "run-cancelled", "the case needs attention")
    assert rig.cases.effects(reference).count("recorded approve") == 1


def press_cancel(rig: Rig, run_id: str) -> None:
    rig.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})


def test_sigterm_ends_the_worker_well_and_the_next_one_goes_on(rig: Rig) -> None:
    reference = new_waiting_case(rig)
    rig.hold("between")
    rig.cases.answer(reference, "decline")
    rig.until_held("between")
    working = [worker for worker in rig.workers if worker.poll() is None]
    for worker in working:
        worker.terminate()
    rig.let_go("between")
    assert [worker.wait(30) for worker in working] == [0] * len(working)
    assert rig.cases.case(reference).lease_until is None
    rig.start_worker()
    rig.until_state(reference, "Completed")
    assert rig.cases.effects(reference) == DECLINED


def test_prefects_database_deleted_while_cases_wait(rig: Rig) -> None:
    waiting, answered = new_waiting_case(rig), new_waiting_case(rig)
    lost = rig.run(waiting)["id"]
    assert rig.stop_server() == 0
    rig.cases.answer(answered, "decline")
    for file in (rig.home / "prefect").glob("prefect.db*"):
        file.unlink()
    rig.start_server()
    rig.until_state(answered, "Completed")
    rig.until_waiting(waiting)
    assert rig.run(waiting)["id"] != lost
    rig.cases.answer(waiting, "decline")
    rig.until_state(waiting, "Completed")
    assert rig.cases.effects(waiting) == DECLINED
    assert rig.cases.effects(answered) == DECLINED


def test_prefects_stock_process_worker_runs_the_same_deployments(rig: Rig, tmp_path: Path) -> None:
    rig.stop_workers()
    rig.start_worker("--services", PLR_ENGINE__POOL="process")
    rig.until(
        lambda: rig.client.get("/deployments/name/journey/journey").json().get("work_pool_name") == "process",
        "the deployment names the other pool",
    )
    prefect = str(Path(sys.executable).with_name("prefect"))
    rig.start_program(
        [prefect, "worker", "start", "--pool", "process", "--type", "process"],
        PREFECT_API_URL=rig.settings.prefect_api_url,
        PREFECT_API_AUTH_STRING=rig.settings.prefect_auth or "",
        PREFECT_HOME=str(tmp_path),
        PREFECT_WORKER_QUERY_SECONDS="1",
        DO_NOT_TRACK="1",
    )
    reference = rig.cases.new()
    rig.until_waiting(reference)
    rig.cases.answer(reference, "decline")
    rig.until_state(reference, "Completed")
    assert rig.cases.effects(reference) == DECLINED
    rig.stop_workers()


def test_no_case_text_is_anywhere_in_prefects_database(rig: Rig) -> None:
    files = list((rig.home / "prefect").glob("prefect.db*"))
    assert files
    assert not any(SECRET.encode() in file.read_bytes() for file in files)
