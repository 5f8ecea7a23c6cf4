"""Answering: who may is checked again at this instant; the answer counts for the text that was read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Case, Position
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.approvals import ANSWERED, STATUS_OF_ANSWER
from plr.domain.london import london_day
from plr.domain.people import InLine
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, Office, Pattern, Via
from plr.errors import (
    AlreadyAnsweredError,
    InvalidInputError,
    NotEligibleError,
    Problem,
    TextChangedError,
    WrongMomentError,
)
from plr.operations import approvals_asking as asking
from plr.operations import approvals_letters as letters
from plr.operations import approvals_records as records
from plr.operations import directory, wakes

TEXT_CHANGED = "text-changed"
_ANSWERED = "Somebody has answered this question; your answer was not recorded. There is nothing more to do."


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody answered, by what proof, and how the secretary was told when on behalf."""

    person_id: int
    answer: Answer
    reason: str | None
    content_hash: str
    via: Via
    proof: str
    recorded_by_id: int | None = None
    how_told: str | None = None
    when_told: str | None = None


def may_answer(session: Session, approval: Approval, person_id: int, *, now: datetime) -> None:
    """Raise unless this person may answer now; nothing changes.

    The holder, their delegate on the dates, or the deputy once it is late; not the author, nobody with
    an interest or asked another part; active, the office still held. Raises AlreadyAnsweredError,
    TextChangedError, NotEligibleError or WrongMomentError.
    """
    rows = list(session.scalars(select(Approval).where(Approval.ask == approval.ask)))
    records.check_case(session.get_one(Case, approval.reference))
    check_open(approval)
    stands_for(session, approval, rows, person_id, now=now)


def check_open(row: Approval) -> None:
    """Raise unless the approval still waits for a person's answer."""
    if row.status in ANSWERED or (row.status is ApprovalStatus.VOID and row.void_reason == records.SETTLED):
        raise AlreadyAnsweredError(_ANSWERED)
    if row.status is ApprovalStatus.VOID and row.void_reason == TEXT_CHANGED:
        raise TextChangedError("The text has changed. Please read it again; you are asked anew.")
    if row.status is not ApprovalStatus.OPEN:
        raise WrongMomentError("This question needs no answer any more. Open My tasks to see what does.")
    if row.kind is ApprovalKind.GROUP:
        raise NotEligibleError("Only a recorded, quorate meeting answers this (terms of reference 4.1).")


def stands_for(
    session: Session, row: Approval, rows: list[Approval], person_id: int, *, now: datetime
) -> int | None:
    """Return for whom this person answers, None in their own right. Raises NotEligibleError."""
    people = directory.load(session, on=london_day(now))
    barred = records.barred(session, row, rows)
    if person_id in barred:
        raise NotEligibleError(
            "You cannot answer this: you wrote it, declared an interest or are asked another part of it."
        )
    if row.office is None or row.holder_id is None or not people.is_active(person_id):
        raise NotEligibleError("You are not asked this question. Open My tasks to see what is asked of you.")
    if person_id == row.holder_id:
        if people.may_hold(row.office, InLine(person_id, row.on_behalf_of_id), barred=barred):
            return row.on_behalf_of_id
        raise NotEligibleError("You are away or no longer hold the office asked; somebody else answers this.")
    principal = row.on_behalf_of_id or row.holder_id
    if person_id == people.delegate_of(row.holder_id, row.office) and row.on_behalf_of_id is None:
        if row.holder_id in barred:
            raise NotEligibleError("You cannot answer this for somebody who may not answer it.")
        return row.holder_id
    may_from = letters.deputy_may_from(session, row)
    if person_id == letters.deputy_of(people, row):
        if may_from is not None and now >= may_from:
            return principal
        raise NotEligibleError("You are the deputy: you may answer once the answer is a working day late.")
    raise NotEligibleError("You are not asked this question. Open My tasks to see what is asked of you.")


