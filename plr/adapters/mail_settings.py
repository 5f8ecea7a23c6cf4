"""How letters leave: through which server, as whom, or into which folder."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from plr.errors import InvalidConfigError, InvalidInputError, Problem

PORTS = {"none": 25, "starttls": 587, "tls": 465}

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
LONGEST_ADDRESS = 254


def require_address(address: str, what: str = "address") -> str:
    """Return the address if it is one plain address, else raise InvalidInputError without quoting it."""
    if len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        problem = Problem(what, "is not one plain e-mail address.", "Write it like name@example.org.")
        raise InvalidInputError([problem], "mail")
    return address


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Where letters go. With `folder` they become files there and no server is asked; times in seconds.

    Raises InvalidConfigError if the parts do not fit together: a password never travels in clear
    text except to this machine itself (reliability R11, 12.2.1).
    """

    sender: str
    reply_to: str
    message_id_host: str
    sender_name: str = "Practice Learning Review Group"
    folder: Path | None = None
    host: str = ""
    port: int = 0
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    oauth2_token: Callable[[], str] | None = field(default=None, repr=False)
    ca_file: Path | None = None
    connect_timeout: float = 30
    command_timeout: float = 60
    final_dot_timeout: float = 600
    kept_seconds: float = 60
    connections: int = 4

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InvalidConfigError(problems, "smtp")
        if self.port == 0:
            object.__setattr__(self, "port", PORTS[self.security])

    def _problems(self) -> Iterator[Problem]:
        for name in ("sender", "reply_to"):
            if not _ADDRESS.fullmatch(getattr(self, name)):
                yield Problem(name, "is not one plain e-mail address.", "Write it like name@example.org.")
        if not _HOST.fullmatch(self.message_id_host):
            yield Problem("message_id_host", "is not a host name.", "Write it like plr.example.org.")
        if self.folder is not None:
            return
        if not _HOST.fullmatch(self.host) and not _is_ip(self.host):
            yield Problem("host", "names no mail server.", "Write its name, or give a folder.")
        yield from self._sign_in_problems()

    def _sign_in_problems(self) -> Iterator[Problem]:
        if self.password is not None and self.oauth2_token is not None:
            yield Problem("password", "and a token are both given.", "Give one of them.")
        if self.username is None and (self.password is not None or self.oauth2_token is not None):
            yield Problem("username", "is missing beside a password or token.", "Give it.")
        if self.username is not None and self.password is None and self.oauth2_token is None:
            yield Problem("password", "is missing beside a user name.", "Give a password or a token.")
        if self.security == "none" and self.username is not None and not self.is_loopback:
            yield Problem(
                "security",
                "would send the password in clear text.",
                'Write "starttls" or "tls", or leave the user name out.',
            )

    @property
    def is_loopback(self) -> bool:
        """Whether the server is this machine itself."""
        return self.host == "localhost" or (_is_ip(self.host) and ipaddress.ip_address(self.host).is_loopback)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
