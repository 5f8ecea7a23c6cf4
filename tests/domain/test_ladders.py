"""Ladders: when an open question or task is brought up again."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.calendars import calendars_from
from plr.domain.ladders import Rung, approval_ladder, task_ladder

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "config" / "bank-holidays.json").read_text(encoding="utf-8"))
CALENDARS = calendars_from(DOCUMENT)
CLOSED = {name: {event["date"] for event in DOCUMENT[name]["events"]} for name in DOCUMENT}
ENGLAND = CALENDARS["england-and-wales"]
Ladder = Callable[..., tuple[Rung, ...]]
LONDON = ZoneInfo("Europe/London")


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def approval(asked_at: datetime, due_on: date) -> tuple[Rung, ...]:
    return approval_ladder(asked_at, due_on, ENGLAND, days_before=2, days_after=1, digest_after=10)


def task(asked_at: datetime, due_on: date) -> tuple[Rung, ...]:
    return task_ladder(asked_at, due_on, ENGLAND, days_before=5, days_after=1, digest_after=10)


def test_the_update_after_the_march_meeting_is_reminded_as_in_the_year() -> None:
    assert approval(london("2027-04-05 10:00"), date(2027, 4, 8)) == (
        Rung("N25", london("2027-04-06 08:30")),
        Rung("N26", london("2027-04-09 08:30")),
        Rung("ESCALATE", london("2027-04-22 08:30")),
    )


def test_an_agenda_asked_two_days_before_it_is_due_has_no_reminder() -> None:
    rungs = approval(london("2027-03-08 08:30"), date(2027, 3, 10))

    assert [rung.code for rung in rungs] == ["N26", "ESCALATE"]


def test_the_day_of_asking_is_londons_day() -> None:
    # 23:30 UTC on 5 July is already 6 July in London, the day the reminder would fire.
    rungs = approval(datetime(2027, 7, 5, 23, 30, tzinfo=UTC), date(2027, 7, 8))

    assert [rung.code for rung in rungs] == ["N26", "ESCALATE"]


def test_an_action_due_before_a_bank_holiday_weekend_is_late_on_tuesday() -> None:
    assert task(london("2027-03-18 12:00"), date(2027, 4, 30)) == (
        Rung("N21", london("2027-04-23 08:30")),
        Rung("N22", london("2027-05-04 08:30")),
        Rung("N23", london("2027-05-17 08:30")),
    )


def test_a_task_of_three_days_has_no_reminder_before() -> None:
    rungs = task(london("2027-06-01 11:00"), date(2027, 6, 4))

    assert [rung.code for rung in rungs] == ["N22", "N23"]


@pytest.mark.parametrize("name", ["england-and-wales", "scotland", "northern-ireland"])
@pytest.mark.parametrize("ladder", [approval_ladder, task_ladder])
@given(
    asked_at=st.datetimes(datetime(2019, 6, 1), datetime(2028, 3, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    length=st.integers(0, 60),
    steps=st.tuples(st.integers(1, 10), st.integers(1, 5), st.integers(6, 20)),
)
@settings(max_examples=1_000, deadline=None)
def test_rungs_come_once_in_order_on_working_days_in_daytime(
    name: str, ladder: Ladder, *, asked_at: datetime, length: int, steps: tuple[int, int, int]
) -> None:
    days_before, days_after, digest_after = steps
    asked_on = asked_at.astimezone(LONDON).date()
    due_on = asked_on + timedelta(days=length)

    rungs = ladder(
        asked_at,
        due_on,
        CALENDARS[name],
        days_before=days_before,
        days_after=days_after,
        digest_after=digest_after,
    )

    closed = CLOSED[name]
    fires = [rung.fires_at.astimezone(LONDON) for rung in rungs]
    assert len({rung.code for rung in rungs}) == len(rungs)
    assert fires == sorted(fires)
    assert all(_is_open(closed, at.date()) and at.date() > asked_on for at in fires)
    assert all(at.time() == time(8, 30) for at in fires)
    # Counted the slow way: the early rung is there if enough open days lie between asking and due.
    early = [-days_before] if _open_days_inside(closed, asked_on, due_on) >= days_before else []
    assert [_steps(closed, due_on, at.date()) for at in fires] == [*early, days_after, digest_after]


def _is_open(closed: set[str], on: date) -> bool:
    return on.isoweekday() < 6 and on.isoformat() not in closed


def _open_days_inside(closed: set[str], start: date, end: date) -> int:
    return sum(_is_open(closed, start + timedelta(days=i)) for i in range(1, (end - start).days))


def _steps(closed: set[str], due_on: date, on: date) -> int:
    """Open days from the due day to this open day, the way a finger counts them on a wall calendar."""
    first, last = sorted((due_on, on))
    return (1 + _open_days_inside(closed, first, last)) * (1 if on > due_on else -1)
