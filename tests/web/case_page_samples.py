"""Page 4, a case and all that is done to it: the pages."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import FormData
from wtforms import Form

from plr.web import case_forms as cf
from plr.web import case_views as cv
from plr.web import forms
from plr.web.fields import PageForm
from plr.web.pages.agreements import AgreeDraftForm, AgreeDraftView
from plr.web.pages.errors import MovedOnView
from plr.web.pages.letters import LetterSettleView, SettleForm
from plr.web.pages.outputs import OutputView
from plr.web.pages.questions import QuestionView, ReplyForm
from plr.web.pages.recording import RecordAnswerForm, RecordAnswerView
from plr.web.pages.reflections import ReflectionsView
from plr.web.parts import Block, Fact, Link, Option, Paper
from tests.web.case_samples import CASES, FULL_CASE, LIGHT_CASE
from tests.web.sample_words import (
    AGENDA_ASKS,
    BY_CHAIR,
    BY_LEAD,
    BY_SECRETARY,
    CARRIED,
    CASE_BACK,
    HAPPENS,
    KEPT,
    MY_TASKS,
    REFLECTORS,
    REVIEW,
    TODAY,
    WORDS,
    Sample,
    at,
    wrong,
)


def agree(kind: type[cf.AgreeForm] = cf.AgreeForm, **sent: str) -> Callable[[], Form]:
    def make() -> Form:
        form = kind(FormData(sent) if sent else None, today=TODAY)
        people = (Option("P02", "Gareth Pugh"), Option("P01", "Amara Okafor"))
        form.presider.offer(people)
        form.out.offer(people)
        form.professions.offer((Option("law", "Law"), Option("police", "Police")))
        return form

    return make


def reassign() -> Form:
    form = cf.ReassignForm()
    form.instead_of.offer((Option("P14", "Marcus Bell, law: not in yet"),))
    form.ask.offer(REFLECTORS[:2])
    return form


def position() -> Form:
    form = cf.PositionForm()
    form.themes.offer((Option("early-help", "Early help"), Option("neglect", "Neglect")))
    return form


def act(**rest: object) -> cv.ActView:
    gentler = Link("put it on hold until a date", "/cases/PLR-R-2027-004/hold")
    return cv.ActView("PLR-R-2027-004", CASE_BACK, "/cases/PLR-R-2027-004/x", HAPPENS, gentler, **rest)  # type: ignore[arg-type]  # views are checked when rendered


def secretary() -> list[Sample]:
    """What falls to the secretary and the data-protection lead."""
    ref = "PLR-R-2027-004"
    record = RecordAnswerView("Amara Okafor", "A-PLR-R-2027-004-TRIAGE", AGENDA_ASKS, 5, "/x", CASE_BACK)
    question = QuestionView(
        "Amara Okafor",
        "A-PLR-R-2027-004-TRIAGE",
        (Fact("Asked first", "“Which partners were these?”"), *AGENDA_ASKS[:1]),
        CASE_BACK,
        "/questions/1",
        MY_TASKS,
    )
    letter = LetterSettleView(
        "Amara Okafor",
        "Letter to Amara Okafor",
        "We handed it over on Wednesday 23 June. The mail server took the text and then did not answer.",
        (Fact("To", "Amara Okafor, p01@example.org"), Fact("About", link=CASE_BACK, note="Letter N27.")),
        Paper("What it says", (Block("text", "Dear Amara,"), Block("text", "The text was approved."))),
        "The line broke after the text.",
        "/outbox/1/settle",
        MY_TASKS,
    )
    files = ("restricted: commissioning/2027/PLR-R-2027-004/2027-06-01_PLR-R-2027-004_summary_v1.docx",)
    clear = cv.BreachClearView(
        ref, at(3, 12, 9), ("3 texts of our records",), ("the days",), files, CASE_BACK, "/x"
    )
    draft = AgreeDraftView(ref, CASE_BACK, WORDS, "/x")
    output = OutputView("Summary of a review", ref, "Restricted", True, REVIEW, CASE_BACK, "objected to")
    moved = MovedOnView("Somebody has answered this question.", MY_TASKS, KEPT)
    asked = "What do you answer Amara Okafor?"
    arrived = "Did this letter arrive?"
    delete = f"Delete every text of {ref}?"
    return [
        Sample(
            "record-answer",
            "record_answer.html",
            "Record an answer for Amara Okafor",
            record,
            BY_SECRETARY,
            RecordAnswerForm,
        ),
        Sample("question", "question.html", asked, question, BY_SECRETARY, ReplyForm),
        Sample(
            "question-wrong",
            "question.html",
            asked,
            question,
            BY_SECRETARY,
            wrong(lambda: ReplyForm(FormData({"answer": ""}))),
        ),
        Sample("letter-settle", "letter_settle.html", arrived, letter, BY_SECRETARY, SettleForm),
        Sample(
            "letter-settle-wrong",
            "letter_settle.html",
            arrived,
            letter,
            BY_SECRETARY,
            wrong(lambda: SettleForm(FormData({"answer": "perhaps"}))),
        ),
        Sample("breach-clear", "breach_clear.html", delete, clear, BY_LEAD),
        Sample(
            "agree-draft",
            "agree_draft.html",
            "Record what the group agreed",
            draft,
            BY_SECRETARY,
            agree(AgreeDraftForm),
        ),
        Sample(
            "reflections",
            "reflections.html",
            "What people think of this decision",
            ReflectionsView(ref, CASE_BACK, (WORDS, WORDS)),
            BY_CHAIR,
        ),
        Sample("output", "output.html", "Summary of a review", output, BY_CHAIR),
        Sample("moved-on", "error_moved_on.html", "This was not recorded", moved, BY_CHAIR),
    ]


def cases() -> list[Sample]:
    ref = "PLR-R-2027-004"
    to = f"/cases/{ref}/x"
    check = cv.CheckView(ref, AGENDA_ASKS[:2], WORDS, to)
    breach_open = cv.BreachOpenView(
        ref,
        at(3, 9, 9),
        at(3, 12, 9),
        ("The Chair was told at 9:01am.",),
        CASE_BACK,
        files=("restricted: commissioning/2027/PLR-R-2027-004/2027-06-01_PLR-R-2027-004_summary_v1.docx",),
        readers=("Mary Quinn, data-protection lead, first on Tuesday 9 March 2027, 9am",),
        letters=("Amara Okafor: letter N24, sent, Tuesday 9 March 2027, 8:30am",),
        clear_to="/cases/PLR-R-2027-004/breach/clear",
    )
    known = (
        Fact("Meeting", "Thursday 13 May 2027 (PLR-M-2027-02)."),
        Fact("For this item", "9 members: quorate."),
    )
    not_quorate = "This meeting was not quorate for this item: 7 of 8. It waits for Thursday 10 June."
    page = cv.CheckPageView(ref, Link("Change the words", to), WORDS, to, CARRIED, AGENDA_ASKS[:1])
    group = "Record what the group agreed"
    reflect = cv.ReflectView(ref, AGENDA_ASKS, REVIEW, to, CASE_BACK)
    for_marcus = cv.ReflectView(ref, AGENDA_ASKS, REVIEW, to, CASE_BACK, for_person="Marcus Bell")
    draft = cv.PositionView(ref, AGENDA_ASKS, (WORDS,), to, CASE_BACK, asked_for="Say it more simply.")
    return [
        Sample("case-full", "case.html", "PLR-R-2027-009", FULL_CASE, BY_SECRETARY),
        Sample("case-light", "case.html", ref, LIGHT_CASE, BY_CHAIR),
        Sample("cases", "cases.html", "Cases", CASES, BY_SECRETARY),
        Sample("check", "check.html", "Could somebody be recognised?", check, BY_LEAD, cf.CheckForm),
        Sample(
            "check-wrong",
            "check.html",
            "Could somebody be recognised?",
            check,
            BY_LEAD,
            wrong(lambda: cf.CheckForm(FormData({"answer": "clear"}))),
        ),
        Sample(
            "breach",
            "breach.html",
            "Is this a data breach?",
            cv.BreachView(ref, CASE_BACK, to),
            BY_LEAD,
            cf.BreachForm,
        ),
        Sample("breach-open", "breach_open.html", "The text is hidden. What now?", breach_open, BY_LEAD),
        Sample("agree", "agree.html", group, cv.AgreeView(ref, CASE_BACK, to), BY_SECRETARY, agree()),
        Sample(
            "agree-wrong",
            "agree.html",
            group,
            cv.AgreeView(ref, CASE_BACK, to),
            BY_SECRETARY,
            wrong(agree(minute="7")),
        ),
        Sample(
            "agree-known", "agree.html", group, cv.AgreeView(ref, CASE_BACK, to, known), BY_SECRETARY, agree()
        ),
        Sample(
            "agree-refused",
            "agree.html",
            group,
            cv.AgreeView(ref, CASE_BACK, to, refused=not_quorate),
            BY_SECRETARY,
            agree(),
        ),
        Sample("agree-check", "agree_check.html", "Is this what the group agreed?", page, BY_SECRETARY),
        Sample(
            "reflect",
            "reflect.html",
            "What do you think of this decision?",
            reflect,
            BY_CHAIR,
            lambda: cf.ReflectForm(today=TODAY),
        ),
        Sample(
            "reflect-for",
            "reflect.html",
            "Record the reflection of Marcus Bell",
            for_marcus,
            BY_SECRETARY,
            wrong(lambda: cf.ReflectForm(FormData({"given_on": "never"}), today=TODAY, for_person=True)),
        ),
        Sample(
            "reassign",
            "reassign.html",
            "Ask somebody else to reflect",
            cv.ReassignView(ref, AGENDA_ASKS, to, CASE_BACK),
            BY_CHAIR,
            reassign,
        ),
        Sample("position", "position.html", "Change the draft position", draft, BY_SECRETARY, position),
        Sample("position-check", "position_check.html", "Put this draft to the group?", page, BY_SECRETARY),
        Sample(
            "hold",
            "hold.html",
            "Put it on hold until a day?",
            act(),
            BY_CHAIR,
            wrong(lambda: cf.HoldForm(FormData({"reason": "x", "review_on": "9/3/28"}), today=TODAY)),
        ),
        Sample("resume", "resume.html", f"Go on with {ref}?", act(), BY_CHAIR, PageForm),
        *secretary(),
        Sample("withdraw", "withdraw.html", f"Withdraw {ref}?", act(), BY_CHAIR, forms.ReasonForm),
        Sample("decline", "decline.html", f"Decline {ref}?", act(), BY_CHAIR, cf.DeclineForm),
        Sample("deepen", "deepen.html", f"Look deeper at {ref}?", act(), BY_CHAIR, forms.ReasonForm),
    ]
