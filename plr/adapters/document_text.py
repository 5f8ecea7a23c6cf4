"""The text of a document: Markdown of headings, paragraphs, lists and tables, in which values are inert.

What people wrote is never template source and never markup (reliability T9).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.token import Token

from plr.domain.wording import day
from plr.errors import InvalidConfigError, Problem

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_LINE_START = re.compile(r"([-+=])")
_NUMBERED = re.compile(r"(\d{1,9})([.)])")
_LINE_BREAKS = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
# Cc: controls (XML forbids most); Cf: marks that turn or hide text; Co, Cs, Cn: nothing people write.
_NEVER = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_ALLOWED_RULES = (
    *("normalize", "block", "inline", "text_join"),
    *("table", "list", "heading", "paragraph"),
    *("text", "newline", "escape", "emphasis", "balance_pairs", "fragments_join"),
)
_CLASSES: Mapping[str, str] = {
    "paragraph_open": "govuk-body",
    "bullet_list_open": "govuk-list govuk-list--bullet",
    "ordered_list_open": "govuk-list govuk-list--number",
    "table_open": "govuk-table",
    "thead_open": "govuk-table__head",
    "tbody_open": "govuk-table__body",
    "tr_open": "govuk-table__row",
    "th_open": "govuk-table__header",
    "td_open": "govuk-table__cell",
}
_HEADING_CLASSES = {"h1": "govuk-heading-l", "h2": "govuk-heading-m", "h3": "govuk-heading-s"}
_LOWEST_HEADING = 6


def cleaned(text: str) -> str:
    """Return a text as one line, without controls, turning marks or white space at its ends."""
    spaced = _LINE_BREAKS.sub(" ", text).replace("\t", " ")
    kept = "".join(sign for sign in spaced if unicodedata.category(sign) not in _NEVER)
    return " ".join(kept.split())


def inert(value: object) -> str:
    """Return a value as one line of Markdown that means nothing but itself."""
    if isinstance(value, Undefined):
        return str(value)  # a strict one raises here, naming itself
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("A document shows text and whole numbers only; days go through the filter `day`.")
    text = _MARKUP.sub(r"\\\1", cleaned(str(value)))
    if _LINE_START.match(text):
        return "\\" + text
    return _NUMBERED.sub(r"\1\\\2", text, count=1) if _NUMBERED.match(text) else text


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text somebody wrote; each line break begins a new one."""
    return [line for line in map(cleaned, _LINE_BREAKS.split(text)) if line]


def rendered(templates: Path, name: str, values: Mapping[str, object]) -> str:
    """Return a template's text with the values set into it as inert text; an unknown name is an error."""
    environment = ImmutableSandboxedEnvironment(  # Markdown, not HTML: `finalize` escapes every value
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        finalize=inert,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"day": _day, "paragraphs": paragraphs}
    try:
        text = environment.get_template(name).render(values)
    except TemplateError as error:
        line = error.lineno if isinstance(error, TemplateSyntaxError) else None
        problem = Problem(
            field="",
            problem="This template cannot be rendered.",
            remedy="Put the one that came with the program back, or correct its names and braces.",
            line=line,
        )
        raise InvalidConfigError([problem], source=f"templates/documents/{name}") from None
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def tokens_of(text: str) -> Sequence[Token]:
    """Return a document's text as headings, paragraphs, lists and tables; all else stays plain text."""
    return _parser().parse(text)


def to_html(text: str, *, heading_shift: int = 0) -> str:
    """Return a document's text as HTML with the page's classes; headings go down by the shift."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + heading_shift, _LOWEST_HEADING)}"
        if token.type == "heading_open":
            token.attrSet("class", _HEADING_CLASSES.get(token.tag, "govuk-heading-s"))
        elif token.type in _CLASSES:
            token.attrSet("class", _CLASSES[token.type])
        if token.type == "th_open":
            token.attrSet("scope", "col")
    return str(parser.renderer.render(tokens, parser.options, {}))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
    every = [name for names in parser.get_active_rules().values() for name in names]
    return parser.disable([name for name in every if name not in _ALLOWED_RULES])


def _day(on: date) -> str:
    return day(on)
