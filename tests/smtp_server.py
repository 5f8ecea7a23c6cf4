"""A mail server on loopback that does what it is told, and writes down the truth before each reply.

Its own code, so that it can misbehave; the product only meets it over a socket.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP
from types import TracebackType
from typing import Literal, Self

Verb = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "rset"]

GOOD = {
    "connect": b"220 test ready\r\n",
    "mail": b"250 sender ok\r\n",
    "rcpt": b"250 recipient ok\r\n",
    "starttls": b"220 go ahead\r\n",
    "auth": b"235 welcome\r\n",
    "data": b"354 go on\r\n",
    "dot": b"250 taken\r\n",
    "rset": b"250 forgotten\r\n",
}


@dataclass(frozen=True)
class Act:
    """What the server does at one verb, instead of the good reply."""

    reply: bytes | None = None  # None: no reply at all
    cut: Literal["no", "before", "after"] = "no"
    accept: bool = False  # at the dot: keep the letter although the reply says otherwise
    bytewise: bool = False
    delay: float = 0
    silent: bool = False
    body_bytes: int = 0  # at "body": cut after so many bytes of the letter


def answers(reply: str) -> Act:
    return Act(reply=reply.encode() + b"\r\n")


Script = Callable[[Verb], Act | None]


def script(**acts: Act) -> Script:
    return acts.get


def script_once(**acts: Act) -> Script:
    """Misbehave the first time only."""
    left = dict(acts)
    return lambda verb: left.pop(verb, None)


@dataclass
class SmtpServer:
    """Runs in a thread of its own while the `with` block lasts."""

    script: Script = field(default_factory=script)
    starttls: bool = False
    tls: ssl.SSLContext | None = None
    direct_tls: bool = False
    auth: tuple[str, ...] = ()
    port: int = 0
    letters: list[Message] = field(default_factory=list)
    delivered: Counter[str] = field(default_factory=Counter)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    refused_auth: bool = False

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve_until_stopped(started))
        self._loop.close()

    async def _serve_until_stopped(self, started: threading.Event) -> None:
        self._stopped = asyncio.Event()
        context = self.tls if self.direct_tls else None
        listening = socket.create_server(("127.0.0.1", self.port))
        # A small window, so that a long letter is still with the sender when its beginning is read.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        server = await asyncio.start_server(self._client, sock=listening, ssl=context, limit=1 << 26)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopped.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await _Session(self, reader, writer).run()
        except (
            ConnectionError,
            asyncio.IncompleteReadError,
            ssl.SSLError,
            asyncio.CancelledError,
            _CutError,
        ):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()


class _CutError(Exception):
    pass


class _Session:
    def __init__(
        self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.secure = server.direct_tls

    async def run(self) -> None:
        await self.reply("connect", GOOD["connect"])
        while line := await self.reader.readline():
            command = line.decode("latin-1").strip()
            self.server.commands.append(command)
            verb = command.split(" ")[0].split(":")[0].lower()
            if verb == "quit":
                self.writer.write(b"221 bye\r\n")
                await self.writer.drain()
                return
            await self.command(verb, command)

    async def command(self, verb: str, command: str) -> None:
        if verb == "ehlo":
            await self.reply("ehlo", self.greeting())
        elif verb == "starttls":
            await self.reply("starttls", GOOD["starttls"])
            await self.writer.start_tls(self.server.tls)  # type: ignore[arg-type]  # set by the tests that get here
            self.secure = True
        elif verb == "auth":
            await self.authenticate(command)
        elif verb == "data":
            if await self.reply("data", GOOD["data"]):
                await self.body()
        elif verb in {"mail", "rcpt", "rset"}:
            await self.reply(verb, GOOD[verb])  # type: ignore[arg-type]  # one of Verb
        else:
            self.writer.write(b"500 what?\r\n")
            await self.writer.drain()

    def greeting(self) -> bytes:
        lines = ["test", "8BITMIME"]
        if self.server.starttls and not self.secure:
            lines.append("STARTTLS")
        if self.server.auth:
            lines.append("AUTH " + " ".join(self.server.auth))
        return b"".join(
            f"250{'-' if i < len(lines) else ' '}{line}\r\n".encode() for i, line in enumerate(lines, 1)
        )

    async def authenticate(self, command: str) -> None:
        if self.server.refused_auth and "XOAUTH2" in command:  # the error comes as a challenge first
            self.writer.write(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")
            await self.writer.drain()
            self.server.commands.append((await self.reader.readline()).decode().strip())
        refused = b"535 5.7.8 no\r\n"
        await self.reply("auth", refused if self.server.refused_auth else GOOD["auth"])

    async def body(self) -> None:
        act = self.server.script("body")
        if act is not None:
            if act.silent:
                self.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
                await asyncio.sleep(3600)
            await self.reader.readexactly(act.body_bytes)
            if act.reply is not None:
                self.writer.write(act.reply)
                await self.writer.drain()
            if act.cut != "no":
                raise _CutError
        received = await self.reader.readuntil(b"\r\n.\r\n")
        content = re.sub(rb"(?m)^\.\.", b".", received[:-3])
        dot = self.server.script("dot")
        if dot is None or dot.accept:
            letter = message_from_bytes(content, policy=SMTP)
            self.server.letters.append(letter)
            self.server.delivered[str(letter["Message-ID"])] += 1
        await self.act(GOOD["dot"], dot)

    async def reply(self, verb: Verb, good: bytes) -> bool:
        """Say what the script wants; return whether it was the good reply."""
        return await self.act(good, self.server.script(verb))

    async def act(self, good: bytes, act: Act | None) -> bool:
        if act is None:
            self.writer.write(good)
            await self.writer.drain()
            return True
        await asyncio.sleep(act.delay)
        if act.cut == "before":
            raise _CutError
        if act.silent:
            await asyncio.sleep(3600)
        said = good if act.reply is None else act.reply
        for part in [bytes([byte]) for byte in said] if act.bytewise else [said]:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0)
        if act.cut == "after":
            await self.writer.drain()
            self.writer.close()  # so that what was said arrives
            raise _CutError
        return said == good
