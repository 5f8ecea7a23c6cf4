"""Reflectors: a lawful choice, asked in their digest, late on a morning, replaced once, never in conflict."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import DigestItem, Notice, Reflection, Task
from plr.db.session import Database
from plr.domain.words import Answer, CaseStatus, TaskKind, TaskStatus
from plr.errors import InvalidInputError, NotEligibleError, WrongMomentError
from plr.operations import cases, reflections
from plr.operations.approvals import declare_interest
from tests.faults import journeys
from tests.faults.journeys import Do
from tests.story import REFLECTORS, Story

VIEW: dict[str, Any] = {"value": "no_view", "points": ["A point."]}
MORNING_AFTER = datetime(2027, 1, 26, 8, 30, tzinfo=UTC)


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


def record(person: str, by: str, how: str | None = None, when: str | None = None, **content: Any) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        reflections.record(
            session,
            journeys.reference_of(session, external_ref),
            person_id=journeys.id_of(session, person),
            content={**VIEW, **content},
            by=journeys.signed_in(session, by),
            how_told=how,
            when_told=when,
            now=now,
        )

    return do


def states(story: Story) -> dict[str, str]:
    with story.database.reading() as session:
        rows = session.execute(select(Reflection.person_id, Reflection.state)).all()
    codes = {story.id(code): code for code in ("P06", "P09", "P10", "P11", "P16", "P17")}
    return {codes[person]: state for person, state in rows}


def tasks_of(story: Story, kind: TaskKind) -> list[TaskStatus]:
    with story.database.reading() as session:
        return list(session.scalars(select(Task.status).filter_by(kind=kind).order_by(Task.id)))


def candidates(story: Story) -> set[int]:
    with story.database.reading() as session:
        case = cases.get(session, story.reference)
        return {person.id for person in reflections.candidates(session, case, now=story.now)}


# ---- choosing


@pytest.mark.parametrize(
    "codes",
    [
        ("P10", "P11"),  # two people
        ("P10", "P10", "P11"),  # one of them twice
        ("P10", "P11", "P07"),  # who sent the review
        ("P10", "P11", "P03"),  # not a member
    ],
)
def test_an_unlawful_choice_is_refused_and_the_question_stays_open(
    story: Story, codes: tuple[str, ...]
) -> None:
    story.before_chair()
    with pytest.raises(InvalidInputError) as refused:
        story.do(journeys.triage(Answer.APPROVE, *codes))
    assert {problem.field for problem in refused.value.problems} == {"reflectors"}
    assert states(story) == {}
    assert story.open_questions() == ["A-PLR-R-2027-001-TRIAGE"]


def test_without_a_choice_a_lawful_one_is_made(story: Story) -> None:
    story.before_chair()
    story.act(journeys.triage(Answer.APPROVE))
    with story.database.reading() as session:
        case = cases.get(session, story.reference)
        people = [row.person_id for row in reflections.of_case(session, story.reference)]
        assert len(set(people)) == 3
        assert case.submitter_id not in people


def test_they_are_asked_by_their_digest_and_have_ten_working_days_from_it(story: Story) -> None:
    story.taken_on()  # on a Tuesday: the next digest is on Monday the 11th
    with story.database.reading() as session:
        assert set(session.scalars(select(Reflection.due_on))) == {date(2027, 1, 25)}
        told = set(session.scalars(select(DigestItem.person_id).filter_by(code="N30")))
        assert told == {story.id(code) for code in REFLECTORS}
    assert story.letters("N30") == []


# ---- answering


def test_a_reflection_needs_a_view_and_a_point(story: Story) -> None:
    story.taken_on()
    with pytest.raises(InvalidInputError) as refused:
        story.do(record("P10", "P10", value="perhaps", points=[" "]))
    assert [problem.field for problem in refused.value.problems] == ["value", "points"]
    assert states(story)["P10"] == "asked"


def test_each_answers_for_themselves(story: Story) -> None:
    story.taken_on()
    with pytest.raises(NotEligibleError, match="Only the person asked"):
        story.do(record("P10", "P11"))
    with pytest.raises(NotEligibleError, match="not asked to reflect"):
        story.do(record("P17", "P17"))
    assert set(states(story).values()) == {"asked"}


def test_the_secretary_records_what_was_said_with_how_and_when(story: Story) -> None:
    story.taken_on()
    with pytest.raises(InvalidInputError, match="how and when"):
        story.do(record("P10", "P03", "by telephone"))
    with pytest.raises(NotEligibleError, match="Only the secretary"):
        story.do(record("P10", "P11", "by telephone", "today"))
    story.do(record("P10", "P03", "by telephone", "today"))
    with story.database.reading() as session:
        row = session.scalars(select(Reflection).filter_by(state="in")).one()
        assert (row.recorded_by_id, row.how_told) == (story.id("P03"), "by telephone")


def test_a_second_answer_comes_too_late(story: Story) -> None:
    story.taken_on()
    story.do(record("P10", "P10"))
    with pytest.raises(WrongMomentError, match="not awaited"):
        story.do(record("P10", "P10", points=["Another."]))
    with story.database.reading() as session:
        assert session.scalars(select(Reflection.content).filter_by(state="in")).all() == [VIEW]


def test_nothing_is_taken_while_the_case_is_on_hold(story: Story) -> None:
    story.taken_on()
    story.act(journeys.hold)
    with pytest.raises(WrongMomentError, match="on hold"):
        story.do(record("P10", "P10"))
    story.act(journeys.resume)
    story.do(record("P10", "P10"))
    assert states(story)["P10"] == "in"


def test_the_case_goes_on_when_all_three_are_in(story: Story) -> None:
    story.taken_on()
    story.act(journeys.reflect("P10"), journeys.reflect("P11"))
    assert story.status() is CaseStatus.REFLECTING
    story.act(journeys.reflect("P16"))
    assert story.status() is CaseStatus.SYNTHESIS
    assert story.open_tasks() == [("write_position", story.id("P03"))]


# ---- conflict


def test_somebody_in_conflict_is_out_of_the_case(story: Story) -> None:
    story.taken_on()
    story.act(journeys.step_aside("P10"))
    assert states(story)["P10"] == "conflict"
    assert story.interested() == {story.id("P10")}
    assert ("reflect", story.id("P10")) not in story.open_tasks()
    with pytest.raises(NotEligibleError, match="declared an interest"):
        story.database.run(
            lambda session: _set_asked_and_record(session, story)  # even if asked by mistake
        )
    story.until(datetime(2027, 1, 11, 8, 30, tzinfo=UTC))
    with story.database.reading() as session:
        told = session.scalars(select(Notice.address).filter_by(code="N59")).all()
    assert "p10@example.org" not in told
    assert "p11@example.org" in told


def _set_asked_and_record(session: Session, story: Story) -> None:
    row = session.scalars(select(Reflection).filter_by(person_id=story.id("P10"))).one()
    row.state = "asked"
    session.flush()
    record("P10", "P10")(session, "sender-2027-1", story.now)


def test_an_interest_declared_elsewhere_ends_the_asking_too(story: Story) -> None:
    story.taken_on()
    by = story.id("P10")
    story.act(
        lambda session, _ref, now: declare_interest(
            session, story.reference, by, by=journeys.signed_in(session, "P10"), now=now
        )
    )
    assert states(story)["P10"] == "conflict"
    assert ("reflect", by) not in story.open_tasks()


# ---- late, and others instead


def test_late_begins_at_half_past_eight_of_the_next_working_day(story: Story) -> None:
    story.taken_on()
    story.act(journeys.reflect("P10"), journeys.reflect("P11"))
    story.until(datetime(2027, 1, 26, 8, 29, tzinfo=UTC))  # due on the 25th
    assert story.status() is CaseStatus.REFLECTING
    story.until(MORNING_AFTER)
    assert story.status() is CaseStatus.SYNTHESIS


def test_a_wake_in_the_night_does_not_make_anybody_late(story: Story) -> None:
    story.taken_on()
    story.act(journeys.reflect("P10"))
    story.until(datetime(2027, 1, 26, 0, 30, tzinfo=UTC))
    story.act(journeys.step_aside("P11"))
    assert "reassign" not in dict(story.open_tasks())
    story.act(journeys.reflect("P16"))
    assert story.status() is CaseStatus.SYNTHESIS


def test_who_is_late_when_the_case_goes_on_is_asked_no_more(story: Story) -> None:
    story.taken_on()
    story.act(journeys.reflect("P10"), journeys.reflect("P11"))
    story.until(MORNING_AFTER)
    assert states(story)["P16"] == "released"
    assert story.open_tasks() == [("write_position", story.id("P03"))]
    story.until(datetime(2027, 3, 1, 10, tzinfo=UTC))
    assert "N22 p16" not in story.letters()
    with pytest.raises(WrongMomentError, match="not awaited"):
        story.do(journeys.reflect("P16"))


def test_too_few_ask_the_chair_for_others_once(story: Story) -> None:
    story.taken_on()
    story.act(journeys.reflect("P10"))
    story.until(MORNING_AFTER)
    assert ("reassign", story.id("P01")) in story.open_tasks()
    story.act(journeys.reassign("P17"))
    assert states(story) == {"P10": "in", "P11": "released", "P16": "released", "P17": "asked"}
    with story.database.reading() as session:
        # The digest of Monday 1 February and five working days.
        asked = session.scalars(select(Reflection.due_on).filter_by(state="asked")).one()
        assert asked == date(2027, 2, 8)
    story.until(datetime(2027, 2, 9, 8, 30, tzinfo=UTC))
    assert story.status() is CaseStatus.ON_HOLD
    assert tasks_of(story, TaskKind.REASSIGN) == [TaskStatus.DONE]


def test_others_are_chosen_by_the_chair_from_those_not_asked_before(story: Story) -> None:
    story.taken_on()
    assert candidates(story).isdisjoint({story.id(code) for code in (*REFLECTORS, "P07")})
    story.until(MORNING_AFTER)
    with pytest.raises(InvalidInputError, match="from the list"):
        story.do(journeys.reassign("P10"))
    with pytest.raises(NotEligibleError):
        story.do(
            lambda session, _ref, now: reflections.reassign(
                session, story.reference, [story.id("P17")], by=journeys.signed_in(session, "P11"), now=now
            )
        )
    assert "P17" not in states(story)


def test_nobody_chosen_in_time_puts_the_case_on_hold_and_leaves_no_task(story: Story) -> None:
    story.taken_on()
    story.until(MORNING_AFTER)  # five working days for the Chair: Tuesday 2 February
    story.until(datetime(2027, 2, 3, 8, 29, tzinfo=UTC))
    assert story.status() is CaseStatus.REFLECTING
    story.until(datetime(2027, 2, 3, 8, 30, tzinfo=UTC))
    assert story.status() is CaseStatus.ON_HOLD
    assert "reassign" not in dict(story.open_tasks())
    assert story.case.held_until_on == date(2027, 5, 4)  # 90 days later


def test_off_hold_the_chair_is_asked_again_by_one_task(story: Story) -> None:
    story.taken_on()
    story.until(MORNING_AFTER)
    story.until(datetime(2027, 2, 3, 8, 30, tzinfo=UTC))
    story.later(days=5)
    story.act(journeys.resume)
    assert [kind for kind, _ in story.open_tasks()].count("reassign") == 1
    story.act(journeys.reassign("P17"))
    assert "reassign" not in dict(story.open_tasks())


def test_late_reflections_that_are_enough_carry_the_case_on_without_others(story: Story) -> None:
    story.taken_on()
    story.act(journeys.reflect("P10"))
    story.until(MORNING_AFTER)
    assert "reassign" in dict(story.open_tasks())
    story.act(journeys.reflect("P11"))
    assert story.status() is CaseStatus.SYNTHESIS
    assert story.open_tasks() == [("write_position", story.id("P03"))]
    assert tasks_of(story, TaskKind.REASSIGN) == [TaskStatus.VOID]
