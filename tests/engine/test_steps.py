from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from plr.db.models import Case
from plr.engine import carrying, lease
from plr.engine.carrying import InProcess, Suspended, carry_plain
from plr.engine.steps import step
from plr.errors import FencedError, NotFoundError, StepFailedError, WrongMomentError
from tests.engine.programs.journey_body import SECRET, travel
from tests.engine.programs.rig import NOON, Cases

UP_TO_ANSWER = ["opened", "asked"]


def go(cases: Cases, reference: str, *, strict: bool = True, now: datetime = NOON) -> bool:
    return carry_plain(travel, "journey", reference, cases.database, now=lambda: now, strict=strict)


def test_a_step_happens_once_however_often_the_process_is_run(cases: Cases) -> None:
    reference = cases.new()
    assert [go(cases, reference) for _ in range(3)] == [False, False, False]
    assert cases.effects(reference) == UP_TO_ANSWER
    assert cases.journal(reference) == ["open_item:1", "ask:1"]


def test_a_process_goes_on_where_it_stood_and_ends_once(cases: Cases) -> None:
    reference = cases.new()
    go(cases, reference)
    cases.answer(reference, "decline")
    assert go(cases, reference)
    assert go(cases, reference)
    assert cases.effects(reference) == [*UP_TO_ANSWER, "recorded decline", "closed"]
    assert cases.journal(reference) == [
        "open_item:1",
        "ask:1",
        "await:answer:1",
        "record_answer:1",
        "close:1",
        "end:1",
    ]
    assert cases.wakes(reference) == []


def test_a_case_keeps_the_version_it_began_under_and_a_repeated_step_is_another_occurrence(
    cases: Cases,
) -> None:
    reference = cases.new(version=2)
    cases.answer(reference, "decline")
    assert go(cases, reference)
    assert cases.effects(reference) == [*UP_TO_ANSWER, "recorded decline", "recorded again", "closed"]
    assert "record_answer:2" in cases.journal(reference)


def test_a_failing_step_leaves_nothing_and_says_why_here(cases: Cases) -> None:
    reference = cases.new()
    breaks(cases, reference)
    with pytest.raises(ValueError, match=SECRET):
        go(cases, reference)
    assert cases.effects(reference) == ["opened"]
    assert cases.case(reference).lease_until is None


def test_a_step_that_fails_three_times_parks_its_case_and_no_other(cases: Cases) -> None:
    reference, other = cases.new(), cases.new()
    breaks(cases, reference)
    assert not go(cases, reference, strict=False)
    parked = cases.case(reference)
    assert (parked.attention, parked.failures) == ("step-failed", 3)
    assert cases.audit(reference) == ["case.parked"]
    go(cases, other, strict=False)
    assert cases.effects(other) == UP_TO_ANSWER


def test_a_parked_case_is_tried_again_only_when_a_person_says_so(cases: Cases) -> None:
    reference = cases.new()
    breaks(cases, reference)
    go(cases, reference, strict=False)
    (cases.home / "break-ask").unlink()
    go(cases, reference, strict=False)
    assert cases.effects(reference) == ["opened"]
    cases.try_again(reference)
    go(cases, reference, strict=False)
    assert cases.effects(reference) == UP_TO_ANSWER
    assert (cases.case(reference).attention, cases.case(reference).failures) == (None, 0)


def test_what_prefect_sees_of_a_failure_holds_no_case_text(cases: Cases) -> None:
    reference = cases.new()
    breaks(cases, reference)
    seen: list[Exception] = []
    with pytest.raises(Suspended) as suspended:
        carrying.carry(travel, begin(cases, reference, Watching(seen)))
    assert [type(error) for error in seen] == [StepFailedError] * 3
    told = "".join("".join(traceback.format_exception(error)) for error in seen) + str(suspended.value)
    assert SECRET not in told
    assert reference in told


def test_an_execution_that_was_taken_over_commits_nothing(cases: Cases) -> None:
    reference = cases.new()
    first = begin(cases, reference, InProcess())
    expire(cases, reference)
    begin(cases, reference, InProcess())
    with pytest.raises(FencedError):
        carrying.carry(travel, first)
    assert cases.effects(reference) == []
    assert cases.journal(reference) == []


