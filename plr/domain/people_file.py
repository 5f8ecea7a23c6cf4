"""The file people are imported from: each row checked, every fault named by row and column (decisions 99).

Columns: id, name, email, nation, region, discipline, member (yes or no), roles
(`role[:from[:to]]; …`) and deputy (an id). Every cell is text; what a cell held is never repeated.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from plr.domain.checks import MOST_PROBLEMS, is_address
from plr.domain.codes import NATION_NAMES, Regions
from plr.domain.fields import nearest, shown_key
from plr.domain.words import Nation, Office
from plr.errors import InvalidInputError, Problem

COLUMNS = ("id", "name", "email", "nation", "region", "discipline", "member", "roles", "deputy")
REQUIRED = ("id", "name", "email", "nation", "member")
MOST_ROWS = 1000
LONGEST_NAME = 100

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")
_YES_NO = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
_ROLE_PARTS = 3


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its number in the file, from 1, and its cells by column."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of people as text: where it came from, its headings, its rows. Blank rows are left out."""

    source: str
    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    heading_row: int = 1


@dataclass(frozen=True, slots=True, order=True)
class FileRole:
    """An office with its first and last day, both included; None is an open end."""

    office: Office
    from_on: date | None = None
    to_on: date | None = None

    @property
    def text(self) -> str:
        """The role as the file writes it, such as `secretary::2027-09-30`."""
        days = [self.from_on, self.to_on]
        while days and days[-1] is None:
            days.pop()
        return ":".join([self.office.value, *("" if on is None else on.isoformat() for on in days)])


