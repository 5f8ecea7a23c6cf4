"""A letter to send and where to send it: what the tests of the edge to the mail server share."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage
from typing import Any

from plr.adapters.letters import Letter
from plr.adapters.mail import Mailer, MailSettings, Outcome, build_message

SENT_AT = dt.datetime(2027, 3, 8, 8, 30, tzinfo=dt.UTC)
LETTER = Letter(
    subject="Please approve: agenda for 18 March, by 10 March",
    text="Dear Amara,\n\n.a line that begins with a dot\n.\nhttps://plr.example.org/a/"
    + "x" * 90
    + "\n\n-- \nWe\n",
    html="<!DOCTYPE html><html><body><p>Dear Amara, caf\u00e9</p></body></html>\n",
)
BIG = Letter(subject="Big", text="line of text\n" * 400_000, html="<p>big</p>\n")


def settings(port: int = 2525, **changed: object) -> MailSettings:
    values: dict[str, Any] = {
        "sender": "plr@example.org",
        "reply_to": "plr-secretary@example.org",
        "message_id_host": "plr.example.org",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "connect_timeout": 20,
        "command_timeout": 20,
        "final_dot_timeout": 20,
    }
    return MailSettings(**values | changed)


def message(
    notice_id: str = "n1", letter: Letter = LETTER, recipient: str = "p01@example.org"
) -> EmailMessage:
    return build_message(
        letter,
        notice_id=notice_id,
        recipient=recipient,
        sent_at=SENT_AT,
        settings=settings(),
        reference="PLR-R-2027-009",
    )


def deliver(mailer: Mailer, notice_id: str = "n1", letter: Letter = LETTER) -> Outcome:
    return mailer.deliver("p01@example.org", lambda: message(notice_id, letter))
