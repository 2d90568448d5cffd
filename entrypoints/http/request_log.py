"""A line in the log for every request, and an id that ties them together (`X-Request-Id`)."""

import random
import re
import time
from collections.abc import Sequence
from typing import cast

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

_log = structlog.get_logger("upwell.request")
ADDED_HEADERS = "upwell.added_headers"  # in the scope: what an answer gets besides, errors too
MAX_DRAINED_BYTES = 16 * 1024 * 1024
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_\-.]{1,64}")
_PERSON = re.compile(r"/users/[^/]+")
_UPLOAD_ID = re.compile(r"upl_[a-z0-9]+")


class RequestLog:
    """ASGI middleware: takes the client's request id, or draws one, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = None
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
                request_id = value.decode()
        if request_id is None:
            request_id = f"{random.getrandbits(64):016x}"  # tells requests apart, and keeps no secret
        method = scope["method"]
        began = time.perf_counter()
        status = 0
        unread = True

        async def ask() -> HTTPReceiveMessage:
            nonlocal unread
            message = await receive()
            unread = message["type"] == "http.request" and message["more_body"]
            return cast("HTTPReceiveMessage", message)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                drained = 0
                while unread and drained < MAX_DRAINED_BYTES:  # a client that still sends would not read the answer
                    drained += len(cast("bytes", (await ask()).get("body", b"")))
                status = message["status"]
                added = cast("Sequence[tuple[bytes, bytes]]", scope.get(ADDED_HEADERS, ()))
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *added]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)  # ends with the request's own context
        try:
            await self._app(scope, ask, answer)
        finally:
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
