"""Moving a question to somebody else: interest, passing on, leave. The due day stays, both names are kept."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Interest, Leave, Person, Question
from plr.db.session import rules_of
from plr.domain.actors import ENGINE, Actor
from plr.domain.london import london_day, london_instant
from plr.domain.notices import DelegationBegins, DelegationEnds
from plr.domain.people import Directory, InLine
from plr.domain.words import ApprovalStatus, Office, TaskKind
from plr.errors import InvalidInputError, NotEligibleError, NotFoundError, Problem, WrongMomentError
from plr.operations import approvals_answering as answering
from plr.operations import approvals_asking as asking
from plr.operations import approvals_letters as letters
from plr.operations import approvals_records as records
from plr.operations import audit, directory, notices, rights, tasks


def declare_interest(
    session: Session, reference: str, person_id: int, *, by: Actor, now: datetime
) -> list[str]:
    """Take somebody out of a case: its letters, its pages and its questions, which move on.

    Returns the ids of the approvals that moved. Declaring twice has no effect.
    """
    case = records.lock_case(session, reference)
    if person_id in directory.interested(session, reference):
        return []
    directory.person(session, person_id)
    session.add(Interest(person_id=person_id, reference=reference, declared_at=now))
    codes: dict[str, audit.Code] = {"person": person_id}
    audit.record(session, reference, "interest.declared", f"case:{reference}", by=by, now=now, codes=codes)
    moved: list[str] = []
    for row in _open_rows(session, reference):
        if person_id not in {row.holder_id, row.on_behalf_of_id}:
            letters.withhold(session, row, person_id, now=now)
            continue
        records.unask(session, row, "interest", now=now)
        _reseat(session, case, row, by=by, now=now)
        moved.append(row.id)
    return moved


def _open_rows(session: Session, reference: str) -> list[Approval]:
    statement = select(Approval).where(
        Approval.reference == reference, Approval.status == ApprovalStatus.OPEN, Approval.office.is_not(None)
    )
    statement = statement.order_by(Approval.turn, Approval.id).with_for_update()
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def _reseat(session: Session, case: Case, row: Approval, *, by: Actor, now: datetime) -> None:
    """Give an open question to the next in line; the due day stays. Nobody: the clock stands still."""
    rows = list(session.scalars(select(Approval).where(Approval.ask == row.ask)))
    people = directory.load(session, on=london_day(now))
    chosen = None
    if row.office is not None:
        chosen = people.first_in_line(row.office, barred=records.barred(session, row, rows))
    if chosen is None:
        row.holder_id = row.on_behalf_of_id = None
        case.attention = asking.NOBODY_IN_LINE
        records.still(session, row, "nobody-in-line", now=now)
        records.note(session, row, "approval.nobody-in-line", by=by, now=now)
        return
    asking.give(session, row, chosen, by=by, now=now, event="approval.moved")
    letters.ask_holder(session, row, now=now)


def pass_on(session: Session, approval_id: str, person_id: int, *, by: Actor, now: datetime) -> int:
    """Hand one's own question to the own deputy, else to the next in line; return who is asked now."""
    if by.person_id != person_id:
        raise NotEligibleError("Only the person asked may pass a question on. Sign in first.")
    locked = records.lock(session, approval_id)
    row, rows = locked.row, locked.rows
    records.check_case(locked.case)
    answering.check_open(row)
    answering.stands_for(session, row, rows, person_id, now=now)
    if row.office is None or person_id != row.holder_id:
        raise NotEligibleError("Only the person asked may pass a question on.")
    people = directory.load(session, on=london_day(now))
    barred = records.barred(session, row, rows) | {person_id, row.first_holder_id or person_id}
    chosen = _deputy(people, row, barred) or people.first_in_line(row.office, barred=barred)
    if chosen is None:
        raise NotEligibleError("Nobody else may answer this. Ask the secretary what to do.")
    records.unask(session, row, "passed-on", now=now)
    asking.give(session, row, chosen, by=by, now=now, event="approval.passed-on")
    letters.ask_holder(session, row, now=now)
    return chosen.person_id


def _deputy(people: Directory, row: Approval, barred: frozenset[int]) -> InLine | None:
    deputy = letters.deputy_of(people, row)
    if deputy is None or deputy in barred or people.absence_of(deputy) is not None:
        return None
    return InLine(deputy, row.on_behalf_of_id or row.holder_id)


