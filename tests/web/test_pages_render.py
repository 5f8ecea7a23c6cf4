"""Every page with its own, the shortest, the longest and hostile data; read back with an HTML parser."""

from __future__ import annotations

import re

import pytest
from jinja2 import UndefinedError
from lxml import html
from wtforms import Form

from plr.web.case_views import CaseRow, CasesView
from plr.web.parts import Frame
from plr.web.rendering import TAG_COLOURS, Pages, UnknownTagError
from plr.web.views import SignInView
from tests.web.page_samples import samples
from tests.web.page_variations import HOSTILE, LONG, changed, shortest
from tests.web.sample_words import TEMPLATES, Sample

GROUP = "Practice Learning Review Group"
FORBIDDEN = (
    "flow",
    "run",
    "deployment",
    "worker",
    "user",
    "ticket",
    "click",
    "submit",
    "token",
    "pending",
    "oops",
)
SAMPLES = {sample.name: sample for sample in samples()}
REFUSED = [name for name, sample in SAMPLES.items() if sample.form and sample.form().errors]
every_page = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
refused_page = pytest.mark.parametrize("sample", [SAMPLES[name] for name in REFUSED], ids=REFUSED)


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(TEMPLATES, strict_tags=True)


def read(page: str) -> html.HtmlElement:
    assert page.startswith("<!DOCTYPE html>") or page.lstrip().startswith("<!DOCTYPE html>")
    return html.document_fromstring(page)


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def hostile_form(sample: Sample) -> Form | None:
    form: Form | None = sample.form() if sample.form else None
    for field in form or ():
        if field.type in {"StringField", "EmailField", "TextAreaField", "DayField", "HiddenField"}:
            field.data = HOSTILE
    return form


@every_page
def test_a_page_says_what_it_is_in_its_title_and_its_only_first_heading(sample: Sample, pages: Pages) -> None:
    form = sample.form() if sample.form else None
    document = read(sample.render(pages))

    [heading] = document.xpath("//h1")
    error = "Error: " if form is not None and form.errors else ""
    assert words(heading) == sample.h1
    assert document.findtext(".//title") == f"{error}{sample.h1} \N{EN DASH} {GROUP}"


@every_page
def test_a_page_uses_none_of_the_words_people_do_not_use(sample: Sample, pages: Pages) -> None:
    said = words(read(sample.render(pages)).find("body")).casefold()

    assert [word for word in FORBIDDEN if re.search(rf"\b{word}s?\b", said)] == []


@every_page
def test_a_page_holds_no_script_no_style_and_no_handler(sample: Sample, pages: Pages) -> None:
    document = read(sample.render(pages))

    assert document.xpath("//script | //style | //*[@style] | //iframe | //base | //*[@placeholder]") == []
    assert document.xpath("//@*[starts-with(name(), 'on')]") == []


@every_page
def test_every_form_that_posts_carries_its_token_and_an_id_of_its_own(sample: Sample, pages: Pages) -> None:
    posts = read(sample.render(pages)).xpath("//form[@method='post']")

    ids = []
    for form in posts:
        assert form.xpath(".//input[@name='form_token']/@value") == ["token"]
        ids += form.xpath(".//input[@name='form_id']/@value")
        assert form.get("action")
    assert len(ids) == len(posts)
    # The two sign-out forms are the same form, in the header and at the foot.
    rest = [form_id for form_id in ids if form_id != "form-1-sign-out"]
    assert len(rest) == len(set(rest))


@every_page
def test_nothing_is_chosen_before_the_person_chooses(sample: Sample, pages: Pages) -> None:
    if sample.name in {"decision-wrong", "check-wrong", "impact-wrong"}:
        return  # these give back what was chosen
    assert read(sample.render(pages)).xpath("//input[@type='radio'][@checked]") == []


@every_page
def test_a_page_has_at_most_one_main_button(sample: Sample, pages: Pages) -> None:
    buttons = read(sample.render(pages)).xpath("//*[contains(concat(' ', @class, ' '), ' govuk-button ')]")

    assert len([button for button in buttons if "--secondary" not in button.get("class")]) <= 1


@every_page
def test_every_field_has_a_label_and_no_id_comes_twice(sample: Sample, pages: Pages) -> None:
    document = read(sample.render(pages))

    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    for field in document.xpath("//input[@type!='hidden'] | //textarea | //select"):
        assert document.xpath(f"//label[@for='{field.get('id')}']"), field.get("name")


@refused_page
def test_after_a_refused_form_every_problem_leads_to_its_field_and_is_repeated_there(
    sample: Sample, pages: Pages
) -> None:
    assert sample.form
    form = sample.form()
    document = read(sample.render(pages))

    [box] = document.xpath("//*[contains(@class, 'govuk-error-summary') and @autofocus]")
    assert box.get("tabindex") == "-1"
    problems = box.xpath(".//a")
    assert len(problems) == sum(len(errors) for errors in form.errors.values())
    for problem in problems:
        name = problem.get("href").removeprefix("#")
        assert document.xpath(f"//*[@id='{name}']")
        assert words(problem) in words(document.xpath(f"//*[@id='{name}-error']")[0])


