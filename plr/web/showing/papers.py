"""Texts to be read: the same text as the Word file, as blocks; and what changed between two of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from markdown_it.token import Token
from sqlalchemy.orm import Session

from plr.adapters.document_text import paragraphs, tokens_of
from plr.adapters.documents import render_text
from plr.db.models import Case, Position
from plr.db.session import rules_of
from plr.domain.documents import POSITION_WORDS
from plr.domain.london import london_day
from plr.domain.outputs import OutputKind
from plr.operations import documents, positions
from plr.operations.positions import PositionText
from plr.web.parts import Block, Change, Fact, Paper, Piece, Redline

ONLY_THIS_TEXT = "Your answer is about this text only; if it changes, we ask you again."
_WORD = re.compile(r"\s+|\S+")
_SAME = 0.4


def document_blocks(kind: OutputKind, fields: Mapping[str, Any], templates: Path) -> tuple[Block, ...]:
    """Return a document's text as blocks, without its heading."""
    blocks = list(_blocks(tokens_of(render_text(kind, fields, templates_dir=templates / "documents"))))
    return tuple(blocks[1:] if blocks and blocks[0].kind == "heading" else blocks)


def review_paper(
    session: Session,
    case: Case,
    content: Mapping[str, Any],
    *,
    narrative: bool,
    templates: Path,
    now: datetime,
) -> Paper:
    """Return what was submitted: the coded answers, and the story when it may be read."""
    fields = documents.summary_fields(session, case, content, now=now)
    blocks = document_blocks(OutputKind.SUMMARY, fields, templates)
    told = str(content.get("narrative", "")) if narrative else ""
    if told:
        story = (Block("text", paragraph) for paragraph in paragraphs(told))
        blocks = (*blocks, Block("heading", "In their own words"), *story)
    return Paper(f"Review {case.reference}", blocks)


def narrative_paper(text: str) -> Paper:
    """Return the story alone, for the one who checks it."""
    note = "The screen found nothing. It misses names and rare circumstances; that is why a person reads it."
    return Paper("In their own words", tuple(Block("text", line) for line in paragraphs(text)), note=note)


def position_paper(session: Session, position: Position, *, heading: str) -> Paper:
    """Return a version of the group's position as people read it."""
    return Paper(
        heading,
        position_blocks(session, position),
        version=f"Version {position.version}",
        on=london_day(position.written_at),
    )


def position_blocks(session: Session, position: Position) -> tuple[Block, ...]:
    """Return what a version of a position says, under its headings."""
    return text_blocks(session, positions.text_of(position))


def text_blocks(session: Session, text: PositionText) -> tuple[Block, ...]:
    """Return what a position says, under its headings."""
    codes = rules_of(session).codes
    themes = tuple(codes.label("themes", theme) for theme in text.themes)
    blocks = [
        Block("heading", "What the group thinks"),
        Block("text", POSITION_WORDS[text.value]),
        Block("heading", "Points"),
        Block("bullets", entries=text.points) if text.points else Block("text", "None."),
        Block("heading", "Seen differently"),
        Block("text", text.dissent or "Nobody saw it differently."),
    ]
    if themes:
        blocks += [Block("heading", "Themes"), Block("bullets", entries=themes)]
    elsewhere = [
        *(["Proposed as a learning item."] if text.for_learning else []),
        *(["Kept for the next letter to the National Panel."] if text.for_panel else []),
    ]
    if elsewhere:
        blocks += [Block("heading", "Where else it goes"), Block("bullets", entries=tuple(elsewhere))]
    return tuple(blocks)


def redline(before: Sequence[Block], after: Sequence[Block], note: str) -> Redline | None:
    """Return the changed paragraphs under their headings; nothing when nothing changed."""
    old, new = list(_flat(before)), list(_flat(after))
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    changes = [
        change
        for word, a1, a2, b1, b2 in matcher.get_opcodes()
        if word != "equal"
        for change in _changes(old[a1:a2], new[b1:b2])
    ]
    return Redline(tuple(changes), len(changes), len(new), note) if changes else None


def _changes(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> Iterator[Change]:
    for place in range(max(len(old), len(new))):
        was = old[place] if place < len(old) else ("", "")
        now = new[place] if place < len(new) else ("", "")
        yield Change(now[0] or was[0], tuple(_pieces(was[1], now[1])))


def _pieces(was: str, now: str) -> Iterator[Piece]:
    a, b = _WORD.findall(was), _WORD.findall(now)
    matcher = difflib.SequenceMatcher(a=a, b=b, autojunk=False)
    if matcher.ratio() < _SAME:
        yield from (piece for piece in (Piece("removed", was), Piece("added", now)) if piece.text)
        return
    for word, a1, a2, b1, b2 in matcher.get_opcodes():
        if word == "equal":
            yield Piece("same", "".join(a[a1:a2]))
            continue
        if a2 > a1:
            yield Piece("removed", "".join(a[a1:a2]))
        if b2 > b1:
            yield Piece("added", "".join(b[b1:b2]))


def _flat(blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    heading = ""
    for block in blocks:
        if block.kind == "heading":
            heading = block.text
        elif block.kind == "facts":
            yield from ((heading, f"{fact.name}: {fact.text}") for fact in block.facts)
        elif block.entries:
            yield from ((heading, entry) for entry in block.entries)
        else:
            yield heading, block.text


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    """Turn a document's text into blocks: headings, paragraphs, lists, and tables of two columns as facts."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        closing = f"{token.type.removesuffix('_open')}_close"
        end = next((n for n in range(at, len(tokens)) if tokens[n].type == closing), at)
        inside = tokens[at : end + 1]
        if token.type == "heading_open":
            yield Block("heading", _words(inside))
        elif token.type == "paragraph_open":
            yield Block("text", _words(inside))
        elif token.type == "bullet_list_open":
            yield Block("bullets", entries=tuple(_each(inside)))
        elif token.type == "ordered_list_open":
            yield Block("numbers", entries=tuple(_each(inside)))
        elif token.type == "table_open":
            cells = list(_each(inside))
            rows = zip(cells[2::2], cells[3::2], strict=False)
            yield Block("facts", facts=tuple(Fact(name, words) for name, words in rows))
        at = end + 1


def _words(tokens: Sequence[Token]) -> str:
    return " ".join(_each(tokens))


def _each(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            children = token.children or []
            yield "".join("\n" if child.type == "softbreak" else child.content for child in children)


def with_note(paper: Paper, note: str) -> Paper:
    """Return a paper with words under it."""
    return replace(paper, note=note)
