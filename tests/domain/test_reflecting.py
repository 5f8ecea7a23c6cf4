"""Who may reflect, and when reflections are enough, held against slow references."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.reflecting import Reflector, faults, preset, state
from plr.domain.rules import CommissioningRule
from tests.factories import make_rules

SHIPPED = make_rules().commissioning
HERE, THERE = "E12000009", "W92000004"
TODAY = date(2027, 3, 18)

rules = st.builds(
    lambda people, professions, regions, enough: replace(
        SHIPPED,
        minimum_reflectors=people,
        minimum_professions=professions,
        minimum_other_regions=regions,
        enough_when_due=enough,
    ),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 1),
    st.integers(0, 4),
)
candidates = st.lists(
    st.tuples(st.sampled_from([None, "law", "police", "medicine"]), st.sampled_from([None, HERE, THERE])),
    max_size=6,
).map(lambda rows: [Reflector(number, *row) for number, row in enumerate(rows, start=1)])
words = st.lists(st.sampled_from(["asked", "in", "conflict", "released"]), max_size=8)


def is_lawful(chosen: list[Reflector], rule: CommissioningRule) -> bool:
    professions = [person.discipline for person in chosen if person.discipline is not None]
    different = sum(1 for n, profession in enumerate(professions) if profession not in professions[:n])
    elsewhere = sum(1 for person in chosen if person.region not in {None, HERE})
    return (
        len(chosen) >= rule.minimum_reflectors
        and different >= rule.minimum_professions
        and elsewhere >= rule.minimum_other_regions
    )


@settings(max_examples=1000)
@given(chosen=candidates, rule=rules)
def test_a_choice_has_no_fault_exactly_when_it_is_lawful(
    chosen: list[Reflector], rule: CommissioningRule
) -> None:
    assert (faults(chosen, HERE, rule) == []) is is_lawful(chosen, rule)


@settings(max_examples=1000, deadline=None)
@given(people=candidates, rule=rules)
def test_what_is_preset_is_lawful_or_nothing(people: list[Reflector], rule: CommissioningRule) -> None:
    chosen = preset(people, HERE, rule)
    by_id = {person.person_id: person for person in people}
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(by_id)
    assert not chosen or is_lawful([by_id[number] for number in chosen], rule)


@settings(max_examples=1000, deadline=None)
@given(people=candidates)
def test_with_the_shipped_rules_a_lawful_choice_is_found_whenever_there_is_one(
    people: list[Reflector],
) -> None:
    possible = any(
        is_lawful(list(some), SHIPPED) for some in combinations(people, SHIPPED.minimum_reflectors)
    )
    assert bool(preset(people, HERE, SHIPPED)) is possible


def slow_state(states: list[str], due_on: date | None, today: date, rule: CommissioningRule) -> str:
    inside, awaited = states.count("in"), states.count("asked")
    all_in = awaited == 0
    late = due_on is not None and (today - due_on).days >= 1
    if not all_in and not late:
        return "waiting"
    return "too-few" if inside < rule.enough_when_due else "enough"


@settings(max_examples=1000)
@given(states=words, rule=rules, due=st.none() | st.integers(-3, 3))
def test_reflections_stand_as_counted_slowly(
    states: list[str], rule: CommissioningRule, due: int | None
) -> None:
    due_on = None if due is None else TODAY + timedelta(days=due)
    assert state(states, due_on, TODAY, rule) == slow_state(states, due_on, TODAY, rule)


@pytest.mark.parametrize(
    ("states", "due_on", "word"),
    [
        (["asked", "asked", "asked"], TODAY, "waiting"),
        (["in", "in", "asked"], TODAY, "waiting"),
        (["in", "in", "asked"], TODAY - timedelta(days=1), "enough"),
        (["in", "asked", "asked"], TODAY - timedelta(days=1), "too-few"),
        (["in", "in", "conflict"], TODAY, "enough"),
        (["in", "conflict", "conflict"], TODAY, "too-few"),
        (["in", "in", "in"], None, "enough"),
    ],
)
def test_the_case_goes_on_when_all_are_in_or_two_when_due(
    states: list[str], due_on: date | None, word: str
) -> None:
    assert state(states, due_on, TODAY, SHIPPED) == word
