"""The outermost layer: host, size, headers, HEAD, log, and a page for what nobody caught (reliability 3)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plr.web.pages import errors
from plr.web.pages.house import House

log = logging.getLogger("plr.web.access")

LONGEST_BODY = 300_000
_MOST_FIELDS = 1000
_FORM = "application/x-www-form-urlencoded"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
_YEAR_SECONDS = 31_536_000


class Guard:
    """Wraps the application. Reads a form once, so that an error page can give its words back."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self.app = app
        self.house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self.house)
        response = await self._refusal(scope, receive, exchange)
        if response is not None:
            await response(scope, receive, exchange.send)
        else:
            await self._serve(scope, exchange)
        exchange.note()

    async def _refusal(self, scope: Scope, receive: Receive, exchange: _Exchange) -> Response | None:
        headers = Headers(scope=scope)
        scope.setdefault("state", {})
        if not self.house.is_our_host(headers.get("host", "")):
            return await run_in_threadpool(errors.wrong_host, self.house)
        body = await _read(receive, headers)
        if body is None:
            return await run_in_threadpool(errors.too_large, self.house)
        exchange.body = body
        if headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
            form = _form(body)
            if form is None:
                return await run_in_threadpool(errors.unreadable, self.house)
            scope["state"]["form"] = form
        return None

    async def _serve(self, scope: Scope, exchange: _Exchange) -> None:
        if scope["method"] == "HEAD":
            # A HEAD is answered like a GET, without the body and without leaving a trace.
            scope["method"], scope["state"]["head"] = "GET", True
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as error:
            if exchange.started:
                log.error("An answer broke off: %s.", type(error).__name__)  # noqa: TRY400 - no values in the log
                raise
            response = await run_in_threadpool(errors.fault, Request(scope), error)
            await response(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, house: House) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._house = house
        self._method = scope["method"]
        self._given = False
        self._status = 0
        self.body = b""
        self.started = False

    async def receive(self) -> Message:
        """Give the body that was read, then what comes after it."""
        if self._given:
            return await self._receive()
        self._given = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Add the headers that every answer has; a HEAD gets no body."""
        if message["type"] == "http.response.start":
            self.started, self._status = True, message["status"]
            self._add_headers(MutableHeaders(scope=message))
        elif self._method == "HEAD" and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers[name] = value
        if self._scope["path"].startswith("/static/"):
            headers.setdefault("Cache-Control", "public, max-age=3600")
        else:
            headers["Cache-Control"] = "no-store"
        if self._house.https:
            headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}; includeSubDomains"

    def note(self) -> None:
        """Log the route's template, never the path: it may hold a private link (reliability T14)."""
        route = getattr(self._scope.get("route"), "path", "(no page)")
        log.info("%s %s %d", self._method, route, self._status)


async def _read(receive: Receive, headers: Headers) -> bytes | None:
    """Return the body, or nothing when it is too large; what is too large is not kept."""
    announced = headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdigit() or int(announced) > LONGEST_BODY:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > LONGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _form(body: bytes) -> FormData | None:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return None
    return FormData([*pairs])
