"""The letters as people read them: every one with its shortest, longest and most hostile data."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.exceptions import UndefinedError
from jinja2.meta import find_undeclared_variables

from plr.adapters.letters import Letter, render, template_hash
from plr.domain.notices import NOTICES, ApprovalAsked, Notice, Receipt, SignInCode
from tests.samples import ALL, CODE, HONEST, HOSTILE_ONES, LINK_TOKEN, SAMPLES

TEMPLATES = Path(__file__).parents[2] / "templates" / "email"
BASE = "https://plr.example.org"
EVERY = pytest.mark.parametrize("notice", [n for _, n in ALL], ids=[name for name, _ in ALL])
EVERY_HONEST = pytest.mark.parametrize("notice", [n for _, n in HONEST], ids=[name for name, _ in HONEST])
EVERY_HOSTILE = pytest.mark.parametrize(
    "notice", [n for _, n in HOSTILE_ONES], ids=[name for name, _ in HOSTILE_ONES]
)
# What every template may say besides the fields of its letter.
GIVEN = {"group_name", "reply_to", "about"}

# Typed from pages/18b-email-text: what a person sees there, line by line.
PICTURED = """\
Dear Amara,

Please approve the agenda for the meeting on Thursday 18 March
2027. It takes about a minute, on a phone too.

Answer by: Wednesday 10 March 2027.

Read it and answer here:

https://plr.example.org/a/Qm9x4cT0vYb2nW7sKd1eRf8gHj3kLpZqXu5iOaM6NyE

The link opens the page. Nothing is decided until you choose an
answer there and, on a browser we do not know, type a code that
we send you.

What happens next: if you approve, the papers go to 14 members on
Thursday 11 March at 10am. If there is no answer, the Vice-Chair
may answer too from Thursday 11 March.

Please do not pass this letter on. You can hand the question to
your deputy on the page.

Questions? Reply to this letter. The secretary reads it.
"""


def letter_of(
    notice: Notice, *, masked: bool = False, base_url: str = BASE, templates_dir: Path = TEMPLATES
) -> Letter:
    link = f"{base_url}/{notice.link_path}/{LINK_TOKEN}" if notice.acts and not masked else None
    return render(
        notice,
        link=link,
        code=CODE if notice.carries_code and not masked else None,
        masked=masked,
        group_name="Practice Learning Review Group",
        reply_to="plr-secretary@example.org",
        base_url=base_url,
        templates_dir=templates_dir,
    )


class Page(HTMLParser):
    """What a mail program makes of the HTML: the words, the links, the tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self._skipping = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        self._skipping = tag in {"title", "style"}

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the library's signature
        self._skipping = False

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.words += data.split()


def links_in(text: str) -> list[str]:
    return re.findall(r"https?://\S+", text)


def prose(text: str) -> str:
    return " ".join(text.replace("\n-- \n", "\n").replace("\n- ", "\n").split())


def test_there_is_one_folder_for_each_letter() -> None:
    assert {folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()} == set(NOTICES)
    for name in NOTICES:
        assert {file.name for file in (TEMPLATES / name).iterdir()} == {"subject.txt", "body.md"}


@pytest.mark.parametrize("name", sorted(NOTICES))
def test_a_template_says_all_that_its_letter_holds_and_nothing_else(name: str) -> None:
    letter = NOTICES[name]
    said = set()
    for file in (TEMPLATES / name / "subject.txt", TEMPLATES / name / "body.md", TEMPLATES / "_footer.md"):
        source = re.sub(r"\|\s*\w+", "", file.read_text(encoding="utf-8"))  # filters are ours, not jinja2's
        said |= find_undeclared_variables(Environment(autoescape=True).parse(source))
    held = {field.name for field in dataclasses.fields(letter)}
    if "period" in said:
        said = said - {"period"} | {"ends_on"}
    acts = any(notice.acts for notice in SAMPLES[name].values())
    extra = ({"link"} if acts else set()) | ({"code"} if letter.carries_code else set())
    assert said - GIVEN == (held | extra) - {letter.about_field} | ({letter.about_field} & said)


