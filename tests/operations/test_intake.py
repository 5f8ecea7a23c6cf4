"""Q14 for submissions at the door: whatever is refused leaves nothing behind, and its value is never said."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from plr.db.models import Base, Case, Installation, Person, Role
from plr.db.session import Database
from plr.errors import InvalidInputError
from plr.operations import intake
from plr.reading import read_document, read_file
from tests.factories import LONG_AGO, TOM, add_people, make_database, signed_in
from tests.mutations import Where, changed, places

SAMPLES = Path(__file__).parents[2] / "config" / "samples"
CANARY = "canary-7f3e9"
NHS_NUMBER = "943 476 5919"  # the example of the NHS's own page: its checksum is right
COUNT = 250
WHAT_STOOD_BEFORE = {model.__tablename__ for model in (Installation, Person, Role)}
TEXT_FIELDS = ("narrative", "reason", "reason_for_delay", "questions", "dissent", "how", "practitioners")


def is_text(path: Where) -> bool:
    return any(part in TEXT_FIELDS for part in path)


def wrong(name: str, data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part made a mapping of its own, coded values made unknown, texts given an identifier."""
    yield f"{name}: an unknown field", {**data, "key5b1d0": CANARY}
    for path, value in places(data):
        if not path:
            continue  # the whole is no field
        where = f"{name}: {'.'.join(map(str, path))}"
        yield f"{where} is a mapping", changed(data, path, {"key5b1d0": CANARY})
        if isinstance(value, int | float):
            yield f"{where} is text", changed(data, path, CANARY)
        if isinstance(value, str) and is_text(path):
            yield f"{where} holds an NHS number", changed(data, path, f"{value} {NHS_NUMBER}")
            yield f"{where} is endless", changed(data, path, CANARY * 4000)
        elif isinstance(value, str):
            yield f"{where} is unknown", changed(data, path, f"../{CANARY}\n{CANARY}")


def everything() -> list[tuple[str, dict[str, Any]]]:
    found = [
        case for file in sorted(SAMPLES.glob("*.yaml")) for case in wrong(file.stem, read_file(file).data)
    ]
    random.Random(14).shuffle(found)  # noqa: S311 - a choice, not a secret
    return found[:COUNT]


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = make_database(f"sqlite:///{tmp_path_factory.mktemp('intake') / 'plr.db'}")
    with made.transaction() as session:
        add_people(session)
    yield made
    made.engine.dispose()


def left_behind(database: Database) -> dict[str, int]:
    with database.reading() as session:
        counts = {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in WHAT_STOOD_BEFORE
        }
    return {name: count for name, count in counts.items() if count}


def send(database: Database, data: dict[str, Any]) -> object:
    return database.run(lambda session: intake.receive(session, data, by=signed_in(TOM), now=LONG_AGO))


@pytest.mark.parametrize(
    ("what", "data"), everything(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_refused_leaves_nothing_behind(peopled: Database, what: str, data: dict[str, Any]) -> None:
    before = left_behind(peopled)
    with pytest.raises(InvalidInputError) as refused:
        send(peopled, data)
    assert refused.value.problems
    assert all(problem.remedy for problem in refused.value.problems)
    assert CANARY not in str(refused.value)
    assert NHS_NUMBER not in str(refused.value)
    assert left_behind(peopled) == before


@pytest.mark.parametrize("file", sorted((SAMPLES / "refused").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_samples_that_must_be_refused_are(peopled: Database, file: Path) -> None:
    document, before = read_document(file.read_bytes(), file.name), left_behind(peopled)
    with pytest.raises(InvalidInputError):
        send(peopled, document.data)
    assert left_behind(peopled) == before


def test_nothing_at_all_was_kept(peopled: Database) -> None:
    assert left_behind(peopled) == {}


def test_a_right_one_is_kept_once(database: Database) -> None:
    with database.transaction() as session:
        add_people(session)
    data = read_file(SAMPLES / "england-lcspr.yaml").data
    first, second = send(database, data), send(database, data)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1
    assert getattr(first, "created", None) is True
    assert getattr(second, "created", None) is False