def ask_question(
    session: Session, approval_id: str, person_id: int, text: str, *, by: Actor, now: datetime
) -> int:
    """Ask the secretary something before answering: the question stays open, its day stays.

    Returns the id of what was asked. Raises as `may_answer`, or InvalidInputError without a text.
    """
    if by.person_id != person_id:
        raise NotEligibleError("Only the person asked may ask back. Sign in first.")
    locked = records.lock(session, approval_id)
    answering.may_answer(session, locked.row, person_id, now=now)
    if not text.strip():
        raise InvalidInputError([Problem("reason", "is missing.", "Write your question.")])
    asked = Question(approval_id=approval_id, person_id=person_id, text=text.strip(), asked_at=now)
    session.add(asked)
    session.flush()
    codes: dict[str, audit.Code] = {"question": asked.id, "person": person_id}
    records.note(session, locked.row, "approval.question", by=by, now=now, codes=codes)
    subject = f"question:{asked.id}"
    tasks.ask(session, TaskKind.ANSWER_QUESTION, locked.case.reference, subject=subject, now=now)
    return asked.id


def reply(session: Session, question_id: int, text: str, *, by: Actor, now: datetime) -> None:
    """Answer, once, what somebody asked before answering; they read it on the page of their question.

    The question itself stays open, and its day. For the secretary; nobody with an interest in the case.
    """
    asked = session.get(Question, question_id)
    if asked is None:
        raise NotFoundError("There is no such question.")
    locked = records.lock(session, asked.approval_id)
    session.refresh(asked)
    reference = locked.case.reference
    out = directory.interested(session, reference)
    if (
        by.person_id is None
        or by.person_id in out
        or not rights.acts_for(session, by.person_id, Office.SECRETARY, reference, now=now)
    ):
        raise NotEligibleError("Only the secretary answers what was asked first.")
    if asked.replied_at is not None:
        raise WrongMomentError("This question has been answered already. Open My tasks to see what is next.")
    if not text.strip():
        raise InvalidInputError([Problem("answer", "is missing.", "Write your answer.")])
    asked.reply, asked.replied_at = text.strip(), now
    for task in tasks.open_tasks(session, reference, TaskKind.ANSWER_QUESTION):
        if task.subject == f"question:{question_id}":
            tasks.finish(session, task, by=by, now=now)
    codes: dict[str, audit.Code] = {"question": question_id, "person": asked.person_id}
    records.note(session, locked.row, "approval.replied", by=by, now=now, codes=codes)


def set_leave(
    session: Session,
    person_id: int,
    *,
    from_on: date,
    to_on: date,
    delegate_id: int | None,
    by: Actor,
    now: datetime,
) -> int:
    """Note somebody's leave and tell delegate and secretary (N28); what is due to begin begins at once."""
    if to_on < from_on or to_on < london_day(now):
        raise InvalidInputError([Problem("to", "is before the first day, or past.", "Give a later day.")])
    if delegate_id == person_id:
        raise InvalidInputError([Problem("delegate", "is the same person.", "Name somebody else.")])
    directory.person(session, person_id)
    leave = Leave(person_id=person_id, from_on=from_on, to_on=to_on, delegate_id=delegate_id)
    session.add(leave)
    session.flush()
    _tell_begin(session, leave, now=now)
    begun = _begin_due(session, now=now)
    codes: dict[str, audit.Code] = {
        "person": person_id,
        "from": from_on.isoformat(),
        "to": to_on.isoformat(),
        "delegate": delegate_id,
    }
    audit.record(session, "system", "leave.set", f"leave:{leave.id}", by=by, now=now, codes=codes)
    _note_leaves(session, begun, "leave.begun", now=now)
    return leave.id


def begin_leave(session: Session, *, now: datetime) -> list[int]:
    """Begin the leaves whose first day has come: own open questions move to a delegate who may (P5).

    Nobody gets a new N24: N28 names the list. For the sweep. Returns the ids of the leaves begun.
    """
    begun = _begin_due(session, now=now)
    _note_leaves(session, begun, "leave.begun", now=now)
    return [leave.id for leave in begun]


def _begin_due(session: Session, *, now: datetime) -> list[Leave]:
    today = london_day(now)
    statement = select(Leave).where(
        Leave.from_on <= today, Leave.to_on >= today, Leave.begun_at.is_(None), Leave.ended_at.is_(None)
    )
    begun = list(session.scalars(statement.order_by(Leave.id)))
    for leave in begun:
        _tell_begin(session, leave, now=now)
        if leave.delegate_id is not None:
            _to_delegate(session, leave, leave.delegate_id, now=now)
        leave.begun_at = now
    return begun


def _to_delegate(session: Session, leave: Leave, delegate_id: int, *, now: datetime) -> None:
    people = directory.load(session, on=london_day(now))
    for row, rows in _held(session, leave.person_id, None):
        barred = records.barred(session, row, rows)
        principal_may = row.office is not None and leave.person_id not in barred
        delegate = None if row.office is None else people.delegate_of(leave.person_id, row.office)
        if principal_may and delegate == delegate_id and delegate_id not in barred:
            records.unask(session, row, "leave", now=now)
            chosen = InLine(delegate_id, leave.person_id)
            asking.give(session, row, chosen, by=ENGINE, now=now, event="approval.moved")


