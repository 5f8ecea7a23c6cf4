from __future__ import annotations

import json
from typing import Any

from plr.engine.carrying import carry_plain, dump, replay
from tests.engine.programs.journey_body import ask, open_item, record_answer, travel
from tests.engine.programs.rig import NOON, Cases


def recorded(cases: Cases, *, answer: str | None, version: int = 1) -> dict[str, Any]:
    reference = cases.new(version=version)
    if answer is not None:
        cases.answer(reference, answer)
    carry_plain(travel, "journey", reference, cases.database, now=lambda: NOON)
    with cases.database.reading() as session:
        journal = dump(session, reference, process="journey", version=version)
    return dict(json.loads(json.dumps(journal)))


def entries(journal: dict[str, Any]) -> list[str]:
    return [f"{entry['step']}:{entry['occurrence']}" for entry in journal["entries"]]


def test_a_finished_journal_is_asked_for_in_its_own_order_without_effects(cases: Cases) -> None:
    journal = recorded(cases, answer="decline")
    before = cases.effects(journal["reference"])
    assert replay(travel, journal) == entries(journal)
    assert cases.effects(journal["reference"]) == before


def test_a_waiting_journal_ends_at_what_it_waits_for(cases: Cases) -> None:
    assert replay(travel, recorded(cases, answer=None)) == ["open_item:1", "ask:1", "await:answer:1"]
    approved = recorded(cases, answer="approve")
    assert replay(travel, approved) == [*entries(approved), "await:next-day:1"]


def test_an_older_version_keeps_its_path(cases: Cases) -> None:
    assert "record_answer:2" not in replay(travel, recorded(cases, answer="decline", version=1))
    assert "record_answer:2" in replay(travel, recorded(cases, answer="decline", version=2))


def test_a_process_that_changed_its_order_is_found(cases: Cases) -> None:
    def changed(reference: str) -> None:
        ask(reference)
        open_item(reference)
        record_answer(reference, answer="x")

    journal = recorded(cases, answer="decline")
    assert replay(changed, journal) != entries(journal)


def test_a_process_with_a_new_step_stops_there(cases: Cases) -> None:
    def longer(reference: str) -> None:
        open_item(reference)
        open_item(reference)

    assert replay(longer, recorded(cases, answer="decline")) == ["open_item:1", "open_item:2"]
