"""Who is in line: the table of decisions, Roles, row by row, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.people import Absence, Colleague, Directory, InLine, Tenure
from plr.domain.words import Nation, Office
from tests.factories import make_rules

ON = date(2027, 3, 10)
CHAIR, VICE, ASSOCIATION, SECRETARY, LEAD, MEMBER, OTHER, AC_DEPUTY = range(1, 9)


def directory(
    *,
    held: dict[Office, tuple[int, ...]] | None = None,
    away: tuple[Absence, ...] = (),
    deputies: dict[int, int] | None = None,
    left: tuple[int, ...] = (),
    on: date = ON,
) -> Directory:
    offices = {
        Office.CHAIR: (CHAIR,),
        Office.VICE_CHAIR: (VICE,),
        Office.ASSOCIATION_CHAIR: (ASSOCIATION,),
        Office.SECRETARY: (SECRETARY,),
        Office.DATA_PROTECTION_LEAD: (LEAD,),
        **(held or {}),
    }
    named = {ASSOCIATION: AC_DEPUTY} if deputies is None else deputies
    people = {
        number: Colleague(
            number,
            f"P{number:02}",
            Nation.ENGLAND,
            member=number in {CHAIR, VICE, MEMBER, OTHER},
            deputy_id=named.get(number),
            last_day_on=ON - timedelta(days=1) if number in left else None,
        )
        for number in range(1, 9)
    }
    tenures = tuple(Tenure(person, office) for office, holders in offices.items() for person in holders)
    return Directory(on, make_rules().offices, people, tenures, away)


def leave(person: int, delegate: int | None, first: date = ON, last: date = ON) -> Absence:
    return Absence(person, first, last, last + timedelta(days=1), delegate)


def first(people: Directory, office: Office, *barred: int) -> tuple[int, int | None] | None:
    chosen = people.first_in_line(office, barred=frozenset(barred))
    return None if chosen is None else (chosen.person_id, chosen.on_behalf_of_id)


def test_the_holder_is_asked_first() -> None:
    assert first(directory(), Office.CHAIR) == (CHAIR, None)


def test_a_delegate_is_asked_for_the_holder_on_the_dates_only() -> None:
    away = (leave(CHAIR, MEMBER, ON, ON + timedelta(days=2)),)
    assert first(directory(away=away), Office.CHAIR) == (MEMBER, CHAIR)
    assert first(directory(away=away, on=ON + timedelta(days=3)), Office.CHAIR) == (CHAIR, None)
    assert first(directory(away=away, on=ON - timedelta(days=1)), Office.CHAIR) == (CHAIR, None)


def test_without_a_delegate_who_may_the_next_office_is_asked() -> None:
    assert first(directory(away=(leave(CHAIR, None),)), Office.CHAIR) == (VICE, None)
    assert first(directory(away=(leave(CHAIR, MEMBER),)), Office.CHAIR, MEMBER) == (VICE, None)


def test_a_delegation_is_not_passed_on() -> None:
    away = (leave(CHAIR, MEMBER), leave(MEMBER, OTHER))
    assert first(directory(away=away), Office.CHAIR) == (VICE, None)
    away = (leave(CHAIR, VICE), leave(VICE, OTHER))
    assert first(directory(away=away), Office.CHAIR) == (ASSOCIATION, None)


def test_an_author_is_not_asked_nor_is_their_delegate() -> None:
    assert first(directory(), Office.CHAIR, CHAIR) == (VICE, None)
    assert first(directory(away=(leave(CHAIR, MEMBER),)), Office.CHAIR, CHAIR) == (VICE, None)


def test_the_line_of_the_chair_ends_with_the_aocpp_chair() -> None:
    assert first(directory(), Office.CHAIR, CHAIR, VICE) == (ASSOCIATION, None)
    assert first(directory(held={Office.VICE_CHAIR: ()}), Office.CHAIR, CHAIR) == (ASSOCIATION, None)


def test_for_the_aocpp_chair_only_the_named_deputy_stands_in_and_never_the_chair() -> None:
    away = (leave(ASSOCIATION, None),)
    assert first(directory(away=away), Office.ASSOCIATION_CHAIR) == (AC_DEPUTY, ASSOCIATION)
    assert first(directory(away=away, deputies={ASSOCIATION: CHAIR}), Office.ASSOCIATION_CHAIR) is None
    assert first(directory(away=away, deputies={}), Office.ASSOCIATION_CHAIR) is None
    assert first(directory(), Office.ASSOCIATION_CHAIR, ASSOCIATION) == (AC_DEPUTY, ASSOCIATION)
    to_the_chair = (leave(ASSOCIATION, CHAIR),)
    assert first(directory(away=to_the_chair), Office.ASSOCIATION_CHAIR) == (AC_DEPUTY, ASSOCIATION)


def test_a_vacant_office_is_passed_over_and_nobody_is_nobody() -> None:
    assert first(directory(held={Office.ASSOCIATION_CHAIR: ()}), Office.ASSOCIATION_CHAIR) is None
    assert first(directory(held={Office.DATA_PROTECTION_LEAD: ()}), Office.DATA_PROTECTION_LEAD) == (
        VICE,
        None,
    )
    assert first(directory(), Office.CHAIR, CHAIR, VICE, ASSOCIATION, AC_DEPUTY) is None


def test_who_has_left_holds_nothing_and_stands_in_for_nobody() -> None:
    assert first(directory(left=(CHAIR,)), Office.CHAIR) == (VICE, None)
    assert first(directory(away=(leave(CHAIR, MEMBER),), left=(MEMBER,)), Office.CHAIR) == (VICE, None)


def test_a_second_secretary_comes_before_the_chair() -> None:
    two = directory(held={Office.SECRETARY: (SECRETARY, OTHER)})
    assert first(two, Office.SECRETARY, SECRETARY) == (OTHER, None)
    assert first(directory(), Office.SECRETARY, SECRETARY) == (CHAIR, None)


@pytest.mark.parametrize(
    ("office", "holder", "expected"),
    [
        (Office.CHAIR, CHAIR, VICE),
        (Office.CHAIR, VICE, None),
        (Office.ASSOCIATION_CHAIR, ASSOCIATION, AC_DEPUTY),
        (Office.DATA_PROTECTION_LEAD, LEAD, None),
    ],
)
def test_the_deputy_is_the_vice_chair_for_the_chair_else_the_named_one(
    office: Office, holder: int, expected: int | None
) -> None:
    assert directory().deputy_of(office, holder) == expected


def test_the_chair_is_never_the_deputy_of_the_aocpp_chair() -> None:
    people = directory(deputies={ASSOCIATION: CHAIR})
    assert people.deputy_of(Office.ASSOCIATION_CHAIR, ASSOCIATION) is None


def test_only_members_vote_and_only_while_they_belong() -> None:
    assert directory().may_vote(MEMBER)
    assert not directory().may_vote(SECRETARY)
    assert not directory(left=(MEMBER,)).may_vote(MEMBER)


def test_offices_are_held_on_their_dates_both_included() -> None:
    people = directory()
    dated = (Tenure(OTHER, Office.TRAINING_LEAD, ON, ON + timedelta(days=1)),)
    for offset, expected in ((-1, ()), (0, (OTHER,)), (1, (OTHER,)), (2, ())):
        then = replace(people, on=ON + timedelta(days=offset), tenures=dated)
        assert then.holders(Office.TRAINING_LEAD) == expected
        assert then.offices_of(OTHER) == ((Office.TRAINING_LEAD,) if expected else ())


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (InLine(CHAIR), True),
        (InLine(VICE), True),
        (InLine(MEMBER), False),
        (InLine(VICE, CHAIR), True),
        (InLine(OTHER, CHAIR), False),
    ],
)
def test_who_was_asked_must_still_hold_an_office_of_the_line_or_stand_in(
    asked: InLine, expected: bool
) -> None:
    assert directory().may_hold(Office.CHAIR, asked) is expected


def test_somebody_on_leave_may_not_answer_while_their_delegate_may() -> None:
    people = directory(away=(leave(CHAIR, MEMBER),))
    assert not people.may_hold(Office.CHAIR, InLine(CHAIR))
    assert people.may_hold(Office.CHAIR, InLine(MEMBER, CHAIR))
    assert people.may_hold(Office.CHAIR, InLine(CHAIR), barred=frozenset({MEMBER}))


def test_a_delegate_may_answer_until_the_questions_return_on_the_first_working_day() -> None:
    friday = date(2027, 3, 12)
    absence = Absence(CHAIR, friday, friday, date(2027, 3, 15), MEMBER)
    for day, expected in ((friday, True), (date(2027, 3, 14), True), (date(2027, 3, 16), False)):
        people = directory(away=(absence,), on=day)
        assert people.may_hold(Office.CHAIR, InLine(MEMBER, CHAIR)) is expected


@settings(max_examples=500, deadline=None)
@given(
    barred=st.sets(st.integers(1, 8)),
    left=st.sets(st.integers(1, 8)),
    away=st.dictionaries(st.integers(1, 8), st.integers(1, 8)),
    office=st.sampled_from(list(Office)),
)
def test_nobody_barred_gone_or_away_is_ever_in_line(
    barred: set[int], left: set[int], away: dict[int, int], office: Office
) -> None:
    absences = tuple(leave(person, delegate) for person, delegate in away.items() if person != delegate)
    people = directory(away=absences, left=tuple(left))
    chosen = people.first_in_line(office, barred=frozenset(barred))
    if chosen is not None:
        assert chosen.person_id not in barred | left
        assert people.absence_of(chosen.person_id) is None
        assert people.may_hold(office, chosen, barred=frozenset(barred))
