from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db import copies, schema
from plr.db.backups import backup
from plr.db.models import AuditEntry, Case, Counter, Installation, Link, Notice, Person
from plr.db.session import Database
from plr.domain.actors import Actor
from plr.domain.words import NoticeStatus, Via
from plr.errors import InvalidInputError, LinkDeadError, UnavailableError, WrongMomentError
from plr.operations import access, audit, checkpoints, epochs, links, references, signing_in, verification
from tests.factories import AMARA, JOAN, REFERENCE, add_case, add_people, make_rules

NOW = datetime(2027, 3, 18, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
SECRETARY = Actor(JOAN, Via.CLI)
T = TypeVar("T")


class World:
    """A set-up database with a case, a link, a session and a remembered browser."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        schema.upgrade(url, backup_to=None, now=NOW)
        self.database = Database(url, make_rules())
        rule = self.database.rules.access
        with self.database.transaction() as session:
            add_people(session)
            add_case(session)
            session.add(Counter(prefix="PLR-R", year=2027, last=1))
            audit.record(session, REFERENCE, "case.logged", f"case:{REFERENCE}", by=SECRETARY, now=NOW)
            self.link = links.mint(session, notice_id=None, person_id=AMARA, opens="approval:X", now=NOW)
            self.session = access.begin_session(session, AMARA, Via.LINK, now=NOW, rule=rule)
            self.browser = access.remember_browser(session, AMARA, now=NOW, rule=rule)
            self.head = checkpoints.head(session, now=NOW)

    def go_on(self, times: int = 3) -> list[str]:
        """Give references that the copy knows nothing of."""
        given = []
        for _ in range(times):
            with self.database.transaction() as session:
                given.append(references.next_reference(session, "PLR-R", 2027))
                add_case(session, given[-1])
                audit.record(session, given[-1], "case.logged", "case:x", by=SECRETARY, now=NOW)
        return given

    def stop(self) -> None:
        self.database.engine.dispose()

    def read(self, look: Callable[[Session], T]) -> T:
        with self.database.reading() as session:
            return look(session)

    def restore(self, path: Path, seen: list[str] | None = None) -> Path | None:
        self.stop()
        return copies.restore(
            self.url,
            path,
            open_epoch=lambda session: epochs.open_epoch(session, seen=seen or [], now=LATER),
        )


@pytest.fixture
def sqlite_world(tmp_path: Path) -> Iterator[World]:
    world = World(f"sqlite:///{tmp_path}/plr.db", tmp_path)
    yield world
    world.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/plr.db"
    else:
        url = str(request.getfixturevalue("fresh_postgres_url"))
        monkeypatch.setenv("PATH", str(request.getfixturevalue("postgres_tools")), prepend=os.pathsep)
    world = World(url, tmp_path)
    yield world
    world.stop()


# --- backup --------------------------------------------------------------------------------------------


def test_a_copy_is_made_while_the_database_is_in_use_and_only_its_owner_may_read_it(world: World) -> None:
    with world.database.transaction() as session:
        add_case(session, "PLR-R-2027-900")
        session.flush()
        path = backup(world.url, world.folder / "copies" / "one.db")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["one.db"]
    world.restore(path)
    assert world.read(lambda session: session.scalars(select(Case.reference)).all()) == [REFERENCE]


def test_a_copy_of_sqlite_is_one_sound_file(sqlite_world: World) -> None:
    path = backup(sqlite_world.url, sqlite_world.folder / "one.db")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute('SELECT reference FROM "case"').fetchall() == [(REFERENCE,)]
    connection.close()


def test_a_copy_never_takes_another_files_place(world: World) -> None:
    path = world.folder / "one.db"
    path.write_text("something dear")
    with pytest.raises(InvalidInputError, match="Choose another name"):
        backup(world.url, path)
    assert path.read_text() == "something dear"


def test_a_failed_copy_leaves_no_file(sqlite_world: World) -> None:
    sqlite_world.stop()
    file = sqlite_world.folder / "plr.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])
    with pytest.raises(UnavailableError):
        backup(sqlite_world.url, sqlite_world.folder / "copies" / "one.db")
    assert list((sqlite_world.folder / "copies").iterdir()) == []


def test_without_a_database_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="plr db upgrade"):
        backup(f"sqlite:///{tmp_path}/none.db", tmp_path / "one.db")


def test_without_postgresqls_tools_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="pg_dump is not installed"):
        backup("postgresql+psycopg://someone@127.0.0.1/plr", tmp_path / "one.sql")


# --- restore: Q19 --------------------------------------------------------------------------------------


def test_only_what_is_newer_than_the_copy_is_missing_and_the_audit_still_verifies(world: World) -> None:
    path = backup(world.url, world.folder / "one.db")
    world.go_on()
    world.restore(path)
    assert world.read(lambda session: session.scalars(select(Case.reference)).all()) == [REFERENCE]
    verdict = world.read(lambda session: verification.verify(session, world.head))
    assert verdict.ok, verdict


def test_letters_are_held_until_a_person_lets_them_go(world: World) -> None:
    rule = world.database.rules.access
    with world.database.transaction() as session:
        for email in ("p01@example.org", "p02@example.org"):
            signing_in.ask_code(
                session, email=email, browser_token="b", purpose="sign-in", now=NOW, rule=rule
            )
        session.scalars(select(Notice).limit(1)).one().status = NoticeStatus.CANCELLED
    world.restore(backup(world.url, world.folder / "one.db"))
    held = world.read(lambda session: session.scalars(select(Installation.letters_held)).one())
    assert held == copies.HELD == "restored"
    with world.database.transaction() as session:
        assert epochs.release_letters(session, by=SECRETARY, now=LATER) == 1
    assert world.read(lambda session: session.scalars(select(Installation.letters_held)).one()) is None
    with pytest.raises(WrongMomentError), world.database.transaction() as session:
        epochs.release_letters(session, by=SECRETARY, now=LATER)


def test_no_reference_seen_anywhere_is_given_again(world: World) -> None:
    path = backup(world.url, world.folder / "one.db")
    given = world.go_on(3)
    names = [f"2027-03-18_{given[2]}_summary_v1.docx", f"2027/reviews/{given[1]}/", "notes.txt"]
    world.restore(path, seen=names)
    with world.database.transaction() as session:
        assert references.next_reference(session, "PLR-R", 2027) == "PLR-R-2027-005"


def test_a_name_of_another_kind_moves_its_own_counter_only(world: World) -> None:
    world.restore(
        backup(world.url, world.folder / "one.db"), seen=["PLR-M-2027-04", "A-PLR-R-2026-118-TRIAGE"]
    )
    counters = world.read(lambda s: {(row.prefix, row.year): row.last for row in s.scalars(select(Counter))})
    assert counters == {("PLR-R", 2027): 1, ("PLR-M", 2027): 4, ("PLR-R", 2026): 118}


def test_links_sessions_browsers_and_codes_of_before_are_dead(world: World) -> None:
    rule = world.database.rules.access
    with world.database.transaction() as session:
        signing_in.ask_code(
            session, email="p01@example.org", browser_token="b", purpose="sign-in", now=NOW, rule=rule
        )
        digits = signing_in.hand_over_code(session, 1, now=LATER - timedelta(days=2), rule=rule)
    world.restore(backup(world.url, world.folder / "one.db"))
    with world.database.transaction() as session:
        with pytest.raises(LinkDeadError):
            links.find(session, world.link, now=LATER)
        assert session.scalars(select(Link.dead_reason)).one() == "restored"
        assert access.session_person(session, world.session, now=NOW, rule=rule) is None
        assert access.browser_person(session, world.browser, now=LATER) is None
        tried = signing_in.try_code(
            session, email="p01@example.org", browser_token="b", digits=digits, now=NOW, rule=rule
        )
        assert tried.person_id is None


def test_the_gap_has_an_entry_and_the_epoch_moves_on(world: World) -> None:
    world.restore(backup(world.url, world.folder / "one.db"))

    with world.database.reading() as session:
        epoch = session.scalars(select(Installation.epoch)).one()
        text = session.scalars(select(AuditEntry.text).where(AuditEntry.event == "database.restored")).one()
    assert epoch == 2
    assert '"gap_from":"2027-03-18T10:00:00.000000Z"' in text
    assert '"gap_until":"2027-03-20T10:00:00.000000Z"' in text
    assert f'"head":"{world.head}"' in text


def test_a_worker_that_held_a_lease_before_the_restore_holds_none_after_it(world: World) -> None:
    path = backup(world.url, world.folder / "one.db")
    with world.database.transaction() as session:
        case = session.get_one(Case, REFERENCE)
        case.lease_epoch, case.lease_until = 7, LATER
    world.restore(path)
    found = world.read(
        lambda s: (s.get_one(Case, REFERENCE).lease_until, s.get_one(Case, REFERENCE).lease_epoch)
    )
    assert found == (None, 1000)


def test_the_old_database_is_kept(sqlite_world: World) -> None:
    path = backup(sqlite_world.url, sqlite_world.folder / "one.db")
    [given] = sqlite_world.go_on(1)
    kept = sqlite_world.restore(path)
    assert kept is not None
    with sqlite3.connect(kept) as connection:
        assert (given,) in connection.execute('SELECT reference FROM "case"').fetchall()
    connection.close()
    assert sorted(file.name for file in sqlite_world.folder.iterdir()) == ["one.db", "plr.db", kept.name]


def test_a_damaged_database_is_kept_as_it_is_and_replaced(sqlite_world: World) -> None:
    path = backup(sqlite_world.url, sqlite_world.folder / "one.db")
    sqlite_world.stop()
    (sqlite_world.folder / "plr.db").write_bytes(b"not a database any more" * 500)
    kept = sqlite_world.restore(path)
    assert kept is not None
    assert kept.read_bytes().startswith(b"not a database")
    assert sqlite_world.read(lambda session: session.scalars(select(Case.reference)).all()) == [REFERENCE]


def test_while_the_system_runs_nothing_is_restored(sqlite_world: World) -> None:
    path = backup(sqlite_world.url, sqlite_world.folder / "one.db")
    sqlite_world.go_on(1)
    with sqlite_world.database.reading() as session:
        session.scalars(select(Person)).all()
        with pytest.raises(UnavailableError, match="Stop `plr up`"):
            copies.restore(sqlite_world.url, path, open_epoch=lambda s: epochs.open_epoch(s, now=LATER))
    assert len(sqlite_world.read(lambda s: s.scalars(select(Case.reference)).all())) == 2
    assert not list(sqlite_world.folder.glob("*.restoring*"))


@pytest.mark.parametrize("harm", ["cut", "other", "newer", "none"])
def test_a_file_that_is_no_sound_copy_of_ours_changes_nothing(world: World, harm: str) -> None:
    path = backup(world.url, world.folder / "one.db")
    world.go_on(1)
    bad = world.folder / "bad.db"
    if harm == "cut":
        bad.write_bytes(path.read_bytes()[:-8192])
    elif harm == "other":
        bad.write_text("Minutes of the meeting\n" * 500)
    elif harm == "newer":
        _make_newer(world, bad)
    with pytest.raises((UnavailableError, InvalidInputError)):
        world.restore(bad)
    assert len(world.read(lambda s: s.scalars(select(Case.reference)).all())) == 2
    assert world.read(lambda s: s.scalars(select(Installation.letters_held)).one()) is None


def _make_newer(world: World, bad: Path) -> None:
    with world.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    backup(world.url, bad)
    with world.database.transaction() as session:
        session.connection().exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema.head()}'")  # noqa: S608 - our own words
