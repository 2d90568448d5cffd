"""The role that posts to webhooks."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class TargetRefusedError(Exception):
    """The address or the port is none that webhooks may reach; the message says which."""


class PostResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a post: a status, or why there was none, in words of our own. Never what the other side said."""

    status_code: int | None = None
    error: str | None = None


class WebhookSender(Protocol):
    """Posts to addresses that strangers named: never into private networks, following nothing, reading no body.

    An answer that has no end counts by its status; what takes longer than it may is given up.
    """

    async def check(self, url: str) -> None:
        """Raise `TargetRefusedError` if it is known already that the address would be refused."""
        ...

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float) -> PostResult:
        """Post, and return what came of it; whatever goes wrong is an answer too."""
        ...
