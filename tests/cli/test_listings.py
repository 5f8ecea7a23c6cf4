"""`plr outbox`, `plr outputs`, `plr audit`: what left, what was written, what happened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, update

from plr import settings
from plr.adapters import opening
from plr.db.models import Notice, Output
from plr.db.session import Database
from plr.domain.outputs import Classification, Manifest, root_of
from plr.domain.words import NoticeStatus
from plr.operations import outputs as output_operations
from tests.cli.conftest import NOW, SAMPLES, Plr


@pytest.fixture
def logged(plr: Plr, staffed: Path) -> str:
    return str(plr("review", "submit", SAMPLES / "england-lcspr.yaml", "--json").json["reference"])


def test_a_letter_is_listed_with_its_subject_and_without_its_private_link(plr: Plr, staffed: Path) -> None:
    letter = plr("outbox", "list", "--json").json[0]
    assert list(letter) == [
        "id",
        "notice",
        "to",
        "subject",
        "reference",
        "status",
        "message_id",
        "attempts",
        "not_before",
        "sent_at",
        "last_error",
    ]
    assert (letter["notice"], letter["status"], letter["attempts"]) == ("N55", "waiting", 0)
    assert letter["subject"] == "Welcome to the Practice Learning Review Group"
    assert letter["message_id"] == f"<{letter['id']}@plr.example.org>"
    assert letter["id"] in plr("outbox", "list").out
    assert plr("outbox", "list", "--status", "sent", "--json").json == []


@pytest.mark.parametrize(
    ("answer", "status"), [("arrived", "sent"), ("again", "waiting"), ("drop", "cancelled")]
)
def test_an_uncertain_letter_is_settled_once(
    plr: Plr, staffed: Path, records: Database, answer: str, status: str
) -> None:
    letter = plr("outbox", "list", "--json").json[0]["id"]
    waiting = plr("outbox", "settle", letter, answer)
    assert waiting.status == 1
    with records.transaction() as session:
        session.execute(update(Notice).where(Notice.id == letter).values(status=NoticeStatus.UNCERTAIN))
    assert plr("outbox", "settle", letter, answer, "--json").json == {"id": letter, "status": status}
    assert plr("outbox", "settle", letter, answer).status == 1


def test_an_unknown_letter_or_answer_is_said(plr: Plr, staffed: Path) -> None:
    assert plr("outbox", "settle", "none", "arrived").status == 2
    done = plr("outbox", "settle", "none", "perhaps")
    assert (done.status, "ANSWER is not one of the choices. Choose arrived, again, drop." in done.err) == (
        2,
        True,
    )


@pytest.fixture
def written(logged: str, records: Database) -> Path:
    """The summary of a review, written as the deliverer would write it."""
    loaded = settings.load()
    storage = opening.storage(loaded)
    with records.transaction() as session:
        output = session.scalars(select(Output)).one()
        kind = Classification(output.classification)
        root = root_of(kind)
        done = storage.write_once(root, output.folder, output.name, b"a summary")
        manifest = Manifest(
            name=output.name,
            folder=output.folder,
            reference=output.reference,
            kind=output.kind,
            version=output.version,
            draft=output.draft,
            sha256=done.sha256,
            size=done.size,
            classification=kind,
            approvals=(),
            sources=(),
            written_at=NOW,
        )
        storage.write_manifest(root, manifest)
        output_operations.written(session, output, sha256=done.sha256, size=done.size, now=NOW)
        return Path(loaded.storage_url) / output.folder / output.name


def test_a_written_document_is_listed_and_verified(plr: Plr, written: Path) -> None:
    (row,) = plr("outputs", "list", "--json").json
    assert (row["name"], row["kind"], row["version"], row["classification"]) == (
        "2027-01-04_PLR-R-2027-001_summary_v1.docx",
        "summary",
        "v1",
        "group",
    )
    assert row["written_at"] == "2027-01-04T10:00:00Z"
    assert len(row["sha256"]) == 64
    done = plr("outputs", "verify")
    assert (done.status, done.err) == (0, "1 document compared: all are as they were written.\n")


def test_a_changed_and_a_missing_document_are_named(plr: Plr, written: Path) -> None:
    written.chmod(0o644)
    written.write_bytes(b"A summary")
    changed = plr("outputs", "verify")
    assert changed.status == 1
    assert changed.err.startswith(f"{written.name}: the file was changed after it was written.")
    written.unlink()
    missing = plr("outputs", "verify", "--json")
    assert missing.status == 1
    assert [row["name"] for row in missing.json] == [written.name]
    assert "is not in storage" in missing.json[0]["fault"]


def test_a_missing_manifest_is_named(plr: Plr, written: Path, staffed: Path) -> None:
    (manifest,) = (staffed / "outputs" / "manifest").rglob("*.json")
    manifest.unlink()
    done = plr("outputs", "verify")
    assert (done.status, "its manifest is not in storage" in done.err) == (1, True)


def test_the_audit_is_whole_and_its_head_can_be_kept(plr: Plr, logged: str) -> None:
    head = plr("audit", "head").out.strip()
    assert len(head) == 64
    found = plr("audit", "verify", "--head", head, "--json")
    assert found.status == 0
    assert (found.json["ok"], found.json["first_bad"], found.json["head"]) == (True, None, head)
    assert found.json["entries"] > 19
    assert plr("audit", "head", "--json").json["head"] == head


def test_a_changed_entry_is_named(plr: Plr, logged: str, staffed: Path) -> None:
    with sqlite3.connect(staffed / "plr.db") as raw:
        raw.execute(
            "UPDATE audit_entry SET text = replace(text, 'light', 'fullx') WHERE event = 'case.logged'"
        )
    raw.close()
    done = plr("audit", "verify", "--json")
    assert done.status == 1
    assert done.json["ok"] is False
    assert done.json["first_bad"]["row"].startswith(f"{logged}:")
    assert done.json["first_bad"]["why"].startswith("The entry was changed")
    assert plr("audit", "verify").status == 1


def test_a_cut_tail_is_found_with_the_printed_head(plr: Plr, logged: str, staffed: Path) -> None:
    head = plr("audit", "head").out.strip()
    with sqlite3.connect(staffed / "plr.db") as raw:
        ((last,),) = raw.execute("SELECT max(seq) FROM audit_entry WHERE chain = 'system'").fetchall()
        raw.execute("DELETE FROM audit_entry WHERE chain = 'system' AND seq = ?", (last,))
        before = raw.execute("SELECT hash FROM audit_entry WHERE chain = 'system' AND seq = ?", (last - 1,))
        raw.execute(
            "UPDATE audit_head SET length = ?, head = ? WHERE chain = 'system'",
            (last - 1, before.fetchone()[0]),
        )
    raw.close()
    assert plr("audit", "verify", "--head", head).status == 1


def test_the_audit_is_exported_without_any_text_and_verified_elsewhere(
    plr: Plr, logged: str, tmp_path: Path
) -> None:
    file = tmp_path / "audit.jsonl"
    done = plr("audit", "export", file, "--json")
    assert done.json["file"] == str(file)
    text = file.read_text(encoding="utf-8")
    for secret in ("health visiting", "Amara", "example.org"):
        assert secret not in text
    assert plr("audit", "verify", "--export", file, "--head", done.json["head"]).status == 0
    file.write_text(text.replace("case.logged", "case.lagged"), encoding="utf-8")
    assert plr("audit", "verify", "--export", file).status == 1
    assert plr("audit", "export", file).status == 2
    assert plr("audit", "verify", "--export", tmp_path / "none").status == 2
