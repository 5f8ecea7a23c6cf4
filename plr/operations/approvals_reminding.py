"""The ladder of an open approval: time reminds, tells the deputy and the digest; it decides nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from plr.db.models import Approval, Deadline
from plr.db.session import rules_of
from plr.domain.actors import ENGINE
from plr.domain.ladders import ESCALATE
from plr.domain.london import london_day
from plr.domain.notices import DigestLine
from plr.domain.words import ApprovalStatus, Office
from plr.operations import approvals_letters as letters
from plr.operations import approvals_records as records
from plr.operations import digest, directory


def fire_rung(session: Session, deadline: Deadline, row_code: str, *, now: datetime) -> None:
    """Bring an open approval up again: N25, N26 (from then the deputy may answer), or a digest line.

    `deadline.subject` is "approval:<id>". What is settled, or asked of nobody, is left alone.
    """
    locked = records.lock(session, deadline.subject.removeprefix("approval:"))
    row = locked.row
    if row.status is not ApprovalStatus.OPEN or row.holder_id is None:
        return
    if row_code == "N25":
        letters.remind_holder(session, row, now=now)
    elif row_code == "N26":
        _overdue(session, row, locked.rows, now=now)
    elif row_code == ESCALATE:
        _digest_line(session, row, now=now)


def _overdue(session: Session, row: Approval, rows: list[Approval], *, now: datetime) -> None:
    # Earlier links die with the day; the overdue letter brings new ones (reliability 2).
    records.unask(session, row, "overdue", now=now)
    row.deputy_from_on = london_day(now)
    people = directory.load(session, on=london_day(now))
    deputy = letters.deputy_of(people, row)
    if deputy is not None and deputy in records.barred(session, row, rows):
        deputy = None
    letters.tell_overdue(session, row, deputy, now=now)
    records.note(session, row, "approval.overdue", by=ENGINE, now=now, codes={"deputy": deputy})


def _digest_line(session: Session, row: Approval, *, now: datetime) -> None:
    """Ten working days late: the Chair reads of it, or the AoCPP Chair when the Chair is late."""
    people = directory.load(session, on=london_day(now))
    chairs = people.holders(Office.CHAIR)
    late = row.office is Office.CHAIR or row.holder_id in chairs
    told = set(people.holders(Office.ASSOCIATION_CHAIR) if late else chairs)
    label = rules_of(session).approvals[row.kind].label
    line = DigestLine(reference=row.reference, type=label, due_on=row.due_on)
    for person_id in sorted(told - directory.interested(session, row.reference)):
        digest.add(session, person_id, ESCALATE, f"late:{row.id}", row.reference, line, now=now)
