import copy
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.checks import is_address
from plr.domain.codes import Codes, Regions
from plr.domain.submissions import Submission, text_fields, validate
from plr.errors import InvalidConfigError, InvalidInputError
from plr.reading import read_document, read_file

CONFIG = Path(__file__).parents[2] / "config"
SAMPLES = [file.read_text(encoding="utf-8") for file in sorted((CONFIG / "samples").glob("*.yaml"))]
PARSED = [read_document(text).data for text in SAMPLES]
CODES = Codes.from_mapping(read_file(CONFIG / "review_codes.yaml").data)
REGIONS = Regions.from_mapping(read_file(CONFIG / "regions.yaml").data)
TODAY = date(2027, 1, 4)
CANARY = "Zqxjvorna"


def check(data: Mapping[str, Any]) -> Submission:
    return validate(data, CODES, REGIONS, today=TODAY)


def sample(**changes: object) -> dict[str, Any]:
    data = read_file(CONFIG / "samples" / "england-lcspr.yaml").data
    for name, value in changes.items():
        part, path = data, name.split("__")
        for key in path[:-1]:
            part = part[int(key) if key.isdigit() else key]
        part[path[-1]] = value
    return data


def problems(data: Mapping[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        check(data)
    assert CANARY not in str(caught.value)
    assert all(problem.remedy for problem in caught.value.problems)
    return {problem.field: problem.problem for problem in caught.value.problems}


def refused_sample(name: str) -> dict[str, int | None]:
    document = read_file(CONFIG / "samples" / "refused" / name)
    with pytest.raises(InvalidInputError) as caught:
        validate(document.data, CODES, REGIONS, today=TODAY, line_of=document.line_of, source=name)
    return {problem.field: problem.line for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("england-lcspr", "Local child safeguarding practice review"),
        ("england-no-further-action", "No further action"),
        ("england-partners-differ", "Local learning review"),
        ("england-pending-advice", "decision pending"),
        ("northern-ireland-positive-learning", "Case management review"),
        ("scotland-effective-practice", "Learning review"),
        ("wales-susr", "Single unified safeguarding review"),
    ],
)
def test_each_sample_is_accepted_with_its_type(name: str, label: str) -> None:
    submission = check(read_file(CONFIG / "samples" / f"{name}.yaml").data)
    assert submission.type_label == label
    assert Submission.from_content(json.loads(json.dumps(submission.content())), CODES) == submission


def test_a_region_of_another_nation_is_refused_with_everything_else_that_is_foreign() -> None:
    assert refused_sample("unknown-region.yaml") == {
        "region": 3,
        "criteria[0].code": 8,
        "options[0].route": 9,
        "decision.panel_view": 10,
    }


def test_two_chosen_routes_are_refused_with_every_other_problem() -> None:
    assert refused_sample("two-routes-chosen.yaml") == {
        "event.children": 7,
        "clock.wd_aware_to_notify": 8,
        "options[1].chosen": 10,
        "themes[0]": 12,
    }


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"nation": "france"}, "nation", "is not one of the choices."),
        ({"region": "S92000003"}, "region", "is not a region of England."),
        ({"region": ["E12000009"]}, "region", "is not a region of England."),
        ({"criteria__0__code": "sct-died"}, "criteria[0].code", "is not used in England."),
        ({"criteria__1__code": "reg11-a"}, "criteria[1].code", "is given twice."),
        ({"options__0__route": "SUSR"}, "options[0].route", "is not used in England."),
        ({"options__1__route": "LCSPR"}, "options[1].route", "is given twice."),
        ({"options__1__chosen": True}, "options[1].chosen", "is a second chosen route."),
        ({"options__0__chosen": "true"}, "options[0].chosen", "is neither true nor false."),
        ({"stage": "pending"}, "options[0].chosen", "is chosen although the decision is pending."),
        ({"decision__by_role": "sbni_chair"}, "decision.by_role", "is not used in England."),
        ({"decision__panel_view": "not_applicable"}, "decision.panel_view", "is not used in England."),
        ({"event__kind": "effective_practice"}, "event.kind", "is not used in England."),
        ({"event__children": 0}, "event.children", "is not a whole number in range."),
        ({"event__children": 21}, "event.children", "is not a whole number in range."),
        ({"event__harm": ["neglect", "neglect"]}, "event.harm[1]", "is given twice."),
        ({"clock__wd_aware_to_notify": -1}, "clock.wd_aware_to_notify", "is not a whole number in range."),
        ({"clock__wd_aware_to_notify": 2001}, "clock.wd_aware_to_notify", "is not a whole number in range."),
        ({"clock__wd_aware_to_notify": True}, "clock.wd_aware_to_notify", "is not a whole number in range."),
        ({"clock__wd_aware_to_notify": 4.5}, "clock.wd_aware_to_notify", "is not a whole number in range."),
        (
            {"clock__wd_aware_to_notify": float("inf")},
            "clock.wd_aware_to_notify",
            "is not a whole number in range.",
        ),
        (
            {"clock__wd_aware_to_notify": float("nan")},
            "clock.wd_aware_to_notify",
            "is not a whole number in range.",
        ),
        ({"clock__wd_aware_to_notify": "4"}, "clock.wd_aware_to_notify", "is not a whole number in range."),
        ({"narrative": CANARY * 200}, "narrative", "is longer than 1,500 characters."),
        ({"narrative": f"{CANARY}\x07"}, "narrative", "holds a control character."),
        ({"criteria__0__reason": "x" * 301}, "criteria[0].reason", "is longer than 300 characters."),
        ({"criteria__0__reason": 943}, "criteria[0].reason", "is not text."),
        ({"involvement__how": "x" * 101}, "involvement.how", "is longer than 100 characters."),
        ({"method__questions": ["?"] * 6}, "method.questions", "has more than 5 items."),
        (
            {"rationale__learning_already_known": "perhaps"},
            "rationale.learning_already_known",
            "is not one of the choices.",
        ),
        ({"themes": "neglect"}, "themes", "is not a list."),
        ({"themes": [CANARY]}, "themes[0]", "is not a known code."),
        ({"event": []}, "event", "is not a mapping."),
        ({"external_ref": "../../etc/passwd"}, "external_ref", "does not have the right form."),
        ({"external_ref": f"a/{CANARY}"}, "external_ref", "does not have the right form."),
        ({"external_ref": "a\n"}, "external_ref", "does not have the right form."),
        ({"external_ref": "a" * 65}, "external_ref", "does not have the right form."),
        ({"external_ref": 7}, "external_ref", "does not have the right form."),
        (
            {"submitted_by": f"p07@example.org\nBcc: {CANARY}@example.org"},
            "submitted_by",
            "is not an e-mail address.",
        ),
        ({"regoin": "x"}, "regoin", "is not a known field."),
    ],
)
def test_each_wrong_value_is_named_by_its_field_alone(
    changes: dict[str, Any], field: str, problem: str
) -> None:
    assert problems(sample(**changes)) == {field: problem}


