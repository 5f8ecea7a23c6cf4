"""The letters about an approval: who gets one, and why. Each is queued in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Person
from plr.db.models import Notice as NoticeRecord
from plr.db.session import rules_of
from plr.domain.london import london_day, london_instant
from plr.domain.notices import (
    ApprovalAsked,
    ApprovalOverdue,
    ApprovalReminder,
    Decided,
    DecisionReceipt,
    Notice,
)
from plr.domain.people import Directory
from plr.domain.words import ApprovalKind, ApprovalStatus, NoticeStatus, Office, Settled
from plr.operations import directory, links, notices
from plr.operations.approvals_records import subject

_WHAT = {
    ApprovalKind.TRIAGE: "review {reference}",
    ApprovalKind.GROUP: "agreement on {reference}",
    ApprovalKind.POSITION: "position on {reference}",
}
_SETTLED = {
    ApprovalStatus.APPROVED: Settled.APPROVED,
    ApprovalStatus.RETURNED: Settled.RETURNED,
    ApprovalStatus.REJECTED: Settled.DECLINED,
}


def what_of(row: Approval) -> str:
    """Return the thing asked about as letters name it: short, nothing but the record."""
    return _WHAT[row.kind].format(reference=row.reference)


def deputy_may_from(session: Session, row: Approval) -> datetime | None:
    """Return the instant from which the deputy may answer too: one working day late, in the morning."""
    rules = rules_of(session)
    if row.due_on is None:
        return None
    late_on = rules.calendar.add_working_days(row.due_on, rules.approval_ladder.overdue_after)
    return london_instant(late_on, rules.quiet_hours.morning)


def deputy_of(people: Directory, row: Approval) -> int | None:
    """Return the deputy of whoever is asked, if it is somebody else."""
    principal = row.on_behalf_of_id or row.holder_id
    if principal is None or row.office is None:
        return None
    deputy = people.deputy_of(row.office, principal)
    return None if deputy == row.holder_id else deputy


def ask_holder(session: Session, row: Approval, *, now: datetime) -> None:
    """Queue N24 to whoever is asked."""
    rule = rules_of(session).approvals[row.kind]
    if row.holder_id is None or row.due_on is None or rule.letter is None:
        return
    person = directory.person(session, row.holder_id)
    may_from = deputy_may_from(session, row)
    letter = ApprovalAsked(
        given_name=person.given_name,
        why=_why_holder(session, row, now=now),
        approval_id=row.id,
        what=what_of(row),
        question=row.question,
        due_on=row.due_on,
        if_approved=rule.effects.get("approve"),
        if_nothing=rule.if_nothing,
        if_nothing_from=None if may_from is None else london_day(may_from),
    )
    _queue(session, row, letter, person, link_to=subject(row), cause=f"{row.id}:{_minute(now)}", now=now)


def remind_holder(session: Session, row: Approval, *, now: datetime) -> None:
    """Queue N25 to whoever is asked."""
    rules = rules_of(session)
    if row.holder_id is None or row.due_on is None:
        return
    person = directory.person(session, row.holder_id)
    may_from = deputy_may_from(session, row)
    letter = ApprovalReminder(
        given_name=person.given_name,
        why=_why_holder(session, row, now=now),
        approval_id=row.id,
        what=what_of(row),
        question=row.question,
        due_on=row.due_on,
        days_left=max(0, rules.calendar.working_days_between(london_day(now), row.due_on)),
        if_nothing=rules.approvals[row.kind].if_nothing,
        if_nothing_from=None if may_from is None else london_day(may_from),
    )
    _queue(session, row, letter, person, link_to=subject(row), cause=f"{row.id}:{_minute(now)}", now=now)


def tell_overdue(session: Session, row: Approval, deputy: int | None, *, now: datetime) -> None:
    """Queue N26 to the holder, the deputy and the secretary, one each."""
    rules = rules_of(session)
    if row.due_on is None or row.office is None:
        return
    people = directory.load(session, on=london_day(now))
    office = rules.offices[row.office].label
    deputy_label = None if deputy is None else _deputy_label(session, people, deputy, row.office)
    whys = {"holder": _why_holder(session, row, now=now), "deputy": f"you are the deputy of the {office}."}
    told: set[int] = set()
    readers = (("holder", row.holder_id), ("deputy", deputy), *_secretaries(people))
    for reader, person_id in readers:
        if person_id is None or person_id in told:
            continue
        told.add(person_id)
        person = directory.person(session, person_id)
        letter = ApprovalOverdue(
            given_name=person.given_name,
            why=whys.get(reader, "the secretary is told about late answers."),
            approval_id=row.id,
            what=what_of(row),
            question=row.question,
            office=office,
            due_on=row.due_on,
            reader="holder" if reader == "holder" else "deputy" if reader == "deputy" else "secretary",
            deputy=deputy_label,
        )
        link_to = None if reader == "secretary" else subject(row)
        _queue(session, row, letter, person, link_to=link_to, cause=f"{row.id}:{_minute(now)}", now=now)


def tell_settled(
    session: Session,
    rows: Iterable[Approval],
    last: Approval,
    outcome: Settled | ApprovalStatus,
    *,
    now: datetime,
    also: Iterable[int] = (),
    next_step: str | None = None,
    superseded_by: str | None = None,
) -> None:
    """Queue N27 by rehearsal A4, one each.

    To the secretary; also to the Chair when the AoCPP Chair was asked, to the deputy after N26, and to
    `also`. Nobody with an interest in the case is told.
    """
    rules = rules_of(session)
    people = directory.load(session, on=london_day(now))
    told = {*people.holders(Office.SECRETARY), *also}
    for row in rows:
        told |= set(people.holders(Office.CHAIR)) if row.office is Office.ASSOCIATION_CHAIR else set()
        deputy = None if row.deputy_from_on is None else _deputy_told(people, row)
        told |= set() if deputy is None else {deputy}
    settled = outcome if isinstance(outcome, Settled) else _SETTLED[outcome]
    office = None if last.office is None else rules.offices[last.office].label
    for person_id in sorted(told - directory.interested(session, last.reference)):
        person = directory.person(session, person_id)
        letter = Decided(
            given_name=person.given_name,
            why=_why_told(people, person_id),
            reference=last.reference,
            what=what_of(last),
            outcome=settled,
            settled_on=london_day(now),
            office=office,
            next_step=next_step,
            superseded_by=superseded_by,
        )
        cause = f"{last.id}:{settled.value}:{_minute(now)}"
        _queue(session, last, letter, person, link_to=None, cause=cause, now=now)


def receipt(session: Session, row: Approval, answer: AnswerRecord, *, now: datetime) -> None:
    """Queue N07 to the person an answer was recorded for."""
    person = directory.person(session, answer.person_id)
    letter = DecisionReceipt(
        given_name=person.given_name,
        approval_id=row.id,
        what=what_of(row),
        answer=answer.answer,
        answered_on=london_day(answer.answered_at),
        how="on_behalf",
        object_by=answer.object_until_on,
    )
    link_to = f"receipt:{answer.id}"
    _queue(session, row, letter, person, link_to=link_to, cause=link_to, now=now)


def readers_of(session: Session, row: Approval) -> set[int]:
    """Return who was written to about an approval, letters that never left excepted."""
    statement = select(NoticeRecord.person_id).where(
        NoticeRecord.approval_id == row.id,
        NoticeRecord.person_id.is_not(None),
        NoticeRecord.status.not_in([NoticeStatus.CANCELLED, NoticeStatus.FAILED]),
    )
    return {person_id for person_id in session.scalars(statement) if person_id is not None}


def withhold(session: Session, row: Approval, person_id: int, *, now: datetime) -> None:
    """Cancel one person's waiting letters about an approval and kill their links to it."""
    session.flush()
    session.execute(
        update(NoticeRecord)
        .where(
            NoticeRecord.approval_id == row.id,
            NoticeRecord.person_id == person_id,
            NoticeRecord.status == NoticeStatus.WAITING,
        )
        .values(status=NoticeStatus.CANCELLED)
    )
    links.kill(session, opens=subject(row), person_id=person_id, reason="interest", now=now)


