"""The role that keeps the secrets of webhooks, and how each of them answered lately."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook's messages are signed with; `until` None: until it is replaced."""

    value: str
    until: datetime | None = None


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What is secret about a webhook, and how it answered lately. `secrets`: the newest first; none: they are lost.

    `failures`: attempts in a row that it did not take, `failing_since` then; `resting_until`: it is left alone.
    """

    webhook_id: str
    organization_id: str
    secrets: tuple[Secret, ...]
    headers: Mapping[str, str]
    created_at: datetime
    failures: int = 0
    failing_since: datetime | None = None
    resting_until: datetime | None = None


class WebhookEndpoints(Protocol):
    """Keeps what is secret about webhooks; nobody but the sender and who makes a webhook sees it."""

    async def keep(self, endpoint: WebhookEndpoint) -> None:
        """Keep secrets and headers, in place of those before; the webhook counts as one that answers."""
        ...

    async def endpoint(self, webhook_id: str) -> WebhookEndpoint | None:
        """Return what is kept."""
        ...

    async def endpoints(self, webhook_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """Return what is kept of these, in any order."""
        ...

    async def answered(self, webhook_id: str) -> None:
        """Note that it took something."""
        ...

    async def failed(self, webhook_id: str, *, now: datetime, resting_until: datetime) -> None:
        """Note that it did not take something, and leave it alone until then."""
        ...

    async def drop(self, *, now: datetime, kept: timedelta) -> None:
        """Remove what was made longer ago than `kept` for webhooks that are not there, by the store's own clock too."""
        ...
