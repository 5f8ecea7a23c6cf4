"""Opening the edges as the settings say: the mail server (or folder) and shared storage."""

from __future__ import annotations

import shlex
import subprocess

from plr.adapters.mail_settings import MailSettings
from plr.adapters.storage import Storage
from plr.errors import UnavailableError
from plr.settings import Settings


def mail_settings(settings: Settings) -> MailSettings:
    """Return how letters leave; without a mail server they become files in PLR_HOME/mail."""
    smtp = settings.smtp
    common = {
        "sender": smtp.sender,
        "reply_to": smtp.reply_to,
        "message_id_host": smtp.message_id_host,
        "sender_name": settings.group.name,
        "connect_timeout": smtp.connect_seconds,
        "command_timeout": smtp.command_seconds,
        "final_dot_timeout": smtp.final_dot_seconds,
        "connections": smtp.connections,
    }
    if smtp.host is None:
        return MailSettings(folder=settings.home / "mail", **common)  # type: ignore[arg-type] # one table, mixed types
    return MailSettings(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=None if smtp.password is None else smtp.password.get_secret_value(),
        oauth2_token=None if smtp.token_command is None else lambda: _token(str(smtp.token_command)),
        **common,  # type: ignore[arg-type] # as above
    )


def _token(command: str) -> str:
    """Run the configured command that prints an OAuth2 access token."""
    try:
        run = subprocess.run(shlex.split(command), capture_output=True, check=True, timeout=30, text=True)  # noqa: S603 - the operator's own command
    except (OSError, subprocess.SubprocessError):
        raise UnavailableError(
            "The command smtp.token_command gave no token. Run it by hand and mend what it says."
        ) from None
    return run.stdout.strip()


def storage(settings: Settings) -> Storage:
    """Return shared storage with its two roots."""
    return Storage(settings.storage_url, settings.restricted_url, settings.storage.options)
