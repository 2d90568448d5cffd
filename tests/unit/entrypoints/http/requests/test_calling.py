"""Handlers that are called without Litestar's layers get the same arguments as from Litestar."""

import inspect
from collections.abc import Awaitable, Iterator
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
from litestar.types import Empty, HTTPRequestEvent, Message, Scope
from msgspec import Struct

from domain.refusals import InvalidInputError
from entrypoints.http.admission.admission import NEEDS
from entrypoints.http.answers.answers import Json
from entrypoints.http.answers.complaints import parameter_complaint
from entrypoints.http.app import create_app
from entrypoints.http.reference.openapi import document_of
from entrypoints.http.requests.bodies import StrictRequest
from entrypoints.http.requests.calling import call_of
from entrypoints.http.requests.queries import parameters_of


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


def asked(route: HTTPRoute, method: str, handler: HTTPRouteHandler, query: bytes) -> Scope:
    scope = {
        "type": "http",
        "method": method,
        "path": "/v1/any",
        "query_string": query,
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


def queries_of(handler: HTTPRouteHandler) -> list[bytes]:
    """Return queries with each parameter: with a good, a bad, an empty value, twice, and beside an unknown one."""
    names = sorted(parameters_of(handler))
    return [
        f"{name}={value}".encode()
        for name in names
        for value in ("1", "true", "a%20b+c", "%C3%A4", "-1", "", "1&unknown=2", f"1&{name}=2", "x" * 3000)
    ]


async def theirs(route: HTTPRoute, method: str, scope: Scope) -> dict[str, Any]:
    """Return Litestar's arguments, as its route makes them."""
    handler, model = route.route_handler_map[cast("Any", method)]
    request: StrictRequest = StrictRequest(scope, receive, drop)
    kwargs = await model.to_kwargs(connection=request)
    kwargs = {name: value for name, value in kwargs.items() if value is not Empty}
    return dict(handler.signature_model.parse_values_from_connection_kwargs(connection=request, kwargs=kwargs))


@pytest.mark.parametrize(("route", "method"), ROUTES, ids=[f"{method} {route.path_format}" for route, method in ROUTES])
async def test_a_handler_gets_litestars_arguments(route: HTTPRoute, method: str) -> None:
    handler, _ = route.route_handler_map[cast("Any", method)]
    call = call_of(handler)
    assert call is not None
    declared = handler.parsed_fn_signature.parameters
    defaults = {name: field.default for name, field in declared.items() if field.has_default}
    for query in [b"", *queries_of(handler)]:
        expected = await outcome(handler, theirs(route, method, asked(route, method, handler, query)))
        ours = await outcome(handler, call.arguments(asked(route, method, handler, query), receive, drop))
        if isinstance(ours, dict):
            assert ours.keys() <= inspect.signature(handler.fn).parameters.keys()
            ours = defaults | ours
        assert ours == expected, query


async def outcome(handler: HTTPRouteHandler, arguments: Awaitable[dict[str, Any]]) -> dict[str, Any] | str:
    """Return the arguments, or the message of the refusal."""
    try:
        found = await arguments
    except HTTPException as error:
        return parameter_complaint(handler, error).message
    except InvalidInputError as refused:
        return refused.message
    return {name: value for name, value in found.items() if name not in {"request", "scope"}} | {
        name: True for name in ("request", "scope") if name in found
    }


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
