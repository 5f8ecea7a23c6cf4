"""A text set into the house's Word letterhead: headings, paragraphs, lists and tables only (decisions 61)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from docx.document import Document
from docx.oxml import OxmlElement
from docx.text.paragraph import Paragraph
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it.token import Token

from plr.adapters.document_text import tokens_of
from plr.domain.documents import NOT_OURS
from plr.domain.outputs import Classification
from plr.domain.wording import day as day_in_words
from plr.errors import InvalidConfigError, Problem

BODY_MARK = "The text stands here."
_AUTHOR = "Practice Learning Review Group"
_LISTS = {"bullet_list_open": "List Bullet", "ordered_list_open": "List Number"}
_DEEPEST_HEADING = 3
_FIRST = "[Content_Types].xml"


def set_into_house(
    text: str,
    *,
    house: Path,
    reference: str,
    title: str,
    classification: Classification,
    day: date,
    written_at: datetime,
) -> bytes:
    """Return the Word file. Head and foot are rendered first, so the text is never template source."""
    if written_at.tzinfo is None:
        raise ValueError("A document needs the aware instant of its record.")
    if not zipfile.is_zipfile(house):
        raise _house_fault("The letterhead is missing or no Word file.")
    template = DocxTemplate(house)
    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    shown = {
        "reference": reference,
        "title": title,
        "classification": classification.label,
        "day": day_in_words(day),
        "not_ours": NOT_OURS,
    }
    try:
        template.render(shown, jinja_env=environment, autoescape=True)
    except TemplateError:
        raise _house_fault("The letterhead holds words in braces that are not known.") from None
    document = template.docx  # get_docx would read the template anew
    _Setter(document).set(tokens_of(text))
    _describe(document, title=title, reference=reference, written_at=written_at)
    raw = io.BytesIO()
    document.save(raw)
    return _repacked(raw.getvalue(), written_at)


class _Setter:
    """Sets tokens as paragraphs and tables in front of the mark, then takes the mark away."""

    def __init__(self, document: Document) -> None:
        self._document = document
        marks = [one for one in document.paragraphs if one.text == BODY_MARK]
        if not marks:
            raise _house_fault(f"The letterhead has lost the line: {BODY_MARK}")
        self._mark = marks[0]
        self._number = 0

    def set(self, tokens: Sequence[Token]) -> None:
        lists: list[str] = []
        walk = iter(tokens)
        for token in walk:
            if token.type in _LISTS:
                lists.append(_LISTS[token.type])
                if token.type == "ordered_list_open":
                    self._number = self._new_numbering()
            elif token.type in {"bullet_list_close", "ordered_list_close"}:
                lists.pop()
            elif token.type == "heading_open":
                level = min(int(token.tag[1]), _DEEPEST_HEADING)
                self._paragraph(next(walk), f"Heading {level}")
            elif token.type == "paragraph_open":
                self._item(next(walk), lists)
            elif token.type == "table_open":
                self._table(list(_until(walk, "table_close")))
        self._mark._p.getparent().remove(self._mark._p)  # noqa: SLF001 - python-docx has no call to remove one

    def _item(self, inline: Token, lists: list[str]) -> None:
        paragraph = self._paragraph(inline, lists[-1] if lists else "Normal")
        if lists and lists[-1] == "List Number":
            properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001 - no public call
            properties.get_or_add_ilvl().val = 0
            properties.get_or_add_numId().val = self._number

    def _new_numbering(self) -> int:
        """Return a numbering of its own for a list, so that each begins at 1."""
        style = self._document.styles["List Number"]
        numbering = self._document.part.numbering_part.element
        used = style.element.pPr.numPr.numId.val
        new = numbering.add_num(numbering.num_having_numId(used).abstractNumId.val)
        new.add_lvlOverride(ilvl=0).add_startOverride(1)
        return int(new.numId)

    def _paragraph(self, inline: Token, style: str) -> Paragraph:
        paragraph = self._mark.insert_paragraph_before(style=style)
        _fill(paragraph, inline)
        return paragraph

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[list[Token]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(token)
        table = self._document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, inline in zip(row.cells, cells, strict=True):
                _fill(cell.paragraphs[0], inline, bold=row is table.rows[0] or cells is rows[0])
        head = table.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001 - no public call for a head row
        head.append(OxmlElement("w:tblHeader"))
        self._mark._p.addprevious(table._tbl)  # noqa: SLF001 - tables are made at the end and moved
        self._mark.insert_paragraph_before(style="Normal")


def _fill(paragraph: Paragraph, inline: Token, *, bold: bool = False) -> None:
    strong, emphasised = int(bold), 0
    for child in inline.children or []:
        if child.type in {"strong_open", "strong_close"}:
            strong += child.nesting
        elif child.type in {"em_open", "em_close"}:
            emphasised += child.nesting
        else:
            run = paragraph.add_run()
            run.bold, run.italic = bool(strong) or None, bool(emphasised) or None
            run.add_text(" " if child.type in {"softbreak", "hardbreak"} else child.content)


def _until(walk: Iterator[Token], kind: str) -> Iterator[Token]:
    for token in walk:
        if token.type == kind:
            return
        yield token


def _house_fault(problem: str) -> InvalidConfigError:
    remedy = "Put back the letterhead that came with the program, or correct it in Word."
    return InvalidConfigError(
        [Problem(field="", problem=problem, remedy=remedy)], "templates/documents/house.docx"
    )


def _describe(document: Document, *, title: str, reference: str, written_at: datetime) -> None:
    at = written_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties: Any = document.core_properties
    properties.title, properties.subject = title, reference
    properties.author = properties.last_modified_by = _AUTHOR
    properties.created = properties.modified = at
    properties.comments = properties.keywords = properties.category = ""
    properties.language, properties.revision = "en-GB", 1


def _repacked(raw: bytes, written_at: datetime) -> bytes:
    """Return the same archive in one order with one time, uncompressed: packers of others may change."""
    at = written_at.astimezone(UTC)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(packed, "w") as after:
        for name in sorted(before.namelist(), key=lambda name: (name != _FIRST, name)):
            entry = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            after.writestr(entry, before.read(name))
    return packed.getvalue()
