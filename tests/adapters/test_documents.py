"""Documents: one text for page and Word file, the same bytes each time, and nothing people wrote acts."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from plr.adapters.document_text import inert, rendered
from plr.adapters.documents import render_text, to_docx, to_html
from plr.adapters.house import make_house
from plr.domain.documents import (
    NOT_ADVICE,
    NOT_OURS,
    Agreement,
    Change,
    Fields,
    ImpactFields,
    PositionFields,
    ReflectionFields,
    Review,
    Row,
    SummaryFields,
    TextApproval,
)
from plr.domain.outputs import Classification, OutputKind
from plr.domain.words import PositionValue, Stage
from plr.errors import InvalidConfigError

TEMPLATES = Path(__file__).parents[2] / "templates" / "documents"
GOLDEN = Path(__file__).parents[1] / "golden" / "documents"
WRITTEN_AT = datetime(2027, 6, 1, 8, 30, 5, tzinfo=UTC)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

DECIDED = Review(
    reference="PLR-R-2027-009",
    nation="England",
    region="East Midlands",
    type="Local child safeguarding practice review",
    stage=Stage.DECIDED,
)
PENDING = Review(
    reference="PLR-R-2027-009",
    nation="England",
    region="East Midlands",
    type="Decision pending",
    stage=Stage.PENDING,
)
HOSTILE = (
    "{{ 7 * 7 }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{{p document }} {%tr if 1 %}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[press here](javascript:alert(1)) ![x](https://example.org/track.png)",
    "<https://example.org> www.example.org",
    "**bold** _slanted_ ~~gone~~ `code`",
    "# A heading",
    "- an item",
    "1. first",
    "> quoted",
    "    code by indentation",
    "```sh rm -rf / ```",
    "| a | cell | too | many |",
    "--- | ---",
    "===",
    "back\\slash\\",
    "\\| \\\\| \\",
    "&lt;b&gt; &amp; &#x202e; AT&T",
    "first line\n\n# second line\n\n- third",
    "one\r\ntwo\u2028three\x85four",
    "bell\x07 null\x00 escape\x1b[31m",
    "turned \u202e around, hid\u200bden",
    "]]> <!-- <?xml version='1.0'?> <!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>",
    "<w:p><w:r><w:t>raw</w:t></w:r></w:p>",
    '=HYPERLINK("https://example.org")',
    "' OR 1=1 --",
    "\u2018quotes\u2019 \u201cand\u201d \u2014 dashes \u2026 é \u0436 漢字 🙂",
    "a" * 5000,
)
# Worked out by hand: what a reader sees of each, as one line.
SEEN = {
    "first line\n\n# second line\n\n- third": "first line # second line - third",
    "one\r\ntwo\u2028three\x85four": "one two three four",
    "bell\x07 null\x00 escape\x1b[31m": "bell null escape[31m",
    "turned \u202e around, hid\u200bden": "turned around, hidden",
    "    code by indentation": "code by indentation",
}


def seen(text: str) -> str:
    return SEEN.get(text, text)


def summary(**changes: object) -> SummaryFields:
    values: dict[str, Any] = {
        "review": DECIDED,
        "logged_on": date(2027, 6, 1),
        "submitted_as": "Practitioner",
        "event": (Row("What happened", "A child was seriously harmed"), Row("Children", "1")),
        "decision": (Row("Decided by", "Safeguarding partners"), Row("Unanimous", "Yes")),
        "criteria": (Row("Recurrent themes", "Met"),),
        "options": (
            Row("Local child safeguarding practice review", "Chosen"),
            Row("No further action", "Not chosen"),
        ),
        "times": (Row("From telling the Panel to the rapid review", "12 working days late"),),
        "rationale": (Row("Proportionate", "Yes"),),
        "method": (),
        "parallel_processes": ("Criminal",),
        "themes": ("Information sharing", "Early help"),
    }
    return SummaryFields(**(values | changes))


def position(**changes: object) -> PositionFields:
    values: dict[str, Any] = {
        "review": PENDING,
        "drafted_on": date(2027, 6, 3),
        "drafted_by": "Secretary",
        "reflections": 3,
        "professions": ("Social work", "Medicine", "Police"),
        "position": PositionValue.ALTERNATIVE_WORTH_CONSIDERING,
        "points": ("A local learning review would be quicker.", "The theme recurs."),
        "themes": ("Exploitation",),
        "dissent": ("One of us would wait for the rapid review.",),
    }
    return PositionFields(**(values | changes))


def reflection(**changes: object) -> ReflectionFields:
    values: dict[str, Any] = {
        "review": DECIDED,
        "issued_on": date(2027, 6, 11),
        "position": PositionValue.SUPPORTED_WITH_LEARNING,
        "points": ("The reasons were clear.", "Two agencies waited for each other."),
        "themes": ("Information sharing",),
        "dissent": (),
        "agreement": Agreement(
            meeting="PLR-M-2027-03",
            held_on=date(2027, 6, 10),
            minute="7.2",
            presided_by="Chair",
            members_present=11,
            professions=("Law", "Medicine", "Social work"),
            out_for_item=1,
        ),
        "approval": TextApproval(office="Vice-Chair", approved_on=date(2027, 6, 11)),
        "learning_item": True,
        "for_panel": False,
        "corrects": None,
    }
    return ReflectionFields(**(values | changes))


def impact(**changes: object) -> ImpactFields:
    values: dict[str, Any] = {
        "review": DECIDED,
        "issued_on": date(2027, 6, 11),
        "months": 3,
        "answered_on": date(2027, 9, 13),
        "answered_by": "Representative",
        "change": Change.PARTLY,
        "what_changed": "Two teams now meet weekly.\nA reserve reader is named.",
        "how_known": "An audit in August.",
    }
    return ImpactFields(**(values | changes))


KINDS: dict[OutputKind, Any] = {
    OutputKind.SUMMARY: summary,
    OutputKind.POSITION: position,
    OutputKind.COMMISSIONING_REFLECTION: reflection,
    OutputKind.IMPACT_NOTE: impact,
}


def text_of(fields: Fields) -> str:
    return render_text(fields.kind, fields.to_mapping(), templates_dir=TEMPLATES)


def word_of(text: str, **changes: object) -> bytes:
    values: dict[str, Any] = {
        "reference": "PLR-R-2027-009",
        "title": "Summary of a review",
        "classification": Classification.GROUP,
        "day": date(2027, 6, 1),
        "written_at": WRITTEN_AT,
        "templates_dir": TEMPLATES,
    }
    return to_docx(text, **(values | changes))


def words_in(page: str) -> str:
    return " ".join(html.fragment_fromstring(page, create_parent=True).text_content().split())


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def body_of(data: bytes) -> list[tuple[str, str]]:
    """Return every block of the body as style and text; a row of a table as its cells."""
    document = docx.Document(io.BytesIO(data))
    found = []
    for block in document.iter_inner_content():
        if isinstance(block, docx.table.Table):
            found += [("row", " | ".join(cell.text for cell in row.cells)) for row in block.rows]
        else:
            found.append((block.style.name, block.text))
    return found


@pytest.mark.parametrize("kind", OutputKind)
def test_the_text_of_each_kind_is_the_one_on_record(kind: OutputKind) -> None:
    assert text_of(KINDS[kind]()) == (GOLDEN / f"{kind.value}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", OutputKind)
def test_every_document_says_who_decides(kind: OutputKind) -> None:
    text = text_of(KINDS[kind](review=DECIDED))
    assert "The group reflects on a decision taken by others." in text
    assert "Not advice" not in text
    page, file = to_html(text), body_of(word_of(text))
    assert NOT_OURS in words_in(page)
    assert any(NOT_OURS in words for _, words in file)


@pytest.mark.parametrize("kind", OutputKind)
def test_a_decision_still_to_be_taken_is_given_no_advice(kind: OutputKind) -> None:
    text = text_of(KINDS[kind](review=PENDING))
    assert "Not advice to the statutory decision maker." in text
    assert NOT_ADVICE in words_in(to_html(text))
    assert ("Normal", NOT_ADVICE) in body_of(word_of(text))


@pytest.mark.parametrize("kind", OutputKind)
def test_page_and_word_file_have_the_same_words_in_the_same_order(kind: OutputKind) -> None:
    text = text_of(KINDS[kind]())
    in_word = " ".join(words.replace(" | ", " ") for _, words in body_of(word_of(text)))
    assert " ".join(in_word.split()) == words_in(to_html(text))


def test_a_light_reflection_names_no_approval_of_its_text() -> None:
    assert "Text approved | Vice-Chair, Friday 11 June 2027" in text_of(reflection())
    assert "Text approved" not in text_of(reflection(approval=None))


def test_a_correction_names_what_it_corrects() -> None:
    earlier = "2027-06-11_PLR-R-2027-009_commissioning-reflection_v1.docx"
    assert f"corrects {earlier}" in words_in(to_html(text_of(reflection(corrects=earlier))))


def test_empty_lists_are_said_in_words() -> None:
    text = text_of(reflection(points=(), themes=(), dissent=()))
    assert text.count("\nNone.\n") == 2
    assert "\nNobody saw it differently.\n" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_shown_as_it_was_typed_and_does_nothing(hostile: str) -> None:
    fields = reflection(points=("before", hostile, "after"), dissent=(hostile,))
    text = text_of(fields)
    page = html.fragment_fromstring(to_html(text), create_parent=True)
    items = [" ".join(item.text_content().split()) for item in page.iter("li")]
    assert items[:4] == ["before", " ".join(seen(hostile).split()), "after", " ".join(seen(hostile).split())]
    assert {node.tag for node in page.iter()} <= {
        "div",
        "h1",
        "h2",
        "p",
        "strong",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert {name for node in page.iter() for name in node.attrib} <= {"class", "scope"}
    listed = [words for style, words in body_of(word_of(text)) if style == "List Bullet"]
    assert [" ".join(words.split()) for words in listed[:4]] == items[:4]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_in_its_cell(hostile: str) -> None:
    agreement = Agreement("PLR-M-2027-03", date(2027, 6, 10), hostile, hostile, 11, (hostile, "Law"), 0)
    file = body_of(word_of(text_of(reflection(agreement=agreement))))
    rows = [words for style, words in file if style == "row"]
    assert len(rows) == 8
    assert " ".join(rows[2].split()) == " ".join(f"Minute | {seen(hostile)}".split())
    assert rows[4] == "Members present | 11"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_paragraphs_stay_paragraphs(hostile: str) -> None:
    text = text_of(impact(what_changed=hostile, how_known=hostile))
    styles = {style for style, _ in body_of(word_of(text))}
    assert styles == {"Heading 1", "Heading 2", "Normal"}
    headings = [words for style, words in body_of(word_of(text)) if style == "Heading 2"]
    assert headings == ["What came of it", "How we know"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_in_head_and_foot_is_text(hostile: str) -> None:
    shown = "".join(sign for sign in hostile if sign.isprintable())[:200]
    parts = parts_of(word_of("# Title\n", title=shown, reference=shown))
    for name in ("word/header1.xml", "word/footer1.xml", "docProps/core.xml"):
        words = "".join(etree.fromstring(parts[name]).itertext())
        assert shown in words, name


@pytest.mark.parametrize("hostile", HOSTILE)
def test_every_part_of_a_word_file_parses_and_leads_nowhere_outside(hostile: str) -> None:
    parts = parts_of(word_of(text_of(position(points=(hostile,), dissent=(hostile,)))))
    for name, content in parts.items():
        assert name.endswith((".xml", ".rels")), name
        tree = etree.fromstring(content)
        assert b'TargetMode="External"' not in content, name
        assert not tree.findall(f".//{W}hyperlink"), name


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_out_of_the_page_as_it_went_in(text: str) -> None:
    page = html.fragment_fromstring(to_html(f"- {inert(text)}\n- end\n"), create_parent=True)
    first, last = page.iter("li")
    assert list(first) == []
    assert last.text_content() == "end"
    assert inert(first.text_content().strip("\n")) == inert(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="\\|`*_[](){}<>#&!~-+=.:1 ab\n", max_size=40), st.booleans())
def test_any_marks_stay_in_their_cell_or_paragraph(text: str, cell: bool) -> None:
    shown = " ".join(text.split())
    if cell:
        page = html.fragment_fromstring(to_html(f"| a | b |\n| --- | --- |\n| {inert(text)} | c |\n"))
        assert [one.text_content() for one in page.iter("td")] == [shown, "c"]
    else:
        page = html.fragment_fromstring(to_html(f"{inert(text)}\n\nend\n"), create_parent=True)
        paragraphs = [one.text_content() for one in page]
        assert paragraphs == ([shown, "end"] if shown else ["end"])
        assert {one.tag for one in page} == {"p"}


def test_the_same_input_gives_the_same_bytes() -> None:
    text = text_of(summary())
    assert word_of(text) == word_of(text)


def test_the_same_instant_in_another_zone_gives_the_same_bytes() -> None:
    text = text_of(summary())
    summer = WRITTEN_AT.astimezone(timezone(timedelta(hours=1)))
    assert word_of(text, written_at=summer) == word_of(text)


def test_every_time_in_the_file_is_the_records() -> None:
    data = word_of(text_of(summary()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2027, 6, 1, 8, 30, 4)}
        names = archive.namelist()
    assert names[0] == "[Content_Types].xml"
    assert names[1:] == sorted(names[1:])
    properties = docx.Document(io.BytesIO(data)).core_properties
    at = datetime(2027, 6, 1, 8, 30, 5, tzinfo=UTC)
    assert {properties.created.replace(tzinfo=UTC), properties.modified.replace(tzinfo=UTC)} == {at}
    assert (properties.title, properties.subject) == ("Summary of a review", "PLR-R-2027-009")
    assert properties.author == properties.last_modified_by == "Practice Learning Review Group"


def test_a_document_needs_an_aware_instant() -> None:
    with pytest.raises(ValueError, match="aware instant"):
        word_of("# Title\n", written_at=WRITTEN_AT.replace(tzinfo=None))


def test_head_and_foot_say_what_it_is() -> None:
    document = docx.Document(io.BytesIO(word_of("# Title\n", classification=Classification.RESTRICTED)))
    section = document.sections[0]
    head = "\n".join(one.text for one in section.header.paragraphs)
    foot = "\n".join(one.text for one in section.footer.paragraphs)
    assert head == (
        "Practice Learning Review Group\nAssociation of Child Protection Professionals\n"
        "PLR-R-2027-009. Restricted."
    )
    assert foot == (
        "The group reflects on a decision taken by others.\n"
        "Summary of a review, PLR-R-2027-009, Tuesday 1 June 2027. Page  of "
    )
    fields = [one.get(f"{W}instr") for one in section.footer._element.iter(f"{W}fldSimple")]
    assert fields == ["PAGE", "NUMPAGES"]


def test_a_table_repeats_its_head_and_is_read_in_columns() -> None:
    text = "| Question | Answer |\n| --- | --- |\n| One | Two |\n"
    table = docx.Document(io.BytesIO(word_of(text))).tables[0]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Question", "Answer"],
        ["One", "Two"],
    ]
    heads = [
        row._tr.trPr is not None and row._tr.trPr.find(f"{W}tblHeader") is not None for row in table.rows
    ]
    assert heads == [True, False]


def test_numbered_lists_each_begin_at_one() -> None:
    document = docx.Document(io.BytesIO(word_of("1. a\n2. b\n\nText.\n\n1. c\n")))
    items = [one for one in document.paragraphs if one.style.name == "List Number"]
    numbers = [one._p.pPr.numPr.numId.val for one in items]
    assert numbers[0] == numbers[1] != numbers[2]


def test_headings_keep_their_order_and_can_go_down_on_a_page() -> None:
    assert "<h2" in to_html("# Title\n\n## Part\n", heading_shift=1)
    assert re.findall(r"<h(\d)", to_html("# Title\n\n## Part\n", heading_shift=1)) == ["2", "3"]


def test_a_letterhead_made_anew_takes_a_text(tmp_path: Path) -> None:
    make_house(tmp_path / "house.docx")
    assert body_of(word_of("# Title\n\nText.\n", templates_dir=tmp_path)) == [
        ("Heading 1", "Title"),
        ("Normal", "Text."),
    ]


def test_a_letterhead_that_was_spoilt_is_named_with_a_remedy(tmp_path: Path) -> None:
    house = tmp_path / "house.docx"
    with pytest.raises(InvalidConfigError, match=r"house\.docx: The letterhead is missing .* Put back"):
        word_of("# Title\n", templates_dir=tmp_path)
    docx.Document().save(str(house))
    with pytest.raises(InvalidConfigError, match="has lost the line: The text stands here"):
        word_of("# Title\n", templates_dir=tmp_path)
    spoilt = docx.Document()
    spoilt.add_paragraph("{{ nobody }}")
    spoilt.save(str(house))
    with pytest.raises(InvalidConfigError, match="braces that are not known"):
        word_of("# Title\n", templates_dir=tmp_path)


@pytest.mark.parametrize(
    ("template", "where"),
    [("{{ nobody }}", r"x\.md: "), ("a\n{% if %}\n", r"x\.md:2: "), ("{{ ().__class__ }}", r"x\.md: ")],
)
def test_a_template_that_was_spoilt_is_named_with_a_remedy(tmp_path: Path, template: str, where: str) -> None:
    (tmp_path / "x.md").write_text(template, encoding="utf-8")
    with pytest.raises(InvalidConfigError, match=f"{where}This template cannot be rendered. Put"):
        rendered(tmp_path, "x.md", {})


def test_a_template_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match=r"summary\.md: This template"):
        render_text(OutputKind.SUMMARY, summary().to_mapping(), templates_dir=tmp_path)


@pytest.mark.parametrize("value", [None, True, 1.5, ["a"], b"a", date(2027, 6, 1)])
def test_only_text_and_whole_numbers_are_set_into_a_document(value: object) -> None:
    with pytest.raises(TypeError, match="text and whole numbers"):
        inert(value)


def test_fields_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="not one that SummaryFields has"):
        render_text(OutputKind.SUMMARY, impact().to_mapping(), templates_dir=TEMPLATES)


def test_an_office_program_opens_every_kind(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("soffice is not installed; python-docx and lxml read the files above")
    texts = {kind: text_of(made()) for kind, made in KINDS.items()}
    texts[OutputKind.POSITION] = text_of(position(points=HOSTILE))
    papers = [tmp_path / f"{kind}.docx" for kind in texts]
    for paper, text in zip(papers, texts.values(), strict=True):
        paper.write_bytes(word_of(text))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        [
            office,
            profile,
            "--headless",
            "--convert-to",
            "txt:Text (encoded):UTF8",
            "--outdir",
            tmp_path,
            *papers,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    for kind in texts:
        shown = " ".join((tmp_path / f"{kind}.txt").read_text(encoding="utf-8-sig").split())
        assert NOT_OURS in shown
        assert kind.heading in shown