@EVERY_HONEST
def test_the_words_are_the_ones_that_were_read_and_accepted(
    notice: Notice, golden: Callable[[str, str], None]
) -> None:
    name = next(name for name, sample in HONEST if sample is notice)
    letter = letter_of(notice)
    golden(f"email/{name}.txt", f"Subject: {letter.subject}\n\n{letter.text}")
    golden(f"email/{name}.html", letter.html)


def test_no_accepted_letter_is_left_over() -> None:
    accepted = {file.name for file in (Path(__file__).parents[1] / "golden" / "email").iterdir()}
    assert accepted == {f"{name}.{ending}" for name, _ in HONEST for ending in ("txt", "html")}


def test_the_question_reads_as_it_is_pictured() -> None:
    letter = letter_of(SAMPLES["n24_approval_asked"]["shortest"])
    assert letter.subject == "Please approve: agenda for 18 March, by 10 March"
    body, _, foot = letter.text.partition("\n-- \n")
    assert body == PICTURED
    assert " ".join(foot.split()) == (
        "Practice Learning Review Group, Association of Child Protection Professionals"
        " You get this because the Chair approves every agenda (A-PLR-M-2027-01-AGENDA)."
        " This letter holds no case details. How we use your data: https://plr.example.org/privacy"
    )


@EVERY_HONEST
def test_a_subject_fits_a_phone_and_is_never_cut(notice: Notice) -> None:
    subject = letter_of(notice).subject
    assert 0 < len(subject) < 60
    assert "…" not in subject


@EVERY
def test_every_link_leads_to_the_configured_host_and_stands_in_both_parts(notice: Notice) -> None:
    letter = letter_of(notice)
    assert links_in(letter.text) == Page(letter.html).links
    assert all(link.startswith(f"{BASE}/") for link in links_in(letter.text))
    assert f"{BASE}/privacy" in links_in(letter.text)


@EVERY
def test_both_parts_say_the_same_words(notice: Notice) -> None:
    letter = letter_of(notice)
    assert " ".join(Page(letter.html).words) == prose(letter.text)


@EVERY_HONEST
def test_no_placeholder_and_no_empty_field_is_left(notice: Notice) -> None:
    letter = letter_of(notice)
    for part in (letter.subject, letter.text, letter.html):
        assert not re.search(r"[{}]{2}|[{]%|None|Undefined|\s[.,]\s|\(\)|  +\S*,,", part)


@EVERY_HONEST
def test_sentences_are_short(notice: Notice) -> None:
    body = letter_of(notice).text.partition("\n-- \n")[0]
    blocks = [re.sub(r"https?://\S+", "", block) for block in re.split(r"\n\n|\n- ", body)]
    sentences = [s for block in blocks for s in re.split(r"(?<=[.?!:])\s+", block) if s.strip()]
    assert sum(len(sentence.split()) for sentence in sentences) / len(sentences) < 20


@EVERY_HONEST
def test_lines_of_the_text_part_are_narrow(notice: Notice) -> None:
    assert all(len(line) <= 65 or line.startswith("https://") for line in letter_of(notice).text.splitlines())


@EVERY
def test_the_html_is_one_table_without_image_button_or_script(notice: Notice) -> None:
    page = Page(letter_of(notice).html)
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "body",
        "table",
        "tbody",
        "tr",
        "td",
        "p",
        "a",
        "ul",
        "li",
        "br",
    }
    assert set(page.tags) <= allowed
    assert page.tags.count("table") == 1
    assert not {name for name in page.attributes if name.startswith("on")}


@EVERY
def test_every_letter_says_why_it_came_and_who_reads_the_reply(notice: Notice) -> None:
    words = prose(letter_of(notice).text)
    assert "You get this because" in words
    assert "Questions? Reply to this letter. The secretary reads it." in words
    assert words.startswith("Dear ")


@EVERY_HOSTILE
def test_hostile_values_stay_words(notice: Notice) -> None:
    letter = letter_of(notice)
    for part in (letter.subject, letter.text, letter.html):
        assert "1111104" not in part  # 123456 * 9 was never worked out
        assert "\n" not in letter.subject
    assert "<b>" not in letter.html
    assert len(letter.subject) < 60


