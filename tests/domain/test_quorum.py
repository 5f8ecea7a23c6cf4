"""Whether a meeting was quorate, held against a slow count."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.quorum import too_few_members, too_few_professions
from plr.domain.rules import TermsVersion
from tests.factories import make_rules

KNOWN = ("nursing and midwifery", "medicine", "social work", "police", "education", "law")
UNKNOWN = ("astrology", "", "Police")

terms = st.builds(
    TermsVersion,
    version=st.just("t"),
    in_force_from=st.just(date(2026, 1, 1)),
    minimum_members=st.integers(0, 12),
    minimum_professions=st.integers(0, 6),
    professions=st.lists(st.sampled_from(KNOWN), unique=True).map(tuple),
)
present = st.lists(st.sampled_from(KNOWN + UNKNOWN), max_size=14)


def slow_professions(named: list[str], rule: TermsVersion) -> int:
    counted: list[str] = []
    for profession in rule.professions:
        for name in named:
            if name == profession and name not in counted:
                counted.append(name)
    return len(counted)


@settings(max_examples=1000)
@given(named=present, rule=terms)
def test_professions_are_counted_once_each_and_only_known_ones(named: list[str], rule: TermsVersion) -> None:
    assert too_few_professions(named, rule) is (slow_professions(named, rule) < rule.minimum_professions)


@settings(max_examples=1000)
@given(members=st.integers(0, 40), rule=terms)
def test_members_are_enough_from_the_minimum_on(members: int, rule: TermsVersion) -> None:
    enough = any(members == enough for enough in range(rule.minimum_members, 41))
    assert too_few_members(members, rule) is not enough


@pytest.mark.parametrize(("members", "short"), [(0, True), (7, True), (8, False), (9, False)])
def test_the_shipped_terms_ask_for_eight_members(members: int, short: bool) -> None:
    assert too_few_members(members, make_rules().terms_on(date(2027, 3, 18))) is short


@pytest.mark.parametrize(
    ("named", "short"),
    [
        ([], True),
        (["police", "law"], True),
        (["police", "law", "law", "police"], True),
        (["police", "law", "astrology"], True),
        (["police", "law", "research"], False),
    ],
)
def test_the_shipped_terms_ask_for_three_professions(named: list[str], short: bool) -> None:
    assert too_few_professions(named, make_rules().terms_on(date(2027, 3, 18))) is short
