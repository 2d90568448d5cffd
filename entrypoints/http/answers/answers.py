"""Answers to requests that went well: a body in JSON, or none."""

from typing import Any

import msgspec
from litestar.response import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

_OK = 200
_NO_CONTENT = 204
NOT_STORED = (b"cache-control", b"no-store")  # answers hold secrets, URLs that work, and names


class _Sent(ASGIResponse):
    """Sends what is ready to be sent."""

    __slots__ = ()

    def __init__(self, status: int, body: bytes) -> None:  # on purpose without the work of its class
        self.status_code = status
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send status, headers and body."""
        headers = [] if self.status_code == _NO_CONTENT else _headers(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Json(Response[Any]):
    """An answer without cookies, own headers or a choice of media types: these would cost more than all of its JSON."""

    def __init__(self, content: Any, *, status_code: int, **_: object) -> None:  # noqa: ANN401  # any JSON
        self.content = content
        self.status_code = status_code

    def to_asgi_response(self, app: object, request: object, **_: object) -> ASGIResponse:  # noqa: ARG002  # Litestar's signature
        """Return the answer, encoded."""
        status = self.status_code or _OK
        return _Sent(status, b"" if status == _NO_CONTENT else msgspec.json.encode(self.content))


def _headers(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), NOT_STORED]
