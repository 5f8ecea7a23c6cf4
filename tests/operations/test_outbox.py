"""The outbox: who may leave now, the tries, what nobody knows, and what is no longer wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Case, Installation, Interest, Link, Notice, Person, Task
from plr.db.session import Database
from plr.domain import notices as letters
from plr.domain.actors import ENGINE
from plr.domain.words import CaseStatus, Nation, NoticeStatus, Settled, TaskKind
from plr.errors import InvalidInputError, NotFoundError, WrongMomentError
from plr.operations import notices, outbox, tasks
from plr.operations.outbox import Claim, DeliveryRule
from tests.factories import (
    AMARA,
    FIONA,
    GARETH,
    JOAN,
    MARY,
    REFERENCE,
    add_case,
    add_people,
    at,
    signed_in,
)

RULE = DeliveryRule(
    claim_minutes=20,
    retry_minutes=(5, 15, 60),
    retry_hours_after=1,
    give_up_days=5,
    uncertain_repeat_minutes=30,
)
NOON = at("2027-01-05", 12)  # a Tuesday


@pytest.fixture
def people(database: Database) -> Database:
    with database.transaction() as session:
        add_people(session)
        add_case(session, status=CaseStatus.SCREENING)
        add_case(session, "PLR-R-2027-002", status=CaseStatus.SCREENING)
    return database


def news(
    database: Database,
    to: int | str = JOAN,
    cause: str = "c",
    reference: str = REFERENCE,
    now: datetime = NOON,
) -> None:
    """A letter of the kind that is asked about when nobody knows (N27)."""

    def do(session: Session) -> None:
        letter = letters.Decided(
            given_name="Jo",
            why="You look after cases.",
            reference=reference,
            what="review",
            outcome=Settled.WITHDRAWN,
            settled_on=now.date(),
        )
        reader = session.get_one(Person, to) if isinstance(to, int) else to
        nation = Nation.SCOTLAND if isinstance(to, str) else Nation.ENGLAND
        notices.queue(session, letter, to=reader, cause=cause, reference=reference, nation=nation, now=now)

    database.run(do)


def overdue(database: Database, now: datetime = NOON) -> int:
    """A letter that asks for an act on our page (N22, repeated), with its task."""

    def do(session: Session) -> int:
        task = tasks.ask(session, TaskKind.CHECK, REFERENCE, now=now)
        letter = letters.TaskOverdue(
            given_name="Jo",
            why="You check.",
            reference=REFERENCE,
            task="Check",
            due_on=now.date(),
            page="/tasks",
        )
        person = session.get_one(Person, MARY)
        notices.queue(
            session,
            letter,
            to=person,
            cause=f"task:{task.id}",
            reference=REFERENCE,
            task_id=task.id,
            link_to=f"task:{task.id}",
            now=now,
        )
        return task.id

    return database.run(do)


def claim(database: Database, now: datetime = NOON, limit: int = 10, owner: str = "me") -> list[Claim]:
    return database.run(lambda session: outbox.claim(session, RULE, owner=owner, limit=limit, now=now))


def hand_over(database: Database, taken: Claim, now: datetime = NOON) -> outbox.HandOver | None:
    return database.run(lambda session: outbox.hand_over(session, taken, now=now))


def later(database: Database, taken: Claim, now: datetime, *, counts: bool = True) -> None:
    database.run(
        lambda session: outbox.later(session, taken, RULE, words="450 later", counts=counts, now=now)
    )


def only(database: Database, code: str | None = None) -> Notice:
    statement = select(Notice) if code is None else select(Notice).filter_by(code=code)
    with database.reading() as session:
        return session.scalars(statement).one()


def mend(database: Database, now: datetime, *, dead: bool = False) -> int:
    return database.run(lambda session: outbox.mend(session, RULE, is_dead=lambda _owner: dead, now=now))


# ---- claiming


def test_a_letter_is_in_one_pair_of_hands(people: Database) -> None:
    news(people)
    assert len(claim(people)) == 1
    assert claim(people, owner="another") == []


def test_nothing_is_taken_before_its_hour_nor_while_letters_are_held(people: Database) -> None:
    news(people, now=at("2027-01-05", 19))  # leaves on Wednesday morning
    assert claim(people, at("2027-01-05", 23)) == []
    assert claim(people, at("2027-01-06", 8, 29)) == []
    with people.transaction() as session:
        session.scalars(select(Installation)).one().letters_held = "restored"
    assert claim(people, at("2027-01-06", 8, 30)) == []
    with people.transaction() as session:
        session.scalars(select(Installation)).one().letters_held = None
    assert len(claim(people, at("2027-01-06", 8, 30))) == 1


@pytest.mark.parametrize(
    ("now", "leaves_at"),
    [
        (at("2027-01-05", 18), at("2027-01-06", 8, 30)),  # the evening
        (at("2027-01-06", 3), at("2027-01-06", 8, 30)),  # the night
        (at("2027-01-09", 12), at("2027-01-11", 8, 30)),  # a Saturday
    ],
)
def test_a_letter_that_could_not_leave_in_time_waits_for_the_next_morning(
    people: Database, now: datetime, leaves_at: datetime
) -> None:
    news(people)  # was to leave at noon: we were away
    assert claim(people, now) == []
    assert claim(people, leaves_at - timedelta(minutes=1)) == []
    assert len(claim(people, leaves_at)) == 1


def test_an_outsiders_hours_are_those_of_the_cases_nation(people: Database) -> None:
    with people.transaction() as session:
        session.get_one(Case, REFERENCE).nation = Nation.SCOTLAND
    friday = at("2026-11-27", 12)
    news(people, "stranger@example.com", now=friday)
    news(people, FIONA, now=friday)
    news(people, JOAN, now=friday)
    saint_andrew = at("2026-11-30", 12)
    assert [taken.address for taken in claim(people, saint_andrew)] == ["p03@example.org"]
    assert len(claim(people, at("2026-12-01", 8, 30))) == 2


def test_a_code_leaves_at_any_hour(people: Database) -> None:
    def do(session: Session) -> None:
        person = session.get_one(Person, JOAN)
        notices.queue(session, letters.SignInCode(given_name="Jo"), to=person, cause="c", now=NOON)

    people.run(do)
    assert len(claim(people, at("2027-01-09", 3))) == 1


def test_cases_take_turns(people: Database) -> None:
    for number in range(3):
        news(people, cause=f"flood {number}", now=NOON + timedelta(seconds=number))
    news(people, cause="one", reference="PLR-R-2027-002", now=NOON + timedelta(seconds=9))
    now = NOON + timedelta(minutes=1)
    taken = [claim(people, now, limit=1)[0] for _ in range(2)]
    with people.reading() as session:
        references = [session.get_one(Notice, one.notice_id).reference for one in taken]
    assert references == [REFERENCE, "PLR-R-2027-002"]


# ---- tries


def test_a_letter_put_off_is_tried_after_5_15_and_60_minutes_then_hourly(people: Database) -> None:
    start = at("2027-01-05", 9)
    news(people, now=start)
    now, waits = start, []
    for _ in range(5):
        taken = claim(people, now)[0]  # the server answers RCPT: the letter was never handed over
        later(people, taken, now)
        found = only(people)
        waits.append(int((found.not_before - now).total_seconds()) // 60)
        now = found.not_before
    assert waits == [5, 15, 60, 60, 60]
    assert (only(people).attempts, only(people).status) == (5, NoticeStatus.WAITING)


def test_five_days_of_that_end_it_and_the_secretary_is_told(people: Database) -> None:
    news(people, AMARA, now=NOON)
    now = NOON
    for _ in range(100):
        taken = claim(people, now)
        if taken:
            later(people, taken[0], now)
        if only(people, "N27").status is NoticeStatus.FAILED:
            break
        now = only(people, "N27").not_before
    assert only(people, "N27").status is NoticeStatus.FAILED
    assert at("2027-01-10", 12) <= now < at("2027-01-11", 18)  # the 10th is a Sunday
    told = only(people, "N58")
    assert (told.person_id, told.fields["gave_up"]) == (JOAN, "too_long")


def test_a_server_that_is_away_counts_no_try_and_ends_no_letter(people: Database) -> None:
    news(people, now=NOON)
    for now in (NOON, at("2027-01-06", 12), at("2027-01-13", 12)):
        later(people, claim(people, now)[0], now, counts=False)
        assert only(people).not_before == now + timedelta(minutes=1)
    assert only(people).attempts == 0
    # Eight days later the server is back and puts the letter off: that is its first try.
    now = at("2027-01-13", 12, 1)
    later(people, claim(people, now)[0], now)
    assert (only(people).status, only(people).attempts) == (NoticeStatus.WAITING, 1)


def test_a_refusal_stops_one_letter_and_tells_the_secretary(people: Database) -> None:
    news(people, AMARA)
    news(people, GARETH)
    first, second = claim(people)
    people.run(lambda session: outbox.refused(session, first, words="550 no", now=NOON))
    people.run(lambda session: outbox.sent(session, second, reply="250 ok", template_hash="h", now=NOON))
    with people.reading() as session:
        states = {row.id: row.status for row in session.scalars(select(Notice).filter_by(code="N27"))}
    assert states == {first.notice_id: NoticeStatus.FAILED, second.notice_id: NoticeStatus.SENT}
    told = only(people, "N58")
    assert (told.address, told.fields["letter_code"]) == ("p03@example.org", "N27")
    assert "p01" not in str(told.fields)


def test_a_letter_to_the_secretary_that_failed_writes_no_letter_to_the_secretary(people: Database) -> None:
    news(people, JOAN)
    taken = claim(people)[0]
    people.run(lambda session: outbox.refused(session, taken, words="550 no", now=NOON))
    assert only(people).code == "N27"


# ---- what is wanted


def test_what_is_asked_no_more_is_cancelled_at_the_door(people: Database) -> None:
    number = overdue(people)
    taken = claim(people)[0]
    people.run(
        lambda session: tasks.finish(session, tasks.get(session, number), by=signed_in(MARY), now=NOON)
    )
    assert hand_over(people, taken) is None
    assert only(people).status is NoticeStatus.CANCELLED
    with people.reading() as session:
        assert session.scalars(select(Link)).all() == []


@pytest.mark.parametrize("change", ["left", "undeliverable", "interest"])
def test_nobody_gets_a_letter_who_should_not_any_more(people: Database, change: str) -> None:
    news(people, AMARA)
    taken = claim(people)[0]
    with people.transaction() as session:
        person = session.get_one(Person, AMARA)
        if change == "left":
            person.last_day_on = NOON.date() - timedelta(days=1)
        elif change == "undeliverable":
            person.undeliverable = True
        else:
            session.add(Interest(person_id=AMARA, reference=REFERENCE, declared_at=NOON))
    assert hand_over(people, taken) is None


def test_who_was_overtaken_commits_nothing(people: Database) -> None:
    news(people)
    first = claim(people)[0]
    assert mend(people, NOON + timedelta(minutes=21)) == 1
    second = claim(people, NOON + timedelta(minutes=22))[0]
    assert hand_over(people, first, NOON + timedelta(minutes=23)) is None
    people.run(lambda session: outbox.sent(session, first, reply="250", template_hash="h", now=NOON))
    assert only(people).status is NoticeStatus.SENDING
    assert hand_over(people, second, NOON + timedelta(minutes=23)) is not None


# ---- uncertain


def test_a_dead_senders_letter_waits_again_before_the_marker(people: Database) -> None:
    news(people)
    claim(people)
    assert mend(people, NOON) == 0
    assert mend(people, NOON, dead=True) == 1
    assert only(people).status is NoticeStatus.WAITING


def test_after_the_marker_nobody_knows_and_the_secretary_is_asked(people: Database) -> None:
    news(people)
    hand_over(people, claim(people)[0])
    mend(people, NOON, dead=True)
    found = only(people)
    assert (found.status, found.attempts) == (NoticeStatus.UNCERTAIN, 1)
    with people.reading() as session:
        task = session.scalars(select(Task)).one()
        assert (task.kind, task.person_id) == (TaskKind.SETTLE_LETTER, JOAN)
        assert task.subject == f"notice:{found.id}"
    assert mend(people, NOON + timedelta(days=1)) == 0
    assert claim(people, NOON + timedelta(days=1)) == []


def test_a_letter_that_asks_for_an_act_is_repeated_once_under_the_same_id(people: Database) -> None:
    overdue(people)
    first = claim(people)[0]
    before = hand_over(people, first)
    people.run(lambda session: outbox.uncertain(session, first, words="cut", now=NOON))
    assert mend(people, NOON + timedelta(minutes=30)) == 0
    assert mend(people, NOON + timedelta(minutes=31)) == 1
    again = claim(people, NOON + timedelta(minutes=31))[0]
    after = hand_over(people, again, NOON + timedelta(minutes=31))
    assert before is not None
    assert after is not None
    assert before.message_id == after.message_id
    assert before.token != after.token
    people.run(lambda session: outbox.uncertain(session, again, words="cut", now=NOON + timedelta(hours=1)))
    assert mend(people, NOON + timedelta(hours=3)) == 0
    with people.reading() as session:
        assert len(session.scalars(select(Task).filter_by(kind=TaskKind.SETTLE_LETTER)).all()) == 1


def test_a_repetition_nobody_needs_is_left_and_stays_honest(people: Database) -> None:
    number = overdue(people)
    taken = claim(people)[0]
    hand_over(people, taken)
    people.run(lambda session: outbox.uncertain(session, taken, words="cut", now=NOON))
    people.run(
        lambda session: tasks.finish(session, tasks.get(session, number), by=signed_in(MARY), now=NOON)
    )
    assert mend(people, NOON + timedelta(hours=1)) == 0
    assert only(people).status is NoticeStatus.UNCERTAIN


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("arrived", NoticeStatus.SENT),
        ("again", NoticeStatus.WAITING),
        ("drop", NoticeStatus.CANCELLED),
    ],
)
def test_the_secretary_settles_it_once(people: Database, answer: str, status: NoticeStatus) -> None:
    news(people)
    hand_over(people, claim(people)[0])
    mend(people, NOON, dead=True)
    number = only(people).id

    def settle(session: Session, said: str = answer) -> None:
        outbox.settle(session, number, answer=said, by=signed_in(JOAN), now=NOON)

    with pytest.raises(InvalidInputError):
        people.run(lambda session: settle(session, "perhaps"))
    people.run(settle)
    assert only(people).status is status
    with people.reading() as session:
        assert session.scalars(select(Task.status)).all() == ["done"]
    with pytest.raises(WrongMomentError, match="settled already"):
        people.run(settle)
    with pytest.raises(NotFoundError):
        people.run(lambda session: outbox.settle(session, "0", answer=answer, by=ENGINE, now=NOON))


# ---- addresses


def test_a_corrected_address_brings_back_what_failed_and_is_still_wanted(people: Database) -> None:
    news(people, AMARA, cause="failed")
    taken = claim(people)[0]
    people.run(lambda session: outbox.refused(session, taken, words="550 no", now=NOON))
    news(people, AMARA, cause="waiting")

    def correct(session: Session) -> int:
        person = session.get_one(Person, AMARA)
        return outbox.correct_address(session, person, "new@example.org", by=signed_in(JOAN), now=NOON)

    assert people.run(correct) == 2
    assert {taken.address for taken in claim(people, NOON) if "p03" not in taken.address} == {
        "new@example.org"
    }


def test_the_audit_says_what_left_in_codes_only(people: Database) -> None:
    news(people, AMARA)
    taken = claim(people)[0]
    hand_over(people, taken)
    people.run(
        lambda session: outbox.sent(
            session, taken, reply="250 ok p01@example.org", template_hash="h", now=NOON
        )
    )
    with people.reading() as session:
        entries = session.scalars(select(AuditEntry.text).filter_by(event="notice.sent")).all()
    assert len(entries) == 1
    assert "example.org" not in entries[0]
    assert datetime(2027, 1, 5, 12, tzinfo=UTC) == NOON
