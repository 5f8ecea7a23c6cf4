"""Letters leave here: the message is built, and handed to the mail server or written as a file."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import tempfile
import threading
from collections.abc import Callable, Coroutine
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from plr.adapters.letters import Letter
from plr.adapters.mail_settings import MailSettings, require_address
from plr.adapters.smtp import Connection, Outcome, OutcomeKind, ServerFaultError
from plr.errors import InvalidInputError, Problem

__all__ = ["MailSettings", "Mailer", "Outcome", "OutcomeKind", "build_message", "message_id"]

GOODBYE_SECONDS = 5

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

Result = TypeVar("Result")


def message_id(identifier: str, host: str) -> str:
    """Return `<identifier@host>`, the fixed id of a letter or the thread id of a case."""
    if not _IDENTIFIER.fullmatch(identifier):
        problem = Problem("id", "cannot stand in a letter's head.", "Use letters, digits, dots and dashes.")
        raise InvalidInputError([problem], "mail")
    return f"<{identifier}@{host}>"


def build_message(
    letter: Letter,
    *,
    notice_id: str,
    recipient: str,
    sent_at: datetime,
    settings: MailSettings,
    reference: str | None = None,
    unsubscribe: str | None = None,
) -> EmailMessage:
    """Return the message of a letter to one person: the same notice, letter and time give the same bytes.

    `reference` threads the letters of a case; `unsubscribe` is the page where a digest is switched off.
    Raises InvalidInputError, or ValueError from the standard library, for what would break a header.
    """
    host = settings.message_id_host
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(settings.sender_name, addr_spec=settings.sender)
    message["To"] = require_address(recipient, "recipient")
    message["Reply-To"] = settings.reply_to
    message["Subject"] = _require_one_line(letter.subject)
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = message_id(notice_id, host)
    if reference is not None:
        thread = message_id(reference, host)
        message["In-Reply-To"] = message["References"] = thread
    message["List-Id"] = f"<letters.{host}>"
    if unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{_require_one_line(unsubscribe)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    # "=_" cannot occur in quoted-printable text, so no letter can hold its own boundary.
    message.set_boundary(f"=_{sha256(message['Message-ID'].encode()).hexdigest()[:32]}")
    return message


def _require_one_line(text: str) -> str:
    if not text.isprintable():
        problem = Problem("subject", "holds a line break or a control character.", "Write it on one line.")
        raise InvalidInputError([problem], "mail")
    return text


class Mailer:
    """Hands letters over, one recipient each, on connections that are kept. Safe to use from threads.

    A face without `async`: an event loop of its own runs in one thread while the mailer is open.
    """

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._slots = threading.BoundedSemaphore(settings.connections)
        self._idle: list[Connection] = []
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def deliver(self, recipient: str, on_hand_over: Callable[[], EmailMessage | None]) -> Outcome:
        """Try once to hand one letter over.

        When the server has taken the recipient, `on_hand_over` is called in this thread: it commits the
        marker, mints the link and returns the message, or None if the letter is no longer wanted.
        What it raises is raised here, and nothing has been sent.
        """
        require_address(recipient, "recipient")
        if self._settings.folder is not None:
            message = on_hand_over()
            return _NOT_WANTED if message is None else _write_file(self._settings.folder, message)
        with self._slots:
            connection = self._addressed(recipient)
            if isinstance(connection, Outcome):
                return connection
            try:
                message = on_hand_over()
                if message is None:
                    self._run(connection.forget())
                    return _NOT_WANTED
                return self._run(connection.hand_over(message.as_bytes()))
            except BaseException:
                self._run(_closed(connection))
                raise
            finally:
                self._keep(connection)

    def probe(self) -> Outcome | None:
        """Connect and sign in without sending anything; return None if that works ("Test now")."""
        if self._settings.folder is not None:
            return None
        with self._slots:
            try:
                self._keep(self._opened())
            except ServerFaultError as fault:
                return fault.outcome
            return None

    def close(self) -> None:
        """Say goodbye on all connections and end the thread."""
        loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        kept, self._idle = self._idle, []
        for connection in kept:
            asyncio.run_coroutine_threadsafe(connection.quit(), loop).result(GOODBYE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _addressed(self, recipient: str) -> Connection | Outcome:
        """Return a connection whose server has taken the recipient, or what became of it instead."""
        while (kept := self._kept()) is not None:
            outcome = self._run(kept.envelope(recipient))
            if outcome is None:
                return kept
            if outcome.kind is not OutcomeKind.SERVER_FAULT:
                self._keep(kept)
                return outcome
            self._run(_closed(kept))  # grown old while kept; a new one will tell
        try:
            fresh = self._opened()
        except ServerFaultError as fault:
            return fault.outcome
        outcome = self._run(fresh.envelope(recipient))
        if outcome is None:
            return fresh
        self._keep(fresh)
        return outcome

    def _opened(self) -> Connection:
        return self._run(self._open())

    async def _open(self) -> Connection:
        if self._tls is None and self._settings.security != "none":
            try:
                self._tls = ssl.create_default_context(cafile=self._settings.ca_file)
            except OSError as error:
                raise ServerFaultError("The file of trusted certificates cannot be read.") from error
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        connection = Connection(self._settings, self._tls)
        await connection.open()
        return connection

    def _kept(self) -> Connection | None:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.usable:
                return connection
            self._run(_closed(connection))

    def _keep(self, connection: Connection) -> None:
        if connection.usable:
            self._idle.append(connection)
        else:
            self._run(_closed(connection))

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="mail", daemon=True)
                self._thread.start()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()


_NOT_WANTED = Outcome(OutcomeKind.NOT_WANTED, "The letter was no longer wanted.")


async def _closed(connection: Connection) -> None:
    connection.close()


def _write_file(folder: Path, message: EmailMessage) -> Outcome:
    """Write the letter as <notice id>.eml, whole or not at all; the same letter again is the same file."""
    name = f"{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
    part: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as file:
            part = Path(file.name)
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / name)
        _sync_folder(folder)
    except OSError:
        if part is not None:
            part.unlink(missing_ok=True)
        return Outcome(OutcomeKind.SERVER_FAULT, "The folder for letters cannot be written.")
    return Outcome(OutcomeKind.SENT, "The letter was written to the folder for letters.", name)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
