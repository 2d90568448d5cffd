"""The methods of a path: for responses to OPTIONS, and for list paths that could be read as an id."""

import re
from collections.abc import Iterator

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import Scope, Send

_PARAMETER = re.compile(r"{\w+}")


async def answer_options(scope: Scope, send: Send) -> None:
    """Respond to OPTIONS with all methods of the path; Litestar's own response may miss some."""
    known = {
        method
        for route in _routes(scope["litestar_app"])
        if route.path_format == scope["path_template"]
        for method in route.methods
    }
    if "GET" in known:
        known.add("HEAD")
    allow = ", ".join(sorted(known)).encode()
    await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow)]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def reads_as_id(app: Litestar, method: str, path: str) -> bool:
    """Return whether a method that a path does not support would be supported if its last segment were an id."""
    return any(
        method in route.methods
        and route.path_format.endswith("}")
        and re.fullmatch(_PARAMETER.sub("[^/]+", route.path_format), path.rstrip("/"))
        for route in _routes(app)
    )


def _routes(app: Litestar) -> Iterator[HTTPRoute]:
    return (route for route in app.routes if isinstance(route, HTTPRoute))
