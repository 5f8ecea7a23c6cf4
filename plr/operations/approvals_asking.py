"""Asking: who is in line is worked out now, a clock starts, and a letter goes out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Deadline, Person, Task
from plr.db.session import rules_of
from plr.domain import approvals as rules_for
from plr.domain.actors import ENGINE, Actor
from plr.domain.calendars import Calendar
from plr.domain.cases import ENDED
from plr.domain.ladders import Rung, approval_ladder
from plr.domain.london import london_day, london_time
from plr.domain.people import Directory, InLine
from plr.domain.rules import ApprovalRule, Rules
from plr.domain.words import ApprovalKind, ApprovalStatus, CaseStatus, Office, Pattern, TaskStatus
from plr.errors import WrongMomentError
from plr.operations import approvals_letters as letters
from plr.operations import approvals_records as records
from plr.operations import deadlines, directory

NOBODY_IN_LINE = "nobody-in-line"
LEAST_DAYS = 2
"""Somebody asked late has at least so many working days (rehearsal A1)."""


def ask(
    session: Session,
    reference: str,
    kind: ApprovalKind,
    *,
    subject: str,
    subject_version: int,
    content_hash: str,
    author_id: int | None,
    now: datetime,
    by: Actor = ENGINE,
    due_on: date | None = None,
) -> str:
    """Ask a question about one text and return its ask; the same question while open is asked once.

    One row for each office, at once or in turn. Raises WrongMomentError while a question of this kind
    about another text is open, or when the case has ended.
    """
    case = records.lock_case(session, reference)
    if case.status in ENDED:
        raise WrongMomentError("This case has ended; nothing is asked about it any more.")
    before = records.latest_ask(session, reference, kind)
    if before is not None and records.standing(session, before) is ApprovalStatus.OPEN:
        rows = records.lock_rows(session, before)
        if {(row.subject, row.subject_version, row.content_hash) for row in rows} == {
            (subject, subject_version, content_hash)
        }:
            return before
        raise WrongMomentError("A question of this kind is open. Withdraw it, or wait for its answer.")
    rows = _rows(session, reference, kind, before)
    for row in rows:
        row.subject, row.subject_version, row.content_hash = subject, subject_version, content_hash
        row.author_id, row.due_on = author_id, due_on
        if kind is ApprovalKind.GROUP:
            row.asked_at = now
    session.add_all(rows)
    session.flush()
    rows = records.lock_rows(session, rows[0].ask)
    if kind is ApprovalKind.GROUP:
        records.note(session, rows[0], "approval.asked", by=by, now=now)
    else:
        seat_next(session, case, rows, by=by, now=now)
    return rows[0].ask


def _rows(session: Session, reference: str, kind: ApprovalKind, before: str | None) -> list[Approval]:
    rules = rules_of(session)
    rule = rules.approvals[kind]
    taken = set(session.scalars(select(Approval.id).where(Approval.reference == reference)))
    number = next_number(reference, rule.suffixes, taken)
    ask_number = 1 if before is None else records.ask_number(before) + 1
    round_number = _round(session, reference, kind)
    offices: Sequence[Office | None] = [
        rules_for.office_asked(office, round_number, rules.commissioning.rounds_before_choice)
        for office in rule.offices
    ] or [None]
    return [
        Approval(
            id=rules_for.approval_id(reference, suffix, number),
            ask=f"{reference}:{kind.value}:{ask_number}",
            reference=reference,
            kind=kind,
            office=office,
            group=_group(rule, suffix),
            turn=place if rule.pattern is Pattern.IN_TURN else 0,
            round=round_number,
            question=rule.question.format(reference=reference),
            status=ApprovalStatus.OPEN,
        )
        for place, (office, suffix) in enumerate(zip(offices, rule.suffixes, strict=True))
    ]


def next_number(reference: str, suffixes: Sequence[str], taken: set[str]) -> int:
    """Return the first number under which none of the ids has been used; ids are never reused."""
    number = 1
    while any(rules_for.approval_id(reference, suffix, number) in taken for suffix in suffixes):
        number += 1
    return number


def _round(session: Session, reference: str, kind: ApprovalKind) -> int:
    asks = session.scalars(
        select(Approval.ask).where(Approval.reference == reference, Approval.kind == kind).distinct()
    )
    return 1 + sum(records.standing(session, ask) is ApprovalStatus.RETURNED for ask in asks)


def _group(rule: ApprovalRule, suffix: str) -> str | None:
    return suffix.partition("-")[0].lower() if rule.pattern is Pattern.PER_GROUP else None


def seat_next(session: Session, case: Case, rows: list[Approval], *, by: Actor, now: datetime) -> None:
    """Ask whoever's turn it is among the rows of an ask and has not been asked."""
    rule = rules_of(session).approvals[rows[0].kind]
    counting = records.live(rows)
    for place in rules_for.asked_now(rule.pattern, records.parts_of(counting)):
        row = counting[place]
        if row.asked_at is None and row.status is ApprovalStatus.OPEN:
            seat(session, case, row, rows, by=by, now=now)


