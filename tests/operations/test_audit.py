# ruff: noqa: S311, S608
"""Q16: whatever is done to the audit behind its back is named, and nothing else is (reliability 5).

The dice are seeded so that a failure repeats; the statements are made of our own words.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Counter, Notice, Output
from plr.db.session import Database
from plr.domain.actors import ENGINE, Actor
from plr.domain.chain import Verdict
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, NoticeStatus, Office, OutputStatus, Via
from plr.errors import InvalidInputError, UnavailableError, UnreadableInputError
from plr.operations import audit, checkpoints, verification
from tests.factories import AMARA, add_case, add_people, make_database, make_rules

NOW = datetime(2027, 3, 18, 10, 0, 0, 123456, tzinfo=UTC)
CASES = [f"PLR-R-2027-{number:03}" for number in range(1, 7)]
AS_AMARA = Actor(AMARA, Via.SESSION)


def _approval(session: Session, reference: str) -> None:
    approval = Approval(
        id=f"A-{reference}-TRIAGE",
        ask=f"{reference}:triage:1",
        reference=reference,
        kind=ApprovalKind.TRIAGE,
        office=Office.CHAIR,
        question="Shall the group take this review?",
        status=ApprovalStatus.OPEN,
        subject=f"submission:{reference}",
        subject_version=1,
        content_hash="a" * 64,
        holder_id=AMARA,
        asked_at=NOW,
        due_on=date(2027, 3, 25),
    )
    session.add(approval)
    audit.record(session, reference, "approval.asked", f"approval:{approval.id}", by=ENGINE, now=NOW)
    answer = AnswerRecord(
        approval_id=approval.id,
        person_id=AMARA,
        answer=Answer.APPROVE,
        reason="It bears on two other reviews.",
        content_hash="a" * 64,
        answered_at=NOW,
        via=Via.SESSION.value,
    )
    session.add(answer)
    session.flush()
    approval.status, approval.settled_at = ApprovalStatus.APPROVED, NOW
    for event, subject, content in (
        ("answer.recorded", f"answer:{answer.id}", audit.answer_content(answer)),
        ("approval.settled", f"approval:{approval.id}", audit.approval_content(approval)),
    ):
        audit.record(session, reference, event, subject, by=AS_AMARA, now=NOW, record=content)


def _letter(session: Session, reference: str) -> None:
    notice = Notice(
        id=hashlib.md5(reference.encode(), usedforsecurity=False).hexdigest(),
        key=f"N27:{reference}",
        code="N27",
        reference=reference,
        person_id=AMARA,
        address="p01@example.org",
        fields={},
        status=NoticeStatus.SENT,
        why="You chair the group.",
        created_at=NOW,
        due_at=NOW,
        not_before=NOW,
        message_id=reference,
        sent_at=NOW,
    )
    session.add(notice)
    content = audit.notice_content(notice)
    audit.record(session, reference, "notice.sent", f"notice:{notice.id}", by=ENGINE, now=NOW, record=content)


def _document(session: Session, reference: str) -> None:
    output = Output(
        reference=reference,
        kind="summary",
        version=1,
        title="Summary of a review",
        classification="group",
        day_on=date(2027, 3, 18),
        folder=f"2027/reviews/{reference}/",
        name=f"2027-03-18_{reference}_summary_v1.docx",
        approvals=[f"A-{reference}-TRIAGE"],
        sources=[],
        status=OutputStatus.WRITTEN,
        created_at=NOW,
        not_before=NOW,
        written_at=NOW,
        sha256="b" * 64,
        size=12345,
    )
    session.add(output)
    session.flush()
    content = audit.output_content(output)
    audit.record(
        session, reference, "output.written", f"output:{output.id}", by=ENGINE, now=NOW, record=content
    )


def _fill(database: Database) -> str:
    """Six cases with everything verify compares, two checkpoints on the way, and a last one: the anchor."""
    with database.transaction() as session:
        add_people(session)
        session.add(Counter(prefix="PLR-R", year=2027, last=6))
        for reference in CASES:
            add_case(session, reference)
    for number, reference in enumerate(CASES):
        with database.transaction() as session:
            audit.record(session, reference, "case.logged", f"case:{reference}", by=AS_AMARA, now=NOW)
            _approval(session, reference)
            _letter(session, reference)
            _document(session, reference)
            audit.record(session, "system", "session.began", "person:1", by=AS_AMARA, now=NOW)
            if number in (1, 3):
                checkpoints.checkpoint(session, now=NOW + timedelta(minutes=10 * number))
    with database.transaction() as session:
        return checkpoints.head(session, now=NOW + timedelta(hours=1))


def _verify(database: Database, head: str | None = None) -> Verdict:
    with database.reading() as session:
        return verification.verify(session, head)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = make_database(f"sqlite:///{tmp_path}/plr.db")
    yield database
    database.engine.dispose()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file with a sound audit, and its printed head."""
    file = tmp_path_factory.mktemp("audit") / "plr.db"
    database = make_database(f"sqlite:///{file}")
    head = _fill(database)
    database.engine.dispose()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return file, head


