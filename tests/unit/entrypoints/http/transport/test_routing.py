"""The routes that are found without Litestar's router are those that it finds."""

import random
from contextlib import nullcontext
from typing import Any, cast

import pytest
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.routes import HTTPRoute
from litestar.types import Receive, Scope, Send

from entrypoints.http.admission.admission import NEEDS
from entrypoints.http.app import create_app
from entrypoints.http.transport.routing import Routing

APP: Litestar = create_app(cast("Any", nullcontext))
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


async def otherwise(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
    scope["path_template"] = "otherwise"


ROUTING = Routing(APP, otherwise, NEEDS)


def theirs(path: str, method: str) -> tuple[Any, ...] | None:
    """Return what Litestar finds for a path in the form that it expects; None: nothing, or not a route of ours."""
    try:
        app, handler, _, params, template = APP.asgi_router.handle_routing(path=path, method=cast("Any", method))
    except HTTPException:
        return None
    return (app, handler, template, params) if NEEDS in handler.opt else None


FORMATS = [route.path_format for route in APP.routes if isinstance(route, HTTPRoute)]
WORDS = sorted({segment for path in FORMATS for segment in path.split("/") if segment[:1] != "{"} - {""})


@pytest.mark.parametrize("method", METHODS)
def test_the_route_of_each_path_is_found(method: str) -> None:
    for path in FORMATS:
        assert ROUTING.find(path, method) == theirs(path, method), path


def test_no_other_route_is_found_than_by_litestar() -> None:
    chance = random.Random(7)  # noqa: S311  # of a test
    found = 0
    for path in FORMATS * 10:
        segments = [chance.choice(WORDS) if chance.random() < 0.3 else segment for segment in path.split("/")[1:]]
        mixed = "/" + "/".join(segments[: chance.randint(1, 9)])
        for method in METHODS:
            ours = ROUTING.find(mixed, method)
            if ours is not None:
                found += 1
                assert ours == theirs(mixed, method), (method, mixed)
    assert found > 100


@pytest.mark.parametrize("path", ["", "*", "/", "//v1/uploads/a", "/v1/uploads/a/", "/v1//uploads/a", "x/v1/uploads/a"])
def test_a_path_that_is_no_plain_one_is_left_to_litestar(path: str) -> None:
    assert ROUTING.find(path, "GET") is None


@pytest.mark.parametrize(
    "differing",
    [
        {"path": "/v1/nothing"},
        {"method": "PATCH"},
        {"path": "/healthz"},
        {"root_path": "/below"},
        {"headers": [(b"host", b"a/b")]},
        {"type": "websocket"},
    ],
    ids=str,
)
async def test_everything_else_is_left_to_litestar(differing: dict[str, object]) -> None:
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/v1/uploads/a", "headers": [], **differing}
    await ROUTING(cast("Scope", scope), cast("Any", None), cast("Any", None))
    assert scope["path_template"] == "otherwise"
