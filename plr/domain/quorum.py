"""Whether a meeting was quorate for one item (terms of reference 4.1)."""

from __future__ import annotations

from collections.abc import Iterable

from plr.domain.rules import TermsVersion


def too_few_members(present: int, terms: TermsVersion) -> bool:
    """Say whether fewer Association members were present for the item than the terms ask.

    `present` does not count people who were out for the item (decisions 43).
    """
    return present < terms.minimum_members


def too_few_professions(professions: Iterable[str], terms: TermsVersion) -> bool:
    """Say whether the professions present were too few; the presider may confirm with a reason (45)."""
    return len(set(professions) & set(terms.professions)) < terms.minimum_professions
