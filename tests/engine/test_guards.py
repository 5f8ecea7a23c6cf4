"""What we lean on in Prefect beyond its documented calls: each fails loudly when an upgrade moves it."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

from plr.engine.environment import server_environment
from plr.settings import Settings
from tests.engine.programs.rig import Rig

READ_SETTINGS = """
import json
from prefect.settings import get_current_settings
print(json.dumps(get_current_settings().model_dump(mode="json", context={"include_secrets": True})))
"""
UNAUTHORIZED, FORBIDDEN = 401, 403


@pytest.fixture
def in_force(loaded: Settings) -> dict[str, Any]:
    """Prefect's settings as a process of ours with our server's environment has them."""
    environment = {"PATH": "/usr/bin:/bin", **server_environment(loaded)}
    command = [sys.executable, "-c", READ_SETTINGS]
    done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    return dict(json.loads(done.stdout))


def test_every_setting_of_ours_is_one_that_prefect_knows(in_force: dict[str, Any], loaded: Settings) -> None:
    server = in_force["server"]
    assert in_force["home"] == str(loaded.home / "prefect")
    assert in_force["api"]["url"] == "http://127.0.0.1:4200/api"
    assert in_force["client"]["csrf_support_enabled"] is True
    assert in_force["results"]["persist_by_default"] is False
    assert in_force["logging"]["level"] == "WARNING"
    assert server["analytics_enabled"] is False
    assert server["ephemeral"]["enabled"] is False
    assert server["api"]["csrf_protection_enabled"] is True
    assert server["api"]["cors_allowed_origins"] == "http://127.0.0.1:4200"
    assert server["api"]["host"] == "127.0.0.1"
    assert server["services"]["pause_expirations"]["enabled"] is False
    assert server["events"]["retention_period"] == "P7D"
    assert server["ui"]["show_promotional_content"] is False
    assert server["database"]["connection_url"].endswith(f"{loaded.home}/prefect/prefect.db")


def test_the_secret_is_generated_once_and_readable_by_the_service_alone(loaded: Settings) -> None:
    first = server_environment(loaded)["PREFECT_SERVER_API_AUTH_STRING"]
    assert first == server_environment(loaded)["PREFECT_API_AUTH_STRING"]
    assert len(first) > len("plr:") + 30
    file = loaded.home / "secrets" / "prefect-auth"
    assert file.stat().st_mode & 0o777 == 0o600


def test_sqlite_transactions_of_prefects_server_can_be_made_immediate() -> None:
    from prefect.server.database.configurations import AioSqliteConfiguration  # noqa: PLC0415 - slow to import

    signature = inspect.signature(AioSqliteConfiguration.begin_transaction)
    assert list(signature.parameters) == ["self", "session", "with_for_update"]


def test_the_worker_has_the_calls_we_lean_on() -> None:
    from prefect.workers.base import BaseWorker  # noqa: PLC0415 - slow to import

    assert list(inspect.signature(BaseWorker.run).parameters) == [
        "self",
        "flow_run",
        "configuration",
        "task_status",
    ]
    assert list(inspect.signature(BaseWorker.get_and_submit_flow_runs).parameters) == ["self"]
    assert list(inspect.signature(BaseWorker.sync_with_backend).parameters) == ["self"]


def test_the_flow_engine_runs_a_given_run_and_signals_by_pause_and_abort() -> None:
    from prefect.exceptions import Abort, Pause  # noqa: PLC0415 - slow to import
    from prefect.flow_engine import run_flow  # noqa: PLC0415 - slow to import

    assert {"flow", "flow_run", "return_type"} <= set(inspect.signature(run_flow).parameters)
    assert not issubclass(Pause, Exception)
    assert not issubclass(Abort, Exception)
    assert inspect.signature(Pause).parameters["state"].default is None


def test_the_observer_that_is_left_out_is_where_the_flow_engine_looks_for_it() -> None:
    from prefect import flow_engine  # noqa: PLC0415 - slow to import

    observe = inspect.signature(flow_engine.observe_flow_run_suspension)
    assert list(observe.parameters) == ["flow_run_id", "suspension_request", "polling_interval"]
    engine = inspect.getsource(flow_engine.BaseFlowRunEngine.setup_flow_run_suspension_request)
    assert "observe_flow_run_suspension(" in engine


def test_a_suspended_state_is_a_pause_that_gives_the_worker_back() -> None:
    from prefect.states import Suspended  # noqa: PLC0415 - slow to import

    state = Suspended(timeout_seconds=None, pause_key="key", message="Waits")
    assert (state.name, state.type.value, state.message) == ("Suspended", "PAUSED", "Waits")
    assert state.state_details.pause_reschedule
    assert state.state_details.pause_timeout is None


@pytest.mark.prefect
def test_the_server_answers_nobody_without_the_secret(rig: Rig) -> None:
    assert rig.client.get("/flows/paginate", auth=("plr", "wrong")).status_code == UNAUTHORIZED
    assert rig.client.post("/flow_runs/filter", json={}).status_code == FORBIDDEN  # no form token
    origin = {"Origin": "https://elsewhere.example"}
    assert "access-control-allow-origin" not in rig.client.get("/health", headers=origin).headers
