"""Letters about what became of a whole case: to who sent it, to the secretary, and about a breach."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from plr.db.models import Case, Person, Task
from plr.domain.actors import Actor
from plr.domain.london import london_day
from plr.domain.notices import CorrectionAsked, DataConcern, Decided, SubmissionSettled
from plr.domain.words import Office, Settled
from plr.operations import directory, notices

_BREACH_HOURS = timedelta(hours=72)


def tell_submitter(session: Session, case: Case, outcome: Settled, *, now: datetime) -> None:
    """Tell the submitter, once, how their review ended here (decisions 93)."""
    person = None if case.submitter_id is None else session.get_one(Person, case.submitter_id)
    if person is not None and person.id in directory.interested(session, case.reference):
        return
    letter = SubmissionSettled(
        given_name=person.given_name if person else "colleague",
        reference=case.reference,
        outcome=outcome,
        settled_on=london_day(now),
        may_open=person is not None,
    )
    notices.queue(
        session,
        letter,
        to=person or case.submitter_email,
        cause=f"settled:{case.reference}:{outcome.value}",
        reference=case.reference,
        nation=case.nation,
        now=now,
    )


def ask_correction(session: Session, case: Case, task: Task, *, now: datetime) -> None:
    """Ask the submitter for a better text, by a form link; the reason stands on the page it opens."""
    person = None if task.person_id is None else session.get_one(Person, task.person_id)
    letter = CorrectionAsked(
        given_name=person.given_name if person else "colleague", reference=case.reference, due_on=task.due_on
    )
    notices.queue(
        session,
        letter,
        to=person or case.submitter_email,
        cause=f"task:{task.id}",
        reference=case.reference,
        task_id=task.id,
        link_to=f"task:{task.id}",
        nation=case.nation,
        now=now,
    )


def tell_secretary(
    session: Session,
    case: Case,
    outcome: Settled,
    *,
    by: Actor,
    now: datetime,
    review_on: date | None = None,
) -> None:
    """Tell the secretary what became of a case (N27 with its words, decisions 95), unless they did it."""
    people = directory.load(session, on=london_day(now))
    told = set(people.holders(Office.SECRETARY)) - {by.person_id}
    words = "the secretary is told what becomes of a case."
    _tell(session, case, told, outcome, now=now, why=words, review_on=review_on)


def tell_objection(session: Session, case: Case, *, asked_again: bool, now: datetime) -> None:
    """Tell Chair and secretary that somebody objected to a recorded agreement (decisions, Gaps)."""
    people = directory.load(session, on=london_day(now))
    told = {*people.holders(Office.CHAIR), *people.holders(Office.SECRETARY)}
    next_step = "somebody objected to what was recorded for the group; " + (
        "it waits for a quorate meeting again" if asked_again else "the case has ended, so nobody is asked"
    )
    words = "Chair and secretary are told when somebody objects."
    _tell(session, case, told, Settled.WITHDRAWN, now=now, why=words, next_step=next_step)


def _tell(
    session: Session,
    case: Case,
    told: Iterable[int],
    outcome: Settled,
    *,
    why: str,
    now: datetime,
    review_on: date | None = None,
    next_step: str | None = None,
) -> None:
    subject = "agreement on" if next_step else "review"
    # One letter per code, record, person and minute (rehearsal Q2).
    cause = f"case:{case.reference}:{outcome.value}:{int(now.timestamp()) // 60}"
    for person_id in sorted(set(told) - directory.interested(session, case.reference)):
        person = session.get_one(Person, person_id)
        letter = Decided(
            given_name=person.given_name,
            why=why,
            reference=case.reference,
            what=f"{subject} {case.reference}",
            outcome=outcome,
            settled_on=london_day(now),
            review_on=review_on,
            next_step=next_step,
        )
        notices.queue(session, letter, to=person, cause=cause, reference=case.reference, now=now)


def tell_breach(session: Session, case: Case, asked_id: int | None, *, now: datetime) -> None:
    """Tell the data-protection lead, the Chair and whoever is asked to delete, at any hour (N62)."""
    people = directory.load(session, on=london_day(now))
    told = {*people.holders(Office.DATA_PROTECTION_LEAD), *people.holders(Office.CHAIR)}
    for person_id in sorted(told if asked_id is None else told | {asked_id}):
        person = session.get_one(Person, person_id)
        letter = DataConcern(
            given_name=person.given_name,
            why="You look after a possible breach of personal data.",
            reference=case.reference,
            seen_at=now,
            clock_ends_at=now + _BREACH_HOURS,
        )
        cause = f"breach:{case.reference}"
        notices.queue(session, letter, to=person, cause=cause, reference=case.reference, now=now)
