"""My tasks: what needs this person, the late first; what others are asked; what was done (pages 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Case, Interest, Leave, Person, Question, Task
from plr.domain.london import london_day
from plr.domain.wording import day, plural
from plr.domain.words import Answer, ApprovalStatus, Office, TaskKind, TaskStatus
from plr.errors import PlrError
from plr.operations import approvals, digest, directory, flags
from plr.web.parts import Fact, Link
from plr.web.showing import clocks
from plr.web.showing import decisions as decision_showing
from plr.web.showing.people import People
from plr.web.views import DoneRow, TaskGroup, TaskRow, TasksDoneView, TasksView

LATE, TODAY, WEEK, LATER, OTHERS = "Late", "Today", "This week", "Later", "Waiting for others"
_GROUPS = (LATE, TODAY, WEEK, LATER)
_MOST = 50
_SUNDAY = 6

# What the button of a task says, and the page it leads to, under the case's own.
_BUTTONS: dict[TaskKind, tuple[str, str]] = {
    TaskKind.CHECK: ("Read and answer", "/check"),
    TaskKind.CORRECT: ("Write it again", "/correct"),
    TaskKind.REFLECT: ("Write my reflection", "/reflect"),
    TaskKind.REASSIGN: ("Choose somebody else", "/reassign"),
    TaskKind.WRITE_POSITION: ("Write the draft", "/position"),
    TaskKind.REVISE_POSITION: ("Change the text", "/position"),
    TaskKind.RECORD_AGREEMENT: ("Record what was agreed", "/agree"),
    TaskKind.FOLLOW_UP: ("Tell us", "/impact"),
    TaskKind.REVIEW_HOLD: ("Look at it", ""),
    TaskKind.CLEAR_BREACH: ("Look at it", ""),
}
_ANSWERED = {Answer.APPROVE: "approved", Answer.RETURN: "asked for changes", Answer.REJECT: "declined"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Something asked of somebody, before it is a row."""

    row: TaskRow
    group: str


def view(
    session: Session,
    viewer_id: int,
    offices: tuple[Office, ...],
    people: People,
    *,
    away_to: str,
    now: datetime,
) -> TasksView:
    """Return the page of one person."""
    today = london_day(now)
    mine = [*_approvals(session, viewer_id, people, now=now), *_tasks(session, viewer_id, people, now=now)]
    mine.sort(key=lambda asked: (asked.row.by is None, asked.row.by or today))
    groups = [
        TaskGroup(name, tuple(asked.row for asked in mine if asked.group == name))
        for name in _GROUPS
        if any(asked.group == name for asked in mine)
    ]
    if groups:
        first, *rest = groups
        groups = [replace(first, rows=(replace(first.rows[0], main=True), *first.rows[1:])), *rest]
    others = _others(session, viewer_id, offices, people, now=now)
    if others:
        groups.append(TaskGroup(OTHERS, others, note="nothing for you to do"))
    return TasksView(
        today=today,
        summary=_summary(len(mine), late=any(asked.group == LATE for asked in mine)),
        groups=tuple(groups),
        coming=() if mine else _coming(session, people, now=now),
        going_away_to=away_to if Office.CHAIR in offices else "",
        done_today=_done_today(session, viewer_id, now=now),
    )


def _summary(number: int, *, late: bool) -> str:
    if number == 0:
        return "Nothing needs you today."
    words = f"{plural(number, 'thing')} {'needs' if number == 1 else 'need'} you."
    return f"{words} Start with the late one." if late else words


def _group(session: Session, due_on: date | None, *, now: datetime) -> str:
    today = london_day(now)
    if due_on is None:
        return LATER
    if flags.is_late(session, due_on, now=now):
        return LATE
    if due_on <= today:
        return TODAY
    end = today + timedelta(days=_SUNDAY - today.weekday())
    return WEEK if due_on <= end else LATER


def _tag(group: str) -> str:
    return {LATE: "Late", TODAY: "Due today"}.get(group, "")


def open_to(session: Session, viewer_id: int, people: People, *, now: datetime) -> list[Approval]:
    """Return the questions this person may answer now: own ones, a leave's, and as deputy the late ones."""
    statement = (
        select(Approval)
        .where(Approval.status == ApprovalStatus.OPEN, Approval.holder_id.is_not(None))
        .order_by(Approval.due_on, Approval.id)
    )
    deputies = _deputies(session, viewer_id)
    chair_deputy = viewer_id in people.directory.holders(Office.VICE_CHAIR)
    if not chair_deputy:
        statement = statement.where(or_(Approval.holder_id == viewer_id, Approval.holder_id.in_(deputies)))
    return [row for row in session.scalars(statement) if _may_answer(session, row, viewer_id, now=now)]


def _deputies(session: Session, viewer_id: int) -> list[int]:
    named = session.scalars(select(Person.id).where(Person.deputy_id == viewer_id))
    away = session.scalars(select(Leave.person_id).where(Leave.delegate_id == viewer_id))
    return [*named, *away]


