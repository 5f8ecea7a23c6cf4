"""A notice becomes a letter: subject, text and HTML from one Markdown source (decisions 26).

`body.md` is rendered twice. For the text part values stand as they are, on one line; for HTML they
are escaped as Markdown first, so that no value can become a link, a heading or a tag.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import css_inline
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.exceptions import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from plr.domain.notices import Notice
from plr.domain.wording import MONTHS, day, day_time, listed, plural
from plr.domain.words import Answer, Settled

LONGEST_SUBJECT = 59
TEXT_WIDTH = 65
MASKED_CODE = "••••••"
ANSWER_WORDS = {Answer.APPROVE: "Approve", Answer.RETURN: "Ask for changes", Answer.REJECT: "Decline"}
OUTCOME_WORDS = {
    Settled.APPROVED: "Approved",
    Settled.RETURNED: "Changes asked for",
    Settled.DECLINED: "Declined",
    Settled.WITHDRAWN: "Withdrawn",
    Settled.SUPERSEDED: "Superseded",
    Settled.ON_HOLD: "On hold",
    Settled.ISSUED: "Issued",
}

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_TURNS_TEXT = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_BLANK_LINES = re.compile(r"\n\s*\n")
_BETWEEN_ITEMS = re.compile(r"(?m)^(- .*)\n\n(?=- )")


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person reads: a subject and the same words as text and as HTML."""

    subject: str
    text: str
    html: str


class Address(str):
    """The address of a page of ours: the only thing that becomes a link."""

    __slots__ = ()


class MaskedAddress(str):
    """A private address as it is shown afterwards: words, not a link."""

    __slots__ = ()


class _Reader(MarkdownIt):
    """Markdown whose links show the address they lead to, undecoded, as the text part does."""

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - the library's name
        return link


def render(
    notice: Notice,
    *,
    link: str | None,
    code: str | None,
    masked: bool,
    group_name: str,
    reply_to: str,
    base_url: str,
    templates_dir: Path,
) -> Letter:
    """Return the letter of a notice; `masked` shows it without its private link and code (decisions 37).

    Raises ValueError if the letter needs a link or code that is not given, or the link leads to another
    host, and jinja2's UndefinedError if the template names what the notice does not hold.
    """
    values: dict[str, Any] = {field.name: getattr(notice, field.name) for field in fields(notice)}
    if hasattr(notice, "period"):
        values["period"] = notice.period
    values |= {"about": notice.about, "group_name": group_name, "reply_to": reply_to}
    if notice.acts:
        values["link"] = _link(notice, link, base_url, masked=masked)
    if notice.carries_code:
        values["code"] = _code(code, masked=masked)

    def words(template: str, finalize: Callable[[Any], str]) -> str:
        environment = _environment(templates_dir, base_url.rstrip("/"), finalize)
        return environment.get_template(template).render(values)

    subject = _shortened(words(f"{notice.name}/subject.txt", _plain).strip())
    body, foot = f"{notice.name}/body.md", "_footer.md"
    return Letter(
        subject=subject,
        text=_as_text(_tidied(words(body, _plain)), words(foot, _plain)),
        html=_as_html(
            templates_dir, subject, _tidied(words(body, _as_markdown)), words(foot, _as_markdown).strip()
        ),
    )


def template_hash(notice: type[Notice], templates_dir: Path) -> str:
    """Return the SHA-256 of the templates that make this letter, to be stored with what was sent."""
    parts = (f"{notice.name}/subject.txt", f"{notice.name}/body.md", "_footer.md", "_layout.html")
    return sha256(b"\0".join((templates_dir / part).read_bytes() for part in parts)).hexdigest()


def _link(notice: Notice, link: str | None, base_url: str, *, masked: bool) -> str:
    if masked:
        return MaskedAddress(f"{base_url.rstrip('/')}/{notice.link_path}/…")
    if link is None:
        raise ValueError("This letter carries a private link; mint one before rendering it.")
    ours, given = urlsplit(base_url), urlsplit(link)
    if (given.scheme, given.netloc) != (ours.scheme, ours.netloc) or quote(link, safe=":/?=&%-._~") != link:
        raise ValueError("A letter's link must lead to a page of ours.")
    return Address(link)


def _code(code: str | None, *, masked: bool) -> str:
    if masked:
        return MASKED_CODE
    if code is None:
        raise ValueError("This letter carries a code; make one before rendering it.")
    return code


