"""Webhooks on PostgreSQL.

Their secrets are in `webhook_endpoints`.
"""

from collections.abc import Collection, Sequence

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import PostgresReads, record_of
from application.ports.webhooks.webhook_reads import WebhookRecord


class PostgresWebhookReads(PostgresReads):
    """Implements `WebhookReads`."""

    async def webhook(self, organization_id: str, id_or_name: str) -> WebhookRecord | None:
        """Return a webhook of the organization."""
        return await self._one("webhook", WebhookRecord, organization_id, id_or_name)

    async def webhooks(self, organization_id: str) -> Sequence[WebhookRecord]:
        """Return an organization's webhooks, the newest first."""
        return await self._all("webhooks", WebhookRecord, organization_id)

    async def listening_webhooks(self, organization_ids: Collection[str]) -> Sequence[WebhookRecord]:
        """Return the enabled webhooks of these organizations."""
        return await self._all("listening_webhooks", WebhookRecord, list(organization_ids))

    async def changed_webhooks(self, organization_ids: Collection[str] | None) -> Sequence[tuple[WebhookRecord, int]]:
        """Return webhooks with the positions of their last events."""
        wanted = None if organization_ids is None else list(organization_ids)
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["changed_webhooks"], wanted)
        return [(record_of(row, WebhookRecord), row["changed_at"]) for row in rows]
