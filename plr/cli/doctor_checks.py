"""What `plr doctor` looks at on this machine: packages, clock, disk, calendars, the home."""

from __future__ import annotations

import shutil
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import packages_distributions
from pathlib import Path

import holidays

from plr.domain.calendars import Calendar, add_months
from plr.domain.london import LONDON
from plr.domain.wording import day, listed, plural
from plr.settings import Settings

_PACKAGES = ("flows", "tasks", "plr")
_SUBDIVISIONS = {"england-and-wales": "ENG", "scotland": "SCT", "northern-ireland": "NIR"}
_WARN_MONTHS = 13
_FREE_PERCENT = 10
_FRIDAY = 4
_SHARED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs"}
_MOUNTS = Path("/proc/mounts")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it passed, what was found, and what to do. A remedy beside `ok` is a warning."""

    check: str
    ok: bool
    detail: str
    remedy: str = ""


def packages() -> Finding:
    """Look whether another package has put its own `flows` or `tasks` in our place."""
    owners = packages_distributions()
    ours = set(owners.get("plr", []))
    strangers = sorted({owner for name in _PACKAGES for owner in owners.get(name, []) if owner not in ours})
    if not strangers:
        return Finding("packages", ok=True, detail="No other package is in the way.")
    remedy = f"Use an environment of its own for this program, or remove {listed(strangers)}."
    return Finding("packages", ok=False, detail="Another package brings `flows` or `tasks`.", remedy=remedy)


def time_zone() -> Finding:
    """Look whether London's time is known here."""
    try:
        zoneinfo.ZoneInfo(LONDON.key)
    except zoneinfo.ZoneInfoNotFoundError:
        remedy = "Install the package tzdata."
        return Finding("time zone", ok=False, detail="London's time is not known here.", remedy=remedy)
    return Finding("time zone", ok=True, detail="London's time is known.")


def disk(loaded: Settings) -> Finding:
    """Look how much room is left where the home is."""
    folder = next(path for path in (loaded.home, *loaded.home.parents) if path.exists())
    usage = shutil.disk_usage(folder)
    percent = round(100 * usage.free / usage.total)
    ok = percent >= _FREE_PERCENT
    remedy = "" if ok else "Free some space, Prefect's history first."
    return Finding("disk", ok=ok, detail=f"{percent} % of the disk is free.", remedy=remedy)


def local_disk(database_url: str, mounts: Path = _MOUNTS) -> Finding:
    """Look whether the SQLite file lies on a disk of this machine: on a share its locks do not hold."""
    name = "database disk"
    if not database_url.startswith("sqlite:///"):
        return Finding(name, ok=True, detail="The database is a server of its own.")
    file = Path(database_url.removeprefix("sqlite:///")).absolute()
    kind = _file_system(file, mounts)
    if kind in _SHARED:
        remedy = "Put PLR_HOME on a disk of this machine, or use PostgreSQL."
        return Finding(name, ok=False, detail="The database lies on a network share.", remedy=remedy)
    return Finding(name, ok=True, detail="The database lies on a disk of this machine.")


def _file_system(file: Path, mounts: Path) -> str:
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux: nothing is known, so nothing is claimed
        return ""
    points = {parts[1]: parts[2] for line in lines if len(parts := line.split()) > 2}  # noqa: PLR2004 - device, point, kind
    return next((points[str(folder)] for folder in file.parents if str(folder) in points), "")


def bank_holidays(calendars: Iterable[Calendar], today: date) -> list[Finding]:
    """Compare our bank holidays with another source, every year of ours, and say when they end.

    The last year is compared too: an official list that is half filled looks complete otherwise.
    """
    kept = list(calendars)
    wrong = [
        f"{calendar.place}: {', '.join(_differences(calendar))}"
        for calendar in kept
        if _differences(calendar)
    ]
    ends = min(date(calendar.last_year, 12, 31) for calendar in kept)
    near = today >= add_months(ends, -_WARN_MONTHS)
    remedy = "Copy the official list anew into config/bank-holidays.json."
    compared = Finding(
        "bank holidays",
        ok=not wrong,
        detail=f"Different from the package `holidays`: {'; '.join(wrong)}."
        if wrong
        else f"The same as the package `holidays` knows, {_years(kept)}.",
        remedy=remedy if wrong else "",
    )
    return [
        compared,
        Finding(
            "bank holidays end",
            ok=ends > today,
            detail=f"Bank holidays are known until {day(ends)}.",
            remedy=remedy if near else "",
        ),
    ]


def _differences(calendar: Calendar) -> list[str]:
    years = range(calendar.first_year, calendar.last_year + 1)
    known = holidays.country_holidays("GB", subdiv=_SUBDIVISIONS[calendar.name], years=years)
    different = set(known) ^ set(calendar.holidays)
    # A holiday on a weekend closes nothing; one list names it, the other only its substitute.
    return [on.isoformat() for on in sorted(different) if on.weekday() <= _FRIDAY]


def _years(kept: list[Calendar]) -> str:
    years = {(calendar.first_year, calendar.last_year) for calendar in kept}
    return listed(f"{first} to {last}" for first, last in sorted(years))


def offices(vacant: list[str], people: int) -> Finding:
    """Say whether every office that must be filled is."""
    if not people:
        remedy = "Add them: plr people import FILE."
        return Finding("people", ok=False, detail="There are no people yet.", remedy=remedy)
    if vacant:
        remedy = "Give somebody the role: plr people role EMAIL ROLE."
        return Finding("people", ok=False, detail=f"Nobody is {listed(vacant)}.", remedy=remedy)
    return Finding(
        "people", ok=True, detail=f"{plural(people, 'person', 'people')}; every needed office is filled."
    )
