"""One connection to the mail server, over aiosmtplib, and what each of its answers means.

The library's own `data()` cannot tell a line cut before the final dot from one cut after it; that
is the difference between sending again and asking a person (reliability R3), so the dot is sent here.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from plr.adapters.mail_settings import MailSettings

LONGEST_REPLY = 4096
LONGEST_SHOWN_REPLY = 200
START_INPUT = 354
CLOSING = 421
ASKS_FOR_LOGIN = {530, 534, 535, 538}
FLUSH_POLL_SECONDS = 0.01

FAULTS = (aiosmtplib.SMTPException, OSError)  # time-outs and TLS faults are OSErrors too

_LINE = re.compile(rb"[2-5][0-9]{2}(?:(?P<more>-)|[ \r\n]).*", re.DOTALL)


class OutcomeKind(StrEnum):
    """What became of one try to hand a letter over (reliability 2, Letters)."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"
    SERVER_FAULT = "server_fault"
    UNCERTAIN = "uncertain"
    NOT_WANTED = "not_wanted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try: `words` for the secretary, `reply` as the server gave it (200 characters)."""

    kind: OutcomeKind
    words: str
    reply: str = ""


class ServerFaultError(Exception):
    """The connection cannot be used; it is nobody's letter's fault."""

    def __init__(self, words: str, reply: str = "") -> None:
        super().__init__(words)
        self.outcome = Outcome(OutcomeKind.SERVER_FAULT, words, reply)


