"""Settings for mail that do not fit together are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from plr.errors import InvalidConfigError
from tests.mailing import settings


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"host": "mail.example.org", "username": "u", "password": "p"}, "security"),
        ({"host": "192.0.2.1", "username": "u", "oauth2_token": lambda: "t"}, "security"),
        ({"username": "u", "password": "p", "oauth2_token": lambda: "t"}, "password"),
        ({"password": "p"}, "username"),
        ({"username": "u"}, "password"),
        ({"host": ""}, "host"),
        ({"host": "a b"}, "host"),
        ({"sender": "P <plr@example.org>"}, "sender"),
        ({"reply_to": ""}, "reply_to"),
        ({"message_id_host": "x>y"}, "message_id_host"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfigError) as refused:
        settings(**changed)
    assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_password_may_go_in_clear_to_this_machine(host: str) -> None:
    assert settings(host=host, username="u", password="p").is_loopback


def test_a_relay_without_login_and_the_usual_ports_are_fine() -> None:
    ports = {
        s: settings(host="mail.example.org", port=0, security=s).port for s in ("none", "starttls", "tls")
    }
    assert ports == {"none": 25, "starttls": 587, "tls": 465}


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(settings(username="u", password="hunter2"))
