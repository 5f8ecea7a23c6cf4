"""Five patterns of settling a question, by hand-worked tables and against a slow reference."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.approvals import (
    MOVES,
    Part,
    approval_id,
    asked_now,
    check_move,
    office_asked,
    settle,
    suffix_of,
)
from plr.domain.words import Answer, ApprovalStatus, Office, Pattern
from plr.errors import WrongMomentError

OPEN, APPROVED, RETURNED, REJECTED = (
    ApprovalStatus.OPEN,
    ApprovalStatus.APPROVED,
    ApprovalStatus.RETURNED,
    ApprovalStatus.REJECTED,
)
LETTERS = {"a": Answer.APPROVE, "r": Answer.RETURN, "x": Answer.REJECT, "-": None}


def parts(answers: str, groups: str = "") -> list[Part]:
    """Parts from letters: a approves, r returns, x rejects, - is silent; turns count up."""
    named = groups or "n" * len(answers)
    return [Part(LETTERS[letter], named[turn], turn) for turn, letter in enumerate(answers)]


@pytest.mark.parametrize(
    ("pattern", "answers", "expected"),
    [
        (Pattern.ANY, "-", OPEN),
        (Pattern.ANY, "a", APPROVED),
        (Pattern.ANY, "r", RETURNED),
        (Pattern.ANY, "x", REJECTED),
        (Pattern.ANY, "--", OPEN),
        (Pattern.ANY, "-a", APPROVED),
        (Pattern.ANY, "x-", REJECTED),
        (Pattern.ALL, "--", OPEN),
        (Pattern.ALL, "a-", OPEN),
        (Pattern.ALL, "aa", APPROVED),
        (Pattern.ALL, "r-", RETURNED),
        (Pattern.ALL, "ax", REJECTED),
        (Pattern.ALL, "a-r", RETURNED),
        (Pattern.IN_TURN, "--", OPEN),
        (Pattern.IN_TURN, "a-", OPEN),
        (Pattern.IN_TURN, "aa", APPROVED),
        (Pattern.IN_TURN, "r-", RETURNED),
        (Pattern.IN_TURN, "ax", REJECTED),
    ],
)
def test_a_question_is_settled_by_its_pattern(
    pattern: Pattern, answers: str, expected: ApprovalStatus
) -> None:
    assert settle(pattern, parts(answers)) is expected


@pytest.mark.parametrize(
    ("answers", "needed", "expected"),
    [
        ("---", 2, OPEN),
        ("a--", 2, OPEN),
        ("aa-", 2, APPROVED),
        ("ax-", 2, OPEN),
        ("axa", 2, APPROVED),
        ("xx-", 2, REJECTED),
        ("rx-", 2, RETURNED),
        ("rxx", 1, REJECTED),
        ("x--", 3, REJECTED),
        ("a--", 1, APPROVED),
        ("arr--", 3, OPEN),
        ("arrr-", 3, RETURNED),
    ],
)
def test_m_of_n_settles_as_soon_as_the_outcome_is_fixed(
    answers: str, needed: int, expected: ApprovalStatus
) -> None:
    assert settle(Pattern.M_OF_N, parts(answers), needed=needed) is expected


@pytest.mark.parametrize(
    ("answers", "groups", "expected"),
    [
        ("---", "eew", OPEN),
        ("a--", "eew", OPEN),
        ("a-a", "eew", APPROVED),
        ("x-a", "eew", OPEN),
        ("xaa", "eew", APPROVED),
        ("xra", "eew", RETURNED),
        ("--x", "eew", REJECTED),
        ("xxa", "eew", REJECTED),
    ],
)
def test_per_group_needs_one_from_each_group(answers: str, groups: str, expected: ApprovalStatus) -> None:
    assert settle(Pattern.PER_GROUP, parts(answers, groups)) is expected


@pytest.mark.parametrize("pattern", list(Pattern))
def test_nothing_asked_of_nobody_is_ever_approved(pattern: Pattern) -> None:
    assert settle(pattern, [], needed=1) is OPEN


@pytest.mark.parametrize("needed", [None, 0, 4])
def test_m_of_n_without_a_possible_number_is_refused(needed: int | None) -> None:
    with pytest.raises(ValueError, match="m of n"):
        settle(Pattern.M_OF_N, parts("a--"), needed=needed)


a_part = st.builds(
    Part,
    answer=st.sampled_from([None, None, *Answer]),
    group=st.sampled_from("ew"),
    turn=st.integers(0, 3),
)


def slowly(pattern: Pattern, given_parts: Sequence[Part], needed: int) -> ApprovalStatus:
    """Settle by trying every way the silent parts could still answer: fixed when all ways agree."""
    given_answers = [part.answer for part in given_parts if part.answer is not None]
    if not given_answers:
        return OPEN
    if pattern is Pattern.ANY:
        approved = {all(answer is Answer.APPROVE for answer in given_answers)}
    else:
        choices = [list(Answer) if part.answer is None else [part.answer] for part in given_parts]
        approved = {_approved(pattern, given_parts, way, needed) for way in product(*choices)}
    if approved == {True}:
        return APPROVED
    if approved == {True, False}:
        return OPEN
    rejections = sum(answer is Answer.REJECT for answer in given_answers)
    returns = sum(answer is Answer.RETURN for answer in given_answers)
    return REJECTED if rejections > returns else RETURNED


def _approved(pattern: Pattern, given_parts: Sequence[Part], way: Sequence[Answer], needed: int) -> bool:
    if pattern is Pattern.M_OF_N:
        return list(way).count(Answer.APPROVE) >= needed
    if pattern is Pattern.PER_GROUP:
        happy = {
            part.group for part, answer in zip(given_parts, way, strict=True) if answer is Answer.APPROVE
        }
        return happy == {part.group for part in given_parts}
    return set(way) == {Answer.APPROVE}


@pytest.mark.parametrize("pattern", list(Pattern))
@settings(max_examples=1000, deadline=None)
@given(given_parts=st.lists(a_part, min_size=1, max_size=5), data=st.data())
def test_settling_equals_trying_every_way_it_could_end(
    pattern: Pattern, given_parts: list[Part], data: st.DataObject
) -> None:
    needed = data.draw(st.integers(1, len(given_parts)))
    assert settle(pattern, given_parts, needed=needed) is slowly(pattern, given_parts, needed)


@pytest.mark.parametrize("pattern", list(Pattern))
@settings(max_examples=1000, deadline=None)
@given(given_parts=st.lists(a_part, min_size=1, max_size=6), data=st.data())
def test_a_settled_question_stays_settled_whatever_comes_later(
    pattern: Pattern, given_parts: list[Part], data: st.DataObject
) -> None:
    needed = data.draw(st.integers(1, len(given_parts)))
    before = settle(pattern, given_parts, needed=needed)
    answers = [part.answer or data.draw(st.sampled_from([None, *Answer])) for part in given_parts]
    later = [Part(answer, part.group, part.turn) for answer, part in zip(answers, given_parts, strict=True)]
    after = settle(pattern, later, needed=needed)
    if before is APPROVED and pattern is not Pattern.ANY:
        assert after is APPROVED
    if before in {RETURNED, REJECTED}:
        assert after in {RETURNED, REJECTED}


@settings(max_examples=1000, deadline=None)
@given(given_parts=st.lists(a_part, max_size=6))
def test_whose_turn_it_is_never_names_who_has_answered(given_parts: list[Part]) -> None:
    now = asked_now(Pattern.IN_TURN, given_parts)
    assert all(given_parts[place].answer is None for place in now)
    for place in now:
        earlier = [part for part in given_parts if part.turn < given_parts[place].turn]
        assert all(part.answer is Answer.APPROVE for part in earlier)


def test_in_turn_the_next_is_asked_only_once_the_one_before_approves() -> None:
    assert asked_now(Pattern.IN_TURN, parts("---")) == [0]
    assert asked_now(Pattern.IN_TURN, parts("a--")) == [1]
    assert asked_now(Pattern.IN_TURN, parts("r--")) == []
    assert asked_now(Pattern.ALL, parts("a--")) == [1, 2]


def test_a_withdrawn_question_goes_nowhere() -> None:
    for to in ApprovalStatus:
        with pytest.raises(WrongMomentError):
            check_move(ApprovalStatus.WITHDRAWN, to)


def test_every_status_has_its_moves_and_only_open_ones_are_approved() -> None:
    assert set(MOVES) == set(ApprovalStatus)
    assert [before for before, after in MOVES.items() if APPROVED in after] == [OPEN]


@pytest.mark.parametrize(
    ("office", "round_number", "expected"),
    [
        (Office.CHAIR, 3, Office.CHAIR),
        (Office.CHAIR, 4, Office.ASSOCIATION_CHAIR),
        (Office.DATA_PROTECTION_LEAD, 4, Office.CHAIR),
        (Office.ASSOCIATION_CHAIR, 4, Office.ASSOCIATION_CHAIR),
    ],
)
def test_after_three_rounds_the_chair_chooses(office: Office, round_number: int, expected: Office) -> None:
    assert office_asked(office, round_number, 3) is expected


@pytest.mark.parametrize(
    ("suffix", "number", "expected"),
    [
        ("TRIAGE", 1, "A-PLR-R-2027-001-TRIAGE"),
        ("TRIAGE", 2, "A-PLR-R-2027-001-TRIAGE-2"),
        ("", 1, "A-PLR-R-2027-001"),
        ("", 3, "A-PLR-R-2027-001-3"),
    ],
)
def test_an_approval_is_named_by_its_case_its_office_and_its_number(
    suffix: str, number: int, expected: str
) -> None:
    assert approval_id("PLR-R-2027-001", suffix, number) == expected
    assert suffix_of(expected, "PLR-R-2027-001") == suffix
