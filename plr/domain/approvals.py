"""How the answers to one question settle it, and which moves an approval may make.

Silence never decides: without an answer nothing is settled, whatever the pattern.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plr.domain.words import Answer, ApprovalStatus, Office, Pattern
from plr.errors import WrongMomentError


@dataclass(frozen=True, slots=True)
class Part:
    """One office's part of a question: the answer that counts, its named group, its place in turn."""

    answer: Answer | None = None
    group: str | None = None
    turn: int = 0


STATUS_OF_ANSWER: Mapping[Answer, ApprovalStatus] = {
    Answer.APPROVE: ApprovalStatus.APPROVED,
    Answer.RETURN: ApprovalStatus.RETURNED,
    Answer.REJECT: ApprovalStatus.REJECTED,
}

ANSWERED = frozenset(STATUS_OF_ANSWER.values())

MOVES: Mapping[ApprovalStatus, frozenset[ApprovalStatus]] = {
    ApprovalStatus.OPEN: ANSWERED | {ApprovalStatus.VOID, ApprovalStatus.WITHDRAWN},
    **dict.fromkeys(
        ANSWERED, frozenset({ApprovalStatus.OPEN, ApprovalStatus.VOID, ApprovalStatus.SUPERSEDED})
    ),
    ApprovalStatus.VOID: frozenset({ApprovalStatus.OPEN}),
    ApprovalStatus.WITHDRAWN: frozenset(),
    ApprovalStatus.SUPERSEDED: frozenset(),
}
"""Where an approval may go. Back to open only when an answer, its own or a sibling's, stops counting."""

_LAST_WORDS: Mapping[ApprovalStatus, str] = {
    ApprovalStatus.APPROVED: "This has been approved already.",
    ApprovalStatus.RETURNED: "Changes have been asked for already.",
    ApprovalStatus.REJECTED: "This has been declined already.",
    ApprovalStatus.VOID: "This question is void; nothing needs an answer here.",
    ApprovalStatus.WITHDRAWN: "This question was withdrawn; nothing needs an answer here.",
    ApprovalStatus.SUPERSEDED: "This answer was replaced by a later one; open that one.",
    ApprovalStatus.OPEN: "This question is still open; answer it instead.",
}


def check_move(before: ApprovalStatus, after: ApprovalStatus) -> None:
    """Raise WrongMomentError unless an approval may go from one status to the other."""
    if after not in MOVES[before]:
        raise WrongMomentError(_LAST_WORDS[before])


def settle(pattern: Pattern, parts: Sequence[Part], *, needed: int | None = None) -> ApprovalStatus:
    """Return how the parts settle the question, OPEN while the outcome is not fixed (decisions 38).

    any: the first answer. all, in turn: everybody approves; one other answer settles. m of n: `needed`
    approve, or no longer can. per group: one of each group approves, or in one group nobody can any
    more. Where it is not approved, the more frequent of the other two answers is the outcome; a tie
    asks for changes.
    """
    answers = [part.answer for part in parts if part.answer is not None]
    if not answers:
        return ApprovalStatus.OPEN
    if pattern is Pattern.ANY:
        return ApprovalStatus.APPROVED if set(answers) == {Answer.APPROVE} else _refusal(answers)
    hurdles = _hurdles(pattern, parts, needed)
    if any(possible < wanted for _, possible, wanted in hurdles):
        return _refusal(answers)
    reached = all(approved >= wanted for approved, _, wanted in hurdles)
    return ApprovalStatus.APPROVED if reached else ApprovalStatus.OPEN


def _hurdles(pattern: Pattern, parts: Sequence[Part], needed: int | None) -> list[tuple[int, int, int]]:
    """Return, for each condition, how many approve, how many still can in all, and how many must."""
    if pattern is Pattern.PER_GROUP:
        groups = dict.fromkeys(part.group for part in parts)
        return [(*_count([part for part in parts if part.group == group]), 1) for group in groups]
    wanted = len(parts)
    if pattern is Pattern.M_OF_N:
        if needed is None or not 1 <= needed <= len(parts):
            raise ValueError("m of n needs a number from one to the number of offices.")
        wanted = needed
    return [(*_count(parts), wanted)]


def _count(parts: Sequence[Part]) -> tuple[int, int]:
    approved = sum(part.answer is Answer.APPROVE for part in parts)
    return approved, approved + sum(part.answer is None for part in parts)


def _refusal(answers: Sequence[Answer]) -> ApprovalStatus:
    tally = Counter(answers)
    if tally[Answer.REJECT] > tally[Answer.RETURN]:
        return ApprovalStatus.REJECTED
    return ApprovalStatus.RETURNED if tally[Answer.RETURN] else ApprovalStatus.OPEN


def asked_now(pattern: Pattern, parts: Sequence[Part]) -> list[int]:
    """Return the places of the parts whose turn it is: unanswered, and in turn only the next."""
    waiting = [place for place, part in enumerate(parts) if part.answer is None]
    if pattern is not Pattern.IN_TURN or not waiting:
        return waiting
    turn = min(parts[place].turn for place in waiting)
    before = [part for part in parts if part.turn < turn]
    if any(part.answer is not Answer.APPROVE for part in before):
        return []
    return [place for place in waiting if parts[place].turn == turn]


def office_asked(office: Office, round_number: int, rounds_before_choice: int) -> Office:
    """Return whom a round is asked of: after so many rounds the Chair chooses (decisions 92).

    For the Chair's own approvals the AoCPP Chair does.
    """
    if round_number <= rounds_before_choice or office is Office.ASSOCIATION_CHAIR:
        return office
    return Office.ASSOCIATION_CHAIR if office is Office.CHAIR else Office.CHAIR


def approval_id(reference: str, suffix: str, number: int) -> str:
    """Return `A-<reference>[-SUFFIX][-number]`; the first has no number (decisions 4)."""
    parts = ["A", reference, *([suffix] if suffix else []), *([str(number)] if number > 1 else [])]
    return "-".join(parts)


def suffix_of(identity: str, reference: str) -> str:
    """Return the suffix of an approval's id, without its number."""
    parts = identity.removeprefix(f"A-{reference}").split("-")[1:]
    return "-".join(parts[:-1] if parts and parts[-1].isdigit() else parts)
