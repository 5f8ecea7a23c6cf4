"""Working days, deadlines and quiet hours, held against vectors, a slow reference and another source."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import holidays as published
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.calendars import (
    CALENDAR_OF_NATION,
    Calendar,
    add_months,
    calendars_from,
    deadline,
    earliest_send,
)
from plr.errors import CalendarEndsError, InvalidConfigError, InvalidInputError

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "config" / "bank-holidays.json").read_text(encoding="utf-8"))
VECTORS: list[dict[str, Any]] = json.loads(
    (ROOT / "tests" / "data" / "working_day_vectors.json").read_text(encoding="utf-8")
)
CALENDARS = calendars_from(DOCUMENT)
ENGLAND = CALENDARS["england-and-wales"]
SCOTLAND = CALENDARS["scotland"]
ULSTER = CALENDARS["northern-ireland"]

every_calendar = pytest.mark.parametrize("name", ["england-and-wales", "scotland", "northern-ireland"])
known_days = st.dates(date(2019, 6, 1), date(2028, 6, 1))
counts = st.integers(-80, 80)
instants = st.datetimes(datetime(2019, 6, 1), datetime(2028, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


CLOSED = {name: {event["date"] for event in DOCUMENT[name]["events"]} for name in DOCUMENT}


def slow_is_open(name: str, on: date) -> bool:
    return on.isoweekday() not in {6, 7} and on.isoformat() not in CLOSED[name]


def slow_days(name: str, first: date, last: date) -> list[date]:
    """Every working day from first to last, both included."""
    days = []
    on = first
    while on <= last:
        if slow_is_open(name, on):
            days.append(on)
        on += timedelta(days=1)
    return days


def slow_add(name: str, start: date, n: int) -> date:
    around = timedelta(days=2 * abs(n) + 20)
    if n == 0:
        return start
    if n > 0:
        return slow_days(name, start + timedelta(days=1), start + around)[n - 1]
    return slow_days(name, start - around, start - timedelta(days=1))[n]


# The published vectors and the days worked out by hand


def test_there_are_144_vectors() -> None:
    assert len(VECTORS) == 144


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['start']}+{v['working_days']}-{v['calendar']}")
def test_a_vector_is_met(vector: dict[str, Any]) -> None:
    calendar = CALENDARS[vector["calendar"]]

    due_on = calendar.add_working_days(date.fromisoformat(vector["start"]), vector["working_days"])

    assert due_on == date.fromisoformat(vector["due"])


def test_counting_back_from_a_publication_day() -> None:
    assert ENGLAND.add_working_days(date(2027, 1, 4), -7) == date(2026, 12, 21)


def test_a_trigger_on_a_weekend_is_day_nought_and_monday_is_day_one() -> None:
    assert ENGLAND.add_working_days(date(2027, 3, 20), 1) == date(2027, 3, 22)


def test_no_days_is_the_day_itself() -> None:
    assert ENGLAND.add_working_days(date(2027, 3, 20), 0) == date(2027, 3, 20)


def test_scotland_closes_for_the_world_cup_and_not_for_easter_monday() -> None:
    assert not SCOTLAND.is_working_day(date(2026, 6, 15))
    assert ENGLAND.is_working_day(date(2026, 6, 15))
    assert SCOTLAND.is_working_day(date(2027, 3, 29))
    assert not ENGLAND.is_working_day(date(2027, 3, 29))


def test_the_twelfth_of_july_is_kept_on_the_thirteenth_in_2026_in_northern_ireland_only() -> None:
    assert [c.is_working_day(date(2026, 7, 13)) for c in (ENGLAND, SCOTLAND, ULSTER)] == [True, True, False]


def test_a_working_day_stays_and_any_other_moves_on() -> None:
    assert ENGLAND.roll(date(2027, 4, 30)) == date(2027, 4, 30)
    assert ENGLAND.roll(date(2027, 5, 1)) == date(2027, 5, 4)
    assert ENGLAND.next_working_day(date(2027, 4, 30)) == date(2027, 5, 4)


def test_an_extra_closed_day_is_skipped_and_says_why() -> None:
    calendar = calendars_from(DOCUMENT, [date(2027, 5, 7)])["england-and-wales"]

    assert calendar.add_working_days(date(2027, 5, 6), 1) == date(2027, 5, 10)
    assert calendar.skipped(date(2027, 4, 30), date(2027, 5, 10)) == [
        (date(2027, 5, 3), "a bank holiday in England and Wales"),
        (date(2027, 5, 7), "a day the Association is closed"),
    ]


def test_weekends_are_listed_only_when_asked_for() -> None:
    start, due_on = date(2027, 4, 30), date(2027, 5, 4)

    assert ENGLAND.skipped(start, due_on, weekends=True) == [
        (date(2027, 5, 1), "a Saturday"),
        (date(2027, 5, 2), "a Sunday"),
        (date(2027, 5, 3), "a bank holiday in England and Wales"),
    ]
    assert ENGLAND.skipped(due_on, start) == [(date(2027, 5, 3), "a bank holiday in England and Wales")]


def test_every_nation_has_its_calendar_and_a_calendar_names_itself() -> None:
    assert dict(CALENDAR_OF_NATION) == {
        "england": "england-and-wales",
        "wales": "england-and-wales",
        "england-and-wales": "england-and-wales",
        "scotland": "scotland",
        "northern-ireland": "northern-ireland",
    }


# The end of the data


@pytest.mark.parametrize(
    ("start", "n"), [(date(2028, 12, 29), 1), (date(2019, 1, 2), -1), (date(2031, 1, 6), 1)]
)
def test_outside_the_data_a_sum_raises_with_the_remedy(start: date, n: int) -> None:
    with pytest.raises(
        CalendarEndsError, match=r"2019 to 2028 only\. Put the .* into config/bank-holidays\.json"
    ):
        ENGLAND.add_working_days(start, n)


def test_the_last_working_day_of_the_data_can_still_be_reached() -> None:
    assert ENGLAND.add_working_days(date(2028, 12, 28), 1) == date(2028, 12, 29)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"england-and-wales": {"events": []}},
        {**DOCUMENT, "scotland": {"events": [{"date": "3 May 2027", "title": "Early May"}]}},
        {**DOCUMENT, "scotland": ["events"]},
    ],
)
def test_a_document_that_is_not_the_official_list_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfigError, match="Copy the official list again"):
        calendars_from(broken)


# Another source


@pytest.mark.parametrize(
    ("name", "subdivision"),
    [
        ("england-and-wales", "ENG"),
        ("england-and-wales", "WLS"),
        ("scotland", "SCT"),
        ("northern-ireland", "NIR"),
    ],
)
def test_the_vendored_list_agrees_with_the_holidays_package(name: str, subdivision: str) -> None:
    theirs = published.country_holidays("GB", subdiv=subdivision, years=range(2019, 2029))

    assert {on for on in CALENDARS[name].holidays if on.weekday() < 5} == {
        on for on in theirs if on.weekday() < 5
    }


# Properties against the slow reference


@every_calendar
@given(start=known_days, n=counts)
@settings(max_examples=1_000, deadline=None)
def test_adding_working_days_equals_the_slow_reference(name: str, start: date, n: int) -> None:
    assert CALENDARS[name].add_working_days(start, n) == slow_add(name, start, n)


@every_calendar
@given(start=known_days, length=st.integers(0, 150))
@settings(max_examples=1_000, deadline=None)
def test_counting_between_equals_the_slow_reference(name: str, start: date, length: int) -> None:
    end = start + timedelta(days=length)

    forward = len(slow_days(name, start + timedelta(days=1), end))
    back = len(slow_days(name, start, end - timedelta(days=1)))
    assert CALENDARS[name].working_days_between(start, end) == forward
    assert CALENDARS[name].working_days_between(end, start) == -back


@every_calendar
@given(start=known_days, n=counts)
@settings(max_examples=1_000, deadline=None)
def test_counting_undoes_adding(name: str, start: date, n: int) -> None:
    calendar = CALENDARS[name]

    assert calendar.working_days_between(start, calendar.add_working_days(start, n)) == n


@every_calendar
@given(start=known_days, n=counts.filter(bool))
@settings(max_examples=1_000, deadline=None)
def test_days_counted_and_days_skipped_make_up_the_whole_stretch(name: str, start: date, n: int) -> None:
    calendar = CALENDARS[name]
    due_on = calendar.add_working_days(start, n)

    skipped = [on for on, _ in calendar.skipped(start, due_on, weekends=True)]
    first, last = sorted((start, due_on))
    between = [first + timedelta(days=i) for i in range(1, (last - first).days)]
    assert skipped == [on for on in between if not slow_is_open(name, on)]
    assert abs(n) + len(skipped) == abs((due_on - start).days)


# Deadlines


def test_a_deadline_in_working_days_explains_itself() -> None:
    found = deadline(date(2026, 4, 13), 15, "working-days", ENGLAND, today=date(2026, 4, 24))

    assert found.due_on == date(2026, 5, 5)
    assert found.skipped == ((date(2026, 5, 4), "a bank holiday in England and Wales"),)
    assert found.sentence == (
        "Working day 9 of 15, due Tuesday 5 May 2026. "
        "Skips Monday 4 May, a bank holiday in England and Wales."
    )


def test_without_a_day_to_count_to_the_sentence_counts_to_the_due_day() -> None:
    found = deadline(date(2026, 6, 12), 5, "working-days", SCOTLAND)

    assert found.due_on == date(2026, 6, 22)
    assert found.sentence == (
        "Working day 5 of 5, due Monday 22 June 2026. Skips Monday 15 June, a bank holiday in Scotland."
    )


def test_counting_back_says_from_which_day() -> None:
    found = deadline(date(2027, 1, 4), -7, "working-days", ENGLAND)

    assert found.sentence == (
        "7 working days before Monday 4 January 2027 is Monday 21 December 2026. "
        "Skips Friday 25 December, Monday 28 December and Friday 1 January, "
        "bank holidays in England and Wales."
    )


def test_days_skip_nothing_and_a_closed_due_day_names_the_next_open_one() -> None:
    found = deadline(date(2027, 4, 19), 14, "days", ENGLAND)

    assert (found.due_on, found.skipped) == (date(2027, 5, 3), ())
    assert found.sentence == (
        "14 days from Monday 19 April 2027, due Monday 3 May 2027. "
        "That is a bank holiday in England and Wales; the next working day is Tuesday 4 May 2027."
    )


def test_weekends_can_be_listed_and_stay_out_of_the_sentence() -> None:
    found = deadline(date(2027, 3, 18), 2, "working-days", ENGLAND, weekends=True)

    assert [on for on, _ in found.skipped] == [date(2027, 3, 20), date(2027, 3, 21)]
    assert found.sentence == "Working day 2 of 2, due Monday 22 March 2027. No holidays in between."


@pytest.mark.parametrize(
    ("start", "months", "due_on"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 3, 31), -1, date(2027, 2, 28)),
        (date(2027, 1, 15), 12, date(2028, 1, 15)),
        (date(2027, 1, 15), -1, date(2026, 12, 15)),
    ],
)
def test_months_end_where_the_month_ends(start: date, months: int, due_on: date) -> None:
    assert add_months(start, months) == due_on
    assert deadline(start, months, "months", ENGLAND).due_on == due_on


def test_months_reach_beyond_the_data_without_a_guess() -> None:
    found = deadline(date(2028, 12, 1), 6, "months", ENGLAND)

    assert found.sentence == "6 months from Friday 1 December 2028, due Friday 1 June 2029."


@pytest.mark.parametrize("unit", ["days", "months"])
def test_a_number_no_date_can_hold_is_refused_with_the_remedy(unit: Literal["days", "months"]) -> None:
    with pytest.raises(InvalidInputError, match="Give a smaller one"):
        deadline(date(2027, 1, 1), 10**12, unit, ENGLAND)


# Quiet hours (rehearsal Q1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2027-03-18 08:00+00:00", "2027-03-18 08:00+00:00"),
        ("2027-03-18 17:59+00:00", "2027-03-18 17:59+00:00"),
        ("2027-03-18 18:00+00:00", "2027-03-19 08:30+00:00"),
        ("2027-03-18 07:59+00:00", "2027-03-18 08:30+00:00"),
        ("2027-03-18 00:00+00:00", "2027-03-18 08:30+00:00"),
        ("2027-06-22 18:20+01:00", "2027-06-23 08:30+01:00"),
        ("2027-06-22 17:59+01:00", "2027-06-22 17:59+01:00"),
        ("2027-05-01 10:00+01:00", "2027-05-04 08:30+01:00"),
        ("2027-05-03 03:00+01:00", "2027-05-04 08:30+01:00"),
        ("2027-03-26 19:00+00:00", "2027-03-30 08:30+01:00"),
        ("2027-10-29 19:00+01:00", "2027-11-01 08:30+00:00"),
    ],
)
def test_a_letter_keeps_the_quiet_hours(written: str, sent: str) -> None:
    leaves_at = earliest_send(at(written), ENGLAND, any_hour=False)

    assert leaves_at == at(sent)
    assert leaves_at.tzinfo is UTC


def test_a_reader_in_scotland_waits_out_the_second_of_january() -> None:
    written = at("2026-12-31 20:00+00:00")

    assert earliest_send(written, SCOTLAND, any_hour=False) == at("2027-01-05 08:30+00:00")
    assert earliest_send(written, ENGLAND, any_hour=False) == at("2027-01-04 08:30+00:00")


def test_a_letter_for_any_hour_leaves_at_once() -> None:
    assert earliest_send(at("2027-05-02 03:00+01:00"), ENGLAND, any_hour=True) == at("2027-05-02 02:00+00:00")


@every_calendar
@given(instant=instants)
@settings(max_examples=1_000, deadline=None)
def test_letters_leave_in_the_first_allowed_moment(name: str, instant: datetime) -> None:
    calendar: Calendar = CALENDARS[name]

    leaves_at = earliest_send(instant, calendar, any_hour=False)

    # The clock in London is worked out here by the rule of the law: last Sundays, at 01:00 UTC.
    local = leaves_at + timedelta(hours=1 if slow_is_summer(leaves_at) else 0)
    assert slow_is_open(name, local.date())
    assert time(8) <= local.time() < time(18)
    assert leaves_at >= instant
    if leaves_at != instant:
        assert local.time() == time(8, 30)
        written = (instant + timedelta(hours=1 if slow_is_summer(instant) else 0)).date()
        assert not slow_days(name, written + timedelta(days=1), local.date() - timedelta(days=1))
    assert earliest_send(leaves_at, calendar, any_hour=False) == leaves_at


def slow_is_summer(instant: datetime) -> bool:
    def last_sunday(month: int) -> datetime:
        last = date(instant.year, month, 31)
        return datetime.combine(last - timedelta(days=last.isoweekday() % 7), time(1), tzinfo=UTC)

    return last_sunday(3) <= instant < last_sunday(10)