@cache
def _environment(
    templates_dir: Path, base_url: str, finalize: Callable[[Any], str]
) -> ImmutableSandboxedEnvironment:
    # Not HTML: what is escaped, and how, is decided by `finalize`.
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates_dir), undefined=StrictUndefined, finalize=finalize
    )

    def address(path: str) -> Address:
        return Address(f"{base_url}/{quote(path.lstrip('/'))}")

    environment.filters |= {
        "address": address,
        "answer_words": ANSWER_WORDS.__getitem__,
        "clause": _clause,
        "date": _day_of_month,
        "day": day,
        "day_only": _day_without_year,
        "days": _counted("day"),
        "listed": listed,
        "minutes": _counted("minute"),
        "moment": day_time,
        "outcome_words": OUTCOME_WORDS.__getitem__,
        "questions": lambda n: f"{plural(n, 'question')} {'waits' if n == 1 else 'wait'}",
        "things": lambda n: f"{plural(n, 'thing')} {'needs' if n == 1 else 'need'}",
    }
    return environment


def _counted(noun: str) -> Callable[[int], str]:
    return lambda n: plural(n, noun)


def _day_of_month(on: date) -> str:
    return f"{on.day} {MONTHS[on.month - 1]}"


def _day_without_year(on: date) -> str:
    return day(on, year_shown=True)


def _clause(sentence: str) -> str:
    """Return a sentence so that it can follow others: no full stop, and a small letter in front."""
    stripped = sentence.strip().rstrip(".?! ")
    first = stripped.partition(" ")[0]
    return stripped[:1].lower() + stripped[1:] if first[1:] == first[1:].lower() else stripped


def _plain(value: Any) -> str:
    if value is None:
        raise UndefinedError("A template prints a field that is empty.")
    text = str(value)
    if isinstance(value, Address | MaskedAddress):
        return text
    # One line; and mail programs make links of what looks like one, even in plain text.
    return " ".join(_TURNS_TEXT.sub("", text).split()).replace("://", ": //").replace("www.", "www .")


def _as_markdown(value: Any) -> str:
    return f"<{value}>" if isinstance(value, Address) else _PUNCTUATION.sub(r"\\\1", _plain(value))


def _shortened(subject: str) -> str:
    return textwrap.shorten(subject, LONGEST_SUBJECT, placeholder=" …")


def _tidied(markdown: str) -> str:
    """Return paragraphs with one blank line between them, and lists without."""
    return _BETWEEN_ITEMS.sub(r"\1\n", _BLANK_LINES.sub("\n\n", markdown)).strip()


def _as_text(body: str, foot: str) -> str:
    blocks = ["\n".join(_wrapped_block(block)) for block in body.split("\n\n")]
    lines = ["-- ", *(_filled(line) for line in foot.strip().splitlines())]
    return "\n\n".join([*blocks, "\n".join(lines)]) + "\n"


def _wrapped_block(block: str) -> list[str]:
    lines = block.splitlines()
    if all(line.startswith("- ") for line in lines):
        return [_filled(line, hanging="  ") for line in lines]
    return [_filled(" ".join(lines))]


def _filled(line: str, hanging: str = "") -> str:
    return textwrap.fill(
        line, TEXT_WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def _as_html(templates_dir: Path, subject: str, body: str, foot: str) -> str:
    pages = _layout_environment(templates_dir)
    page = pages.get_template("_layout.html").render(
        subject=subject,
        body=Markup(_html_of(body, breaks=False)),  # noqa: S704 - made by markdown-it, raw HTML off
        foot=Markup(_html_of(foot, breaks=True)),  # noqa: S704 - the same
    )
    return css_inline.CSSInliner(load_remote_stylesheets=False).inline(page) + "\n"


@cache
def _layout_environment(templates_dir: Path) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates_dir), undefined=StrictUndefined, autoescape=True
    )


def _html_of(markdown: str, *, breaks: bool) -> str:
    reader = _Reader("js-default", {"html": False, "linkify": False, "breaks": breaks})
    tokens = reader.parse(markdown)
    _mark_links(tokens)
    rendered: str = reader.renderer.render(tokens, reader.options, {})
    return rendered


def _mark_links(tokens: list[Token]) -> None:
    """Mark the paragraph that is a link alone, and the one before it, for the layout."""
    starts = [i for i, token in enumerate(tokens) if token.type == "paragraph_open" and token.level == 0]
    for before, start in zip([None, *starts], starts, strict=False):
        children = tokens[start + 1].children or []
        if [child.type for child in children] == ["link_open", "text", "link_close"]:
            tokens[start].attrSet("class", "link")
            if before is not None:
                tokens[before].attrSet("class", "lead")
