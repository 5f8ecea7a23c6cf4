from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.errors import InvalidInputError, TooLargeError, UnreadableInputError
from plr.reading import MAX_BYTES, read_document, read_file

CANARY = "Zqxjvorna"


def refusal(content: str | bytes) -> str:
    with pytest.raises(UnreadableInputError) as caught:
        read_document(content, "F")
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        ("", "F: is empty."),
        (" \n\t\n", "F: is empty."),
        ("# only a remark\n", "F: is empty."),
        (f"a: 1\nb: {CANARY}\0", "F:2: holds a control character."),
        (f'a: 1\nb: "{CANARY}\\x07"', "F:2: b: holds a control character."),
        (f'{{"a": 1,\n"b": "{CANARY}\\u0000"}}', "F:2: b: holds a control character."),
        (f'{{"b": "{CANARY}\\ud800"}}', "F:1: b: holds a control character."),
        (f"- {CANARY}\n- 2", "F:1: is not a mapping."),
        (f'["{CANARY}"]', "F:1: is not a mapping."),
        (CANARY, "F:1: is not a mapping."),
        (f"a: 1\nb: [{CANARY}\n", "F:3: is not YAML or JSON."),
        (f"a: 1\n  b: {CANARY}: c", "F:2: is not YAML or JSON."),
        (f"a: 1\nb:\n  c: 1\n  c: {CANARY}", "F:4: b.c: is given twice."),
        (f'{{"a": 1,\n "a": "{CANARY}"}}', "F:2: a: is given twice."),
        (f"a: 1\nb: !!python/object/apply:os.system [{CANARY}]", "F:2: uses a tag"),
        (f"a: !mine {CANARY}", "F:1: uses a tag"),
        (f"a: &x [{CANARY}]\nb: [*x, *x]", "F:1: uses an anchor or alias"),
        (f"a: *{CANARY}", "F:1: uses an anchor or alias"),
        ("a: .nan", "F:1: a: is not a number (NaN or infinity)."),
        ("a:\n  b: -.inf", "F:2: a.b: is not a number (NaN or infinity)."),
        ('{"a": NaN}', "F:1: a: is not a number (NaN or infinity)."),
        ('{"a": -Infinity}', "F:1: a: is not a number (NaN or infinity)."),
        ("a: 1e999", "F:1: a: is too large a number."),
        ('{"a": 1e999}', "F:1: a: is too large a number."),
        ("a: " + "9" * 6000, "F:1: a: is too large a number."),
        ("a: 1\n---\nb: 2", "F:2: holds more than one document."),
        ("? [a, b]\n: 1", "F:1: has a key that is not text."),
        ("a: b".encode("utf-16"), "F:1: is not UTF-8 text."),
        (b"a: b\nc: caf\xe9", "F:2: is not UTF-8 text."),
    ],
)
def test_unreadable_text_is_refused_with_line_and_remedy_and_without_its_value(
    content: str | bytes, begins: str
) -> None:
    sentence = refusal(content)
    assert sentence.startswith(begins)
    assert sentence.endswith(".")
    assert CANARY not in sentence


@pytest.mark.parametrize(
    "deep",
    [
        "a: " + "[" * 5000 + "]" * 5000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"a": ' + "[" * 100_000,
        "\n".join(" " * level + "a:" for level in range(600)),
        "- " * 5000,
        "{a: " * 5000,
    ],
)
def test_five_thousand_levels_are_refused_at_once(deep: str) -> None:
    before = process_time()
    assert "is nested too deeply." in refusal(deep)
    assert process_time() - before < 1


def test_twenty_levels_are_read_and_one_more_is_not() -> None:
    assert read_document('{"a":' * 20 + "1" + "}" * 20).data
    assert read_document("a: " + "[" * 19 + "]" * 19).data
    assert "nested too deeply" in refusal('{"a":' * 21 + "1" + "}" * 21)
    assert "nested too deeply" in refusal("a: " + "[" * 21 + "]" * 21)


def test_a_bomb_of_aliases_is_refused_before_it_is_built() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 8)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "uses an anchor or alias" in refusal(bomb)


def test_more_than_256_kilobytes_are_never_parsed(tmp_path: Path) -> None:
    huge = "a: [" + "[" * 5_000_000
    with pytest.raises(TooLargeError, match=r"is too large\. Shorten it to 256 kB\."):
        read_document(huge)
    file = tmp_path / "huge.yaml"
    file.write_text(huge, encoding="utf-8")
    with pytest.raises(TooLargeError, match=r"huge\.yaml: is too large"):
        read_file(file)
    exactly = "a: " + "x" * (MAX_BYTES - 3)
    assert len(read_document(exactly).data["a"]) == MAX_BYTES - 3


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.yaml: cannot be opened\. Check its name"):
        read_file(tmp_path / "none.yaml")


def test_of_the_surprises_of_yaml_none_is_kept() -> None:
    text = """
yes_word: yes
no_word: no
on_word: on
day: 2021-05-03
zeros: 007
hexadecimal: 0x10
sexagesimal: 12:30:45
word: nan
quoted: "5"
whole: -5
decimal: 1.5
true: true
empty:
"""
    assert read_document(text).data == {
        "yes_word": "yes",
        "no_word": "no",
        "on_word": "on",
        "day": "2021-05-03",
        "zeros": "007",
        "hexadecimal": "0x10",
        "sexagesimal": "12:30:45",
        "word": "nan",
        "quoted": "5",
        "whole": -5,
        "decimal": 1.5,
        "true": True,
        "empty": None,
    }


def test_json_with_tabs_and_surrogate_pairs_is_read_as_json() -> None:
    text = '{\n\t"a": "\\ud83d\\ude00",\t"b": [1, 2.5, true, null, {}],\n\t"c": {"d": []}\n}\n'
    assert read_document(text).data == {"a": "\U0001f600", "b": [1, 2.5, True, None, {}], "c": {"d": []}}


def test_braces_without_quotes_are_read_as_yaml() -> None:
    assert read_document("\ufeff{a: b, c: [1, x]}").data == {"a": "b", "c": [1, "x"]}


@pytest.mark.parametrize(
    "text",
    [
        "nation: england\noptions:\n  - {route: a}\n  - route: b\n    chosen: true\n",
        '{"nation": "x",\n"options": [\n{"route": "a"},\n{"route": "b",\n"chosen": true}]}',
    ],
)
def test_every_part_knows_its_line(text: str) -> None:
    document = read_document(text)
    assert document.line_of(("nation",)) == 1
    assert document.line_of(("options",)) == 2
    assert document.line_of(("options", 0)) == 3
    assert document.line_of(("options", 1, "chosen")) == 5
    assert document.line_of(("options", 1, "reason")) == 4, (
        "a missing part stands where its surroundings stand"
    )
    assert document.line_of(("region",)) is None


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(alphabet="{}[]:,-&*!|>'\"\n\t #ab1.e%?", max_size=80)))
def test_whatever_comes_is_read_or_refused(content: str | bytes) -> None:
    try:
        assert isinstance(read_document(content).data, dict)
    except InvalidInputError as error:
        assert error.problems[0].remedy  # noqa: PT017 - either way is right, this is what both must hold
