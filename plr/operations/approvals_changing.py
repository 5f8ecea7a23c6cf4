"""Undoing and replacing, honestly: nothing is deleted, what no longer counts stays and says why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Output, SecurityEntry
from plr.domain.actors import Actor
from plr.domain.approvals import ANSWERED, STATUS_OF_ANSWER, suffix_of
from plr.domain.approvals import approval_id as approval_id_of
from plr.domain.cases import AFTER_ISSUE, ENDED
from plr.domain.london import london_day
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, CaseStatus, Office, Settled
from plr.errors import InvalidInputError, NotEligibleError, NotFoundError, Problem, WrongMomentError
from plr.operations import approvals_answering as answering
from plr.operations import approvals_asking as asking
from plr.operations import approvals_letters as letters
from plr.operations import approvals_records as records
from plr.operations import directory, wakes

OBJECTED = "objected"
OBJECTED_TO = "objected to"
REPLACED = "replaced"


def void(session: Session, approval_id: str, *, reason: str, by: Actor, now: datetime) -> None:
    """Make an open approval void, because what it asks about has gone; `reason` is a code."""
    locked = records.lock(session, approval_id)
    if locked.row.status is ApprovalStatus.OPEN:
        _void_row(session, locked.row, reason, by=by, now=now)


def void_settled(session: Session, approval_id: str, *, reason: str, by: Actor, now: datetime) -> None:
    """Make an answered approval void, with its answer: what was recorded does not stand."""
    locked = records.lock(session, approval_id)
    if locked.row.status in ANSWERED:
        _void_row(session, locked.row, reason, by=by, now=now)
        wakes.wake(session, locked.case.reference, "approval-void", now=now)


def void_for_changed_text(
    session: Session,
    reference: str,
    subject: str,
    *,
    by: Actor,
    now: datetime,
    content_hash: str | None = None,
) -> list[str]:
    """Make void what asks about, or approved, an older text of a subject; return the approvals' ids.

    Approvals of the text that `content_hash` names stay. What a meeting agreed stays; an objection or
    the process sends it back to the group.
    """
    records.lock_case(session, reference)
    asks = session.scalars(
        select(Approval.ask).where(Approval.reference == reference, Approval.subject == subject).distinct()
    ).all()
    gone: list[str] = []
    for ask in sorted(asks):
        for row in records.live(records.lock_rows(session, ask)):
            approved = row.status is ApprovalStatus.APPROVED and row.kind is not ApprovalKind.GROUP
            if row.content_hash != content_hash and (row.status is ApprovalStatus.OPEN or approved):
                _void_row(session, row, answering.TEXT_CHANGED, by=by, now=now)
                gone.append(row.id)
    if gone:
        wakes.wake(session, reference, "approval-void", now=now)
    return gone


def _void_row(session: Session, row: Approval, reason: str, *, by: Actor, now: datetime) -> None:
    given = records.counted(session, row)
    if given is not None:
        records.void_answer(session, given, reason, by=by, now=now)
    records.move(session, row, ApprovalStatus.VOID, "approval.void", by=by, now=now, reason=reason)
    records.still(session, row, "void", now=now)


def withdraw(session: Session, approval_id: str, *, by: Actor, now: datetime) -> None:
    """Take a question back before it is settled: nobody is asked any more; the secretary is told.

    Its author, the secretary, the Chair or the process may. Raises WrongMomentError once it is settled.
    """
    locked = records.lock(session, approval_id)
    people = directory.load(session, on=london_day(now))
    allowed = {locked.row.author_id, *people.holders(Office.SECRETARY), *people.holders(Office.CHAIR)}
    if by.person_id is not None and by.person_id not in allowed:
        raise NotEligibleError("Only its author, the secretary or the Chair may withdraw a question.")
    if records.standing_of(session, locked.rows) is not ApprovalStatus.OPEN:
        raise WrongMomentError("This is settled. Replace the answer instead of withdrawing the question.")
    for row in records.live(locked.rows):
        if row.status is ApprovalStatus.OPEN:
            records.move(session, row, ApprovalStatus.WITHDRAWN, "approval.withdrawn", by=by, now=now)
            records.still(session, row, "withdrawn", now=now)
    letters.tell_settled(session, [locked.row], locked.row, Settled.WITHDRAWN, now=now)
    wakes.wake(session, locked.case.reference, "approval-withdrawn", now=now)


def _answer_of(session: Session, answer_id: int, person_id: int, by: Actor) -> AnswerRecord:
    given = session.get(AnswerRecord, answer_id)
    if given is None or given.person_id != person_id:
        raise NotFoundError("There is no such answer of yours. Open My tasks, Done, to see your answers.")
    if by.person_id != person_id:
        raise NotEligibleError("Only the person in whose name it stands may do this. Sign in first.")
    return given


def take_back(session: Session, answer_id: int, *, person_id: int, by: Actor, now: datetime) -> None:
    """Take one's own answer back while the question has not settled; it is open again (decisions 91).

    Raises WrongMomentError once it has settled: then the answer can only be replaced.
    """
    given = _answer_of(session, answer_id, person_id, by)
    locked = records.lock(session, given.approval_id)
    row = locked.row
    records.check_case(locked.case)
    if given.voided_at is not None or records.standing_of(session, locked.rows) is not ApprovalStatus.OPEN:
        raise WrongMomentError("This has taken effect. Replace your answer instead of taking it back.")
    records.void_answer(session, given, "taken-back", by=by, now=now)
    records.move(session, row, ApprovalStatus.OPEN, "approval.reopened", by=by, now=now)
    asking.start_clock(session, row, now=now)
    _unask_later(session, locked.rows, row, by=by, now=now)


def _unask_later(
    session: Session, rows: Iterable[Approval], row: Approval, *, by: Actor, now: datetime
) -> None:
    # In turn, whoever comes later is not asked before this answer is given again.
    for later in records.live(rows):
        seated = later.asked_at is not None or later.due_on is not None
        if later.turn > row.turn and later.status is ApprovalStatus.OPEN and seated:
            records.still(session, later, "not-yet", now=now)
            later.asked_at = later.due_on = later.holder_id = later.on_behalf_of_id = None
            records.note(session, later, "approval.not-yet", by=by, now=now)


def object_to(
    session: Session, answer_id: int, *, person_id: int, reason: str, by: Actor, now: datetime
) -> list[str]:
    """Take the objection of a person in whose name the secretary recorded an answer.

    Within five working days. The answer is void and asked again, with what it voided; Chair and
    secretary are told; after issue the documents stay, marked "objected to". Returns the ids asked anew.
    """
    given = _answer_of(session, answer_id, person_id, by)
    if given.recorded_by_id is None or given.object_until_on is None:
        raise WrongMomentError('This answer was not recorded for you. If you did not give it, say "not me".')
    if not reason.strip():
        raise InvalidInputError([Problem("reason", "is missing.", "Say what you did answer, or why not.")])
    locked = records.lock(session, given.approval_id)
    row, case = locked.row, locked.case
    if given.voided_at is not None or row.status not in ANSWERED:
        raise WrongMomentError("This answer no longer counts; nothing needs an objection.")
    if london_day(now) > given.object_until_on:
        raise WrongMomentError("The working days to object are over. Ask the secretary to replace it.")
    records.void_answer(session, given, OBJECTED, by=by, now=now, note=reason.strip())
    again = [row, *_voided_by(locked.rows, row)]
    records.move(session, row, ApprovalStatus.VOID, "approval.void", by=by, now=now, reason=OBJECTED)
    if case.status in AFTER_ISSUE:
        _mark_outputs(session, row)
    _tell_objection(session, row, asked_again=case.status not in ENDED, now=now)
    wakes.wake(session, case.reference, "approval-objected", now=now)
    if case.status in ENDED:
        return []
    replacements = [_replacement(session, old) for old in again]
    _go_on(session, locked, (), by=by, now=now)
    return [new.id for new in replacements if new.status is ApprovalStatus.OPEN]


def _voided_by(rows: Iterable[Approval], row: Approval) -> list[Approval]:
    return [
        other
        for other in records.live(rows)
        if other.id != row.id and other.status is ApprovalStatus.VOID and other.void_reason == records.SETTLED
    ]


def _tell_objection(session: Session, row: Approval, *, asked_again: bool, now: datetime) -> None:
    people = directory.load(session, on=london_day(now))
    letters.tell_settled(
        session,
        [row],
        row,
        Settled.WITHDRAWN,
        now=now,
        also=people.holders(Office.CHAIR),
        next_step="the person in whose name the answer was recorded objected; "
        + ("it is asked again" if asked_again else "the case has ended, so the review must be sent again"),
    )


def _mark_outputs(session: Session, row: Approval) -> None:
    for output in session.scalars(select(Output).where(Output.reference == row.reference)):
        if row.id in output.approvals:
            output.mark = OBJECTED_TO


def _replacement(session: Session, old: Approval) -> Approval:
    taken = set(session.scalars(select(Approval.id).where(Approval.reference == old.reference)))
    suffix = suffix_of(old.id, old.reference)
    number = asking.next_number(old.reference, [suffix], taken)
    new = Approval(
        id=approval_id_of(old.reference, suffix, number),
        ask=old.ask,
        reference=old.reference,
        kind=old.kind,
        office=old.office,
        group=old.group,
        turn=old.turn,
        round=old.round,
        question=old.question,
        status=ApprovalStatus.OPEN,
        subject=old.subject,
        subject_version=old.subject_version,
        content_hash=old.content_hash,
        author_id=old.author_id,
        supersedes_id=old.id,
    )
    session.add(new)
    session.flush()
    return new


def not_me(session: Session, answer_id: int, *, person_id: int, by: Actor, now: datetime) -> None:
    """Take "this was not me": the answer is void, the question open again, and the log of refusals says so.

    Raises WrongMomentError for an answer recorded on behalf (object to it) or that no longer counts.
    """
    given = _answer_of(session, answer_id, person_id, by)
    if given.recorded_by_id is not None:
        raise WrongMomentError("The secretary recorded this answer for you. Object to it instead.")
    locked = records.lock(session, given.approval_id)
    row, case = locked.row, locked.case
    if given.voided_at is not None or row.status not in ANSWERED:
        raise WrongMomentError("This answer no longer counts.")
    session.add(
        SecurityEntry(
            at=now,
            event="answer.not-me",
            person_id=person_id,
            detail={"approval": row.id, "answer": answer_id},
        )
    )
    records.void_answer(session, given, "not-me", by=by, now=now)
    wakes.wake(session, case.reference, "approval-reopened", now=now)
    if case.status in ENDED or case.status in AFTER_ISSUE:
        records.move(session, row, ApprovalStatus.VOID, "approval.void", by=by, now=now, reason="not-me")
        _mark_outputs(session, row)
        case.attention = "answer-disputed"
        return
    siblings = _voided_by(locked.rows, row)
    records.move(session, row, ApprovalStatus.OPEN, "approval.reopened", by=by, now=now)
    _ask_anew(session, row, now=now)
    _unask_later(session, locked.rows, row, by=by, now=now)
    _go_on(session, locked, siblings, by=by, now=now)


def _ask_anew(session: Session, row: Approval, *, now: datetime) -> None:
    if row.asked_at is not None and row.holder_id is not None:
        asking.start_clock(session, row, now=now)
        letters.ask_holder(session, row, now=now)


def _go_on(
    session: Session, locked: records.Locked, siblings: Iterable[Approval], *, by: Actor, now: datetime
) -> None:
    """After an answer stopped counting: ask what is open again, or nobody when it is settled all the same."""
    rows = records.lock_rows(session, locked.row.ask)
    if records.standing_of(session, rows) is not ApprovalStatus.OPEN:
        answering.close_rest(session, rows, by=by, now=now)
        return
    for again in siblings:
        records.move(session, again, ApprovalStatus.OPEN, "approval.reopened", by=by, now=now)
        _ask_anew(session, again, now=now)
    asking.seat_next(session, locked.case, rows, by=by, now=now)


def supersede(
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
) -> str:
    """Replace an answer that has taken effect by another; return the new approval's id.

    Both are kept and linked; everyone who had letters about the first is told. Who gave the first, or
    may answer now, may. What the first voided is asked again if the new answer leaves it open.
    """
    if by.person_id is None or by.person_id != person_id or not (proof or "").strip():
        raise NotEligibleError("An answer needs an identified person. Sign in, then answer.")
    locked = records.lock(session, approval_id)
    row, case = locked.row, locked.case
    if case.status is CaseStatus.ON_HOLD or case.status in ENDED:
        raise WrongMomentError("This case is on hold or has ended; its answers are not replaced.")
    if row.status not in ANSWERED or records.standing_of(session, locked.rows) is ApprovalStatus.OPEN:
        raise WrongMomentError("Only an answer that has taken effect is replaced; this one has not.")
    if row.kind is ApprovalKind.GROUP:
        raise NotEligibleError("Only a recorded, quorate meeting answers this (terms of reference 4.1).")
    if row.status is STATUS_OF_ANSWER[answer]:
        raise WrongMomentError("This is the answer that stands already.")
    behalf = _may_replace(session, locked, person_id, now=now)
    answering.check_given(row, answer, reason, content_hash)
    new = _replacement(session, row)
    new.due_on, new.asked_at, new.first_holder_id = row.due_on, now, row.first_holder_id
    new.holder_id, new.on_behalf_of_id = row.holder_id, row.on_behalf_of_id
    new.deputy_from_on = row.deputy_from_on
    given = answering.Given(
        person_id, answer, (reason or "").strip() or None, content_hash, by.via, (proof or "").strip()
    )
    first = records.counted(session, row)
    if first is not None:
        records.void_answer(session, first, REPLACED, by=by, now=now)
    codes = {"superseded_by": new.id}
    records.move(session, row, ApprovalStatus.SUPERSEDED, "approval.superseded", by=by, now=now, codes=codes)
    kept = answering.keep(session, new, given, behalf, now=now)
    records.note_answer(session, kept, "answer.recorded", by=by, now=now)
    letters.tell_settled(
        session,
        [row],
        row,
        Settled.SUPERSEDED,
        now=now,
        also=letters.readers_of(session, row),
        superseded_by=new.id,
    )
    records.move(session, new, STATUS_OF_ANSWER[answer], "approval.answered", by=by, now=now)
    _go_on(session, locked, _voided_by(locked.rows, row), by=by, now=now)
    wakes.wake(session, new.reference, "approval-superseded", now=now)
    return new.id


def _may_replace(session: Session, locked: records.Locked, person_id: int, *, now: datetime) -> int | None:
    first = records.counted(session, locked.row)
    people = directory.load(session, on=london_day(now))
    barred = records.barred(session, locked.row, locked.rows)
    if first is not None and first.person_id == person_id and person_id not in barred:
        office = locked.row.office
        principal = first.on_behalf_of_id or person_id
        if office is not None and any(principal in people.holders(place) for place in people.line_of(office)):
            return first.on_behalf_of_id
    return answering.stands_for(session, locked.row, locked.rows, person_id, now=now)
