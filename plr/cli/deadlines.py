"""`plr deadline`: a deadline worked out and explained."""

from __future__ import annotations

from typing import Literal

from plr import clock, settings
from plr.cli.context import Json, about
from plr.cli.showing import console, print_json
from plr.domain import calendars
from plr.domain.london import london_day
from plr.domain.wording import lenient_date

Place = Literal["england-and-wales", "england", "wales", "scotland", "northern-ireland"]


def deadline(
    start: str, days: int, *, nation: Place, unit: calendars.Unit = "working-days", json: Json = False
) -> None:
    """Work out a deadline: the day of the start is day 0.

    Parameters
    ----------
    start
        The day it begins, such as 2027-03-18.
    days
        How many; fewer than none counts back.
    nation
        Whose bank holidays.
    unit
        What is counted.
    """
    loaded = settings.load()
    calendar = settings.load_rules(loaded).calendars[calendars.CALENDAR_OF_NATION[nation]]
    with about("plr deadline"):
        began = lenient_date(start, london_day(clock.now()), field="START")
        found = calendars.deadline(began, days, unit, calendar)
    if json:
        skipped = [{"on": on, "why": why} for on, why in found.skipped]
        print_json({"due_on": found.due_on, "skipped": skipped, "sentence": found.sentence})
    else:
        console().print(found.sentence, markup=False, soft_wrap=True)
