"""The fields of documents: stored as JSON and back, by kind."""

from __future__ import annotations

import json
from datetime import date

import pytest

from plr.domain.documents import Agreement, Change, ImpactFields, ReflectionFields, Review, fields_of
from plr.domain.outputs import OutputKind
from plr.domain.words import PositionValue, Stage

REVIEW = Review("PLR-R-2027-009", "Wales", "Wales", "Single unified safeguarding review", Stage.DECIDED)
REFLECTION = ReflectionFields(
    review=REVIEW,
    issued_on=date(2027, 6, 11),
    position=PositionValue.NO_VIEW,
    points=("One.",),
    themes=(),
    dissent=(),
    agreement=Agreement("PLR-M-2027-03", date(2027, 6, 10), "7.2", "Chair", 11, ("Law", "Police"), 0),
    approval=None,
    learning_item=False,
    for_panel=True,
    corrects=None,
)
STORED = {
    "review": {
        "reference": "PLR-R-2027-009",
        "nation": "Wales",
        "region": "Wales",
        "type": "Single unified safeguarding review",
        "stage": "decided",
    },
    "issued_on": "2027-06-11",
    "position": "no_view",
    "points": ["One."],
    "themes": [],
    "dissent": [],
    "agreement": {
        "meeting": "PLR-M-2027-03",
        "held_on": "2027-06-10",
        "minute": "7.2",
        "presided_by": "Chair",
        "members_present": 11,
        "professions": ["Law", "Police"],
        "out_for_item": 0,
    },
    "approval": None,
    "learning_item": False,
    "for_panel": True,
    "corrects": None,
}


def test_fields_are_stored_as_plain_json() -> None:
    assert json.loads(json.dumps(REFLECTION.to_mapping())) == STORED


def test_stored_fields_come_back_as_they_were() -> None:
    assert fields_of(OutputKind.COMMISSIONING_REFLECTION, STORED) == REFLECTION


def test_an_approval_of_the_text_is_kept() -> None:
    stored = STORED | {"approval": {"office": "Vice-Chair", "approved_on": "2027-06-11"}}
    back = ReflectionFields.from_mapping(stored)
    assert back.approval is not None
    assert back.approval.approved_on == date(2027, 6, 11)
    assert back.to_mapping() == stored


@pytest.mark.parametrize(
    "change",
    [
        {"points": "One."},
        {"points": [1]},
        {"position": "unheard_of"},
        {"issued_on": "11 June 2027"},
        {"learning_item": 1},
        {"agreement": None},
        {"agreement": {"meeting": "PLR-M-2027-03"}},
        {"narrative": "text"},
    ],
)
def test_fields_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the messages of dates and closed lists are Python's
        ReflectionFields.from_mapping(STORED | change)


def test_the_words_of_a_position_are_those_of_the_page() -> None:
    assert REFLECTION.position_words == "No view"


def test_a_follow_up_says_in_words_what_came_of_it() -> None:
    note = ImpactFields(
        review=REVIEW,
        issued_on=date(2027, 6, 11),
        months=3,
        answered_on=date(2027, 9, 13),
        answered_by="Representative",
        change=Change.NOT_YET,
        what_changed="",
        how_known="",
    )
    assert note.change_words == "Nothing has changed yet"
    assert ImpactFields.from_mapping(note.to_mapping()) == note


def test_only_a_decision_still_to_be_taken_is_pending() -> None:
    pending = Review("PLR-R-2027-010", "England", "London", "Decision pending", Stage.PENDING)
    assert (REVIEW.pending, pending.pending) == (False, True)