def seat(
    session: Session, case: Case, row: Approval, rows: list[Approval], *, by: Actor, now: datetime
) -> None:
    """Ask the first in line, or mark the case as needing attention: never approved, asked later."""
    if row.office is None:
        return
    people = directory.load(session, on=london_day(now))
    chosen = people.first_in_line(row.office, barred=records.barred(session, row, rows))
    row.due_on = _due(session, row, chosen, now=now)
    if chosen is None:
        row.holder_id = row.on_behalf_of_id = None
        case.attention = NOBODY_IN_LINE
        records.note(session, row, "approval.nobody-in-line", by=by, now=now)
        return
    give(session, row, chosen, by=by, now=now, event="approval.asked")
    start_clock(session, row, now=now)
    letters.ask_holder(session, row, now=now)


def give(session: Session, row: Approval, chosen: InLine, *, by: Actor, now: datetime, event: str) -> None:
    """Put an approval into somebody's hands; the first holder's name stays."""
    row.holder_id, row.on_behalf_of_id = chosen.person_id, chosen.on_behalf_of_id
    row.first_holder_id = row.first_holder_id or chosen.person_id
    row.asked_at = row.asked_at or now
    records.note(session, row, event, by=by, now=now)


def _due(session: Session, row: Approval, chosen: InLine | None, *, now: datetime) -> date:
    rules = rules_of(session)
    today = london_day(now)
    days = rules.approvals[row.kind].working_days or LEAST_DAYS
    least = rules.calendar.add_working_days(today, LEAST_DAYS)
    due_on = rules.calendar.add_working_days(today, days) if row.due_on is None else max(row.due_on, least)
    if chosen is None:
        return due_on
    own = rules.calendar_of(session.get_one(Person, chosen.person_id).nation)
    return _working_in_both(rules.calendar, own, due_on)


def _working_in_both(ours: Calendar, own: Calendar, due_on: date) -> date:
    """A due day that is the person's own holiday moves to that person's next working day (decisions 20)."""
    while not (ours.is_working_day(due_on) and own.is_working_day(due_on)):
        due_on = own.next_working_day(due_on)
    return due_on


def ladder(session: Session, due_on: date, *, now: datetime) -> tuple[Rung, ...]:
    """Return when an approval asked now and due on a day is brought up again."""
    rules: Rules = rules_of(session)
    rule = rules.approval_ladder
    return approval_ladder(
        now,
        due_on,
        rules.calendar,
        days_before=rule.remind_before,
        days_after=rule.overdue_after,
        digest_after=rule.digest_after,
        morning=rules.quiet_hours.morning,
    )


