"""How days, times and deadlines are written for people, and how typed days are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from plr.domain.london import london_time
from plr.errors import CalendarEndsError, InvalidInputError, Problem

if TYPE_CHECKING:  # calendars writes its sentences with this module
    from plr.domain.calendars import Calendar

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

FEW = 5
NOON = 12
ONE_DAY = timedelta(days=1)
ONE_YEAR = timedelta(days=365)
LONGEST_TYPED_DAY = 60
THIS_CENTURY = 2000
SHORTEST_NAME = 3


def day(on: date, *, today: date | None = None, year_shown: bool = False) -> str:
    """Return "Thursday 18 March 2027", or "today" or "yesterday"; without the year if the page shows it."""
    if today is not None and on in {today, today - ONE_DAY}:
        return "today" if on == today else "yesterday"
    return f"{WEEKDAYS[on.weekday()]} {_without_weekday(on, year_shown=year_shown)}"


def short_day(on: date, *, year_shown: bool = True) -> str:
    """Return "Thu 18 March" for side columns and history; with the year if the page does not show it."""
    return f"{WEEKDAYS[on.weekday()][:3]} {_without_weekday(on, year_shown=year_shown)}"


def _without_weekday(on: date, *, year_shown: bool) -> str:
    month = MONTHS[on.month - 1]
    return f"{on.day} {month}" if year_shown else f"{on.day} {month} {on.year}"


def time_of_day(at: time) -> str:
    """Return "10am", "5:30pm", "noon" or "midnight"; seconds are left out."""
    if at.minute == 0 and at.hour % NOON == 0:
        return "noon" if at.hour else "midnight"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % NOON or NOON}{minutes}{'pm' if at.hour >= NOON else 'am'}"


def day_time(instant: datetime, *, today: date | None = None, year_shown: bool = False) -> str:
    """Return "Thursday 18 March 2027, 10am" in London time; needs an aware instant."""
    local = london_time(instant)
    return f"{day(local.date(), today=today, year_shown=year_shown)}, {time_of_day(local.time())}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """Return "1 letter" or "3 letters"; `many` is given where an s is not enough."""
    return f"{n} {one}" if n == 1 else f"{n} {many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def fewer_than_five(n: int) -> str:
    """Return the count of people or cases, or "fewer than 5"."""
    return f"fewer than {FEW}" if n < FEW else str(n)


def statutory_sentence(taken: int, allowed: int) -> str:
    """Return "4 of 5 working days, in time", or how late a submission's own count was (decisions 84)."""
    if taken > allowed:
        return f"{plural(taken - allowed, 'working day')} late"
    return f"{taken} of {plural(allowed, 'working day')}, in time"


@dataclass(frozen=True, slots=True)
class Paused:
    """Since when a clock stands still, and why: words that follow "because"."""

    since: date
    because: str


def clock_sentence(
    calendar: Calendar,
    asked_on: date,
    due_on: date | None,
    today: date,
    *,
    dated: bool = False,
    paused: Paused | None = None,
    follows: str = "",
) -> str:
    """Say where a deadline stands and which days it skips (pages 2, decisions 84).

    `dated` adds the due day, for places that do not show it beside the sentence. Without a due day
    it says what the step follows.
    """
    if paused is not None:
        return f"Paused since {day(paused.since)} because {paused.because.rstrip('. ')}."
    if due_on is None:
        return f"Follows {follows.rstrip('. ')}." if follows else "No date yet."
    due = f", due {day(due_on)}" if dated else ""
    if today > due_on and (late := calendar.working_days_between(due_on, today)):
        return f"{plural(late, 'working day')} late{due}."
    total = calendar.working_days_between(asked_on, due_on)
    done = calendar.working_days_between(asked_on, today)
    skips = _skips(calendar, asked_on, due_on)
    if done < 1:
        begun = "Starts" if today < asked_on else "Asked"
        start = f"{begun} {day(asked_on, today=today, year_shown=asked_on.year == today.year)}"
        length = plural(total, "working day") if total > 0 else "due the same day"
        return f"{start}; {length}{due}. {skips}".rstrip()
    return f"Working day {done} of {total}{due}. {skips or 'No holidays in between.'}"


