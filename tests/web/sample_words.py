"""What the sample pages share: who looks at them, and the texts they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from wtforms import Form

from plr.web import views
from plr.web.parts import Block, Carried, Fact, Frame, Link, NavigationLink, Option, Paper
from plr.web.rendering import Pages

TEMPLATES = Path(__file__).parents[2] / "templates" / "pages"
TODAY = date(2027, 3, 9)


@dataclass(frozen=True)
class Sample:
    """One page in one state; `h1` is what people read, written by hand."""

    name: str
    template: str
    h1: str
    view: object
    frame: Frame
    form: Callable[[], Form] | None = None

    def render(self, pages: Pages) -> str:
        return pages.render(
            self.template, frame=self.frame, view=self.view, form=self.form() if self.form else None
        )


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


FOOTER = (Link("Help", "/help"), Link("Privacy", "/privacy"), Link("Accessibility", "/accessibility"))
HEALTH = (*FOOTER, Link("Health", "/health"))
PUBLIC = Frame("token", "form-1", footer=FOOTER)


def signed_in(person: str, words: str, current: str = "") -> Frame:
    navigation = tuple(NavigationLink(word, f"/{word}", word == current) for word in words.split(", "))
    return Frame("token", "form-1", person=person, navigation=navigation, footer=HEALTH, me_to="/me")


SECRETARY = "My tasks, Cases, Meetings, Approvals, Outbox, People, Library, More"
CHAIR = "My tasks, Approvals, Cases, Meetings, Library, More"
BY_SECRETARY = signed_in("Joan Whitfield, Secretary", SECRETARY, "Cases")
BY_CHAIR = signed_in("Amara Okafor, Chair", CHAIR, "Approvals")
BY_LEAD = signed_in("Mary Quinn, data-protection lead", CHAIR, "My tasks")
CASE_BACK = Link("PLR-R-2027-004", "/cases/PLR-R-2027-004")
MY_TASKS = Link("My tasks", "/tasks")
AGENDA_ASKS = (
    Fact("Answer by", on=date(2027, 3, 10), text="Working day 1 of 2. No holidays in between."),
    Fact("Why you", "The Chair approves every agenda."),
    Fact(
        "If you do nothing",
        "From Thursday 11 March the Vice-Chair may answer too. Silence never counts as yes.",
    ),
)
AGENDA = Paper(
    "Agenda for Thursday 18 March 2027, 10am",
    (
        Block("text", "Quarterly meeting PLR-M-2027-01, by video. About 2 hours."),
        Block(
            "numbers",
            entries=(
                *("Welcome and apologies", "Interests in any item", "Minutes of the December meeting"),
                *("Open actions", "Regional updates: 9 of 12 received so far"),
                "Learning slot: hearing brothers and sisters in reviews (Grace Adeyemi, 20 minutes)",
                *("Training for the year: set up a task force", "Newsletter: May issue"),
                "Other business, and the date of the next meeting: Thursday 10 June",
            ),
        ),
    ),
    version="Draft 1",
    on=date(2027, 3, 8),
    file=Link("Word file", "/outputs/agenda/file"),
    size="24 KB",
    note="Your answer is about this text only; if it changes, we ask you again.",
)
ANSWERS = (
    Option("approve", "Approve", "The papers go to 14 members on Thursday 11 March at 10am"),
    Option("return", "Ask for changes", "The secretary changes the agenda and asks you again"),
    Option("reject", "Decline", "There is no agenda until a new one is written"),
    Option(
        "question", "Ask a question first", "The secretary answers; your answer stays open", after_or=True
    ),
    Option("pass", "Pass it to Gareth Pugh, Vice-Chair", "Asked today, with the same date"),
    Option("conflict", "I have a conflict of interest", "No reason needed. The next in line is asked"),
)
REFLECTORS = (
    Option("P10", "Tom Ellery, police, South West"),
    Option("P12", "Claire Hobbs, public health nursing, East of England"),
    Option("P14", "Marcus Bell, law, Yorkshire and the Humber"),
    Option("P15", "Sunita Rao, education, East Midlands"),
)
REVIEW = Paper(
    "A local review in the North East",
    (
        Block(
            "text", "A child was seriously harmed. Decided by the safeguarding partners, all three agreed."
        ),
        Block("heading", "Criteria"),
        Block("bullets", entries=("Recurrent themes: met", "Agencies working together: perhaps")),
        Block(
            "facts",
            facts=(Fact("Route", "Local child safeguarding practice review"), Fact("Stage", "decided")),
        ),
    ),
    version="Summary, version 1",
    on=date(2027, 6, 1),
    note="Coded answers only.",
)
WORDS = Paper(
    "In their own words",
    (
        Block(
            "text",
            "A pre-school child was seriously harmed. Two services each waited for the other. The partners "
            "chose a local review because the same gap had been seen before.",
        ),
    ),
    note="The screen found nothing. It misses names and rare circumstances; that is why a person reads it.",
)
KEPT = (views.KeptText("What you had written", "Given by telephone on Thursday 24 June, 9:05am."),)
CARRIED = (Carried("answer", "approve"), Carried("reason", "Fine"))
HAPPENS = ("Joan Whitfield is told today", "nobody is asked any more")


def wrong(make: Callable[[], Form]) -> Callable[[], Form]:
    def refused() -> Form:
        form = make()
        assert not form.validate()
        return form

    return refused
