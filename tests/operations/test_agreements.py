"""What the group agreed: only by a quorate meeting that had the text, recorded, with five days to object."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Agreement, Approval, AuditEntry, DigestItem, LearningItem, Notice, Output
from plr.db.session import Database
from plr.domain.words import Answer, ApprovalStatus, CaseStatus, PositionValue
from plr.errors import InvalidInputError, NotEligibleError, NotQuorateError, WrongMomentError
from plr.operations import agreements, approvals, verification
from plr.operations.agreements import Minute
from plr.operations.positions import PositionText
from tests.faults import journeys
from tests.faults.journeys import Do
from tests.story import Story

TEXT = PositionText(PositionValue.NO_VIEW, ("Ask again.",), (), None)
MINUTE = Minute(
    meeting="PLR-M-2027-01",
    meeting_on=date(2027, 1, 11),
    minute="7.2",
    presider_id=0,
    present=8,
    professions=("police", "law", "research"),
    out_ids=(),
    answer=Answer.APPROVE,
    text=TEXT,
)
MONDAY = datetime(2027, 1, 11, 15, tzinfo=UTC)


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


@pytest.fixture
def waiting(story: Story) -> Story:
    """A light case at its meeting, on Monday 11 January."""
    story.on_agenda()
    story.until(MONDAY)
    return story


def record(minute: Minute = MINUTE, by: str = "P03", presider: str = "P01", out: tuple[str, ...] = ()) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        held = replace(
            minute,
            presider_id=journeys.id_of(session, presider),
            out_ids=tuple(journeys.id_of(session, code) for code in out),
        )
        reference = journeys.reference_of(session, external_ref)
        by_whom = journeys.signed_in(session, by)
        agreements.record(session, reference, held, note=None, by=by_whom, now=now)

    return do


def object_to(code: str, reason: str = "It names another point.") -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        found = agreements.of_case(session, journeys.reference_of(session, external_ref))[-1]
        person = journeys.id_of(session, code)
        by = journeys.signed_in(session, code)
        agreements.object_to(session, found.id, person_id=person, reason=reason, by=by, now=now)

    return do


def recorded(story: Story) -> int:
    with story.database.reading() as session:
        return len(agreements.of_case(session, story.reference))


def group_rows(story: Story) -> list[ApprovalStatus]:
    with story.database.reading() as session:
        rows = select(Approval.status).filter_by(reference=story.reference, kind="group_agreement")
        return list(session.scalars(rows.order_by(Approval.id)))


# ---- quorate or not


@pytest.mark.parametrize(
    ("minute", "words"),
    [
        (replace(MINUTE, present=7), "7 of 8"),
        (replace(MINUTE, present=7, diversity_reason="The Chair confirms."), "7 of 8"),
        (replace(MINUTE, professions=("police", "law")), "2 professions"),
        (replace(MINUTE, professions=("police", "law", "law")), "2 professions"),
        (replace(MINUTE, professions=("police", "law"), diversity_reason="  "), "2 professions"),
    ],
)
def test_a_meeting_that_was_not_quorate_agrees_nothing(waiting: Story, minute: Minute, words: str) -> None:
    with pytest.raises(NotQuorateError, match=words):
        waiting.do(record(minute))
    assert recorded(waiting) == 0
    assert waiting.status() is CaseStatus.REFLECTING
    assert waiting.open_questions() == ["A-PLR-R-2027-001-GROUP"]


def test_too_few_professions_count_with_the_presiders_reason(waiting: Story) -> None:
    waiting.act(record(replace(MINUTE, professions=("police",), diversity_reason="Snow.")))
    assert waiting.status() is CaseStatus.ISSUED


# ---- a meeting that makes sense


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"meeting_on": date(2027, 1, 12)}, "meeting_on"),  # tomorrow
        ({"meeting_on": date(2027, 1, 4)}, "meeting_on"),  # the day before it was logged
        ({"meeting": " "}, "meeting"),
        ({"minute": ""}, "minute"),
        ({"professions": ("police", "law", "astrology")}, "professions"),
        ({"answer": Answer.REJECT}, "answer"),
        ({"answer": Answer.RETURN, "reason": " "}, "reason"),
        ({"text": None}, "position"),
        ({"present": 2}, "professions"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    waiting: Story, change: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        waiting.do(record(replace(MINUTE, **change)))  # type: ignore[arg-type] # one changed field
    assert field in [problem.field for problem in refused.value.problems]
    assert recorded(waiting) == 0


def test_who_was_out_did_not_preside(waiting: Story) -> None:
    with pytest.raises(InvalidInputError, match="presider"):
        waiting.do(record(out=("P01",)))


def test_a_meeting_before_the_draft_was_written_did_not_agree_it(story: Story) -> None:
    story.reflected()
    story.until(MONDAY)
    story.act(journeys.write("One point, at length."))
    with pytest.raises(InvalidInputError, match="before the draft was written"):
        story.do(record(replace(MINUTE, meeting_on=date(2027, 1, 8), text=None)))
    story.act(record(replace(MINUTE, text=None)))
    assert story.status() is CaseStatus.GROUP_AGREED


# ---- who records, who is told


@pytest.mark.parametrize("code", ["P01", "P02", "P07", "P10"])
def test_only_the_secretary_records(waiting: Story, code: str) -> None:
    with pytest.raises(NotEligibleError, match="Only the secretary"):
        waiting.do(record(by=code))
    assert recorded(waiting) == 0


def test_a_secretary_in_conflict_does_not_record_but_the_next_in_line(waiting: Story) -> None:
    waiting.act(
        lambda session, _ref, now: approvals.declare_interest(
            session, waiting.reference, waiting.id("P03"), by=journeys.signed_in(session, "P03"), now=now
        )
    )
    with pytest.raises(NotEligibleError):
        waiting.do(record())
    assert waiting.open_tasks() == [("record_agreement", waiting.id("P01"))]
    waiting.act(record(by="P01"))
    assert waiting.status() is CaseStatus.ISSUED


def test_presider_and_chair_get_a_receipt_each(waiting: Story) -> None:
    waiting.act(record(presider="P02"))
    assert waiting.letters("N07") == ["N07 p01", "N07 p02"]
    with waiting.database.reading() as session:
        letters = session.scalars(select(Notice).filter_by(code="N07")).all()
        assert {letter.fields["object_by"] for letter in letters} == {"2027-01-18"}


def test_who_was_out_reads_nothing_of_it(waiting: Story) -> None:
    waiting.act(record(presider="P02", out=("P01", "P10")))
    assert waiting.interested() == {waiting.id("P01"), waiting.id("P10")}
    assert waiting.letters("N07") == ["N07 p02"]
    with waiting.database.reading() as session:
        told = set(session.scalars(select(DigestItem.person_id).filter_by(code="N31")))
    assert told == {waiting.id("P02"), waiting.id("P03")}
    with pytest.raises(NotEligibleError):
        waiting.do(object_to("P01"))


# ---- what follows


def test_a_light_case_is_issued_in_the_same_commit(waiting: Story) -> None:
    waiting.do(record())  # no step of the process has run
    assert waiting.status() is CaseStatus.ISSUED
    assert group_rows(waiting) == [ApprovalStatus.APPROVED]
    with waiting.database.reading() as session:
        events = list(session.scalars(select(AuditEntry.event).filter_by(chain=waiting.reference)))
        assert "position.written" in events
        assert "agreement.recorded" in events
        assert verification.verify(session).first_bad is None


def test_it_is_recorded_once(waiting: Story) -> None:
    waiting.act(record())
    with pytest.raises(WrongMomentError, match="not asked about this case now"):
        waiting.do(record())
    assert recorded(waiting) == 1


def test_asking_for_changes_leaves_a_light_case_on_the_agenda(waiting: Story) -> None:
    waiting.act(record(replace(MINUTE, answer=Answer.RETURN, reason="Wait for the inquest.", text=None)))
    assert waiting.status() is CaseStatus.REFLECTING
    assert waiting.open_questions() == ["A-PLR-R-2027-001-GROUP-2"]


def test_asking_for_changes_sends_a_draft_back_to_its_writer(story: Story) -> None:
    story.drafted()
    story.act(
        record(
            replace(MINUTE, meeting_on=date(2027, 1, 5), answer=Answer.RETURN, reason="Shorter.", text=None)
        )
    )
    assert story.status() is CaseStatus.SYNTHESIS
    assert story.open_tasks() == [("write_position", story.id("P03"))]
    assert story.open_questions() == []


def test_nothing_is_recorded_of_a_case_on_hold(waiting: Story) -> None:
    waiting.act(journeys.hold)
    with pytest.raises(WrongMomentError):
        waiting.do(record())


def test_time_alone_agrees_nothing(waiting: Story) -> None:
    waiting.until(datetime(2027, 12, 20, 10, tzinfo=UTC))
    assert waiting.status() is CaseStatus.REFLECTING
    assert group_rows(waiting) == [ApprovalStatus.OPEN]
    assert waiting.letters() == []


# ---- objections


@pytest.mark.parametrize("code", ["P03", "P10"])
def test_only_who_presided_or_the_chair_objects(waiting: Story, code: str) -> None:
    waiting.act(record(presider="P02"))
    with pytest.raises(NotEligibleError, match="Only the person who presided"):
        waiting.do(object_to(code))


def test_an_objection_needs_a_reason(waiting: Story) -> None:
    waiting.act(record())
    with pytest.raises(InvalidInputError, match="recorded wrongly"):
        waiting.do(object_to("P01", " "))


def test_five_working_days_to_object(waiting: Story) -> None:
    waiting.act(record())  # on Monday the 11th
    waiting.until(datetime(2027, 1, 18, 23, 59, tzinfo=UTC))
    waiting.do(object_to("P01"))
    with pytest.raises(WrongMomentError, match="objected already"):
        waiting.do(object_to("P01"))


def test_on_the_sixth_working_day_it_is_too_late(waiting: Story) -> None:
    waiting.act(record())
    waiting.until(datetime(2027, 1, 19, 0, 0, tzinfo=UTC))
    with pytest.raises(WrongMomentError, match="over"):
        waiting.do(object_to("P01"))
    assert group_rows(waiting) == [ApprovalStatus.APPROVED]


def test_after_issue_the_document_is_marked_and_a_correction_is_its_next_version(waiting: Story) -> None:
    waiting.act(record())
    waiting.act(object_to("P01"))
    assert waiting.status() is CaseStatus.ISSUED
    assert group_rows(waiting) == [ApprovalStatus.VOID, ApprovalStatus.OPEN]
    assert waiting.letters("N27") == ["N27 p01", "N27 p03"]
    assert outputs(waiting) == [(1, "objected to")]
    corrected = replace(TEXT, points=("Ask twice.",))
    waiting.act(record(replace(MINUTE, text=corrected)))
    assert outputs(waiting) == [(1, "objected to"), (2, None)]
    assert group_rows(waiting) == [ApprovalStatus.VOID, ApprovalStatus.APPROVED]
    with waiting.database.reading() as session:
        assert session.scalars(select(LearningItem.point)).all() == ["Ask twice."]
        assert verification.verify(session).first_bad is None


def outputs(story: Story) -> list[tuple[int, str | None]]:
    with story.database.reading() as session:
        rows = select(Output).filter_by(kind="commissioning-reflection").order_by(Output.version)
        return [(row.version, row.mark) for row in session.scalars(rows)]


def test_a_correction_the_group_does_not_agree_stays_on_the_agenda(waiting: Story) -> None:
    waiting.act(record(), object_to("P01"))
    waiting.act(record(replace(MINUTE, answer=Answer.RETURN, reason="Not yet.", text=None)))
    assert group_rows(waiting) == [ApprovalStatus.VOID, ApprovalStatus.RETURNED, ApprovalStatus.OPEN]
    assert [kind for kind, _ in waiting.open_tasks()] == ["record_agreement"]


@pytest.mark.parametrize("on_hold", [False, True])
def test_an_objection_to_a_draft_takes_the_question_back_from_the_chair(story: Story, on_hold: bool) -> None:
    story.agreed()
    assert story.open_questions() == ["A-PLR-R-2027-001-POSITION"]
    if on_hold:
        story.act(journeys.hold)
    story.act(object_to("P01"))
    if on_hold:
        assert story.status() is CaseStatus.ON_HOLD
        story.act(journeys.resume)
    assert story.status() is CaseStatus.DRAFT_POSITION
    assert story.open_questions() == ["A-PLR-R-2027-001-GROUP-3"]
    with story.database.reading() as session:
        assert session.scalars(select(Agreement.objected_by_id)).all() == [story.id("P01")]


def test_an_objection_to_a_withdrawn_case_asks_nobody(waiting: Story) -> None:
    waiting.act(record(), journeys.withdraw, object_to("P01"))
    assert waiting.open_questions() == []
    assert waiting.open_tasks() == []
    assert outputs(waiting) == [(1, None)]
