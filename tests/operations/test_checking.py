"""The check for identifiers: a second person, four ticks or a reason, and nobody reads before it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Check, Notice, Role
from plr.db.session import Database
from plr.domain.words import CaseStatus, Office
from plr.errors import InvalidInputError, NotEligibleError, WrongMomentError
from plr.operations import checking, conflicts
from plr.operations.approvals import declare_interest
from tests.faults import journeys
from tests.faults.journeys import Do
from tests.story import Story

REASON = "Take the place out."


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


def answer(code: str, said: str, ticks: tuple[str, ...] = (), reason: str | None = None) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        checking.record(
            session,
            journeys.reference_of(session, external_ref),
            person_id=journeys.id_of(session, code),
            answer=said,
            ticks=ticks,
            reason=reason,
            by=journeys.signed_in(session, code),
            now=now,
        )

    return do


def checks(story: Story) -> list[tuple[int, str]]:
    with story.database.reading() as session:
        rows = session.scalars(select(Check).order_by(Check.id))
        return [(row.submission_version, row.outcome) for row in rows]


def without_narrative(session: Session, external_ref: str, now: datetime) -> None:
    journeys.submit(narrative="")(session, external_ref, now)


def test_a_light_review_without_a_narrative_passes_at_once(story: Story) -> None:
    story.act(without_narrative)
    assert story.status() is CaseStatus.REFLECTING
    assert checks(story) == [(1, "clean")]
    assert [kind for kind, _ in story.open_tasks()] == ["record_agreement"]


def test_a_narrative_waits_for_the_data_protection_lead(story: Story) -> None:
    story.logged()
    assert story.status() is CaseStatus.SCREENING
    assert story.open_tasks() == [("check", story.id("P19"))]
    assert checks(story) == []


def test_nobody_checks_what_they_sent(story: Story) -> None:
    def make_submitter_the_checker(session: Session, _ref: str, _now: datetime) -> None:
        session.add(Role(person_id=journeys.id_of(session, "P07"), office=Office.DATA_PROTECTION_LEAD))
        lead = select(Role).where(Role.person_id == journeys.id_of(session, "P19"))
        for role in session.scalars(lead):
            session.delete(role)

    story.do(make_submitter_the_checker)
    story.logged()
    assert story.open_tasks() == [("check", story.id("P02"))]


@pytest.mark.parametrize(
    ("said", "ticks", "reason", "field"),
    [
        ("clean", checking.TICKS[:3], None, "ticks"),
        ("clean", (), None, "ticks"),
        ("return", (), None, "reason"),
        ("return", (), "  ", "reason"),
        ("perhaps", checking.TICKS, None, "answer"),
    ],
)
def test_clean_needs_every_tick_and_sending_back_a_reason(
    story: Story, said: str, ticks: tuple[str, ...], reason: str | None, field: str
) -> None:
    story.logged()
    with pytest.raises(InvalidInputError) as refused:
        story.do(answer("P19", said, ticks, reason))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert checks(story) == []
    assert story.open_tasks() == [("check", story.id("P19"))]


@pytest.mark.parametrize("code", ["P01", "P03", "P07"])
def test_only_the_person_asked_may_answer(story: Story, code: str) -> None:
    story.logged()
    with pytest.raises(NotEligibleError, match="Only the person asked"):
        story.do(answer(code, "clean", checking.TICKS))
    assert checks(story) == []


def test_nobody_answers_in_the_checkers_name(story: Story) -> None:
    story.logged()

    def forged(session: Session, external_ref: str, now: datetime) -> None:
        checking.record(
            session,
            story.reference,
            person_id=journeys.id_of(session, "P19"),
            answer="clean",
            ticks=checking.TICKS,
            reason=None,
            by=journeys.signed_in(session, "P07"),
            now=now,
        )

    with pytest.raises(NotEligibleError):
        story.do(forged)


def test_a_second_answer_comes_too_late(story: Story) -> None:
    story.logged()
    story.do(answer("P19", "return", reason=REASON))
    with pytest.raises(WrongMomentError, match="not asked for now"):
        story.do(answer("P19", "clean", checking.TICKS))
    assert checks(story) == [(1, "return")]


def test_what_comes_back_is_read_again(story: Story) -> None:
    story.act(
        journeys.submit(),
        answer("P19", "return", reason=REASON),
        journeys.submit(narrative="A child was harmed. Two services waited."),
    )
    assert story.status() is CaseStatus.SCREENING
    assert story.open_tasks() == [("check", story.id("P19"))]
    story.act(answer("P19", "clean", checking.TICKS))
    assert checks(story) == [(1, "return"), (2, "clean")]
    assert story.status() is CaseStatus.REFLECTING


def test_the_reason_stands_neither_in_a_letter_nor_in_the_audit(story: Story) -> None:
    story.act(journeys.submit(), answer("P19", "return", reason=REASON))
    with story.database.reading() as session:
        written = [str(fields) for fields in session.scalars(select(Notice.fields))]
        written += session.scalars(select(AuditEntry.text)).all()
    assert not [text for text in written if "place" in text]


def test_on_hold_a_breach_is_taken_and_nothing_else(story: Story) -> None:
    story.act(journeys.submit(), journeys.hold)
    with pytest.raises(WrongMomentError, match="on hold"):
        story.do(answer("P19", "clean", checking.TICKS))
    story.act(answer("P19", "breach"))
    assert story.status() is CaseStatus.BREACH


def test_a_late_check_is_brought_up_once_at_half_past_eight(story: Story) -> None:
    story.logged()  # Tuesday 5 January, due in three working days: Friday the 8th
    story.until(datetime(2027, 1, 11, 8, 29, tzinfo=UTC))
    assert story.letters("N22") == []
    story.until(datetime(2027, 1, 11, 8, 30, tzinfo=UTC))
    story.later(hours=1)
    assert story.letters("N22") == ["N22 p19"]


def test_a_checker_in_conflict_hands_the_text_on(story: Story) -> None:
    story.logged()
    lead = story.id("P19")

    def in_conflict(session: Session, _ref: str, now: datetime) -> None:
        declare_interest(session, story.reference, lead, by=journeys.signed_in(session, "P19"), now=now)
        assert conflicts.hand_on(session, now=now) == 1
        assert conflicts.hand_on(session, now=now) == 0

    story.do(in_conflict)
    assert story.open_tasks() == [("check", story.id("P02"))]
    with pytest.raises(NotEligibleError):
        story.do(answer("P19", "clean", checking.TICKS))
    story.act(answer("P02", "clean", checking.TICKS))
    assert story.status() is CaseStatus.REFLECTING
