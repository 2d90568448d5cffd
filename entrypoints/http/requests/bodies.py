"""Bodies, validated strictly against the shapes of their routes: Litestar alone accepts "1" for 1 and 0 for false."""

import functools
import math
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.types import Empty, HTTPDisconnectEvent, HTTPRequestEvent, Receive, Scope

from domain.json_text import NotJSONError, TooDeepError, decode_json, null_character_at, number
from domain.refusals import InvalidInputError
from entrypoints.http.answers.complaints import CODE, body_complaint, missing_body, number_complaint
from entrypoints.http.answers.errors import ClientDisconnectedError
from entrypoints.http.transport.headers import headers_by_name

_EXACT = 2**53  # up to which every whole number has a double of its own


class StrictRequest(Request[Any, Any, Any]):
    """A request whose `json` has the shape of its route's `data`."""

    _whole: Any = Empty

    async def body(self) -> bytes:
        """Return the whole body."""
        if self._body is Empty:
            most_bytes = self.route_handler.resolve_request_max_body_size() or math.inf
            self._body = await read_body(self.scope, self.receive, most_bytes)
        return self._body

    async def json(self) -> Any:  # noqa: ANN401  # of the type that the route names
        """Return the decoded body, or refuse one that does not fit. The result is cached."""
        if self._json is Empty:
            self._json = read_json(await self.body(), self.route_handler)
        return self._json

    async def whole(self) -> Any:  # noqa: ANN401  # JSON
        """Return the original body, with fields that are unknown to the route."""
        if self._whole is Empty:
            self._whole = _read_any(await self.body())
        return self._whole


async def read_body(scope: Scope, receive: Receive, most_bytes: float) -> bytes:
    """Return the whole body; mostly it comes in one piece."""
    # the server has already refused a length that is no number
    if int(headers_by_name(scope).get(b"content-length", 0)) > most_bytes:
        raise RequestEntityTooLarge
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = cast("HTTPRequestEvent | HTTPDisconnectEvent", await receive())
        if message["type"] == "http.disconnect":
            raise ClientDisconnectedError
        piece = message["body"]
        size += len(piece)
        if size > most_bytes:
            raise RequestEntityTooLarge
        pieces.append(piece)
        more = message["more_body"]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def read_json(body: bytes, handler: HTTPRouteHandler) -> Any:  # noqa: ANN401  # of the type that the route names
    """Return the decoded body, or refuse one that does not fit."""
    decoder = _decoder(handler)
    try:
        decoded = _read(body, decoder)
    except msgspec.ValidationError:
        decoded = _converted(body, decoder)
    if b"\\u0000" in body:
        place = null_character_at(body, _read_any(body))
        if place is not None:
            raise InvalidInputError(
                "null_character",
                f"{place or 'The body'} contains the character U+0000: leave it out.",
                {"field": place, "in": "body"},
            )
    return decoded


def _converted(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:  # noqa: ANN401  # the same
    """Return a body that contains 32.0 for 32: in JSON Schema both are integers."""
    whole = _read_any(body)
    try:
        return msgspec.convert(_integers(whole), decoder.type, str_keys=True)
    except msgspec.ValidationError as error:
        raise body_complaint(error, decoder.type, whole) from error


def _read_any(body: bytes) -> Any:  # noqa: ANN401  # JSON
    try:
        return _read(body)
    except msgspec.ValidationError as error:  # a number out of range
        raise number_complaint(body) from error


def _read(body: bytes, decoder: msgspec.json.Decoder[Any] | None = None) -> Any:  # noqa: ANN401  # the same
    try:
        return decode_json(body) if decoder is None else decode_json(body, decoder)
    except TooDeepError as error:
        raise InvalidInputError("too_deep", "The body is nested too deep: flatten it.", {"in": "body"}) from error
    except NotJSONError as error:
        if not body:
            raise missing_body() from error
        reason = str(error).removesuffix(".")
        raise InvalidInputError(
            CODE,
            f"The body cannot be read as JSON ({reason}): send JSON in UTF-8.",
            {"field": "The body", "in": "body"},
        ) from error


def _integers(value: Any) -> Any:  # noqa: ANN401  # JSON
    match value:
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case dict():
            return {name: _integers(inner) for name, inner in value.items()}
        case list():
            return [_integers(inner) for inner in value]
        case _:
            return value


@functools.cache
def _decoder(handler: HTTPRouteHandler) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(handler.parsed_fn_signature.parameters["data"].annotation, float_hook=number)
