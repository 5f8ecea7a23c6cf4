"""Files of people: spreadsheets, CSV and YAML, read safely and written so that they read back the same."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import python_calamine
import xlsxwriter

from plr.domain.people_file import COLUMNS, Sheet, SheetRow, heading, sheet_of
from plr.errors import InvalidInputError, Problem, TooLargeError, UnreadableInputError
from plr.reading import read_document

MAX_BYTES = 2 * 1024 * 1024
MAX_MEMBERS = 200
MAX_UNPACKED = 20 * 1024 * 1024
MAX_RATIO = 100
MAX_CELLS = 50_000

_KINDS = (".xlsx", ".csv", ".yaml", ".yml", ".json")
_GUARDED = re.compile(r"'[=+\-@\t\r]")
_FORMULA = re.compile(r"[=+\-@\t\r]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DELIMITERS = ",;\t"
_WIDTH = 22


def read_people_file(path: Path) -> Sheet:
    """Read a file of people, never more of it than is allowed. Raises InvalidInputError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        problem = Problem("", "cannot be opened.", "Check its name, and that you may read it.")
        raise InvalidInputError([problem], str(path)) from None
    return read_people(content, str(path))


def read_people(content: bytes, name: str) -> Sheet:
    """Read the people in a file's content; its name says which kind of file it is."""
    if len(content) > MAX_BYTES:
        raise TooLargeError([Problem("", "is too large.", "Shorten it to 2 MB.")], name)
    kind = Path(name).suffix.casefold()
    if kind == ".xlsx":
        return sheet_of(name, _spreadsheet(content, name))
    if kind == ".csv":
        return sheet_of(name, _csv(content, name))
    if kind in _KINDS:
        return _document(content, name)
    raise _unreadable(name, "is not a kind of file we read.", "Save it as .xlsx, .csv or .yaml.")


def people_file(kind: str, rows: Sequence[Mapping[str, str]]) -> bytes:
    """Return people as the content of a file; `kind` is the ending of its name, such as `.csv`."""
    if kind == ".xlsx":
        return _as_spreadsheet(rows)
    if kind == ".csv":
        return _as_csv(rows)
    if kind in {".yaml", ".yml"}:
        return _as_yaml(rows)
    problem = Problem("file", "has an ending we do not write.", "End its name with .xlsx, .csv or .yaml.")
    raise InvalidInputError([problem])


def _spreadsheet(content: bytes, name: str) -> list[list[str]]:
    sound = io.BytesIO(_repacked(content, name))
    try:
        table = python_calamine.CalamineWorkbook.from_filelike(sound).get_sheet_by_index(0)
        if table.height * table.width > MAX_CELLS:
            raise TooLargeError([Problem("", "has too many cells.", "Keep people only.")], name)
        rows = table.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, IndexError, ValueError):
        raise _unreadable(name, "is not a spreadsheet we can read.", "Save it again as .xlsx.") from None
    return [[_cell(value) for value in row] for row in rows]


def _repacked(content: bytes, name: str) -> bytes:
    """Return the same spreadsheet, packed anew from parts of known size, so that no part can burst."""
    packed = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
            for member in _members(old, name):
                part = old.read(member)
                if b"<!DOCTYPE" in part:
                    raise _unreadable(name, "holds a document type.", "Save it again as .xlsx.")
                new.writestr(member.filename, part)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, OSError):
        raise _unreadable(name, "is not a spreadsheet we can read.", "Save it again as .xlsx.") from None
    return packed.getvalue()


def _members(file: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    members = file.infolist()
    unpacked = sum(member.file_size for member in members)
    burst = any(member.file_size > MAX_RATIO * max(member.compress_size, 1) for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED or burst:
        raise TooLargeError([Problem("", "unpacks to more than we read.", "Keep people only.")], name)
    return members


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _csv(content: bytes, name: str) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(name, "is not UTF-8 text.", "Save it as CSV UTF-8.", line) from None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise _unreadable(name, "holds a control character.", "Take it out; write plain text.", line)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise _unreadable(name, "is not CSV we can read.", "Check its quotes, or save it again.") from None
    return [[cell[1:] if _GUARDED.match(cell) else cell for cell in row] for row in rows]


def _document(content: bytes, name: str) -> Sheet:
    document = read_document(content, name)
    people = document.data.get("people")
    if set(document.data) != {"people"} or not isinstance(people, list):
        raise _unreadable(
            name, "is not a list of people.", "Begin with `people:` and one `- {id: …}` each.", 1
        )
    rows, headings, problems = [], dict[str, None](), []
    for at, item in enumerate(people):
        line = document.line_of(("people", at)) or 1
        if not isinstance(item, dict):
            problems.append(Problem(f"people[{at}]", "is not a mapping.", "Write {id: …, name: …}.", line))
            continue
        cells = {heading(key) or key: _scalar(value) for key, value in item.items()}
        problems += [
            Problem(column, "is not plain text.", "Write it on one line, in quotes.", line)
            for column, value in cells.items()
            if value is None
        ]
        headings |= dict.fromkeys(cells)
        rows.append(SheetRow(line, {column: value or "" for column, value in cells.items()}))
    if problems:
        raise InvalidInputError(problems, name)
    return Sheet(name, tuple(headings), tuple(rows))


def _scalar(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "; ".join(value)
    if value is None:
        return ""
    return None if isinstance(value, list | dict) else _cell(value)


def _as_spreadsheet(rows: Sequence[Mapping[str, str]]) -> bytes:
    content = io.BytesIO()
    # Typed as text: nothing in a cell can become a formula, a link or a number (reliability T9).
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet("People")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(COLUMNS) - 1, _WIDTH)
        heading_format = book.add_format({"bold": True})
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name, heading_format)
            for at, row in enumerate(rows, 1):
                sheet.write_string(at, column, row[name])
    return content.getvalue()


def _as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([f"'{row[name]}" if _FORMULA.match(row[name]) else row[name] for name in COLUMNS])
    return text.getvalue().encode("utf-8-sig")


def _as_yaml(rows: Sequence[Mapping[str, str]]) -> bytes:
    lines = ["people:"]
    for row in rows:
        # JSON's quoted text is YAML's too, so that no name is read as a number or a word.
        pairs = (f"{name}: {json.dumps(row[name], ensure_ascii=False)}" for name in COLUMNS if row[name])
        lines.append(f"- {{{', '.join(pairs)}}}")
    return ("\n".join(lines) + "\n").encode()


def _unreadable(name: str, problem: str, remedy: str, line: int | None = None) -> UnreadableInputError:
    return UnreadableInputError([Problem("", problem, remedy, line)], name)
