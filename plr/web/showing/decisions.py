"""A question as its page shows it: why and by when, the text, the answers with what each causes (pages 3)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Case, Question, Submission
from plr.domain.approvals import ANSWERED
from plr.domain.london import london_day
from plr.domain.wording import day, day_time
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus
from plr.errors import NotFoundError
from plr.operations import approvals, approvals_letters, approvals_records, positions, reflections
from plr.web.forms import DecisionForm
from plr.web.parts import Block, Fact, Link, Option, Paper, Redline
from plr.web.showing import cases as case_showing
from plr.web.showing import clocks, papers
from plr.web.showing.people import People
from plr.web.views import DecisionAnsweredView, DecisionDoneView

TASKS = Link("My tasks", "/tasks")
WORDS = {Answer.APPROVE: "Approve", Answer.RETURN: "Ask for changes", Answer.REJECT: "Decline"}
_STATUS_WORDS = {
    ApprovalStatus.APPROVED: "Approved",
    ApprovalStatus.RETURNED: "Changes requested",
    ApprovalStatus.REJECTED: "Declined",
    ApprovalStatus.VOID: "Void",
    ApprovalStatus.WITHDRAWN: "Withdrawn",
    ApprovalStatus.SUPERSEDED: "Superseded",
    ApprovalStatus.OPEN: "Open",
}
_DONE = {
    (ApprovalKind.TRIAGE, Answer.APPROVE): "You took the review on",
    (ApprovalKind.TRIAGE, Answer.RETURN): "You asked for changes",
    (ApprovalKind.TRIAGE, Answer.REJECT): "You declined the review",
    (ApprovalKind.POSITION, Answer.APPROVE): "You approved the text",
    (ApprovalKind.POSITION, Answer.RETURN): "You asked for changes",
    (ApprovalKind.POSITION, Answer.REJECT): "You declined the text",
}


def is_restricted(row: Approval, people: People) -> bool:
    """Say whether the text is only for the person asked."""
    return people.rules.approvals[row.kind].restricted


def caption(row: Approval, people: People) -> str:
    """Return who is asked, and in which round."""
    asked = f"Asked of {people.titled(row.holder_id)}"
    return asked if row.round == 1 else f"{asked}, round {row.round}"


def facts(
    session: Session, row: Approval, person_id: int | None, people: People, *, now: datetime
) -> tuple[Fact, ...]:
    """Return the box that opens the page."""
    lines = [
        clocks.answer_by(session, row.asked_at, row.due_on, now=now),
        Fact("Why you", why(row, person_id, people)),
    ]
    asked_for = _asked_for(session, row)
    if asked_for is not None and asked_for.reason:
        on = day(london_day(asked_for.answered_at), year_shown=True)
        who = "You asked for" if asked_for.person_id == person_id else "Asked for before"
        lines.append(Fact(who, f"“{asked_for.reason}” ({on})"))
    lines.append(Fact("If you do nothing", clocks.if_nothing(session, row, now=now)))
    return tuple(lines)


def questions_of(session: Session, row: Approval, person_id: int) -> list[Question]:
    """Return what this person asked before answering, the oldest first."""
    statement = select(Question).filter_by(approval_id=row.id, person_id=person_id)
    return list(session.scalars(statement.order_by(Question.id)))


def told(session: Session, row: Approval, person_id: int) -> tuple[Fact, ...]:
    """Return what this person asked first, and what the secretary answered."""
    lines = []
    for asked in questions_of(session, row, person_id):
        lines.append(Fact("You asked", f"“{asked.text}”"))
        answer = f"“{asked.reply}”" if asked.reply else "Not answered yet. Your answer stays open."
        lines.append(Fact("The secretary answers", answer))
    return tuple(lines)


def why(row: Approval, person_id: int | None, people: People) -> str:
    """Say why this person is asked."""
    rule = people.rules.approvals[row.kind]
    if row.office is None:
        return rule.why
    label = people.rules.offices[row.office].label
    if person_id == row.holder_id and row.on_behalf_of_id is not None:
        return f"You decide for the {label} at the moment. {rule.why}"
    if person_id in people.directory.holders(row.office):
        return rule.why
    if person_id == row.holder_id:
        return f"You are next in line for the {label}, who cannot answer this. {rule.why}"
    return f"You are the deputy of the {label}, who has not answered in time. {rule.why}"


def _asked_for(session: Session, row: Approval) -> AnswerRecord | None:
    """Return the words that sent the text back before this round."""
    if row.round == 1:
        return None
    statement = (
        select(AnswerRecord)
        .join(Approval, Approval.id == AnswerRecord.approval_id)
        .where(
            Approval.reference == row.reference,
            Approval.kind == row.kind,
            Approval.id != row.id,
            AnswerRecord.answer == Answer.RETURN,
            AnswerRecord.voided_at.is_(None),
        )
        .order_by(AnswerRecord.id.desc())
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def offer(
    session: Session, form: DecisionForm, row: Approval, person_id: int, people: People, *, now: datetime
) -> None:
    """Offer what can be answered; for triage also who could reflect, a lawful choice ticked (row 87)."""
    effects = people.rules.approvals[row.kind].effects
    options = [Option(answer.value, WORDS[answer], effects.get(answer.value, "")) for answer in WORDS]
    options.append(
        Option(
            "question", "Ask a question first", "The secretary answers; your answer stays open", after_or=True
        )
    )
    next_one = _next_in_line(session, row, person_id, people)
    if next_one is not None:
        options.append(
            Option("pass", f"Pass it to {people.titled(next_one)}", "Asked today, with the same date")
        )
    options.append(
        Option("conflict", "I have a conflict of interest", "No reason needed. The next in line is asked")
    )
    form.answer.offer(options)
    if row.kind is not ApprovalKind.TRIAGE:
        return
    if row.status is not ApprovalStatus.OPEN:
        # Answered meanwhile: who was ticked is not looked at any more, the answer alone is compared.
        form.reflectors.offer([Option(ticked, ticked) for ticked in form.reflectors.data or ()])
        return
    case = session.get_one(Case, row.reference)
    candidates = reflections.candidates(session, case, now=now)
    form.reflectors.offer(people.options(candidates))
    if form.reflectors.raw_data is None:
        chosen = reflections.lawful_preset(session, case, now=now)
        form.reflectors.data = [str(number) for number in chosen]


def _next_in_line(session: Session, row: Approval, person_id: int, people: People) -> int | None:
    if row.office is None or person_id != row.holder_id:
        return None
    rows = list(session.scalars(select(Approval).where(Approval.ask == row.ask)))
    barred = approvals_records.barred(session, row, rows) | {person_id, row.first_holder_id or person_id}
    deputy = approvals_letters.deputy_of(people.directory, row)
    if deputy is not None and deputy not in barred and people.directory.absence_of(deputy) is None:
        return deputy
    chosen = people.directory.first_in_line(row.office, barred=barred)
    return None if chosen is None else chosen.person_id


def paper(session: Session, row: Approval, *, templates: Path, now: datetime) -> Paper:
    """Return the text that is asked about."""
    if row.kind is ApprovalKind.TRIAGE:
        case = session.get_one(Case, row.reference)
        content = _submission(session, row.reference, row.subject_version)
        clean = case_showing.narrative_is_clean(session, case)
        text = papers.review_paper(session, case, content, narrative=clean, templates=templates, now=now)
    else:
        position = positions.version(session, row.reference, row.subject_version)
        text = papers.position_paper(session, position, heading=f"Position on {row.reference}")
    return papers.with_note(text, papers.ONLY_THIS_TEXT)


def _submission(session: Session, reference: str, number: int) -> dict[str, object]:
    statement = select(Submission.content).filter_by(reference=reference, version=number)
    content: dict[str, object] | None = session.scalar(statement)
    if content is None:
        raise NotFoundError("This text has been deleted.")
    return content


def changes(
    session: Session, row: Approval, now_paper: Paper, *, templates: Path, now: datetime
) -> Redline | None:
    """Return what changed since the round before."""
    asked_for = _asked_for(session, row)
    if asked_for is None:
        return None
    before = approvals.get(session, asked_for.approval_id)
    if before.subject_version == row.subject_version:
        return None
    try:
        old = paper(session, before, templates=templates, now=now)
    except NotFoundError:
        return None
    blocks: tuple[Block, ...] = now_paper.blocks
    return papers.redline(old.blocks, blocks, f"Compared with version {before.subject_version}.")


def done(session: Session, given: AnswerRecord, people: People, *, has_more: bool) -> DecisionDoneView:
    """Return the page after an answer."""
    row = approvals.get(session, given.approval_id)
    effect = people.rules.approvals[row.kind].effects.get(given.answer.value, "")
    counts = given.voided_at is None
    heading = _DONE.get((row.kind, given.answer), "Your answer is recorded")
    rest = "" if has_more else "Nothing else needs you today."
    open_still = approvals.standing(session, row.ask) is ApprovalStatus.OPEN
    happens = ("The secretary is told now.", *([f"{effect}."] if effect else []))
    return DecisionDoneView(
        heading=heading if counts else "Your answer counts no more",
        at=given.answered_at,
        happens=happens if counts else (),
        button=TASKS,
        rest=rest,
        take_back_to=f"/approvals/{row.id}/take-back" if counts and open_still else "",
        take_back_until="until the others have answered" if counts and open_still else "",
        not_me_to=f"/approvals/{row.id}/not-me" if counts and given.recorded_by_id is None else "",
    )


def answered(
    session: Session,
    row: Approval,
    people: People,
    *,
    sentence: str = "",
    person_id: int | None = None,
    now: datetime,
) -> DecisionAnsweredView:
    """Return the page for somebody whose answer is not wanted any more, or not wanted of them."""
    given = approvals.counted(session, row)
    line = [Fact("Question", row.question), Fact("Answer", tag=_STATUS_WORDS[row.status])]
    line.append(Fact("Why you were asked", why(row, person_id, people)))
    if given is not None and row.status in ANSWERED:
        who = people.name(given.person_id)
        at = day_time(given.answered_at)
        own = given.person_id == person_id
        heading = "You have answered this" if own else f"{who} has answered this"
        words = f"{who} answered on {at}. {sentence}".strip()
        effect = people.rules.approvals[row.kind].effects.get(given.answer.value, "")
        return DecisionAnsweredView(
            heading, row.id, words, tuple(line), TASKS, f"{effect}." if effect else ""
        )
    if row.status is ApprovalStatus.OPEN:
        heading = (
            f"{people.name(row.holder_id)} is asked this" if row.holder_id else "Nobody can answer this yet"
        )
        line[1:] = [
            Fact("Answer by", clocks.sentence(session, row.asked_at, row.due_on, now=now), on=row.due_on),
            Fact("If nothing comes", clocks.if_nothing(session, row, now=now)),
        ]
        return DecisionAnsweredView(
            heading, row.id, sentence or "You are not asked this question.", tuple(line), TASKS
        )
    words = sentence or "This question needs no answer any more."
    return DecisionAnsweredView("This needs no answer any more", row.id, words, tuple(line[:2]), TASKS)


def newer(session: Session, row: Approval) -> Approval | None:
    """Return the open question of the same kind that came after this one, about the changed text."""
    statement = select(Approval).where(
        Approval.reference == row.reference,
        Approval.kind == row.kind,
        Approval.status == ApprovalStatus.OPEN,
        Approval.id != row.id,
    )
    return session.scalars(statement.order_by(Approval.asked_at.desc()).limit(1)).one_or_none()
