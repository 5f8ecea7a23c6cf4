"""What forms refuse, in the words people read."""

from __future__ import annotations

from datetime import date

import pytest
from starlette.datastructures import FormData

from plr.web.case_forms import AgreeForm, CheckForm, HoldForm, PositionForm, ReflectForm
from plr.web.fields import DatedForm, DayField, PageForm
from plr.web.forms import CodeForm, CorrectionForm, DecisionForm, ImpactForm, SignInForm
from plr.web.parts import Carried, Option

TODAY = date(2027, 3, 9)


def decision(**sent: str) -> DecisionForm:
    form = DecisionForm(FormData(sent))
    form.answer.offer(
        [Option(value, value) for value in ("approve", "return", "reject", "question", "pass", "conflict")]
    )
    return form


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({}, {"answer": ["Choose an answer"]}),
        ({"answer": "delete"}, {"answer": ["Choose an answer"]}),
        ({"answer": "approve"}, {}),
        ({"answer": "pass"}, {}),
        ({"answer": "conflict"}, {}),
        ({"answer": "return", "reason": "  "}, {"reason": ["Say what should change"]}),
        ({"answer": "reject"}, {"reason": ["Say why"]}),
        ({"answer": "question"}, {"reason": ["Write your question"]}),
        ({"answer": "return", "reason": "Explain line 3"}, {}),
    ],
)
def test_a_decision_needs_an_answer_and_a_reason_where_it_causes_work(
    sent: dict[str, str], errors: dict[str, list[str]]
) -> None:
    form = decision(**sent)

    form.validate()

    assert form.errors == errors


def test_only_those_offered_may_be_asked_to_reflect() -> None:
    form = decision(answer="approve", reflectors="P99")
    form.reflectors.offer([Option("P10", "Tom Ellery")])

    assert not form.validate()
    assert form.errors == {"reflectors": ["Tick only what is listed here"]}


@pytest.mark.parametrize("typed", ["123456", " 123 456 ", "123-456"])
def test_a_code_is_read_with_spaces_and_hyphens(typed: str) -> None:
    form = CodeForm(FormData({"code": typed}))

    assert form.validate()
    assert form.code.data == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "१२३४५६"])
def test_what_is_not_six_digits_is_no_code(typed: str) -> None:
    assert not CodeForm(FormData({"code": typed})).validate()


@pytest.mark.parametrize(
    "typed", ["", "somebody", "@example.org", "a b@example.org", "a@b", "a@ex.org\r\nBcc: x"]
)
def test_what_cannot_be_an_address_is_refused(typed: str) -> None:
    assert not SignInForm(FormData({"email": typed})).validate()


def test_a_day_is_read_leniently_and_shown_in_full() -> None:
    form = HoldForm(FormData({"reason": "The inquest", "review_on": "18/3/27"}), today=TODAY)

    assert form.validate()
    assert form.review_on.day == date(2027, 3, 18)
    assert form.review_on._value() == "Thursday 18 March 2027"


@pytest.mark.parametrize(
    ("typed", "valid"), [("10/3/27", True), ("7/6/27", True), ("9/3/27", False), ("8/6/27", False)]
)
def test_a_case_rests_at_least_a_day_and_at_most_ninety(typed: str, valid: bool) -> None:
    # 90 days after 9 March 2027 is 7 June 2027.
    assert HoldForm(FormData({"reason": "x", "review_on": typed}), today=TODAY).validate() is valid


def test_a_day_that_cannot_be_read_says_how_to_write_one() -> None:
    form = HoldForm(FormData({"reason": "x", "review_on": "soon"}), today=TODAY)

    form.validate()

    assert form.errors["review_on"] == [
        "This is not a day we can read. Write it like 18 March 2027, 18/3/27 or today."
    ]


def test_a_day_needs_a_form_that_knows_today() -> None:
    class Undated(PageForm):
        on = DayField("On")

    class Dated(DatedForm):
        on = DayField("On")

    with pytest.raises(TypeError):
        Undated(FormData({"on": "today"})).validate()
    dated = Dated(FormData({"on": "today"}), today=TODAY)
    assert dated.validate()
    assert dated.on.day == TODAY


def test_a_text_is_clear_only_when_all_four_were_looked_for() -> None:
    three = FormData([("answer", "clear"), *[("looked_for", kind) for kind in ("names", "places", "mix")]])
    four = FormData([*three.multi_items(), ("looked_for", "staff")])

    assert not CheckForm(three).validate()
    assert CheckForm(four).validate()
    assert CheckForm(FormData({"answer": "breach"})).validate()
    assert not CheckForm(FormData({"answer": "return"})).validate()


def test_a_meeting_that_is_still_to_come_has_agreed_nothing() -> None:
    form = AgreeForm(FormData({"held_on": "10 March 2027"}), today=TODAY)

    form.validate()

    assert form.errors["held_on"] == ["This day is still to come. Write the day the meeting was held"]


def test_the_number_of_members_is_a_number() -> None:
    for typed in ("", "many", "0", "-3", "9.5"):
        form = AgreeForm(FormData({"present": typed}), today=TODAY)
        form.validate()
        assert form.errors["present"] == ["Write how many members were present, as a number"]


def test_how_and_when_are_asked_only_when_it_is_recorded_for_somebody() -> None:
    sent = FormData({"position": "no_view", "points": "Too little is known."})

    assert ReflectForm(sent, today=TODAY).validate()
    for_somebody = ReflectForm(sent, today=TODAY, for_person=True)
    assert not for_somebody.validate()
    assert set(for_somebody.errors) == {"how", "given_on"}


def test_a_conflict_needs_no_points() -> None:
    assert ReflectForm(FormData({"position": "conflict"}), today=TODAY).validate()
    assert not ReflectForm(FormData({"position": "no_view"}), today=TODAY).validate()


def test_a_change_is_told_in_words() -> None:
    assert not ImpactForm(FormData({"changed": "yes"})).validate()
    assert ImpactForm(FormData({"changed": "no"})).validate()


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "x" * 1501])
def test_signs_that_cannot_be_shown_and_too_much_are_refused_without_quoting(text: str) -> None:
    form = CorrectionForm(FormData({"narrative": text}))

    assert not form.validate()
    [error] = form.errors["narrative"]
    assert text not in error


def test_lines_and_tabs_are_text() -> None:
    assert CorrectionForm(FormData({"narrative": "One.\r\n\tTwo."})).validate()


def test_an_answer_travels_in_the_page_with_every_tick() -> None:
    form = DecisionForm(
        FormData(
            [("answer", "approve"), ("reflectors", "P10"), ("reflectors", "P12"), ("text_version", "abc")]
        )
    )

    assert form.carried() == (
        Carried("answer", "approve"),
        Carried("reflectors", "P10"),
        Carried("reflectors", "P12"),
        Carried("text_version", "abc"),
    )
    assert form.carried({"answer"}) == (Carried("answer", "approve"),)


def test_an_error_found_outside_the_form_stands_at_its_field() -> None:
    form = PositionForm(FormData({"points": "x"}))

    form.refuse("points", "Line 1 may hold an NHS number. Take it out, or tell us it is something else.")

    assert form.errors["points"] == [
        "Line 1 may hold an NHS number. Take it out, or tell us it is something else."
    ]
