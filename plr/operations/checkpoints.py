"""Checkpoints: system entries that pin every chain, so that a whole chain cannot vanish (reliability 5).

A checkpoint names the chains that changed since the one before; now and then one is full, as soon as
the changes since the last full one would outweigh it, so storage stays in step with what happens.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, AuditHead, Counter
from plr.domain.actors import ENGINE
from plr.domain.chain import CHECKPOINT, SYSTEM, advanced, content_of, state_hash
from plr.operations import audit

Standing = dict[str, tuple[int, str]]


def checkpoint(session: Session, *, now: datetime) -> str:
    """Pin every chain and every reference counter; return the hash to print or mail.

    Writes nothing when nothing has happened since the last checkpoint, and returns that one's hash.
    """
    session.flush()
    newest = session.execute(
        select(AuditEntry.event, AuditEntry.hash)
        .where(AuditEntry.chain == SYSTEM)
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    ).one_or_none()
    standing = {
        head.chain: (head.length, head.head)
        for head in session.scalars(select(AuditHead).where(AuditHead.chain != SYSTEM))
    }
    before, weight = _before(session)
    changed = {name: standing[name] for name in sorted(standing) if before.get(name) != standing[name]}
    if newest is not None and newest.event == CHECKPOINT and not changed:
        return str(newest.hash)
    full = weight + len(changed) >= len(standing)
    named = dict(sorted(standing.items())) if full else changed
    counters = _counters(session)
    audit.record(
        session,
        SYSTEM,
        CHECKPOINT,
        SYSTEM,
        by=ENGINE,
        now=now,
        codes={
            "full": full,
            "chains": len(standing),
            "changed": [[name, length, head] for name, (length, head) in named.items()],
            "counters": [[prefix, year, last] for (prefix, year), last in counters.items()],
            "state": state_of(
                standing, {f"{prefix}-{year}": last for (prefix, year), last in counters.items()}
            ),
        },
    )
    return str(session.scalars(select(AuditHead.head).where(AuditHead.chain == SYSTEM)).one())


def head(session: Session, *, now: datetime) -> str:
    """Make a checkpoint and return its hash: the anchor to keep outside (decisions 104)."""
    return checkpoint(session, now=now)


def state_of(standing: Mapping[str, tuple[int, str]], counters: Mapping[str, int]) -> str:
    """Return the hash over every (chain, length, head) and every counter."""
    state: dict[str, Any] = {
        "chains": {name: list(value) for name, value in standing.items()},
        "counters": dict(counters),
    }
    return state_hash(rfc8785.dumps(state))


def counters_pinned(session: Session) -> dict[tuple[str, int], int]:
    """Return the reference counters the newest checkpoint names; empty before the first."""
    with closing(_newest_first(session)) as checkpoints:
        newest = next(checkpoints, None)
    rows = [] if newest is None else newest["counters"]
    return {(prefix, year): last for prefix, year, last in rows}


def _before(session: Session) -> tuple[Standing, int]:
    """Return what the checkpoints so far name, and how many chains were named since the last full one."""
    since: list[dict[str, Any]] = []
    with closing(_newest_first(session)) as checkpoints:
        for codes in checkpoints:
            since.append(codes)
            if codes["full"]:
                break
    standing: Standing = {}
    for codes in reversed(since):
        standing = advanced(standing, codes)
    return standing, sum(len(codes["changed"]) for codes in since if not codes["full"])


def _newest_first(session: Session) -> Generator[dict[str, Any]]:
    statement = (
        select(AuditEntry.text)
        .where(AuditEntry.chain == SYSTEM, AuditEntry.event == CHECKPOINT)
        .order_by(AuditEntry.seq.desc())
    )
    with closing(session.scalars(statement.execution_options(yield_per=20))) as texts:
        for text in texts:
            yield content_of(text)["codes"]


def _counters(session: Session) -> dict[tuple[str, int], int]:
    rows = session.scalars(select(Counter).order_by(Counter.prefix, Counter.year))
    return {(row.prefix, row.year): row.last for row in rows}
