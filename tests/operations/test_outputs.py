"""Documents that are asked for: their version, their name, and what becomes of a name already taken."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Case, Output
from plr.db.session import Database
from plr.domain.actors import ENGINE
from plr.domain.outputs import OutputKind
from plr.domain.words import OutputStatus
from plr.errors import NotFoundError
from plr.operations import outputs, verification
from tests.factories import REFERENCE, add_case, add_people, at

# A quarter to midnight in UTC is tomorrow in London's summer.
EVENING = at("2027-06-01", 23, 45)


@pytest.fixture
def asked(database: Database) -> Database:
    with database.transaction() as session:
        add_people(session)
        add_case(session)
    return database


def ask(database: Database, kind: OutputKind, now: datetime = EVENING, *, draft: bool = False) -> str:
    def do(session: Session) -> str:
        case = session.get_one(Case, REFERENCE)
        made = outputs.ask(
            session,
            case,
            kind,
            {"a": "text"},
            draft=draft,
            sources=["submission:1"],
            approvals=["A"],
            by=ENGINE,
            now=now,
        )
        return f"{made.folder}{made.name}"

    return database.run(do)


def test_versions_count_from_one_for_each_kind_and_for_drafts(asked: Database) -> None:
    where = f"2026/reviews/{REFERENCE}/2027-06-02_{REFERENCE}_"
    assert ask(asked, OutputKind.SUMMARY) == f"{where}summary_v1.docx"
    assert ask(asked, OutputKind.SUMMARY) == f"{where}summary_v2.docx"
    assert ask(asked, OutputKind.POSITION, draft=True) == f"{where}position_draft-v1.docx"
    assert ask(asked, OutputKind.POSITION) == f"{where}position_v1.docx"


def test_a_name_that_holds_other_bytes_becomes_the_next_version(asked: Database) -> None:
    ask(asked, OutputKind.SUMMARY)
    ask(asked, OutputKind.SUMMARY)

    def rename(session: Session) -> None:
        outputs.next_version(session, session.get_one(Output, 1), now=EVENING)

    asked.run(rename)
    with asked.reading() as session:
        assert sorted(session.scalars(select(Output.version))) == [2, 3]
        renamed = session.get_one(Output, 1)
        assert renamed.name == f"2027-06-02_{REFERENCE}_summary_v3.docx"
        events = session.scalars(select(AuditEntry.event).filter_by(subject="output:1")).all()
        assert events == ["output.asked", "output.renamed"]


def test_what_was_written_can_be_found_and_verified(asked: Database) -> None:
    ask(asked, OutputKind.SUMMARY)

    def written(session: Session) -> None:
        outputs.written(session, session.get_one(Output, 1), sha256="0" * 64, size=9, now=EVENING)

    asked.run(written)
    with asked.reading() as session:
        found = outputs.by_name(session, f"2027-06-02_{REFERENCE}_summary_v1.docx")
        assert (found.status, found.size) == (OutputStatus.WRITTEN, 9)
        assert verification.verify(session).first_bad is None
        with pytest.raises(NotFoundError):
            outputs.by_name(session, "../plr.db")


def test_what_waits_is_stopped_and_what_is_written_stays(asked: Database) -> None:
    ask(asked, OutputKind.SUMMARY)
    ask(asked, OutputKind.SUMMARY)

    def stop(session: Session) -> int:
        outputs.written(session, session.get_one(Output, 1), sha256="0" * 64, size=9, now=EVENING)
        return outputs.stop(session, REFERENCE, by=ENGINE, now=EVENING)

    assert asked.run(stop) == 1
    with asked.reading() as session:
        states = session.scalars(select(Output.status).order_by(Output.id)).all()
        assert states == [OutputStatus.WRITTEN, OutputStatus.FAILED]


def test_the_newest_document_of_a_case_comes_first(asked: Database) -> None:
    ask(asked, OutputKind.SUMMARY)
    ask(asked, OutputKind.SUMMARY)
    with asked.reading() as session:
        assert [row.version for row in outputs.of_case(session, REFERENCE)] == [2, 1]
