"""Deadlines in words: the day, the clock sentence, and from when somebody else may answer."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from plr.db.models import Approval
from plr.db.session import rules_of
from plr.domain.london import london_day
from plr.domain.wording import clock_sentence, day
from plr.operations import approvals_letters
from plr.web.parts import Fact

NEVER_YES = "Silence never counts as yes."


def sentence(session: Session, asked_at: datetime | None, due_on: date | None, *, now: datetime) -> str:
    """Say where a deadline stands, and which days it skips."""
    rules = rules_of(session)
    asked_on = london_day(asked_at or now)
    return clock_sentence(rules.calendar, asked_on, due_on, london_day(now))


def answer_by(session: Session, asked_at: datetime | None, due_on: date | None, *, now: datetime) -> Fact:
    """Return the first line of every page that wants something."""
    return Fact("Answer by", sentence(session, asked_at, due_on, now=now), on=due_on)


def if_nothing(session: Session, row: Approval, *, now: datetime) -> str:
    """Say what happens to an approval when nobody answers."""
    words = rules_of(session).approvals[row.kind].if_nothing
    may_from = approvals_letters.deputy_may_from(session, row)
    if may_from is None:
        return f"{capital(words)}. {NEVER_YES}"
    on = london_day(may_from)
    if now >= may_from:
        return f"{capital(words)}. {NEVER_YES}"
    return f"From {day(on, year_shown=True)} {words}. {NEVER_YES}"


def capital(words: str) -> str:
    """Return the words with a capital first letter."""
    return words[:1].upper() + words[1:]