@every_page
def test_hostile_words_are_shown_and_do_nothing(sample: Sample, pages: Pages) -> None:
    page = pages.render(
        sample.template,
        frame=changed(sample.frame, lambda word: word and HOSTILE),
        view=changed(sample.view, lambda word: word and HOSTILE),
        form=hostile_form(sample),
    )
    document = read(page)

    assert document.xpath("//script | //img | //@onerror") == []
    assert "1337" not in page
    assert "&amp;lt;" not in page
    shown = document.text_content().count("onerror=alert(2)") + "".join(
        document.xpath("//input/@value")
    ).count("onerror")
    assert shown >= 1 or sample.name in {"sign-in", "link-dead"}


@every_page
def test_a_page_can_be_shown_with_the_least_and_with_the_longest_words(sample: Sample, pages: Pages) -> None:
    form = sample.form() if sample.form else None
    least = pages.render(sample.template, frame=shortest(sample.frame), view=shortest(sample.view), form=form)
    most = pages.render(
        sample.template,
        frame=changed(sample.frame, lambda word: word and LONG),
        view=changed(sample.view, lambda word: word and LONG),
        form=form,
    )

    for page in (least, most):
        assert words(read(page).xpath("//h1")[0])
        assert "None" not in words(read(page).find("body"))


def test_what_a_template_needs_and_does_not_get_is_an_error(pages: Pages) -> None:
    with pytest.raises(UndefinedError):
        pages.render("tasks.html", frame=Frame("t", "f"), view=SignInView())


def test_a_tag_with_an_unknown_word_is_an_error_in_tests_and_grey_for_people(pages: Pages) -> None:
    view = CasesView("1 case.", (), (CaseRow("PLR-R-2027-001", "/x", "", "", "Sparkling"),))

    with pytest.raises(UnknownTagError, match="Sparkling"):
        pages.render("cases.html", frame=Frame("t", "f"), view=view)


def test_every_tag_has_one_colour_and_the_words_of_the_table_are_there() -> None:
    assert TAG_COLOURS["reflection requested"] == "blue"
    assert TAG_COLOURS["awaiting aocpp chair"] == "yellow"
    assert TAG_COLOURS["approved"] == "green"
    assert TAG_COLOURS["needs attention"] == "red"
    assert TAG_COLOURS["at risk"] == "orange"
    assert TAG_COLOURS["withdrawn"] == "grey"
    assert TAG_COLOURS["restricted"] == "purple"


def test_added_and_removed_words_are_named_for_those_who_do_not_see_colours(pages: Pages) -> None:
    document = read(SAMPLES["decision-second"].render(pages))

    assert words(document.xpath("//del")[1]) == "Removed: 9"
    assert words(document.xpath("//ins")[1]) == "Added: 9.3 of 14 (range 7 to 11)"
    assert words(document.xpath("//ins/ancestor::p")[1]).endswith("Added: 9.3 of 14 (range 7 to 11).")


def test_components_get_html_only_from_a_block_of_our_own() -> None:
    for template in TEMPLATES.rglob("*.html"):
        source = template.read_text("utf-8")
        assert not re.search(r"\|\s*safe\b|Markup|autoescape", source), template
        for given in re.findall(r"[\"']?(?:\w*[hH]tml)[\"']?\s*[:=]\s*([^,})]+)", _without_comments(source)):
            name = given.strip()
            assert re.search(rf"{{% set {name} %}}", source), f"{template}: html gets {name}"


def _without_comments(source: str) -> str:
    return re.sub(r"{#.*?#}|<[^>]*>", "", source, flags=re.DOTALL)


def test_the_style_sheet_brings_no_fonts_and_asks_nobody() -> None:
    style = (TEMPLATES.parents[1] / "plr" / "web" / "static" / "plr.css").read_text("utf-8")

    assert "@font-face" not in style
    assert "GDS Transport" not in style
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize(
    ("name", "button"),
    [
        ("sign-in", "Send me a code"),
        ("sign-in-code", "Sign in"),
        ("decision", "Send my answer"),
        ("decision-code", "Send my answer"),
        ("decision-code-read", "Show me the text"),
        ("decision-restricted", "Send me a code"),
        ("decision-done", "My tasks"),
        ("check", "Send my answer"),
        ("agree", "Continue"),
        ("agree-check", "Record it"),
        ("reflect-for", "Record this reflection"),
        ("cases", "Tell us about a review"),
        ("link-dead", "Sign in to see my tasks"),
        ("confirm", "Cancel the meeting"),
        ("correction", "Send the new text"),
    ],
)
def test_the_main_button_says_what_happens(name: str, button: str, pages: Pages) -> None:
    sample = SAMPLES[name]
    buttons = read(sample.render(pages)).xpath(
        "//main//*[contains(concat(' ', @class, ' '), ' govuk-button ')]"
    )

    assert [words(b) for b in buttons if "--secondary" not in b.get("class")] == [button]
