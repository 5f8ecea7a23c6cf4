"""The state machine: complete, every state reached from the first, and ended states never left."""

from __future__ import annotations

from itertools import pairwise

import pytest

from plr.domain.cases import AFTER_ISSUE, ENDED, LABELS, MOVES, STEPS, check_move
from plr.domain.words import CaseStatus, Depth
from plr.errors import WrongMomentError

S = CaseStatus

# The table "One process" of the decisions, step by step, for each depth.
LIGHT = [S.SUBMITTED, S.SCREENING, S.REFLECTING, S.GROUP_AGREED, S.ISSUED, S.FOLLOW_UP, S.CLOSED]
FULL = [
    *(S.SUBMITTED, S.SCREENING, S.TRIAGE, S.REFLECTING, S.SYNTHESIS, S.DRAFT_POSITION),
    *(S.GROUP_AGREED, S.APPROVED, S.ISSUED, S.FOLLOW_UP, S.CLOSED),
]
# From the group's agreement to the issue of a text the Chair has approved is one transaction.
OPEN = set(S) - {S.CLOSED, S.DECLINED, S.WITHDRAWN, S.BREACH, S.ON_HOLD, S.APPROVED}


def test_every_state_has_its_row_its_label_and_is_reached() -> None:
    assert set(MOVES) == set(S)
    assert set(LABELS) == set(S)
    reached, new = {S.SUBMITTED}, {S.SUBMITTED}
    while new:
        new = {to for status in new for to in MOVES[status]} - reached
        reached |= new
    assert reached == set(S)


@pytest.mark.parametrize("path", [LIGHT, FULL], ids=["light", "full"])
def test_the_path_of_each_depth_may_be_walked(path: list[CaseStatus]) -> None:
    for status, to in pairwise(path):
        check_move(status, to)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_every_open_state_may_be_held_withdrawn_and_hidden(status: CaseStatus) -> None:
    assert {S.ON_HOLD, S.WITHDRAWN, S.BREACH} <= MOVES[status]


@pytest.mark.parametrize("status", sorted(OPEN))
def test_what_may_be_held_may_go_back_where_it_stood(status: CaseStatus) -> None:
    check_move(S.ON_HOLD, status)


def test_ended_states_are_never_left() -> None:
    assert {S.CLOSED, S.DECLINED, S.WITHDRAWN, S.BREACH} == ENDED
    assert all(MOVES[status] == frozenset() for status in ENDED)


def test_every_open_state_leads_to_an_end() -> None:
    for status in set(S) - ENDED:
        seen, new = {status}, {status}
        while new:
            new = {to for one in new for to in MOVES[one]} - seen
            seen |= new
        assert seen & ENDED


def test_an_issued_reflection_is_never_declined() -> None:
    assert all(S.DECLINED not in MOVES[status] for status in AFTER_ISSUE)


def test_only_a_decision_of_the_group_leads_to_issue() -> None:
    before = {status for status, to in MOVES.items() if S.ISSUED in to}
    assert before == {S.GROUP_AGREED, S.APPROVED, S.ON_HOLD}
    assert {status for status, to in MOVES.items() if S.APPROVED in to} == {S.GROUP_AGREED}


@pytest.mark.parametrize(
    ("status", "to"),
    [
        (S.SUBMITTED, S.ISSUED),
        (S.SCREENING, S.GROUP_AGREED),
        (S.TRIAGE, S.SYNTHESIS),
        (S.SYNTHESIS, S.GROUP_AGREED),
        (S.DRAFT_POSITION, S.APPROVED),
        (S.CLOSED, S.FOLLOW_UP),
        (S.ON_HOLD, S.CLOSED),
        (S.ON_HOLD, S.ON_HOLD),
    ],
)
def test_a_state_is_never_jumped_over(status: CaseStatus, to: CaseStatus) -> None:
    with pytest.raises(WrongMomentError, match="Look at the case again"):
        check_move(status, to)


@pytest.mark.parametrize("depth", Depth)
def test_the_page_shows_each_state_of_a_depth_under_one_step(depth: Depth) -> None:
    shown = [status for _, states in STEPS[depth] for status in states]
    assert len(shown) == len(set(shown))
    assert set(LIGHT if depth is Depth.LIGHT else FULL) - {S.CLOSED} <= set(shown)
