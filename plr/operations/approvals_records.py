"""The records behind an approval: locked in one order, read together, changed with their audit entry.

An *ask* is one question (reference, kind, number); its rows are the offices asked. A row that a later
row of the same ask supersedes no longer counts; the ask goes on with the later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Case
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.approvals import STATUS_OF_ANSWER, Part, check_move, settle
from plr.domain.cases import ENDED
from plr.domain.words import ApprovalKind, ApprovalStatus, CaseStatus
from plr.errors import NotFoundError, WrongMomentError
from plr.operations import audit, deadlines, directory, links, notices

SETTLED = "settled"
"""Why a row is void that was open when its question was settled without it."""

_ANSWER_OF_STATUS = {status: answer for answer, status in STATUS_OF_ANSWER.items()}


@dataclass(frozen=True, slots=True)
class Locked:
    """One approval with its case and the rows of its ask, all locked until the transaction ends."""

    case: Case
    rows: list[Approval]
    row: Approval


def get(session: Session, approval_id: str) -> Approval:
    """Return an approval, or say that there is none."""
    row = session.get(Approval, approval_id)
    if row is None:
        raise NotFoundError("There is no such question. Open My tasks to see what is asked of you.")
    return row


def lock_case(session: Session, reference: str) -> Case:
    """Lock and return a case: always before its approvals (reliability 2)."""
    statement = select(Case).where(Case.reference == reference).with_for_update()
    case = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if case is None:
        raise NotFoundError("There is no such case.")
    return case


def lock_rows(session: Session, ask: str) -> list[Approval]:
    """Lock and return the rows of an ask, in the order of their turn and id."""
    statement = select(Approval).where(Approval.ask == ask).order_by(Approval.turn, Approval.id)
    statement = statement.with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(statement))


def lock(session: Session, approval_id: str) -> Locked:
    """Lock the case, then the rows of the ask that an approval belongs to."""
    ask = get(session, approval_id).ask
    case = lock_case(session, get(session, approval_id).reference)
    rows = lock_rows(session, ask)
    return Locked(case, rows, next(row for row in rows if row.id == approval_id))


def live(rows: Iterable[Approval]) -> list[Approval]:
    """Return the rows that count: those no later row supersedes."""
    rows = list(rows)
    replaced = {row.supersedes_id for row in rows}
    return [row for row in rows if row.id not in replaced]


def parts_of(rows: Sequence[Approval]) -> list[Part]:
    """Return the rows as parts of one question; a row without an answer of its own is silent."""
    return [Part(_ANSWER_OF_STATUS.get(row.status), row.group, row.turn) for row in rows]


def standing_of(session: Session, rows: Iterable[Approval]) -> ApprovalStatus:
    """Return where an ask stands: settled by its pattern, withdrawn, void, or open."""
    counting = live(rows)
    if any(row.status is ApprovalStatus.WITHDRAWN for row in counting):
        return ApprovalStatus.WITHDRAWN
    if any(row.status is ApprovalStatus.VOID and row.void_reason != SETTLED for row in counting):
        return ApprovalStatus.VOID
    rule = rules_of(session).approvals[counting[0].kind]
    return settle(rule.pattern, parts_of(counting), needed=rule.needed)


def standing(session: Session, ask: str) -> ApprovalStatus:
    """Return where an ask stands."""
    rows = list(session.scalars(select(Approval).where(Approval.ask == ask)))
    if not rows:
        raise NotFoundError("There is no such question.")
    return standing_of(session, rows)


def latest_ask(session: Session, reference: str, kind: ApprovalKind) -> str | None:
    """Return the last ask of a kind about a case."""
    statement = select(Approval.ask).where(Approval.reference == reference, Approval.kind == kind)
    return max(session.scalars(statement), key=ask_number, default=None)


def ask_number(ask: str) -> int:
    """Return the number of an ask among those of its kind and case."""
    return int(ask.rpartition(":")[2])


def counted(session: Session, row: Approval) -> AnswerRecord | None:
    """Return the answer that counts for an approval."""
    statement = select(AnswerRecord).where(
        AnswerRecord.approval_id == row.id, AnswerRecord.voided_at.is_(None)
    )
    return session.scalars(statement).one_or_none()


def barred(session: Session, row: Approval, rows: Iterable[Approval]) -> frozenset[int]:
    """Return who may not answer: the author, people with an interest, people asked another part."""
    others = [other for other in live(rows) if other.id != row.id]
    people = {row.author_id}
    for other in others:
        people |= {other.holder_id, other.on_behalf_of_id}
        answer = counted(session, other)
        people |= set() if answer is None else {answer.person_id}
    return frozenset(person for person in people if person is not None) | directory.interested(
        session, row.reference
    )


def check_case(case: Case) -> None:
    """Raise WrongMomentError when the case is on hold or has ended: no answer counts then."""
    if case.status is CaseStatus.ON_HOLD:
        raise WrongMomentError("This case is on hold. Answer when it goes on.")
    if case.status in ENDED:
        raise WrongMomentError("This case has ended; its questions need no answer.")


def still(session: Session, row: Approval, reason: str, *, now: datetime) -> None:
    """Ask nobody any more: end the clock, cancel the letters that wait, kill the links."""
    deadlines.close_deadline(session, subject(row), now=now)
    unask(session, row, reason, now=now)


def unask(session: Session, row: Approval, reason: str, *, now: datetime) -> None:
    """Cancel the letters that wait and kill the links; the clock runs on."""
    notices.cancel(session, approval_id=row.id)
    links.kill(session, opens=subject(row), reason=reason, now=now)


def subject(row: Approval) -> str:
    """Return the approval as deadlines, links and the audit name it."""
    return f"approval:{row.id}"


def move(
    session: Session,
    row: Approval,
    to: ApprovalStatus,
    event: str,
    *,
    by: Actor,
    now: datetime,
    reason: str | None = None,
    codes: Mapping[str, audit.Code] | None = None,
) -> None:
    """Move an approval to another status, with its audit entry. Raises WrongMomentError."""
    check_move(row.status, to)
    row.status = to
    if to is ApprovalStatus.OPEN:
        row.settled_at = None
    elif row.settled_at is None:
        row.settled_at = now
    row.void_reason = reason
    note(session, row, event, by=by, now=now, codes=codes, whole=True)


def note(
    session: Session,
    row: Approval,
    event: str,
    *,
    by: Actor,
    now: datetime,
    codes: Mapping[str, audit.Code] | None = None,
    whole: bool = False,
) -> None:
    """Write what happened to an approval into its case's chain; `whole` hashes the record too."""
    session.flush()
    known: dict[str, audit.Code] = {
        "kind": row.kind.value,
        "round": row.round,
        "status": row.status.value,
        "holder": row.holder_id,
        "on_behalf_of": row.on_behalf_of_id,
    }
    record = audit.approval_content(row) if whole else None
    audit.record(
        session,
        row.reference,
        event,
        subject(row),
        by=by,
        now=now,
        codes={**known, **(codes or {})},
        record=record,
    )


def void_answer(
    session: Session, answer: AnswerRecord, reason: str, *, by: Actor, now: datetime, note: str | None = None
) -> None:
    """Keep an answer but count it no more."""
    answer.voided_at, answer.void_reason = now, reason
    answer.note = note or answer.note
    note_answer(session, answer, "answer.voided", by=by, now=now)


def note_answer(session: Session, answer: AnswerRecord, event: str, *, by: Actor, now: datetime) -> None:
    """Write what happened to an answer into its case's chain, with the whole record hashed."""
    session.flush()
    row = get(session, answer.approval_id)
    audit.record(
        session,
        row.reference,
        event,
        f"answer:{answer.id}",
        by=by,
        now=now,
        codes={
            "approval": answer.approval_id,
            "answer": answer.answer.value,
            "person": answer.person_id,
            "on_behalf_of": answer.on_behalf_of_id,
            "recorded_by": answer.recorded_by_id,
            "void_reason": answer.void_reason,
        },
        record=audit.answer_content(answer),
    )
