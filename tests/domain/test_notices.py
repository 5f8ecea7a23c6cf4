"""The letters as values: what they may hold, and that they survive the outbox."""

from __future__ import annotations

import contextlib
import json
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plr.domain.notices import (
    NOTICES,
    ApprovalAsked,
    ApprovalOverdue,
    DelegationBegins,
    DigestLine,
    Notice,
    Receipt,
    SystemHealth,
    TaskOverdue,
    WeeklyDigest,
)
from plr.errors import InvalidInputError
from tests.samples import ALL, SAMPLES

EVERY = pytest.mark.parametrize("notice", [n for _, n in ALL], ids=[name for name, _ in ALL])

# Worked out by hand from reliability 1 ("uncertain, by kind of letter") and decisions 21 (any hour).
ON_UNCERTAIN = {
    "N07": "ask", "N22": "repeat", "N24": "repeat", "N25": "repeat", "N26": "repeat", "N27": "ask",
    "N28": "ask", "N55": "ask", "N56": "drop", "N58": "repeat", "N59": "drop", "N60": "repeat",
    "N62": "repeat",
}  # fmt: skip
ANY_HOUR = {"N07", "N56", "N60", "N62"}


def receipt(**changed: object) -> dict[str, object]:
    return {
        "name": "n07_receipt",
        "given_name": "Jo",
        "why": "You sent us a review.",
        "reference": "PLR-R-2027-009",
        "received_on": "2027-05-03",
    } | changed


@EVERY
def test_a_letter_survives_being_stored_as_json(notice: Notice) -> None:
    stored = json.loads(json.dumps(notice.to_mapping()))
    assert Notice.from_mapping(stored) == notice


def test_a_stored_letter_is_plain_and_readable() -> None:
    made = Receipt(given_name="Jo", reference="PLR-R-2027-009", received_on=date(2027, 5, 3))
    assert made.to_mapping() == receipt()


def test_a_digest_is_stored_with_its_lines() -> None:
    line = DigestLine(reference="PLR-R-2027-009", type="child safeguarding practice review", nation="England")
    digest = WeeklyDigest(given_name="Jo", week_of=date(2027, 5, 3), news=(line,))
    assert digest.to_mapping()["news"] == [
        {
            "reference": "PLR-R-2027-009",
            "type": "child safeguarding practice review",
            "nation": "England",
            "due_on": None,
        }
    ]
    assert Notice.from_mapping(digest.to_mapping()) == digest


@pytest.mark.parametrize("name", sorted(NOTICES))
def test_each_letter_is_kept_or_repeated_as_its_code_says(name: str) -> None:
    letter = NOTICES[name]
    assert name.startswith(letter.code.lower() + "_")
    assert letter.on_uncertain == ON_UNCERTAIN[letter.code]
    assert letter.any_hour == (letter.code in ANY_HOUR)


def test_every_code_of_the_process_has_a_letter() -> None:
    assert {letter.code for letter in NOTICES.values()} == set(ON_UNCERTAIN)


def test_letters_and_samples_are_the_same_list() -> None:
    assert set(NOTICES) == set(SAMPLES)
    assert all(
        isinstance(notice, NOTICES[name])
        for name, variants in SAMPLES.items()
        for notice in variants.values()
    )


@pytest.mark.parametrize(
    "bad", ["Jo\nBcc: x@example.org", "Jo\r", "Jo\0", "Jo\u2028", "Jo\x1b[2J", "J" * 301]
)
def test_a_text_that_could_break_a_line_is_refused_without_being_quoted(bad: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Receipt(given_name=bad, reference="PLR-R-2027-009", received_on=date(2027, 5, 3))
    assert refused.value.problems[0].field == "given_name"
    assert bad not in str(refused.value)


def test_a_line_of_a_digest_is_held_to_the_same() -> None:
    with pytest.raises(InvalidInputError):
        DigestLine(reference="PLR-R-2027-009\n", type="review")


def test_a_digest_cannot_grow_without_end() -> None:
    line = DigestLine(reference="PLR-R-2027-009", type="review")
    with pytest.raises(InvalidInputError):
        WeeklyDigest(given_name="Jo", week_of=date(2027, 5, 3), news=(line,) * 101)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        SystemHealth(given_name="Jo", what="mail", since_at=datetime(2027, 5, 3, 9, 0))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        (receipt(name="n99_nothing"), "name"),
        (receipt(reference=7), "reference"),
        (receipt(received_on="yesterday"), "received_on"),
        (receipt(received_on=None), "received_on"),
        (receipt(nickname="x"), "field"),
        ({k: v for k, v in receipt().items() if k != "reference"}, "reference"),
    ],
)
def test_a_damaged_row_is_refused_by_field(stored: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Notice.from_mapping(stored)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_letter_of_another_kind_is_not_taken_for_this_one() -> None:
    with pytest.raises(InvalidInputError):
        ApprovalAsked.from_mapping(receipt())


def test_the_secretary_gets_no_link_to_a_question_of_others() -> None:
    variants = SAMPLES["n26_approval_overdue"]
    assert [variants[reader].acts for reader in ("shortest", "deputy", "secretary")] == [True, True, False]
    assert isinstance(variants["secretary"], ApprovalOverdue)


def test_a_task_with_a_page_of_ours_carries_no_private_link() -> None:
    fields = {"given_name": "Jo", "why": "x", "reference": "R", "task": "reflect", "due_on": date(2027, 5, 3)}
    assert TaskOverdue(**fields).acts
    assert not TaskOverdue(**fields, page="/cases/R/reflect").acts


@pytest.mark.parametrize(
    ("begins", "ends", "period"),
    [
        (date(2027, 8, 9), date(2027, 8, 27), "9 to 27 August"),
        (date(2027, 11, 29), date(2027, 12, 3), "29 November to 3 December"),
        (date(2027, 8, 9), date(2028, 8, 27), "9 August to 27 August"),
    ],
)
def test_the_days_of_a_delegation_are_said_once(begins: date, ends: date, period: str) -> None:
    made = DelegationBegins(
        given_name="Jo", why="x", office="Chair", begins_on=begins, ends_on=ends, reader="delegate"
    )
    assert made.period == period


@given(
    st.dictionaries(
        st.sampled_from(["name", "given_name", "why", "reference", "received_on", "x"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text())),
    )
)
def test_no_row_however_damaged_gives_anything_but_a_letter_or_a_refusal(row: dict[str, object]) -> None:
    with contextlib.suppress(InvalidInputError):
        assert isinstance(Notice.from_mapping(receipt() | row), Receipt)
