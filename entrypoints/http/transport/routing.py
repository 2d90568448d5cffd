"""Finds the route of a request, with fewer steps than Litestar for routes that respond to their errors themselves."""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any

from litestar import Litestar
from litestar._asgi.utils import is_valid_host
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.transport.headers import headers_by_name

_ANY = None  # the key of a segment that is a parameter
_HERE = ""  # the key of the routes that end at a node, by method; no segment is empty


class Routing:
    """ASGI, around Litestar's router and its layer for exceptions, which these routes do not need.

    `otherwise`: that layer. All other requests go there, and those without a route, or with another method: it has the
    responses to them. `direct`: the key in the `opt` of a route that responds to its errors itself.

    The router remembers the routes of the latest paths. Paths with ids are mostly new, so this tree of segments is
    faster for them. It prefers a fixed segment to a parameter, as the router does.
    """

    def __init__(self, app: Litestar, otherwise: ASGIApp, direct: str) -> None:
        self._otherwise = otherwise
        self._tree: dict[str | None, Any] = {}
        for route in app.routes:
            if isinstance(route, HTTPRoute):
                self._add(app, route, direct)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        found = self.find(scope["path"], scope["method"]) if scope["type"] == ScopeType.HTTP else None
        if found is None or scope.get("root_path") or not _is_host(headers_by_name(scope).get(b"host", b"")):
            return self._otherwise(scope, receive, send)
        app, scope["route_handler"], scope["path_template"], scope["path_params"] = found
        return app(scope, receive, send)

    def find(self, path: str, method: str) -> tuple[ASGIApp, HTTPRouteHandler, str, dict[str, str]] | None:
        """Return the route of a path, with its handler, its template and the parameters; None: ask Litestar."""
        node = self._tree
        given: list[str] = []
        before, *segments = path.split("/")
        if before:
            return None
        for segment in segments:
            below = node.get(segment) if segment else None
            if below is None:
                below = node.get(_ANY)
                if below is None or not segment:
                    return None
                given.append(segment)
            node = below
        found = node.get(_HERE, {}).get(method)
        if found is None:
            return None
        app, handler, template, names = found
        return app, handler, template, dict(zip(names, given, strict=True))

    def _add(self, app: Litestar, route: HTTPRoute, direct: str) -> None:
        names = tuple(route.path_parameters)
        if any(parameter.type is not str for parameter in route.path_parameters.values()):
            return
        node = self._tree
        for segment in route.path_format[1:].split("/"):
            node = node.setdefault(_ANY if segment.startswith("{") else segment, {})
        for method, (handler, _) in route.route_handler_map.items():
            if direct in handler.opt:
                asgi_app = app.asgi_router.handle_routing(path=route.path_format, method=method)[0]
                node.setdefault(_HERE, {})[method] = asgi_app, handler, route.path_format, names


_is_host = lru_cache(is_valid_host)  # the names of one service are few
