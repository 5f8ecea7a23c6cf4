"""What Prefect reads from the environment when it is imported: set before that, in every process of ours."""

from __future__ import annotations

import os

from plr.settings import Settings, load


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Return Prefect's settings for a process that speaks to its API: no telemetry, no pickles."""
    values = {
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": settings.prefect_api_url,
        "PREFECT_HOME": str(settings.home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_CLI_PROMPT": "false",
    }
    if settings.prefect_auth is not None:
        values["PREFECT_API_AUTH_STRING"] = settings.prefect_auth
    return values


def server_environment(settings: Settings) -> dict[str, str]:
    """Return the settings of the server that we launch: loopback, own secret, nothing that costs idly."""
    database = settings.home / "prefect" / "prefect.db"
    own = f"http://127.0.0.1:{settings.prefect.port}"
    return {
        **prefect_environment(settings),
        "PREFECT_API_URL": f"{own}/api",
        "PREFECT_SERVER_API_AUTH_STRING": settings.secret("prefect-auth", prefix="plr:"),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(settings.prefect.port),
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": own,
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{database}",
    }


def adopt(settings: Settings) -> None:
    """Set them for this process and its children; call it before anything imports Prefect."""
    os.environ.update(prefect_environment(settings))  # noqa: TID251 - Prefect reads its settings nowhere else


def adopt_settings() -> None:
    """Read our settings and set Prefect's for this process: the first thing a worker does."""
    adopt(load())
