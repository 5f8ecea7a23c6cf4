"""People as pages name them: by name and office, profession and region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Person
from plr.db.session import rules_of
from plr.domain.london import london_day
from plr.domain.people import Directory
from plr.domain.rules import Rules
from plr.domain.words import Office
from plr.operations import directory
from plr.web.parts import Option


@dataclass(frozen=True)
class People:
    """Everybody we know, with the offices of a day."""

    directory: Directory
    persons: dict[int, Person]
    rules: Rules

    def name(self, person_id: int | None) -> str:
        """Return a person's name."""
        found = None if person_id is None else self.persons.get(person_id)
        return "Somebody" if found is None else found.name

    def titled(self, person_id: int | None) -> str:
        """Return "Amara Okafor, Chair", or the name alone of somebody without an office."""
        label = "" if person_id is None else self.office_label(person_id)
        return f"{self.name(person_id)}, {label}" if label else self.name(person_id)

    def office_label(self, person_id: int) -> str:
        """Return the first office of a person, as it is shown."""
        held = [
            office for office in self.directory.offices_of(person_id) if office is not Office.PEER_SUPPORTER
        ]
        return self.rules.offices[held[0]].label if held else ""

    def described(self, person_id: int) -> str:
        """Return "Marcus Bell, law, Yorkshire and the Humber"."""
        person = self.persons[person_id]
        region = None if person.region is None else self.rules.regions.find(person.region)
        words = [person.name, person.discipline or "", "" if region is None else region.name]
        return ", ".join(word for word in words if word)

    def members(self) -> list[Person]:
        """Return the members of the day, by name."""
        found = [person for person in self.persons.values() if self.directory.is_member(person.id)]
        return sorted(found, key=lambda person: person.name)

    def options(self, people: list[Person]) -> list[Option]:
        """Return people to choose from."""
        return [Option(str(person.id), self.described(person.id)) for person in people]


def load(session: Session, *, now: datetime) -> People:
    """Return everybody, as of the day in London."""
    return on_day(session, london_day(now))


def on_day(session: Session, on: date) -> People:
    """Return everybody, as of a day."""
    persons = {person.id: person for person in session.scalars(select(Person).order_by(Person.id))}
    return People(directory.load(session, on=on), persons, rules_of(session))
