"""A small process for the tests: two steps, a wait for an answer, a step, a wait for a date, a step.

Effects are rows of the security log, so that a thing done twice is a thing counted twice. Files in
PLR_HOME hold the process at a place of a test's choice.
"""

from __future__ import annotations

import os
import time
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr import settings
from plr.db.models import SecurityEntry
from plr.domain.london import london_day
from plr.engine.journal import version
from plr.engine.steps import step
from plr.engine.waits import Awaited, Satisfied, await_date, wait

SECRET = "canary-0f3a"  # stands for case text: it must never be seen in Prefect


def effect(session: Session, reference: str, event: str, now: datetime, **detail: object) -> None:
    session.add(SecurityEntry(at=now, event=event, person_id=None, detail={"reference": reference, **detail}))


def effects(session: Session, reference: str) -> list[str]:
    rows = session.scalars(select(SecurityEntry).order_by(SecurityEntry.id))
    return [row.event for row in rows if row.detail["reference"] == reference and row.event != "answer"]


@step
def open_item(session: Session, reference: str, *, now: datetime) -> str:
    """Open the item."""
    hold("open")
    effect(session, reference, "opened", now, text=SECRET)
    return (london_day(now) + timedelta(days=1)).isoformat()


@step
def ask(session: Session, reference: str, *, now: datetime) -> None:
    """Ask."""
    if flag("break-ask", reference):
        raise ValueError(SECRET)
    effect(session, reference, "asked", now)


@step
def record_answer(session: Session, reference: str, *, now: datetime, answer: str) -> int:
    """Record the answer."""
    hold("answer")
    effect(session, reference, f"recorded {answer}", now)
    return len(answer)


@step
def close(session: Session, reference: str, *, now: datetime) -> None:
    """Close the item."""
    effect(session, reference, "closed", now)


def look_for_answer(session: Session, reference: str, now: datetime) -> Satisfied[str] | Awaited:
    for row in session.scalars(select(SecurityEntry).filter_by(event="answer")):
        if row.detail["reference"] == reference:
            return Satisfied(row.detail["answer"])
    return Awaited(f"approval:A-{reference}", "an answer", "the Chair", date(2026, 5, 5))


def travel(reference: str) -> None:
    """Travel from an answer to a date, for the tests (terms of reference 2.1)."""
    next_day = open_item(reference)
    ask(reference)
    answer = wait(reference, "answer", look_for_answer)
    hold("between")
    record_answer(reference, answer=answer)
    if version(reference) >= 2:
        record_answer(reference, answer="again")
    if answer != "decline":
        await_date(reference, "next-day", next_day)
    close(reference)


def flag(name: str, reference: str) -> bool:
    path = home() / name
    return path.exists() and path.read_text() == reference


def hold(name: str) -> None:
    """Wait while the file hold-<name> is there, having said so with at-<name>."""
    place = home()
    name += os.environ.get("JOURNEY_MARK", "")  # noqa: TID251 - lets a test hold one of two workers
    if (place / f"hold-{name}").exists():
        (place / f"at-{name}").touch()
        while (place / f"hold-{name}").exists():
            time.sleep(0.05)
        (place / f"left-{name}").touch()


def home() -> Path:
    return settings.load().home
