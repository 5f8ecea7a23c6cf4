"""What came of it: who is asked after 3 and 12 months, and how silence closes the question alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Case, Deadline, DigestItem, Impact, Interest, Notice, Output, Person, Role, Task
from plr.db.session import Database
from plr.domain.documents import Change
from plr.domain.words import CaseStatus, Office
from plr.errors import InvalidInputError, NotEligibleError, WrongMomentError
from plr.operations import agreements, commissioning
from tests.faults import journeys
from tests.faults.journeys import Do
from tests.story import Story

# Issued on Tuesday 12 January 2027: asked on Monday 12 April, half past eight in summer time.
ISSUED = datetime(2027, 1, 12, 10, tzinfo=UTC)
ASKED = datetime(2027, 4, 12, 7, 30, tzinfo=UTC)
# Twenty working days on, 3 May being a bank holiday: Tuesday 11 May; over on the 12th at half past eight.
OVER = datetime(2027, 5, 12, 7, 30, tzinfo=UTC)

Changing = Callable[[Session, Story], None]


@pytest.fixture
def story(database: Database) -> Story:
    made = Story(database)
    made.on_agenda()
    made.until(ISSUED)
    made.act(journeys.agree("7.3", "Ask again."))
    return made


def tell(code: str, change: Change = Change.CHANGED, what: str = "Both now share one plan.") -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        commissioning.record_impact(
            session,
            journeys.reference_of(session, external_ref),
            person_id=journeys.id_of(session, code),
            change=change,
            what_changed=what,
            how_known="An audit.",
            by=journeys.signed_in(session, code),
            now=now,
        )

    return do


def answers(story: Story) -> dict[int, str | None]:
    with story.database.reading() as session:
        return {row.months: row.answer for row in session.scalars(select(Impact))}


def test_the_submitter_is_asked_after_three_months_by_task_and_digest(story: Story) -> None:
    story.until(datetime(2027, 4, 12, 7, 29, tzinfo=UTC))
    assert story.status() is CaseStatus.ISSUED
    story.until(ASKED)
    assert story.status() is CaseStatus.FOLLOW_UP
    assert story.open_tasks() == [("follow_up", story.id("P07"))]
    with story.database.reading() as session:
        assert session.scalars(select(Task.due_on).filter_by(kind="follow_up")).all() == [date(2027, 5, 11)]
        lines = session.scalars(select(DigestItem.person_id).filter_by(code="FOLLOW")).all()
        assert lines == [story.id("P07")]
    assert story.letters("N22") == []


def submitter_left(session: Session, story: Story) -> None:
    session.get_one(Person, story.id("P07")).last_day_on = date(2027, 2, 1)


def outsider(session: Session, story: Story) -> None:
    session.get_one(Case, story.reference).submitter_id = None


def in_conflict(session: Session, story: Story) -> None:
    session.add(Interest(person_id=story.id("P07"), reference=story.reference, declared_at=story.now))


def region_of_all(session: Session, story: Story) -> None:
    """Tom represents the case's own region; another takes it over, so that there is one who may be asked."""
    session.get_one(Person, story.id("P10")).region = session.get_one(Case, story.reference).region
    session.add(Role(person_id=story.id("P10"), office=Office.REPRESENTATIVE))
    for role in session.scalars(select(Role).filter_by(person_id=story.id("P07"))):
        session.delete(role)


def region_vacant(session: Session, _story: Story) -> None:
    for role in session.scalars(select(Role).filter_by(office=Office.REPRESENTATIVE)):
        session.delete(role)


@pytest.mark.parametrize("gone", [submitter_left, outsider, in_conflict])
@pytest.mark.parametrize(("region", "code"), [(region_of_all, "P10"), (region_vacant, "P03")])
def test_else_the_regions_representative_is_asked_else_the_secretary(
    story: Story, gone: Changing, region: Changing, code: str
) -> None:
    def change(session: Session, _ref: str, _now: datetime) -> None:
        region(session, story)
        gone(session, story)

    story.do(change)
    story.until(ASKED)
    assert story.open_tasks() == [("follow_up", story.id(code))]