def answer(
    session: Session,
    approval_id: str,
    *,
    person_id: int,
    answer: Answer,
    reason: str | None,
    content_hash: str,
    by: Actor,
    proof: str | None,
    now: datetime,
) -> ApprovalStatus:
    """Take one identified person's answer; return where the question now stands.

    OPEN means others have still to answer. The same answer again has no effect. Raises
    InvalidInputError (field reason), TextChangedError, AlreadyAnsweredError, NotEligibleError or
    WrongMomentError (reliability R2, R4, R5).
    """
    if by.person_id is None or by.person_id != person_id or not (proof or "").strip():
        raise NotEligibleError("An answer needs an identified person. Sign in, then answer.")
    given = Given(person_id, answer, _stripped(reason), content_hash, by.via, proof or "")
    return _take(session, approval_id, given, by=by, now=now)


def record_on_behalf(
    session: Session,
    approval_id: str,
    *,
    person_id: int,
    answer: Answer,
    reason: str | None,
    content_hash: str,
    how_told: str,
    when_told: str,
    recorded_by_id: int,
    by: Actor,
    now: datetime,
) -> ApprovalStatus:
    """Record an answer somebody gave the secretary: it counts at once.

    The person gets a receipt (N07) and may object for five working days. Only the secretary, or who is
    second in line, records; how and when it was told is compulsory. Raises as `answer` does.
    """
    if by.person_id is None or by.person_id != recorded_by_id:
        raise NotEligibleError("Recording an answer needs an identified person. Sign in, then record it.")
    _check_recorder(session, approval_id, recorded_by_id, person_id, now=now)
    missing = [
        Problem(field, "is missing.", remedy)
        for field, value, remedy in (
            ("how_told", how_told, "Say how the answer was given, such as by telephone."),
            ("when_told", when_told, "Say when the answer was given, such as today 9am."),
        )
        if not value.strip()
    ]
    if missing:
        raise InvalidInputError(missing)
    given = Given(
        person_id=person_id,
        answer=answer,
        reason=_stripped(reason),
        content_hash=content_hash,
        via=by.via,
        proof="on-behalf",
        recorded_by_id=recorded_by_id,
        how_told=how_told.strip(),
        when_told=when_told.strip(),
    )
    return _take(session, approval_id, given, by=replace(by, for_id=person_id), now=now)


def _check_recorder(
    session: Session, approval_id: str, recorder: int, person_id: int, *, now: datetime
) -> None:
    people = directory.load(session, on=london_day(now))
    line = people.first_in_line(Office.SECRETARY)
    allowed = {*people.holders(Office.SECRETARY), *([] if line is None else [line.person_id])}
    interested = directory.interested(session, records.get(session, approval_id).reference)
    if recorder not in allowed or recorder in interested or recorder == person_id:
        raise NotEligibleError("Only the secretary records what somebody else answered.")


def _take(session: Session, approval_id: str, given: Given, *, by: Actor, now: datetime) -> ApprovalStatus:
    locked = records.lock(session, approval_id)
    row, rows = locked.row, locked.rows
    before = records.counted(session, row)
    if before is not None and before.person_id == given.person_id:
        if before.answer is given.answer:
            return records.standing_of(session, rows)
        raise AlreadyAnsweredError(
            "You have answered this already, otherwise. Open your answer to take it back or replace it."
        )
    records.check_case(locked.case)
    check_open(row)
    behalf = stands_for(session, row, rows, given.person_id, now=now)
    check_given(row, given.answer, given.reason, given.content_hash)
    kept = keep(session, row, given, behalf, now=now)
    records.note_answer(session, kept, "answer.recorded", by=by, now=now)
    if given.recorded_by_id is not None:
        letters.receipt(session, row, kept, now=now)
    return after_answer(session, locked, given.answer, by=by, now=now)


def check_given(row: Approval, answer: Answer, reason: str | None, content_hash: str) -> None:
    """Raise unless the answer is about the text as it is, with a reason where one is needed."""
    if content_hash != row.content_hash:
        raise TextChangedError("The text has changed. Please read it again, then answer.")
    if answer is not Answer.APPROVE and not (reason or "").strip():
        remedy = "Say what should change." if answer is Answer.RETURN else "Say why."
        raise InvalidInputError([Problem("reason", "is missing.", remedy)])


