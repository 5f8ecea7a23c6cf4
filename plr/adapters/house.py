"""Makes the house's letterhead for Word: `python -m plr.adapters.house FILE`.

Run once; looks are then edited in Word. The words in double braces and the mark of the text must stay.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from plr.adapters.word import BODY_MARK

FONT = "Arial"
BRAND = RGBColor(0x0F, 0x4C, 0x5C)
INK = RGBColor(0x11, 0x11, 0x11)
_SIZES = {"Heading 1": 20, "Heading 2": 15, "Heading 3": 12.5}
_UNUSED = frozenset({"stylesWithEffects", "customXml", "thumbnail"})


def make_house(path: Path) -> None:
    """Write the letterhead: styles, head, foot with page numbers, and the mark where the text goes."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin, section.bottom_margin = Cm(3), Cm(2.5)
    _styles(document)
    _head(section.header.paragraphs[0])
    _foot(section.footer)
    document.add_paragraph(BODY_MARK)
    _slim(document)
    document.save(str(path))


def _styles(document: Any) -> None:
    _font(document.styles["Normal"], 11, INK)
    document.styles["Normal"].paragraph_format.space_after = Pt(6)
    for name, size in _SIZES.items():
        style = document.styles[name]
        _font(style, size, BRAND)
        style.font.bold = True
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(14), Pt(4)
    defaults = document.styles.element.find(qn("w:docDefaults"))
    for language in defaults.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")


def _slim(document: Any) -> None:
    """Leave out what the library's blank file brings along and no document of ours uses."""
    for style in list(document.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in {"Normal Table", "Table Grid"}:
            style.delete()
    for rels in (document.part.rels, document.part.package.rels):
        for key in [key for key, rel in rels.items() if rel.reltype.rsplit("/", 1)[-1] in _UNUSED]:
            rels.pop(key)
    document.core_properties.comments = ""


def _font(style: Any, size: float, colour: RGBColor) -> None:
    style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(size), colour
    fonts = style.element.rPr.rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for kind in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(kind), FONT)


def _head(paragraph: Any) -> None:
    group = paragraph.add_run("Practice Learning Review Group")
    group.bold, group.font.color.rgb, group.font.size = True, BRAND, Pt(12)
    paragraph.add_run().add_break()
    paragraph.add_run("Association of Child Protection Professionals").font.size = Pt(9)
    paragraph.add_run().add_break()
    paragraph.add_run("{{ reference }}. {{ classification }}.").font.size = Pt(9)


def _foot(footer: Any) -> None:
    sentence = footer.paragraphs[0]
    sentence.add_run("{{ not_ours }}").font.size = Pt(9)
    line = footer.add_paragraph()
    line.alignment = WD_ALIGN_PARAGRAPH.LEFT
    line.add_run("{{ title }}, {{ reference }}, {{ day }}. Page ").font.size = Pt(9)
    _field(line, "PAGE")
    line.add_run(" of ").font.size = Pt(9)
    _field(line, "NUMPAGES")


def _field(paragraph: Any, instruction: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    run = paragraph.add_run("1")
    run.font.size = Pt(9)
    field.append(run._r)  # noqa: SLF001 - a field wraps the run itself
    paragraph._p.append(field)  # noqa: SLF001 - no public call for fields


if __name__ == "__main__":
    make_house(Path(sys.argv[1]))