def counted_sentence(
    calendar: Calendar,
    start: date,
    amount: int,
    unit: Literal["working-days", "days", "months"],
    due_on: date,
) -> str:
    """Say how a due day was counted: back from a day, or forward in days and months, which skip nothing."""
    length = plural(abs(amount), unit.removesuffix("s").replace("-", " "))
    if amount < 0:
        counted = f"{length} before {day(start)} is {day(due_on)}."
    else:
        counted = f"{length} from {day(start)}, due {day(due_on)}."
    if unit == "working-days":
        return f"{counted} {_skips(calendar, start, due_on) or 'No holidays in between.'}"
    return counted + _if_closed(calendar, due_on)


def _if_closed(calendar: Calendar, due_on: date) -> str:
    try:
        why = calendar.why_closed(due_on)
        return f" That is {why}; the next working day is {day(calendar.roll(due_on))}." if why else ""
    except CalendarEndsError:  # a date years ahead is lawful; it is rolled when it comes (decisions 23)
        return ""


def _skips(calendar: Calendar, start: date, end: date) -> str:
    days_by_reason: dict[str, list[str]] = {}
    year_shown = abs(end - start) < ONE_YEAR
    for on, why in calendar.skipped(start, end):
        days_by_reason.setdefault(why, []).append(day(on, year_shown=year_shown))
    reasons = [f"{listed(days)}, {_for(len(days), why)}" for why, days in days_by_reason.items()]
    return f"Skips {', and '.join(reasons)}." if reasons else ""


def _for(n: int, why: str) -> str:
    if n == 1:
        return why
    return re.sub(r"^a (bank holiday|day)\b", r"\1s", why)


_ISO = re.compile(r"(?P<year>[12][0-9]{3})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})")
_NUMBERS = re.compile(
    r"(?P<day>[0-9]{1,2})(?P<mark>[/. -])(?P<month>[0-9]{1,2})((?P=mark)(?P<year>[12][0-9]{3}|[0-9]{2}))?"
)
_WORDS = re.compile(
    r"((?P<weekday>[a-z]+),? )?(?P<day>[0-9]{1,2})(st|nd|rd|th)?( of)? ?(?P<month>[a-z]+)"
    r"(,? (?P<year>[12][0-9]{3}|[0-9]{2}))?"
)


def lenient_date(text: str, today: date, *, field: str = "date") -> date:
    """Read a typed day: 18/3/27, 18 March 2027, 2027-03-18, today, yesterday, tomorrow.

    Day before month, two digits are this century, and without a year the nearest such day is meant.
    """
    words = " ".join(text.casefold().split()) if len(text) <= LONGEST_TYPED_DAY else ""
    near = {"today": today, "yesterday": today - ONE_DAY, "tomorrow": today + ONE_DAY}
    if words in near:
        return near[words]
    found = next((m for form in (_ISO, _NUMBERS, _WORDS) if (m := form.fullmatch(words))), None)
    if found is None:
        raise _unread("this is not a day we can read.", field)
    parts = found.groupdict()
    month = _month(parts["month"])
    days = list(_days_meant(int(parts["day"]), month, parts["year"], today)) if month else []
    if not days:
        raise _unread("there is no such day.", field)
    on = min(days, key=lambda candidate: abs(candidate - today))
    if parts.get("weekday") and not _begins(WEEKDAYS[on.weekday()], parts["weekday"]):
        raise _unread("the day of the week and the date do not agree.", field)
    return on


def _days_meant(day_of_month: int, month: int, year: str | None, today: date) -> Iterator[date]:
    if year is None:
        years = [today.year - 1, today.year, today.year + 1]
    else:
        years = [int(year) + THIS_CENTURY if len(year) == len("27") else int(year)]
    for meant in years:
        try:
            yield date(meant, month, day_of_month)
        except ValueError:
            continue


def _month(word: str) -> int | None:
    if word.isdecimal():
        return int(word)
    return next((n for n, name in enumerate(MONTHS, 1) if _begins(name, word)), None)


def _begins(name: str, typed: str) -> bool:
    return len(typed) >= SHORTEST_NAME and name.casefold().startswith(typed)


def _unread(problem: str, field: str) -> InvalidInputError:
    return InvalidInputError([Problem(field, problem, "Write it like 18 March 2027, 18/3/27 or today.")])
