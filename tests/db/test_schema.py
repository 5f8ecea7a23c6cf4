from __future__ import annotations

import multiprocessing
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from plr.db import schema
from plr.db.models import Base
from plr.errors import UnavailableError

NOW = datetime(2027, 3, 18, 10, 0, tzinfo=UTC)


def _rows(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return rows


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _differences(url: str) -> list[object]:
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = list(compare_metadata(context, Base.metadata))
    engine.dispose()
    return differences


def _upgrade_in_a_process(url: str, folder: str, results: multiprocessing.Queue[str | None]) -> None:
    try:
        results.put(schema.upgrade(url, backup_to=Path(folder), now=NOW).before)
    except Exception as error:  # noqa: BLE001 - told to the test, which fails by it
        results.put(f"{type(error).__name__}: {error}")


def _upgraded_by_four(url: str, folder: Path) -> list[object]:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = (url, str(folder), results)
    processes = [context.Process(target=_upgrade_in_a_process, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    found = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    return found


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/plr.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "fresh_postgres_url"))


def test_the_migrations_make_exactly_the_models(url: str) -> None:
    schema.upgrade(url, backup_to=None, now=NOW)
    assert _differences(url) == []


def test_a_new_database_gets_one_installation_with_a_random_id_and_the_system_chain(url: str) -> None:
    schema.upgrade(url, backup_to=None, now=NOW)
    schema.upgrade(url, backup_to=None, now=NOW)
    [(identity, epoch, held)] = _rows(url, "SELECT installation_id, epoch, letters_held FROM installation")
    assert len(str(identity)) == 32
    assert (epoch, held) == (1, None)
    assert _rows(url, "SELECT chain, length FROM audit_head") == [("system", 0)]


def test_two_installations_have_two_ids(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("one", "two")]
    for each in urls:
        schema.upgrade(each, backup_to=None, now=NOW)
    assert len({_rows(each, "SELECT installation_id FROM installation")[0] for each in urls}) == 2


def test_of_four_processes_at_once_exactly_one_upgrades(url: str, tmp_path: Path) -> None:
    found = _upgraded_by_four(url, tmp_path / "copies")
    assert sorted(found, key=str) == [schema.head()] * 3 + [None]
    assert len(_rows(url, "SELECT id FROM installation")) == 1


def test_a_database_newer_than_the_program_is_refused_and_left_alone(url: str) -> None:
    schema.upgrade(url, backup_to=None, now=NOW)
    _execute(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnavailableError, match="newer release"):
        schema.upgrade(url, backup_to=None, now=NOW)
    with pytest.raises(UnavailableError, match="newer release"):
        schema.check_usable(url)
    assert _rows(url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_database_of_this_release_is_usable(url: str) -> None:
    schema.upgrade(url, backup_to=None, now=NOW)
    schema.check_usable(url)
    assert schema.standing(url).ok


def test_a_database_that_is_not_there_is_named_with_the_remedy(sqlite_url: str) -> None:
    with pytest.raises(UnavailableError, match="plr db upgrade"):
        schema.standing(sqlite_url)


def test_an_unreachable_server_is_a_sentence_not_a_traceback() -> None:
    with pytest.raises(UnavailableError, match="cannot be reached"):
        schema.upgrade("postgresql+psycopg://nobody@127.0.0.1:1/nothing", backup_to=None, now=NOW)


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This release's migrations with one more, as the next release would have them; returns that file."""
    source = Path(schema.__file__).parent / "migrations"
    target = tmp_path / "migrations"
    (target / "versions").mkdir(parents=True)
    for file in [*source.glob("*.py"), *source.glob("versions/*.py")]:
        (target / file.relative_to(source)).write_text(file.read_text())
    added = target / "versions" / "0002_more.py"
    made_here = schema._config

    def config() -> object:
        made = made_here()
        made.set_main_option("script_location", str(target))
        return made

    monkeypatch.setattr(schema, "_config", config)
    return added


_MORE = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"

def upgrade() -> None:
    op.create_table("more", sa.Column("id", sa.Integer(), primary_key=True))
    {then}
"""


def test_the_old_database_is_copied_before_it_is_changed(
    sqlite_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    schema.upgrade(sqlite_url, backup_to=tmp_path / "copies", now=NOW)
    request.getfixturevalue("next_release").write_text(_MORE.format(then="pass"))
    done = schema.upgrade(sqlite_url, backup_to=tmp_path / "copies", now=NOW)
    assert (done.before, done.revision) == ("0001", "0002")
    assert done.copy is not None
    assert _rows(f"sqlite:///{done.copy}", "SELECT version_num FROM alembic_version") == [("0001",)]
    assert _rows(sqlite_url, "SELECT version_num FROM alembic_version") == [("0002",)]


def test_a_failed_migration_leaves_the_old_database_in_use(url: str, request: pytest.FixtureRequest) -> None:
    schema.upgrade(url, backup_to=None, now=NOW)
    request.getfixturevalue("next_release").write_text(_MORE.format(then="raise RuntimeError('cut')"))
    with pytest.raises(RuntimeError, match="cut"):
        schema.upgrade(url, backup_to=None, now=NOW)
    assert _rows(url, "SELECT version_num FROM alembic_version") == [("0001",)]
    query = "sqlite_master WHERE name" if url.startswith("sqlite") else "pg_class WHERE relname"
    assert _rows(url, f"SELECT 1 FROM {query} = 'more'") == []  # noqa: S608 - our own words


def test_a_database_is_kept_in_wal_mode_once_it_is_opened(sqlite_url: str, tmp_path: Path) -> None:
    schema.upgrade(sqlite_url, backup_to=None, now=NOW)
    with sqlite3.connect(tmp_path / "plr.db") as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
