"""Working days of the three bank-holiday calendars, deadlines, and the hours letters may leave.

The day of the trigger is day 0 and the next working day is day 1, also when the trigger is no
working day. Outside the years with data every sum raises: bank holidays are never guessed.
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Literal

from plr.domain.london import london_instant, london_time
from plr.domain.wording import clock_sentence, counted_sentence
from plr.errors import CalendarEndsError, InvalidConfigError, InvalidInputError, Problem

Unit = Literal["working-days", "days", "months"]

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "england-and-wales": "England and Wales",
        "scotland": "Scotland",
        "northern-ireland": "Northern Ireland",
    }
)
CALENDAR_OF_NATION: Mapping[str, str] = MappingProxyType(
    {"england": "england-and-wales", "wales": "england-and-wales", **{name: name for name in PLACES}}
)

OPENS = time(8)
CLOSES = time(18)
MORNING = time(8, 30)

ONE_DAY = timedelta(days=1)
SATURDAY = 5
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of one place, for the years first_year to last_year."""

    name: str
    holidays: Mapping[date, str] = field(hash=False)
    first_year: int
    last_year: int
    extra_closed_days: frozenset[date] = frozenset()

    @property
    def place(self) -> str:
        """The place as people call it, such as England and Wales."""
        return PLACES[self.name]

    def is_working_day(self, on: date) -> bool:
        """Say whether this is a working day here."""
        return self.why_closed(on) is None

    def why_closed(self, on: date) -> str | None:
        """Say why this is no working day ("a Sunday"), or None if it is one."""
        self._check_known(on)
        if on.weekday() >= SATURDAY:
            return "a Saturday" if on.weekday() == SATURDAY else "a Sunday"
        if on in self.holidays:
            return f"a bank holiday in {self.place}"
        if on in self.extra_closed_days:
            return "a day the Association is closed"
        return None

    def add_working_days(self, start: date, n: int) -> date:
        """Return the n-th working day after start, or before it when n is negative; start itself for 0."""
        on, step = start, ONE_DAY if n > 0 else -ONE_DAY
        for _ in range(abs(n)):
            on += step
            while not self.is_working_day(on):
                on += step
        return on

    def next_working_day(self, on: date) -> date:
        """Return the first working day after this day."""
        return self.add_working_days(on, 1)

    def roll(self, on: date) -> date:
        """Return this day if it is a working day, else the next one."""
        return on if self.is_working_day(on) else self.next_working_day(on)

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after start up to and with end; negative when end is earlier.

        It undoes add_working_days: from start to n working days later is n.
        """
        if end < start:
            return -sum(map(self.is_working_day, _days(end, start)))
        return sum(map(self.is_working_day, _days(start + ONE_DAY, end + ONE_DAY)))

    def skipped(self, start: date, end: date, *, weekends: bool = False) -> list[tuple[date, str]]:
        """List the closed days strictly between two days with the reason; weekends only if wanted."""
        first, last = min(start, end), max(start, end)
        closed = ((on, self.why_closed(on)) for on in _days(first + ONE_DAY, last))
        return [(on, why) for on, why in closed if why and (weekends or on.weekday() < SATURDAY)]

    def _check_known(self, on: date) -> None:
        if not self.first_year <= on.year <= self.last_year:
            missing = "later" if on.year > self.last_year else "earlier"
            raise CalendarEndsError(
                f"The bank holidays of {self.place} are known for {self.first_year} to {self.last_year} "
                f"only. Put the {missing} years into config/bank-holidays.json."
            )


def calendars_from(
    json_document: Mapping[str, Any], extra_closed_days: Iterable[date] = ()
) -> dict[str, Calendar]:
    """Return the three calendars by name, from the official document; the extra days close all three."""
    extra = frozenset(extra_closed_days)
    return {name: _calendar(name, json_document, extra) for name in PLACES}


def _calendar(name: str, json_document: Mapping[str, Any], extra: frozenset[date]) -> Calendar:
    try:
        events = json_document[name]["events"]
        holidays = {date.fromisoformat(event["date"]): str(event["title"]) for event in events}
        years = [on.year for on in holidays]
        return Calendar(name, MappingProxyType(holidays), min(years), max(years), extra)
    except (KeyError, TypeError, ValueError):
        problem = Problem(
            name,
            "the bank holidays cannot be read.",
            "Copy the official list again: events, each with a title and a date like 2027-05-03.",
        )
        raise InvalidConfigError([problem], "config/bank-holidays.json") from None


def add_months(start: date, months: int) -> date:
    """Return the same day some months later (or earlier); the month's last day where it is shorter."""
    year, month = divmod(start.year * MONTHS_A_YEAR + start.month - 1 + months, MONTHS_A_YEAR)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("The year is outside what dates can hold.")
    return date(year, month + 1, min(start.day, gregorian.monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due day, the closed days the count left out, and the sentence that explains both."""

    due_on: date
    skipped: tuple[tuple[date, str], ...]
    sentence: str


def deadline(
    start: date,
    amount: int,
    unit: Unit,
    calendar: Calendar,
    *,
    today: date | None = None,
    weekends: bool = False,
) -> Deadline:
    """Work out a deadline; negative amounts count back. Only working days skip anything.

    The sentence counts up to `today`, or to the due day when no day is given. `weekends` adds
    Saturdays and Sundays to `skipped`, never to the sentence.
    """
    due_on = _due_on(start, amount, unit, calendar)
    if unit != "working-days":
        return Deadline(due_on, (), counted_sentence(calendar, start, amount, unit, due_on))
    skipped = tuple(calendar.skipped(start, due_on, weekends=weekends))
    if amount <= 0:
        return Deadline(due_on, skipped, counted_sentence(calendar, start, amount, unit, due_on))
    sentence = clock_sentence(calendar, start, due_on, today or due_on, dated=True)
    return Deadline(due_on, skipped, sentence)


def _due_on(start: date, amount: int, unit: Unit, calendar: Calendar) -> date:
    try:
        if unit == "working-days":
            return calendar.add_working_days(start, amount)
        return start + timedelta(days=amount) if unit == "days" else add_months(start, amount)
    except OverflowError:
        problem = Problem("days", "the number is too large.", "Give a smaller one.")
        raise InvalidInputError([problem]) from None


def earliest_send(
    instant: datetime,
    calendar: Calendar,
    *,
    any_hour: bool,
    opens: time = OPENS,
    closes: time = CLOSES,
    morning: time = MORNING,
) -> datetime:
    """Return when a letter may leave, in UTC: at once in the reader's working hours, else in a morning.

    The hours are London's, from `opens` up to but without `closes`; the calendar is the reader's.
    """
    local = london_time(instant)
    if any_hour:
        return instant.astimezone(UTC)
    day, clock = local.date(), local.time()
    if not calendar.is_working_day(day) or clock >= closes:
        return london_instant(calendar.next_working_day(day), morning)
    return instant.astimezone(UTC) if clock >= opens else london_instant(day, morning)


def _days(first: date, end: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((end - first).days))