def test_a_sound_audit_is_sound_with_and_without_its_head(filled: tuple[Path, str]) -> None:
    file, head = filled
    database = make_again(file)
    for anchor in (None, head):
        verdict = _verify(database, anchor)
        assert (verdict.ok, verdict.first_bad, verdict.head) == (True, None, head)
        # A case: logged, asked, answered, settled, sent, written; system: six sessions, three checkpoints.
        assert verdict.entries == 6 * 6 + 6 + 3
    database.engine.dispose()


def make_again(file: Path) -> Database:
    return Database(f"sqlite:///{file}", make_rules())


# --- Q16 ------------------------------------------------------------------------------------------------

Harm = Callable[[sqlite3.Connection, random.Random], str]


def _flip(connection: sqlite3.Connection, dice: random.Random) -> str:
    """Change one character of one column of one entry."""
    number, chain, seq = dice.choice(connection.execute("SELECT id, chain, seq FROM audit_entry").fetchall())
    columns = ("text", "hash", "prev", "actor", "via", "event", "subject", "record_hash", "at")
    column = dice.choice(columns)
    old = connection.execute(f"SELECT {column} FROM audit_entry WHERE id = ?", (number,)).fetchone()[0]
    old = old or "none"
    where = dice.choice([place for place, letter in enumerate(old) if letter.isalnum()])
    swaps = "0123456789" if old[where].isdigit() else "abcdefghijklmnopqrstuvwxyz"
    if column == "at":
        # Still an instant, another one.
        where, swaps = 18, "0123456789"
    letter = dice.choice([other for other in swaps if other != old[where].lower()])
    changed = old[:where] + letter + old[where + 1 :]
    connection.execute(f"UPDATE audit_entry SET {column} = ? WHERE id = ?", (changed, number))
    return f"{chain}:{seq}"


def _drop(connection: sqlite3.Connection, dice: random.Random) -> str:
    """Drop one entry that is not its chain's last; the hole is named at the next one."""
    statement = (
        "SELECT e.id, e.chain, e.seq FROM audit_entry e JOIN audit_head h ON e.chain = h.chain "
        "WHERE e.seq < h.length"
    )
    number, chain, seq = dice.choice(connection.execute(statement).fetchall())
    connection.execute("DELETE FROM audit_entry WHERE id = ?", (number,))
    return f"{chain}:{seq + 1}"


def _swap(connection: sqlite3.Connection, dice: random.Random) -> str:
    """Put two entries of a chain in each other's place."""
    rows = connection.execute("SELECT id, chain, seq FROM audit_entry").fetchall()
    one = dice.choice(rows)
    other = dice.choice([row for row in rows if row[1] == one[1] and row[0] != one[0]])
    connection.execute("UPDATE audit_entry SET seq = -1 WHERE id = ?", (one[0],))
    connection.execute("UPDATE audit_entry SET seq = ? WHERE id = ?", (one[2], other[0]))
    connection.execute("UPDATE audit_entry SET seq = ? WHERE id = ?", (other[2], one[0]))
    return f"{one[1]}:{min(one[2], other[2])}"


def _cut(connection: sqlite3.Connection, dice: random.Random) -> str:
    """Cut a chain's tail and set its stored head to what is left."""
    chain, length = dice.choice(connection.execute("SELECT chain, length FROM audit_head").fetchall())
    left = dice.randrange(1, length)
    connection.execute("DELETE FROM audit_entry WHERE chain = ? AND seq > ?", (chain, left))
    connection.execute(
        "UPDATE audit_head SET length = ?, head = (SELECT hash FROM audit_entry WHERE chain = ? AND seq = ?) "
        "WHERE chain = ?",
        (left, chain, left, chain),
    )
    return f"{chain}:{left + 1}"


