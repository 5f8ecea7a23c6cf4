"""Every page with the data of the pictures: invented people, dates of the year 2027."""

from __future__ import annotations

from datetime import date

from starlette.datastructures import FormData

from plr.web import forms, parts, views
from plr.web.parts import Fact, Frame, Link
from tests.web.case_page_samples import cases
from tests.web.decision_samples import decisions, wrong_code
from tests.web.sample_words import (
    AGENDA_ASKS,
    BY_CHAIR,
    BY_SECRETARY,
    CARRIED,
    KEPT,
    MY_TASKS,
    PUBLIC,
    SECRETARY,
    TODAY,
    WORDS,
    Sample,
    at,
    signed_in,
    wrong,
)

TASKS = views.TasksView(
    today=TODAY,
    summary="4 things need you. Start with the late one.",
    groups=(
        views.TaskGroup(
            "Late",
            (
                views.TaskRow(
                    "Ring the South West and the South East",
                    detail="Regional updates for 18 March were due Thursday 4 March. Tom Ellery and "
                    "Ben Carver had the last reminder today at 8:30am. We send no more.",
                    why="the secretary rings after two reminders.",
                    tag="Late",
                    button=Link("Record their reply", "/x", "of the South West and the South East"),
                    main=True,
                ),
            ),
            note="1",
        ),
        views.TaskGroup(
            "Today",
            (
                views.TaskRow(
                    "One letter may or may not have arrived",
                    detail="To Claire Hobbs, Monday 8 March, 8:31am. The mail server took it and then "
                    "did not answer.",
                    button=Link("Settle it", "/outbox/5", "letter to Claire Hobbs"),
                ),
            ),
            note="1",
        ),
        views.TaskGroup(
            "This week",
            (
                views.TaskRow(
                    "Look through the papers for 18 March",
                    by=date(2027, 3, 11),
                    detail="They go to 14 members at 10am, unless you hold them.",
                    button=Link("Look at papers", "/y", "for 18 March"),
                ),
                views.TaskRow(
                    "Record who is coming on 18 March",
                    detail="5 of 14 have not said. We ask them again on Tuesday 16 March.",
                    button=Link("See replies", "/z", "for 18 March"),
                ),
            ),
            note="2",
        ),
        views.TaskGroup(
            "Waiting for others",
            (
                views.TaskRow(
                    "Agenda for 18 March",
                    detail="Amara Okafor, Chair, until Wednesday 10 March. From Thursday 11 March the "
                    "Vice-Chair may decide.",
                    link="/approvals/1",
                ),
            ),
            note="nothing for you to do",
        ),
    ),
    going_away_to="/me#away",
)
NO_TASKS = views.TasksView(
    today=date(2027, 3, 22),
    summary="Nothing needs you today.",
    coming=(
        Fact("", "We ask for your East Midlands update for the June meeting.", on=date(2027, 5, 12)),
        Fact(
            "", "Action PLR-A-2027-004 is due.", on=date(2027, 5, 14), link=Link("It is done already", "/x")
        ),
        Fact("", "Meeting at 10am. You have not said if you are coming.", on=date(2027, 6, 10)),
    ),
    came_of_it="The group talked about your point on shared chronologies on 18 March, under item 5.",
    came_of_it_link=Link("Read the regional digest", "/outputs/digest"),
)


def samples() -> list[Sample]:
    """Return every page."""
    return [*_signing_in(), *decisions(), *cases(), *_links(), *_errors()]


def _signing_in() -> list[Sample]:
    code = views.SignInCodeView("p06@example.org", at(3, 9, 19, 52))
    return [
        Sample("sign-in", "sign_in.html", "Sign in", views.SignInView(), PUBLIC, forms.SignInForm),
        Sample(
            "sign-in-wrong",
            "sign_in.html",
            "Sign in",
            views.SignInView(peer_support_to="/ask"),
            PUBLIC,
            wrong(lambda: forms.SignInForm(FormData({"email": "somebody"}))),
        ),
        Sample("sign-in-code", "sign_in_code.html", "Type your code", code, PUBLIC, forms.CodeForm),
        Sample("sign-in-code-wrong", "sign_in_code.html", "Type your code", code, PUBLIC, wrong_code),
        Sample(
            "tasks",
            "tasks.html",
            "My tasks",
            TASKS,
            Frame(
                **vars_of(signed_in("Joan Whitfield, Secretary", SECRETARY, "My tasks")),
                strip=parts.Strip("Letters go to files, not to people: this is a demonstration."),
                banner=parts.Banner("The reply is recorded.", "Tom Ellery gets a receipt.", "/undo/1"),
            ),
        ),
        Sample(
            "tasks-empty",
            "tasks.html",
            "My tasks",
            NO_TASKS,
            signed_in(
                "Sunita Rao, East Midlands", "My tasks, Meetings, My region, Library, More", "My tasks"
            ),
        ),
        Sample(
            "tasks-done",
            "tasks_done.html",
            "What I have done",
            views.TasksDoneView(
                (
                    views.DoneRow(
                        at(3, 9, 12, 10), "You approved the agenda.", Link("Read it", "/approvals/1")
                    ),
                ),
                MY_TASKS,
            ),
            BY_CHAIR,
        ),
    ]


