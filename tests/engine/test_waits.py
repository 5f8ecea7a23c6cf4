from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from plr.db.models import Wait
from plr.engine.carrying import carry_plain
from plr.engine.waits import Awaited, Satisfied, await_date, wait
from plr.operations import wakes
from tests.engine.programs.journey_body import travel
from tests.engine.programs.rig import NOON, Cases


def go(cases: Cases, reference: str, now: datetime = NOON) -> bool:
    return carry_plain(travel, "journey", reference, cases.database, now=lambda: now)


def row(cases: Cases, reference: str) -> Wait | None:
    with cases.database.reading() as session:
        found = session.get(Wait, reference)
        if found is not None:
            session.expunge(found)
        return found


def test_a_case_says_what_it_waits_for_and_since_when(cases: Cases) -> None:
    reference = cases.new()
    go(cases, reference)
    waiting = row(cases, reference)
    assert waiting is not None
    assert (waiting.name, waiting.subject) == ("await:answer", f"approval:A-{reference}")
    assert (waiting.what, waiting.who, waiting.due_on) == ("an answer", "the Chair", date(2026, 5, 5))
    assert waiting.since == NOON
    assert waiting.until_at is None


def test_looking_again_keeps_the_day_since_which_it_waits(cases: Cases) -> None:
    reference = cases.new()
    go(cases, reference)
    go(cases, reference, NOON + timedelta(days=1))
    waiting = row(cases, reference)
    assert waiting is not None
    assert waiting.since == NOON


@pytest.mark.parametrize(
    ("awaited", "message"),
    [
        (
            Awaited("approval:1", "an answer on taking the review on", "the Chair", date(2026, 5, 5)),
            "Waits for an answer on taking the review on, of the Chair, until Tuesday 5 May 2026",
        ),
        (Awaited("group", "a quorate meeting"), "Waits for a quorate meeting"),
        (Awaited("date", "Friday 18 June 2027 to come"), "Waits for Friday 18 June 2027 to come"),
    ],
)
def test_the_message_says_what_of_whom_and_until_when(awaited: Awaited, message: str) -> None:
    assert awaited.message == message


def test_a_satisfied_wait_leaves_no_row_and_no_wake(cases: Cases) -> None:
    reference = cases.new()
    go(cases, reference)
    cases.answer(reference, "decline")
    assert cases.wakes(reference) == ["answered"]
    go(cases, reference)
    assert row(cases, reference) is None
    assert cases.wakes(reference) == []


def test_an_answer_that_was_read_is_kept_whatever_is_there_later(cases: Cases) -> None:
    reference = cases.new()
    cases.answer(reference, "approve")
    go(cases, reference)
    cases.answer(reference, "decline")
    go(cases, reference)
    assert cases.effects(reference) == ["opened", "asked", "recorded approve"]


def test_a_look_without_a_wake_is_audited_as_undecided_and_decides_nothing(cases: Cases) -> None:
    reference = cases.new()
    go(cases, reference)
    go(cases, reference)
    assert cases.audit(reference) == ["case.woken_undecided"]
    assert cases.effects(reference) == ["opened", "asked"]


def test_a_look_after_a_wake_is_not_audited(cases: Cases) -> None:
    reference = cases.new()
    go(cases, reference)
    with cases.database.transaction() as session:
        wakes.wake(session, reference, "something", now=NOON)
    go(cases, reference)
    assert cases.audit(reference) == []


def test_a_date_is_waited_for_until_london_midnight(cases: Cases) -> None:
    def body(reference: str) -> None:
        await_date(reference, "summer", "2027-06-18")

    reference = cases.new()
    before = datetime(2027, 6, 17, 22, 59, 59, tzinfo=UTC)  # 23:59:59 in London, British Summer Time
    assert not carry_plain(body, "journey", reference, cases.database, now=lambda: before)
    waiting = row(cases, reference)
    assert waiting is not None
    assert waiting.until_at == datetime(2027, 6, 17, 23, tzinfo=UTC)
    assert waiting.what == "Friday 18 June 2027 to come"
    after = before + timedelta(seconds=1)
    assert carry_plain(body, "journey", reference, cases.database, now=lambda: after)


def test_two_waits_of_one_name_are_two_entries(cases: Cases) -> None:
    def look(_session: Session, _reference: str, _now: datetime) -> Satisfied[str]:
        return Satisfied("yes")

    def body(reference: str) -> None:
        assert [wait(reference, "round", look) for _ in range(2)] == ["yes", "yes"]

    reference = cases.new()
    assert carry_plain(body, "journey", reference, cases.database, now=lambda: NOON)
    assert cases.journal(reference) == ["await:round:1", "await:round:2", "end:1"]