def _delete_chain(connection: sqlite3.Connection, dice: random.Random) -> str:
    """Take a whole chain away, its stored head too."""
    chain = dice.choice([*CASES, "system"])
    connection.execute("DELETE FROM audit_entry WHERE chain = ?", (chain,))
    connection.execute("DELETE FROM audit_head WHERE chain = ?", (chain,))
    return f"{chain}:1"


_EDITS = {
    "answer": ("answer", "reject", "return"),
    "approval": ("status", "rejected", "open"),
    "notice": ("address", "p02@example.org", "p03@example.org"),
    "output": ("sha256", "c" * 64, "d" * 64),
}


def _edit_decision(connection: sqlite3.Connection, dice: random.Random) -> str:
    """Change, take away or slip in a record, leaving the audit alone."""
    table = dice.choice(list(_EDITS))
    column, *values = _EDITS[table]
    identity = dice.choice(connection.execute(f"SELECT id FROM {table}").fetchall())[0]
    if table in ("answer", "notice", "output") and dice.random() < 0.3:
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (identity,))
    else:
        value = dice.choice(values)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, identity))
    return f"{table}:{identity}"


@pytest.mark.parametrize(
    "harm", [_flip, _drop, _swap, _cut, _delete_chain, _edit_decision], ids=lambda harm: harm.__name__
)
def test_every_harm_is_named_with_its_row(harm: Harm, filled: tuple[Path, str]) -> None:
    file, head = filled
    database = make_again(file)
    for seed in range(100):
        with Session(database.engine) as session:
            connection = session.connection().connection.driver_connection
            assert isinstance(connection, sqlite3.Connection)
            row = harm(connection, random.Random(seed))
            verdict = verification.verify(session, head)
            session.rollback()
        assert not verdict.ok, f"seed {seed}: {row} was not found"
        assert verdict.first_bad is not None
        # A changed hash or prev is seen at the row itself or where the chain no longer fits.
        near = {row, _next(row)} if harm is _flip else {row}
        assert verdict.first_bad.row in near, f"seed {seed}: {row} expected, {verdict.first_bad}"
    assert _verify(database, head).ok
    database.engine.dispose()


def _next(row: str) -> str:
    chain, _, seq = row.rpartition(":")
    return f"{chain}:{int(seq) + 1}"


def test_without_its_head_a_tail_cut_off_the_system_chain_is_not_seen(
    filled: tuple[Path, str], tmp_path: Path
) -> None:
    file, head = filled
    harmed = tmp_path / "cut.db"
    with sqlite3.connect(file) as whole, sqlite3.connect(harmed) as connection:
        whole.backup(connection)
        connection.execute("DELETE FROM audit_entry WHERE chain = 'system' AND seq > 2")
        connection.execute(
            "UPDATE audit_head SET length = 2, head = (SELECT hash FROM audit_entry WHERE chain = 'system' "
            "AND seq = 2) WHERE chain = 'system'"
        )
    whole.close()
    connection.close()
    database = make_again(harmed)
    assert _verify(database).ok
    verdict = _verify(database, head)
    assert verdict.first_bad is not None
    assert verdict.first_bad.row == "system:3"
    assert "cut off" in verdict.first_bad.why
    database.engine.dispose()


def test_a_chain_written_anew_with_good_hashes_is_found_by_the_checkpoint(database: Database) -> None:
    _fill(database)
    with database.transaction() as session:
        chain = CASES[0]
        for table in ("audit_entry", "audit_head"):
            session.connection().exec_driver_sql(f"DELETE FROM {table} WHERE chain = '{chain}'")
        for _ in range(6):
            audit.record(session, chain, "case.logged", f"case:{chain}", by=AS_AMARA, now=NOW)
    verdict = _verify(database)
    assert verdict.first_bad is not None
    assert verdict.first_bad.row == f"{chain}:6"
    assert "rewritten" in verdict.first_bad.why


def test_a_record_written_past_the_audit_is_named(database: Database) -> None:
    _fill(database)
    with database.transaction() as session:
        session.add(
            AnswerRecord(
                approval_id=f"A-{CASES[0]}-TRIAGE",
                person_id=AMARA,
                answer=Answer.REJECT,
                content_hash="a" * 64,
                answered_at=NOW,
                via="session",
                voided_at=NOW,
            )
        )
    verdict = _verify(database)
    assert verdict.first_bad is not None
    assert verdict.first_bad.row == "answer:7"
    assert "no entry" in verdict.first_bad.why


def test_a_reference_counter_that_goes_back_is_named(database: Database) -> None:
    _fill(database)
    with database.transaction() as session:
        session.get_one(Counter, ("PLR-R", 2027)).last = 5
    verdict = _verify(database)
    assert verdict.first_bad is not None
    assert verdict.first_bad.row == "counter:PLR-R-2027"


