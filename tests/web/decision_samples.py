"""Page 3, the decision, in all its states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from starlette.datastructures import FormData
from wtforms import Form

from plr.web import forms, parts, views
from plr.web.parts import Change, Fact, Link, Piece
from tests.web.sample_words import (
    AGENDA,
    AGENDA_ASKS,
    ANSWERS,
    BY_CHAIR,
    CARRIED,
    MY_TASKS,
    PUBLIC,
    REFLECTORS,
    REVIEW,
    Sample,
    at,
)

CHAPTER = parts.Redline(
    (
        Change(
            "3. Meetings and quorum",
            (
                Piece("same", "The group met four times. "),
                Piece("removed", "Quorum was met."),
                Piece("same", " "),
                Piece(
                    "added",
                    "Three meetings were quorate with 8 or more members from at least 3 professions. "
                    "The September meeting had 7 members; it discussed and decided nothing.",
                ),
            ),
        ),
        Change(
            "Figures",
            (
                Piece("same", "Members at a meeting, on average: "),
                Piece("removed", "9"),
                Piece("same", " "),
                Piece("added", "9.3 of 14 (range 7 to 11)"),
                Piece("same", "."),
            ),
        ),
    ),
    changed=2,
    paragraphs=14,
    note="Draft 3 by Joan Whitfield, Monday 26 April, 10am. Compared with draft 2, which you sent back.",
)
SECOND = views.DecisionView(
    kind="position",
    heading="Approve the text about PLR-R-2027-009?",
    caption="A-PLR-R-2027-009-POSITION-2, second round",
    facts=(
        Fact(
            "Answer by", on=date(2027, 5, 4), text="Working day 1 of 5. Skips Monday 3 May, a bank holiday."
        ),
        Fact("Why you", "The Chair approves each position before it is recorded."),
        Fact("You asked for", "“Explain the quorum figures” (Friday 23 April)"),
        Fact(
            "If you do nothing",
            "From Wednesday 5 May the Vice-Chair may answer too. Silence never counts as yes.",
        ),
    ),
    paper=AGENDA,
    post_to="/approvals/7",
    identified=True,
    noted=True,
    redline=CHAPTER,
    whole_text="Read the whole text (1 page)",
)
TEXT_SHOWN = views.DecisionView(
    kind="agenda",
    heading="Approve the agenda for 18 March?",
    caption="Asked of Amara Okafor, Chair",
    facts=AGENDA_ASKS,
    paper=AGENDA,
    post_to="/a/token",
    identified=False,
)
TRIAGE = views.DecisionView(
    kind="triage",
    heading="Take on PLR-R-2027-009?",
    caption="Asked of Amara Okafor, Chair",
    facts=AGENDA_ASKS,
    paper=REVIEW,
    post_to="/approvals/3",
    identified=True,
)


def decision(**sent: str) -> Callable[[], Form]:
    def make() -> Form:
        form = forms.DecisionForm(FormData(sent) if sent else None, text_version="abc", reflectors=["P10"])
        form.answer.offer(ANSWERS)
        form.reflectors.offer(REFLECTORS)
        if sent:
            assert not form.validate()
        return form

    return make


def wrong_code() -> Form:
    form = forms.CodeForm(FormData({"code": "123456"}))
    assert form.validate()
    form.refuse("code", "That code is not right. You have 3 tries left.")
    return form


def decisions() -> list[Sample]:
    agenda = "Approve the agenda for 18 March?"
    code = views.DecisionCodeView(
        agenda,
        "Amara Okafor",
        "p...@example.org",
        at(3, 9, 12, 19),
        "/a/t/code",
        "/a/t",
        Link("Back to the agenda", "/a/t"),
        "Approve",
        "Fine by me",
        CARRIED,
    )
    reading = views.DecisionCodeView(
        agenda,
        "Amara Okafor",
        "p...@example.org",
        at(3, 9, 12, 19),
        "/a/t/code",
        "/a/t",
        Link("Back", "/a/t"),
    )
    restricted = views.DecisionRestrictedView(
        "Approve a text about PLR-R-2027-009?",
        "Asked of Amara Okafor, Chair",
        AGENDA_ASKS,
        "/a/t/code",
        "/a/t",
    )
    done = views.DecisionDoneView(
        "You approved the agenda",
        at(3, 9, 12, 10),
        ("The secretary is told now.", "On Thursday 11 March at 10am the papers go to 14 members."),
        MY_TASKS,
        rest="Nothing else needs you today.",
        take_back_to="/approvals/1/take-back",
        take_back_until="until the papers go",
        not_me_to="/approvals/1/not-me",
    )
    answered = views.DecisionAnsweredView(
        "Amara Okafor has answered this",
        "A-PLR-M-2027-01-UPDATE",
        "The Chair approved the update today, Friday 9 April 2027, at 3pm, two minutes before you. "
        "Your answer was not recorded. There is nothing more to do.",
        (
            Fact("Question", "Approve the update?"),
            Fact("Answer", tag="Approved"),
            Fact("Why you were asked", "Late."),
        ),
        MY_TASKS,
        "The update goes to the AoCPP Chair and the Executive on Monday 12 April at 9am.",
    )
    changed = views.DecisionView(
        **{
            name: getattr(TEXT_SHOWN, name)
            for name in ("kind", "heading", "caption", "facts", "paper", "post_to")
        },
        identified=False,
        notice="The text has changed. Please read it again.",
    )
    h1 = "Type your code to send your answer"
    return [
        Sample("decision", "decision.html", agenda, TEXT_SHOWN, PUBLIC, decision()),
        Sample("decision-wrong", "decision.html", agenda, TEXT_SHOWN, PUBLIC, decision(answer="return")),
        Sample("decision-changed", "decision.html", agenda, changed, PUBLIC, decision()),
        Sample("decision-second", "decision.html", SECOND.heading, SECOND, BY_CHAIR, decision()),
        Sample("decision-triage", "decision.html", "Take on PLR-R-2027-009?", TRIAGE, BY_CHAIR, decision()),
        Sample("decision-code", "decision_code.html", h1, code, PUBLIC, forms.CodeForm),
        Sample("decision-code-wrong", "decision_code.html", h1, code, PUBLIC, wrong_code),
        Sample(
            "decision-code-read",
            "decision_code.html",
            "Type your code to read the text",
            reading,
            PUBLIC,
            forms.CodeForm,
        ),
        Sample(
            "decision-restricted",
            "decision_restricted.html",
            "Approve a text about PLR-R-2027-009?",
            restricted,
            PUBLIC,
        ),
        Sample("decision-done", "decision_done.html", "You approved the agenda", done, BY_CHAIR),
        Sample(
            "decision-answered",
            "decision_answered.html",
            "Amara Okafor has answered this",
            answered,
            BY_CHAIR,
        ),
    ]
