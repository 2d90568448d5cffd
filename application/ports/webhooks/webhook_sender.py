"""The role that sends requests to webhooks."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class TargetRefusedError(Exception):
    """Webhooks may not reach the address or the port; the message names it."""


class PostResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a POST: a status, or the reason for its absence, never the receiver's text."""

    status_code: int | None = None
    error: str | None = None


class WebhookSender(Protocol):
    """Posts to untrusted URLs: never to private networks, without redirects, without reading bodies.

    An endless response counts by its status; a slow one is abandoned.
    """

    async def check(self, url: str) -> None:
        """Raise `TargetRefusedError` if the address is already known to be refused."""
        ...

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float) -> PostResult:
        """Post, and return the result; every failure is a result, too."""
        ...