def test_an_execution_whose_lease_has_run_out_commits_nothing(cases: Cases) -> None:
    reference = cases.new()
    execution = begin(cases, reference, InProcess())
    expire(cases, reference)
    with pytest.raises(FencedError):
        carrying.carry(travel, execution)
    with cases.database.transaction() as session:
        assert not lease.renew(session, execution, seconds=60)
    assert cases.effects(reference) == []


def test_a_live_case_is_not_carried_on_twice(cases: Cases) -> None:
    reference = cases.new()
    begin(cases, reference, InProcess())
    with pytest.raises(WrongMomentError):
        go(cases, reference)


def test_an_unknown_case_is_refused(cases: Cases) -> None:
    with pytest.raises(NotFoundError):
        go(cases, "PLR-R-2027-999")


def test_a_dead_execution_is_fenced_and_named(cases: Cases) -> None:
    dead, live = cases.new(), cases.new()
    begin(cases, dead, InProcess())
    begin(cases, live, InProcess())
    expire(cases, dead)
    with cases.database.transaction() as session:
        assert lease.declare_dead(session) == [dead]
    assert cases.case(dead).lease_until is None
    assert cases.case(live).lease_until is not None


def test_a_commit_whose_answer_was_lost_is_found_and_not_repeated(cases: Cases) -> None:
    reference = cases.new()
    stale = begin(cases, reference, InProcess())
    with pytest.raises(Suspended):
        carrying.carry(travel, stale)
    with cases.database.transaction() as session:
        lease.release(session, stale)
    again = begin(cases, reference, InProcess())
    again.entries.clear()  # as if it had been read before the commit was seen
    with pytest.raises(Suspended):
        carrying.carry(travel, again)
    assert cases.effects(reference) == UP_TO_ANSWER


def test_a_value_is_the_same_the_first_time_and_every_later_time(cases: Cases) -> None:
    @step
    def give(_session: Session, _reference: str, *, now: datetime) -> object:
        return {"pair": (1, 2)}

    seen: list[object] = []
    reference = cases.new()
    for _ in range(2):
        carry_plain(
            lambda one: seen.append(give(one)), "journey", reference, cases.database, now=lambda: NOON
        )
    assert seen == [{"pair": [1, 2]}] * 2


def test_a_step_means_nothing_outside_a_process() -> None:
    @step
    def give(_session: Session, _reference: str, *, now: datetime) -> None:
        """Give nothing."""

    with pytest.raises(RuntimeError):
        give("PLR-R-2027-001")


def test_a_process_touches_its_own_case_only(cases: Cases) -> None:
    mine, other = cases.new(), cases.new()
    with pytest.raises(RuntimeError):
        carry_plain(lambda _mine: travel(other), "journey", mine, cases.database)


class Watching(InProcess):
    """A host that keeps what comes out of a step, as Prefect does."""

    def __init__(self, seen: list[Exception]) -> None:
        super().__init__(strict=False)
        self._seen = seen

    def perform(self, name: str, act: Callable[[], None]) -> None:
        try:
            super().perform(name, act)
        except Exception as error:
            self._seen.append(error)
            raise

    def suspend(self, message: str) -> NoReturn:
        raise Suspended(message)


def begin(cases: Cases, reference: str, host: InProcess) -> carrying.Execution:
    with cases.database.transaction() as session:
        taken = lease.take(session, reference, process="journey", run_id=None, seconds=60)
    assert isinstance(taken, lease.Taken)
    return carrying.begin(cases.database, reference, taken, host, lambda: NOON)


def expire(cases: Cases, reference: str) -> None:
    with cases.database.transaction() as session:
        past = lease.database_now(session) - timedelta(seconds=1)
        session.execute(update(Case).where(Case.reference == reference).values(lease_until=past))


def breaks(cases: Cases, reference: str) -> Path:
    (cases.home / "break-ask").write_text(reference)
    return cases.home / "break-ask"
