"""Files of people: spreadsheets, CSV and YAML read back what was written, and bursts are refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from plr.adapters.people_files import MAX_BYTES, people_file, read_people, read_people_file
from plr.domain.people_file import COLUMNS
from plr.errors import InvalidInputError, TooLargeError, UnreadableInputError

ROWS = [
    {
        "id": "P01",
        "name": "Amara Okafor",
        "email": "p01@example.org",
        "nation": "england",
        "region": "",
        "discipline": "nursing and midwifery",
        "member": "yes",
        "roles": "chair:2027-01-01; editorial",
        "deputy": "P02",
    },
    {
        "id": "1e3",
        "name": '=HYPERLINK("http://evil.example")',
        "email": "p02@example.org",
        "nation": "wales",
        "region": "+Wales",
        "discipline": "@law, and more",
        "member": "no",
        "roles": "-x",
        "deputy": "yes",
    },
]


def spreadsheet(rows: list[list[object]]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(at, column, value)
    return content.getvalue()


def with_member(content: bytes, name: str, part: bytes, *, copies: int = 1) -> bytes:
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as file:
        for at in range(copies):
            file.writestr(f"{name}{at}", part)
    return packed.getvalue()


@pytest.mark.parametrize("kind", [".xlsx", ".csv", ".yaml"])
def test_what_is_written_reads_back_the_same(kind: str) -> None:
    sheet = read_people(people_file(kind, ROWS), f"people{kind}")
    assert [{name: row.cells.get(name, "") for name in COLUMNS} for row in sheet.rows] == ROWS


def test_no_cell_of_a_csv_file_can_become_a_formula() -> None:
    text = people_file(".csv", ROWS).decode("utf-8-sig")
    for cell in ("'=HYPERLINK", "'+Wales", "'@law", "'-x"):
        assert cell in text
    assert "\n=" not in text
    assert ",=" not in text


def test_no_cell_of_a_spreadsheet_is_a_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(people_file(".xlsx", ROWS))) as file:
        parts = b"".join(file.read(name) for name in file.namelist())
    assert b"<f>" not in parts
    assert b"<hyperlink" not in parts


def test_rows_are_numbered_as_people_see_them() -> None:
    sheet = read_people(b"\nid,name\n\nP01,Amara Okafor\n", "people.csv")
    assert [(row.number, dict(row.cells)) for row in sheet.rows] == [
        (4, {"id": "P01", "name": "Amara Okafor"})
    ]


def test_numbers_days_and_yes_of_a_spreadsheet_become_text() -> None:
    sheet = read_people(spreadsheet([["id", "member", "name"], [7, True, "A B"]]), "people.xlsx")
    assert dict(sheet.rows[0].cells) == {"id": "7", "member": "yes", "name": "A B"}


def test_semicolons_and_tabs_divide_too() -> None:
    for mark in ";\t":
        sheet = read_people(f"id{mark}name\nP01{mark}A B\n".encode(), "people.csv")
        assert dict(sheet.rows[0].cells) == {"id": "P01", "name": "A B"}


def test_roles_may_be_a_list_in_yaml_and_a_row_is_named_by_its_line() -> None:
    text = b"people:\n  - id: P01\n    member: true\n    roles: [chair, editorial]\n"
    sheet = read_people(text, "people.yaml")
    assert dict(sheet.rows[0].cells) == {"id": "P01", "member": "yes", "roles": "chair; editorial"}
    assert sheet.rows[0].number == 2


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"PK\x03\x04 nonsense", "p.xlsx", "p.xlsx: is not a spreadsheet we can read. "),
        (b"", "p.xlsx", "p.xlsx: is not a spreadsheet we can read. "),
        (b"id,name\nP01,Am\xe9lie\n", "p.csv", "p.csv:2: is not UTF-8 text. Save it as CSV UTF-8."),
        (b"id,name\nP01,A\x00B\n", "p.csv", "p.csv:2: holds a control character. "),
        (b'id,name\nP01,"A B\n', "p.csv", "p.csv: is not CSV we can read. "),
        (b"id: P01", "p.yaml", "p.yaml:1: is not a list of people. "),
        (b"people: []\nmore: 1", "p.yaml", "p.yaml:1: is not a list of people. "),
        (b"people: [P01]", "p.yaml", "p.yaml:1: people[0]: is not a mapping. "),
        (b"people: [{id: {a: b}}]", "p.yaml", "p.yaml:1: id: is not plain text. "),
        (b"people: [&a {id: P01}, *a]", "p.yaml", "p.yaml:1: uses an anchor or alias (& or *). "),
        (b"anything", "p.exe", "p.exe: is not a kind of file we read. "),
    ],
)
def test_an_unreadable_file_is_refused_with_a_remedy(content: bytes, name: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_people(content, name)
    assert str(refused.value).startswith(sentence)


def test_a_file_of_more_than_two_megabytes_is_refused_before_it_is_opened() -> None:
    with pytest.raises(TooLargeError, match="is too large"):
        read_people(b"x" * (MAX_BYTES + 1), "p.csv")


@pytest.mark.parametrize(
    ("part", "copies"), [(b"\0" * 5_000_000, 1), (b"x", 250)], ids=["a part that bursts", "too many parts"]
)
def test_a_spreadsheet_that_unpacks_to_more_than_allowed_is_refused(part: bytes, copies: int) -> None:
    content = with_member(spreadsheet([["id"]]), "xl/extra", part, copies=copies)
    with pytest.raises(TooLargeError, match="unpacks to more than we read"):
        read_people(content, "p.xlsx")


def test_a_document_type_in_a_spreadsheet_is_refused() -> None:
    content = with_member(spreadsheet([["id"]]), "xl/extra.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>')
    with pytest.raises(UnreadableInputError, match="document type"):
        read_people(content, "p.xlsx")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be opened"):
        read_people_file(tmp_path / "none.csv")


def test_another_ending_is_not_written() -> None:
    with pytest.raises(InvalidInputError, match=r"End its name with \.xlsx, \.csv or \.yaml"):
        people_file(".pdf", ROWS)
