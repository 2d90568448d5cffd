"""Successful responses: a JSON body, or none."""

from typing import Any

import msgspec
from litestar.response import Response
from litestar.response.base import ASGIResponse
from litestar.types import HTTPResponseStartEvent, Receive, Scope, Send

from entrypoints.http.transport.exchange import WHOLE, takes_whole

_OK = 200
_NO_CONTENT = 204
NOT_STORED = (b"cache-control", b"no-store")  # responses contain secrets, working URLs, and names


class Sent(ASGIResponse):
    """Sends an encoded response: as one message if the server takes it, since each passes through all layers."""

    __slots__ = ()

    def __init__(self, status: int, body: bytes) -> None:  # skips the work of its base class on purpose
        self.status_code = status
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send status, headers and body."""
        headers = [] if self.status_code == _NO_CONTENT else _headers(self.body)
        begin: HTTPResponseStartEvent = {"type": "http.response.start", "status": self.status_code, "headers": headers}
        if takes_whole(scope):
            begin[WHOLE] = self.body  # type: ignore[literal-required]  # our own extension of ASGI
            await send(begin)
            return
        await send(begin)
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Json(Response[Any]):
    """A response without cookies, custom headers or content negotiation: these would cost more than its JSON."""

    def __init__(self, content: Any, *, status_code: int, **_: object) -> None:  # noqa: ANN401  # any JSON
        self.content = content
        self.status_code = status_code

    def to_asgi_response(self, app: object, request: object, **_: object) -> ASGIResponse:  # noqa: ARG002  # Litestar's signature
        """Return the encoded response."""
        status = self.status_code or _OK
        return Sent(status, b"" if status == _NO_CONTENT else msgspec.json.encode(self.content))


def _headers(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), NOT_STORED]