def vars_of(frame: Frame) -> dict[str, object]:
    return {
        name: getattr(frame, name)
        for name in ("form_token", "form_id", "person", "navigation", "footer", "me_to")
    }


def _links() -> list[Sample]:
    ref = "PLR-R-2027-004"
    correction = views.LinkFormView(
        ref, f"{ref}, for Sunita Rao", AGENDA_ASKS, "/f/t", "A place, line 1.", WORDS
    )
    impact = views.LinkFormView(ref, "For Sunita Rao", AGENDA_ASKS, "/f/t", paper=WORDS)
    sent = views.SentView(
        "We have your new text", at(3, 9, 12), ("Mary Quinn reads it first.",), MY_TASKS, "Thank you."
    )
    confirm = views.ConfirmView(
        "Cancel the meeting of 9 September?",
        "If you cancel it:",
        (
            "14 members are told today, and it leaves their diaries",
            "3 cases wait for the next meeting, Thursday 9 December",
            "the group will have gone 182 days without a meeting; its terms ask for one each quarter",
        ),
        "Cancel the meeting",
        "/meetings/PLR-M-2027-03/cancel",
        Link("Meeting of 9 September", "/meetings/PLR-M-2027-03"),
        Link("Keep it", "/meetings/PLR-M-2027-03"),
        "You can",
        Link("move the meeting instead", "/meetings/PLR-M-2027-03/move"),
        carried=CARRIED,
    )
    return [
        Sample(
            "correction",
            "links/correction.html",
            "Please write the text again",
            correction,
            PUBLIC,
            forms.CorrectionForm,
        ),
        Sample("impact", "links/impact.html", f"What came of {ref}?", impact, PUBLIC, forms.ImpactForm),
        Sample(
            "impact-wrong",
            "links/impact.html",
            f"What came of {ref}?",
            impact,
            PUBLIC,
            wrong(lambda: forms.ImpactForm(FormData({"changed": "yes"}))),
        ),
        Sample("sent", "links/sent.html", "We have your new text", sent, PUBLIC),
        Sample(
            "confirm",
            "confirm.html",
            "Cancel the meeting of 9 September?",
            confirm,
            BY_SECRETARY,
            forms.ReasonForm,
        ),
    ]


def _errors() -> list[Sample]:
    again = Link("Try again", "/approvals/1")
    wait = views.TooManyView(
        at(3, 9, 20, 15),
        (
            (
                "There were 5 tries with a wrong code, so this one has ended. "
                "From 8:15pm you can ask for a new code."
            ),
            "Your answer is not recorded yet. A browser you told us to remember still works.",
        ),
        Link("Back to sign in", "/sign-in"),
    )
    fault = views.FaultView("7K2Q-M4XD", at(6, 24, 8, 6), again, KEPT)
    missing = views.NotFoundView(MY_TASKS, Link("Search the library", "/library"))
    return [
        Sample(
            "link-dead", "error_link_dead.html", "This link no longer works", views.LinkDeadView(), PUBLIC
        ),
        Sample("too-many", "error_too_many.html", "Please wait until 8:15pm", wait, PUBLIC),
        Sample("our-fault", "error_fault.html", "Sorry, that is our fault", fault, PUBLIC),
        Sample("not-found", "error_not_found.html", "Page not found", missing, BY_CHAIR),
        Sample(
            "unavailable",
            "error_unavailable.html",
            "Try again at noon",
            views.UnavailableView(at(3, 9, 12), again, KEPT),
            PUBLIC,
        ),
        Sample(
            "stale",
            "error_stale_form.html",
            "This page was open too long",
            views.StaleFormView(Link("Open the page again", "/x"), KEPT),
            PUBLIC,
        ),
    ]
