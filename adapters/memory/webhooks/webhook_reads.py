"""Webhooks in memory."""

from collections.abc import Collection, Sequence

import msgspec

from adapters.memory.reading import MemoryReads, first
from application.ports.webhooks.webhook_reads import WebhookKey, WebhookRecord


class MemoryWebhookReads(MemoryReads):
    """Implements `WebhookReads`."""

    async def webhook(self, organization_id: str, id_or_name: str) -> WebhookRecord | None:
        """Return a webhook of the organization."""
        return first(
            each for each in await self.webhooks(organization_id) if id_or_name in {each.webhook_id, each.settings.name}
        )

    async def webhooks(self, organization_id: str) -> Sequence[WebhookRecord]:
        """Return an organization's webhooks, the newest first."""
        found = [
            self._with_key(each)
            for each in self._log.tables.webhooks.values()
            if each.organization_id == organization_id
        ]
        return sorted(found, key=lambda each: each.position, reverse=True)

    async def listening_webhooks(self, organization_ids: Collection[str]) -> Sequence[WebhookRecord]:
        """Return the enabled webhooks of these organizations."""
        return [
            self._with_key(each)
            for each in self._log.tables.webhooks.values()
            if each.organization_id in organization_ids and each.settings.is_active
        ]

    async def changed_webhooks(self, organization_ids: Collection[str] | None) -> Sequence[tuple[WebhookRecord, int]]:
        """Return webhooks with the positions of their last events."""
        return [
            (self._with_key(each), (await self._log.read_stream(each.webhook_id))[-1].id)
            for each in self._log.tables.webhooks.values()
            if organization_ids is None or each.organization_id in organization_ids
        ]

    def _with_key(self, webhook: WebhookRecord) -> WebhookRecord:
        key = self._log.tables.keys.get(webhook.key_id)
        if key is None:
            return webhook
        now = WebhookKey(
            permissions=key.permissions, scopes=key.scopes, expires_at=key.expires_at, revoked_at=key.revoked_at
        )
        return msgspec.structs.replace(webhook, key=now)