# --- what an entry is ---------------------------------------------------------------------------------


def test_an_entry_is_hashed_as_reliability_says(database: Database) -> None:
    with database.transaction() as session:
        audit.record(
            session,
            "system",
            "letters.released",
            "installation:1",
            by=Actor(3, Via.CLI, for_id=1),
            now=NOW,
            codes={"b": 2, "a": [True, None, "x-1"]},
        )
    with sqlite3.connect(str(database.engine.url.database)) as connection:
        text, found, prev = connection.execute("SELECT text, hash, prev FROM audit_entry").fetchone()
    connection.close()
    start = hashlib.sha256(b"plr-genesis-1\0" + b"0" * 32 + b"\0system").hexdigest()
    expected = (
        '{"actor":"person:3","at":"2027-03-18T10:00:00.123456Z","chain":"system",'
        '"codes":{"a":[true,null,"x-1"],"b":2},"event":"letters.released","on_behalf_of":"person:1",'
        f'"prev":"{start}","record_hash":null,"request":null,"seq":1,"subject":"installation:1","via":"cli"}}'
    )
    assert text == expected
    assert prev == start
    assert found == hashlib.sha256(b"plr-audit-1\0" + expected.encode()).hexdigest()


@pytest.mark.parametrize(
    "typed", ["Amara said yes", "amara@example.org", "Zoë", "x" * 121, ["fine", ["not fine"]]]
)
def test_free_text_does_not_pass_as_a_code(database: Database, typed: object) -> None:
    with pytest.raises(ValueError, match="never free text"), database.transaction() as session:
        audit.record(session, "system", "x", "y", by=ENGINE, now=NOW, codes={"note": typed})  # type: ignore[dict-item]  # on purpose
    assert _verify(database).entries == 0


def test_the_same_record_under_two_subjects_has_two_hashes(database: Database) -> None:
    with database.transaction() as session:
        hashes = {
            audit.record_hash_of(session, f"answer:{number}", {"answer": "approve"}) for number in (1, 2)
        }
        again = audit.record_hash_of(session, "answer:1", {"answer": "approve"})
    assert len(hashes) == 2
    assert again in hashes


def test_a_forgotten_record_leaves_a_chain_that_still_verifies(database: Database) -> None:
    head = _fill(database)
    with database.transaction() as session:
        answer = session.get_one(AnswerRecord, 1)
        answer.reason = None
        audit.forget(session, CASES[0], "answer:1", by=AS_AMARA, now=NOW)
    assert _verify(database, head).ok


def test_a_salt_blanked_without_an_entry_is_named(database: Database) -> None:
    _fill(database)
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE record_salt SET salt = NULL WHERE subject = 'answer:2'")
    verdict = _verify(database)
    assert verdict.first_bad is not None
    assert verdict.first_bad.row == "answer:2"


def test_what_is_rolled_back_leaves_no_entry(database: Database) -> None:
    def cut() -> None:
        with database.transaction() as session:
            audit.record(session, "system", "x", "y:1", by=ENGINE, now=NOW)
            raise KeyError("cut")

    with pytest.raises(KeyError):
        cut()
    assert _verify(database).entries == 0


def test_a_database_without_an_installation_says_what_to_run(database: Database) -> None:
    with database.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM installation")
    with pytest.raises(UnavailableError, match="plr db upgrade"), database.reading() as session:
        verification.verify(session)


# --- checkpoints ---------------------------------------------------------------------------------------


def test_a_checkpoint_with_nothing_new_is_the_one_before(database: Database) -> None:
    head = _fill(database)
    with database.transaction() as session:
        assert checkpoints.head(session, now=NOW + timedelta(days=1)) == head
    assert _verify(database).entries == 45


def test_checkpoints_name_only_what_changed_and_a_full_one_now_and_then(database: Database) -> None:
    with database.transaction() as session:
        for number in range(20):
            audit.record(session, f"PLR-R-2027-{number:03}", "case.logged", "case:x", by=ENGINE, now=NOW)
        checkpoints.checkpoint(session, now=NOW)
        for _ in range(60):
            audit.record(session, "PLR-R-2027-007", "case.moved", "case:x", by=ENGINE, now=NOW)
            checkpoints.checkpoint(session, now=NOW)
    with sqlite3.connect(str(database.engine.url.database)) as connection:
        rows = connection.execute(
            "SELECT text FROM audit_entry WHERE chain = 'system' ORDER BY seq"
        ).fetchall()
    connection.close()
    named = [
        (json.loads(text)["codes"]["full"], len(json.loads(text)["codes"]["changed"])) for (text,) in rows
    ]
    # Full at the start, then again when twenty changes have been named one by one.
    assert named == ([(True, 20)] + [(False, 1)] * 19) * 3 + [(True, 20)]
    assert _verify(database).ok


