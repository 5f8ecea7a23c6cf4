"""What time brings: each rung once, one case never stopping another, and the watch over the mail."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Deadline, LadderRow, Notice, Person, Role, Task
from plr.db.session import Database
from plr.domain import notices as letters
from plr.domain.actors import ENGINE
from plr.domain.words import CaseStatus, NoticeStatus, Office, TaskKind
from plr.operations import audit, deadlines, notices, tasks, upkeep, watching
from tests.factories import JOAN, RACHEL, REFERENCE, TOM, add_case, add_people, at

TUESDAY = at("2027-01-05")
OTHER = "PLR-R-2027-002"


@pytest.fixture
def people(database: Database) -> Database:
    with database.transaction() as session:
        add_people(session)
        add_case(session, status=CaseStatus.SCREENING)
        add_case(session, OTHER, status=CaseStatus.SCREENING)
    return database


def count(database: Database, code: str) -> int:
    with database.reading() as session:
        return len(session.scalars(select(Notice).filter_by(code=code)).all())


# ---- ladders


def test_one_failing_reminder_stops_no_other_and_is_tried_again(people: Database) -> None:
    def ask(session: Session) -> None:
        for reference in (REFERENCE, OTHER):
            tasks.ask(session, TaskKind.CHECK, reference, now=TUESDAY)
        session.execute(delete(Task).where(Task.reference == REFERENCE))  # its rung points nowhere

    people.run(ask)
    for _ in range(2):
        people.run(lambda session: upkeep.fire_ladders(session, at("2027-01-11", 8, 30)))
    assert count(people, "N22") == 1
    with people.reading() as session:
        unfired = select(Deadline.reference).join(LadderRow).where(LadderRow.fired_at.is_(None))
        assert session.scalars(unfired.where(LadderRow.code == "N22")).all() == [REFERENCE]


def test_a_rung_is_claimed_by_one(people: Database) -> None:
    people.run(lambda session: tasks.ask(session, TaskKind.CHECK, REFERENCE, now=TUESDAY).id)

    def twice(session: Session) -> list[bool]:
        row, _ = deadlines.due_rows(session, now=at("2027-01-11", 8, 30))[0]
        return [deadlines.claim(session, row, now=TUESDAY) for _ in range(2)]

    assert people.run(twice) == [True, False]


# ---- the mail


def waiting(database: Database, *, error: str | None, attempts: int = 0) -> None:
    def do(session: Session) -> None:
        letter = letters.SignInCode(given_name="Jo")
        notices.queue(session, letter, to=session.get_one(Person, JOAN), cause="c", now=TUESDAY)
        session.flush()
        made = session.scalars(select(Notice)).one()
        made.last_error, made.attempts = error, attempts

    database.run(do)


def watch(database: Database, now: datetime) -> None:
    database.run(lambda session: watching.watch(session, now))


def test_the_it_contact_is_told_once_a_day_that_letters_do_not_leave(people: Database) -> None:
    with people.transaction() as session:
        session.add(Role(person_id=TOM, office=Office.IT_CONTACT))
    waiting(people, error="The mail server is away.")
    watch(people, TUESDAY + timedelta(minutes=14))
    assert count(people, "N60") == 0
    for minutes in (15, 16, 300):
        watch(people, TUESDAY + timedelta(minutes=minutes))
    assert count(people, "N60") == 1
    watch(people, TUESDAY + timedelta(days=1))
    assert count(people, "N60") == 2


@pytest.mark.parametrize(("error", "attempts"), [(None, 0), ("450 later", 1)])
def test_a_letter_not_tried_or_put_off_by_itself_is_no_alarm(
    people: Database, error: str | None, attempts: int
) -> None:
    with people.transaction() as session:
        session.add(Role(person_id=TOM, office=Office.IT_CONTACT))
    waiting(people, error=error, attempts=attempts)
    watch(people, TUESDAY + timedelta(hours=1))
    assert count(people, "N60") == 0


def test_without_an_it_contact_nobody_is_written_to(people: Database) -> None:
    waiting(people, error="The mail server is away.")
    watch(people, TUESDAY + timedelta(hours=1))
    assert count(people, "N60") == 0
    with people.reading() as session:
        assert session.scalars(select(Notice.status)).all() == [NoticeStatus.WAITING]


# ---- checkpoints


def checkpoints_made(database: Database) -> int:
    with database.reading() as session:
        return len(session.scalars(select(AuditEntry.id).filter_by(event="audit.checkpoint")).all())


def test_a_checkpoint_is_made_every_ten_minutes_if_something_happened(people: Database) -> None:
    def happen(session: Session) -> None:
        audit.record(session, REFERENCE, "case.moved", f"case:{REFERENCE}", by=ENGINE, now=TUESDAY)

    def keep(minutes: int) -> int:
        now = TUESDAY + timedelta(minutes=minutes)
        people.run(lambda session: upkeep.make_checkpoint(session, now))
        return checkpoints_made(people)

    assert keep(0) == 0  # nothing has happened yet
    people.run(happen)
    assert keep(1) == 1
    people.run(happen)
    assert keep(10) == 1
    assert keep(11) == 2
    assert keep(60) == 2


# ---- people who have left


def test_what_a_leaver_held_moves_to_the_next_in_line(people: Database) -> None:
    def ask(session: Session) -> None:
        tasks.ask(session, TaskKind.CHECK, REFERENCE, now=TUESDAY)
        tasks.ask(session, TaskKind.CORRECT, REFERENCE, person_id=RACHEL, now=TUESDAY)
        for person in session.scalars(select(Person).where(Person.id.in_([RACHEL, 19]))):
            person.last_day_on = TUESDAY.date()

    people.run(ask)
    people.run(lambda session: upkeep.hand_on(session, TUESDAY))
    held = select(Task.person_id).order_by(Task.id)
    with people.reading() as session:
        assert session.scalars(held).all() == [19, RACHEL]  # the last day still counts
    people.run(lambda session: upkeep.hand_on(session, at("2027-01-06")))
    with people.reading() as session:
        assert session.scalars(held).all() == [2, JOAN]
