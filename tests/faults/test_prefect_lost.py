"""Q7: Prefect's database deleted, put back from an old copy, or away, while cases wait; and Resume."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from plr.db.models import AuditEntry
from plr.domain.words import CaseStatus
from tests.faults.homes import Home, on_each
from tests.faults.journeys import JOURNEYS

# Three losses, each three to five minutes: the gate holds a smaller one in tests/engine/test_prefect.py.
pytestmark = [pytest.mark.long, pytest.mark.prefect, pytest.mark.postgres, pytest.mark.timeout(3600)]

GATE_CASES, LONG_CASES = 10, 100
*BEGIN, AGREE = JOURNEYS["light"].acts
WITHIN = 300.0  # seconds after the server's return (R7)
_numbers = count()


def waiting(home: Home, cases: int) -> list[str]:
    """New cases that wait for the group; returns what they were sent in under."""
    home.a_worker()
    refs = [f"waiting-{next(_numbers)}" for _ in range(cases)]
    for external_ref in refs:
        home.play(tuple(BEGIN), external_ref)
    for external_ref in refs:
        home.until(lambda ref=external_ref: _suspended(home, ref, "await:group"), "it waits for the group")  # type: ignore[misc]  # bound now
    return refs


def _suspended(home: Home, external_ref: str, name: str) -> bool:
    reference = home.reference(external_ref)
    return (
        home.waits_for(reference) == name
        and home.prefect_state(reference) == "Suspended"
        and reference not in home.leased()
    )


def agreed(home: Home, refs: list[str]) -> None:
    for external_ref in refs:
        home.until(lambda ref=external_ref: home.try_to(AGREE, ref), "the group agrees")  # type: ignore[misc]  # bound now
        assert home.case(home.reference(external_ref)).status is CaseStatus.ISSUED


def go_on(home: Home, refs: list[str]) -> None:
    end = time.monotonic() + WITHIN
    for external_ref in refs:
        while not _suspended(home, external_ref, "await:day"):
            assert time.monotonic() < end, f"It has not gone on: {_seen(home, external_ref)}"
            time.sleep(0.1)


def _seen(home: Home, external_ref: str) -> str:
    reference = home.reference(external_ref)
    case = home.case(reference)
    return (
        f"{external_ref} is {case.status.value}, waits for {home.waits_for(reference)}, leased until "
        f"{case.lease_until}, attention {case.attention}, failures {case.failures}, awake "
        f"{reference in home.awake()}, run {case.run_id} is {home.prefect_state(reference)}; "
        f"journal {home.journal(reference)[-2:]}"
    )


def files(home: Home) -> list[Path]:
    return list((home.folder / "prefect").glob("prefect.db*"))


def deleted(home: Home) -> None:
    for file in files(home):
        file.unlink()


def replaced(home: Home) -> None:
    deleted(home)
    for file in (home.folder / "old").iterdir():
        shutil.copy(file, home.folder / "prefect" / file.name)


def left_alone(_home: Home) -> None:
    return


def keep_old_copy(home: Home) -> None:
    shutil.rmtree(home.folder / "old", ignore_errors=True)
    (home.folder / "old").mkdir()
    with (
        closing(sqlite3.connect(home.folder / "prefect" / "prefect.db")) as original,
        closing(sqlite3.connect(home.folder / "old" / "prefect.db")) as copy,
    ):
        original.backup(copy)


def lose(home: Home, cases: int) -> list[str]:
    share = max(cases // 5, 1)
    old = waiting(home, cases - 2 * share)
    keep_old_copy(home)
    refs = old + waiting(home, 2 * share)  # the old copy does not know these
    groups: list[tuple[Callable[[Home], None], list[str]]] = [
        (left_alone, [refs.pop(0) for _ in range(share)]),
        (replaced, [refs.pop(0) for _ in range(share)] + [refs.pop()]),
        (deleted, [refs.pop(0) for _ in range(share)]),
    ]
    for harm, decided in groups:
        assert home.stop_server() == 0
        harm(home)
        agreed(home, decided)  # decisions go on meanwhile
        home.start_server()
        go_on(home, decided)
    for external_ref in refs:
        home.until(lambda ref=external_ref: _suspended(home, ref, "await:group"), "it waits again", WITHIN)  # type: ignore[misc]  # bound now
    agreed(home, refs)
    go_on(home, refs)
    home.until_at_rest()
    return [*home.letter_faults(), *home.output_faults(), *_strayed(home, old)]


def _strayed(home: Home, refs: list[str]) -> list[str]:
    wanted = [
        "ask_check:1",
        "await:check:1",
        "choose_depth:1",
        "put_on_agenda:1",
        "await:group:1",
        "follow_up_months:1",
        "follow_up_on:1",
    ]
    journals = {ref: home.journal(home.reference(ref)) for ref in refs}
    return [f"{ref} went {journal}" for ref, journal in journals.items() if journal != wanted]


def test_cases_go_on_without_prefects_memory(homes: Mapping[str, Home]) -> None:
    assert on_each(homes, lambda home: lose(home, GATE_CASES)) == {name: [] for name in homes}


@pytest.mark.long
def test_a_hundred_cases_go_on_without_prefects_memory(homes: Mapping[str, Home]) -> None:
    assert on_each(homes, lambda home: lose(home, LONG_CASES)) == {name: [] for name in homes}


def resumed(home: Home) -> list[str]:
    (external_ref,) = waiting(home, 1)
    reference = home.reference(external_ref)
    before = home.case(reference).status, home.journal(reference)
    for times in (1, 2):
        home.resume_in_prefect(reference)
        home.until(
            lambda times=times: (
                home.count(AuditEntry, chain=reference, event="case.woken_undecided") == times
            ),  # type: ignore[misc]  # bound now
            "the resume is in the audit",
        )
        home.until(lambda: _suspended(home, external_ref, "await:group"), "it waits again")
    if (home.case(reference).status, home.journal(reference)) != before:
        return [f"{reference} was carried on by Resume"]
    agreed(home, [external_ref])
    go_on(home, [external_ref])
    return []


def test_resume_in_prefect_decides_nothing(homes: Mapping[str, Home]) -> None:
    assert on_each(homes, resumed) == {name: [] for name in homes}