# --- exports ---------------------------------------------------------------------------------------------


@pytest.fixture
def exported(database: Database, tmp_path: Path) -> tuple[Path, str]:
    _fill(database)
    with database.transaction() as session:
        return tmp_path / "audit.jsonl", verification.export(session, tmp_path / "audit.jsonl", now=NOW)


def test_an_export_verifies_without_the_database(exported: tuple[Path, str], database: Database) -> None:
    path, head = exported
    verdict = verification.verify_export(path, head)
    assert verdict == _verify(database, head)
    assert verdict.ok
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_export_holds_no_text_of_any_record(exported: tuple[Path, str]) -> None:
    text = exported[0].read_text()
    assert "two other reviews" not in text
    assert "@" not in text


def test_every_changed_dropped_or_cut_line_of_an_export_is_named(
    exported: tuple[Path, str], tmp_path: Path
) -> None:
    path, head = exported
    lines = path.read_text().splitlines(keepends=True)
    for seed in range(100):
        dice = random.Random(seed)
        harmed, kind = list(lines), dice.choice(["flip", "drop", "swap", "cut"])
        where = dice.randrange(1, len(lines) - 1)
        if kind == "flip":
            # Inside the entry's own text or hash.
            place = harmed[where].index('"hash"') + 9 + dice.randrange(60)
            letter = "0" if harmed[where][place] != "0" else "1"
            harmed[where] = harmed[where][:place] + letter + harmed[where][place + 1 :]
        elif kind == "drop":
            del harmed[where]
        elif kind == "swap":
            harmed[where], harmed[where + 1] = harmed[where + 1], harmed[where]
        else:
            del harmed[where:]
        target = tmp_path / f"{seed}.jsonl"
        target.write_text("".join(harmed))
        assert not verification.verify_export(target, head).ok, f"seed {seed}: {kind} at {where}"


def test_a_line_that_is_no_json_is_named_by_its_number(exported: tuple[Path, str], tmp_path: Path) -> None:
    lines = exported[0].read_text().splitlines(keepends=True)
    lines[4] = lines[4][1:]
    broken = tmp_path / "broken.jsonl"
    broken.write_text("".join(lines))
    verdict = verification.verify_export(broken)
    assert verdict.first_bad is not None
    assert verdict.first_bad.row == "line 5"


@pytest.mark.parametrize("content", ["", "{}", "[1]", "not json", '{"format": "plr-audit-export-1"}'])
def test_another_file_is_no_export(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.txt"
    path.write_text(content)
    with pytest.raises(UnreadableInputError, match="no export"):
        verification.verify_export(path)


def test_an_export_never_takes_another_files_place(exported: tuple[Path, str], database: Database) -> None:
    with pytest.raises(InvalidInputError, match="already"), database.transaction() as session:
        verification.export(session, exported[0], now=NOW)


# --- many writers -----------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/shared.db"
    else:
        url = str(request.getfixturevalue("fresh_postgres_url"))
    database = make_database(url)
    yield database
    database.engine.dispose()


def test_writers_at_once_leave_one_unbroken_chain(shared: Database) -> None:
    def write(number: int) -> None:
        for _ in range(10):
            shared.run(lambda session: _write_to_both(session, f"PLR-R-2027-00{number % 2}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = _verify(shared)
    assert (verdict.ok, verdict.entries) == (True, 80), verdict.first_bad


def _write_to_both(session: Session, chain: str) -> None:
    audit.record(session, chain, "case.moved", f"case:{chain}", by=ENGINE, now=NOW)
    audit.record(session, "system", "case.counted", f"case:{chain}", by=ENGINE, now=NOW)


def test_records_read_back_from_either_database_agree_with_their_entries(shared: Database) -> None:
    head = _fill(shared)
    verdict = _verify(shared, head)
    assert (verdict.ok, verdict.entries) == (True, 45), verdict.first_bad


def test_the_pure_chain_needs_no_library() -> None:
    code = "import sys, plr.domain.chain as c; print({'rfc8785', 'sqlalchemy'} & set(sys.modules), c.SYSTEM)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set() system"
