"""The people file: what each row may hold, and what is said about a row that may not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plr.domain.codes import Region, Regions
from plr.domain.people_file import (
    COLUMNS,
    FilePerson,
    FileRole,
    Known,
    Sheet,
    cells_of,
    check_people,
    sheet_of,
)
from plr.domain.words import Nation, Office
from plr.errors import InvalidInputError

REGIONS = Regions(
    (
        Region("E12000003", Nation.ENGLAND, "Yorkshire and The Humber", also=("Yorkshire",)),
        Region("E12000004", Nation.ENGLAND, "East Midlands"),
        Region("W92000004", Nation.WALES, "Wales"),
    )
)
PROFESSIONS = ("nursing and midwifery", "medicine", "social work")
GOOD = {
    "id": "P06",
    "name": "Sunita Rao",
    "email": "p06@example.org",
    "nation": "england",
    "region": "East Midlands",
    "discipline": "medicine",
    "member": "yes",
    "roles": "representative:2027-01-01:2027-12-31; peer_supporter",
    "deputy": "",
}


def sheet(*rows: dict[str, str]) -> Sheet:
    return sheet_of("people.csv", [COLUMNS, *([row[name] for name in COLUMNS] for row in rows)])


def read(*rows: dict[str, str], known: Known | None = None) -> tuple[FilePerson, ...]:
    return check_people(sheet(*rows), REGIONS, PROFESSIONS, known)


def faults(*rows: dict[str, str], known: Known | None = None) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        read(*rows, known=known)
    return [problem.sentence("people.csv") for problem in refused.value.problems]


def test_a_good_row_becomes_a_person() -> None:
    assert read(GOOD) == (
        FilePerson(
            code="P06",
            name="Sunita Rao",
            email="p06@example.org",
            nation=Nation.ENGLAND,
            region="E12000004",
            discipline="medicine",
            member=True,
            roles=(
                FileRole(Office.PEER_SUPPORTER),
                FileRole(Office.REPRESENTATIVE, date(2027, 1, 1), date(2027, 12, 31)),
            ),
            deputy=None,
        ),
    )


def test_spelling_is_taken_as_it_is_meant() -> None:
    spelt = {
        **GOOD,
        "email": " P06@Example.ORG ",
        "nation": "England",
        "region": "east midlands",
        "discipline": "Medicine",
        "member": "Yes",
        "roles": "Vice-Chair; peer supporter",
    }
    (person,) = read(spelt)
    assert (person.email, person.region, person.discipline) == ("p06@example.org", "E12000004", "medicine")
    assert [role.office for role in person.roles] == [Office.PEER_SUPPORTER, Office.VICE_CHAIR]


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        ("id", "", "people.csv:2: id: is missing. "),
        ("id", "P 06", "people.csv:2: id: is missing or has other characters. "),
        ("name", "", "people.csv:2: name: is missing. Write given name and family name."),
        ("name", "Rao\x07", "people.csv:2: name: is not a name we can print. "),
        ("name", "p06@example.org", "people.csv:2: name: is not a name we can print. "),
        ("email", "p07@", "people.csv:2: email: is not a whole e-mail address. "),
        ("email", "a@b.org\nBcc: c@d.org", "people.csv:2: email: is not a whole e-mail address. "),
        ("nation", "scotlnd", "people.csv:2: nation: is not one of the four nations. Did you mean scotland?"),
        (
            "region",
            "East Midland",
            "people.csv:2: region: is not a region of England. Did you mean East Midlands?",
        ),
        (
            "region",
            "Humber",
            "people.csv:2: region: is not a region of England. Did you mean Yorkshire and The Humber?",
        ),
        ("region", "Wales", "people.csv:2: region: is not a region of England. "),
        ("region", "", "people.csv:2: region: is missing. Write the region this person represents."),
        (
            "discipline",
            "medecine",
            "people.csv:2: discipline: is not a profession we know. Did you mean medicine?",
        ),
        ("discipline", "", "people.csv:2: discipline: is missing. A member has one: "),
        ("member", "perhaps", "people.csv:2: member: is neither yes nor no. "),
        ("roles", "secretry", "people.csv:2: roles: name a role we do not know. Did you mean secretary?"),
        (
            "roles",
            "chair:31/12/2027",
            "people.csv:2: roles: hold a day we cannot read. Write days like 2027-09-30.",
        ),
        ("roles", "chair:2027-02-30", "people.csv:2: roles: hold a day we cannot read. "),
        ("roles", "chair:2027-02-01:2027-01-01", "people.csv:2: roles: end before they begin. "),
        ("roles", "chair:2027-01-01:2027-02-01:x", "people.csv:2: roles: have too many colons. "),
        ("roles", "chair; chair:2027-01-01", "people.csv:2: roles: name chair twice for the same days. "),
        ("deputy", "P99", "people.csv:2: deputy: is not the id of anybody we know. "),
        ("deputy", "P06", "people.csv:2: deputy: is the person themselves. "),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column_with_what_to_write(
    column: str, cell: str, sentence: str
) -> None:
    (found,) = faults({**GOOD, column: cell})
    assert found.startswith(sentence)
    assert len(cell) < 4 or column in {"region", "roles"} or cell not in found


def test_every_fault_of_every_row_is_named_at_once() -> None:
    bad = {**GOOD, "id": "P07", "email": "x", "member": "?"}
    found = faults({**GOOD, "nation": "mars", "region": ""}, bad)
    assert [sentence.split(": ")[:2] for sentence in found] == [
        ["people.csv:2", "nation"],
        ["people.csv:2", "region"],
        ["people.csv:3", "email"],
        ["people.csv:3", "member"],
    ]


def test_two_people_share_neither_id_nor_address() -> None:
    again = {**GOOD, "name": "Tom Ellery"}
    assert faults(GOOD, again) == ["people.csv:3: id: is the same as in row 2. Give each their own."]
    assert faults(GOOD, {**again, "id": "P07"}) == [
        "people.csv:3: email: is the same as in row 2. Each person needs their own address."
    ]


def test_an_address_of_somebody_outside_the_file_is_refused() -> None:
    (found,) = faults(GOOD, known=Known({"P09": "p06@example.org"}))
    assert "is the address of somebody who is not in this file" in found


def test_two_people_may_exchange_their_addresses() -> None:
    other = {**GOOD, "id": "P07", "email": "old06@example.org"}
    known = Known({"P06": "old06@example.org", "P07": "p06@example.org"})
    assert [person.email for person in read(GOOD, other, known=known)] == [
        "p06@example.org",
        "old06@example.org",
    ]


def test_somebody_who_has_left_is_not_imported_again() -> None:
    (found,) = faults(GOOD, known=Known({"P06": "p06@example.org"}, frozenset({"P06"})))
    assert found.startswith("people.csv:2: id: is somebody who has left the group.")


def test_a_deputy_may_be_known_already() -> None:
    (person,) = read({**GOOD, "deputy": "P02"}, known=Known({"P02": "p02@example.org"}))
    assert person.deputy == "P02"


def test_headings_are_found_in_any_spelling_and_unknown_ones_are_named() -> None:
    table = [
        ["", ""],
        ["ID", "Name", "E-Mail", "Nation", "Member", "emial"],
        ["P1", "A B", "a@b.org", "wales", "no", ""],
    ]
    with pytest.raises(InvalidInputError) as refused:
        check_people(sheet_of("p.csv", table), REGIONS, PROFESSIONS)
    assert str(refused.value) == "p.csv:2: emial: is not a column we know. Did you mean email?"


def test_a_missing_column_and_an_empty_file_are_said() -> None:
    with pytest.raises(InvalidInputError, match=r"p\.csv:1: member: is a column that is missing\."):
        check_people(sheet_of("p.csv", [["id", "name", "email", "nation"]]), REGIONS, PROFESSIONS)
    with pytest.raises(InvalidInputError, match=r"p\.csv: The file holds nobody\."):
        check_people(sheet_of("p.csv", [list(COLUMNS)]), REGIONS, PROFESSIONS)


names = st.text(st.characters(categories=["L", "N"], include_characters=" -'"), min_size=1, max_size=30)
days = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))


@st.composite
def people(draw: st.DrawFn) -> FilePerson:
    first, last = draw(days), draw(days)
    if first and last and last < first:
        first, last = last, first
    name = "A" + draw(names).strip()
    return FilePerson(
        code="P1",
        name=" ".join(name.split()),
        email="p1@example.org",
        nation=Nation.ENGLAND,
        region=draw(st.sampled_from(["E12000003", "E12000004"])),
        discipline=draw(st.sampled_from(PROFESSIONS)),
        member=draw(st.booleans()),
        roles=(FileRole(draw(st.sampled_from(Office)), first, last),),
        deputy=None,
    )


@given(people())
def test_a_person_written_as_a_row_reads_back_the_same(person: FilePerson) -> None:
    (again,) = read(cells_of(person, REGIONS))
    assert again.roles == person.roles
    assert (again.region, again.discipline, again.member) == (person.region, person.discipline, person.member)
