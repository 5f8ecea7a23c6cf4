"""The commissioning reflection from end to end, by real operations: where it ends, and what left."""

from __future__ import annotations

import pytest

from flows.deployments import DEPLOYED
from plr.engine.process import PROCESSES
from tests.faults.expected import LETTERS
from tests.faults.journeys import JOURNEYS
from tests.faults.playing import played

ASKED_WHAT_CAME = "the day to ask what came of it"
SUMMARY, REFLECTION, NOTE = "summary 1", "commissioning-reflection 1", "impact-note 1"
DRAFT = "position draft 1"
OUTPUTS = {
    "light": [SUMMARY, REFLECTION],
    "full": [SUMMARY, DRAFT, "position draft 2", REFLECTION, NOTE],
    "full-by-telephone": [SUMMARY, DRAFT, REFLECTION],
    "position-declined": [SUMMARY, DRAFT],
    "returned": [SUMMARY, "summary 2", REFLECTION],
    "returned-by-chair": [SUMMARY, "summary 2"],
    "held": [SUMMARY, REFLECTION],
    "objected": [SUMMARY, DRAFT, REFLECTION],
    "objected-at-once": [SUMMARY, DRAFT, REFLECTION],
    "objected-after-issue": [SUMMARY, REFLECTION, "commissioning-reflection 2"],
}
WAITS = {
    "light": (ASKED_WHAT_CAME, ""),
    "full-by-telephone": (ASKED_WHAT_CAME, ""),
    "returned": (ASKED_WHAT_CAME, ""),
    "returned-by-chair": ("reflections, 0 of 3 in", "the reflectors"),
    "held": (ASKED_WHAT_CAME, ""),
    "deepened": ("reflections, 0 of 4 in", "the reflectors"),
    "too-few": ("a look at the case on hold", "the Chair"),
    "reassigned": ("the text of the position", "the Secretary"),
    "not-reassigned": ("a look at the case on hold", "the Chair"),
    "objected": (ASKED_WHAT_CAME, ""),
    "objected-at-once": (ASKED_WHAT_CAME, ""),
    "objected-after-issue": (ASKED_WHAT_CAME, ""),
}
LEARNT = {
    "light": ["Ask again."],
    "full": ["One point."],
    "full-by-telephone": ["One point, at length."],
    "returned": ["Ask again."],
    "held": ["Ask again."],
    "objected": ["One point, at length."],
    "objected-at-once": ["One point, at length."],
    "objected-after-issue": ["Ask twice."],
}

every_journey = pytest.mark.parametrize("name", JOURNEYS)


@every_journey
def test_a_case_ends_in_its_state_or_waits_there(name: str) -> None:
    found = played(name)
    assert found.status is JOURNEYS[name].status
    assert found.attention is None
    assert found.ended is (name not in WAITS)
    assert (found.waits_for, found.of_whom) == WAITS.get(name, (None, None))
    assert found.wakes == 0


@every_journey
def test_its_letters_leave_once_each(name: str) -> None:
    found = played(name)
    assert list(found.letters) == sorted(LETTERS[name])
    assert found.delivered_twice == 0


@every_journey
def test_its_documents_and_registers_are_written(name: str) -> None:
    found = played(name)
    assert list(found.outputs) == OUTPUTS.get(name, [SUMMARY])
    assert list(found.learning) == LEARNT.get(name, [])
    assert found.for_panel is (name in LEARNT)
    assert found.audit_fault is None


@pytest.mark.parametrize("name", [name for name, journey in JOURNEYS.items() if name not in WAITS])
def test_nobody_is_asked_anything_about_an_ended_case(name: str) -> None:
    left = ("clear_breach",) if name == "breach" else ()
    assert played(name).open_tasks == left


def test_every_process_is_deployed_and_every_deployment_is_a_process() -> None:
    assert {process.name: process for process in DEPLOYED} == PROCESSES


def test_every_process_says_what_it_does_in_the_groups_words() -> None:
    for process in DEPLOYED:
        assert process.description
        assert "terms of reference" in process.description
        assert len(process.description.split("\n\n")) >= 2
