"""The settings as typed, frozen values."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from plr.clock import DEMONSTRATION_MARK
from plr.errors import InvalidConfigError, Problem
from plr.settings.files import ConfigFiles, unknown_key


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Group(_Section):
    """Who the group is."""

    name: str
    association: str


class DatabaseSection(_Section):
    """Where the records are."""

    url: str | None
    migrate_on_start: bool


class Web(_Section):
    """Where the pages are."""

    host: str
    port: int = Field(ge=1, le=65535)
    base_url: str | None
    proxies: tuple[str, ...]


class Prefect(_Section):
    """Where Prefect's server is."""

    port: int = Field(ge=1, le=65535)
    api_url: str | None


class Smtp(_Section):
    """How letters leave."""

    host: str | None
    port: int = Field(ge=1, le=65535)
    security: Literal["none", "starttls", "tls"]
    username: str | None
    password: SecretStr | None
    token_command: str | None
    sender: str
    reply_to: str
    message_id_host: str
    connections: int = Field(ge=1, le=20)
    connect_seconds: float = Field(gt=0)
    command_seconds: float = Field(gt=0)
    final_dot_seconds: float = Field(gt=0)


class Storage(_Section):
    """Where outputs are written."""

    url: str | None
    restricted_url: str | None
    options: Mapping[str, Any]


class Engine(_Section):
    """How cases are carried on."""

    pool: str
    lease_seconds: float = Field(gt=0)
    renew_seconds: float = Field(gt=0)
    step_seconds: float = Field(gt=0)
    sweep_seconds: float = Field(gt=0)
    poll_seconds: float = Field(gt=0)
    threads: int = Field(ge=1, le=64)
    heartbeat_seconds: float = Field(gt=0)
    heartbeat_lost_seconds: float = Field(gt=0)


class Notify(_Section):
    """Where a maintainer is told that letters do not leave."""

    urls: tuple[str, ...]


class Security(_Section):
    """The numbers of sign-in (reliability 2 and 3)."""

    code_minutes: int
    code_tries: int
    codes_an_hour: int
    codes_a_day: int
    tries_a_day: int
    session_idle_minutes: int
    session_hours: int
    sessions_in_parallel: int
    browser_days: int
    anonymous_posts_a_minute: int


class Deliver(_Section):
    """The numbers of the outbox (reliability 2, Letters)."""

    claim_minutes: int
    retry_minutes: tuple[int, ...]
    retry_hours_after: int
    give_up_days: int
    uncertain_repeat_minutes: int


class ClosedDay(_Section):
    """A day the association is closed beyond the bank holidays."""

    on: date
    why: str


class Time(_Section):
    """Which days count."""

    extra_closed_days: tuple[ClosedDay, ...]
    association_calendar: str


