"""`plr case show`: all that happened to a case, and what it waits for now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.cli.approvals import approval_rows
from plr.cli.context import Json, Work, opened
from plr.cli.outbox import letter_row
from plr.cli.outputs import output_row
from plr.cli.showing import console, facts, print_json, table
from plr.db.models import Approval, AuditEntry, Case, Notice, Person, Wait
from plr.domain.cases import LABELS
from plr.domain.chain import content_of
from plr.operations import cases, flags, outputs

_TIMELINE = {"at": "When", "actor": "Who", "on_behalf_of": "For", "event": "What", "detail": "Detail"}
_APPROVALS = {"id": "Question", "status": "Status", "due_on": "Due", "voters": "Asked"}
_LETTERS = {"notice": "Letter", "to": "To", "subject": "Subject", "status": "Status", "sent_at": "Left"}
_OUTPUTS = {"name": "Document", "classification": "Class", "written_at": "Written"}


def show(reference: str, *, json: Json = False) -> None:
    """Show a case: where it stands, its history, questions, letters and documents.

    Parameters
    ----------
    reference
        Such as PLR-R-2027-001.
    """
    with opened() as work, work.database.reading() as session:
        found = described(session, cases.get(session, reference), work)
    if json:
        print_json(found)
        return
    _print(found)


def described(session: Session, case: Case, work: Work) -> dict[str, Any]:
    """Return the document of interface.md for a case."""
    reference = case.reference
    codes = {person.id: person.code for person in session.scalars(select(Person))}
    approvals = session.scalars(select(Approval).filter_by(reference=reference).order_by(Approval.id))
    letters = session.scalars(
        select(Notice).filter_by(reference=reference).order_by(Notice.created_at, Notice.id)
    )
    return {
        "reference": reference,
        "process": case.process,
        "process_version": case.process_version,
        "status": case.status,
        "label": LABELS[case.status],
        "flags": flags.of_cases(session, [case], now=work.now)[reference],
        "depth": case.depth,
        "waiting_for": _waiting(session, reference),
        "timeline": _timeline(session, reference, codes),
        "approvals": approval_rows(session, list(approvals), codes),
        "notices": [letter_row(letter, work) for letter in letters],
        "outputs": [output_row(output) for output in outputs.of_case(session, reference)],
    }


def _waiting(session: Session, reference: str) -> list[dict[str, Any]]:
    wait = session.get(Wait, reference)
    if wait is None:
        return []
    return [{"what": wait.what, "who": wait.who, "due_on": wait.due_on, "since": wait.since}]


def _timeline(session: Session, reference: str, codes: Mapping[int, str]) -> list[dict[str, Any]]:
    statement = select(AuditEntry).where(AuditEntry.chain == reference).order_by(AuditEntry.seq)
    return [
        {
            "at": entry.at,
            "actor": _who(entry.actor, codes),
            "on_behalf_of": _who(entry.on_behalf_of, codes),
            "event": entry.event,
            "detail": _detail(entry),
        }
        for entry in session.scalars(statement)
    ]


def _who(stored: str | None, codes: Mapping[int, str]) -> str | None:
    """Return somebody's id for the number that the audit keeps."""
    kind, _, number = (stored or "").partition(":")
    return codes.get(int(number), stored) if kind == "person" and number.isdigit() else stored


def _detail(entry: AuditEntry) -> str:
    codes = content_of(entry.text).get("codes", {})
    said = ", ".join(f"{name}={value}" for name, value in codes.items() if value is not None)
    return f"{entry.subject}: {said}" if said else entry.subject


def _print(found: Mapping[str, Any]) -> None:
    facts(
        {
            "Stands": ", ".join([found["label"], *found["flags"]]),
            "State": f"{found['status']}, {found['depth']}",
            "Process": f"{found['process']}, version {found['process_version']}",
            **{f"Waits for {wait['what']}": wait["who"] for wait in found["waiting_for"]},
        },
        title=found["reference"],
    )
    for heading, name, columns in (
        ("History", "timeline", _TIMELINE),
        ("Questions", "approvals", _APPROVALS),
        ("Letters", "notices", _LETTERS),
        ("Documents", "outputs", _OUTPUTS),
    ):
        if found[name]:
            console().print()
            table(found[name], columns, title=heading)
