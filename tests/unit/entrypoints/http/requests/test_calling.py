"""Handlers that are called without Litestar's layers get the same arguments as from Litestar."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, cast

import pytest
from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromHeader, FromPath, FromQuery
from litestar.response import Stream
from litestar.routes import HTTPRoute
from litestar.types import HTTPRequestEvent, Message, Scope
from msgspec import Struct

from domain.refusals import InvalidInputError
from entrypoints.http.admission.admission import NEEDS
from entrypoints.http.answers.answers import Json
from entrypoints.http.app import create_app
from entrypoints.http.reference.openapi import document_of
from entrypoints.http.requests.bodies import StrictRequest
from entrypoints.http.requests.calling import call_of


class Shape(Struct):
    number: int = 0


def routes() -> Iterator[tuple[HTTPRoute, str]]:
    """Return the routes; their document has been read, for which Litestar adds parameters to their signatures."""
    app = create_app(cast("Any", nullcontext))
    document_of(app)
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if NEEDS in handler.opt:
                    yield route, method


ROUTES = list(routes())


def asked(route: HTTPRoute, method: str, handler: HTTPRouteHandler) -> Scope:
    scope = {
        "type": "http",
        "method": method,
        "path": "/v1/any",
        "query_string": b"",
        "headers": [],
        "path_params": {name: f"the {name}" for name in route.path_parameters},
        "route_handler": handler,
        "litestar_app": None,
        "state": {},
    }
    return cast("Scope", scope)


async def receive() -> HTTPRequestEvent:
    return {"type": "http.request", "body": b"", "more_body": False}


async def drop(message: Message) -> None: ...


@pytest.mark.parametrize(("route", "method"), ROUTES, ids=[f"{method} {route.path_format}" for route, method in ROUTES])
async def test_a_request_without_a_body_and_a_query_gets_litestars_arguments(route: HTTPRoute, method: str) -> None:
    handler, model = route.route_handler_map[cast("Any", method)]
    call = call_of(handler)
    if call is None:
        pytest.skip("Litestar calls it")
    scope = asked(route, method, handler)
    request: StrictRequest = StrictRequest(scope, receive, drop)
    theirs: Any
    try:
        kwargs = await model.to_kwargs(connection=request)
        kwargs = {name: value for name, value in kwargs.items() if name != "data"}
        theirs = handler.signature_model.parse_values_from_connection_kwargs(connection=request, kwargs=kwargs)
    except HTTPException:
        with pytest.raises(InvalidInputError, match="The body is missing"):
            await call.arguments(scope, receive, drop)
        return
    ours = await call.arguments(scope, receive, drop)
    defaults = {
        name: field.default for name, field in handler.parsed_fn_signature.parameters.items() if field.has_default
    }
    ours, theirs = defaults | ours, dict(theirs)
    assert isinstance(ours.pop("request", request), StrictRequest)
    theirs.pop("request", None)
    assert ours == theirs


def test_all_routes_with_requirements_are_called_directly() -> None:
    handlers = [route.route_handler_map[cast("Any", method)][0] for route, method in ROUTES]
    assert [str(handler) for handler in handlers if call_of(handler) is None] == []


async def nothing(scope: Scope) -> Shape:  # noqa: ARG001  # for the routes below
    return Shape()


async def with_header(x_a: FromHeader[str | None] = None) -> Shape:  # noqa: ARG001  # the same
    return Shape()


async def with_needed_query(a: FromQuery[str]) -> Shape:  # noqa: ARG001  # the same
    return Shape()


async def with_state(state: State) -> Shape:  # noqa: ARG001  # the same
    return Shape()


async def with_number(number: FromPath[int]) -> Shape:  # noqa: ARG001  # the same
    return Shape()


async def with_stream() -> Stream:
    return Stream(iter([b""]))


async def same(what: Any) -> Any:  # noqa: ANN401  # whatever Litestar passes
    return what


def guard(connection: object, handler: object) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        get("/", guards=[guard])(nothing),
        get("/", cache=True)(nothing),
        get("/", response_class=Response)(nothing),
        get("/")(with_header),
        get("/")(with_needed_query),
        get("/")(with_state),
        get("/{number:int}")(with_number),
        get(["/", "/{number:int}"])(with_number),
        get("/")(with_stream),
        get("/", after_request=same)(nothing),
        get("/", before_request=same)(nothing),
    ],
)
def test_handlers_that_ask_for_more_are_left_to_litestar(handler: HTTPRouteHandler) -> None:
    app = Litestar([handler], request_class=StrictRequest, response_class=Json, openapi_config=None)
    assert [call_of(route.route_handler_map["GET"][0]) for route in app.routes if isinstance(route, HTTPRoute)] == [
        None for _ in app.routes
    ]


def test_a_plain_handler_is_called_directly() -> None:
    app = Litestar([get("/")(nothing)], request_class=StrictRequest, response_class=Json, openapi_config=None)
    (route,) = app.routes
    assert isinstance(route, HTTPRoute)
    assert call_of(route.route_handler_map["GET"][0]) is not None
