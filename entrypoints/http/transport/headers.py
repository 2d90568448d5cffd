"""The headers of a request by name: made once for each request, and read by every layer."""

from typing import Any, cast

from litestar.types import Scope

NAMED = "upwell.headers"  # in the scope


def headers_by_name(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers by name in lower case; of a repeated one the last."""
    ours = cast("dict[str, Any]", scope)
    named: dict[bytes, bytes] | None = ours.get(NAMED)
    if named is None:  # another server
        named = ours[NAMED] = dict(scope["headers"])
    return named
