"""The directory of a day, read from the records; and finding one person."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import Interest, Leave, Person, Role
from plr.db.session import rules_of
from plr.domain.people import Absence, Colleague, Directory, Tenure
from plr.domain.words import Office
from plr.errors import NotFoundError


def load(session: Session, *, on: date) -> Directory:
    """Return the snapshot of people, offices, leaves and deputies for a day in London."""
    rules = rules_of(session)
    people = session.scalars(select(Person).order_by(Person.id)).all()
    roles = session.scalars(select(Role).order_by(Role.id)).all()
    leaves = session.scalars(select(Leave).where(Leave.ended_at.is_(None)).order_by(Leave.id)).all()
    return Directory(
        on=on,
        offices=rules.offices,
        people={
            person.id: Colleague(
                id=person.id,
                code=person.code,
                nation=person.nation,
                region=person.region,
                discipline=person.discipline,
                member=person.member,
                deputy_id=person.deputy_id,
                last_day_on=person.last_day_on,
            )
            for person in people
        },
        tenures=tuple(Tenure(role.person_id, role.office, role.from_on, role.to_on) for role in roles),
        absences=tuple(
            Absence(
                person_id=leave.person_id,
                from_on=leave.from_on,
                to_on=leave.to_on,
                back_on=rules.calendar.next_working_day(leave.to_on),
                delegate_id=leave.delegate_id,
            )
            for leave in leaves
        ),
    )


def person(session: Session, person_id: int) -> Person:
    """Return a person, or say that there is none."""
    found = session.get(Person, person_id)
    if found is None:
        raise NotFoundError("There is no such person. Look in the list of people.")
    return found


def by_email(session: Session, address: str) -> Person | None:
    """Return who has this address, written in any case; None for a stranger."""
    wanted = address.strip().lower()
    return session.scalars(select(Person).where(func.lower(Person.email) == wanted)).one_or_none()


def holders(session: Session, office: Office, on: date) -> list[Person]:
    """Return who holds an office on a day, the longest recorded first."""
    return [person(session, held_by) for held_by in load(session, on=on).holders(office)]


def interested(session: Session, reference: str) -> frozenset[int]:
    """Return who declared an interest in a case: out of the item, its letters and its pages."""
    return frozenset(session.scalars(select(Interest.person_id).where(Interest.reference == reference)))