def _queue(
    session: Session,
    row: Approval,
    letter: Notice,
    person: Person,
    *,
    link_to: str | None,
    cause: str,
    now: datetime,
) -> None:
    notices.queue(
        session,
        letter,
        to=person,
        cause=cause,
        reference=row.reference,
        approval_id=row.id,
        link_to=link_to,
        now=now,
    )
    session.flush()


def _minute(now: datetime) -> str:
    # One letter per code, record, person and minute (rehearsal Q2).
    return str(int(now.timestamp()) // 60)


def _secretaries(people: Directory) -> list[tuple[str, int | None]]:
    return [("secretary", person_id) for person_id in people.holders(Office.SECRETARY)]


def _deputy_told(people: Directory, row: Approval) -> int | None:
    # After N26 the deputy knows of the question, also when the deputy is the one who holds it.
    principal = row.on_behalf_of_id or row.holder_id
    return None if principal is None or row.office is None else people.deputy_of(row.office, principal)


def _deputy_label(session: Session, people: Directory, deputy: int, office: Office) -> str:
    labels = rules_of(session).offices
    if office is Office.CHAIR and deputy in people.holders(Office.VICE_CHAIR):
        return labels[Office.VICE_CHAIR].label
    return "deputy"


def _why_holder(session: Session, row: Approval, *, now: datetime) -> str:
    offices = rules_of(session).offices
    if row.office is None or row.holder_id is None:
        return "you were asked."
    people = directory.load(session, on=london_day(now))
    label = offices[row.office].label
    if row.on_behalf_of_id is not None:
        return f"you decide for the {label} at the moment."
    if row.holder_id in people.holders(row.office):
        return f"you are the {label}."
    return f"you are next in line for the {label}, who cannot answer this."


def _why_told(people: Directory, person_id: int) -> str:
    if person_id in people.holders(Office.SECRETARY):
        return "the secretary is told how questions are settled."
    if person_id in people.holders(Office.CHAIR):
        return "the Chair is told how this was settled."
    return "you had a letter about this question."
