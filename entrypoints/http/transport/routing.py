"""Finds the route of a request, with fewer steps than Litestar for routes that respond to their errors themselves."""

from collections.abc import Awaitable
from functools import lru_cache

from litestar import Litestar
from litestar._asgi.utils import is_valid_host
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.utils import normalize_path

from entrypoints.http.transport.headers import headers_by_name


class Routing:
    """ASGI, around Litestar's router and its layer for exceptions, which these routes do not need.

    `otherwise`: that layer. All other requests go there, and those without a route, or with another method: it has the
    responses to them. `direct`: the key in the `opt` of a route that responds to its errors itself.
    """

    def __init__(self, app: Litestar, otherwise: ASGIApp, direct: str) -> None:
        self._otherwise = otherwise
        self._direct = direct
        self._find = app.asgi_router.handle_routing

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP or scope.get("root_path"):
            return self._otherwise(scope, receive, send)
        try:
            found = self._find(path=_normal(scope["path"]), method=scope["method"])
        except HTTPException:
            return self._otherwise(scope, receive, send)
        route: ASGIApp = found[0]
        handler = found[1]
        if self._direct not in handler.opt or not _is_host(headers_by_name(scope).get(b"host", b"")):
            return self._otherwise(scope, receive, send)
        scope["route_handler"] = handler
        scope["path"], scope["path_params"], scope["path_template"] = found[2:]
        return route(scope, receive, send)


def _normal(path: str) -> str:
    """Return a path as the router expects it."""
    return normalize_path(path) if path.endswith("/") or "//" in path else path


_is_host = lru_cache(is_valid_host)  # the names of one service are few
