"""Q14 for configuration: whatever is wrong, the file, the field and the remedy are named, never the value."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from plr.errors import InvalidConfigError
from plr.settings import load, load_rules
from plr.settings.files import data_dir
from plr.settings.model import config_files
from tests.mutations import changed, places

CANARY = "canary-7f3e9"  # stands for a value: it must never be said
KEY = "key5b1d0"  # stands for an unknown key: that may be named
SHIPPED = {file.stem: file.read_text(encoding="utf-8") for file in sorted(data_dir("config").glob("*.yaml"))}
NAMES = [name for name in SHIPPED if name != "people.example"]
COUNT = 200
NOT_READ = {"meetings", "review_month"}  # numbers of processes to come: nothing reads them yet


@dataclass(frozen=True)
class Malformed:
    """One wrong configuration: a file of the user's own, or variables of the environment."""

    what: str
    name: str = ""
    content: bytes = b""
    environment: tuple[tuple[str, str], ...] = ()


def read_all(environment: Mapping[str, str]) -> None:
    load_rules(load(environment), config_files(environment))


def _written(data: object) -> bytes:
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode()


def wrong_kinds(name: str, data: Any) -> Iterator[Malformed]:
    """Text where a number, a list or a mapping belongs; a list where a mapping belongs; an unknown key."""
    for path, value in places(data):
        if any(part in NOT_READ for part in path):
            continue
        where = f"{name}: {'.'.join(map(str, path))}"
        if path and isinstance(value, int | float | list | dict) and not isinstance(value, bool):
            yield Malformed(f"{where} is text", name, _written(changed(data, path, CANARY)))
        if path and isinstance(value, int) and not isinstance(value, bool):
            yield Malformed(f"{where} is a list", name, _written(changed(data, path, [CANARY])))
        if isinstance(value, dict) and value:
            unknown = changed(data, (*path, KEY), CANARY)
            yield Malformed(f"{where} has an unknown key", name, _written(unknown))


def unreadable(name: str, text: str) -> Iterator[Malformed]:
    """What cannot be read at all."""
    first = next(line for line in text.splitlines() if line and line[0].isalpha())
    key = first.partition(":")[0]
    for what, content in {
        "is empty": b"",
        "is a list": f"- {CANARY}\n".encode(),
        "is one word": CANARY.encode(),
        "is broken": f"{text}\n{key}: [{CANARY}\n".encode(),
        "has a key twice": f"{text}\n{first}\n".encode(),
        "has an anchor": f"{text}\nzz: &{CANARY} 1\nyy: *{CANARY}\n".encode(),
        "has a tag": f"{text}\nzz: !!python/object/apply:os.system ['{CANARY}']\n".encode(),
        "has a NUL": f"{text}\nzz: {CANARY}\x00\n".encode(),
        "is not UTF-8": text.encode() + b"\nzz: \xff\xfe " + CANARY.encode() + b"\n",
        "is too large": f"{text}\nzz: {'x' * 300_000}{CANARY}\n".encode(),
        "is too deep": f"{text}\nzz: {'[' * 60}{CANARY}{']' * 60}\n".encode(),
    }.items():
        yield Malformed(f"{name}: {what}", name, content)


ENVIRONMENTS: tuple[tuple[str, str], ...] = (
    ("PLR_SMTP__PORT", CANARY),
    ("PLR_SMTP__PORT", "0"),
    ("PLR_SMTP__PORT", "70000"),
    ("PLR_SMTP__SECURITY", CANARY),
    ("PLR_SMTP__CONNECTIONS", "-1"),
    ("PLR_SMTP__CONNECT_SECONDS", "-3"),
    ("PLR_SMTP__CONNECT_SECONDS", "nan"),
    ("PLR_SMTP", CANARY),
    (f"PLR_{KEY.upper()}", CANARY),
    (f"PLR_SMTP__{KEY.upper()}", CANARY),
    (f"PLR_WEB__PORT__{KEY.upper()}", CANARY),
    ("PLR_WEB__PORT", f"80{CANARY}"),
    ("PLR_WEB__PROXIES", CANARY),
    ("PLR_WEB", CANARY),
    ("PLR_PREFECT__PORT", CANARY),
    ("PLR_ENGINE__THREADS", "0"),
    ("PLR_ENGINE__THREADS", CANARY),
    ("PLR_ENGINE__LEASE_SECONDS", "-60"),
    ("PLR_ENGINE__LEASE_SECONDS", CANARY),
    ("PLR_ENGINE__SWEEP_SECONDS", "0"),
    ("PLR_DATABASE__MIGRATE_ON_START", CANARY),
    ("PLR_DELIVER__RETRY_MINUTES", CANARY),
    ("PLR_DELIVER__GIVE_UP_DAYS", CANARY),
    ("PLR_SECURITY__CODE_MINUTES", CANARY),
    ("PLR_TIME__EXTRA_CLOSED_DAYS", CANARY),
    ("PLR_CONFIG", "/nowhere/at-all"),
)


def everything() -> list[Malformed]:
    """So many wrong configurations: every unreadable one and variable, and others chosen once for all."""
    sure = [Malformed(f"{name}={value}", environment=((name, value),)) for name, value in ENVIRONMENTS]
    others: list[Malformed] = []
    for name in NAMES:
        sure += unreadable(name, SHIPPED[name])
        others += wrong_kinds(name, yaml.safe_load(SHIPPED[name]))
    random.Random(14).shuffle(others)  # noqa: S311 - a choice, not a secret
    return [*sure, *others[: max(COUNT - len(sure), 120)]]


CASES = everything()


def home_of(tmp_path: Path, case: Malformed) -> dict[str, str]:
    environment = {"PLR_HOME": str(tmp_path / "home")}
    if case.name:
        (tmp_path / f"{case.name}.yaml").write_bytes(case.content)
        environment["PLR_CONFIG"] = str(tmp_path)
    return environment | dict(case.environment)


def test_there_are_enough() -> None:
    assert len(CASES) >= COUNT
    assert len({case.what for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_wrong_configuration_is_named_and_not_echoed(case: Malformed, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError) as refused:
        read_all(home_of(tmp_path, case))
    error = refused.value
    assert error.problems
    for problem in error.problems:
        assert problem.remedy.strip()
        assert problem.problem.strip()
    sentences = str(error)
    wanted = case.environment[0][0] if case.environment else f"{case.name}.yaml"
    assert wanted in sentences or wanted.removeprefix("PLR_").lower().replace("__", ".") in sentences
    assert CANARY not in sentences


def test_the_shipped_configuration_is_right(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text(SHIPPED[name], encoding="utf-8")
    read_all({"PLR_HOME": str(tmp_path / "home"), "PLR_CONFIG": str(tmp_path)})


@pytest.mark.parametrize("is_a_file", [True, False])
def test_secrets_that_are_no_folder_are_named(is_a_file: bool, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    if is_a_file:
        folder.write_text(CANARY)
    with pytest.raises(InvalidConfigError) as refused:
        load({"PLR_HOME": str(tmp_path), "PLR_SECRETS_DIR": str(folder)})
    assert "PLR_SECRETS_DIR" in str(refused.value)
    assert CANARY not in str(refused.value)


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "smtp__password").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidConfigError) as refused:
        load({"PLR_HOME": str(tmp_path), "PLR_SECRETS_DIR": str(tmp_path / "secrets")})
    assert "smtp__password" in str(refused.value)
