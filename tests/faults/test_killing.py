"""Q2: a worker killed at random instants around its durable steps, often again while it recovers."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from plr.db.models import Notice
from plr.domain.notices import NOTICES
from plr.domain.words import CaseStatus, NoticeStatus
from tests.faults.expected import LETTERS
from tests.faults.homes import Home, kill, on_each
from tests.faults.journeys import JOURNEYS, Act, hours
from tests.faults.lives import tell

pytestmark = [pytest.mark.prefect, pytest.mark.postgres, pytest.mark.timeout(3600)]

JOURNALS = Path(__file__).parents[1] / "journals" / "0.1.0"
GATE_KILLS, LONG_KILLS = 20, 60
AGAIN = 0.3  # of the kills hit a worker that is still recovering
ACTS_A_KILL = 3
MOVES_WITHIN = 90.0
# All that can happen within a day: the months of the follow-up are for the tests without processes.
PLAYED = (
    "full",
    "objected",
    "full-by-telephone",
    "returned",
    "held",
    "declined",
    "light",
    "withdrawn",
    "breach",
)
AFTER_ISSUE = ("three months", "tell", "twelve months", "silence")


@dataclass
class People:
    """Everybody of all the cases: each acts as soon as it is their turn."""

    home: Home
    chance: random.Random
    left: dict[str, list[Act]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def send(self, group: str) -> None:
        for name in PLAYED:
            external_ref = f"{name}-{group}"
            self.names[external_ref] = name
            self.left[external_ref] = [act for act in JOURNEYS[name].acts if act.name not in AFTER_ISSUE]

    def act(self, most: int) -> int:
        """Let up to so many acts happen, of cases chosen at random that rest; return how many did.

        Who acts has seen the case as it stands: so its path is the undisturbed one, whoever is killed.
        """
        done, moving = 0, self.home.moving()
        for external_ref in self.chance.sample(sorted(self.left), len(self.left)):
            if (
                done < most
                and external_ref not in moving
                and self.home.try_to(self.left[external_ref][0], external_ref)
            ):
                done += 1
                self.left[external_ref].pop(0)
                if not self.left[external_ref]:
                    del self.left[external_ref]
        return done


@dataclass
class Outcome:
    kills: int
    slowest: float
    faults: list[str]


def kill_often(home: Home, kills: int, seed: int, *, forked: bool) -> Outcome:
    start = home.fork_worker if forked else home.start_worker
    people = People(home, random.Random(seed))  # noqa: S311 - a choice, not a secret
    rounds = -(-kills // GATE_KILLS)
    for round_number in range(rounds):
        people.send(f"{seed}-{round_number}")
    slowest = 0.0
    worker, started, killed = start(), time.monotonic(), 0.0
    until_first_step = 5.0
    for number in range(kills):
        if number and people.chance.random() < AGAIN:
            time.sleep(people.chance.uniform(0, until_first_step + 1))
        else:
            moved = _until_moved(home, people)
            if moved:
                until_first_step = min(until_first_step, time.monotonic() - started)
                slowest = max(slowest, time.monotonic() - killed) if killed else 0.0
            time.sleep(people.chance.uniform(0, 0.6))
        kill(worker)
        killed = time.monotonic()
        worker, started = start(), time.monotonic()
    while people.left:
        home.until(lambda: people.act(ACTS_A_KILL), "somebody could go on")
    home.until_at_rest()
    _repeat_uncertain(home)
    faults = _faults(home, people.names)
    home.stop_workers()
    return Outcome(kills, slowest, faults)


def _until_moved(home: Home, people: People) -> bool:
    """Let people act and wait until the worker has done something; False if there was nothing to do."""
    before = home.journal_length()
    home.until(lambda: people.act(ACTS_A_KILL) or home.awake() or not people.left, "somebody could go on")
    if not home.awake():
        return False
    home.until(lambda: home.journal_length() > before or not home.awake(), "a case moves")
    return True


def _repeat_uncertain(home: Home) -> None:
    def left() -> list[str]:
        with home.database.reading() as session:
            rows = session.scalars(select(Notice).filter_by(status=NoticeStatus.UNCERTAIN))
            return [
                row.id
                for row in rows
                if NOTICES[row.fields["name"]].on_uncertain == "repeat" and not row.repeated
            ]

    if left():
        home.jump(hours(1))
        home.until(lambda: not left() and not home.unrest(), "uncertain letters that ask are sent again")


def _faults(home: Home, names: Mapping[str, str]) -> list[str]:
    faults = [*home.letter_faults(), *home.output_faults()]
    if (audit := home.audit_fault()) is not None:
        faults.append(str(audit))
    for external_ref, name in names.items():
        reference = home.reference(external_ref)
        case = home.case(reference)
        wanted = CaseStatus.ISSUED if name == "full" else JOURNEYS[name].status
        if (case.status, case.attention) != (wanted, None):
            faults.append(f"{external_ref} is {case.status.value}, attention {case.attention}")
        if home.letters_of(reference) != sorted(LETTERS[name]):
            faults.append(f"{external_ref} has the letters {home.letters_of(reference)}")
        faults += _strayed(external_ref, home.journal(reference), name)
    return faults


def _strayed(external_ref: str, journal: list[str], name: str) -> list[str]:
    recorded = json.loads((JOURNALS / f"{name}.json").read_text(encoding="utf-8"))["entries"]
    undisturbed = [f"{entry['step']}:{entry['occurrence']}" for entry in recorded]
    if name == "full":
        undisturbed = undisturbed[: undisturbed.index("follow_up_on:1") + 1]
    return [] if journal == undisturbed else [f"{external_ref} went {journal}, not {undisturbed}"]


def judged(homes: Mapping[str, Home], kills: int, *, forked: bool) -> None:
    seed = random.randrange(1 << 32)  # noqa: S311 - as above
    tell(f"seed {seed}")
    outcomes = on_each(homes, lambda home: kill_often(home, kills, seed, forked=forked))
    for name, outcome in outcomes.items():
        tell(f"{name}: {outcome.kills} kills, moved again after {outcome.slowest:.0f} s at most")
    assert [f"{name}: {fault}" for name, outcome in outcomes.items() for fault in outcome.faults] == [], (
        f"seed {seed}"
    )
    assert all(outcome.slowest <= MOVES_WITHIN for outcome in outcomes.values()), f"seed {seed}"


def test_twenty_kills_lose_nothing_and_double_nothing(homes: Mapping[str, Home]) -> None:
    judged(homes, GATE_KILLS, forked=True)


@pytest.mark.long
def test_sixty_kills_lose_nothing_and_double_nothing(homes: Mapping[str, Home]) -> None:
    judged(homes, LONG_KILLS, forked=False)