class Wire(SMTPProtocol):
    """The library's protocol made strict: whole replies only, 4 kB at most, none that was not asked for.

    Whatever else arrives (bytes behind STARTTLS's 220, say) drops the connection at once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[SMTPProtocol], None]) -> None:
        super().__init__(loop=loop, connection_lost_callback=lost)
        self._reply = bytearray()
        self._whole = False
        self.broken = False

    def write(self, data: bytes) -> None:
        """Send, and expect one reply."""
        self._reply.clear()
        self._whole = False
        super().write(data)

    @property
    def reply(self) -> str:
        """The reply received since the last sending, if it is whole."""
        return self._reply.decode("ascii", "replace") if self._whole else ""

    def data_received(self, data: bytes) -> None:
        """Collect a reply and hand it on when it is whole."""
        if self._whole:
            self._drop()
            return
        self._reply += data
        try:
            end = _end_of_reply(bytes(self._reply))
        except ValueError:
            self._drop()
            return
        if end:
            surplus = len(self._reply) > end
            del self._reply[end:]
            self._whole = True
            super().data_received(bytes(self._reply))
            if surplus:
                self._drop()

    def _drop(self) -> None:
        self.broken = True
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()


def _end_of_reply(received: bytes) -> int:
    """Return where the first reply ends, 0 if it is not whole yet. Raises ValueError if it is not SMTP."""
    end = 0
    for line in received.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        end += len(line)
        found = _LINE.fullmatch(line)
        if found is None or end > LONGEST_REPLY:
            raise ValueError
        if not found["more"]:
            return end
    if len(received) > LONGEST_REPLY:
        raise ValueError
    return 0


class Connection:
    """One connection, kept for several letters. All its methods run on one event loop."""

    def __init__(self, settings: MailSettings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.message_id_host,
            timeout=settings.command_timeout,
            start_tls=False,
            tls_context=tls,
        )
        self._wire = Wire(self._loop, lambda _: self._smtp.close())
        self._used_at = self._loop.time()

    @property
    def usable(self) -> bool:
        """Whether the line is up, in step, and was used lately."""
        idle = self._loop.time() - self._used_at
        return self._wire.is_connected and not self._wire.broken and idle < self._settings.kept_seconds

    async def open(self) -> None:
        """Connect, greet, secure the line and sign in. Raises ServerFaultError."""
        try:
            await self._step(self._connect(), "We cannot reach the mail server.")
            await self._step(self._smtp.ehlo(), "The mail server does not answer our greeting.")
            if self._settings.security == "starttls":
                words = "The mail server offers no safe line that we can trust."
                await self._step(self._smtp.starttls(timeout=self._settings.connect_timeout), words)
                await self._step(self._smtp.ehlo(), words)
            await self._sign_in()
        except ServerFaultError:
            self.close()
            raise

    async def _connect(self) -> None:
        settings = self._settings
        direct_tls = self._tls if settings.security == "tls" else None
        connecting = self._loop.create_connection(
            lambda: self._wire,
            settings.host,
            settings.port,
            ssl=direct_tls,
            server_hostname=settings.host if direct_tls else None,
            ssl_handshake_timeout=settings.connect_timeout if direct_tls else None,
        )
        transport, _ = await asyncio.wait_for(connecting, settings.connect_timeout)
        self._smtp.transport, self._smtp.protocol = transport, self._wire
        banner = await self._wire.read_response(timeout=settings.command_timeout)
        if banner.code != aiosmtplib.SMTPStatus.ready:
            raise aiosmtplib.SMTPResponseException(banner.code, banner.message)

    async def _sign_in(self) -> None:
        settings, words = self._settings, "The mail server refuses our user name or password."
        if settings.username is None:
            return
        if settings.oauth2_token is not None:
            try:
                token = await asyncio.to_thread(settings.oauth2_token)
            except Exception as error:  # whatever the provider raises, letters only wait
                raise ServerFaultError("We get no token for signing in to the mail server.") from error
            await self._step(self._smtp.auth_xoauth2(settings.username, token), words)
        else:
            await self._step(self._smtp.login(settings.username, settings.password or ""), words)

    async def _step(self, step: Awaitable[object], words: str) -> None:
        try:
            await step
        except aiosmtplib.SMTPResponseException as error:
            raise ServerFaultError(words, shown(error.code, error.message)) from error
        except FAULTS as error:
            raise ServerFaultError(words if not self._wire.broken else NOT_SMTP) from error

    async def envelope(self, recipient: str) -> Outcome | None:
        """Name sender and recipient; return None if the server takes both, else what became of it."""
        self._used_at = self._loop.time()
        try:
            await self._smtp.mail(self._settings.sender)
            await self._smtp.rcpt(recipient)
        except aiosmtplib.SMTPSenderRefused as error:
            outcome = _negative(error.code, error.message, "The mail server refuses our own address.")
            if (
                outcome.kind is OutcomeKind.REFUSED
            ):  # every letter has this sender, so it is no letter's fault
                outcome = Outcome(OutcomeKind.SERVER_FAULT, outcome.words, outcome.reply)
        except aiosmtplib.SMTPRecipientRefused as error:
            outcome = _negative(error.code, error.message, "The mail server refuses this address.")
        except FAULTS:
            self.close()
            return self._fault()
        else:
            return None
        await self.forget()
        return outcome

    async def hand_over(self, content: bytes) -> Outcome:
        """Send the text after an accepted envelope; the only place where `uncertain` can come from."""
        try:
            ready = await self._smtp.execute_command(b"DATA")
        except FAULTS:
            self.close()
            return self._fault()
        if self._wire.broken:  # more than one reply came: the next would answer something we never said
            return self._fault()
        if ready.code != START_INPUT:
            outcome = _negative(ready.code, ready.message, "The mail server refuses this letter.")
            await self.forget()
            return outcome
        try:
            await self._send_body(content)
            early = self._wire.reply
            if not early:
                self._wire.write(b".\r\n")
        except FAULTS:
            self.close()
            return Outcome(OutcomeKind.LATER, "The line broke before the whole letter was handed over.")
        if early:  # nobody has been given the dot, so the letter is not theirs
            self.close()
            return _negative(int(early[:3]), early[4:], "The mail server refuses this letter.")
        return await self._answer()

    async def _send_body(self, content: bytes) -> None:
        self._wire.write(_dot_stuffed(content))
        transport = cast("asyncio.WriteTransport", self._wire.transport)
        left, deadline = -1, 0.0
        while size := transport.get_write_buffer_size():
            if size != left:
                left, deadline = size, self._loop.time() + self._settings.command_timeout
            elif self._loop.time() > deadline:
                raise TimeoutError
            await asyncio.sleep(FLUSH_POLL_SECONDS)
        await asyncio.sleep(0)  # let a cut that has already arrived be seen before the dot goes
        if not self._wire.is_connected:
            raise ConnectionResetError

    async def _answer(self) -> Outcome:
        try:
            code, message = await self._wire.read_response(timeout=self._settings.final_dot_timeout)
        except FAULTS:
            self.close()
            return Outcome(OutcomeKind.UNCERTAIN, UNCERTAIN)
        self._used_at = self._loop.time()
        if code // 100 == 2:  # noqa: PLR2004 - RFC 5321: 2yz is yes
            return Outcome(OutcomeKind.SENT, "The mail server took the letter.", shown(code, message))
        if code // 100 == 3:  # noqa: PLR2004 - 3yz asks for more, and there is no more
            self.close()
            return Outcome(OutcomeKind.UNCERTAIN, UNCERTAIN, shown(code, message))
        if code == CLOSING:
            self.close()
        return _negative(code, message, "The mail server refuses this letter.")

    async def forget(self) -> None:
        """Take the envelope back, so that the line can serve the next letter."""
        try:
            await self._smtp.rset()
        except FAULTS:
            self.close()

    async def quit(self) -> None:
        """Say goodbye, briefly, and close."""
        with contextlib.suppress(*FAULTS):
            await self._smtp.quit(timeout=2)
        self.close()

    def close(self) -> None:
        """Drop the line without a word."""
        if self._wire.transport is not None:
            cast("asyncio.WriteTransport", self._wire.transport).abort()
        self._smtp.close()

    def _fault(self) -> Outcome:
        words = NOT_SMTP if self._wire.broken else "The line to the mail server broke, or it was silent."
        return Outcome(OutcomeKind.SERVER_FAULT, words)


NOT_SMTP = "What answers there does not speak as a mail server should."
UNCERTAIN = "The mail server took the text and then the line broke, so we cannot know."


def _negative(code: int, message: str, refused: str) -> Outcome:
    reply = shown(code, message)
    if code == CLOSING:
        return Outcome(OutcomeKind.SERVER_FAULT, "The mail server is closing for now.", reply)
    if code in ASKS_FOR_LOGIN:
        return Outcome(OutcomeKind.SERVER_FAULT, "The mail server wants us to sign in.", reply)
    if code // 100 == 5:  # noqa: PLR2004 - RFC 5321: 5yz is a lasting no
        return Outcome(OutcomeKind.REFUSED, refused, reply)
    if code // 100 == 4:  # noqa: PLR2004 - 4yz is a no for now
        return Outcome(OutcomeKind.LATER, "The mail server asks us to try again later.", reply)
    return Outcome(OutcomeKind.SERVER_FAULT, NOT_SMTP, reply)


def shown(code: int, message: str) -> str:
    """Return a server's reply so that it can be shown: one line of at most 200 printable characters."""
    line = " ".join(f"{code} {message}".split())
    return "".join(c if c.isprintable() else "?" for c in line)[:LONGEST_SHOWN_REPLY]


def _dot_stuffed(content: bytes) -> bytes:
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)