class Settings(_Section):
    """Every setting."""

    home: Path
    group: Group
    database: DatabaseSection
    web: Web
    prefect: Prefect
    smtp: Smtp
    storage: Storage
    engine: Engine
    notify: Notify
    security: Security
    deliver: Deliver
    time: Time

    @property
    def database_url(self) -> str:
        """The records' database."""
        return self.database.url or f"sqlite:///{self.home / 'plr.db'}"

    @property
    def base_url(self) -> str:
        """What every link begins with."""
        return (self.web.base_url or f"http://{self.web.host}:{self.web.port}").rstrip("/")

    @property
    def storage_url(self) -> str:
        """Where outputs are written."""
        return self.storage.url or str(self.home / "outputs")

    @property
    def restricted_url(self) -> str:
        """Where restricted outputs are written, readable by the service alone (decisions 100)."""
        return self.storage.restricted_url or str(self.home / "restricted")

    @property
    def prefect_api_url(self) -> str:
        """Prefect's API."""
        return self.prefect.api_url or f"http://127.0.0.1:{self.prefect.port}/api"

    @property
    def prefect_auth(self) -> str | None:
        """The `user:password` of our own Prefect server; None for a server that is not ours."""
        return None if self.prefect.api_url else self.secret("prefect-auth", prefix="plr:")

    @property
    def is_demonstration(self) -> bool:
        """Whether this home is marked as a demonstration."""
        return (self.home / DEMONSTRATION_MARK).exists()

    def secret(self, name: str, *, prefix: str = "") -> str:
        """Return a generated secret kept in PLR_HOME/secrets, making it on first use (0600)."""
        path = self.home / "secrets" / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii")
        value = prefix + secrets.token_urlsafe(24)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value)
        return value


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings: files, then secret files, then the environment.

    Raises InvalidConfigError with the file and line, or the name of the variable, and the remedy.
    """
    env = os.environ if environment is None else environment
    files = config_files(env)
    home = Path(env.get("PLR_HOME") or ".plr").resolve()
    values = {**files.merged("default"), "home": home}
    for name, path, value in (*_secret_files(env), *_variables(env)):
        _set(values, path, value, name)
    if env.get("PREFECT_API_URL") and not values["prefect"]["api_url"]:
        values["prefect"]["api_url"] = _not_ours(env["PREFECT_API_URL"], home)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidConfigError(_problems(error, files), "configuration") from None


def config_files(environment: Mapping[str, str] | None = None) -> ConfigFiles:
    """Return the configuration files that PLR_CONFIG points at, over the shipped ones."""
    env = os.environ if environment is None else environment
    overlay = env.get("PLR_CONFIG")
    return ConfigFiles(Path(overlay).resolve() if overlay else None)


# Variables that are not settings: they say where settings are, or steer a command or the tests.
_OUTSIDE = {
    "PLR_HOME", "PLR_CONFIG", "PLR_SECRETS_DIR", "PLR_ACTOR", "PLR_REQUIRE_ALL", "PLR_SCREENSHOTS", "PLR_LONG"
}  # fmt: skip
_SHORT = {"PLR_DATABASE_URL": ("database", "url"), "PLR_STORAGE_URL": ("storage", "url")}

_Value = tuple[str, tuple[str, ...], str]


def _variables(env: Mapping[str, str]) -> Iterator[_Value]:
    for name, value in sorted(env.items()):
        if name.startswith("PLR_") and name not in _OUTSIDE:
            yield name, _SHORT.get(name) or tuple(name.removeprefix("PLR_").lower().split("__")), value


def _secret_files(env: Mapping[str, str]) -> Iterator[_Value]:
    folder = env.get("PLR_SECRETS_DIR")
    if not folder:
        return
    try:
        for file in sorted(Path(folder).iterdir()):
            if file.is_file():
                yield str(file), tuple(file.name.lower().split("__")), _secret_text(file)
    except OSError:
        remedy = "Name a folder of secret files that this service may read, or unset it."
        raise InvalidConfigError(
            [Problem("PLR_SECRETS_DIR", "cannot be read.", remedy)], "environment"
        ) from None


def _secret_text(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        problem = Problem("", "is not UTF-8 text.", "Save it as UTF-8.")
        raise InvalidConfigError([problem], str(file)) from None


def _set(values: dict[str, Any], path: tuple[str, ...], value: str, name: str) -> None:
    place: Any = values
    for depth, key in enumerate(path):
        if not isinstance(place, dict) or (key not in place and path[:depth] != ("storage", "options")):
            known = place if isinstance(place, dict) else {}
            raise InvalidConfigError([unknown_key(path[: depth + 1], known, None)], name)
        if depth < len(path) - 1:
            place = place[key]
    place[path[-1]] = value


def _not_ours(api_url: str, home: Path) -> str | None:
    # Our own children carry PREFECT_API_URL too; the secret in the home says that the server is ours.
    ours = (home / "secrets" / "prefect-auth").exists() and "127.0.0.1" in api_url
    return None if ours else api_url


def _problems(error: ValidationError, files: ConfigFiles) -> list[Problem]:
    problems = []
    for found in error.errors(include_input=False, include_url=False):
        source, line = files.line_of("default", found["loc"])
        where = ".".join(str(part) for part in found["loc"])
        problems.append(Problem(where, f"{found['msg']}.", f"See {Path(source).name}.", line))
    return problems
