"""The secrets of webhooks in a dictionary."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from adapters.memory.events.event_log import MemoryEventLog
from application.ports.webhooks.webhook_endpoints import WebhookEndpoint


class MemoryWebhookEndpoints:
    """Implements `WebhookEndpoints`."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log
        self.rows: dict[str, WebhookEndpoint] = {}

    async def keep(self, endpoint: WebhookEndpoint) -> None:
        """Store secrets and headers."""
        known = self.rows.get(endpoint.webhook_id, endpoint)
        self.rows[endpoint.webhook_id] = msgspec.structs.replace(
            endpoint, created_at=known.created_at, failures=0, failing_since=None, resting_until=None
        )

    async def endpoint(self, webhook_id: str) -> WebhookEndpoint | None:
        """Return the webhook's secrets and headers."""
        return self.rows.get(webhook_id)

    async def endpoints(self, webhook_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """Return the secrets and headers of these webhooks."""
        return [self.rows[each] for each in set(webhook_ids) & self.rows.keys()]

    async def answered(self, webhook_id: str) -> None:
        """Record a successful delivery."""
        if webhook_id in self.rows:
            await self.keep(self.rows[webhook_id])

    async def failed(self, webhook_id: str, *, now: datetime, resting_until: datetime) -> None:
        """Record a failed delivery."""
        row = self.rows.get(webhook_id)
        if row is not None:
            self.rows[webhook_id] = msgspec.structs.replace(
                row,
                failures=row.failures + 1,
                failing_since=row.failing_since or now,
                resting_until=max(row.resting_until or resting_until, resting_until),
            )

    async def drop(self, *, now: datetime, kept: timedelta) -> None:
        """Delete the endpoints of webhooks that no longer exist."""
        there, before = self._log.tables.webhooks, self._log.agreed_time(now) - kept
        self.rows = {key: row for key, row in self.rows.items() if key in there or row.created_at >= before}
