"""Tasks: due in the calendar of whoever is asked, brought up by their ladder, done once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Case, DigestItem, Interest, LadderRow, Notice, Person, Role, Task
from plr.db.session import Database
from plr.domain.actors import ENGINE
from plr.domain.words import CaseStatus, NoticeStatus, TaskKind, TaskStatus
from plr.errors import NotFoundError, WrongMomentError
from plr.operations import deadlines, tasks, upkeep
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
    signed_in,
)

TUESDAY = at("2027-01-05")


@pytest.fixture
def people(database: Database) -> Database:
    with database.transaction() as session:
        add_people(session)
        add_case(session, status=CaseStatus.SCREENING)
    return database


def ask(database: Database, kind: TaskKind = TaskKind.CHECK, now: datetime = TUESDAY, **to: object) -> int:
    def do(session: Session) -> int:
        return tasks.ask(session, kind, REFERENCE, now=now, **to).id  # type: ignore[arg-type] # as the test says

    return database.run(do)


def task(database: Database, number: int) -> Task:
    with database.reading() as session:
        return session.get_one(Task, number)


def fire(database: Database, now: datetime) -> None:
    database.run(lambda session: upkeep.fire_ladders(session, now))


def late_letters(database: Database) -> list[str]:
    with database.reading() as session:
        rows = session.scalars(select(Notice).filter_by(code="N22").order_by(Notice.address))
        return [row.address for row in rows if row.status is not NoticeStatus.CANCELLED]


# ---- who, and by when


def test_the_office_is_asked_and_has_its_working_days(people: Database) -> None:
    found = task(people, ask(people))
    assert (found.person_id, found.due_on) == (MARY, date(2027, 1, 8))


@pytest.mark.parametrize(
    ("person", "asked_on", "due_on"),
    [
        (FIONA, "2026-11-16", date(2026, 12, 1)),  # ten working days: Monday 30 November, St Andrew's Day
        (RACHEL, "2026-11-16", date(2026, 11, 30)),
        (9, "2027-03-03", date(2027, 3, 18)),  # Niamh: Wednesday 17 March is a holiday in Northern Ireland
        (RACHEL, "2027-03-03", date(2027, 3, 17)),
    ],
)
def test_a_due_day_that_is_ones_own_holiday_moves_on(
    people: Database, person: int, asked_on: str, due_on: date
) -> None:
    number = ask(people, TaskKind.REFLECT, at(asked_on), person_id=person)
    assert task(people, number).due_on == due_on


def test_a_day_is_a_working_day_of_ours_and_of_the_persons_own(people: Database) -> None:
    with people.reading() as session:
        fiona, rachel = session.get_one(Person, FIONA), session.get_one(Person, RACHEL)
        # Friday 1 January 2027 everywhere, Monday 4 January in Scotland alone (for the 2nd, a Saturday).
        assert deadlines.own_day(session, date(2027, 1, 1), fiona) == date(2027, 1, 5)
        assert deadlines.own_day(session, date(2027, 1, 1), rachel) == date(2027, 1, 4)
        # Easter Monday is none in Scotland, and one of ours.
        assert deadlines.own_day(session, date(2027, 3, 29), fiona) == date(2027, 3, 30)
        assert deadlines.own_day(session, date(2027, 3, 29), None) == date(2027, 3, 30)


def test_nobody_in_line_is_shown_and_never_done(people: Database) -> None:
    with people.transaction() as session:
        for role in session.scalars(select(Role)):
            session.delete(role)
    number = ask(people)
    assert task(people, number).person_id is None
    with people.reading() as session:
        assert session.get_one(Case, REFERENCE).attention == "nobody-in-line"
    fire(people, at("2027-03-01"))
    assert task(people, number).status is TaskStatus.OPEN


def test_somebody_in_conflict_is_passed_over(people: Database) -> None:
    with people.transaction() as session:
        session.add(Interest(person_id=MARY, reference=REFERENCE, declared_at=TUESDAY))
    assert task(people, ask(people)).person_id == GARETH


# ---- the ladder


def test_the_ladder_is_a_letter_after_the_day_and_a_line_for_the_chair(people: Database) -> None:
    ask(people)  # due on Friday the 8th; N21 five working days before would be in the past
    with people.reading() as session:
        rows = {row.code: row.fires_at for row in session.scalars(select(LadderRow))}
    assert rows == {
        "N22": datetime(2027, 1, 11, 8, 30, tzinfo=UTC),
        "N23": datetime(2027, 1, 22, 8, 30, tzinfo=UTC),
    }
    fire(people, at("2027-01-11", 8, 29))
    assert late_letters(people) == []
    for _ in range(2):
        fire(people, at("2027-01-11", 8, 30))
    assert late_letters(people) == ["p19@example.org"]
    fire(people, at("2027-01-22", 8, 30))
    with people.reading() as session:
        assert session.scalars(select(DigestItem.person_id).filter_by(code="N23")).all() == [AMARA]


def test_a_long_task_is_brought_up_in_the_digest_five_days_before(people: Database) -> None:
    number = ask(people, TaskKind.REFLECT, at("2027-01-05"), person_id=RACHEL)  # due on the 19th
    fire(people, at("2027-01-12", 8, 30))
    with people.reading() as session:
        line = session.scalars(select(DigestItem)).one()
        assert (line.code, line.person_id, line.key) == ("N21", RACHEL, f"N21:task:{number}")
    assert late_letters(people) == []


def test_an_outsider_gets_a_form_link_by_the_hours_of_the_case(people: Database) -> None:
    with people.transaction() as session:
        session.get_one(Case, REFERENCE).nation = session.get_one(Person, FIONA).nation
    ask(people, TaskKind.CORRECT, at("2026-11-13"), address="stranger@example.com")  # due on the 27th
    fire(people, at("2026-11-30", 8, 30))  # St Andrew's Day
    with people.reading() as session:
        letter = session.scalars(select(Notice).filter_by(code="N22")).one()
        assert (letter.address, letter.link_to) == ("stranger@example.com", f"task:{letter.task_id}")
        assert letter.due_at == datetime(2026, 12, 1, 8, 30, tzinfo=UTC)


def test_nobody_in_conflict_is_told_that_it_is_late(people: Database) -> None:
    ask(people)
    with people.transaction() as session:
        session.add(Interest(person_id=MARY, reference=REFERENCE, declared_at=TUESDAY))
        session.add(Interest(person_id=AMARA, reference=REFERENCE, declared_at=TUESDAY))
    fire(people, at("2027-01-22", 8, 30))
    assert late_letters(people) == []
    with people.reading() as session:
        assert session.scalars(select(DigestItem)).all() == []


def test_a_case_on_hold_is_not_brought_up_but_the_look_at_it_is(people: Database) -> None:
    ask(people)
    ask(people, TaskKind.REVIEW_HOLD)  # the Chair's, due on the 12th
    with people.transaction() as session:
        session.get_one(Case, REFERENCE).status = CaseStatus.ON_HOLD
    fire(people, at("2027-02-01", 8, 30))
    assert late_letters(people) == ["p01@example.org"]


# ---- done, dropped


def test_a_task_is_done_once_and_its_letters_are_cancelled(people: Database) -> None:
    number = ask(people)
    fire(people, at("2027-01-11", 8, 30))

    def finish(session: Session) -> None:
        tasks.finish(session, tasks.get(session, number), by=signed_in(MARY), now=at("2027-01-11", 9))

    people.run(finish)
    with pytest.raises(WrongMomentError, match="done already"):
        people.run(finish)
    found = task(people, number)
    assert (found.status, found.done_by_id) == (TaskStatus.DONE, MARY)
    assert late_letters(people) == []
    fire(people, at("2027-02-01"))
    assert late_letters(people) == []


def test_a_dropped_task_stays_dropped(people: Database) -> None:
    number = ask(people)
    for _ in range(2):
        people.run(lambda session: tasks.drop_all(session, REFERENCE, by=ENGINE, now=TUESDAY))
    assert task(people, number).status is TaskStatus.VOID
    with people.reading() as session:
        assert tasks.open_tasks(session, REFERENCE) == []
        with pytest.raises(WrongMomentError, match="not asked for now"):
            tasks.the_open_task(session, REFERENCE, TaskKind.CHECK)
        with pytest.raises(NotFoundError):
            tasks.get(session, 999)


def test_a_rung_that_a_moved_ladder_lacks_is_gone(people: Database) -> None:
    number = ask(
        people, TaskKind.REFLECT, at("2027-01-05"), person_id=RACHEL
    )  # due on the 19th, N21 on the 12th
    subject = f"task:{number}"

    def move(session: Session) -> None:
        due_on = date(2027, 1, 20)
        now = at("2027-01-13", 9)
        rungs = tasks.ladder(session, due_on, now=now)
        assert [rung.code for rung in rungs] == ["N22", "N23"]  # N21 would be today
        deadlines.move_deadline(session, subject, due_on=due_on, ladder=rungs, now=now)

    people.run(move)
    fire(people, at("2027-01-13", 10))
    with people.reading() as session:
        assert session.scalars(select(DigestItem)).all() == []
        rows = {row.code: row.fires_at for row in session.scalars(select(LadderRow))}
    assert rows["N22"] == datetime(2027, 1, 21, 8, 30, tzinfo=UTC)


def test_the_secretary_is_asked_for_what_has_no_case(people: Database) -> None:
    def do(session: Session) -> int:
        return tasks.ask(session, TaskKind.SETTLE_LETTER, None, subject="notice:1", now=TUESDAY).id

    found = task(people, people.run(do))
    assert (found.person_id, found.due_on) == (JOAN, date(2027, 1, 6))
