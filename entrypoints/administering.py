"""What an operator does on the database alone; each returns what the command line shows."""

from typing import Any

import msgspec

from application.managing_keys import KeyWish, user_id
from application.replaying_webhooks import Replay
from domain.api_key import DEFAULT_PERMISSIONS, Permission
from domain.organization import Tier
from domain.webhook import webhook_not_found
from entrypoints.settings import Settings
from entrypoints.wiring import administering


async def create_organization(name: str, tier: Tier, quota_bytes: int | None) -> dict[str, Any]:
    """Open an organization."""
    settings = Settings()
    async with administering(settings.database_url, settings.rules) as use:
        made = await use.organizations.create(name=name, tier=tier, quota_bytes=quota_bytes)
    return {"organization_id": made.organization_id, "tier": made.tier, "quota_bytes": _quota(made.quota_bytes)}


async def set_limits(
    organization: str, tier: Tier | None, quota_bytes: int | None, *, no_quota: bool
) -> dict[str, Any]:
    """Change an organization's limits."""
    settings = Settings()
    async with administering(settings.database_url, settings.rules) as use:
        made = await use.organizations.set_limits(organization, tier=tier, quota_bytes=quota_bytes, no_quota=no_quota)
    return {"organization_id": made.organization_id, "tier": made.tier, "quota_bytes": _quota(made.quota_bytes)}


async def create_key(organization: str, name: str, user: str, permissions: tuple[str, ...]) -> dict[str, Any]:
    """Give out a key."""
    settings = Settings()
    async with administering(settings.database_url, settings.rules) as use:
        owner = await use.organizations.find(organization)
        record, secret = await use.keys.create(
            owner.organization_id,
            KeyWish(
                name=name,
                user_id=user_id(owner.internal_id, user),
                permissions=tuple(Permission(p) for p in permissions) or DEFAULT_PERMISSIONS,
            ),
            actor_id="system:operator",
        )
    return {"key_id": record.key_id, "permissions": ", ".join(record.permissions), "key": secret}


async def forget(upload_id: str) -> None:
    """Forget an upload; a worker deletes its bytes."""
    settings = Settings()
    async with administering(settings.database_url, settings.rules) as use:
        await use.forget(upload_id, actor_id="system:operator")


async def replay_webhook(webhook_id: str, wish: Replay) -> int:
    """Queue all of a range for a webhook again, and return how many messages that were."""
    settings = Settings()
    queued = 0
    async with administering(settings.database_url, settings.rules) as use:
        found = (each for each, _ in await use.read_side.changed_webhooks(None) if each.webhook_id == webhook_id)
        webhook = next(found, None)
        if webhook is None:
            raise webhook_not_found()
        while True:
            done = await use.replay_webhooks.replay(webhook, wish)
            queued += done.queued
            if done.done:
                return queued
            wish = msgspec.structs.replace(wish, after=done.position)


def _quota(quota_bytes: int | None) -> str | int:
    return "none" if quota_bytes is None else quota_bytes
