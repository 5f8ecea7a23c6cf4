from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from plr.db.models import Case, Installation, SecurityEntry
from plr.engine.carrying import carry_plain
from plr.engine.context import Services
from plr.engine.lease import Renewals
from plr.engine.sweep import sweep_records
from plr.engine.waits import await_date
from plr.settings import Settings
from tests.engine.programs.rig import NOON, Cases

DAY = timedelta(days=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(cases: Cases, loaded: Settings, clock: Clock) -> Services:
    renewals = Renewals(cases.database, lease_seconds=60, renew_seconds=15, step_seconds=600)
    return Services(loaded, cases.database, renewals, now=clock)


def wait_a_day(cases: Cases, clock: Clock) -> str:
    reference = cases.new()
    carry_plain(
        lambda one: await_date(one, "tomorrow", (clock.now + DAY).date()),
        "journey",
        reference,
        cases.database,
        now=clock,
    )
    return reference


def installation(cases: Cases) -> Installation:
    with cases.database.reading() as session:
        found = session.get_one(Installation, 1)
        session.expunge(found)
        return found


def test_a_date_that_has_come_wakes_its_case_once(services: Services, cases: Cases, clock: Clock) -> None:
    reference = wait_a_day(cases, clock)
    sweep_records(services)
    assert cases.wakes(reference) == []
    clock.now += DAY
    sweep_records(services)
    sweep_records(services)
    assert cases.wakes(reference) == ["date-come"]


def test_a_dead_execution_is_fenced_and_its_case_woken(services: Services, cases: Cases) -> None:
    reference = wait_a_day(cases, Clock())
    before = cases.case(reference).lease_epoch
    with cases.database.transaction() as session:
        session.get_one(Case, reference).lease_until = NOON - timedelta(days=4000)
    sweep_records(services)
    assert cases.case(reference).lease_epoch == before + 1
    assert cases.wakes(reference) == ["execution-lost"]


def test_a_clock_that_went_back_fires_nothing_until_it_has_caught_up(
    services: Services, cases: Cases, clock: Clock
) -> None:
    fired: list[datetime] = []

    def hook(_session: Session, now: datetime) -> None:
        fired.append(now)

    reference = wait_a_day(cases, clock)
    clock.now += DAY + timedelta(hours=1)
    assert sweep_records(services, [hook])
    clock.now -= timedelta(hours=1)
    assert not sweep_records(services, [hook])
    assert len(fired) == 1
    assert installation(cases).latest_now == NOON + DAY + timedelta(hours=1)
    clock.now += timedelta(hours=1)
    assert sweep_records(services, [hook])
    assert cases.wakes(reference) == ["date-come"]


def test_a_small_step_back_is_nothing(services: Services, clock: Clock) -> None:
    sweep_records(services)
    clock.now -= timedelta(minutes=2)
    assert sweep_records(services)


@pytest.mark.parametrize(
    ("jump", "held"), [(timedelta(days=7), None), (timedelta(days=7, seconds=1), "clock")]
)
def test_a_jump_of_more_than_seven_days_holds_the_letters(
    services: Services, cases: Cases, clock: Clock, jump: timedelta, held: str | None
) -> None:
    sweep_records(services)
    clock.now += jump
    sweep_records(services)
    assert installation(cases).letters_held == held


def test_a_demonstration_is_never_held(services: Services, cases: Cases, clock: Clock) -> None:
    (cases.home / "demonstration").touch()
    sweep_records(services)
    clock.now += timedelta(days=100)
    sweep_records(services)
    assert installation(cases).letters_held is None


def test_a_part_that_fails_stops_no_other_and_leaves_nothing(services: Services, cases: Cases) -> None:
    def breaks(session: Session, now: datetime) -> None:
        session.add(SecurityEntry(at=now, event="half", person_id=None, detail={"reference": "x"}))
        session.flush()
        raise ValueError("it broke")

    def works(session: Session, now: datetime) -> None:
        session.add(SecurityEntry(at=now, event="whole", person_id=None, detail={"reference": "x"}))

    sweep_records(services, [breaks, works])
    assert cases.effects("x") == ["whole"]
    assert installation(cases).swept_at == NOON