@pytest.mark.parametrize("field", ["external_ref", "nation", "region", "submitted_by", "capacity", "stage"])
def test_a_missing_required_field_is_named(field: str) -> None:
    data = sample()
    del data[field]
    assert problems(data)[field] == "is missing."
    assert problems(sample(**{field: None}))[field] == "is missing."


def test_six_fields_are_enough() -> None:
    required = ("external_ref", "nation", "region", "submitted_by", "capacity", "stage")
    data = {name: sample()[name] for name in required}
    assert check(data).content() == data
    assert check(data).type_label == "route not given"


def test_a_taken_decision_that_lists_options_has_exactly_one_chosen() -> None:
    assert problems(sample(options__0__chosen=False)) == {
        "options": "has no chosen route although the decision is taken."
    }


def test_an_unknown_key_is_shown_short_and_the_nearest_known_one_is_suggested() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(sample(**{"natoin": 1, "\x1b[31m" + "y" * 100: 2}))
    assert str(caught.value) == (
        "input: natoin: is not a known field. Did you mean nation?\n"
        f"input: [31m{'y' * 36}: is not a known field. Leave it out; known here: external_ref, nation, "
        "region, submitted_by, capacity, stage, event, clock, criteria, options, decision, rationale, "
        "method, involvement, parallel_processes, themes, narrative."
    )


