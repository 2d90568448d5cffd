"""Calls the handler of a route, with what it declares: path, query, body, request, scope.

Litestar does the same for any handler, in about ten steps for each request: extractors, a signature model, an exit
stack, response handlers. For a handler that declares nothing else they change nothing, but for the signature model that
converts and validates the query. A test compares the arguments of both ways.
"""

import functools
import inspect
import math
import re
from collections.abc import Sequence
from types import NoneType
from typing import Any

import msgspec
from litestar import Response
from litestar._parsers import parse_query_string
from litestar.constants import RESERVED_KWARGS
from litestar.enums import ParamType
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.types import Receive, Scope, Send
from litestar.typing import FieldDefinition

from entrypoints.http.answers.answers import Json, Sent
from entrypoints.http.answers.complaints import missing_body
from entrypoints.http.answers.errors import answer_error
from entrypoints.http.requests.bodies import StrictRequest, read_body, read_json

_IN_PATH = re.compile(r"{(\w+)")
_GIVEN = {"data", "request", "scope"}


class Call:
    """A way to call one handler. `names`: the parameters that it takes from the path; `query`: those from the query.

    `query` has the names in the handler, the names in the query, and the defaults.
    """

    def __init__(
        self, handler: HTTPRouteHandler, names: Sequence[str], query: Sequence[tuple[str, str, object]]
    ) -> None:
        self._handler = handler
        self._function = handler.fn
        self._status = handler.status_code
        self._names = names
        self._query = query
        self._most_bytes = handler.resolve_request_max_body_size() or math.inf
        declared = handler.parsed_fn_signature.parameters
        self._takes_scope, self._takes_request = "scope" in declared, "request" in declared
        self._takes_body = "data" in declared
        self._needs_body = self._takes_body and not declared["data"].has_default

    async def __call__(self, scope: Scope, receive: Receive, send: Send, send_refusal: Send) -> None:
        """Serve a request. `send_refusal` sends the response to an error."""
        try:
            content = await self._function(**await self.arguments(scope, receive, send))
            if isinstance(content, Response):  # a stream, whatever the handler declares
                request = StrictRequest(scope, receive, send)
                respond = await self._handler.to_response(app=request.app, data=content, request=request)
            else:
                encoded = b"" if content is None else msgspec.json.encode(content)
                respond = Sent(self._status, encoded)
        except Exception as error:  # noqa: BLE001  # each has a response
            await answer_error(scope, receive, send_refusal, error)
            return
        await respond(scope, receive, send)

    async def arguments(self, scope: Scope, receive: Receive, send: Send) -> dict[str, Any]:
        """Return the arguments for a request; without a query, its parameters are left to their defaults."""
        path: dict[str, Any] = scope["path_params"]
        arguments: dict[str, Any] = {name: path[name] for name in self._names}
        if self._takes_scope:
            arguments["scope"] = scope
        if self._takes_request:
            request = arguments["request"] = StrictRequest(scope, receive, send)
            if self._takes_body and await request.body():
                arguments["data"] = await request.json()
        elif self._takes_body:
            body = await read_body(scope, receive, self._most_bytes)
            if body:
                arguments["data"] = read_json(body, self._handler)
        query: bytes = scope["query_string"]
        if query:
            return self._with_query(arguments, query, scope)
        if self._needs_body and "data" not in arguments:
            raise missing_body()
        return arguments

    def _with_query(self, arguments: dict[str, Any], query: bytes, scope: Scope) -> dict[str, Any]:
        """Return converted and validated arguments, or raise the error that Litestar raises."""
        given = dict(parse_query_string(query))
        for name, in_query, default in self._query:
            arguments[name] = given.get(in_query, default)
        request = arguments.get("request") or StrictRequest(scope)
        return self._handler.signature_model.parse_values_from_connection_kwargs(request, arguments)


@functools.cache
def call_of(handler: HTTPRouteHandler) -> Call | None:
    """Return the way to call a handler; None: only Litestar can."""
    asks_more = (
        handler.has_sync_callable,
        handler.resolve_response_class() is not Json,
        handler.resolve_request_class() is not StrictRequest,
        handler.resolve_dependencies(),
        handler.resolve_guards(),
        handler.resolve_before_request(),
        handler.after_request,
        handler.resolve_after_response(),
        handler.resolve_response_headers(),
        handler.resolve_response_cookies(),
        handler.background,
        handler.cache,
    )
    signature = handler.parsed_fn_signature
    returned = signature.return_type
    if any(asks_more) or not (returned.annotation in {None, NoneType} or returned.is_subclass_of(msgspec.Struct)):
        return None
    in_paths = [
        {part[1:].partition(":")[0] for part in path.split("/") if part.startswith("{")} for path in handler.paths
    ]
    names: list[str] = []
    query: list[tuple[str, str, object]] = []
    for name in inspect.signature(handler.fn).parameters:  # not of `signature`: the document adds parameters to it
        if name in _GIVEN:
            continue
        field = signature.parameters[name]
        if all(name in each for each in in_paths) and field.annotation is str:
            names.append(name)
        elif name in RESERVED_KWARGS or not _is_optional_query(field) or any(name in each for each in in_paths):
            return None
        else:
            given = field.kwarg_definition
            query.append((name, (given.name if isinstance(given, ParameterKwarg) else None) or name, field.default))
    return Call(handler, names, query)


def _is_optional_query(field: FieldDefinition) -> bool:
    """Return whether a parameter is one value of the query, with a default."""
    given = field.kwarg_definition
    kind = given.param_type if isinstance(given, ParameterKwarg) else ParamType.QUERY
    return kind is ParamType.QUERY and field.has_default and not field.is_non_string_sequence
