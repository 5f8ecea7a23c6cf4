"""Verifying the audit: of the database with its records, and offline of an export (reliability 5)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.files import written_whole
from plr.db.models import (
    Agreement,
    AnswerRecord,
    Approval,
    AuditEntry,
    AuditHead,
    Counter,
    Notice,
    Output,
    RecordSalt,
)
from plr.domain.chain import SYSTEM, FirstBad, Row, Verdict, Walk, record_hash
from plr.domain.instants import stamp
from plr.domain.words import ApprovalStatus, NoticeStatus, OutputStatus
from plr.errors import Problem, UnreadableInputError
from plr.operations import audit, checkpoints

FORMAT = "plr-audit-export-1"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of record that must agree with its newest entry."""

    table: type[Any]
    content: Callable[[Any], dict[str, Any]]
    must_have_entry: Callable[[Any], bool]


_KINDS = {
    "answer": _Kind(AnswerRecord, audit.answer_content, lambda _: True),
    "approval": _Kind(Approval, audit.approval_content, lambda row: row.status is not ApprovalStatus.OPEN),
    "notice": _Kind(Notice, audit.notice_content, lambda row: row.status is NoticeStatus.SENT),
    "output": _Kind(Output, audit.output_content, lambda row: row.status is OutputStatus.WRITTEN),
    "agreement": _Kind(Agreement, audit.agreement_content, lambda _: False),
}


def verify(session: Session, head: str | None = None) -> Verdict:
    """Read every entry and every record once, in order, and name the first row that is wrong, and why.

    `head` is an anchor printed by `plr audit head`; only with one can a cut tail of the system chain
    be found. Changes nothing.
    """
    installation_id = audit.installation_of(session).installation_id
    heads = {row.chain: (row.length, row.head) for row in session.scalars(select(AuditHead))}
    walk = Walk(installation_id, heads, head)
    faults = itertools.chain(
        walk.faults(_rows(session)), _checkpoint_faults(walk), _record_faults(session, walk)
    )
    return _verdict(walk, faults)


def export(session: Session, path: Path, *, now: datetime) -> str:
    """Make a checkpoint and write the whole audit as JSON lines; return the checkpoint's hash.

    The first line holds the installation and every head, each other line one entry. No text of any
    record is in it: entries carry numbers, codes and salted hashes only.
    """
    anchor = checkpoints.checkpoint(session, now=now)
    heads = {row.chain: [row.length, row.head] for row in session.scalars(select(AuditHead))}
    installation_id = audit.installation_of(session).installation_id
    with written_whole(path) as file:
        _write(file, {"format": FORMAT, "installation_id": installation_id, "heads": heads})
        for row in _rows(session):
            _write(file, {"chain": row.chain, "seq": row.seq, "hash": row.hash, "text": row.text})
    return anchor


def verify_export(path: Path, head: str | None = None) -> Verdict:
    """Verify an export without the database. Raises UnreadableInputError when it is no export."""
    with path.open("rb") as file:
        walk = _begun(file.readline(), path.name, head)
        faults = itertools.chain(walk.faults(_exported(file)), _checkpoint_faults(walk))
        try:
            return _verdict(walk, faults)
        except (ValueError, KeyError, TypeError):
            # Line 1 is the header, and every entry read so far had a line of its own.
            bad = FirstBad(f"line {walk.entries + 2}", "The line was changed: it cannot be read.")
            return Verdict(ok=False, entries=walk.entries, head=walk.head, first_bad=bad)


def _begun(line: bytes, source: str, anchor: str | None) -> Walk:
    try:
        header = json.loads(line)
        if header["format"] == FORMAT:
            heads = {str(name): (int(length), str(head)) for name, (length, head) in header["heads"].items()}
            return Walk(str(header["installation_id"]), heads, anchor)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    problem = Problem("", "This is no export of the audit.", "Name a file that `plr audit export` wrote.", 1)
    raise UnreadableInputError([problem], source)


def _exported(lines: Iterable[bytes]) -> Iterator[Row]:
    for line in lines:
        entry = json.loads(line)
        yield Row(str(entry["chain"]), int(entry["seq"]), str(entry["text"]), str(entry["hash"]))


def _verdict(walk: Walk, faults: Iterable[FirstBad]) -> Verdict:
    bad = next(iter(faults), None)
    return Verdict(ok=bad is None, entries=walk.entries, head=walk.head, first_bad=bad)


def _rows(session: Session) -> Iterator[Row]:
    # The system chain first: its checkpoints say what the others must hold.
    for condition in (AuditEntry.chain == SYSTEM, AuditEntry.chain != SYSTEM):
        statement = select(AuditEntry.__table__).where(condition).order_by(AuditEntry.chain, AuditEntry.seq)
        # Closed also when the walk ends at the first fault: PostgreSQL holds a cursor for it.
        with closing(session.execute(statement.execution_options(yield_per=1000))) as entries:
            for entry in entries:
                copies = {name: getattr(entry, name) for name in audit.COPIES}
                copies["at"] = stamp(copies["at"])
                yield Row(entry.chain, entry.seq, entry.text, entry.hash, copies)


def _checkpoint_faults(walk: Walk) -> Iterator[FirstBad]:
    if walk.checkpoint is not None and checkpoints.state_of(walk.standing, walk.counters) != walk.state:
        yield FirstBad(walk.checkpoint, "The checkpoint does not follow from the checkpoints before it.")


def _record_faults(session: Session, walk: Walk) -> Iterator[FirstBad]:
    salts = {row.subject: row.salt for row in session.execute(select(RecordSalt.subject, RecordSalt.salt))}
    yield from _counter_faults(session, walk)
    for prefix, kind in _KINDS.items():
        seen: set[str] = set()
        statement = select(kind.table).order_by(kind.table.id)
        options = {"yield_per": 500, "populate_existing": True}
        with closing(session.scalars(statement.execution_options(**options))) as records:
            for record in records:
                subject = f"{prefix}:{record.id}"
                seen.add(subject)
                why = _disagreement(kind, record, walk.latest.get(subject), salts.get(subject))
                if why is not None and subject not in walk.forgotten:
                    yield FirstBad(subject, why)
        for subject in walk.latest:
            if subject.startswith(f"{prefix}:") and subject not in seen and salts.get(subject) is not None:
                yield FirstBad(subject, "The record is missing; the audit holds its entry.")


def _disagreement(kind: _Kind, record: object, expected: str | None, salt: str | None) -> str | None:
    if expected is None:
        if kind.must_have_entry(record):
            return "The record has no entry in the audit: it was written past it."
        return None
    if salt is None:
        return "The record is there, but its salt is gone."
    if record_hash(salt, rfc8785.dumps(audit.plain(kind.content(record)))) != expected:
        return "The record was changed: it differs from its entry in the audit."
    return None


def _counter_faults(session: Session, walk: Walk) -> Iterator[FirstBad]:
    now = {f"{row.prefix}-{row.year}": row.last for row in session.scalars(select(Counter))}
    for name, last in walk.counters.items():
        if now.get(name, 0) < last:
            yield FirstBad(f"counter:{name}", f"The reference counter went back; the checkpoint says {last}.")


def _write(file: TextIO, content: dict[str, Any]) -> None:
    file.write(json.dumps(content, ensure_ascii=True, sort_keys=True) + "\n")
