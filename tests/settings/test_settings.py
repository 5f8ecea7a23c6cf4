"""Settings: every one in the shipped file, your own over it, then secret files, then the environment."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from plr.errors import InvalidConfigError
from plr.settings import Settings, load, load_rules
from plr.settings.files import data_dir
from plr.settings.model import config_files


def at(home: Path, **environment: str) -> Settings:
    return load({"PLR_HOME": str(home), **environment})


def own_file(folder: Path, text: str) -> str:
    file = folder / "own.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_every_setting_stands_in_the_shipped_file() -> None:
    shipped = yaml.safe_load((data_dir("config") / "default.yaml").read_text(encoding="utf-8"))
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            assert set(shipped[section]) == set(kind.model_fields), section
    assert set(shipped) == set(Settings.model_fields) - {"home"}


def test_without_anything_a_laptop_runs(tmp_path: Path) -> None:
    loaded = at(tmp_path)
    assert loaded.database_url == f"sqlite:///{tmp_path}/plr.db"
    assert loaded.base_url == "http://127.0.0.1:8080"
    assert loaded.storage_url == f"{tmp_path}/outputs"
    assert loaded.restricted_url == f"{tmp_path}/restricted"
    assert loaded.prefect_api_url == "http://127.0.0.1:4200/api"
    assert loaded.smtp.host is None
    assert not loaded.is_demonstration


def test_a_file_of_ones_own_lies_over_the_shipped_one(tmp_path: Path) -> None:
    loaded = at(tmp_path, PLR_CONFIG=own_file(tmp_path, "smtp: {host: mail.example.org}\n"))
    assert (loaded.smtp.host, loaded.smtp.port) == ("mail.example.org", 25)


def test_a_folder_of_ones_own_lies_over_the_rules_too(tmp_path: Path) -> None:
    (tmp_path / "processes.yaml").write_text("commissioning: {minimum_reflectors: 4}\n", encoding="utf-8")
    environment = {"PLR_HOME": str(tmp_path), "PLR_CONFIG": str(tmp_path)}
    rules = load_rules(load(environment), config_files(environment))
    assert (rules.commissioning.minimum_reflectors, rules.commissioning.minimum_professions) == (4, 3)


def test_secret_files_win_over_files_and_the_environment_over_both(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets-of-ours"
    secrets.mkdir()
    (secrets / "smtp__username").write_text("from a secret file\n")
    (secrets / "smtp__password").write_text("hidden\n")
    own = own_file(tmp_path, "smtp: {username: from a file, sender: file@example.org}\n")
    loaded = at(
        tmp_path, PLR_CONFIG=own, PLR_SECRETS_DIR=str(secrets), PLR_SMTP__SENDER="environment@example.org"
    )
    assert loaded.smtp.username == "from a secret file"
    assert loaded.smtp.sender == "environment@example.org"
    assert loaded.smtp.password is not None
    assert loaded.smtp.password.get_secret_value() == "hidden"
    assert "hidden" not in repr(loaded)


@pytest.mark.parametrize("name", ["PLR_DATABASE_URL", "PLR_DATABASE__URL"])
def test_the_database_has_a_short_name_too(tmp_path: Path, name: str) -> None:
    loaded = at(tmp_path, **{name: "postgresql+psycopg://here/plr"})
    assert loaded.database_url == "postgresql+psycopg://here/plr"


def test_a_prefect_server_that_is_not_ours_is_taken_without_our_secret(tmp_path: Path) -> None:
    loaded = at(tmp_path, PREFECT_API_URL="http://prefect.example.org/api")
    assert loaded.prefect_api_url == "http://prefect.example.org/api"
    assert loaded.prefect_auth is None
    assert not (tmp_path / "secrets").exists()


def test_our_own_server_stays_ours_in_its_children(tmp_path: Path) -> None:
    secret = at(tmp_path).prefect_auth
    child = at(tmp_path, PREFECT_API_URL="http://127.0.0.1:4200/api")
    assert secret is not None
    assert secret.startswith("plr:")
    assert child.prefect_auth == secret


def test_a_generated_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    first = at(tmp_path).secret("prefect-auth", prefix="plr:")
    assert at(tmp_path).secret("prefect-auth", prefix="plr:") == first
    mode = (tmp_path / "secrets" / "prefect-auth").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert len(first) >= 32


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    loaded = at(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        loaded.smtp.port = 26  # type: ignore[misc]  # that it is refused is what is tested


def test_an_unknown_setting_names_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match="Did you mean sender"):
        at(tmp_path, PLR_SMTP__SENDR="x@example.org")
    with pytest.raises(InvalidConfigError, match=r"own\.yaml:2: smtp\.prt"):
        at(tmp_path, PLR_CONFIG=own_file(tmp_path, "smtp:\n  prt: 26\n"))


def test_a_wrong_value_names_its_file_and_line_and_never_itself(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError) as refused:
        at(tmp_path, PLR_CONFIG=own_file(tmp_path, "# ours\nsmtp:\n  port: canary-5b1d0\n"))
    (problem,) = refused.value.problems
    assert (problem.field, problem.line) == ("smtp.port", 3)
    assert "own.yaml" in problem.remedy
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "environment",
    [
        {"PLR_CONFIG": "/nowhere/at/all.yaml"},
        {"PLR_SECRETS_DIR": "/nowhere/at/all"},
        {"PLR_SMTP": "mail.example.org"},
        {"PLR_SMTP__HOST__NAME": "mail.example.org"},
        {"PLR_WEB__PORT": "99999"},
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(InvalidConfigError):
        at(tmp_path, **environment)


def test_storage_has_a_short_name_and_options_of_ones_own(tmp_path: Path) -> None:
    own = own_file(tmp_path, "storage: {options: {anon: true}}\n")
    loaded = at(tmp_path, PLR_CONFIG=own, PLR_STORAGE_URL="s3://bucket", PLR_STORAGE__OPTIONS__KEY="k")
    assert loaded.storage_url == "s3://bucket"
    assert dict(loaded.storage.options) == {"anon": True, "KEY".lower(): "k"}


def test_a_secret_that_is_no_text_is_refused_by_the_name_of_its_file(tmp_path: Path) -> None:
    secrets = tmp_path / "ours"
    secrets.mkdir()
    (secrets / "smtp__password").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidConfigError, match="smtp__password"):
        at(tmp_path, PLR_SECRETS_DIR=str(secrets))
