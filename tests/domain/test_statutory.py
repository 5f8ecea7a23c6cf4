from datetime import date
from pathlib import Path
from typing import Any

import pytest

from plr.domain.statutory import StatutoryClocks
from plr.errors import InvalidConfigError
from plr.reading import read_file

FILE = read_file(Path(__file__).parents[2] / "config" / "statutory_clocks.yaml")
CLOCKS = StatutoryClocks.from_mapping(FILE.data, line_of=FILE.line_of)
TODAY = date(2027, 1, 4)


def said(nation: str, on: date = TODAY, **counts: int) -> list[tuple[str, str, int]]:
    return [(fact.words, fact.outcome, fact.over) for fact in CLOCKS.context(nation, counts, on)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"wd_aware_to_notify": 4}, ("4 of 5 working days, in time", "in_time", 0)),
        ({"wd_aware_to_notify": 5}, ("5 of 5 working days, in time", "in_time", 0)),
        ({"wd_aware_to_notify": 6}, ("1 working day late", "late", 1)),
        ({"wd_notify_to_rapid_review": 15}, ("15 of 15 working days, in time", "in_time", 0)),
        ({"wd_notify_to_rapid_review": 27}, ("12 working days late", "late", 12)),
        # six months are 181 days (September to March) to 184 days (March to September)
        ({"days_decision_to_publication": 181}, ("181 days of 6 months, in time", "in_time", 0)),
        ({"days_decision_to_publication": 182}, ("182 days, about 6 months", "unclear", 0)),
        ({"days_decision_to_publication": 184}, ("184 days, about 6 months", "unclear", 0)),
        ({"days_decision_to_publication": 185}, ("at least 1 day late (6 months)", "late", 1)),
    ],
)
def test_a_count_of_england_is_set_against_its_time(
    counts: dict[str, int], expected: tuple[str, str, int]
) -> None:
    assert said("england", **counts) == [expected]


def test_the_sentence_names_the_two_events_and_the_source() -> None:
    (fact,) = CLOCKS.context("england", {"wd_notify_to_rapid_review": 27}, TODAY)
    assert fact.sentence == "From telling the Panel to the rapid review: 12 working days late."
    assert "Working Together 2023" in fact.source
    assert fact.confidence == "seen"


def test_without_counts_england_says_nothing() -> None:
    assert said("england") == []


@pytest.mark.parametrize("nation", ["wales", "scotland", "northern-ireland"])
@pytest.mark.parametrize("counts", [{}, {"wd_aware_to_notify": 99}])
def test_where_no_time_is_known_none_is_invented(nation: str, counts: dict[str, int]) -> None:
    assert said(nation, **counts) == [("timescale not configured", "not_configured", 0)]


def test_a_time_is_not_used_before_its_first_day() -> None:
    assert said("england", date(2023, 12, 14), wd_aware_to_notify=4) == []
    assert len(said("england", date(2023, 12, 15), wd_aware_to_notify=4)) == 1


def test_the_rules_of_2026_wait_for_somebody_to_enter_their_day() -> None:
    waiting = [rule for rule in CLOCKS.rules if rule.amount is not None and rule.valid_from is None]
    assert {rule.rule_id for rule in waiting} == {
        "sin_5wd",
        "rapid_review_15wd",
        "lcspr_publish_6m",
        "outcome_7d",
    }
    assert all(rule.confidence == "confirm" and not rule.in_force(TODAY) for rule in waiting)


def row(**changes: object) -> dict[str, Any]:
    texts = dict.fromkeys(
        ("rule_id", "label", "from_event", "to_event", "strength", "source", "confidence"), "x"
    )
    return {"clocks": [{"nation": "wales", **texts, **changes}]}


def test_a_row_may_count_days() -> None:
    clocks = StatutoryClocks.from_mapping(
        row(amount=7, unit="calendar_day", count="days", valid_from="2024-01-01")
    )
    (late,) = clocks.context("wales", {"days": 9}, TODAY)
    (met,) = clocks.context("wales", {"days": 7}, TODAY)
    assert (late.words, met.words) == ("2 days late", "7 of 7 days, in time")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amount": "five"}, "clocks[0].amount"),
        ({"amount": True}, "clocks[0].amount"),
        ({"unit": "weeks"}, "clocks[0].unit"),
        ({"nation": "mars"}, "clocks[0].nation"),
        ({"valid_from": "soon"}, "clocks[0].valid_from"),
        ({"label": 3}, "clocks[0].label"),
        ({"colour": "red"}, "clocks[0].colour"),
    ],
)
def test_a_faulty_row_is_named(changes: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        StatutoryClocks.from_mapping(row(**changes))
    assert [problem.field for problem in caught.value.problems] == [named]
