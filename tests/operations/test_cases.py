"""A case as a whole: logged once, held and going on, withdrawn, declined, hidden, looked at more deeply."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import (
    Approval,
    Case,
    Deadline,
    DigestItem,
    LadderRow,
    Link,
    Notice,
    Output,
    Person,
    Reflection,
    Submission,
    Task,
)
from plr.db.session import Database
from plr.domain.actors import ENGINE, Actor
from plr.domain.words import Answer, CaseStatus, Depth, NoticeStatus, OutputStatus, TaskKind, Via
from plr.errors import InvalidInputError, NotEligibleError, SameKeyOtherContentError, WrongMomentError
from plr.operations import cases, commissioning, intake, verification
from plr.reading import read_file
from tasks import positions as position_steps
from tests.faults import journeys
from tests.faults.journeys import SAMPLES
from tests.story import EXTERNAL_REF, Story

# Tuesday 5 January 2027; the next working days are the 6th to the 8th and the 11th on.
TUESDAY = datetime(2027, 1, 5, 10, tzinfo=UTC)


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


def sent(**changes: Any) -> dict[str, Any]:
    return {**read_file(SAMPLES / "england-lcspr.yaml").data, "external_ref": EXTERNAL_REF, **changes}


def receive(story: Story, **changes: Any) -> cases.Logged:
    by = Actor(None, Via.API)
    return story.database.run(lambda session: intake.receive(session, sent(**changes), by=by, now=story.now))


def count(story: Story, table: type[Any], **where: Any) -> int:
    with story.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).filter_by(**where)) or 0


def due(story: Story, kind: str) -> tuple[date | None, dict[str, datetime]]:
    """The open day of a question or task of a kind, and when its unfired rungs fire."""
    with story.database.reading() as session:
        approvals = select(Approval).filter_by(reference=story.reference, kind=kind)
        found: Approval | Task | None = session.scalars(approvals).one_or_none() if kind == "triage" else None
        subject = f"approval:{found.id}" if found is not None else ""
        if found is None:
            found = session.scalars(select(Task).filter_by(kind=kind)).one()
            subject = f"task:{found.id}"
        rows = session.scalars(
            select(LadderRow).join(Deadline).where(Deadline.subject == subject, LadderRow.fired_at.is_(None))
        )
        return found.due_on, {row.code: row.fires_at for row in rows}


# ---- logging


def test_the_same_text_twice_is_one_case(story: Story) -> None:
    first, second = receive(story), receive(story)
    assert (first.reference, first.created) == ("PLR-R-2027-001", True)
    assert (second.reference, second.created) == ("PLR-R-2027-001", False)
    assert count(story, Case) == count(story, Submission) == count(story, Output) == 1


def test_another_text_under_the_same_key_is_refused(story: Story) -> None:
    receive(story)
    with pytest.raises(SameKeyOtherContentError, match="PLR-R-2027-001"):
        receive(story, narrative="Two services waited for each other.")
    assert count(story, Submission) == 1


def test_numbers_are_counted_within_the_london_year(story: Story) -> None:
    receive(story)
    assert receive(story, external_ref="sender-2027-2").reference == "PLR-R-2027-002"
    story.now = datetime(2027, 12, 31, 23, 59, tzinfo=UTC)
    assert receive(story, external_ref="sender-2027-3").reference == "PLR-R-2027-003"
    story.now += timedelta(minutes=1)
    assert receive(story, external_ref="sender-2028-1").reference == "PLR-R-2028-001"


def test_an_outsider_gets_a_receipt_and_one_of_us_none(story: Story) -> None:
    receive(story, submitted_by="stranger@example.com")
    assert story.letters() == ["N07 stranger"]
    receive(story, external_ref="sender-2027-2", submitted_by="p07@example.org")
    assert count(story, Notice, code="N07") == 1


def test_who_has_left_is_an_outsider(story: Story) -> None:
    def leave(session: Session, _ref: str, _now: datetime) -> None:
        session.scalars(select(Person).filter_by(code="P07")).one().last_day_on = date(2027, 1, 4)

    story.do(leave)
    receive(story, submitted_by="p07@example.org")
    assert story.case.submitter_id is None
    assert story.letters() == ["N07 p07"]


def test_an_address_of_the_greatest_length_fits(story: Story) -> None:
    domain = ".".join(["d" * 61] * 3)
    address = f"{'a' * 64}@{domain}.xy"
    assert 250 < len(address) <= 254
    receive(story, submitted_by=address)
    with story.database.reading() as session:
        assert len(session.scalars(select(Notice.key).filter_by(code="N07")).one()) <= 200


def test_chair_deputy_and_secretary_read_of_it_in_their_digest_only(story: Story) -> None:
    story.logged()
    with story.database.reading() as session:
        told = set(session.scalars(select(DigestItem.person_id).filter_by(code="N29")))
    assert told == {story.id("P01"), story.id("P02"), story.id("P03")}
    assert story.letters() == []


# ---- corrections


def test_a_correction_is_the_next_version_and_its_second_press_is_none(story: Story) -> None:
    story.act(journeys.submit(), journeys.check("return", "Take the place out."))
    assert story.status() is CaseStatus.RETURNED
    assert story.case.reason == "Take the place out."
    data = sent(narrative="Two services waited for each other.")

    def correct(session: Session, _ref: str, now: datetime) -> None:
        content = intake.checked(session, data, now=now)
        by = journeys.signed_in(session, "P07")
        cases.correct(session, story.reference, content, by=by, now=now)

    story.do(correct)
    story.do(correct)
    assert count(story, Submission) == 2
    assert count(story, Output, kind="summary") == 2
    story.carry()
    assert story.status() is CaseStatus.SCREENING
    with pytest.raises(WrongMomentError, match="not waiting for a correction"):
        story.do(correct)


def test_the_letter_for_a_correction_is_cancelled_when_the_review_is_withdrawn_first(story: Story) -> None:
    story.act(journeys.submit(), journeys.check("return", "Take the place out."), journeys.withdraw)
    assert count(story, Task, status="open") == 0
    assert count(story, Link, dead_at=None) == 0


# ---- hold


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_a_hold_ends_within_ninety_days(story: Story, days: int) -> None:
    story.logged()
    until_on = date(2027, 1, 5) + timedelta(days=days)
    with pytest.raises(InvalidInputError, match="90 days"):
        story.do(
            lambda session, _ref, now: cases.hold(
                session, story.reference, until_on=until_on, reason="Why.", by=ENGINE, now=now
            )
        )
    assert story.status() is CaseStatus.SCREENING


def test_clocks_stand_still_and_go_on_by_the_working_days_the_case_rested(story: Story) -> None:
    story.before_chair()
    assert due(story, "triage")[0] == date(2027, 1, 12)
    story.until(datetime(2027, 1, 6, 10, tzinfo=UTC))
    story.act(journeys.hold)
    story.until(datetime(2027, 1, 13, 10, tzinfo=UTC))  # the 7th, 8th, 11th, 12th and 13th
    assert story.letters("N25") == story.letters("N26") == []
    story.act(journeys.resume)
    assert due(story, "triage") == (
        date(2027, 1, 19),
        {
            "N25": datetime(2027, 1, 15, 8, 30, tzinfo=UTC),
            "N26": datetime(2027, 1, 20, 8, 30, tzinfo=UTC),
            "ESCALATE": datetime(2027, 2, 2, 8, 30, tzinfo=UTC),
        },
    )
    assert story.status() is CaseStatus.TRIAGE


def test_a_reminder_whose_hour_has_gone_by_on_hold_never_comes(story: Story) -> None:
    story.before_chair()
    story.until(datetime(2027, 1, 8, 8, tzinfo=UTC))  # N25 would leave at half past
    story.act(journeys.hold)
    story.until(datetime(2027, 1, 8, 9, tzinfo=UTC))
    story.act(journeys.resume)
    assert due(story, "triage")[0] == date(2027, 1, 12)
    story.later(hours=1)
    assert story.letters("N25") == []


def test_reflections_rest_too(story: Story) -> None:
    story.taken_on()
    story.until(datetime(2027, 1, 25, 10, tzinfo=UTC))  # the day they are due
    story.act(journeys.hold)
    story.until(datetime(2027, 2, 1, 10, tzinfo=UTC))  # five working days later
    story.act(journeys.resume)
    with story.database.reading() as session:
        assert set(session.scalars(select(Reflection.due_on))) == {date(2027, 2, 1)}
    assert story.status() is CaseStatus.REFLECTING
    assert ("reassign", story.id("P01")) not in story.open_tasks()


def test_the_chair_is_asked_to_look_again_and_reminded_of_that(story: Story) -> None:
    story.before_chair()
    story.act(journeys.hold)  # until Thursday 4 February
    story.until(datetime(2027, 2, 3, 12, tzinfo=UTC))
    assert "review_hold" not in dict(story.open_tasks())
    story.until(datetime(2027, 2, 4, 12, tzinfo=UTC))
    story.carry()
    assert story.open_tasks().count(("review_hold", story.id("P01"))) == 1
    story.until(datetime(2027, 2, 12, 8, 30, tzinfo=UTC))  # due on the 11th
    assert story.letters("N22") == ["N22 p01"]
    story.act(journeys.resume)
    assert "review_hold" not in dict(story.open_tasks())


def test_the_secretary_is_told_of_a_hold_with_its_date(story: Story) -> None:
    story.logged()
    story.act(journeys.hold)
    with story.database.reading() as session:
        letter = session.scalars(select(Notice).filter_by(code="N27")).one()
    assert letter.address == "p03@example.org"
    assert (letter.fields["outcome"], letter.fields["review_on"]) == ("on_hold", "2027-02-04")


def test_who_put_it_on_hold_needs_no_letter_about_it(story: Story) -> None:
    story.logged()
    story.act(
        lambda session, _ref, now: cases.hold(
            session,
            story.reference,
            until_on=date(2027, 2, 1),
            reason="Why.",
            by=journeys.signed_in(session, "P03"),
            now=now,
        )
    )
    assert story.letters("N27") == []


def test_a_hold_does_not_swallow_why_a_text_was_sent_back(story: Story) -> None:
    story.act(
        journeys.submit(),
        journeys.check("return", "Take the place out."),
        journeys.hold,
    )
    assert story.case.reason == "Proceedings go on."
    story.act(journeys.resume)
    assert (story.status(), story.case.reason) == (CaseStatus.RETURNED, "Take the place out.")


def test_a_case_on_hold_is_not_held_again_and_an_open_one_does_not_resume(story: Story) -> None:
    story.logged()
    with pytest.raises(WrongMomentError, match="not on hold"):
        story.do(journeys.resume)
    story.act(journeys.hold)
    with pytest.raises(WrongMomentError, match="on hold already"):
        story.do(journeys.hold)


def test_a_step_under_way_does_not_take_a_case_off_hold(story: Story) -> None:
    story.taken_on()
    story.act(*(journeys.reflect(code) for code in ("P10", "P11")))
    story.do(journeys.reflect("P16"))  # the last one: the process is about to go on
    story.do(journeys.hold)
    step = position_steps.begin_synthesis.function
    story.do(lambda session, _ref, now: step(session, story.reference, now=now))
    assert (story.status(), story.case.held_status) == (CaseStatus.ON_HOLD, CaseStatus.SYNTHESIS)
    story.act(journeys.resume)
    assert story.status() is CaseStatus.SYNTHESIS


# ---- the end


def nothing_left(story: Story) -> None:
    assert story.open_tasks() == []
    assert story.open_questions() == []
    assert count(story, Deadline, closed_at=None) == 0
    assert count(story, Link, dead_at=None) == 0


def test_a_withdrawn_case_leaves_nothing_open_and_nobody_asked(story: Story) -> None:
    story.taken_on()
    story.act(journeys.withdraw)
    nothing_left(story)
    assert story.status() is CaseStatus.WITHDRAWN
    story.until(datetime(2027, 3, 1, 10, tzinfo=UTC))
    with story.database.reading() as session:
        told = select(Notice.code).where(Notice.address == "p10@example.org", Notice.code != "N55")
        assert session.scalars(told).all() == []
        assert verification.verify(session).first_bad is None
    with pytest.raises(WrongMomentError, match="ended"):
        story.do(journeys.reflect("P10"))


def test_the_secretary_is_told_that_a_review_was_withdrawn(story: Story) -> None:
    story.logged()
    story.act(journeys.withdraw)
    assert story.letters("N27") == ["N27 p03"]


def test_a_withdrawal_while_a_step_is_due_does_not_park_the_case(story: Story) -> None:
    story.taken_on()
    story.act(*(journeys.reflect(code) for code in ("P10", "P11")))
    story.do(journeys.withdraw)
    begin, issue = position_steps.begin_synthesis.function, position_steps.issue.function
    story.do(lambda session, _ref, now: begin(session, story.reference, now=now))
    story.do(lambda session, _ref, now: issue(session, story.reference, now=now))
    story.carry()
    assert (story.status(), story.case.attention) == (CaseStatus.WITHDRAWN, None)
    nothing_left(story)


def test_a_declined_case_tells_submitter_and_secretary_once(story: Story) -> None:
    story.on_agenda()
    story.act(journeys.decline)
    assert story.letters("N27") == ["N27 p03", "N27 p07"]
    assert story.case.reason == "Not ours."
    nothing_left(story)
    with pytest.raises(WrongMomentError, match="declined"):
        story.do(journeys.decline)


def test_declining_is_the_chairs(story: Story) -> None:
    story.on_agenda()
    with pytest.raises(NotEligibleError, match="Only the Chair"):
        story.do(
            lambda session, _ref, now: cases.decline(
                session, story.reference, reason="No.", by=journeys.signed_in(session, "P10"), now=now
            )
        )
    assert story.status() is CaseStatus.REFLECTING


def test_a_breach_is_told_at_any_hour_and_hides_everything(story: Story) -> None:
    story.logged()
    story.now = datetime(2027, 1, 9, 23, tzinfo=UTC)  # a Saturday night
    story.act(journeys.check("breach"))
    assert story.letters("N62") == ["N62 p01", "N62 p19"]
    with story.database.reading() as session:
        rows = session.scalars(select(Notice).filter_by(code="N62")).all()
        assert {row.due_at for row in rows} == {story.now}
        assert {row.fields["clock_ends_at"] for row in rows} == {"2027-01-12T23:00:00+00:00"}
        assert set(session.scalars(select(Output.status))) == {OutputStatus.FAILED}
    assert story.open_tasks() == [("clear_breach", story.id("P19"))]
    assert story.open_questions() == []


def test_with_nobody_to_protect_data_the_next_in_line_is_told_of_a_breach(story: Story) -> None:
    def leave(session: Session, _ref: str, _now: datetime) -> None:
        session.scalars(select(Person).filter_by(code="P19")).one().last_day_on = date(2027, 1, 4)

    story.on_agenda()
    story.do(leave)
    story.act(
        lambda session, _ref, now: cases.breach(
            session, story.reference, by=journeys.signed_in(session, "P01"), now=now
        )
    )
    assert story.open_tasks() == [("clear_breach", story.id("P02"))]
    assert story.letters("N62") == ["N62 p01", "N62 p02"]


# ---- deeper


def test_looking_deeper_ends_the_question_to_the_group(story: Story) -> None:
    story.on_agenda()
    assert story.open_questions() == ["A-PLR-R-2027-001-GROUP"]
    story.act(journeys.deepen)
    assert story.case.depth is Depth.FULL
    assert story.status() is CaseStatus.TRIAGE
    assert story.open_questions() == ["A-PLR-R-2027-001-TRIAGE"]
    assert story.open_tasks() == []
    with pytest.raises(WrongMomentError, match="full depth already"):
        story.do(journeys.deepen)


def test_only_a_case_that_waits_for_the_group_is_looked_at_more_deeply(story: Story) -> None:
    story.logged()
    with pytest.raises(WrongMomentError, match="waits for the group"):
        story.do(journeys.deepen)


# ---- Chair's answer twice


def test_taking_on_twice_with_the_same_people_is_one_answer(story: Story) -> None:
    story.before_chair()

    def answer(session: Session, _ref: str, now: datetime) -> object:
        asked = session.scalars(select(Approval).filter_by(kind="triage")).one()
        return commissioning.answer_triage(
            session,
            asked.id,
            person_id=story.id("P01"),
            answer=Answer.APPROVE,
            reason=None,
            reflectors=[story.id(code) for code in ("P10", "P11", "P16")],
            content_hash=asked.content_hash,
            by=journeys.signed_in(session, "P01"),
            proof="session",
            now=now,
        )

    story.do(answer)
    story.do(answer)
    assert count(story, Reflection) == 3
    assert count(story, Task, kind=TaskKind.REFLECT) == 3


def test_what_leaves_a_case_is_waiting_in_the_outbox_with_it(story: Story) -> None:
    story.before_chair()
    with story.database.reading() as session:
        letter = session.scalars(select(Notice).filter_by(code="N24")).one()
    assert (letter.status, letter.approval_id) == (NoticeStatus.WAITING, "A-PLR-R-2027-001-TRIAGE")