def start_clock(session: Session, row: Approval, *, now: datetime) -> None:
    """Open the approval's deadline, or open it again; rungs that have fired stay fired."""
    if row.due_on is None:
        return
    subject = records.subject(row)
    rungs = ladder(session, row.due_on, now=now)
    known = session.scalars(select(Deadline.id).where(Deadline.subject == subject)).one_or_none()
    if known is None:
        deadlines.open_deadline(session, subject, row.reference, due_on=row.due_on, ladder=rungs, now=now)
        return
    session.execute(update(Deadline).where(Deadline.id == known).values(closed_at=None))
    deadlines.move_deadline(session, subject, due_on=row.due_on, ladder=rungs, now=now)


def ask_again_where_nobody(session: Session, *, now: datetime) -> list[str]:
    """Ask what could not be asked, and ask anew where whoever was asked has left or lost the office.

    For the sweep: on working days of the Association, from the morning on (rehearsal A1). Returns the
    ids of the approvals asked.
    """
    rules = rules_of(session)
    local = london_time(now)
    if not rules.calendar.is_working_day(local.date()) or local.time() < rules.quiet_hours.morning:
        return []
    statement = (
        select(Approval.reference, Approval.ask)
        .join(Case, Case.reference == Approval.reference)
        .where(
            Approval.status == ApprovalStatus.OPEN,
            Approval.office.is_not(None),
            Case.status.not_in([CaseStatus.ON_HOLD, *ENDED]),
        )
        .distinct()
        .order_by(Approval.reference, Approval.ask)
    )
    asked: list[str] = []
    for reference, ask_ in session.execute(statement).all():
        case = records.lock_case(session, reference)
        asked += _seat_vacant(session, case, records.lock_rows(session, ask_), now=now)
    _lift_attention(session)
    return asked


def _seat_vacant(session: Session, case: Case, rows: list[Approval], *, now: datetime) -> list[str]:
    rule = rules_of(session).approvals[rows[0].kind]
    people = directory.load(session, on=london_day(now))
    counting = records.live(rows)
    asked: list[str] = []
    for place in rules_for.asked_now(rule.pattern, records.parts_of(counting)):
        row = counting[place]
        if row.status is ApprovalStatus.OPEN and row.office is not None and _vacant(people, row):
            asked += _seat_anew(session, case, row, rows, now=now)
    return asked


def _seat_anew(
    session: Session, case: Case, row: Approval, rows: list[Approval], *, now: datetime
) -> list[str]:
    people = directory.load(session, on=london_day(now))
    office = row.office
    nobody_yet = row.holder_id is None and case.attention == NOBODY_IN_LINE
    if office is None or (
        nobody_yet and people.first_in_line(office, barred=records.barred(session, row, rows)) is None
    ):
        return []
    if row.holder_id is not None:
        records.still(session, row, "reassigned", now=now)
    seat(session, case, row, rows, by=ENGINE, now=now)
    return [] if row.holder_id is None else [row.id]


def _vacant(people: Directory, row: Approval) -> bool:
    if row.holder_id is None or row.office is None:
        return True
    principal = row.on_behalf_of_id or row.holder_id
    in_office = any(principal in people.holders(place) for place in people.line_of(row.office))
    return not in_office or not people.is_active(row.holder_id)


def _lift_attention(session: Session) -> None:
    """Take the mark off cases in which somebody is asked everything that is open."""
    marked = select(Case.reference).where(Case.attention == NOBODY_IN_LINE).order_by(Case.reference)
    for reference in session.scalars(marked).all():
        case = records.lock_case(session, reference)
        if not _unseated(session, reference) and case.attention == NOBODY_IN_LINE:
            case.attention = None


def _unseated(session: Session, reference: str) -> bool:
    questions = select(Approval.id).where(
        Approval.reference == reference,
        Approval.status == ApprovalStatus.OPEN,
        Approval.due_on.is_not(None),
        Approval.office.is_not(None),
        Approval.holder_id.is_(None),
    )
    tasks = select(Task.id).where(
        Task.reference == reference,
        Task.status == TaskStatus.OPEN,
        Task.office.is_not(None),
        Task.person_id.is_(None),
        Task.address.is_(None),
    )
    return any(session.scalars(found.limit(1)).first() is not None for found in (questions, tasks))
