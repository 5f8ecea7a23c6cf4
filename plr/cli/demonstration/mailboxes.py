"""A mail server on loopback that takes every letter: what the invented people find in their mailboxes."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import cast

from aiosmtpd import smtp

from plr import clock
from plr.cli.demonstration.telling import StoryError
from plr.errors import UnavailableError

_CODE = re.compile(r"^Your code is (\d{6})\.$", re.MULTILINE)
_ALONE = re.compile(r"^(https?://\S+)$", re.MULTILINE)
_START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Arrived:
    """A letter in somebody's mailbox."""

    number: int
    to: str
    subject: str
    message_id: str
    text: str
    at: datetime

    @property
    def code(self) -> str | None:
        """The six digits it carries, if it does."""
        found = _CODE.search(self.text)
        return None if found is None else found[1]

    @property
    def link(self) -> str | None:
        """The address that stands alone on a line, if one does."""
        found = _ALONE.search(self.text)
        return None if found is None else found[1]


@dataclass(slots=True)
class Mailboxes:
    """Takes letters in a thread of its own; each is a file before the sender is told that it was taken."""

    folder: Path
    port: int = 0
    tell: Callable[[Arrived], None] | None = None
    _letters: list[Arrived] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to take letters, at a port of the system's choice."""
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), name="mailboxes", daemon=True)
        self._thread.start()
        if not started.wait(_START_SECONDS):
            raise UnavailableError("The mail server of the demonstration did not start. Try again.")

    def close(self) -> None:
        """Take no more letters."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(_START_SECONDS)

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.create_server(
            lambda: smtp.SMTP(self, hostname="mailboxes.example.org", loop=self._loop), "127.0.0.1", 0
        )
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def handle_DATA(self, _server: smtp.SMTP, _session: smtp.Session, envelope: smtp.Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a letter, then say that it was taken."""
        content = cast("bytes", envelope.content)
        message = message_from_bytes(content, policy=policy.SMTP)
        body = message.get_body(("plain",))
        letter = Arrived(
            number=len(self._letters) + 1,
            to=", ".join(envelope.rcpt_tos).lower(),
            subject=str(message["Subject"]),
            message_id=str(message["Message-ID"]),
            text="" if body is None else body.get_content().replace("\r\n", "\n"),
            at=clock.now(),
        )
        self._keep(letter, content)
        with self._changed:
            self._letters.append(letter)
            self._changed.notify_all()
        if self.tell is not None:
            self.tell(letter)
        return "250 taken"

    def _keep(self, letter: Arrived, content: bytes) -> None:
        name = f"{letter.number:03}-{letter.to.partition('@')[0]}-{_short(letter.subject)}.eml"
        with (self.folder / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    @property
    def letters(self) -> list[Arrived]:
        """Every letter that has arrived, the oldest first."""
        with self._changed:
            return list(self._letters)

    @property
    def count(self) -> int:
        """How many letters have arrived."""
        with self._changed:
            return len(self._letters)

    def deliveries(self) -> Counter[str]:
        """How often each letter has arrived, by its Message-ID."""
        return Counter(letter.message_id for letter in self.letters)

    def wait_for(self, to: str, subject: str, *, after: int = 0, seconds: float = 30) -> Arrived:
        """Return the newest letter to somebody whose subject begins so, waiting for it.

        `after` is how many letters had arrived before. Raises StoryError.
        """

        def found() -> Arrived | None:
            for letter in reversed(self._letters[after:]):
                if letter.to == to.lower() and letter.subject.startswith(subject):
                    return letter
            return None

        with self._changed:
            self._changed.wait_for(lambda: found() is not None, timeout=seconds)
            letter = found()
        if letter is None:
            raise StoryError(f'No letter "{subject} …" to {to} arrived in {seconds:.0f} seconds.')
        return letter


def _short(subject: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", subject).strip("-").lower()[:50]