def _held(
    session: Session, holder_id: int, on_behalf_of_id: int | None
) -> list[tuple[Approval, list[Approval]]]:
    """Lock and return the open questions somebody holds, each with the rows of its ask."""
    statement = (
        select(Approval.id)
        .join(Case, Case.reference == Approval.reference)
        .where(
            Approval.status == ApprovalStatus.OPEN,
            Approval.holder_id == holder_id,
            Approval.on_behalf_of_id == on_behalf_of_id
            if on_behalf_of_id is not None
            else Approval.on_behalf_of_id.is_(None),
        )
        .order_by(Approval.reference, Approval.id)
    )
    locked = [records.lock(session, approval_id) for approval_id in session.scalars(statement).all()]
    return [(found.row, found.rows) for found in locked if found.row.holder_id == holder_id]


def end_leave(session: Session, *, now: datetime) -> list[int]:
    """End the leaves whose first working day after has come, 08:30: open questions return (P6).

    Person and delegate get N28, nobody N24. For the sweep. Returns the ids of the leaves ended.
    """
    rules = rules_of(session)
    begun = session.scalars(
        select(Leave).where(Leave.begun_at.is_not(None), Leave.ended_at.is_(None)).order_by(Leave.id)
    ).all()
    ended: list[Leave] = []
    for leave in begun:
        back_on = rules.calendar.next_working_day(leave.to_on)
        if now < london_instant(back_on, rules.quiet_hours.morning):
            continue
        returned = 0 if leave.delegate_id is None else _return(session, leave, leave.delegate_id, now=now)
        leave.ended_at = now
        _tell_end(session, leave, back_on, returned, now=now)
        ended.append(leave)
    _note_leaves(session, ended, "leave.ended", now=now)
    return [leave.id for leave in ended]


def _return(session: Session, leave: Leave, delegate_id: int, *, now: datetime) -> int:
    returned = 0
    for row, rows in _held(session, delegate_id, leave.person_id):
        if leave.person_id not in records.barred(session, row, rows):
            records.unask(session, row, "leave", now=now)
            chosen = InLine(leave.person_id)
            asking.give(session, row, chosen, by=ENGINE, now=now, event="approval.moved")
            returned += 1
    return returned


def _note_leaves(session: Session, leaves: list[Leave], event: str, *, now: datetime) -> None:
    # After all that was written to cases' chains: the system chain comes last (operations/audit.py).
    for leave in leaves:
        codes: dict[str, audit.Code] = {"person": leave.person_id, "delegate": leave.delegate_id}
        audit.record(session, "system", event, f"leave:{leave.id}", by=ENGINE, now=now, codes=codes)


def _office_label(session: Session, people: Directory, person_id: int) -> str:
    held = people.offices_of(person_id)
    return rules_of(session).offices[held[0]].label if held else "member"


def _tell_begin(session: Session, leave: Leave, *, now: datetime) -> None:
    if leave.delegate_id is None:
        return
    people = directory.load(session, on=london_day(now))
    waiting = len(
        session.scalars(
            select(Approval.id).where(
                Approval.status == ApprovalStatus.OPEN, Approval.holder_id == leave.person_id
            )
        ).all()
    )
    readers = {leave.delegate_id: "delegate"}
    for secretary in people.holders(Office.SECRETARY):
        readers.setdefault(secretary, "secretary")
    for person_id, reader in readers.items():
        person = session.get_one(Person, person_id)
        letter = DelegationBegins(
            given_name=person.given_name,
            why="you decide for them."
            if reader == "delegate"
            else "the secretary is told who decides for whom.",
            office=_office_label(session, people, leave.person_id),
            begins_on=leave.from_on,
            ends_on=leave.to_on,
            reader="delegate" if reader == "delegate" else "secretary",
            waiting=waiting,
        )
        notices.queue(session, letter, to=person, cause=f"leave:{leave.id}:begins", now=now)


def _tell_end(session: Session, leave: Leave, back_on: date, returned: int, *, now: datetime) -> None:
    if leave.delegate_id is None:
        return
    people = directory.load(session, on=london_day(now))
    for person_id in (leave.person_id, leave.delegate_id):
        person = session.get_one(Person, person_id)
        own = person_id == leave.person_id
        letter = DelegationEnds(
            given_name=person.given_name,
            why="your leave is over." if own else "you decided meanwhile.",
            office=_office_label(session, people, leave.person_id),
            back_on=back_on,
            reader="person" if own else "delegate",
            waiting=returned if own else 0,
        )
        notices.queue(session, letter, to=person, cause=f"leave:{leave.id}:ends", now=now)
