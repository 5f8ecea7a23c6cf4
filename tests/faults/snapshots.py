"""What a world holds, in a form in which two lives can be compared: no ids, salts, hashes or claims.

Numbers given by the database (a rolled back one is lost on PostgreSQL) are replaced by the order of
their rows. What may differ is what an honest `uncertain` letter leaves (reliability R3), and no more.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from plr.db.models import (
    AuditEntry,
    Base,
    Notice,
    Task,
)
from plr.domain.notices import NOTICES
from plr.domain.words import NoticeStatus, TaskKind
from plr.operations import verification
from tests.faults.world import World

_UNCERTAIN = ("notice.uncertain", "notice.repeated", "notice.again")
_LEFT_OUT = {"audit_head", "record_salt", "alembic_version", "wake"}
_DROPPED: Mapping[str, frozenset[str]] = {
    "case": frozenset({"lease_until", "lease_epoch", "run_id", "run_number", "failures"}),
    "installation": frozenset({"installation_id"}),
    # When a letter left, and after how many tries, is the sender's fortune; whether it left is not.
    "notice": frozenset(
        {
            "id",
            "message_id",
            "attempts",
            "claim_epoch",
            "claimed_until",
            "claimed_by",
            "handing_over_at",
            "sent_at",
            "repeated",
            "not_before",
            "settled_note",
            "template_hash",
            "last_error",
        }
    ),
    "output": frozenset({"claimed_until", "claimed_by", "attempts"}),
    "audit_entry": frozenset({"seq", "text", "prev", "hash", "record_hash"}),
    "link": frozenset({"token_hash", "made_at", "dead_at", "notice_id"}),
}
_MODELS: Mapping[str, Any] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
_NUMBERED = ("task", "output", "agreement", "answer", "reflection")
_NAMED = re.compile(r"\b(task|output|agreement|answer|reflection|notice):([0-9a-f]+)\b")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Records by table, letters by what they are, files by name; and what was uncertain on the way."""

    records: Mapping[str, tuple[str, ...]]
    letters: Mapping[str, int]
    files: Mapping[str, bytes]
    uncertain: frozenset[str]

    def differences(self, other: Snapshot) -> list[str]:
        """What another life has more or less of, in words; nothing when the two are equal."""
        found = []
        for table, rows in self.records.items():
            mine, others = (
                Counter(self._certain(rows, other)),
                Counter(self._certain(other.records[table], other)),
            )
            found += [f"{table}: only in the first: {row}" for row in (mine - others).elements()]
            found += [f"{table}: only in the second: {row}" for row in (others - mine).elements()]
        for name in sorted(self.files.keys() | other.files.keys()):
            if self.files.get(name) != other.files.get(name):
                found.append(f"file differs: {name}")
        return found + self._letters_differ(other) + self._letters_differ_back(other)

    def _certain(self, rows: Iterable[str], other: Snapshot) -> list[str]:
        """Rows without what the audit says of the sending of a letter that was uncertain in either life."""
        sent = [f'"subject": "{letter}"' for letter in self.uncertain | other.uncertain]
        return [
            row
            for row in rows
            if not ('"event": "notice.sent"' in row and any(subject in row for subject in sent))
        ]

    def _letters_differ(self, other: Snapshot) -> list[str]:
        return [
            f"letter {letter}: {count} and {other.letters.get(letter, 0)} times"
            for letter, count in self.letters.items()
            if other.letters.get(letter, 0) != count and letter not in other.uncertain | self.uncertain
        ]

    def _letters_differ_back(self, other: Snapshot) -> list[str]:
        return [f"letter {letter}: never and then" for letter in other.letters.keys() - self.letters.keys()]


def take(world: World) -> Snapshot:
    """Look at a world at rest."""
    with world.database.reading() as session:
        assert verification.verify(session).first_bad is None
        names = _names(session)
        uncertain = _uncertain(session, names)
        return Snapshot(
            records=_records(session, names, uncertain),
            letters=_letters(session, world.delivered, names),
            files=world.files(),
            uncertain=uncertain,
        )


def _names(session: Session) -> dict[str, str]:
    """What stands for each numbered record: its kind and its place among them."""
    names: dict[str, str] = {}
    for table in _NUMBERED:
        model = _MODELS[table]
        rows = [row for row in session.scalars(select(model).order_by(model.id)) if not _is_settling(row)]
        names.update({f"{table}:{row.id}": f"{table}#{place}" for place, row in enumerate(rows, start=1)})
    for notice in session.scalars(select(Notice)):
        names[f"notice:{notice.id}"] = f"notice<{_renamed(notice.key, names)}>"
    return names


def _is_settling(row: object) -> bool:
    return isinstance(row, Task) and row.kind is TaskKind.SETTLE_LETTER


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return _NAMED.sub(lambda found: names.get(found.group(0), found.group(0)), text)


def _uncertain(session: Session, names: Mapping[str, str]) -> frozenset[str]:
    subjects = session.scalars(select(AuditEntry.subject).filter_by(event="notice.uncertain"))
    return frozenset(names[subject] for subject in subjects)


def _letters(session: Session, delivered: Counter[str], names: Mapping[str, str]) -> dict[str, int]:
    ids = {f"notice:{name.strip('<>').partition('@')[0]}": count for name, count in delivered.items()}
    return {names[subject]: count for subject, count in ids.items() if subject in names}


def _records(
    session: Session, names: Mapping[str, str], uncertain: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    records = {}
    for table, model in sorted(_MODELS.items()):
        if table in _LEFT_OUT:
            continue
        rows = [_row(row, table, names, uncertain) for row in session.scalars(select(model))]
        records[table] = tuple(sorted(row for row in rows if row is not None))
    records["link"] = tuple(sorted(set(records["link"])))  # a letter sent again has a link of its own
    return records


def _row(row: Any, table: str, names: Mapping[str, str], uncertain: frozenset[str]) -> str | None:
    if _is_settling(row) or (isinstance(row, AuditEntry) and _about_uncertainty(row, names)):
        return None
    dropped = _DROPPED.get(table, frozenset())
    keys = {column.name for column in inspect(type(row)).primary_key if column.name == "id"}
    values = {
        column.key: getattr(row, column.key)
        for column in inspect(type(row)).column_attrs
        if column.key not in dropped and (column.key not in keys or table == "approval")
    }
    if isinstance(row, Notice) and names[f"notice:{row.id}"] in uncertain:
        values["status"] = _honest(row)
    if isinstance(row, AuditEntry) and row.event != "audit.checkpoint":  # its codes are hashes and lengths
        values["codes"] = json.loads(row.text)["codes"]
    for name in ("task_id", "deadline_id"):
        values.pop(name, None)
    return _renamed(json.dumps(values, default=str, sort_keys=True), names)


def _honest(notice: Notice) -> str:
    """A letter that is never sent again may stay uncertain; any other is settled in the end."""
    drops = NOTICES[notice.fields["name"]].on_uncertain == "drop"
    return "sent" if drops and notice.status is NoticeStatus.UNCERTAIN else notice.status.value


def _about_uncertainty(row: AuditEntry, names: Mapping[str, str]) -> bool:
    if row.event in _UNCERTAIN:
        return True
    return row.subject.startswith("task:") and row.subject not in names
