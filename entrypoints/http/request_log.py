"""A line in the log for every request, and an id that ties them together (`X-Request-Id`)."""

import logging
import random
import re
import time
from collections.abc import Awaitable, Sequence
from typing import Protocol, cast

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

_log = structlog.get_logger("upwell.request")
ADDED_HEADERS = "upwell.added_headers"  # in the scope: what an answer gets besides, errors too
MAX_DRAINED_BYTES = 16 * 1024 * 1024
_DIGITS_OF_A_SHORT_BODY = 4  # the server has read so much by itself
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_\-.]{1,64}")
_PERSON = re.compile(r"/users/[^/]+")
_UPLOAD_ID = re.compile(r"upl_[a-z0-9]+")


class _Body:
    """The body of a request: whoever still sends it would not read an answer, so what is left of it is read first."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.unread = True

    async def ask(self) -> HTTPReceiveMessage:
        """Return the next piece."""
        message = await self._receive()
        self.unread = message["type"] == "http.request" and message["more_body"]
        return cast("HTTPReceiveMessage", message)

    async def drain_and_send(self, message: Message, send: Send) -> None:
        """Read the rest, unless it is very long, and answer."""
        drained = 0
        while self.unread and drained < MAX_DRAINED_BYTES:
            drained += len(cast("bytes", (await self.ask()).get("body", b"")))
        await send(message)


class Observe(Protocol):
    """Hears of requests that were answered, for metrics. `status` 0: there was no answer."""

    def __call__(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one."""
        ...


class RequestLog:
    """ASGI middleware: takes the client's request id, or draws one, and answers with it."""

    def __init__(self, app: ASGIApp, observe: Observe | None = None) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901  # each call would cost
        """Serve one request and log it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = None
        may_be_long = False
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
                request_id = value.decode()
            elif name == b"transfer-encoding" or (name == b"content-length" and len(value) > _DIGITS_OF_A_SHORT_BODY):
                may_be_long = True
        if request_id is None:
            request_id = f"{random.getrandbits(64):016x}"  # tells requests apart, and keeps no secret
        method = scope["method"]
        began = time.perf_counter()
        status = 0
        body = _Body(receive) if may_be_long else None

        def answer(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = cast("Sequence[tuple[bytes, bytes]]", scope.get(ADDED_HEADERS, ()))
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *added]
                if body is not None and body.unread:
                    return body.drain_and_send(message, send)
            return send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)  # ends with the request's own context
        try:
            await self._app(scope, receive if body is None else body.ask, answer)
        finally:
            if self._observe is not None:
                self._observe(scope["path_template"], method, status, time.perf_counter() - began)
            if _log.is_enabled_for(logging.INFO):
                path = scope["path"]
                upload = _UPLOAD_ID.search(path)
                _log.info(
                    "request",
                    method=method,
                    path=_PERSON.sub("/users/…", path),
                    status=status,
                    upload_id=upload[0] if upload else None,
                    ms=round((time.perf_counter() - began) * 1000, 2),
                )
