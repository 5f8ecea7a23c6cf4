"""Q6: the journals of every release, replayed against today's processes with effects forbidden."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import tasks
from flows import commissioning
from flows.deployments import DEPLOYED
from plr.engine.carrying import replay
from plr.engine.process import PROCESSES
from plr.engine.steps import Step
from plr.errors import WrongMomentError
from tasks.reviews import choose_depth
from tests.faults.journeys import JOURNEYS
from tests.faults.playing import played
from tests.journals.record import JOURNALS

FILES = sorted(JOURNALS.glob("*/*.json"))
NEWEST = version("practice-learning-review")


def read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))


def entries(journal: Mapping[str, Any]) -> list[str]:
    return [f"{entry['step']}:{entry['occurrence']}" for entry in journal["entries"]]


def faults(body: Any, journal: Mapping[str, Any]) -> list[str]:
    """What today's process asks that the journal does not hold, but for the place where the case stood."""
    recorded, asked = entries(journal), replay(body, journal)
    if asked == recorded:
        return []
    if asked[:-1] == recorded and asked[-1].startswith(("await:", "end:")):
        return []
    return [f"recorded {recorded}", f"asked {asked}"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_todays_processes_ask_what_the_releases_recorded(file: Path) -> None:
    journal = read(file)
    assert faults(PROCESSES[journal["process"]].body, journal) == []


def test_every_journey_of_every_process_has_its_journal() -> None:
    newest = [file for file in FILES if file.parent.name == NEWEST]
    assert {file.stem for file in newest} == set(JOURNEYS)
    assert {read(file)["process"] for file in newest} == {process.name for process in DEPLOYED}


def test_every_step_stands_in_some_journal() -> None:
    modules = [
        importlib.import_module(f"tasks.{module.name}") for module in pkgutil.iter_modules(tasks.__path__)
    ]
    steps = {value.name for module in modules for value in vars(module).values() if isinstance(value, Step)}
    recorded = {entry["step"] for file in FILES for entry in read(file)["entries"]}
    assert len(steps) >= 15
    assert steps <= recorded


def test_the_journals_are_what_is_recorded_today() -> None:
    journal = read(JOURNALS / NEWEST / "full.json")
    assert entries(journal) == entries(played("full").recorded)


def other_order(reference: str) -> None:
    """The process with two steps exchanged: asked before it is checked."""
    choose_depth(reference)
    commissioning.check_for_identifiers(reference)
    commissioning.take_on(reference)


def without_a_step(reference: str) -> None:
    """The process without the question to the group."""
    commissioning.check_for_identifiers(reference)
    choose_depth(reference)
    commissioning.take_on(reference)
    commissioning.reflect(reference)


def with_one_more_step(reference: str) -> None:
    """The process with a step that older cases have not done."""
    commissioning.check_for_identifiers(reference)
    commissioning.check_for_identifiers(reference)


@pytest.mark.parametrize("changed", [other_order, without_a_step, with_one_more_step])
def test_a_process_that_leaves_the_recorded_path_is_found(changed: Any) -> None:
    assert faults(changed, read(JOURNALS / NEWEST / "full.json"))


def test_a_replay_can_do_nothing() -> None:
    journal = read(JOURNALS / NEWEST / "full.json")
    cut = {**journal, "entries": journal["entries"][:3]}
    asked = replay(commissioning.commissioning_reflection.body, cut)
    assert len(asked) == 4  # it stops at the first thing that would have to be done
    with pytest.raises((RuntimeError, WrongMomentError)):
        choose_depth("PLR-R-2027-001")
