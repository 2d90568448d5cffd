"""The records of webhooks, and the role that reads them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from domain.events.cloud_events import told_to
from domain.keys.api_key import Permission
from domain.webhooks.published_events import tags_wanted
from domain.webhooks.webhook import DisabledReason, StoppedReason, WebhookSettings


class WebhookKey(msgspec.Struct, frozen=True, kw_only=True):
    """The current state of the key that a webhook acts for."""

    permissions: tuple[Permission, ...]
    scopes: tuple[dict[str, Any], ...]
    expires_at: datetime | None
    revoked_at: datetime | None


class WebhookRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, without its secrets. `position`: of its first event.

    `key_id`: of the key that created or last changed it; `key`: its current state. None: unknown.
    """

    webhook_id: str
    organization_id: str
    settings: WebhookSettings
    disabled_reason: DisabledReason | None
    created_at: datetime
    updated_at: datetime
    position: int
    key_id: str
    key: WebhookKey | None = None

    def tells(self, now: datetime) -> frozenset[str]:
        """Return the tags of the events that it gets now: its own types, limited to those that its key may read."""
        key = self.key
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            return frozenset()
        may = told_to(key.permissions, key.scopes, self.organization_id)
        return tags_wanted(self.settings.event_types) & may

    def stopped(self, now: datetime) -> StoppedReason | None:
        """Return why its key stops it, if it does."""
        if self.key is None or self.key.revoked_at is not None:
            return StoppedReason.KEY_REVOKED
        if self.key.expires_at is not None and self.key.expires_at <= now:
            return StoppedReason.KEY_EXPIRED
        named = tags_wanted(self.settings.event_types)
        return StoppedReason.KEY_DENIED if named and not self.tells(now) else None


class WebhookReads(Protocol):
    """Reads webhooks. Results include everything that was appended before."""

    async def webhook(self, organization_id: str, id_or_name: str) -> WebhookRecord | None:
        """Return a webhook of the organization."""
        ...

    async def webhooks(self, organization_id: str) -> Sequence[WebhookRecord]:
        """Return an organization's webhooks, the newest first."""
        ...

    async def listening_webhooks(self, organization_ids: Collection[str]) -> Sequence[WebhookRecord]:
        """Return the enabled webhooks of these organizations."""
        ...

    async def changed_webhooks(self, organization_ids: Collection[str] | None) -> Sequence[tuple[WebhookRecord, int]]:
        """Return all webhooks of these organizations, or of all, each with the position of its last event."""
        ...
