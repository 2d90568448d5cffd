"""Bodies, held exactly to the shapes of their routes: Litestar alone would take "1" for 1 and 0 for false."""

import functools
import re
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.types import Empty

from domain.refusals import InvalidInputError

_PLACE = re.compile(r"(?P<told>.*) - at `\$(?P<place>.*)`", re.DOTALL)


class StrictRequest(Request[Any, Any, Any]):
    """A request whose `json` has the shape that its route takes as `data`."""

    async def json(self) -> Any:  # noqa: ANN401  # of the type that the route names
        """Return the body, decoded once and for all, or refuse one that does not fit."""
        if self._json is Empty:
            self._json = self._decoded(await self.body())
        return self._json

    async def whole(self) -> Any:  # noqa: ANN401  # JSON
        """Return the body as it came, with what means nothing to the route."""
        return msgspec.json.decode(await self.body())

    def _decoded(self, body: bytes) -> Any:  # noqa: ANN401  # the same
        try:
            return _fitted(body, _decoder(self.route_handler))
        except RecursionError as error:
            raise InvalidInputError("too_deep", "The body is nested too deep.") from error
        except msgspec.MsgspecError as error:
            found = _PLACE.fullmatch(str(error))
            told, place = (found["told"], found["place"].removeprefix(".")) if found else (str(error), "")
            raise ValidationException(
                "The body is not what this route takes.",
                extra=[{"message": told, "key": place or "the body", "source": "body"}],
            ) from error


def _fitted(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:  # noqa: ANN401  # the same
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        return msgspec.convert(_whole(msgspec.json.decode(body)), decoder.type, str_keys=True)


def _whole(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return JSON with 32 for 32.0: to JSON Schema both are integers."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _whole(inner) for name, inner in value.items()}
        case list():
            return [_whole(inner) for inner in value]
        case _:
            return value


@functools.cache
def _decoder(handler: HTTPRouteHandler) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(handler.parsed_fn_signature.parameters["data"].annotation)
