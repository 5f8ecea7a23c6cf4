"""Q1: the program dies before and after every commit and every external effect, and begins anew.

What is compared is everything: every table, every letter that really arrived, every file. A letter caught
between the marker and its answer may be `uncertain`, and only such a one may arrive twice (R3).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Generator
from dataclasses import replace

import pytest

from tests.faults.backends import Backend
from tests.faults.expected import LETTERS
from tests.faults.journeys import JOURNEYS
from tests.faults.lives import Lives, tell
from tests.smtp_server import SmtpServer

GATE_PLACES = 80
PLAYED_ON = 2
SEED = random.randrange(1 << 32)  # noqa: S311 - a choice, not a secret


@pytest.fixture(scope="module")
def lives(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Generator[Lives]:
    with SmtpServer() as sink:
        made = Lives(backend, tmp_path_factory.mktemp("lives"), sink)
        made.live_undisturbed(JOURNEYS["full"].acts)
        yield made


def chosen(lives: Lives, chance: random.Random, count: int) -> list[tuple[int, int]]:
    """Places chosen at random, each kind of place and each act among them."""
    places = lives.places()
    chance.shuffle(places)
    first: dict[object, tuple[int, int]] = {}
    for number, place in places:
        first.setdefault(lives.kept[number].places[place], (number, place))
        first.setdefault(number, (number, place))
    sure = list(dict.fromkeys(first.values()))
    return [*sure, *(place for place in places if place not in set(sure))][:count]


def faults_of(
    lives: Lives, places: list[tuple[int, int]], played_on: set[tuple[int, int]]
) -> dict[str, list[str]]:
    found = {}
    for number, place in places:
        kept = lives.kept[number]
        try:
            differences = lives.die_at(number, place, play_on=(number, place) in played_on)
        except Exception as error:  # noqa: BLE001 - the other places are tried too
            differences = [f"{type(error).__name__}: {error}"]
        if differences:
            found[f"{kept.act.name}, place {place} ({kept.places[place]})"] = differences
    return found


def test_a_death_anywhere_loses_nothing_and_doubles_nothing(lives: Lives) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a choice, not a secret
    places = chosen(lives, chance, GATE_PLACES)
    tell(f"seed {SEED}: {len(places)} of {len(lives.places())} places")
    assert faults_of(lives, places, set(places[:PLAYED_ON])) == {}, f"seed {SEED}"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_death_at_every_place_loses_nothing_and_doubles_nothing(lives: Lives) -> None:
    places = lives.places()
    played_on = set(random.Random(SEED).sample(places, 40))  # noqa: S311 - as above
    assert faults_of(lives, places, played_on) == {}, f"seed {SEED}"


def test_the_places_are_those_of_a_whole_case(lives: Lives) -> None:
    kinds = Counter(place for kept in lives.kept for place in kept.places)
    assert kinds["before a commit"] == kinds["after a commit"] > 100
    assert kinds["before a letter"] == kinds["after a letter"] >= len(LETTERS["full"])
    assert kinds["before a name"] == kinds["after a name"] >= 10


def test_what_is_lost_or_doubled_is_seen(lives: Lives) -> None:
    whole = lives.kept[-1].after
    assert whole.differences(whole) == []
    letter, file = next(iter(whole.letters)), next(iter(whole.files))
    twice = replace(whole, letters={**whole.letters, letter: 2})
    never = replace(whole, letters={name: 1 for name in whole.letters if name != letter})
    other = replace(whole, files={**whole.files, file: b"other"})
    fewer = replace(whole, records={**whole.records, "journal": whole.records["journal"][1:]})
    more = replace(whole, records={**whole.records, "answer": whole.records["answer"] * 2})
    for broken in (twice, never, other, fewer, more):
        assert whole.differences(broken)
    honest = replace(twice, uncertain=frozenset({letter}))
    assert whole.differences(honest) == []
