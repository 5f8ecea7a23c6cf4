"""Days, times and deadlines as people read and type them."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.calendars import calendars_from
from plr.domain.wording import (
    Paused,
    clock_sentence,
    day,
    day_time,
    fewer_than_five,
    lenient_date,
    listed,
    plural,
    short_day,
    statutory_sentence,
    time_of_day,
)
from plr.errors import InvalidInputError

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "config" / "bank-holidays.json").read_text(encoding="utf-8"))
ENGLAND = calendars_from(DOCUMENT)["england-and-wales"]
MEETING = date(2027, 3, 18)


def test_a_day_is_written_out_in_full() -> None:
    assert day(MEETING) == "Thursday 18 March 2027"


def test_the_year_is_left_out_where_the_page_shows_it() -> None:
    assert day(MEETING, year_shown=True) == "Thursday 18 March"


def test_a_list_says_today_and_yesterday() -> None:
    assert day(MEETING, today=MEETING) == "today"
    assert day(MEETING, today=date(2027, 3, 19)) == "yesterday"
    assert day(MEETING, today=date(2027, 3, 20)) == "Thursday 18 March 2027"
    assert day(MEETING, today=date(2027, 3, 17)) == "Thursday 18 March 2027"


def test_a_side_column_has_three_letter_days() -> None:
    assert short_day(date(2027, 6, 15)) == "Tue 15 June"
    assert short_day(date(2027, 6, 15), year_shown=False) == "Tue 15 June 2027"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(0), "midnight"),
        (time(0, 5), "12:05am"),
        (time(8, 30), "8:30am"),
        (time(10), "10am"),
        (time(12), "noon"),
        (time(12, 15), "12:15pm"),
        (time(17, 30), "5:30pm"),
        (time(23, 59), "11:59pm"),
    ],
)
def test_times_are_written_as_people_say_them(at: time, words: str) -> None:
    assert time_of_day(at) == words


def test_an_instant_is_shown_in_london_time() -> None:
    assert day_time(datetime(2027, 3, 18, 10, tzinfo=UTC)) == "Thursday 18 March 2027, 10am"
    assert day_time(datetime(2027, 7, 1, 23, 30, tzinfo=UTC), year_shown=True) == "Friday 2 July, 12:30am"
    assert day_time(datetime(2027, 6, 24, 7, 5, tzinfo=UTC), today=date(2027, 6, 24)) == "today, 8:05am"


# The clock sentence. 2027: Good Friday 26 March, Easter Monday 29 March, early May Monday 3 May.


def test_a_clock_counts_and_names_the_holiday_it_skips() -> None:
    # After Wednesday 28 April: 29, 30 April, 4 to 7 May, 10 May is the seventh; the tenth is 13 May.
    sentence = clock_sentence(ENGLAND, date(2027, 4, 28), date(2027, 5, 13), date(2027, 5, 10))

    assert sentence == ("Working day 7 of 10. Skips Monday 3 May, a bank holiday in England and Wales.")


def test_a_clock_without_holidays_says_so() -> None:
    sentence = clock_sentence(ENGLAND, date(2027, 3, 8), date(2027, 3, 10), date(2027, 3, 9))

    assert sentence == "Working day 1 of 2. No holidays in between."


def test_the_dated_form_names_the_due_day() -> None:
    sentence = clock_sentence(ENGLAND, date(2026, 4, 13), date(2026, 5, 5), date(2026, 4, 24), dated=True)

    assert sentence == (
        "Working day 9 of 15, due Tuesday 5 May 2026. "
        "Skips Monday 4 May, a bank holiday in England and Wales."
    )


def test_several_holidays_are_named_together() -> None:
    sentence = clock_sentence(ENGLAND, date(2027, 3, 24), date(2027, 3, 31), date(2027, 3, 30))

    assert sentence == (
        "Working day 2 of 3. Skips Friday 26 March and Monday 29 March, bank holidays in England and Wales."
    )


def test_different_reasons_are_named_apart() -> None:
    extra = [date(2027, 5, 4), date(2027, 5, 5)]
    calendar = calendars_from(DOCUMENT, extra)["scotland"]

    sentence = clock_sentence(calendar, date(2027, 4, 30), date(2027, 5, 7), date(2027, 5, 6))

    assert sentence == (
        "Working day 1 of 2. Skips Monday 3 May, a bank holiday in Scotland, "
        "and Tuesday 4 May and Wednesday 5 May, days the Association is closed."
    )


def test_skipped_days_of_a_long_count_have_their_year() -> None:
    sentence = clock_sentence(ENGLAND, date(2026, 5, 1), date(2027, 5, 5), date(2026, 5, 5))

    assert "Skips Monday 4 May 2026, " in sentence
    assert " and Monday 3 May 2027, bank holidays in England and Wales." in sentence


def test_on_the_day_of_asking_the_whole_time_is_left() -> None:
    asked_on = date(2027, 6, 24)

    assert clock_sentence(ENGLAND, asked_on, date(2027, 6, 29), asked_on) == "Asked today; 3 working days."
    assert clock_sentence(ENGLAND, asked_on, date(2027, 6, 29), asked_on, dated=True) == (
        "Asked today; 3 working days, due Tuesday 29 June 2027."
    )


def test_on_the_day_of_asking_a_holiday_ahead_is_named() -> None:
    sentence = clock_sentence(ENGLAND, date(2027, 4, 30), date(2027, 5, 4), date(2027, 4, 30))

    assert sentence == (
        "Asked today; 1 working day. Skips Monday 3 May, a bank holiday in England and Wales."
    )


def test_the_weekend_after_asking_is_no_working_day() -> None:
    asked_on, due_on = date(2027, 6, 25), date(2027, 6, 30)

    assert clock_sentence(ENGLAND, asked_on, due_on, date(2027, 6, 26)) == "Asked yesterday; 3 working days."
    assert clock_sentence(ENGLAND, asked_on, due_on, date(2027, 6, 27)) == (
        "Asked Friday 25 June; 3 working days."
    )


def test_a_clock_that_has_not_begun_says_when_it_starts() -> None:
    sentence = clock_sentence(ENGLAND, date(2027, 6, 28), date(2027, 6, 30), date(2027, 6, 25))

    assert sentence == "Starts Monday 28 June; 2 working days."


def test_a_question_due_on_the_day_it_is_asked_says_so() -> None:
    asked_on = date(2027, 6, 24)

    assert clock_sentence(ENGLAND, asked_on, asked_on, asked_on) == "Asked today; due the same day."


def test_late_is_counted_in_working_days() -> None:
    asked_on, due_on = date(2027, 4, 26), date(2027, 4, 30)

    assert clock_sentence(ENGLAND, asked_on, due_on, date(2027, 5, 5)) == "2 working days late."
    assert clock_sentence(ENGLAND, asked_on, due_on, date(2027, 5, 4), dated=True) == (
        "1 working day late, due Friday 30 April 2027."
    )


def test_nothing_is_late_before_the_next_working_day() -> None:
    sentence = clock_sentence(ENGLAND, date(2027, 4, 26), date(2027, 4, 30), date(2027, 5, 3))

    assert sentence == "Working day 4 of 4. No holidays in between."


def test_a_paused_clock_says_since_when_and_why() -> None:
    paused = Paused(date(2027, 6, 7), "the court has not decided.")

    assert clock_sentence(ENGLAND, date(2027, 6, 1), date(2027, 6, 8), date(2027, 6, 20), paused=paused) == (
        "Paused since Monday 7 June 2027 because the court has not decided."
    )


def test_without_a_date_it_says_what_it_follows() -> None:
    asked_on = date(2027, 6, 1)

    assert clock_sentence(ENGLAND, asked_on, None, asked_on, follows="the Chair's answer") == (
        "Follows the Chair's answer."
    )
    assert clock_sentence(ENGLAND, asked_on, None, asked_on) == "No date yet."


# Counts


@pytest.mark.parametrize(
    ("taken", "allowed", "words"),
    [
        (4, 5, "4 of 5 working days, in time"),
        (5, 5, "5 of 5 working days, in time"),
        (27, 15, "12 working days late"),
        (6, 5, "1 working day late"),
        (1, 1, "1 of 1 working day, in time"),
    ],
)
def test_a_statutory_clock_says_in_time_or_how_late(taken: int, allowed: int, words: str) -> None:
    assert statutory_sentence(taken, allowed) == words


def test_small_counts_of_people_are_not_told() -> None:
    assert [fewer_than_five(n) for n in (0, 1, 4, 5, 12)] == [
        "fewer than 5",
        "fewer than 5",
        "fewer than 5",
        "5",
        "12",
    ]


def test_one_thing_and_many_things() -> None:
    assert [plural(n, "letter") for n in (0, 1, 2)] == ["0 letters", "1 letter", "2 letters"]
    assert plural(2, "reply", "replies") == "2 replies"


def test_a_list_of_words_ends_with_and() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed("abc")] == ["a", "a and b", "a, b and c"]


# Typed days

TODAY = date(2027, 3, 20)


@pytest.mark.parametrize(
    "typed",
    [
        "18/3/27",
        "18/03/2027",
        "18.3.27",
        "18-3-2027",
        "18 3 27",
        "2027-03-18",
        "18 March 2027",
        "  18  march   2027 ",
        "18 Mar 27",
        "18th March 2027",
        "18th of March, 2027",
        "Thursday 18 March 2027",
        "Thurs, 18 March",
        "18 March",
        "18/3",
    ],
)
def test_a_typed_day_is_read_leniently(typed: str) -> None:
    assert lenient_date(typed, TODAY) == MEETING


def test_words_for_near_days_are_read() -> None:
    assert [lenient_date(word, TODAY) for word in ("Today", "yesterday", " tomorrow")] == [
        date(2027, 3, 20),
        date(2027, 3, 19),
        date(2027, 3, 21),
    ]


def test_without_a_year_the_nearest_day_is_meant() -> None:
    assert lenient_date("5 January", date(2027, 12, 20)) == date(2028, 1, 5)
    assert lenient_date("20 December", date(2027, 1, 5)) == date(2026, 12, 20)
    assert lenient_date("29 February", date(2027, 12, 20)) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "this is not a day we can read"),
        ("soon", "this is not a day we can read"),
        ("18/3/27 or so", "this is not a day we can read"),
        ("18/3-27", "this is not a day we can read"),
        ("18 ma 2027", "there is no such day"),
        ("18 floreal 2027", "there is no such day"),
        ("3/18/27", "there is no such day"),
        ("30 February 2027", "there is no such day"),
        ("29 February", "there is no such day"),
        ("0/3/27", "there is no such day"),
        ("Friday 18 March 2027", "the day of the week and the date do not agree"),
        ("18 March 2027" + " " * 100 + "x", "this is not a day we can read"),
    ],
)
def test_an_unreadable_day_is_refused_with_the_remedy(typed: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        lenient_date(typed, date(2026, 1, 1), field="decided_on")

    assert str(refusal.value) == (
        f"input: decided_on: {problem}. Write it like 18 March 2027, 18/3/27 or today."
    )


@given(on=st.dates(date(2000, 1, 1), date(2099, 12, 31)), today=st.dates(date(2019, 1, 1), date(2099, 1, 1)))
@settings(max_examples=1_000, deadline=None)
def test_what_is_shown_can_be_typed_back(on: date, today: date) -> None:
    assert lenient_date(day(on), today) == on
    assert lenient_date(on.isoformat(), today) == on
    assert lenient_date(f"{on.day}/{on.month}/{on.year % 100:02}", today) == on


@given(typed=st.text(max_size=80))
@settings(max_examples=1_000, deadline=None)
def test_any_text_is_read_or_refused(typed: str) -> None:
    try:
        lenient_date(typed, TODAY)
    except InvalidInputError as refusal:
        assert "18 March 2027" in str(refusal)  # noqa: PT017 - either outcome is right, nothing else is
