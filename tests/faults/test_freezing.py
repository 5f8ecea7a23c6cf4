"""Q5: a worker stopped in the middle of its work, past its lease, and woken when another has gone on."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Mapping

import pytest

from plr.db.models import AuditEntry
from tests.faults.expected import LETTERS
from tests.faults.homes import Home, Worker, on_each
from tests.faults.journeys import JOURNEYS

pytestmark = [pytest.mark.prefect, pytest.mark.postgres, pytest.mark.timeout(3600)]

GATE_STOPS, LONG_STOPS = 5, 20
ACTS = JOURNEYS["declined"].acts  # the process goes on after each of its four acts
WOKEN_FOR = 2.0  # seconds; its next step comes within a few hundredths of one
TRIES = 60
_numbers = itertools.count()


def freeze(home: Home, stops: int) -> list[str]:
    """Freeze as often as asked; return what a woken worker did that it must not do."""
    faults: list[str] = []
    home.stop_workers()
    stale = home.fork_worker()
    frozen = 0
    for _ in range(TRIES):
        external_ref = f"frozen-{next(_numbers)}"
        frozen_there = None
        for act in ACTS:
            home.play((act,), external_ref)
            if frozen_there is None and frozen < stops:
                frozen_there = _frozen(home, stale, external_ref)
        if frozen_there is not None:
            frozen += 1
            faults += _woken(home, stale, external_ref, frozen_there)
            stale = home.workers[-1]
        if frozen == stops:
            break
    home.until_at_rest()
    faults += home.letter_faults()
    if (audit := home.audit_fault()) is not None:
        faults.append(str(audit))
    assert frozen == stops, f"Only {frozen} of {stops} were caught at work."
    return faults


def _frozen(home: Home, stale: Worker, external_ref: str) -> int | None:
    """Stop the worker while it holds the case's lease; return its epoch, or None if it was quicker.

    One stopped inside a transaction is let go: it holds everybody up, and the supervisor kills it.
    """
    reference = home.reference(external_ref)
    end = time.monotonic() + 10
    while reference not in home.leased():
        if reference not in home.awake() or time.monotonic() > end:
            return None
    stale.send_signal(signal.SIGSTOP)
    if reference not in home.leased() or not home.is_writable(reference):
        stale.send_signal(signal.SIGCONT)
        return None
    home.fork_worker()
    return home.case(reference).lease_epoch


def _woken(home: Home, stale: Worker, external_ref: str, epoch: int) -> list[str]:
    """Wait until another worker has finished the case, wake the stopped one, and look what it does."""
    reference = home.reference(external_ref)
    home.until(lambda: home.case(reference).status is JOURNEYS["declined"].status, "another has gone on")
    home.until(lambda: home.journal(reference)[-1] == "end:1" and reference not in home.leased(), "it ends")
    before = _all_of(home, reference)
    stale.send_signal(signal.SIGCONT)
    time.sleep(WOKEN_FOR)
    faults = []
    if _all_of(home, reference) != before:
        faults.append(f"{reference}: the woken worker committed something")
    if home.case(reference).lease_epoch <= epoch:
        faults.append(f"{reference}: nobody took it over")
    if home.letters_of(reference) != sorted(LETTERS["declined"]):
        faults.append(f"{reference} has the letters {home.letters_of(reference)}")
    stale.send_signal(signal.SIGTERM)
    stale.wait(40)
    return faults


def _all_of(home: Home, reference: str) -> tuple[list[str], int, int]:
    audit = home.count(AuditEntry, chain=reference)
    sent = home.count(AuditEntry, chain=reference, event="notice.sent")
    return home.journal(reference), audit - sent, home.case(reference).lease_epoch


def frozen_in_each(homes: Mapping[str, Home], stops: int) -> None:
    assert on_each(homes, lambda home: freeze(home, stops)) == {name: [] for name in homes}


def test_five_workers_woken_past_their_lease_commit_nothing(homes: Mapping[str, Home]) -> None:
    frozen_in_each(homes, GATE_STOPS)


@pytest.mark.long
def test_twenty_workers_woken_past_their_lease_commit_nothing(homes: Mapping[str, Home]) -> None:
    frozen_in_each(homes, LONG_STOPS)
