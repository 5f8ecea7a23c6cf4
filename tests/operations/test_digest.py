"""The weekly digest: once a week, only with something new, to who holds the office then."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Case, DigestItem, Interest, Notice, Person, Role
from plr.db.session import Database
from plr.domain.actors import ENGINE
from plr.domain.notices import DigestLine
from plr.domain.words import CaseStatus, NoticeStatus, Office, TaskKind
from plr.operations import digest, tasks
from tests.factories import (
    AMARA,
    FIONA,
    GARETH,
    JOAN,
    MARY,
    RACHEL,
    REFERENCE,
    add_case,
    add_people,
    at,
    make_rules,
)

FRIDAY, MONDAY = at("2027-01-08"), at("2027-01-11", 8, 30)
ALL = ["p01@example.org", "p02@example.org", "p03@example.org"]


@pytest.fixture
def people(database: Database) -> Database:
    with database.transaction() as session:
        add_people(session)
        add_case(session, status=CaseStatus.REFLECTING)
    return database


def tell(database: Database, now: datetime = FRIDAY, code: str = "N29", words: str = "review logged") -> None:
    def do(session: Session) -> None:
        case = session.get_one(Case, REFERENCE)
        digest.tell_offices(session, digest.TOLD_OFFICES, code, case, words, now=now)

    database.run(do)


def send(database: Database, now: datetime) -> int:
    return database.run(lambda session: digest.send_due(session, now=now))


def letters(database: Database) -> list[Notice]:
    with database.reading() as session:
        return list(session.scalars(select(Notice).filter_by(code="N59").order_by(Notice.address)))


def to_whom(database: Database) -> list[str]:
    return [letter.address for letter in letters(database)]


# ---- when


def test_it_comes_on_monday_at_half_past_eight_and_once(people: Database) -> None:
    tell(people)
    assert send(people, at("2027-01-08", 12)) == 0
    assert send(people, at("2027-01-11", 8, 29)) == 0
    assert send(people, MONDAY) == 3
    assert send(people, at("2027-01-11", 8, 31)) == 0
    assert to_whom(people) == ALL


def test_nothing_new_is_no_letter_even_with_open_tasks(people: Database) -> None:
    with people.transaction() as session:
        tasks.ask(session, TaskKind.CHECK, REFERENCE, now=FRIDAY)
    assert send(people, MONDAY) == 0
    assert letters(people) == []


def test_after_a_bank_holiday_it_comes_on_the_first_working_day(people: Database) -> None:
    # Easter Monday is 29 March 2027; since the 28th half past eight in London is half past seven in UTC.
    tell(people, at("2027-03-25"))
    assert send(people, at("2027-03-29", 12)) == 0
    assert send(people, at("2027-03-30", 7, 29)) == 0
    assert send(people, at("2027-03-30", 7, 30)) == 3


def test_a_week_away_delays_it_and_loses_nothing(people: Database) -> None:
    tell(people)
    assert send(people, at("2027-01-14", 16)) == 3


def test_what_came_after_the_hour_waits_for_the_next_week(people: Database) -> None:
    tell(people, MONDAY)
    assert send(people, at("2027-01-12")) == 0
    assert send(people, at("2027-01-18", 8, 30)) == 3


def test_a_line_committed_after_the_letter_left_is_not_lost(people: Database) -> None:
    tell(people)
    send(people, MONDAY)
    tell(people, at("2027-01-11", 8, 29), code="N31", words="reflection recorded")  # its commit was late
    assert send(people, at("2027-01-11", 8, 31)) == 0
    assert send(people, at("2027-01-18", 8, 30)) == 3
    assert [len(letter.fields["news"]) for letter in letters(people)] == [1] * 6


def test_a_scot_reads_it_when_it_is_no_holiday_there(people: Database) -> None:
    with people.transaction() as session:
        session.add(Role(person_id=FIONA, office=Office.SECRETARY))
    tell(people, at("2026-11-27"))
    send(people, at("2026-11-30", 8, 30))  # St Andrew's Day
    due = {letter.person_id: letter.due_at for letter in letters(people)}
    assert due[FIONA] == datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    assert due[JOAN] == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (at("2027-01-11", 8, 29), date(2027, 1, 11)),
        (at("2027-01-11", 8, 30), date(2027, 1, 18)),
        (at("2027-01-09"), date(2027, 1, 11)),
        (at("2027-03-29"), date(2027, 3, 30)),
        (at("2027-03-30", 7, 30), date(2027, 4, 5)),
        (at("2026-12-30"), date(2027, 1, 4)),
    ],
)
def test_the_next_digest_day_is_told(people: Database, now: datetime, day: date) -> None:
    with people.reading() as session:
        assert digest.next_digest_day(session, now=now) == day


def test_the_digest_day_is_in_the_week_or_after_it() -> None:
    calendar = make_rules().calendar
    # Christmas 2026: Friday 25 December, and Monday 28 for Boxing Day.
    assert digest.digest_day(calendar, date(2026, 12, 30)) == date(2026, 12, 29)


# ---- to whom


def test_the_office_reads_it_as_it_is_held_on_the_day(people: Database) -> None:
    tell(people)
    with people.transaction() as session:
        for role in session.scalars(select(Role).filter_by(office=Office.VICE_CHAIR)):
            role.to_on = date(2027, 1, 9)
        session.add(Role(person_id=RACHEL, office=Office.VICE_CHAIR, from_on=date(2027, 1, 10)))
    assert send(people, MONDAY) == 3
    assert to_whom(people) == ["p01@example.org", "p03@example.org", "p10@example.org"]
    assert send(people, at("2027-01-18", 8, 30)) == 0


def test_nobody_reads_of_a_case_they_are_in_conflict_with(people: Database) -> None:
    tell(people)
    with people.transaction() as session:
        session.add(Interest(person_id=GARETH, reference=REFERENCE, declared_at=FRIDAY))
    assert send(people, MONDAY) == 2
    assert "p02@example.org" not in to_whom(people)


def test_nobody_who_has_left_is_written_to(people: Database) -> None:
    tell(people)
    with people.transaction() as session:
        session.get_one(Person, GARETH).last_day_on = date(2027, 1, 9)
    send(people, MONDAY)
    assert "p02@example.org" not in to_whom(people)


def test_an_undeliverable_reader_gets_the_lines_once_the_address_is_right(people: Database) -> None:
    tell(people)
    with people.transaction() as session:
        session.get_one(Person, JOAN).undeliverable = True
    assert send(people, MONDAY) == 2
    with people.transaction() as session:
        session.get_one(Person, JOAN).undeliverable = False
    assert send(people, at("2027-01-13")) == 1


# ---- what


def add(database: Database, person: int, code: str, key: str, now: datetime = FRIDAY) -> None:
    line = DigestLine(reference=REFERENCE, type="reflection asked", nation="england")
    database.run(lambda session: digest.add(session, person, code, key, REFERENCE, line, now=now))


def test_a_line_is_added_once_a_key(people: Database) -> None:
    add(people, RACHEL, "N99", "k")
    add(people, RACHEL, "N99", "k")
    with people.reading() as session:
        assert len(session.scalars(select(DigestItem)).all()) == 1


def test_what_is_asked_no_more_is_no_news(people: Database) -> None:
    def ask(session: Session) -> int:
        return tasks.ask(session, TaskKind.REFLECT, REFERENCE, person_id=RACHEL, now=FRIDAY).id

    number = people.run(ask)
    add(people, RACHEL, "N30", f"N30:{REFERENCE}")
    add(people, RACHEL, "N21", f"N21:task:{number}")
    people.run(lambda session: tasks.drop_all(session, REFERENCE, by=ENGINE, now=FRIDAY))
    assert send(people, MONDAY) == 0


def test_what_is_asked_still_is_news_with_ones_open_tasks_beside_it(people: Database) -> None:
    people.run(
        lambda session: tasks.ask(session, TaskKind.REFLECT, REFERENCE, person_id=RACHEL, now=FRIDAY).id
    )
    add(people, RACHEL, "N30", f"N30:{REFERENCE}")
    assert send(people, MONDAY) == 1
    letter = letters(people)[0]
    assert [line["type"] for line in letter.fields["news"]] == ["reflection asked"]
    assert [line["type"] for line in letter.fields["needs_you"]] == ["Write a reflection"]
    assert letter.fields["week_of"] == "2027-01-11"


def test_a_case_on_hold_needs_nobody(people: Database) -> None:
    with people.transaction() as session:
        tasks.ask(session, TaskKind.CHECK, REFERENCE, now=FRIDAY)
        session.get_one(Case, REFERENCE).status = CaseStatus.ON_HOLD
    add(people, MARY, "N99", "k")
    send(people, MONDAY)
    assert letters(people)[0].fields["needs_you"] == []


@pytest.mark.parametrize("status", [NoticeStatus.UNCERTAIN, NoticeStatus.FAILED])
def test_a_digest_that_never_arrived_is_repeated_by_the_next(people: Database, status: NoticeStatus) -> None:
    tell(people)
    send(people, MONDAY)
    with people.transaction() as session:
        session.scalars(select(Notice).filter_by(person_id=AMARA)).one().status = status
        for person in (GARETH, JOAN):
            session.scalars(select(Notice).filter_by(person_id=person)).one().status = NoticeStatus.SENT
    assert send(people, at("2027-01-12")) == 0
    assert send(people, at("2027-01-18", 8, 30)) == 1
    assert to_whom(people).count("p01@example.org") == 2
    assert send(people, at("2027-01-25", 8, 30)) == 0


def test_more_lines_than_a_letter_holds_come_the_week_after(people: Database) -> None:
    for number in range(digest.MOST_LINES + 5):
        add(people, RACHEL, "N99", f"k{number}")
    assert send(people, MONDAY) == 1
    assert send(people, at("2027-01-18", 8, 30)) == 1
    assert sorted(len(letter.fields["news"]) for letter in letters(people)) == [5, digest.MOST_LINES]
