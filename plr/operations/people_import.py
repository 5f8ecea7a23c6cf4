"""Importing people from a checked file: all or nothing, idempotent by id, never removing (decisions 99)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Person
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.chain import SYSTEM
from plr.domain.codes import NATION_NAMES
from plr.domain.london import london_day
from plr.domain.notices import Welcome
from plr.domain.people_file import FilePerson, FileRole, Known, Sheet, cells_of, check_people
from plr.domain.words import Office, Via
from plr.errors import InvalidInputError, Problem
from plr.operations import audit, notices, people
from plr.operations.people import change_address, keep_role, subject

ADDED, CHANGED, SAME = "added", "changed", "same"


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one person: added, changed (and which columns), or the same."""

    code: str
    name: str
    what: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import does, person by person, and how many welcome letters it sends."""

    people: tuple[FilePerson, ...]
    changes: tuple[Change, ...]
    letters: int


def check(session: Session, sheet: Sheet, *, importer: str | None = None, now: datetime) -> Plan:
    """Return what importing a file would do, changing nothing. Raises InvalidInputError with every fault.

    `importer` is the address of who imports; the first time there are no people yet, and it is
    whoever is secretary in the file.
    """
    rules = rules_of(session)
    today = london_day(now)
    standing = {person.code: person for person in session.scalars(select(Person).order_by(Person.id))}
    known = Known(
        addresses={code: person.email.lower() for code, person in standing.items()},
        left=frozenset(
            code for code, person in standing.items() if person.last_day_on and person.last_day_on < today
        ),
    )
    found = check_people(sheet, rules.regions, rules.terms_on(today).professions, known)
    changes = tuple(_change(standing.get(person.code), person, standing) for person in found)
    added = {change.code for change in changes if change.what == ADDED}
    if not standing:
        added -= {_first_importer(found, sheet.source, importer).code}
    return Plan(found, changes, len(added))


def _change(before: Person | None, person: FilePerson, standing: dict[str, Person]) -> Change:
    if before is None:
        return Change(person.code, person.name, ADDED)
    codes = {known.id: code for code, known in standing.items()}
    then = {
        "name": before.name,
        "email": before.email.lower(),
        "nation": before.nation,
        "region": before.region,
        "discipline": before.discipline,
        "member": before.member,
        "deputy": None if before.deputy_id is None else codes[before.deputy_id],
    }
    columns = [name for name, value in then.items() if getattr(person, name) != value]
    if not set(person.roles) <= set(people.roles_of(before)):
        columns.append("roles")
    return Change(person.code, person.name, CHANGED if columns else SAME, tuple(columns))


def _first_importer(found: Sequence[FilePerson], source: str, importer: str | None) -> FilePerson:
    """Return who imports into an empty database: whoever is secretary in the file."""
    secretaries = [p for p in found if any(role.office is Office.SECRETARY for role in p.roles)]
    named = [p for p in secretaries if importer is None or p.email == importer.strip().lower()]
    if len(named) == 1:
        return named[0]
    remedy = "Give one person the role secretary, or say with --as which of them you are."
    raise InvalidInputError([Problem("roles", "do not say who the secretary is.", remedy)], source)


def save(
    session: Session, sheet: Sheet, *, by: Actor | None, importer: str | None = None, now: datetime
) -> Plan:
    """Import a file, all or nothing, and return what it did. Each person added gets N55, but the importer.

    `by` is None the first time only, when there is nobody yet who could act.
    """
    plan = check(session, sheet, importer=importer, now=now)
    first = session.scalar(select(Person.id).limit(1)) is None
    if by is None and not first:
        raise InvalidInputError([Problem("--as", "is missing.", "Say who you are: --as EMAIL.")])
    if by is not None and not first:
        people.require_keeper(session, by, now=now)
    standing = _write(session, plan, now=now)
    if first:
        by = Actor(standing[_first_importer(plan.people, sheet.source, importer).code].id, Via.CLI)
    if by is None:
        raise AssertionError("Somebody imports.")
    for person, change in zip(plan.people, plan.changes, strict=True):
        _finish(session, standing, person, change, by=by, now=now)
    return plan


def _write(session: Session, plan: Plan, *, now: datetime) -> dict[str, Person]:
    standing = {person.code: person for person in session.scalars(select(Person))}
    for person, change in zip(plan.people, plan.changes, strict=True):
        if change.what == ADDED:
            row = Person(code=person.code, email=person.email, joined_at=now)
            standing[person.code] = row
            session.add(row)
        row = standing[person.code]
        row.name, row.nation, row.region = person.name, person.nation, person.region
        row.discipline, row.member = person.discipline, person.member
        if "email" in change.columns:
            # Two people may exchange their addresses; until both are written nobody has either.
            row.email = f"person-{row.id}@changing.invalid"
    session.flush()
    return standing


def _finish(
    session: Session,
    standing: dict[str, Person],
    person: FilePerson,
    change: Change,
    *,
    by: Actor,
    now: datetime,
) -> None:
    row = standing[person.code]
    row.deputy_id = None if person.deputy is None else standing[person.deputy].id
    if change.what != SAME:
        codes: dict[str, audit.Code] = {"code": person.code, "columns": list(change.columns)}
        audit.record(session, SYSTEM, f"person.{change.what}", subject(row), by=by, now=now, codes=codes)
    if "email" in change.columns:
        change_address(session, row, person.email, by=by, now=now)
    for role in person.roles:
        keep_role(session, row, role, by=by, now=now)
    if change.what == ADDED and row.id != by.person_id:
        labels = tuple(_spoken(session, row, role) for role in person.roles if _is_current(role, now))
        letter = Welcome(given_name=row.given_name, roles=labels)
        notices.queue(session, letter, to=row, cause=f"welcome:{row.id}", now=now)


def _is_current(role: FileRole, now: datetime) -> bool:
    return role.to_on is None or role.to_on >= london_day(now)


def _spoken(session: Session, person: Person, role: FileRole) -> str:
    """Return an office as a letter says it: "data-protection lead", "representative for Wales"."""
    label = rules_of(session).offices[role.office].label
    word = label if label[1:2].isupper() or "AoCPP" in label else label[:1].lower() + label[1:]
    if role.office is not Office.REPRESENTATIVE:
        return word
    return f"{word} for {people.rules_region(session, person.region) or NATION_NAMES[person.nation]}"


def export_rows(session: Session, *, now: datetime) -> list[dict[str, str]]:
    """Return the people who have not left as rows of the people file, which imports back unchanged."""
    regions = rules_of(session).regions
    found = people.listed(session, now=now)
    here = {person.code for person in found}
    by_code = {person.code: person for person in session.scalars(select(Person))}
    return [
        cells_of(
            FilePerson(
                code=person.code,
                name=person.name,
                email=person.email,
                nation=by_code[person.code].nation,
                region=person.region,
                discipline=person.discipline,
                member=person.member,
                roles=tuple(sorted(person.roles, key=lambda role: role.text)),
                deputy=person.deputy if person.deputy in here else None,
            ),
            regions,
        )
        for person in found
    ]
