"""What somebody asked before answering: the secretary reads it, and answers once."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from plr.db.models import Approval, Question
from plr.domain.wording import day_time
from plr.domain.words import Office, TaskKind
from plr.errors import NotYoursError, WrongMomentError
from plr.operations import approvals, directory, rights, tasks
from plr.web.fields import LONGEST_REASON, PageForm, stripped, text_rules
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, already, once, screened
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Fact, Link
from plr.web.showing import clocks
from plr.web.showing import people as people_showing

router = APIRouter()


class ReplyForm(PageForm):
    """The answer to a question."""

    answer = TextAreaField(
        "Your answer",
        description="No names of children, families or staff.",
        filters=[stripped],
        validators=text_rules(LONGEST_REASON, missing="Write your answer"),
        render_kw={"size": "m", "rows": 4},
    )


@dataclass(frozen=True, slots=True)
class QuestionView:
    """question.html, with ReplyForm: what was asked, by whom, about which text."""

    person: str
    caption: str
    facts: tuple[Fact, ...]
    about: Link
    post_to: str
    back: Link


@router.get("/questions/{number}", name="question")
def show(visit: SignedIn, number: str) -> Response:
    """Show what was asked."""
    with visit.house.database.reading() as session:
        row, asked = _question(session, visit, number)
        return _page(session, visit, row, asked, ReplyForm())


@router.post("/questions/{number}", name="question_send")
def reply(visit: SignedIn, posted: Post, number: str) -> Response:
    """Take the answer."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    form = ReplyForm(posted.data)
    with visit.house.database.reading() as session:
        row, asked = _question(session, visit, number)
        if not form.validate() or not screened(session, form, ("answer",)):
            return _page(session, visit, row, asked, form, status=422)

    def act(session: Session) -> Outcome:
        _question(session, visit, number)
        approvals.reply(session, int(number), str(form.answer.data), by=viewer.actor, now=visit.now)
        return Outcome("replied", "/tasks")

    return visit.redirect(once(visit, posted.form_id, viewer.id, act).location)


def _question(session: Session, visit: Visit, number: str) -> tuple[Approval, Question]:
    viewer = viewer_of(visit)
    asked = session.get(Question, int(number[:9])) if number.isascii() and number.isdigit() else None
    if asked is None:
        raise NotYoursError("There is no such page.")
    row = approvals.get(session, asked.approval_id)
    in_conflict = viewer.id in directory.interested(session, row.reference)
    answers = rights.acts_for(session, viewer.id, Office.SECRETARY, row.reference, now=visit.now)
    doors.require(answers and not in_conflict)
    if asked.replied_at is not None:
        raise WrongMomentError("This question has been answered already.")
    return row, asked


def _page(
    session: Session, visit: Visit, row: Approval, asked: Question, form: ReplyForm, status: int = 200
) -> Response:
    people = people_showing.load(session, now=visit.now)
    rule = people.rules.tasks[TaskKind.ANSWER_QUESTION]
    subject = f"question:{asked.id}"
    task = next(
        (
            task
            for task in tasks.open_tasks(session, row.reference, TaskKind.ANSWER_QUESTION)
            if task.subject == subject
        ),
        None,
    )
    facts = [
        Fact("Asked by", f"{people.titled(asked.person_id)}, on {day_time(asked.asked_at)}"),
        Fact("Asked first", f"“{asked.text}”"),
        Fact("Before answering", row.question),
    ]
    if task is not None:
        facts.append(clocks.answer_by(session, task.asked_at, task.due_on, now=visit.now))
    facts.append(Fact("If you do nothing", f"{clocks.capital(rule.if_nothing)}. {clocks.NEVER_YES}"))
    view = QuestionView(
        person=people.name(asked.person_id),
        caption=row.id,
        facts=tuple(facts),
        about=Link(row.reference, f"/cases/{row.reference}"),
        post_to=f"/questions/{asked.id}",
        back=Link("My tasks", "/tasks"),
    )
    return visit.page("question.html", view, form=form, status=status, frame=visit.frame("tasks"))
