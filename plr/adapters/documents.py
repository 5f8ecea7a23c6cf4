"""Documents: one text for page and Word file, from one Markdown template a kind (decisions 61)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from plr.adapters.document_text import rendered, to_html
from plr.adapters.word import set_into_house
from plr.domain.documents import NOT_ADVICE, NOT_OURS, fields_of
from plr.domain.outputs import Classification, OutputKind

__all__ = ["render_text", "to_docx", "to_html"]


def render_text(kind: OutputKind, fields: Mapping[str, Any], *, templates_dir: Path) -> str:
    """Return a document's text as Markdown; `templates_dir` is the folder templates/documents.

    `fields` are the stored fields of the kind (plr/domain/documents.py); raises ValueError for others,
    InvalidConfigError when a template that was edited cannot be rendered.
    """
    values = {"document": fields_of(kind, fields), "not_ours": NOT_OURS, "not_advice": NOT_ADVICE}
    return rendered(templates_dir, f"{kind.value}.md", values | {"title": kind.heading})


def to_docx(
    text: str,
    *,
    reference: str,
    title: str,
    classification: Classification,
    day: date,
    written_at: datetime,
    templates_dir: Path,
) -> bytes:
    """Return a document's text as a Word file in the house's letterhead; the same input, the same bytes.

    `day` is the London day in the foot, `written_at` the record's time (aware), which every time inside
    the file is set to. Raises InvalidConfigError when the letterhead is missing or lost its mark.
    """
    return set_into_house(
        text,
        house=templates_dir / "house.docx",
        reference=reference,
        title=title,
        classification=classification,
        day=day,
        written_at=written_at,
    )
