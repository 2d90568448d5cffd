"""The role that stores the secrets of webhooks, and the results of their last deliveries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A signing secret of a webhook; `until` None: until it is replaced."""

    value: str
    until: datetime | None = None


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets of a webhook, and its recent state. `secrets`: the newest first; empty: they are lost.

    `failures`: consecutive failed attempts, since `failing_since`; `resting_until`: the end of its pause.
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
    """Stores the secrets of webhooks; only the sender and the creation of webhooks read them."""

    async def keep(self, endpoint: WebhookEndpoint) -> None:
        """Store secrets and headers, replacing the old ones; reset the failures."""
        ...

    async def endpoint(self, webhook_id: str) -> WebhookEndpoint | None:
        """Return the stored endpoint."""
        ...

    async def endpoints(self, webhook_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """Return the stored endpoints, in any order."""
        ...

    async def answered(self, webhook_id: str) -> None:
        """Record a success."""
        ...

    async def failed(self, webhook_id: str, *, now: datetime, resting_until: datetime) -> None:
        """Record a failure, and pause the webhook."""
        ...

    async def drop(self, *, now: datetime, kept: timedelta) -> None:
        """Remove endpoints older than `kept` without a webhook, also by the store's own clock."""
        ...
