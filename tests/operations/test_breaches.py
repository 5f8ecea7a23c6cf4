"""After a breach every text goes, the fact stays, and the audit still holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import String, Text, select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Base, Output, Question, Submission
from plr.db.session import Database
from plr.domain.words import Answer, ApprovalKind, CaseStatus
from plr.errors import NotEligibleError, WrongMomentError
from plr.operations import approvals, breaches, cases, reflections, verification
from tests.faults import journeys
from tests.faults.journeys import Do
from tests.story import Story

CANARY = "canary 5b1d0"


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


def breach(session: Session, external_ref: str, now: datetime) -> None:
    by = journeys.signed_in(session, "P01")
    cases.breach(session, journeys.reference_of(session, external_ref), by=by, now=now)


def clear(code: str = "P19") -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> int:
        person = journeys.id_of(session, code)
        by = journeys.signed_in(session, code)
        reference = journeys.reference_of(session, external_ref)
        return breaches.clear(session, reference, person_id=person, by=by, now=now)

    return do


def ask_back(session: Session, _external_ref: str, now: datetime) -> None:
    by = journeys.signed_in(session, "P01")
    row = journeys._asked(session, "PLR-R-2027-001", ApprovalKind.TRIAGE)
    approvals.ask_question(session, row.id, journeys.id_of(session, "P01"), CANARY, by=by, now=now)


def everywhere(story: Story) -> list[str]:
    """The columns of our database that hold the canary."""
    found = []
    with story.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                values: list[Any] = list(session.scalars(select(column)))
                if any(CANARY in str(value) for value in values):
                    found.append(f"{table.name}.{column.name}")
    return found


def tell_all(story: Story) -> None:
    """A full case, issued and asked about, in which every free text is a canary."""
    story.act(journeys.submit(narrative=f"A child was harmed. {CANARY}."), journeys.check("clean"))
    story.act(journeys.deepen, ask_back)
    story.act(journeys.triage(Answer.RETURN, reason=CANARY))
    story.act(journeys.submit(narrative=f"A child was harmed again. {CANARY}."), journeys.check("clean"))
    story.act(journeys.triage(Answer.APPROVE, "P10", "P11", "P16"))
    story.act(*(journeys.reflect(code) for code in ("P10", "P11")))
    story.do(record_canary)
    story.carry()
    story.act(journeys.write(CANARY), journeys.agree("7.2"), journeys.position(Answer.RETURN, CANARY))
    story.act(journeys.write(f"{CANARY} again"), journeys.position(Answer.APPROVE))


def record_canary(session: Session, external_ref: str, now: datetime) -> None:
    reflections.record(
        session,
        journeys.reference_of(session, external_ref),
        person_id=journeys.id_of(session, "P16"),
        content={"value": "no_view", "points": [CANARY]},
        by=journeys.signed_in(session, "P03"),
        how_told=CANARY,
        when_told="today",
        now=now,
    )


def test_every_text_goes_and_the_audit_still_verifies(story: Story) -> None:
    tell_all(story)
    assert story.status() is CaseStatus.ISSUED
    before = everywhere(story)
    assert {"submission.content", "reflection.content", "position.points", "answer.reason"} <= set(before)
    assert {"learning_item.point", "question.text", "reflection.how_told", "output.fields"} <= set(before)
    story.act(breach, clear())
    assert everywhere(story) == []
    with story.database.reading() as session:
        assert verification.verify(session).first_bad is None
        assert len(session.scalars(select(Submission)).all()) == 2
        assert session.scalars(select(Question.replied_at)).all() == [None]


def test_the_canary_is_looked_for_in_every_kind_of_text_column() -> None:
    kinds = {type(column.type) for table in Base.metadata.sorted_tables for column in table.columns}
    assert {String, Text} <= kinds


def test_only_whoever_is_asked_deletes_and_once(story: Story) -> None:
    story.logged()
    with pytest.raises(WrongMomentError, match="marked as a breach"):
        story.do(clear())
    story.act(breach)
    with pytest.raises(NotEligibleError, match="Only the person asked"):
        story.do(clear("P01"))
    story.act(clear())
    with pytest.raises(WrongMomentError, match="not asked for now"):
        story.do(clear())
    assert story.open_tasks() == []


def test_what_stays_says_that_it_happened_and_no_more(story: Story) -> None:
    story.logged()
    story.act(breach, clear())
    assert (story.status(), story.case.outcome) == (CaseStatus.BREACH, "breach")
    with story.database.reading() as session:
        events = list(session.scalars(select(AuditEntry.event).filter_by(chain=story.reference)))
        assert "breach.cleared" in events
        names = session.scalars(select(Output.name)).all()
        assert names == ["2027-01-05_PLR-R-2027-001_summary_v1.docx"]
