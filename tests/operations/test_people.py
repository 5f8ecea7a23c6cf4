"""People: import, offices, deputies, addresses, leave and last days."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import (
    Approval,
    Leave,
    Link,
    Notice,
    Person,
    RememberedBrowser,
    Role,
    Task,
    WebSession,
)
from plr.db.session import Database
from plr.domain.access import AccessRule
from plr.domain.actors import Actor
from plr.domain.people_file import FileRole
from plr.domain.words import ApprovalKind, Office, TaskKind, TaskStatus, Via
from plr.errors import InvalidInputError, NotEligibleError
from plr.operations import access, approvals, links, people, people_import, tasks
from tests.factories import (
    AMARA,
    GARETH,
    HELEN,
    JOAN,
    MARY,
    REFERENCE,
    SUNITA,
    TOM,
    add_case,
    add_people,
    at,
    signed_in,
)

NOW = at("2027-01-04", 10)
SECRETARY = Actor(JOAN, Via.CLI)
RULE = AccessRule(10, 5, 5, 10, 50, 60, 12, 5, 90)


@pytest.fixture
def session(database: Database) -> Generator[Session]:
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def staffed(session: Session) -> Session:
    add_people(session)
    return session


def letters(session: Session, code: str) -> list[str]:
    return list(session.scalars(select(Notice.address).where(Notice.code == code).order_by(Notice.address)))


def count(session: Session, table: type[object]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


# ---- offices, deputies, addresses


def test_a_role_given_twice_is_written_once(staffed: Session) -> None:
    role = FileRole(Office.LIAISON_LEAD, date(2027, 1, 1))
    assert people.give_role(staffed, TOM, role, by=SECRETARY, now=NOW) is True
    assert people.give_role(staffed, TOM, role, by=SECRETARY, now=NOW) is False
    assert len(staffed.scalars(select(Role).where(Role.office == Office.LIAISON_LEAD)).all()) == 1


def test_a_role_is_ended_by_its_last_day(staffed: Session) -> None:
    people.give_role(
        staffed, GARETH, FileRole(Office.VICE_CHAIR, None, date(2027, 1, 3)), by=SECRETARY, now=NOW
    )
    assert "Vice-Chair" not in people.vacant_offices(staffed, now=NOW)
    people.give_role(staffed, AMARA, FileRole(Office.CHAIR, None, date(2027, 1, 3)), by=SECRETARY, now=NOW)
    assert people.vacant_offices(staffed, now=NOW) == ["Chair"]


def test_a_representative_needs_a_region(staffed: Session) -> None:
    with pytest.raises(InvalidInputError, match="needs a region"):
        people.give_role(staffed, MARY, FileRole(Office.REPRESENTATIVE), by=SECRETARY, now=NOW)


def test_everybody_may_name_their_own_deputy_and_nobody_elses(staffed: Session) -> None:
    people.name_deputy(staffed, TOM, SUNITA, by=signed_in(TOM), now=NOW)
    assert staffed.get_one(Person, TOM).deputy_id == SUNITA
    with pytest.raises(NotEligibleError):
        people.name_deputy(staffed, AMARA, SUNITA, by=signed_in(TOM), now=NOW)
    with pytest.raises(InvalidInputError, match="the same person"):
        people.name_deputy(staffed, TOM, TOM, by=signed_in(TOM), now=NOW)


def test_with_no_secretary_and_no_chair_only_the_command_line_keeps_the_list(staffed: Session) -> None:
    ended = date(2027, 1, 3)
    for role in staffed.scalars(select(Role).where(Role.office != Office.REPRESENTATIVE)):
        role.to_on = ended
    staffed.flush()
    with pytest.raises(NotEligibleError):
        people.give_role(staffed, TOM, FileRole(Office.SECRETARY), by=signed_in(TOM), now=NOW)
    assert people.give_role(staffed, TOM, FileRole(Office.SECRETARY), by=Actor(TOM, Via.CLI), now=NOW)


def test_a_corrected_address_takes_waiting_letters_along_and_ends_what_the_old_one_opened(
    staffed: Session,
) -> None:
    add_case(staffed)
    ask(staffed)
    token = links.mint(staffed, notice_id=None, person_id=AMARA, opens="approval:X", now=NOW)
    session_token = access.begin_session(staffed, AMARA, Via.LINK, now=NOW, rule=RULE)
    people.correct_address(staffed, AMARA, "Amara@Example.org", by=SECRETARY, now=NOW)
    assert letters(staffed, "N24") == ["amara@example.org"]
    assert access.session_person(staffed, session_token, now=NOW, rule=RULE) is None
    assert staffed.scalars(select(Link.dead_at).where(Link.person_id == AMARA)).one() == NOW
    assert token


def test_an_address_of_another_person_is_refused(staffed: Session) -> None:
    with pytest.raises(InvalidInputError, match="somebody else's"):
        people.correct_address(staffed, AMARA, "P02@example.org", by=SECRETARY, now=NOW)


# ---- leave


def leave(
    session: Session,
    first: str,
    last: str,
    delegate: int | None = GARETH,
    *,
    who: int = AMARA,
    now: datetime = NOW,
) -> int:
    return people.set_leave(
        session,
        who,
        from_on=date.fromisoformat(first),
        to_on=date.fromisoformat(last),
        delegate_id=delegate,
        by=SECRETARY,
        now=now,
    )


def test_leave_tells_delegate_and_secretary_and_noting_it_twice_tells_them_once(staffed: Session) -> None:
    assert leave(staffed, "2027-02-01", "2027-02-05") == leave(staffed, "2027-02-01", "2027-02-05")
    assert letters(staffed, "N28") == ["p02@example.org", "p03@example.org"]


def test_leave_that_begins_today_moves_the_open_questions(staffed: Session) -> None:
    add_case(staffed)
    ask(staffed)
    leave(staffed, "2027-01-04", "2027-01-08")
    row = staffed.scalars(select(Approval)).one()
    assert (row.holder_id, row.on_behalf_of_id) == (GARETH, AMARA)


def test_another_last_day_moves_the_end_of_the_same_leave(staffed: Session) -> None:
    leave(staffed, "2027-01-04", "2027-01-08")
    leave(staffed, "2027-01-04", "2027-01-15")
    (kept,) = staffed.scalars(select(Leave)).all()
    assert kept.to_on == date(2027, 1, 15)


def test_leave_to_come_that_overlaps_is_replaced(staffed: Session) -> None:
    leave(staffed, "2027-02-01", "2027-02-05")
    leave(staffed, "2027-02-03", "2027-02-12")
    (amara,) = [person for person in people.listed(staffed, now=NOW) if person.code == "P01"]
    assert amara.away == ((date(2027, 2, 3), date(2027, 2, 12)),)


@pytest.mark.parametrize(
    ("first", "last", "delegate", "words"),
    [
        ("2027-02-05", "2027-02-01", GARETH, "before the first day"),
        ("2026-12-01", "2026-12-05", GARETH, "or past"),
        ("2027-02-01", "2027-02-05", AMARA, "same person"),
    ],
)
def test_impossible_leave_is_refused(
    staffed: Session, first: str, last: str, delegate: int, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        leave(staffed, first, last, delegate)
    assert count(staffed, Leave) == 0


def test_a_delegate_who_is_away_and_the_chair_for_the_association_chair_are_refused(staffed: Session) -> None:
    leave(staffed, "2027-02-01", "2027-02-05", None, who=GARETH)
    with pytest.raises(InvalidInputError, match="on leave then too"):
        leave(staffed, "2027-02-01", "2027-02-05", GARETH)
    with pytest.raises(InvalidInputError, match="is the Chair"):
        leave(staffed, "2027-02-01", "2027-02-05", AMARA, who=HELEN)


# ---- last days


def ask(session: Session) -> str:
    return approvals.ask(
        session,
        REFERENCE,
        ApprovalKind.TRIAGE,
        subject="submission",
        subject_version=1,
        content_hash="0" * 64,
        author_id=None,
        now=NOW,
    )


def test_on_the_last_day_nothing_ends_and_after_it_everything_does(staffed: Session) -> None:
    token = access.begin_session(staffed, AMARA, Via.LINK, now=NOW, rule=RULE)
    browser = access.remember_browser(staffed, AMARA, now=NOW, rule=RULE)
    links.mint(staffed, notice_id=None, person_id=AMARA, opens="approval:X", now=NOW)
    people.set_last_day(staffed, AMARA, date(2027, 1, 4), by=SECRETARY, now=NOW)
    assert access.session_person(staffed, token, now=NOW, rule=RULE) is not None
    after = at("2027-01-05", 9)
    people.hand_on(staffed, now=after)
    assert staffed.scalars(select(WebSession.ended_at)).one() == after
    assert staffed.scalars(select(RememberedBrowser.revoked_at)).one() == after
    assert staffed.scalars(select(Link.dead_reason)).one() == "left"
    assert access.browser_person(staffed, browser, now=after) is None
    assert people.hand_on(staffed, now=after) == 0


def test_open_questions_go_to_the_next_in_line_after_the_last_day(staffed: Session) -> None:
    add_case(staffed)
    ask(staffed)
    people.set_last_day(staffed, AMARA, date(2027, 1, 4), by=SECRETARY, now=NOW)
    row = staffed.scalars(select(Approval)).one()
    assert row.holder_id == AMARA
    people.hand_on(staffed, now=at("2027-01-05", 9))
    assert row.holder_id == GARETH


def test_open_tasks_go_to_the_next_in_line_after_the_last_day(staffed: Session) -> None:
    add_case(staffed)
    check = tasks.ask(staffed, TaskKind.CHECK, REFERENCE, now=NOW)
    own = tasks.ask(staffed, TaskKind.FOLLOW_UP, REFERENCE, person_id=MARY, now=NOW)
    assert check.person_id == MARY
    people.set_last_day(staffed, MARY, date(2027, 1, 1), by=SECRETARY, now=NOW)
    assert check.person_id == GARETH
    assert own.person_id == JOAN


def test_a_reflector_who_has_left_is_not_waited_for(staffed: Session) -> None:
    add_case(staffed)
    task = tasks.ask(staffed, TaskKind.REFLECT, REFERENCE, person_id=TOM, now=NOW)
    people.set_last_day(staffed, TOM, date(2027, 1, 1), by=SECRETARY, now=NOW)
    assert task.status is TaskStatus.VOID


def test_a_task_nobody_could_do_is_asked_once_the_office_is_filled(staffed: Session) -> None:
    add_case(staffed)
    for number in (MARY, GARETH):
        people.set_last_day(staffed, number, date(2027, 1, 1), by=SECRETARY, now=NOW)
    task = tasks.ask(staffed, TaskKind.CHECK, REFERENCE, now=NOW)
    assert task.person_id is None
    people.give_role(staffed, TOM, FileRole(Office.DATA_PROTECTION_LEAD), by=SECRETARY, now=NOW)
    people.hand_on(staffed, now=NOW)
    assert staffed.get_one(Task, task.id).person_id == TOM


def test_somebody_who_has_left_is_no_longer_listed_or_exported(staffed: Session) -> None:
    people.set_last_day(staffed, TOM, date(2027, 1, 3), by=SECRETARY, now=NOW)
    assert "P07" not in [person.code for person in people.listed(staffed, now=NOW)]
    rows = {row["id"]: row for row in people_import.export_rows(staffed, now=NOW)}
    assert "P07" not in rows
    assert rows["P19"]["deputy"] == ""


def test_only_the_secretary_sets_a_last_day(staffed: Session) -> None:
    refused: list[Callable[[], object]] = [
        lambda: people.set_last_day(staffed, TOM, date(2027, 1, 4), by=signed_in(TOM), now=NOW),
        lambda: people.correct_address(staffed, TOM, "tom@example.org", by=signed_in(TOM), now=NOW),
        lambda: people.give_role(staffed, TOM, FileRole(Office.CHAIR), by=signed_in(TOM), now=NOW),
    ]
    for attempt in refused:
        with pytest.raises(NotEligibleError):
            attempt()
