"""Page 4, a case and all that is done to it: the pages."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import FormData
from wtforms import Form

from plr.web import case_forms as cf
from plr.web import case_views as cv
from plr.web import forms
from plr.web.parts import Fact, Link, Option
from tests.web.case_samples import CASES, FULL_CASE, LIGHT_CASE
from tests.web.sample_words import (
    AGENDA_ASKS,
    BY_CHAIR,
    BY_LEAD,
    BY_SECRETARY,
    CARRIED,
    CASE_BACK,
    HAPPENS,
    REFLECTORS,
    REVIEW,
    TODAY,
    WORDS,
    Sample,
    at,
    wrong,
)


def agree(**sent: str) -> Callable[[], Form]:
    def make() -> Form:
        form = cf.AgreeForm(FormData(sent) if sent else None, today=TODAY)
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


def cases() -> list[Sample]:
    ref = "PLR-R-2027-004"
    to = f"/cases/{ref}/x"
    check = cv.CheckView(ref, AGENDA_ASKS[:2], WORDS, to)
    breach_open = cv.BreachOpenView(
        ref, at(3, 9, 9), at(3, 12, 9), ("The Chair was told at 9:01am.",), CASE_BACK
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
        Sample("withdraw", "withdraw.html", f"Withdraw {ref}?", act(), BY_CHAIR, forms.ReasonForm),
        Sample("decline", "decline.html", f"Decline {ref}?", act(), BY_CHAIR, cf.DeclineForm),
        Sample("deepen", "deepen.html", f"Look deeper at {ref}?", act(), BY_CHAIR, forms.ReasonForm),
    ]