def keep(session: Session, row: Approval, given: Given, behalf: int | None, *, now: datetime) -> AnswerRecord:
    """Write the answer down; its row is kept for ever, also when it no longer counts."""
    rules = rules_of(session)
    until = rules.calendar.add_working_days(london_day(now), rules.commissioning.objection_working_days)
    kept = AnswerRecord(
        approval_id=row.id,
        person_id=given.person_id,
        answer=given.answer,
        reason=given.reason,
        content_hash=given.content_hash,
        answered_at=now,
        via=given.via.value,
        proof=given.proof,
        on_behalf_of_id=behalf,
        recorded_by_id=given.recorded_by_id,
        how_told=given.how_told,
        when_told=given.when_told,
        object_until_on=None if given.recorded_by_id is None else until,
    )
    session.add(kept)
    session.flush()
    return kept


def after_answer(
    session: Session, locked: records.Locked, answer: Answer, *, by: Actor, now: datetime
) -> ApprovalStatus:
    """Settle what can be settled: void the rest, tell who is told, wake the case; or ask the next."""
    row, rows = locked.row, locked.rows
    records.move(session, row, STATUS_OF_ANSWER[answer], "approval.answered", by=by, now=now)
    records.still(session, row, "answered", now=now)
    outcome = records.standing_of(session, rows)
    in_turn = rules_of(session).approvals[row.kind].pattern is Pattern.IN_TURN
    if outcome is ApprovalStatus.OPEN:
        if in_turn:
            letters.tell_settled(session, [row], row, row.status, now=now)
        asking.seat_next(session, locked.case, rows, by=by, now=now)
        return outcome
    close_rest(session, rows, by=by, now=now)
    told = [row] if in_turn else records.live(rows)
    letters.tell_settled(session, told, row, outcome, now=now)
    records.note(
        session, row, "approval.settled", by=by, now=now, codes={"outcome": outcome.value}, whole=True
    )
    wakes.wake(session, row.reference, "approval-settled", now=now)
    return outcome


def close_rest(session: Session, rows: list[Approval], *, by: Actor, now: datetime) -> None:
    """Make void what is still open in a settled question: nobody else is asked."""
    for other in records.live(rows):
        if other.status is ApprovalStatus.OPEN:
            records.move(
                session, other, ApprovalStatus.VOID, "approval.void", by=by, now=now, reason=records.SETTLED
            )
            records.still(session, other, "settled", now=now)


def settle_group(
    session: Session,
    ask: str,
    answer: Answer,
    *,
    by: Actor,
    now: datetime,
    subject_version: int | None = None,
) -> ApprovalStatus:
    """Settle the group's question by what a recorded, quorate meeting answered: no voters, no letters.

    Only the operation that records the meeting calls this; it has checked the quorum. Raises
    WrongMomentError or NotEligibleError.
    """
    rows = list(session.scalars(select(Approval).where(Approval.ask == ask)))
    if not rows or rows[0].kind is not ApprovalKind.GROUP:
        raise WrongMomentError("The group is not asked this.")
    if by.person_id is None:
        raise NotEligibleError("Recording what a meeting agreed needs an identified person.")
    locked = records.lock(session, rows[0].id)
    row = locked.row
    records.check_case(locked.case)
    if row.status is not ApprovalStatus.OPEN:
        raise AlreadyAnsweredError("What the group agreed has been recorded already.")
    if subject_version is not None:
        row.subject_version = subject_version
        text = session.scalar(
            select(Position.content_hash).where(
                Position.reference == row.reference, Position.version == subject_version
            )
        )
        row.content_hash = text or row.content_hash
    codes = {"answer": answer.value, "version": row.subject_version}
    records.move(session, row, STATUS_OF_ANSWER[answer], "approval.settled", by=by, now=now, codes=codes)
    wakes.wake(session, row.reference, "approval-settled", now=now)
    return row.status


def _stripped(reason: str | None) -> str | None:
    return (reason or "").strip() or None
