"""The audit chain (reliability 5): every change writes its entry here, in its own transaction.

Chains are a case's reference or "system". `codes` hold codes, numbers and references, never free text
(decisions 80). `record` is the content of the record that the entry speaks of; it is hashed with the
record's own salt. What verify compares with the records of today, and so must always be recorded, in the
transaction that writes or changes any of the fields named:

| record | subject | event, when written | `record=` | must have an entry |
|---|---|---|---|---|
| answer | answer:<id> | answer.recorded; answer.voided, … | answer_content(answer) | always |
| approval | approval:<id> | approval.settled, .void, … | approval_content(approval) | once not open |
| notice | notice:<id> | notice.sent; later changes of status | notice_content(notice) | once sent |
| output | output:<id> | output.written | output_content(output) | once written |
| agreement | agreement:<id> | agreement.recorded | agreement_content(agreement) | no, compared if there |

The newest entry of a subject with a `record` is the one compared. Under these subjects nothing else
may be given as `record`; entries without `record` (asked, moved, claimed) are free. Whoever deletes or
blanks such a record calls `forget` in the same transaction, and the chain still verifies.

A transaction that writes to a case's chain and to the system chain writes to the case's first.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

import rfc8785
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, AuditHead, Base, Installation, RecordSalt
from plr.domain import chain as chains
from plr.domain.actors import Actor
from plr.domain.instants import stamp
from plr.errors import UnavailableError
from plr.operations.contents import (
    agreement_content,
    answer_content,
    approval_content,
    notice_content,
    output_content,
)

__all__ = [
    "agreement_content",
    "answer_content",
    "approval_content",
    "forget",
    "installation_of",
    "notice_content",
    "output_content",
    "record",
    "record_hash_of",
]

Code = str | int | bool | None | list[Any]

# A code has no spaces and no "@": what a person typed does not pass.
_CODE = re.compile(r"[A-Za-z0-9._:/+#-]{0,120}")
# RFC 8785 reads numbers as doubles: larger ones would not come back as they were.
_LARGE = 2**53


def record(
    session: Session,
    chain: str,
    event: str,
    subject: str,
    *,
    by: Actor,
    now: datetime,
    codes: Mapping[str, Code] | None = None,
    record: Mapping[str, Any] | None = None,
) -> None:
    """Append one entry to a chain, whose head stays locked until the transaction ends.

    Raises ValueError when a code is free text, UnavailableError when the installation has no row.
    """
    session.flush()
    head = _locked_head(session, chain)
    content = {
        "chain": chain,
        "seq": head.length + 1,
        "at": stamp(now),
        "actor": by.who,
        "on_behalf_of": by.on_behalf_of,
        "via": by.via.value,
        "event": event,
        "subject": subject,
        "record_hash": None if record is None else record_hash_of(session, subject, record),
        "codes": {name: _checked(plain(value)) for name, value in (codes or {}).items()},
        "request": session.info.get("request"),
        "prev": head.head,
    }
    text = rfc8785.dumps(content)
    head.length, head.head = head.length + 1, chains.entry_hash(text)
    copies = {name: content[name] for name in COPIES if name != "at"}
    session.execute(
        insert(AuditEntry).values(
            chain=chain, seq=head.length, at=now, text=text.decode(), hash=head.head, **copies
        )
    )
    session.flush()


COPIES = ("at", "actor", "on_behalf_of", "via", "event", "subject", "record_hash", "prev")


def forget(session: Session, chain: str, subject: str, *, by: Actor, now: datetime) -> None:
    """Say that a record was deleted or blanked, and blank its salt: its hashes tell nothing any more."""
    session.execute(update(RecordSalt).where(RecordSalt.subject == subject).values(salt=None))
    record(session, chain, chains.FORGOTTEN, subject, by=by, now=now)


def installation_of(session: Session) -> Installation:
    """Return this installation's row. Raises UnavailableError when the database was never set up."""
    installation = session.scalars(select(Installation).order_by(Installation.id).limit(1)).one_or_none()
    if installation is None:
        raise UnavailableError("This database was never set up. Run `plr db upgrade`, then try again.")
    return installation


def record_hash_of(session: Session, subject: str, content: Mapping[str, Any]) -> str | None:
    """Return the salted hash of a record's content; None once its salt has been blanked."""
    session.execute(
        _insert_unless_there(session, RecordSalt, {"subject": subject, "salt": secrets.token_hex(32)})
    )
    salt = session.scalar(select(RecordSalt.salt).where(RecordSalt.subject == subject))
    return None if salt is None else chains.record_hash(salt, rfc8785.dumps(cast("Any", plain(content))))


def _locked_head(session: Session, chain: str) -> AuditHead:
    statement = select(AuditHead).where(AuditHead.chain == chain).with_for_update()
    statement = statement.execution_options(populate_existing=True)
    head = session.scalars(statement).one_or_none()
    if head is not None:
        return head
    start = chains.genesis(installation_of(session).installation_id, chain)
    # Two first writers: the second waits here for the first, then reads what it left.
    session.execute(_insert_unless_there(session, AuditHead, {"chain": chain, "length": 0, "head": start}))
    return session.scalars(statement).one()


def _insert_unless_there(session: Session, table: type[Base], values: Mapping[str, Any]) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table).values(**values).on_conflict_do_nothing()


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: instants in UTC to the microsecond, days, words."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return _plain_number_or_time(value)


def _plain_number_or_time(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LARGE:
        return str(value)
    return value


def _checked(value: Any) -> Any:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            _checked(item)
        elif isinstance(item, str) and not _CODE.fullmatch(item):
            raise ValueError("An audit entry holds codes, numbers and references, never free text.")
        elif isinstance(item, Mapping):
            raise TypeError("An audit entry's codes are flat: text, numbers, yes or no, and lists of these.")
    return value
