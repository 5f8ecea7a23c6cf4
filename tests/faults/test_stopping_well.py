"""Q22: SIGTERM while idle, in a step and in DATA: exit 0 within 30 seconds, no half step."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Mapping

import pytest

from plr.db.models import AuditEntry
from plr.domain.words import CaseStatus
from tests.faults.homes import Home, Worker, on_each
from tests.faults.journeys import JOURNEYS
from tests.smtp_server import Act as Reply
from tests.smtp_server import script

pytestmark = [pytest.mark.prefect, pytest.mark.postgres, pytest.mark.timeout(3600)]

GATE_TIMES, LONG_TIMES = 3, 20
WITHIN = 30.0
SLOW_DOT = 3.0
SUBMIT, CHECK, DEEPEN, *_REST = JOURNEYS["full"].acts
_numbers = itertools.count()


def stopped(worker: Worker) -> tuple[int, float]:
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    return worker.wait(60), time.monotonic() - began


def in_each_way(home: Home, times: int) -> list[str]:
    home.stop_workers()
    faults: list[str] = []
    uncertain_before = home.count(AuditEntry, event="notice.uncertain")
    for number in range(times):
        for way in (idle, in_a_step, in_data):
            worker = home.start_worker()
            status, seconds = way(home, worker)
            if status != 0 or seconds > WITHIN:
                faults.append(f"{way.__name__} {number}: exit {status} after {seconds:.0f} s")
            if home.leased():
                faults.append(f"{way.__name__} {number}: a lease was kept")
    home.a_worker()
    home.until_at_rest()
    home.stop_workers()
    if home.count(AuditEntry, event="notice.uncertain") != uncertain_before:
        faults.append("a letter that had twenty seconds to leave is uncertain")
    return [*faults, *home.letter_faults(), *_not_taken_on(home, times)]


def _not_taken_on(home: Home, times: int) -> list[str]:
    cases = [home.case(reference) for reference in _sent[home.url]]
    assert len(cases) >= 2 * times
    return [
        f"{case.reference} is {case.status.value}" for case in cases if case.status is not CaseStatus.TRIAGE
    ]


_sent: dict[str, list[str]] = {}


def _new(home: Home) -> str:
    external_ref = f"stopping-{next(_numbers)}"
    home.play((SUBMIT, CHECK, DEEPEN), external_ref)
    _sent.setdefault(home.url, []).append(home.reference(external_ref))
    return external_ref


def idle(home: Home, worker: Worker) -> tuple[int, float]:
    home.until(lambda: not home.unrest() and _listens(home), "the worker has nothing to do")
    return stopped(worker)


def _listens(home: Home) -> bool:
    return any((home.folder / "bells").glob("*.sock"))


def in_a_step(home: Home, worker: Worker) -> tuple[int, float]:
    reference = home.reference(_new(home))
    home.until(lambda: reference in home.leased() or _is_asked(home, reference), "it is carried on")
    return stopped(worker)


def _is_asked(home: Home, reference: str) -> bool:
    return home.waits_for(reference) == "await:approval"


def in_data(home: Home, worker: Worker) -> tuple[int, float]:
    """The letter that asks the Chair is held at its final dot while the worker is told to stop."""
    before = home.sink.script
    home.sink.script = script(dot=Reply(reply=b"250 taken\r\n", accept=True, delay=SLOW_DOT))
    try:
        commands = len(home.sink.commands)
        _new(home)
        home.until(lambda: "DATA" in home.sink.commands[commands:], "a letter is handed over")
        return stopped(worker)
    finally:
        home.sink.script = before


def ways(homes: Mapping[str, Home], times: int) -> None:
    assert on_each(homes, lambda home: in_each_way(home, times)) == {name: [] for name in homes}


def test_a_worker_told_to_stop_ends_well(homes: Mapping[str, Home]) -> None:
    ways(homes, GATE_TIMES)


@pytest.mark.long
def test_a_worker_told_to_stop_ends_well_twenty_times(homes: Mapping[str, Home]) -> None:
    ways(homes, LONG_TIMES)