def test_thousands_of_problems_are_told_as_fifty() -> None:
    data = sample(**{f"key{number}": 1 for number in range(5000)}, themes=["x"] * 30, event__harm=["y"] * 30)
    with pytest.raises(InvalidInputError) as caught:
        check(data)
    assert len(caught.value.problems) == 51
    assert caught.value.problems[-1].problem == "has more problems than these."


def test_a_code_is_lawful_only_between_its_days() -> None:
    with pytest.raises(InvalidInputError) as caught:
        validate(sample(), CODES, REGIONS, today=date(2018, 6, 28))
    named = {problem.field: problem.problem for problem in caught.value.problems}
    assert named["options[0].route"] == "is not in use today."
    assert validate(sample(), CODES, REGIONS, today=date(2018, 6, 29)).chosen_route == "LCSPR"


@pytest.mark.parametrize("region", ["E12000009", "e12000009", "South West", "SOUTH  WEST"])
def test_a_region_is_found_by_code_or_name_and_kept_by_code(region: str) -> None:
    assert check(sample(region=region)).region == "E12000009"


def test_same_content_in_another_spelling_has_the_same_hash() -> None:
    first = check(sample())
    other = check(
        {
            **dict(reversed(list(sample().items()))),
            "region": "south west",
            "submitted_by": "P07@Example.org",
            "narrative": sample()["narrative"] + "\r\n",
            "parallel_processes": ["criminal"],
        }
    )
    assert other.content_hash == first.content_hash
    assert check(sample(narrative="Another story.")).content_hash != first.content_hash
    assert check(sample(clock={})).content_hash == check(sample(clock=None)).content_hash


def test_the_hash_is_that_of_canonical_json() -> None:
    data = {
        "external_ref": "a-1",
        "nation": "wales",
        "region": "Cymru",
        "submitted_by": "p16@example.org",
        "capacity": "partner",
        "stage": "decided",
        "narrative": 'Siân\n"x"',
    }
    # printf '%s' '{"capacity":"partner",…}' | sha256sum
    assert check(data).content_hash == "32c01e0e382e06df8cb6115f2ab513a8fdc370ce6ae46cb670378370f916a875"


def test_every_text_is_given_to_the_screen_with_its_line() -> None:
    document = read_document(
        "external_ref: a\nnation: wales\nregion: wales\nsubmitted_by: a@example.org\ncapacity: partner\n"
        "stage: decided\n"
        "clock: {reason_for_delay: t1}\ncriteria:\n  - code: wls-died\n    reason: t2\n"
        "options:\n  - {route: SUSR, chosen: true, reason: t3}\n"
        "decision: {dissent: [{role: t4, view: t5, resolved: t6}]}\n"
        "method:\n  questions:\n    - t7\n    - t8\n"
        "involvement: {how: t9, practitioners: t10}\nnarrative: t11\n"
    )
    submission = validate(document.data, CODES, REGIONS, today=TODAY, line_of=document.line_of)
    assert sorted(text_fields(submission)) == [
        ("clock.reason_for_delay", "t1", 7),
        ("criteria[0].reason", "t2", 10),
        ("decision.dissent[0].resolved", "t6", 13),
        ("decision.dissent[0].role", "t4", 13),
        ("decision.dissent[0].view", "t5", 13),
        ("involvement.how", "t9", 18),
        ("involvement.practitioners", "t10", 18),
        ("method.questions[0]", "t7", 16),
        ("method.questions[1]", "t8", 17),
        ("narrative", "t11", 19),
        ("options[0].reason", "t3", 12),
    ]


