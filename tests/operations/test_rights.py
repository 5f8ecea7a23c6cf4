"""Who may do what with a case, as a table of roles, acts and states: in the operations, by any door (T3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from plr.db.models import Case, Interest, Person, Role, Submission, Task
from plr.db.session import Database
from plr.domain.actors import ENGINE, Actor
from plr.domain.london import london_day
from plr.domain.words import CaseStatus, Depth, Nation, Office, TaskKind, TaskStatus, Via
from plr.errors import NotEligibleError, PlrError, WrongMomentError
from plr.operations import cases, reflections, rights
from plr.operations.rights import Act
from tests.factories import (
    AMARA,
    FIONA,
    GARETH,
    HELEN,
    JOAN,
    LONG_AGO,
    MARY,
    NIAMH,
    RACHEL,
    REFERENCE,
    TOM,
    add_case,
    add_people,
    at,
    make_database,
    signed_in,
)

NOW = at("2027-06-01")
STRANGER, ELEANOR, LEFT = 31, 32, 33
PEOPLE = {
    "Chair": AMARA,
    "Vice-Chair": GARETH,
    "secretary": JOAN,
    "AoCPP Chair": HELEN,
    "data-protection lead": MARY,
    "submitter": NIAMH,
    "representative": TOM,
    "member": RACHEL,
    "member in conflict": FIONA,
    "executive": ELEANOR,
    "somebody known": STRANGER,
    "member who has left": LEFT,
}
READERS = {
    *("Chair", "Vice-Chair", "secretary", "AoCPP Chair", "data-protection lead", "submitter"),
    *("representative", "member"),
}
WHO: dict[Act, set[str]] = {
    Act.HOLD: {"Chair", "secretary"},
    Act.RESUME: {"Chair", "secretary"},
    Act.WITHDRAW: {"Chair", "secretary", "submitter"},
    Act.DECLINE: {"Chair"},
    Act.DEEPEN: {"Chair"},
    Act.BREACH: READERS,
    Act.REASSIGN: {"Chair", "secretary"},
}
BEFORE_ISSUE = {
    *("submitted", "screening", "returned", "triage", "reflecting", "synthesis", "draft_position"),
    "group_agreed",
}
# "approved" lasts within one transaction: nothing is done to a case then.
OPEN = BEFORE_ISSUE | {"issued", "follow_up"}
WHEN: dict[Act, set[str]] = {
    Act.HOLD: OPEN,
    Act.RESUME: {"on_hold"},
    Act.WITHDRAW: OPEN | {"on_hold"},
    Act.DECLINE: BEFORE_ISSUE | {"on_hold"},
    Act.DEEPEN: {"reflecting"},
    Act.BREACH: OPEN | {"on_hold"},
    Act.REASSIGN: {"reflecting"},
}
DO: dict[Act, Callable[[Session, Actor], object]] = {
    Act.HOLD: lambda s, by: cases.hold(
        s, REFERENCE, until_on=london_day(NOW) + timedelta(days=9), reason="To wait.", by=by, now=NOW
    ),
    Act.RESUME: lambda s, by: cases.resume(s, REFERENCE, by=by, now=NOW),
    Act.WITHDRAW: lambda s, by: cases.withdraw(s, REFERENCE, reason="Sent twice.", by=by, now=NOW),
    Act.DECLINE: lambda s, by: cases.decline(s, REFERENCE, reason="Not ours.", by=by, now=NOW),
    Act.DEEPEN: lambda s, by: cases.deepen(s, REFERENCE, reason="A new kind.", by=by, now=NOW),
    Act.BREACH: lambda s, by: cases.breach(s, REFERENCE, by=by, now=NOW),
    Act.REASSIGN: lambda s, by: reflections.reassign(s, REFERENCE, [TOM], reason="In time.", by=by, now=NOW),
}


@dataclass(frozen=True)
class Tried:
    """What came of an act: its refusal, and the case after it."""

    refusal: PlrError | None
    status: CaseStatus


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    home: Path = tmp_path_factory.mktemp("rights")
    made = make_database(f"sqlite:///{home / 'plr.db'}")
    with made.transaction() as session:
        add_people(session)
        for number, name, member, last in (
            (STRANGER, "Ian Frost", False, None),
            (ELEANOR, "Eleanor Vance", False, None),
            (LEFT, "Owen Price", True, london_day(LONG_AGO)),
        ):
            session.add(
                Person(
                    id=number,
                    code=f"P{number}",
                    name=name,
                    email=f"p{number}@example.org",
                    nation=Nation.ENGLAND,
                    member=member,
                    joined_at=LONG_AGO,
                    last_day_on=last,
                )
            )
        session.flush()
        session.add(Role(person_id=ELEANOR, office=Office.EXECUTIVE))
    yield made
    made.engine.dispose()


class _TakenBackError(Exception):
    pass


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A transaction that leaves nothing."""
    try:
        with database.transaction() as opened:
            yield opened
            raise _TakenBackError  # noqa: TRY301 - the transaction must see it
    except _TakenBackError:
        return