def _may_answer(session: Session, row: Approval, viewer_id: int, *, now: datetime) -> bool:
    if row.holder_id == viewer_id:
        return True
    try:
        approvals.may_answer(session, row, viewer_id, now=now)
    except PlrError:
        return False
    return True


def _approvals(session: Session, viewer_id: int, people: People, *, now: datetime) -> list[_Asked]:
    found = []
    for row in open_to(session, viewer_id, people, now=now):
        group = _group(session, row.due_on, now=now)
        why = people.rules.approvals[row.kind].why
        asked = decision_showing.questions_of(session, row, viewer_id)
        detail = clocks.sentence(session, row.asked_at, row.due_on, now=now)
        if asked and asked[-1].reply:
            detail = f"{detail} The secretary has answered your question.".strip()
        if row.holder_id != viewer_id:
            why = f"{people.titled(row.holder_id)} has not answered in time; you may."
        shown = TaskRow(
            title=row.question,
            by=row.due_on,
            detail=detail,
            why=why,
            tag=_tag(group),
            button=Link("Read and answer", f"/approvals/{row.id}", row.question),
        )
        found.append(_Asked(shown, group))
    return found


def _tasks(session: Session, viewer_id: int, people: People, *, now: datetime) -> list[_Asked]:
    statement = select(Task).where(Task.person_id == viewer_id, Task.status == TaskStatus.OPEN)
    return [_task(session, task, people, now=now) for task in session.scalars(statement.order_by(Task.id))]


def _task(session: Session, task: Task, people: People, *, now: datetime) -> _Asked:
    rule = people.rules.tasks[task.kind]
    group = _group(session, task.due_on, now=now)
    title = f"{rule.label}: {task.reference}" if task.reference else rule.label
    detail = clocks.sentence(session, task.asked_at, task.due_on, now=now) if task.due_on else ""
    if task.kind is TaskKind.ANSWER_QUESTION:
        detail = f"{detail} {_question(session, task, people)}".strip()
    button = _elsewhere(task)
    known = _BUTTONS.get(task.kind)
    if known is not None and task.reference is not None:
        words, page = known
        button = Link(words, f"/cases/{task.reference}{page}", task.reference)
    return _Asked(TaskRow(title, task.due_on, detail, rule.why, _tag(group), button), group)


def _elsewhere(task: Task) -> Link | None:
    """Return the button of a task whose page is not one of a case's."""
    kind, _, number = (task.subject or "").partition(":")
    if task.kind is TaskKind.ANSWER_QUESTION and kind == "question":
        return Link("Read and answer", f"/questions/{number}", task.reference or "")
    if task.kind is TaskKind.SETTLE_LETTER and kind == "notice":
        return Link("Settle it", f"/outbox/{number}", "the letter")
    return None


def _question(session: Session, task: Task, people: People) -> str:
    number = (task.subject or "").removeprefix("question:")
    asked = session.get(Question, int(number)) if number.isdigit() else None
    return "" if asked is None else f"{people.name(asked.person_id)} asks: {asked.text}"


def _others(
    session: Session, viewer_id: int, offices: tuple[Office, ...], people: People, *, now: datetime
) -> tuple[TaskRow, ...]:
    if {Office.SECRETARY, Office.CHAIR} & set(offices):
        return _all_others(session, viewer_id, offices, people, now=now)
    statement = select(Case).where(Case.submitter_id == viewer_id, Case.closed_at.is_(None))
    interested = statement.order_by(Case.reference).limit(_MOST)
    return tuple(
        TaskRow(
            f"Your review {case.reference}", detail=f"{case.review_type}.", link=f"/cases/{case.reference}"
        )
        for case in session.scalars(interested)
        if viewer_id not in directory.interested(session, case.reference)
    )


def _all_others(
    session: Session, viewer_id: int, offices: tuple[Office, ...], people: People, *, now: datetime
) -> tuple[TaskRow, ...]:
    rows = []
    mine = {row.id for row in open_to(session, viewer_id, people, now=now)}
    statement = select(Approval).where(
        Approval.status == ApprovalStatus.OPEN, Approval.holder_id.is_not(None)
    )
    for row in session.scalars(statement.order_by(Approval.due_on, Approval.id).limit(_MOST)):
        if row.id in mine or viewer_id in directory.interested(session, row.reference):
            continue
        late = row.due_on is not None and flags.is_late(session, row.due_on, now=now)
        until = "" if row.due_on is None else f", until {day(row.due_on)}"
        button = None
        if Office.SECRETARY in offices:
            button = Link("Record their answer", f"/approvals/{row.id}/record", row.question)
        detail = f"{people.titled(row.holder_id)}{until}."
        rows.append(
            TaskRow(
                row.question,
                detail=detail,
                tag="Late" if late else "",
                button=button,
                link=f"/approvals/{row.id}",
            )
        )
    if Office.SECRETARY in offices:
        rows += _others_tasks(session, viewer_id, people, now=now)
    return tuple(rows[:_MOST])


