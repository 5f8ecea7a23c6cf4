"""Who holds which office on a day, who stands in for them, and who is in line to be asked.

A `Directory` is a snapshot for one day; its answers change nothing and read nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from plr.domain.rules import OfficeRule
from plr.domain.words import Nation, Office

NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person, as far as offices and answers go. `last_day_on` is the last day in the group."""

    id: int
    code: str
    nation: Nation
    region: str | None = None
    discipline: str | None = None
    member: bool = False
    deputy_id: int | None = None
    last_day_on: date | None = None


@dataclass(frozen=True, slots=True)
class Tenure:
    """An office held from a day to a day, both included; None is an open end."""

    person_id: int
    office: Office
    from_on: date | None = None
    to_on: date | None = None

    def covers(self, on: date) -> bool:
        """Say whether the office is held on this day."""
        return (self.from_on is None or self.from_on <= on) and (self.to_on is None or on <= self.to_on)


@dataclass(frozen=True, slots=True)
class Absence:
    """Leave, both days included; open questions come back on `back_on`, the first working day after."""

    person_id: int
    from_on: date
    to_on: date
    back_on: date
    delegate_id: int | None = None


@dataclass(frozen=True, slots=True)
class InLine:
    """Who is asked, and for whom when not in their own right."""

    person_id: int
    on_behalf_of_id: int | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """The people, offices, leaves and deputies of one day. Holders keep the order of their records."""

    on: date
    offices: Mapping[Office, OfficeRule]
    people: Mapping[int, Colleague]
    tenures: tuple[Tenure, ...] = ()
    absences: tuple[Absence, ...] = ()

    def is_active(self, person_id: int | None) -> bool:
        """Say whether the person is known and has not left."""
        person = None if person_id is None else self.people.get(person_id)
        return person is not None and (person.last_day_on is None or self.on <= person.last_day_on)

    def is_member(self, person_id: int) -> bool:
        """Say whether the person is in the group, with membership of the Association in force."""
        return self.is_active(person_id) and self.people[person_id].member

    def may_vote(self, person_id: int) -> bool:
        """Say whether the person may vote in a meeting: members may (decisions, Roles)."""
        return self.is_member(person_id)

    def holders(self, office: Office) -> tuple[int, ...]:
        """Return who holds an office, the longest recorded first; nobody when it is vacant."""
        held = (
            tenure.person_id
            for tenure in self.tenures
            if tenure.office is office and tenure.covers(self.on) and self.is_active(tenure.person_id)
        )
        return tuple(dict.fromkeys(held))

    def offices_of(self, person_id: int) -> tuple[Office, ...]:
        """Return the offices a person holds."""
        held = (tenure.office for tenure in self.tenures if tenure.person_id == person_id)
        return tuple(office for office in dict.fromkeys(held) if person_id in self.holders(office))

    def absence_of(self, person_id: int) -> Absence | None:
        """Return the leave a person is on."""
        away = (
            absence
            for absence in self.absences
            if absence.person_id == person_id and absence.from_on <= self.on <= absence.to_on
        )
        return next(away, None)

    def line_of(self, office: Office) -> tuple[Office, ...]:
        """Return the office and those next in line for its questions."""
        return (office, *self.offices[office].next_in_line)

    def first_in_line(self, office: Office, *, barred: frozenset[int] = NOBODY) -> InLine | None:
        """Return who is asked a question of this office; None means nobody: it needs attention.

        The holder; on leave, their delegate for the dates; else the next in line (decisions, Roles).
        `barred` are those on the other side of the question: its author, people with an interest,
        people asked another part of it. Somebody barred is not stood in for, named deputies of the
        AoCPP Chair excepted.
        """
        passed_over: set[int] = set()
        for place in self.line_of(office):
            for holder in self.holders(place):
                if holder in passed_over:
                    continue
                if holder not in barred and self.absence_of(holder) is None:
                    return InLine(holder)
                for stand_in in self._stand_ins(place, holder, barred):
                    if self._may_stand_in(place, stand_in, barred):
                        return InLine(stand_in, holder)
                    # A delegation is not passed on: a delegate who is away brings no delegate along.
                    passed_over.add(stand_in)
        return None

    def deputy_of(self, office: Office, holder: int) -> int | None:
        """Return who may answer when the holder is late.

        The Vice-Chair for the Chair's questions, else the named deputy; of the AoCPP Chair never the Chair.
        """
        if office is Office.CHAIR:
            return next((person for person in self.holders(Office.VICE_CHAIR) if person != holder), None)
        deputy = self._named_deputy(holder)
        if self.offices[office].by_named_deputy and deputy in self.holders(Office.CHAIR):
            return None
        return deputy

    def delegate_of(self, person_id: int, office: Office) -> int | None:
        """Return who decides for a person who is on leave, if somebody may."""
        absence = self.absence_of(person_id)
        if absence is None or absence.delegate_id is None:
            return None
        return absence.delegate_id if self._may_stand_in(office, absence.delegate_id, NOBODY) else None

    def may_hold(self, office: Office, asked: InLine, *, barred: frozenset[int] = NOBODY) -> bool:
        """Say whether somebody who was asked may still be: the office held, the delegation in force.

        Somebody on leave may not while their delegate may.
        """
        person, principal = asked.person_id, asked.on_behalf_of_id
        holder = person if principal is None else principal
        places = [place for place in self.line_of(office) if holder in self.holders(place)]
        if not places or person in barred or not self.is_active(person):
            return False
        if principal is None:
            delegate = self.delegate_of(person, office)
            return delegate is None or delegate in barred
        by_deputy = any(self.offices[place].by_named_deputy for place in places)
        if by_deputy and person in self.holders(Office.CHAIR):
            return False
        return (by_deputy or principal not in barred) and self._stands_for(office, person, principal)

    def _stands_for(self, office: Office, person: int, principal: int) -> bool:
        if person in {self._named_deputy(principal), self.deputy_of(office, principal)}:
            return True
        return any(
            absence.person_id == principal
            and absence.delegate_id == person
            and absence.from_on <= self.on <= absence.back_on
            for absence in self.absences
        )

    def _stand_ins(self, place: Office, holder: int, barred: frozenset[int]) -> Iterator[int]:
        absence = self.absence_of(holder)
        if holder not in barred and absence is not None and absence.delegate_id is not None:
            yield absence.delegate_id
        deputy = self._named_deputy(holder)
        if self.offices[place].by_named_deputy and deputy is not None:
            yield deputy

    def _may_stand_in(self, place: Office, person: int, barred: frozenset[int]) -> bool:
        if person in barred or not self.is_active(person) or self.absence_of(person) is not None:
            return False
        return not (self.offices[place].by_named_deputy and person in self.holders(Office.CHAIR))

    def _named_deputy(self, person_id: int) -> int | None:
        deputy = self.people[person_id].deputy_id if person_id in self.people else None
        return deputy if deputy != person_id and self.is_active(deputy) else None
