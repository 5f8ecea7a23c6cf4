from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Link
from plr.errors import LinkDeadError
from plr.operations import links
from tests.factories import AMARA, GARETH, add_people, make_database

NOW = datetime(2027, 3, 18, 10, 0, tzinfo=UTC)
TRIAGE, POSITION = "approval:A-PLR-R-2027-001-TRIAGE", "approval:A-PLR-R-2027-001-POSITION"


@pytest.fixture(scope="module")
def staffed() -> Iterator[Session]:
    database = make_database("sqlite://")
    with database.transaction() as session:
        add_people(session)
        yield session
    database.engine.dispose()


@pytest.fixture
def session(staffed: Session) -> Iterator[Session]:
    with staffed.begin_nested() as point:
        yield staffed
        point.rollback()


def _mint(session: Session, person_id: int = AMARA, opens: str = TRIAGE) -> str:
    return links.mint(session, notice_id=None, person_id=person_id, opens=opens, now=NOW)


def _is_dead(session: Session, token: str) -> bool:
    try:
        links.find(session, token, now=NOW + timedelta(minutes=1))
    except LinkDeadError:
        return True
    return False


def test_a_link_finds_what_it_opens_and_for_whom(session: Session) -> None:
    link = links.find(session, _mint(session), now=NOW)
    assert (link.opens, link.person_id, link.address) == (TRIAGE, AMARA, "p01@example.org")


def test_a_token_has_256_bits_and_only_its_hash_is_kept(session: Session) -> None:
    token = _mint(session)
    assert len(token) == 43
    kept = session.scalars(select(Link)).one()
    assert kept.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in {str(getattr(kept, column.key)) for column in Link.__table__.columns}


def test_every_sending_has_its_own_token_and_all_work(session: Session) -> None:
    tokens = [_mint(session) for _ in range(50)]
    assert len(set(tokens)) == 50
    assert not any(_is_dead(session, token) for token in tokens)


def test_an_answered_question_ends_its_links_of_everybody_and_no_others(session: Session) -> None:
    mine, theirs, other = _mint(session), _mint(session, GARETH), _mint(session, opens=POSITION)
    assert links.kill(session, opens=TRIAGE, reason="answered", now=NOW) == 2
    assert [_is_dead(session, token) for token in (mine, theirs, other)] == [True, True, False]


def test_a_conflict_ends_only_that_persons_links_to_that_record(session: Session) -> None:
    mine, theirs, other = _mint(session), _mint(session, GARETH), _mint(session, opens=POSITION)
    links.kill(session, opens=TRIAGE, person_id=AMARA, reason="interest", now=NOW)
    assert [_is_dead(session, token) for token in (mine, theirs, other)] == [True, False, False]


def test_a_link_that_died_keeps_its_first_reason(session: Session) -> None:
    _mint(session)
    links.kill(session, opens=TRIAGE, reason="answered", now=NOW)
    assert links.kill(session, opens=TRIAGE, reason="left", now=NOW) == 0
    assert session.scalars(select(Link.dead_reason)).all() == ["answered"]


def test_killing_needs_to_know_which_links(session: Session) -> None:
    with pytest.raises(ValueError, match="which links"):
        links.kill(session, reason="answered", now=NOW)


def test_a_dead_link_and_an_unknown_one_answer_alike(session: Session) -> None:
    dead = _mint(session)
    links.kill(session, opens=TRIAGE, reason="answered", now=NOW)
    said = []
    for token in (dead, "x" * 43):
        with pytest.raises(LinkDeadError) as refused:
            links.find(session, token, now=NOW)
        said.append(str(refused.value))
    assert said[0] == said[1]


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_as_a_token_is_a_dead_link_and_nothing_worse(staffed: Session, token: str) -> None:
    with pytest.raises(LinkDeadError):
        links.find(staffed, token, now=NOW)