@pytest.mark.parametrize("address", ["a@b.org", "first.last+tag@sub.example.co.uk", "o'brien@example.org"])
def test_plain_addresses_are_addresses(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b.org",
        "a@",
        "a@b",
        "a@@b.org",
        "a@b..org",
        ".a@b.org",
        "a.@b.org",
        "a b@c.org",
        "a@b.org\n",
        "a@b.org\r\nBcc: c@d.org",
        "a@-b.org",
        "a@b.123",
        "a@b.org,c@d.org",
        "A <a@b.org>",
        '"a"@b.org',
        "a@b\u200b.org",
        "x" * 65 + "@b.org",
        "a@" + "b." * 130 + "org",
        "a\x00@b.org",
    ],
)
def test_anything_else_is_no_address(address: str) -> None:
    assert not is_address(address)


def test_a_faulty_list_of_codes_is_named_with_its_line() -> None:
    text = (
        (CONFIG / "review_codes.yaml")
        .read_text(encoding="utf-8")
        .replace("nations: [wales]", "nations: [mars]", 1)
    )
    document = read_document(text)
    with pytest.raises(
        InvalidConfigError, match=r"review_codes\.yaml:\d+: criteria\.wls-died\.nations\[0\]: is not a"
    ):
        Codes.from_mapping(document.data, line_of=document.line_of)


def test_there_are_twelve_regions_and_the_crown_dependencies_are_off() -> None:
    assert len(REGIONS.all) == 12
    assert [
        len(REGIONS.of_nation(nation)) for nation in ("england", "wales", "scotland", "northern-ireland")
    ] == [9, 1, 1, 1]
    assert REGIONS.find("Crown Dependencies") is None


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.just("\ud800"),
    st.just({"route": ["x"]}),
    st.just([{"code": {}}, {"code": []}, None]),
    st.sampled_from(["decided", "england", "LCSPR", "SUSR", "x" * 2000]),
)


def places(data: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in items for found in places(value, (*path, key)))]


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(PARSED), st.data())
def test_a_mutated_sample_is_valid_or_refused_and_nothing_else(
    parsed: dict[str, Any], draw: st.DataObject
) -> None:
    data = copy.deepcopy(parsed)
    for _ in range(draw.draw(st.integers(1, 4))):
        found = places(data)[1:]
        if not found:
            break
        *around, last = draw.draw(st.sampled_from(found))
        part = data
        for key in around:
            part = part[key]
        action = draw.draw(st.sampled_from(["replace", "delete", "add", "double"]))
        if action == "delete":
            del part[last]
        elif action == "double" and isinstance(part, list):
            part.append(copy.deepcopy(part[last]))
        elif action == "add" and isinstance(part, dict):
            part[draw.draw(st.text(max_size=50))] = copy.deepcopy(draw.draw(JUNK))
        else:
            part[last] = copy.deepcopy(draw.draw(JUNK))
    try:
        submission = check(data)
    except InvalidInputError as error:
        assert error.problems  # noqa: PT017 - either way is right, this is what a refusal must hold
    else:
        assert len(submission.content_hash) == 64
        assert check(submission.content()).content() == submission.content()


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 3000), st.integers(0, 40), st.text(max_size=12))
def test_a_sample_with_torn_text_is_valid_or_refused_and_nothing_else(
    text: str, at: int, cut: int, put: str
) -> None:
    at %= len(text)
    try:
        document = read_document(text[:at] + put + text[at + cut :])
        submission = validate(document.data, CODES, REGIONS, today=TODAY, line_of=document.line_of)
    except InvalidInputError as error:
        assert error.problems  # noqa: PT017 - either way is right, this is what a refusal must hold
    else:
        assert submission.external_ref
