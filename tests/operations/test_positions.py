"""The position's text: who writes it, what a revision changes, and what its issue leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Interest, LearningItem, Notice, Output, PanelEntry, Person, Position
from plr.db.session import Database
from plr.domain.words import Answer, CaseStatus, PositionValue
from plr.errors import InvalidInputError, NotEligibleError, WrongMomentError
from plr.operations import positions
from plr.operations.positions import PositionText
from tests.faults import journeys
from tests.faults.journeys import Do
from tests.story import Story

TEXT = PositionText(
    PositionValue.SUPPORTED_WITH_LEARNING, ("One point.",), ("neglect",), None, for_panel=True
)


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


def write(text: PositionText, code: str = "P03") -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        positions.write(
            session,
            journeys.reference_of(session, external_ref),
            text,
            person_id=journeys.id_of(session, code),
            by=journeys.signed_in(session, code),
            now=now,
        )

    return do


def versions(story: Story) -> list[int]:
    with story.database.reading() as session:
        return list(session.scalars(select(Position.version).order_by(Position.id)))


# ---- writing


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (replace(TEXT, points=()), "points"),
        (replace(TEXT, points=("x" * 301,)), "points"),
        (replace(TEXT, points=("x",) * 8), "points"),
        (replace(TEXT, themes=("astrology",)), "themes"),
    ],
)
def test_a_text_with_something_missing_is_refused(story: Story, text: PositionText, field: str) -> None:
    story.reflected()
    with pytest.raises(InvalidInputError) as refused:
        story.do(write(text))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert versions(story) == []


def test_no_view_needs_no_points_and_the_longest_text_fits(story: Story) -> None:
    story.reflected()
    story.do(write(replace(TEXT, points=("x" * 300,) * 7)))
    assert versions(story) == [1]
    with story.database.reading() as session:
        positions.check_text(session, PositionText(PositionValue.NO_VIEW, ()))


def test_only_the_person_asked_writes_and_once(story: Story) -> None:
    story.reflected()
    with pytest.raises(NotEligibleError, match="Only the person asked"):
        story.do(write(TEXT, "P10"))
    story.do(write(TEXT))
    with pytest.raises(WrongMomentError):
        story.do(write(TEXT))
    assert versions(story) == [1]


def test_nothing_is_written_while_the_case_is_on_hold(story: Story) -> None:
    story.reflected()
    story.act(journeys.hold)
    with pytest.raises(WrongMomentError, match="on hold"):
        story.do(write(TEXT))
    story.act(journeys.resume, write(TEXT))
    assert story.status() is CaseStatus.DRAFT_POSITION


def test_a_draft_is_a_restricted_document_and_the_meeting_is_asked(story: Story) -> None:
    story.drafted()
    assert story.status() is CaseStatus.DRAFT_POSITION
    assert story.open_questions() == ["A-PLR-R-2027-001-GROUP-2"]  # the first was the light case's
    with story.database.reading() as session:
        draft = session.scalars(select(Output).filter_by(kind="position")).one()
        assert draft.name == "2027-01-05_PLR-R-2027-001_position_draft-v1.docx"
        assert draft.classification == "restricted"


# ---- revising (docs/adr/0010)


@pytest.mark.parametrize("dissent", [None, "", "  "])
def test_other_words_come_back_to_the_chair(story: Story, dissent: str | None) -> None:
    story.agreed()
    story.act(journeys.position(Answer.RETURN, "Shorter."))
    assert story.open_tasks() == [("revise_position", story.id("P03"))]
    story.act(write(replace(TEXT, points=("Less.",), dissent=dissent)))
    assert story.status() is CaseStatus.GROUP_AGREED
    assert story.open_questions() == ["A-PLR-R-2027-001-POSITION-2"]


@pytest.mark.parametrize(
    "text",
    [
        replace(TEXT, value=PositionValue.REASONING_SUPPORTED),
        replace(TEXT, dissent="Two members see it otherwise."),
    ],
)
def test_another_position_or_dissent_goes_back_to_the_group(story: Story, text: PositionText) -> None:
    story.agreed()
    story.act(journeys.position(Answer.RETURN, "Not so."), write(text))
    assert story.status() is CaseStatus.DRAFT_POSITION
    assert story.open_questions() == ["A-PLR-R-2027-001-GROUP-3"]
    assert [kind for kind, _ in story.open_tasks()] == ["record_agreement"]
    story.act(journeys.agree("8.1"))
    assert story.status() is CaseStatus.GROUP_AGREED
    story.act(journeys.position(Answer.APPROVE))
    assert story.status() is CaseStatus.ISSUED
    with story.database.reading() as session:
        issued = session.scalars(select(Output).filter_by(kind="commissioning-reflection")).one()
        # The agreement on the older text does not count any more.
        assert issued.approvals == ["A-PLR-R-2027-001-GROUP-3", "A-PLR-R-2027-001-POSITION-2"]


def test_a_writer_who_may_not_any_more_hands_the_revision_to_the_secretary(story: Story) -> None:
    story.reflected()

    def hand_to_rachel(session: Session, external_ref: str, now: datetime) -> None:
        task = positions._writing_task(session, story.reference)
        task.person_id = story.id("P10")

    story.do(hand_to_rachel)
    story.act(write(TEXT, "P10"), journeys.agree("7.2"))
    story.do(
        lambda session, _ref, now: session.add(
            Interest(person_id=story.id("P10"), reference=story.reference, declared_at=now)
        )
    )
    story.act(journeys.position(Answer.RETURN, "Shorter."))
    assert story.open_tasks() == [("revise_position", story.id("P03"))]


def test_a_declined_text_ends_the_case_and_leaves_nothing_asked(story: Story) -> None:
    story.agreed()
    story.act(journeys.position(Answer.REJECT, "No."))
    assert story.status() is CaseStatus.DECLINED
    assert (story.open_questions(), story.open_tasks()) == ([], [])
    assert story.case.reason == "No."
    # Once each: the question's own letter to the secretary, the outcome to who sent it.
    assert story.letters("N27").count("N27 p07") == 1


# ---- issue


def test_issue_tells_the_submitter_once_and_fills_the_registers(story: Story) -> None:
    story.agreed()
    story.act(journeys.position(Answer.APPROVE))
    assert story.letters("N27") == ["N27 p03", "N27 p03", "N27 p07"]
    with story.database.reading() as session:
        assert session.scalars(select(LearningItem.point)).all() == ["One point, at length."]
        assert session.get(PanelEntry, story.reference) is not None
        issued = session.scalars(select(Output).filter_by(kind="commissioning-reflection")).one()
        assert (issued.classification, issued.version, issued.draft) == ("group", 1, False)
        assert issued.day_on == date(2027, 1, 5)


def test_no_name_of_a_person_stands_in_what_leaves(story: Story) -> None:
    story.agreed()
    story.act(journeys.position(Answer.APPROVE))
    with story.database.reading() as session:
        surnames = {name.split()[-1] for name in session.scalars(select(Person.name))}
        written = [str(fields) for fields in session.scalars(select(Output.fields))]
        letters = session.scalars(select(Notice).filter_by(reference=story.reference)).all()
        written += [str({**letter.fields, "given_name": ""}) for letter in letters]
    assert not [(name, text) for name in surnames for text in written if name in text]