@dataclass(frozen=True, slots=True)
class FilePerson:
    """A person as the file describes them. `code` is the file's id; `region` an ONS code."""

    code: str
    name: str
    email: str
    nation: Nation
    region: str | None
    discipline: str | None
    member: bool
    roles: tuple[FileRole, ...]
    deputy: str | None
    row: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Known:
    """What the records hold already: the address of each id, and who has left."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    left: frozenset[str] = frozenset()


def heading(text: str) -> str:
    """Return the column a heading means: in any case, with or without dashes and spaces."""
    return re.sub(r"[^a-z]", "", text.casefold())


def check_people(
    sheet: Sheet, regions: Regions, professions: Sequence[str], known: Known | None = None
) -> tuple[FilePerson, ...]:
    """Return the people of a file. Raises InvalidInputError with every fault of every row."""
    known = known or Known()
    form = _Form(regions, professions, known, {row.cells.get("id", "").strip() for row in sheet.rows})
    form.headings(sheet)
    if not form.problems:
        form.size(sheet)
    people = [] if form.problems else [form.person(row) for row in sheet.rows]
    if not form.problems:
        form.alone(people)
    if form.problems:
        raise InvalidInputError(_first(form.problems), sheet.source)
    return tuple(people)


def _first(problems: Sequence[Problem]) -> list[Problem]:
    found = sorted(problems, key=lambda problem: (problem.line or 0, _column(problem.field)))
    if len(found) <= MOST_PROBLEMS:
        return found
    return [*found[:MOST_PROBLEMS], Problem("", "There are more faults than these.", "Mend these first.")]


def _column(name: str) -> int:
    return COLUMNS.index(name) if name in COLUMNS else len(COLUMNS)


class _Form:
    def __init__(
        self, regions: Regions, professions: Sequence[str], known: Known, codes: Iterable[str]
    ) -> None:
        self.regions = regions
        self.professions = {profession.casefold(): profession for profession in professions}
        self.known = known
        self.codes = {*codes, *known.addresses} - {""}
        self.problems: list[Problem] = []

    def fault(self, row: int | None, column: str, problem: str, remedy: str) -> None:
        self.problems.append(Problem(column, problem, remedy, row))

    def headings(self, sheet: Sheet) -> None:
        row = sheet.heading_row
        for name in sheet.headings:
            if name not in COLUMNS:
                near = nearest(name, COLUMNS)
                remedy = f"Did you mean {near}?" if near else f"Use {', '.join(COLUMNS)}."
                self.fault(row, shown_key(name), "is not a column we know.", remedy)
        for name in sorted({name for name in sheet.headings if sheet.headings.count(name) > 1}):
            self.fault(row, name, "is a column twice.", "Keep one of the two.")
        for name in REQUIRED:
            if name not in sheet.headings:
                self.fault(
                    row, name, "is a column that is missing.", f"Add it; needed: {', '.join(REQUIRED)}."
                )

    def size(self, sheet: Sheet) -> None:
        if not sheet.rows:
            self.fault(None, "", "The file holds nobody.", "Write one row for each person.")
        if len(sheet.rows) > MOST_ROWS:
            self.fault(None, "", f"The file has more than {MOST_ROWS} rows.", "Import it in parts.")

    def person(self, row: SheetRow) -> FilePerson:
        cells = {name: unicodedata.normalize("NFC", row.cells.get(name, "")).strip() for name in COLUMNS}
        nation = self.nation(row.number, cells["nation"])
        member = self.yes_no(row.number, cells["member"])
        person = FilePerson(
            code=self.code(row.number, cells["id"]),
            name=self.name(row.number, cells["name"]),
            email=self.address(row.number, cells["email"]),
            nation=nation or Nation.ENGLAND,
            region=self.region(row.number, cells["region"], nation),
            discipline=self.discipline(row.number, cells["discipline"]),
            member=member,
            roles=self.roles(row.number, cells["roles"]),
            deputy=self.deputy(row.number, cells["deputy"], cells["id"]),
            row=row.number,
        )
        if member and not cells["discipline"]:
            remedy = f"A member has one: {', '.join(self.professions.values())}."
            self.fault(row.number, "discipline", "is missing.", remedy)
        represents = any(role.office is Office.REPRESENTATIVE for role in person.roles)
        if represents and not cells["region"]:
            self.fault(row.number, "region", "is missing.", "Write the region this person represents.")
        return person

    def code(self, row: int, text: str) -> str:
        if not _ID.fullmatch(text):
            remedy = "Write up to 20 letters, digits, dots or dashes, such as P20; it never changes."
            self.fault(row, "id", "is missing or has other characters." if text else "is missing.", remedy)
        elif text in self.known.left:
            self.fault(row, "id", "is somebody who has left the group.", "Take the row out, or use a new id.")
        return text

    def name(self, row: int, text: str) -> str:
        if not text:
            self.fault(row, "name", "is missing.", "Write given name and family name.")
        elif len(text) > LONGEST_NAME or not text.isprintable() or "@" in text:
            self.fault(
                row, "name", "is not a name we can print.", f"Write it plainly, up to {LONGEST_NAME} letters."
            )
        return text

    def address(self, row: int, text: str) -> str:
        if not is_address(text):
            self.fault(row, "email", "is not a whole e-mail address.", "Write one, like name@example.org.")
        return text.lower()

    def nation(self, row: int, text: str) -> Nation | None:
        plain = "-".join(text.casefold().replace("-", " ").split())
        if plain in set(Nation):
            return Nation(plain)
        self._choose(row, "nation", text, tuple(Nation), "is not one of the four nations.")
        return None

    def region(self, row: int, text: str, nation: Nation | None) -> str | None:
        if not text:
            return None
        found = self.regions.find(text, nation)
        if found is not None:
            return found.code
        offered = self.regions.all if nation is None else self.regions.of_nation(nation)
        where = "" if nation is None else f" of {NATION_NAMES[nation]}"
        self._choose(row, "region", text, [region.name for region in offered], f"is not a region{where}.")
        return None

    def discipline(self, row: int, text: str) -> str | None:
        if not text:
            return None
        found = self.professions.get(" ".join(text.casefold().split()))
        if found is None:
            self._choose(
                row, "discipline", text, list(self.professions.values()), "is not a profession we know."
            )
        return found

    def yes_no(self, row: int, text: str) -> bool:
        if text.casefold() not in _YES_NO:
            self.fault(
                row, "member", "is neither yes nor no.", "Write yes for a member of the group, else no."
            )
        return _YES_NO.get(text.casefold(), False)

    def roles(self, row: int, text: str) -> tuple[FileRole, ...]:
        found = [self._role(row, part.strip()) for part in text.split(";") if part.strip()]
        roles = [role for role in found if role is not None]
        for at, role in enumerate(roles):
            if any(other.office is role.office and _overlap(other, role) for other in roles[:at]):
                self.fault(
                    row, "roles", f"name {role.office.value} twice for the same days.", "Keep one of the two."
                )
        return tuple(sorted(roles, key=lambda role: (role.office.value, role.from_on or date.min)))

    def _role(self, row: int, text: str) -> FileRole | None:
        name, *days = (part.strip() for part in text.split(":"))
        word = re.sub(r"[\s-]+", "_", name.casefold())
        if word not in set(Office):
            self._choose(row, "roles", word, tuple(Office), "name a role we do not know.")
            return None
        if len(days) >= _ROLE_PARTS:
            self.fault(row, "roles", "have too many colons.", "Write role:from:to, such as chair:2027-01-01.")
            return None
        try:
            from_on, to_on = [date.fromisoformat(day) if day else None for day in [*days, "", ""][:2]]
        except ValueError:
            self.fault(row, "roles", "hold a day we cannot read.", "Write days like 2027-09-30.")
            return None
        if from_on is not None and to_on is not None and to_on < from_on:
            self.fault(row, "roles", "end before they begin.", "Write the first day, then the last.")
            return None
        return FileRole(Office(word), from_on, to_on)

    def deputy(self, row: int, text: str, own: str) -> str | None:
        if text and text == own:
            self.fault(
                row, "deputy", "is the person themselves.", "Write somebody else's id, or leave it empty."
            )
        elif text and (text not in self.codes or text in self.known.left):
            remedy = "Write the id of somebody in this file or in the group, or leave it empty."
            self.fault(row, "deputy", "is not the id of anybody we know.", remedy)
        return text or None

    def alone(self, people: Sequence[FilePerson]) -> None:
        """Every person has an id and an address of their own."""
        rows: dict[str, int] = {}
        mail: dict[str, int] = {}
        for person in people:
            if person.code in rows:
                self.fault(
                    person.row, "id", f"is the same as in row {rows[person.code]}.", "Give each their own."
                )
            elif person.email in mail:
                problem = f"is the same as in row {mail[person.email]}."
                self.fault(person.row, "email", problem, "Each person needs their own address.")
            rows.setdefault(person.code, person.row)
            mail.setdefault(person.email, person.row)
        kept = {address: code for code, address in self.known.addresses.items() if code not in rows}
        for person in people:
            if person.email in kept:
                problem = "is the address of somebody who is not in this file."
                self.fault(
                    person.row, "email", problem, "Each person needs their own; or use that person's id."
                )

    def _choose(self, row: int, column: str, text: str, choices: Sequence[str], problem: str) -> None:
        if not text:
            self.fault(row, column, "is missing.", f"Write {', '.join(choices)}.")
            return
        near = nearest(text, choices) or nearest(text.replace("-", " "), choices)
        near = near or next((choice for choice in choices if text.casefold() in choice.casefold()), None)
        self.fault(row, column, problem, f"Did you mean {near}?" if near else f"Write {', '.join(choices)}.")


def _overlap(one: FileRole, other: FileRole) -> bool:
    return (one.from_on or date.min) <= (other.to_on or date.max) and (other.from_on or date.min) <= (
        one.to_on or date.max
    )


def sheet_of(source: str, table: Sequence[Sequence[str]]) -> Sheet:
    """Return the sheet of a table of text cells whose first row that is not blank holds the headings."""
    rows = [(number, cells) for number, cells in enumerate(table, 1) if any(cell.strip() for cell in cells)]
    if not rows:
        return Sheet(source, (), ())
    top, names = rows[0]
    headings = tuple(heading(name) or name.strip() for name in _without_blank_end(names))
    return Sheet(
        source,
        headings,
        tuple(SheetRow(number, dict(zip(headings, cells, strict=False))) for number, cells in rows[1:]),
        top,
    )


def _without_blank_end(cells: Sequence[str]) -> Sequence[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def cells_of(person: FilePerson, regions: Regions) -> dict[str, str]:
    """Return the row that describes a person, cell by cell: reading it again gives the same person."""
    region = next((region.name for region in regions.all if region.code == person.region), person.region)
    return {
        "id": person.code,
        "name": person.name,
        "email": person.email,
        "nation": person.nation.value,
        "region": region or "",
        "discipline": person.discipline or "",
        "member": "yes" if person.member else "no",
        "roles": "; ".join(role.text for role in person.roles),
        "deputy": person.deputy or "",
    }
