"""The anonymisation check: a second pair of eyes before anybody else reads a text (decisions 85)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Check
from plr.domain.actors import ENGINE, Actor
from plr.domain.words import CaseStatus, Depth, TaskKind
from plr.errors import InvalidInputError, NotEligibleError, Problem
from plr.operations import audit, cases, tasks, wakes

TICKS = ("names", "places", "mix", "staff")
"""What the checker has looked for: names, initials and dates of birth; places, schools, hospitals and
teams; a mix of details that only one family has; staff who could be recognised."""

OUTCOMES = ("clean", "return", "breach")


def ask(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the checker to read the latest text. Light depth without a narrative passes at once."""
    case = cases.get(session, reference)
    latest = cases.latest_submission(session, reference)
    if case.depth is Depth.LIGHT and not (latest.content or {}).get("narrative"):
        _keep(session, reference, latest.version, None, "clean", (), None, by=ENGINE, now=now)
        return "passes"
    if case.status is not CaseStatus.SCREENING:
        cases.move(session, case, CaseStatus.SCREENING, by=ENGINE, now=now)
    author = frozenset() if case.submitter_id is None else frozenset({case.submitter_id})
    subject = f"submission:{reference}:{latest.version}"
    tasks.ask(session, TaskKind.CHECK, reference, subject=subject, barred=author, now=now)
    return "asked"


def outcome(session: Session, reference: str) -> str | None:
    """Return what the checker answered about the latest text, or None."""
    latest = cases.latest_submission(session, reference)
    statement = select(Check.outcome).filter_by(reference=reference, submission_version=latest.version)
    return session.scalar(statement)


def record(
    session: Session,
    reference: str,
    *,
    person_id: int,
    answer: str,
    ticks: Sequence[str],
    reason: str | None,
    by: Actor,
    now: datetime,
) -> None:
    """Take the checker's answer: clean (all four ticks), return (with a reason) or breach."""
    case = cases.get(session, reference, lock=True)
    if answer != "breach":
        cases.check_going_on(case)
    task = tasks.the_open_task(session, reference, TaskKind.CHECK)
    if task.person_id != person_id or by.person_id != person_id:
        raise NotEligibleError("Only the person asked to check this text can answer.")
    _require_answer(answer, ticks, reason)
    latest = cases.latest_submission(session, reference)
    _keep(session, reference, latest.version, person_id, answer, ticks, reason, by=by, now=now)
    tasks.finish(session, task, by=by, now=now)
    if answer == "breach":
        cases.breach(session, reference, by=by, now=now)
    else:
        wakes.wake(session, reference, "checked", now=now)


def _require_answer(answer: str, ticks: Sequence[str], reason: str | None) -> None:
    problems = []
    if answer not in OUTCOMES:
        problems.append(Problem("answer", "is missing.", "Choose an answer."))
    if answer == "clean" and set(ticks) != set(TICKS):
        problems.append(Problem("ticks", "are not all four set.", "Tick all four, or send the text back."))
    if answer == "return" and not (reason or "").strip():
        problems.append(Problem("reason", "is missing.", "Say what should change."))
    if problems:
        raise InvalidInputError(problems)


def _keep(
    session: Session,
    reference: str,
    version: int,
    checker_id: int | None,
    answer: str,
    ticks: Sequence[str],
    reason: str | None,
    *,
    by: Actor,
    now: datetime,
) -> None:
    session.add(
        Check(
            reference=reference,
            submission_version=version,
            checker_id=checker_id,
            outcome=answer,
            ticks=list(ticks),
            reason=reason,
            checked_at=now,
        )
    )
    session.flush()
    codes: dict[str, str | int | None] = {"outcome": answer, "version": version, "checker": checker_id}
    audit.record(session, reference, "case.checked", f"case:{reference}", by=by, now=now, codes=codes)