@EVERY
def test_a_masked_letter_shows_neither_link_nor_code(notice: Notice) -> None:
    letter = letter_of(notice, masked=True)
    for part in (letter.subject, letter.text, letter.html):
        assert LINK_TOKEN not in part
        assert CODE not in part
    if notice.acts:
        assert f"{BASE}/{notice.link_path}/…" in prose(letter.text)
        assert not [link for link in Page(letter.html).links if f"/{notice.link_path}/" in link]


def test_a_code_stands_in_the_letter_and_not_in_its_subject() -> None:
    letter = letter_of(SAMPLES["n56_sign_in_code"]["shortest"])
    assert CODE in letter.text
    assert CODE in letter.html
    assert CODE not in letter.subject


def test_a_letter_that_acts_is_not_rendered_without_its_link() -> None:
    for notice, code in (
        (SAMPLES["n24_approval_asked"]["shortest"], CODE),
        (SignInCode(given_name="Jo"), None),
    ):
        with pytest.raises(ValueError, match="before rendering"):
            render(
                notice,
                link=None,
                code=code,
                masked=False,
                group_name="x",
                reply_to="x@example.org",
                base_url=BASE,
                templates_dir=TEMPLATES,
            )


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/a/x",
        "http://plr.example.org/a/x",
        "https://plr.example.org@evil.example/a/x",
        "https://plr.example.org/a/x> <b>",
        "javascript:alert(1)",
    ],
)
def test_a_link_to_another_place_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match="must lead to a page of ours"):
        render(
            SAMPLES["n24_approval_asked"]["shortest"],
            link=link,
            code=None,
            masked=False,
            group_name="x",
            reply_to="x@example.org",
            base_url=BASE,
            templates_dir=TEMPLATES,
        )


def test_pages_under_a_path_are_linked_there() -> None:
    letter = letter_of(SAMPLES["n27_decided"]["shortest"], base_url="https://example.org/plr")
    assert links_in(letter.text) == [
        "https://example.org/plr/cases/PLR-M-2027-01",
        "https://example.org/plr/privacy",
    ]


def test_a_template_that_names_what_the_letter_does_not_hold_is_an_error(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "email")
    (tmp_path / "email" / "n07_receipt" / "body.md").write_text("Dear {{ family_name }},", encoding="utf-8")
    with pytest.raises(UndefinedError):
        letter_of(SAMPLES["n07_receipt"]["shortest"], templates_dir=tmp_path / "email")


def test_the_hash_of_a_letters_templates_changes_with_any_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "email"
    shutil.copytree(TEMPLATES, folder)
    seen = {template_hash(Receipt, folder)}
    for part in ("n07_receipt/subject.txt", "n07_receipt/body.md", "_footer.md", "_layout.html"):
        (folder / part).write_text((folder / part).read_text(encoding="utf-8") + "x", encoding="utf-8")
        seen.add(template_hash(Receipt, folder))
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("The Chair decides.", "because the Chair decides"),
        ("AoCPP members vote.", "because AoCPP members vote"),
        ("You asked.", "because you asked"),
    ],
)
def test_the_reason_of_a_rule_becomes_part_of_a_sentence(why: str, said: str) -> None:
    notice = Receipt(given_name="Jo", why=why, reference="PLR-R-2027-009", received_on=date(2027, 5, 3))
    assert said in letter_of(notice).text


ONE_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)


@given(what=ONE_LINE, question=ONE_LINE, given_name=ONE_LINE)
def test_whatever_a_field_holds_both_parts_say_the_same_and_link_nowhere_else(
    what: str, question: str, given_name: str
) -> None:
    notice = ApprovalAsked(
        given_name=given_name,
        why="The Chair decides.",
        approval_id="A-1",
        what=what,
        question=question,
        due_on=date(2027, 3, 10),
        if_nothing="it waits",
    )
    letter = letter_of(notice)
    page = Page(letter.html)
    assert page.links == [f"{BASE}/a/{LINK_TOKEN}", f"{BASE}/privacy"]
    assert page.words == prose(letter.text).split()
    assert len(letter.subject) < 60