def test_an_answer_becomes_a_note_and_ends_the_question(story: Story) -> None:
    story.until(ASKED)
    story.act(tell("P07"))
    assert answers(story) == {3: "changed"}
    assert story.open_tasks() == []
    with story.database.reading() as session:
        note = session.scalars(select(Output).filter_by(kind="impact-note")).one()
        assert note.name == "2027-04-12_PLR-R-2027-001_impact-note_v1.docx"
    with pytest.raises(WrongMomentError):
        story.do(tell("P07"))


def test_only_the_person_asked_answers_and_says_what_changed(story: Story) -> None:
    story.until(ASKED)
    with pytest.raises(NotEligibleError):
        story.do(tell("P10"))
    with pytest.raises(InvalidInputError, match="what changed"):
        story.do(tell("P07", what=" "))
    assert answers(story) == {}
    story.do(tell("P07", Change.NOT_YET, what=""))


def test_twenty_working_days_of_silence_close_the_question_with_no_answer(story: Story) -> None:
    story.until(ASKED)
    story.until(datetime(2027, 5, 12, 7, 29, tzinfo=UTC))
    assert answers(story) == {}
    story.until(OVER)
    assert answers(story) == {3: "no_answer"}
    assert story.open_tasks() == []
    assert story.status() is CaseStatus.FOLLOW_UP
    with pytest.raises(WrongMomentError):
        story.do(tell("P07"))


def test_the_question_rests_with_a_case_on_hold(story: Story) -> None:
    story.until(ASKED)
    story.act(journeys.hold)
    with pytest.raises(WrongMomentError, match="on hold"):
        story.do(tell("P07"))
    story.until(datetime(2027, 4, 26, 10, tzinfo=UTC))  # ten working days
    story.act(journeys.resume)
    story.until(OVER)
    assert answers(story) == {}
    story.until(datetime(2027, 5, 26, 7, 30, tzinfo=UTC))  # ten working days after the 12th
    assert answers(story) == {3: "no_answer"}


def test_after_twelve_months_the_case_is_closed_and_nothing_is_left(story: Story) -> None:
    story.until(ASKED)
    story.act(tell("P07"))
    story.until(datetime(2028, 1, 12, 8, 30, tzinfo=UTC))
    story.until(datetime(2028, 2, 9, 8, 29, tzinfo=UTC))
    assert story.status() is CaseStatus.FOLLOW_UP
    story.until(datetime(2028, 2, 10, 8, 30, tzinfo=UTC))
    assert answers(story) == {3: "changed", 12: "no_answer"}
    assert (story.status(), story.case.outcome) == (CaseStatus.CLOSED, "no_answer")
    assert (story.open_tasks(), story.open_questions()) == ([], [])


def test_a_correction_nobody_agreed_does_not_stay_open_behind_a_closed_case(story: Story) -> None:
    def object_to(session: Session, external_ref: str, now: datetime) -> None:
        found = agreements.of_case(session, story.reference)[-1]
        chair = journeys.id_of(session, "P01")
        by = journeys.signed_in(session, "P01")
        agreements.object_to(session, found.id, person_id=chair, reason="No.", by=by, now=now)

    story.act(object_to)
    assert story.open_questions() == ["A-PLR-R-2027-001-GROUP-2"]
    story.until(ASKED)
    story.act(tell("P07"))
    story.until(datetime(2028, 1, 12, 8, 30, tzinfo=UTC))
    story.act(tell("P07"))
    assert story.status() is CaseStatus.CLOSED
    assert (story.open_tasks(), story.open_questions()) == ([], [])
    with story.database.reading() as session:
        assert session.scalars(select(Deadline.id).filter_by(closed_at=None)).all() == []
        assert session.scalars(select(Output.mark).filter_by(kind="commissioning-reflection")).all() == [
            "objected to"
        ]


def test_what_somebody_wrote_stands_in_no_letter(story: Story) -> None:
    story.until(ASKED)
    story.act(tell("P07"))
    with story.database.reading() as session:
        assert not [text for text in map(str, session.scalars(select(Notice.fields))) if "share" in text]
