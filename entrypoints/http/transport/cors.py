"""CORS for the requests that need it."""

from collections.abc import Awaitable
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send


class CORS:
    """ASGI, around Litestar's middleware: a request without `Origin` bypasses it.

    The middleware builds a mapping of all headers before it looks for the one that most requests do not have.
    """

    def __init__(self, middleware: Any) -> None:  # noqa: ANN401  # Litestar does not name its type
        self._middleware: ASGIApp = middleware
        self._within: ASGIApp = middleware.app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        for name, _ in scope["headers"]:
            if name == b"origin":
                return self._middleware(scope, receive, send)
        return self._within(scope, receive, send)
