"""Importing people: all or nothing, idempotent by id, a welcome for each person added."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Notice, Person
from plr.db.session import Database
from plr.domain.actors import Actor
from plr.domain.people_file import COLUMNS, FileRole, Sheet, sheet_of
from plr.domain.words import Office, Via
from plr.errors import InvalidInputError, NotEligibleError
from plr.operations import people, people_import
from tests.factories import AMARA, GARETH, JOAN, SUNITA, add_people, at

NOW = at("2027-01-04", 10)
SECRETARY = Actor(JOAN, Via.CLI)

CHAIR = ("P01", "Amara Okafor", "p01@example.org", "england", "", "medicine", "yes", "chair", "P02")
VICE = ("P02", "Gareth Pugh", "p02@example.org", "england", "", "social work", "yes", "vice_chair", "")
SEC = ("P03", "Joan Whitfield", "p03@example.org", "england", "", "", "no", "secretary", "")


def people_sheet(*rows: tuple[str, ...]) -> Sheet:
    return sheet_of("people.csv", [COLUMNS, *rows])


def changed(row: tuple[str, ...], **cells: str) -> tuple[str, ...]:
    return tuple(cells.get(name, cell) for name, cell in zip(COLUMNS, row, strict=True))


@pytest.fixture
def session(database: Database) -> Generator[Session]:
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def staffed(session: Session) -> Session:
    add_people(session)
    return session


def import_(session: Session, *rows: tuple[str, ...], by: Actor | None = None) -> people_import.Plan:
    return people_import.save(session, people_sheet(*rows), by=by, now=NOW)


def letters(session: Session, code: str) -> list[str]:
    return list(session.scalars(select(Notice.address).where(Notice.code == code).order_by(Notice.address)))


def count(session: Session, table: type[object]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def what(plan: people_import.Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.code, change.what, change.columns) for change in plan.changes]


def test_the_first_import_welcomes_everybody_but_the_secretary_who_imports(session: Session) -> None:
    plan = import_(session, CHAIR, VICE, SEC)
    assert plan.letters == 2
    assert letters(session, "N55") == ["p01@example.org", "p02@example.org"]
    joan = session.scalars(select(Person).where(Person.code == "P03")).one()
    actors = set(session.scalars(select(AuditEntry.actor).where(AuditEntry.event == "person.added")))
    assert actors == {f"person:{joan.id}"}


def test_an_import_keeps_roles_deputies_and_membership(session: Session) -> None:
    import_(session, changed(CHAIR, roles="chair:2027-01-01; editorial"), VICE, SEC)
    amara = session.scalars(select(Person).where(Person.code == "P01")).one()
    assert (amara.member, amara.discipline, amara.given_name) == (True, "medicine", "Amara")
    assert people.roles_of(amara) == (
        FileRole(Office.CHAIR, date(2027, 1, 1)),
        FileRole(Office.EDITORIAL),
    )
    assert amara.deputy_id is not None
    assert session.get_one(Person, amara.deputy_id).code == "P02"


def test_a_welcome_names_the_roles_as_people_say_them(session: Session) -> None:
    lead = changed(VICE, roles="data_protection_lead; representative", region="Yorkshire")
    import_(session, CHAIR, lead, SEC)
    fields = session.scalars(select(Notice.fields).where(Notice.address == "p02@example.org")).one()
    assert fields["roles"] == ["data-protection lead", "representative for Yorkshire and The Humber"]


def test_the_same_file_again_changes_nothing_and_writes_to_nobody(session: Session) -> None:
    import_(session, CHAIR, VICE, SEC)
    before = count(session, AuditEntry)
    joan = session.scalars(select(Person.id).where(Person.code == "P03")).one()
    plan = import_(session, CHAIR, VICE, SEC, by=Actor(joan, Via.CLI))
    assert {change.what for change in plan.changes} == {"same"}
    assert (plan.letters, count(session, AuditEntry), count(session, Notice)) == (0, before, 2)


def test_a_changed_row_changes_that_person_and_shows_the_columns(staffed: Session) -> None:
    row = (
        "P06",
        "Sunita Rao-Jones",
        "p06@example.org",
        "england",
        "East Midlands",
        "medicine",
        "yes",
        "representative; liaison_lead",
        "",
    )
    plan = import_(staffed, row, by=SECRETARY)
    assert what(plan) == [("P06", "changed", ("name", "region", "roles"))]
    sunita = staffed.get_one(Person, SUNITA)
    assert (sunita.name, sunita.region) == ("Sunita Rao-Jones", "E12000004")
    assert [role.office for role in sunita.roles] == [Office.REPRESENTATIVE, Office.LIAISON_LEAD]


def test_nobody_and_no_role_is_removed_by_a_file_that_leaves_them_out(staffed: Session) -> None:
    before = count(staffed, Person)
    import_(staffed, changed(VICE, roles=""), by=SECRETARY)
    assert count(staffed, Person) == before
    assert [role.office for role in staffed.get_one(Person, GARETH).roles] == [Office.VICE_CHAIR]


def test_new_dates_of_a_role_take_the_place_of_the_old_ones(staffed: Session) -> None:
    import_(staffed, changed(VICE, roles="vice_chair::2027-06-30"), by=SECRETARY)
    assert people.roles_of(staffed.get_one(Person, GARETH)) == (
        FileRole(Office.VICE_CHAIR, None, date(2027, 6, 30)),
    )


def test_two_people_exchange_their_addresses_in_one_file(staffed: Session) -> None:
    amara = changed(CHAIR, email="p02@example.org", discipline="nursing and midwifery")
    import_(staffed, amara, changed(VICE, email="p01@example.org"), by=SECRETARY)
    emails = [staffed.get_one(Person, number).email for number in (AMARA, GARETH)]
    assert emails == ["p02@example.org", "p01@example.org"]


def test_one_bad_row_and_nothing_is_saved(staffed: Session) -> None:
    new = ("P20", "Una New", "p20@example.org", "england", "", "", "no", "", "")
    with pytest.raises(InvalidInputError, match="member"):
        import_(staffed, new, changed(VICE, member="perhaps"), by=SECRETARY)
    assert staffed.scalar(select(Person.id).where(Person.code == "P20")) is None
    assert letters(staffed, "N55") == []


def test_checking_a_file_changes_nothing(staffed: Session) -> None:
    new = ("P20", "Una New", "p20@example.org", "england", "", "", "no", "", "")
    plan = people_import.check(staffed, people_sheet(new, changed(VICE, name="Gareth P")), now=NOW)
    assert what(plan) == [("P20", "added", ()), ("P02", "changed", ("name",))]
    assert plan.letters == 1
    staffed.flush()
    assert staffed.scalar(select(Person.id).where(Person.code == "P20")) is None
    assert staffed.get_one(Person, GARETH).name == "Gareth Pugh"


def test_the_first_file_must_say_who_the_secretary_is(session: Session) -> None:
    with pytest.raises(InvalidInputError, match="do not say who the secretary is"):
        import_(session, CHAIR, VICE)
    assert count(session, Person) == 0


def test_only_the_secretary_imports(staffed: Session) -> None:
    new = ("P20", "Una New", "p20@example.org", "england", "", "", "no", "", "")
    with pytest.raises(NotEligibleError):
        import_(staffed, new, by=Actor(SUNITA, Via.CLI))


def test_an_export_imports_back_unchanged(staffed: Session) -> None:
    rows = people_import.export_rows(staffed, now=NOW)
    assert len(rows) == count(staffed, Person)
    # The invented representatives of these tests have no region; the file wants one.
    table = [
        COLUMNS,
        *([row[name] for name in COLUMNS] for row in rows if row["id"] not in {"P06", "P07", "P08"}),
    ]
    plan = people_import.check(staffed, sheet_of("people.csv", table), now=NOW)
    assert {change.what for change in plan.changes} == {"same"}
