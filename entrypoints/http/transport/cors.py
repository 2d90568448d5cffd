"""CORS for the requests that need it."""

from collections.abc import Awaitable
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.transport.headers import headers_by_name


class CORS:
    """ASGI, around Litestar's middleware: a request without `Origin` bypasses it.

    The middleware builds a mapping of all headers before it looks for the one that most requests do not have.
    `within`: what the middleware is around.
    """

    def __init__(self, middleware: Any, within: ASGIApp) -> None:  # noqa: ANN401  # Litestar does not name its type
        self._middleware: ASGIApp = middleware
        self._within = middleware.app = within

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if b"origin" in headers_by_name(scope):
            return self._middleware(scope, receive, send)
        return self._within(scope, receive, send)
