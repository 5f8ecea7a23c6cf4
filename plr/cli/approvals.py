"""`plr approvals`: the questions that were asked, and recording an answer on somebody's behalf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plr.adapters import bell
from plr.cli.context import As, Json, Words, about, actor, opened, person_id
from plr.cli.showing import answer as give
from plr.cli.showing import rows
from plr.cli.texts import LONGEST_REASON, given, note_of, require_no_identifiers
from plr.db.models import AnswerRecord, Approval, Person
from plr.domain.words import Answer, ApprovalStatus
from plr.errors import InvalidInputError, Problem
from plr.operations import approvals

_COLUMNS = {"id": "Question", "question": "Asks", "status": "Status", "due_on": "Due", "voters": "Asked"}


def list_approvals(*, open_: bool = False, person: str | None = None, json: Json = False) -> None:
    """List the questions, their answers and who is asked.

    Parameters
    ----------
    open_
        Only those that wait for an answer.
    person
        Only those asked of the person with this address.
    """
    with opened() as work, work.database.reading() as session:
        statement = select(Approval).order_by(Approval.due_on, Approval.id)
        if open_:
            statement = statement.where(Approval.status == ApprovalStatus.OPEN)
        if person is not None:
            asked = person_id(session, person, "--person")
            statement = statement.where(or_(Approval.holder_id == asked, Approval.on_behalf_of_id == asked))
        codes = {found.id: found.code for found in session.scalars(select(Person))}
        listed = approval_rows(session, session.scalars(statement).all(), codes)
    empty = "No question waits for an answer." if open_ else "No question has been asked."
    rows(listed, _COLUMNS, empty=empty, as_json=json)


def approval_rows(
    session: Session, found: Sequence[Approval], codes: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return questions as interface.md prints them; people by their ids."""
    answers: dict[str, list[AnswerRecord]] = {}
    statement = select(AnswerRecord).where(AnswerRecord.approval_id.in_([row.id for row in found]))
    for record in session.scalars(statement.order_by(AnswerRecord.id)):
        answers.setdefault(record.approval_id, []).append(record)
    return [
        {
            "id": row.id,
            "reference": row.reference,
            "kind": row.kind,
            "question": row.question,
            "status": row.status,
            "due_on": row.due_on,
            "voters": [] if row.holder_id is None else [codes[row.holder_id]],
            "decisions": [_decision(record, codes) for record in answers.get(row.id, [])],
        }
        for row in found
    ]


def _decision(record: AnswerRecord, codes: Mapping[int, str]) -> dict[str, Any]:
    return {
        "person": codes[record.person_id],
        "answer": record.answer,
        "at": record.answered_at,
        "on_behalf_of": None if record.on_behalf_of_id is None else codes[record.on_behalf_of_id],
        "recorded_by": None if record.recorded_by_id is None else codes[record.recorded_by_id],
        "counts": record.voided_at is None,
    }


def decide(
    id_: str,
    *,
    person: str,
    answer: Answer,
    reason: Words = None,
    on_behalf_note: Words = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Record an answer that somebody gave you. It counts at once; the person gets a receipt and may object.

    Parameters
    ----------
    id_
        The question, such as A-PLR-R-2027-001-TRIAGE.
    person
        The address of who answered.
    answer
        What the answer is.
    reason
        Their reason; needed unless they approve. `-` reads it from standard input.
    on_behalf_note
        How and when you were told, such as "by telephone, today 9am". `-` reads it from standard input.
    """
    _not_both_from_stdin(reason, on_behalf_note)
    how, when = how_and_when(note_of(on_behalf_note, "Say how and when you were told."))
    why = given(reason, "--reason", at_most=LONGEST_REASON)
    require_no_identifiers([("", why, None)], "--reason")
    with opened() as work:
        with about("plr approvals decide"), work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            who = person_id(session, person, "--person")
            approvals.record_on_behalf(
                session,
                id_,
                person_id=who,
                answer=answer,
                reason=why,
                content_hash=approvals.get(session, id_).content_hash,
                how_told=how,
                when_told=when,
                recorded_by_id=by.person_id or 0,
                by=by,
                now=work.now,
            )
            status = approvals.get(session, id_).status
        bell.ring(work.settings.home)
    give({"id": id_, "status": status}, f"Recorded: {id_} is {status.value}.", as_json=json)


def how_and_when(note: str) -> tuple[str, str]:
    """Return how and when somebody was told, from one note: "by telephone, today 9am".

    Raises InvalidInputError when only one of the two is said.
    """
    how, comma, when = note.partition(",")
    if not comma or not how.strip() or not when.strip():
        problem = "does not say both how and when."
        remedy = 'Say how, a comma, and when: "by telephone, today 9am".'
        raise InvalidInputError([Problem("", problem, remedy)], "--on-behalf-note")
    return how.strip(), when.strip()


def _not_both_from_stdin(*texts: str | None) -> None:
    if sum(text == "-" for text in texts) > 1:
        problem = Problem("", "Only one text can come from standard input.", "Write the other one out.")
        raise InvalidInputError([problem], "plr approvals decide")
