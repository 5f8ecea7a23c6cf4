"""The state machine of a commissioning reflection (domain 12.1; decisions, One process)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from plr.domain.words import CaseStatus, Depth
from plr.errors import WrongMomentError

S = CaseStatus

ENDED = frozenset({S.CLOSED, S.DECLINED, S.WITHDRAWN, S.BREACH})
"""States a case never leaves."""

AFTER_ISSUE = frozenset({S.ISSUED, S.FOLLOW_UP, S.CLOSED})

_ANY_OPEN = (S.ON_HOLD, S.WITHDRAWN, S.BREACH)

MOVES: Mapping[CaseStatus, frozenset[CaseStatus]] = MappingProxyType(
    {
        S.SUBMITTED: frozenset({S.SCREENING, S.TRIAGE, S.REFLECTING, S.DECLINED, *_ANY_OPEN}),
        S.SCREENING: frozenset({S.RETURNED, S.TRIAGE, S.REFLECTING, S.DECLINED, *_ANY_OPEN}),
        S.RETURNED: frozenset({S.SCREENING, S.DECLINED, *_ANY_OPEN}),
        S.TRIAGE: frozenset({S.REFLECTING, S.RETURNED, S.DECLINED, *_ANY_OPEN}),
        S.REFLECTING: frozenset({S.SYNTHESIS, S.TRIAGE, S.GROUP_AGREED, S.DECLINED, *_ANY_OPEN}),
        S.SYNTHESIS: frozenset({S.DRAFT_POSITION, S.DECLINED, *_ANY_OPEN}),
        S.DRAFT_POSITION: frozenset({S.GROUP_AGREED, S.SYNTHESIS, S.DECLINED, *_ANY_OPEN}),
        S.GROUP_AGREED: frozenset(
            {S.APPROVED, S.ISSUED, S.DRAFT_POSITION, S.REFLECTING, S.DECLINED, *_ANY_OPEN}
        ),
        S.APPROVED: frozenset({S.ISSUED}),
        S.ISSUED: frozenset({S.FOLLOW_UP, *_ANY_OPEN}),
        S.FOLLOW_UP: frozenset({S.CLOSED, *_ANY_OPEN}),
        S.ON_HOLD: frozenset(set(S) - {S.ON_HOLD, S.CLOSED, S.ISSUED, S.APPROVED}) | {S.ISSUED},
        S.CLOSED: frozenset(),
        S.DECLINED: frozenset(),
        S.WITHDRAWN: frozenset(),
        S.BREACH: frozenset(),
    }
)
"""Where a case may go from each state. Every open state may be put on hold, withdrawn or be a breach."""

LABELS: Mapping[CaseStatus, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                S.SUBMITTED,
                S.SCREENING,
                S.TRIAGE,
                S.REFLECTING,
                S.SYNTHESIS,
                S.DRAFT_POSITION,
                S.GROUP_AGREED,
                S.APPROVED,
            ),
            "reflection requested",
        ),
        S.ISSUED: "reflection recorded",
        S.FOLLOW_UP: "reflection recorded",
        S.CLOSED: "closed",
        S.DECLINED: "declined",
        S.WITHDRAWN: "withdrawn",
        S.ON_HOLD: "on hold",
        S.RETURNED: "returned",
        S.BREACH: "breach",
    }
)
"""The words people see (decisions 8, 95)."""

STEPS: Mapping[Depth, tuple[tuple[str, frozenset[CaseStatus]], ...]] = MappingProxyType(
    {
        Depth.LIGHT: (
            ("Logged", frozenset({S.SUBMITTED})),
            ("Checked for identifiers", frozenset({S.SCREENING, S.RETURNED})),
            ("Agreed by the group", frozenset({S.REFLECTING})),
            ("Recorded", frozenset({S.GROUP_AGREED})),
            ("Asked what came of it", frozenset({S.ISSUED, S.FOLLOW_UP})),
        ),
        Depth.FULL: (
            ("Logged", frozenset({S.SUBMITTED})),
            ("Checked for identifiers", frozenset({S.SCREENING, S.RETURNED})),
            ("Taken on by the Chair", frozenset({S.TRIAGE})),
            ("Reflections", frozenset({S.REFLECTING})),
            ("Draft position", frozenset({S.SYNTHESIS})),
            ("Agreed by the group", frozenset({S.DRAFT_POSITION})),
            ("Text approved by the Chair, then recorded", frozenset({S.GROUP_AGREED, S.APPROVED})),
            ("Asked what came of it", frozenset({S.ISSUED, S.FOLLOW_UP})),
        ),
    }
)
"""The steps a case's page shows, with the states in which each is the current one."""


def check_move(status: CaseStatus, to: CaseStatus) -> None:
    """Raise WrongMomentError if a case in this state cannot go there."""
    if to not in MOVES[status]:
        raise WrongMomentError(
            f"A case that is {LABELS[status]} ({status.value}) cannot become {to.value}. "
            "Look at the case again: it has moved on."
        )
