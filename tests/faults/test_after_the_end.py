"""A case that is woken after its process has ended: nothing moves, and nothing stays awake for ever."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from flows.commissioning import commissioning_reflection
from plr.db.models import JournalEntry, Wake
from plr.engine import sweep
from plr.engine.runs import Runs
from plr.operations import wakes
from tests.faults.journeys import JOURNEYS
from tests.faults.world import World, settings_for
from tests.smtp_server import SmtpServer

NO_PREFECT = cast(Runs, None)  # an ended case asks nothing of it


@pytest.fixture
def world(sink: SmtpServer, tmp_path: Path) -> Generator[World]:
    made = World.begun(settings_for(tmp_path, f"sqlite:///{tmp_path / 'plr.db'}", sink), sink)
    yield made
    made.close()


def woken_after_its_end(world: World) -> str:
    reference = world.play(JOURNEYS["withdrawn"])
    world.database.run(lambda session: wakes.wake(session, reference, "execution-lost", now=world.now))
    return reference


def standing(world: World) -> tuple[list[str], int]:
    with world.database.reading() as session:
        entries = [row.step for row in session.scalars(select(JournalEntry).order_by(JournalEntry.id))]
        return entries, len(session.scalars(select(Wake)).all())


def test_its_wake_is_cleared_by_whoever_delivers_wakes(world: World) -> None:
    woken_after_its_end(world)
    entries, awake = standing(world)
    assert awake == 1
    assert sweep.deliver_wakes(world.services, NO_PREFECT) == 0
    assert standing(world) == (entries, 0)


def test_its_wake_is_cleared_when_it_is_run_once_more(world: World) -> None:
    reference = woken_after_its_end(world)
    entries, _awake = standing(world)
    assert commissioning_reflection.plain(reference, world.database, now=lambda: world.now)
    assert standing(world) == (entries, 0)
