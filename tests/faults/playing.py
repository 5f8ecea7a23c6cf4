"""Each journey played once a test run, undisturbed, and what came of it: for the flows and the journals."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from flows.commissioning import commissioning_reflection
from plr.db.models import Case, LearningItem, Notice, Output, PanelEntry, Task, Wait, Wake
from plr.domain.words import CaseStatus, NoticeStatus, TaskStatus
from plr.engine import carrying, journal
from plr.operations import verification
from tests.faults.journeys import JOURNEYS
from tests.faults.world import World, settings_for
from tests.smtp_server import SmtpServer


@dataclass(frozen=True)
class Played:
    """What a journey left. Letters and outputs are those of the case alone."""

    status: CaseStatus
    ended: bool
    attention: str | None
    waits_for: str | None
    of_whom: str | None
    letters: tuple[str, ...]
    outputs: tuple[str, ...]
    open_tasks: tuple[str, ...]
    learning: tuple[str, ...]
    for_panel: bool
    wakes: int
    audit_fault: object
    delivered_twice: int
    recorded: Mapping[str, Any]


@cache
def played(name: str) -> Played:
    """Play a journey in a home of its own and return what came of it."""
    folder = Path(tempfile.mkdtemp(prefix="plr-played-"))
    try:
        with SmtpServer() as sink:
            world = World.begun(settings_for(folder, f"sqlite:///{folder}/plr.db", sink), sink)
            try:
                return _seen(world, world.play(JOURNEYS[name]))
            finally:
                world.close()
    finally:
        shutil.rmtree(folder)


def _seen(world: World, reference: str) -> Played:
    with world.database.reading() as session:
        case = session.get_one(Case, reference)
        waiting = session.get(Wait, reference)
        letters = session.scalars(
            select(Notice).filter_by(reference=reference).where(Notice.status != NoticeStatus.CANCELLED)
        )
        outputs = session.scalars(select(Output).filter_by(reference=reference).order_by(Output.id))
        asked = select(Task).filter_by(reference=reference, status=TaskStatus.OPEN).order_by(Task.id)
        learnt = select(LearningItem).filter_by(reference=reference).order_by(LearningItem.number)
        return Played(
            status=case.status,
            ended=journal.has_ended(session, reference),
            attention=case.attention,
            waits_for=None if waiting is None else waiting.what,
            of_whom=None if waiting is None else waiting.who,
            letters=tuple(sorted(f"{row.code} {row.address.partition('@')[0]}" for row in letters)),
            outputs=tuple(f"{row.kind}{' draft' if row.draft else ''} {row.version}" for row in outputs),
            open_tasks=tuple(task.kind.value for task in session.scalars(asked)),
            learning=tuple(item.point for item in session.scalars(learnt)),
            for_panel=session.get(PanelEntry, reference) is not None,
            wakes=len(session.scalars(select(Wake)).all()),
            audit_fault=verification.verify(session).first_bad,
            delivered_twice=sum(1 for count in world.delivered.values() if count > 1),
            recorded=carrying.dump(
                session,
                reference,
                process=commissioning_reflection.name,
                version=commissioning_reflection.process_version,
            ),
        )
