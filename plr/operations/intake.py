"""Taking a review in, by whatever door: read already, then checked, screened and logged in one go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.fields import LineOf, no_line
from plr.domain.london import london_day
from plr.domain.submissions import Submission, validate
from plr.errors import InvalidInputError
from plr.operations import cases, screening
from plr.operations.cases import Logged


def checked(
    session: Session,
    data: Mapping[str, Any],
    *,
    line_of: LineOf = no_line,
    source: str = "input",
    now: datetime,
) -> Submission:
    """Return a checked, screened submission; raises InvalidInputError with every problem, never a value."""
    rules = rules_of(session)
    submission = validate(
        data, rules.codes, rules.regions, today=london_day(now), line_of=line_of, source=source
    )
    problems = screening.screen_submission(submission, screening.words_of(rules))
    if problems:
        raise InvalidInputError(problems, source)
    return submission


def receive(
    session: Session,
    data: Mapping[str, Any],
    *,
    by: Actor,
    line_of: LineOf = no_line,
    source: str = "input",
    now: datetime,
) -> Logged:
    """Check, screen and log a review; nothing is stored when anything is wrong (decisions 78)."""
    return cases.submit(
        session, checked(session, data, line_of=line_of, source=source, now=now), by=by, now=now
    )
