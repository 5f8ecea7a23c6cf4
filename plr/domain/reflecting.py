"""Who may reflect on a case, and when the reflections are enough (decisions, One process, row 4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from plr.domain.rules import CommissioningRule


@dataclass(frozen=True, slots=True)
class Reflector:
    """One candidate: profession and region decide whether a choice is lawful."""

    person_id: int
    discipline: str | None
    region: str | None


def faults(chosen: Sequence[Reflector], region: str, rule: CommissioningRule) -> list[str]:
    """Say what is missing in a choice of reflectors; nothing when it is lawful."""
    found = []
    if len(chosen) < rule.minimum_reflectors:
        found.append(f"Choose at least {rule.minimum_reflectors} people.")
    professions = {person.discipline for person in chosen if person.discipline}
    if len(professions) < rule.minimum_professions:
        found.append(f"Choose at least {rule.minimum_professions} professions.")
    others = [person for person in chosen if person.region and person.region != region]
    if len(others) < rule.minimum_other_regions:
        found.append("Choose at least one person of another region.")
    return found


def preset(candidates: Sequence[Reflector], region: str, rule: CommissioningRule) -> list[int]:
    """Return a lawful choice to begin with: new professions first, other regions first; [] if none is."""
    # Somebody without a region counts for no other region: they come after those who do.
    ordered = sorted(candidates, key=lambda person: (person.region in {None, region}, person.person_id))
    chosen: list[Reflector] = []
    for wants_new in (True, False):
        for person in ordered:
            if len(chosen) >= rule.minimum_reflectors:
                break
            new = person.discipline and person.discipline not in {other.discipline for other in chosen}
            if person not in chosen and (new or not wants_new):
                chosen.append(person)
    return [] if faults(chosen, region, rule) else [person.person_id for person in chosen]


def state(asked: Collection[str], due_on: date | None, today: date, rule: CommissioningRule) -> str:
    """Return "waiting", "enough" or "too-few" for the reflections' states.

    On when all are in, or when the day has passed and enough are in. A conflict or a release takes a
    person out of the count of those awaited.
    """
    inside = sum(1 for word in asked if word == "in")
    awaited = sum(1 for word in asked if word == "asked")
    if awaited == 0:
        return "enough" if inside >= rule.enough_when_due else "too-few"
    if due_on is not None and today > due_on:
        return "enough" if inside >= rule.enough_when_due else "too-few"
    return "waiting"