def a_case(session: Session, status: CaseStatus, act: Act) -> Case:
    """A case in a state, ready for the act as far as the state lets it be."""
    depth = Depth.LIGHT if act is Act.DEEPEN else Depth.FULL
    case = add_case(session, status=status, depth=depth)
    session.add(Interest(person_id=FIONA, reference=REFERENCE, declared_at=LONG_AGO))
    session.add(
        Submission(
            reference=REFERENCE,
            version=1,
            content={},
            content_hash="0" * 64,
            submitted_at=LONG_AGO,
            via=Via.API.value,
        )
    )
    if status is CaseStatus.ON_HOLD:
        case.held_status, case.held_since_on = CaseStatus.TRIAGE, london_day(NOW)
        case.held_until_on = london_day(NOW) + timedelta(days=9)
    if status in {CaseStatus.ISSUED, CaseStatus.FOLLOW_UP, CaseStatus.CLOSED}:
        case.issued_at = LONG_AGO
    if act is Act.REASSIGN:
        session.add(
            Task(
                kind=TaskKind.REASSIGN,
                reference=REFERENCE,
                office=Office.CHAIR,
                person_id=AMARA,
                status=TaskStatus.OPEN,
                asked_at=LONG_AGO,
            )
        )
    session.flush()
    return case


def tried(session: Session, act: Act, by: Actor) -> Tried:
    refusal = None
    try:
        with session.begin_nested():
            DO[act](session, by)
    except PlrError as error:
        refusal = error
    session.expire_all()
    return Tried(refusal, session.get_one(Case, REFERENCE).status)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("status", CaseStatus)
def test_only_those_of_the_table_may_and_only_in_its_states(
    session: Session, act: Act, status: CaseStatus
) -> None:
    case = a_case(session, status, act)

    may = {role for role, number in PEOPLE.items() if rights.may(session, number, act, case, now=NOW)}

    assert may == (WHO[act] if status.value in WHEN[act] else set())


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("role", PEOPLE)
def test_the_operation_itself_refuses_who_has_no_right(session: Session, act: Act, role: str) -> None:
    status = CaseStatus.ON_HOLD if act is Act.RESUME else CaseStatus.REFLECTING
    a_case(session, status, act)

    done = tried(session, act, signed_in(PEOPLE[role]))

    if role in WHO[act]:
        assert done.refusal is None
        assert done.status is not status or act is Act.REASSIGN
    else:
        assert isinstance(done.refusal, NotEligibleError)
        assert done.status is status


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("status", CaseStatus)
def test_the_operation_refuses_the_chair_in_every_other_state(
    session: Session, act: Act, status: CaseStatus
) -> None:
    a_case(session, status, act)

    done = tried(session, act, signed_in(AMARA))

    if status.value in WHEN[act]:
        assert done.refusal is None
    else:
        assert isinstance(done.refusal, WrongMomentError)
        assert done.status is status


@pytest.mark.parametrize(
    ("recorder", "holder", "allowed"),
    [
        (JOAN, AMARA, True),
        (JOAN, RACHEL, False),
        (JOAN, STRANGER, False),
        (RACHEL, AMARA, False),
        (AMARA, RACHEL, False),
    ],
    ids=["secretary for Chair", "for member", "for stranger", "member for Chair", "Chair for member"],
)
def test_the_secretary_acts_for_who_has_the_right_and_nobody_else_for_anybody(
    session: Session, recorder: int, holder: int, allowed: bool
) -> None:
    a_case(session, CaseStatus.REFLECTING, Act.DEEPEN)

    done = tried(session, Act.DEEPEN, Actor(recorder, Via.CLI, for_id=holder))

    assert (done.refusal is None) is allowed


@pytest.mark.parametrize("act", [Act.HOLD, Act.WITHDRAW, Act.DECLINE, Act.BREACH])
def test_the_engine_acts_by_itself_and_a_component_without_a_name_does_not(
    session: Session, act: Act
) -> None:
    a_case(session, CaseStatus.REFLECTING, act)

    assert isinstance(tried(session, act, Actor(None, Via.API)).refusal, NotEligibleError)
    assert tried(session, act, ENGINE).refusal is None


def test_while_the_office_of_the_chair_is_vacant_the_next_in_line_has_its_rights(session: Session) -> None:
    case = a_case(session, CaseStatus.REFLECTING, Act.DECLINE)
    assert not rights.may(session, GARETH, Act.DECLINE, case, now=NOW)
    for role in session.get_one(Person, AMARA).roles:
        role.to_on = london_day(LONG_AGO)
    session.flush()

    assert rights.may(session, GARETH, Act.DECLINE, case, now=NOW)
    assert not rights.may(session, AMARA, Act.DECLINE, case, now=NOW)


def test_a_reason_is_kept_on_the_case(session: Session) -> None:
    case = a_case(session, CaseStatus.REFLECTING, Act.DEEPEN)

    cases.deepen(session, REFERENCE, reason="A new kind of case.", by=signed_in(AMARA), now=NOW)

    assert case.reason == "A new kind of case."


def test_a_case_that_is_a_breach_is_opened_by_those_who_look_after_it_only(session: Session) -> None:
    case = a_case(session, CaseStatus.BREACH, Act.BREACH)

    opened = {role for role, number in PEOPLE.items() if rights.may_open(session, number, case, now=NOW)}

    assert opened == {"Chair", "data-protection lead"}


def test_who_is_asked_about_a_case_may_open_it(session: Session) -> None:
    case = a_case(session, CaseStatus.TRIAGE, Act.HOLD)
    assert not rights.may_open(session, STRANGER, case, now=NOW)
    session.add(
        Task(
            kind=TaskKind.CHECK,
            reference=REFERENCE,
            person_id=STRANGER,
            status=TaskStatus.OPEN,
            asked_at=NOW,
        )
    )
    session.flush()

    assert rights.may_open(session, STRANGER, case, now=NOW)


def test_every_act_has_its_row() -> None:
    assert set(rights.RULES) == set(Act) == set(WHO) == set(WHEN) == set(DO)