def _others_tasks(session: Session, viewer_id: int, people: People, *, now: datetime) -> list[TaskRow]:
    statement = select(Task).where(
        Task.status == TaskStatus.OPEN, Task.reference.is_not(None), Task.person_id.is_not(None)
    )
    rows = []
    for task in session.scalars(statement.order_by(Task.due_on, Task.id).limit(_MOST)):
        if task.person_id == viewer_id or viewer_id in directory.interested(session, task.reference or ""):
            continue
        late = task.due_on is not None and flags.is_late(session, task.due_on, now=now)
        until = "" if task.due_on is None else f", until {day(task.due_on)}"
        title = f"{people.rules.tasks[task.kind].label}: {task.reference}"
        button = None
        if task.kind is TaskKind.REFLECT:
            to = f"/cases/{task.reference}/reflect?for={task.person_id}"
            button = Link("Record their reflection", to, people.name(task.person_id))
        rows.append(
            TaskRow(
                title,
                detail=f"{people.titled(task.person_id)}{until}.",
                tag="Late" if late else "",
                button=button,
                link=f"/cases/{task.reference}",
            )
        )
    return rows


def _coming(session: Session, people: People, *, now: datetime) -> tuple[Fact, ...]:
    facts = [
        Fact(
            "", "Your weekly letter, if there is something new.", on=digest.next_digest_day(session, now=now)
        )
    ]
    meetings = (on for on in people.rules.next_meeting_on if on >= london_day(now))
    facts += [Fact("", "The group meets.", on=on) for on in list(meetings)[:1]]
    return tuple(sorted(facts, key=lambda fact: fact.on or date.max))


def _done_today(session: Session, viewer_id: int, *, now: datetime) -> str:
    today = london_day(now)
    number = sum(london_day(row.at) == today for row in _done(session, viewer_id))
    return plural(number, "thing") if number else "none yet"


def done(session: Session, viewer_id: int) -> TasksDoneView:
    """Return what this person has done, the newest first."""
    return TasksDoneView(tuple(_done(session, viewer_id)), Link("My tasks", "/tasks"))


def _done(session: Session, viewer_id: int) -> list[DoneRow]:
    answers = select(AnswerRecord).where(AnswerRecord.person_id == viewer_id)
    rows = [
        _answer(session, given)
        for given in session.scalars(answers.order_by(AnswerRecord.id.desc()).limit(_MOST))
    ]
    tasks = select(Task).where(Task.done_by_id == viewer_id, Task.status == TaskStatus.DONE)
    rows += [_finished(task) for task in session.scalars(tasks.order_by(Task.id.desc()).limit(_MOST))]
    out = _out_of(session, viewer_id)
    kept = [row for row, reference in rows if reference not in out]
    return sorted(kept, key=lambda row: row.at, reverse=True)[:_MOST]


def _out_of(session: Session, viewer_id: int) -> frozenset[str]:

    return frozenset(session.scalars(select(Interest.reference).where(Interest.person_id == viewer_id)))


def _answer(session: Session, given: AnswerRecord) -> tuple[DoneRow, str]:
    row = approvals.get(session, given.approval_id)
    words = _ANSWERED[given.answer]
    gone = " It counts no more." if given.voided_at is not None else ""
    text = f"You {words}: {row.question}{gone}"
    return DoneRow(
        given.answered_at, text, Link("Your answer", f"/approvals/{row.id}/done", row.id)
    ), row.reference


def _finished(task: Task) -> tuple[DoneRow, str]:
    link = Link(task.reference, f"/cases/{task.reference}") if task.reference else None
    words = _FINISHED.get(task.kind, "You finished something.")
    at = task.done_at or task.asked_at
    return DoneRow(at, words, link), task.reference or ""


_FINISHED = {
    TaskKind.CHECK: "You checked a text for identifiers.",
    TaskKind.CORRECT: "You wrote a text again.",
    TaskKind.REFLECT: "You gave or recorded a reflection.",
    TaskKind.REASSIGN: "You asked somebody else to reflect.",
    TaskKind.WRITE_POSITION: "You wrote a draft position.",
    TaskKind.REVISE_POSITION: "You changed the text of a position.",
    TaskKind.RECORD_AGREEMENT: "You recorded what the group agreed.",
    TaskKind.FOLLOW_UP: "You told us what came of it.",
    TaskKind.REVIEW_HOLD: "You looked again at a case on hold.",
    TaskKind.ANSWER_QUESTION: "You answered a question.",
    TaskKind.SETTLE_LETTER: "You settled a letter.",
    TaskKind.CLEAR_BREACH: "You deleted the texts of a case.",
}
