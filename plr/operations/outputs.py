"""Outputs: asking for a document to be written, in the transaction of its cause; and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import Case, Output
from plr.domain.actors import ENGINE, Actor
from plr.domain.london import london_day
from plr.domain.outputs import OutputKind, file_name, folder
from plr.domain.words import OutputStatus
from plr.errors import NotFoundError
from plr.operations import audit


def ask(
    session: Session,
    case: Case,
    kind: OutputKind,
    fields: Mapping[str, Any],
    *,
    draft: bool = False,
    approvals: Sequence[str] = (),
    sources: Sequence[str] = (),
    by: Actor,
    now: datetime,
) -> Output:
    """Ask for the next version of a document; the deliverer writes it once (decisions 57 to 63)."""
    same = (Output.reference == case.reference, Output.kind == kind.value, Output.draft == draft)
    version = (session.scalar(select(func.max(Output.version)).where(*same)) or 0) + 1
    day = london_day(now)
    output = Output(
        reference=case.reference,
        kind=kind.value,
        draft=draft,
        version=version,
        title=kind.heading,
        classification=kind.classification.value,
        day_on=day,
        folder=folder(case.reference, london_day(case.created_at).year),
        name=file_name(day, case.reference, kind.value, version, draft=draft),
        fields=dict(fields),
        approvals=list(approvals),
        sources=list(sources),
        status=OutputStatus.WAITING,
        created_at=now,
        not_before=now,
    )
    session.add(output)
    session.flush()
    audit.record(
        session,
        case.reference,
        "output.asked",
        f"output:{output.id}",
        by=by,
        now=now,
        codes={"kind": kind.value, "version": version, "draft": draft},
    )
    return output


def next_version(session: Session, output: Output, *, now: datetime) -> None:
    """Give an output the next version's name: its own name holds other bytes (reliability 2, Outputs)."""
    same = (Output.reference == output.reference, Output.kind == output.kind, Output.draft == output.draft)
    version = (session.scalar(select(func.max(Output.version)).where(*same)) or output.version) + 1
    output.version = version
    output.name = file_name(output.day_on, output.reference, output.kind, version, draft=output.draft)
    audit.record(
        session,
        output.reference,
        "output.renamed",
        f"output:{output.id}",
        by=ENGINE,
        now=now,
        codes={"version": version, "why": "name-held-other-bytes"},
    )


def stop(session: Session, reference: str, *, by: Actor, now: datetime) -> int:
    """Write no more of a case's documents, because somebody can be identified; return how many waited."""
    waiting = select(Output).filter_by(reference=reference, status=OutputStatus.WAITING).order_by(Output.id)
    stopped = session.scalars(waiting.with_for_update()).all()
    for output in stopped:
        output.status, output.last_error = OutputStatus.FAILED, "The case is a breach: it is not written."
        audit.record(session, reference, "output.stopped", f"output:{output.id}", by=by, now=now)
    return len(stopped)


def written(session: Session, output: Output, *, sha256: str, size: int, now: datetime) -> None:
    """Record that a document stands in shared storage."""
    output.status, output.written_at = OutputStatus.WRITTEN, now
    output.sha256, output.size, output.last_error, output.claimed_until = sha256, size, None, None
    session.flush()
    audit.record(
        session,
        output.reference,
        "output.written",
        f"output:{output.id}",
        by=ENGINE,
        now=now,
        codes={"sha256": sha256, "size": size},
        record=audit.output_content(output),
    )


def of_case(session: Session, reference: str) -> list[Output]:
    """Return a case's outputs, the newest first."""
    return list(
        session.scalars(select(Output).where(Output.reference == reference).order_by(Output.id.desc()))
    )


def by_name(session: Session, name: str) -> Output:
    """Return the output of a name, or say that there is none."""
    output = session.scalars(select(Output).where(Output.name == name)).one_or_none()
    if output is None:
        raise NotFoundError("There is no such document.")
    return output
