"""London time, also on the two nights when the clocks change."""

from datetime import UTC, date, datetime, time

import pytest

from plr.domain.london import london_day, london_instant


def test_late_on_a_summer_evening_it_is_already_tomorrow_in_london() -> None:
    assert london_day(datetime(2027, 7, 1, 23, 30, tzinfo=UTC)) == date(2027, 7, 2)
    assert london_day(datetime(2027, 1, 1, 23, 30, tzinfo=UTC)) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("day", "at", "instant"),
    [
        (date(2027, 1, 5), time(8, 30), datetime(2027, 1, 5, 8, 30, tzinfo=UTC)),
        (date(2027, 7, 5), time(8, 30), datetime(2027, 7, 5, 7, 30, tzinfo=UTC)),
        (date(2027, 3, 28), time(0, 59), datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        (date(2027, 3, 28), time(1, 30), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        (date(2027, 3, 28), time(2, 0), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        (date(2027, 10, 31), time(1, 30), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        (date(2027, 10, 31), time(2, 0), datetime(2027, 10, 31, 2, 0, tzinfo=UTC)),
    ],
)
def test_a_london_time_is_one_instant_on_both_nights_the_clocks_change(
    day: date, at: time, instant: datetime
) -> None:
    assert london_instant(day, at) == instant


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        london_day(datetime(2027, 7, 1, 12))  # noqa: DTZ001 - the naive instant is what is tested
