"""Commands of operators that need only the database; each returns the text to show."""

from typing import Any

import msgspec

from application.keys.managing import KeyWish, user_id
from application.ports.keys.key_reads import KeyRecord
from application.ports.organizations.organization_reads import OrganizationRecord
from application.webhooks.replaying import Replay
from domain.keys.api_key import DEFAULT_PERMISSIONS, Permission
from domain.organizations.organization import Tier
from domain.webhooks.webhook import webhook_not_found
from entrypoints.cli.target import operators_settings
from entrypoints.wiring.operations import administering


async def create_organization(name: str, tier: Tier, quota_bytes: int | None, *, same_name: bool) -> dict[str, Any]:
    """Create an organization."""
    settings = operators_settings()
    async with administering(settings.database_url, settings.rules) as use:
        made = await use.organizations.create(name=name, tier=tier, quota_bytes=quota_bytes, same_name=same_name)
    return _organization(made)


async def list_organizations() -> list[dict[str, Any]]:
    """Return all organizations."""
    settings = operators_settings()
    async with administering(settings.database_url, settings.rules) as use:
        return [_organization(each) for each in await use.read_side.organizations()]


async def set_limits(
    organization: str, tier: Tier | None, quota_bytes: int | None, *, no_quota: bool
) -> dict[str, Any]:
    """Change an organization's limits."""
    settings = operators_settings()
    async with administering(settings.database_url, settings.rules) as use:
        made = await use.organizations.set_limits(organization, tier=tier, quota_bytes=quota_bytes, no_quota=no_quota)
    return _organization(made)


async def list_keys(organization: str) -> list[dict[str, Any]]:
    """Return the live keys of an organization."""
    settings = operators_settings()
    async with administering(settings.database_url, settings.rules) as use:
        owner = await use.organizations.find(organization)
        return [_key(each) for each in await use.keys.list_live(owner.organization_id)]


async def revoke_key(key_id: str) -> dict[str, Any]:
    """Revoke a key."""
    settings = operators_settings()
    async with administering(settings.database_url, settings.rules) as use:
        return _key(await use.keys.revoke_by_id(key_id, actor_id="system:operator"))


async def create_key(organization: str, name: str, user: str, permissions: tuple[str, ...]) -> dict[str, Any]:
    """Create a key."""
    settings = operators_settings()
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
    return {"key_id": record.key_id, "permissions": list(record.permissions), "key": secret}


async def forget(upload_id: str) -> None:
    """Forget an upload; a worker deletes its bytes."""
    settings = operators_settings()
    async with administering(settings.database_url, settings.rules) as use:
        await use.forget(upload_id, actor_id="system:operator")


async def replay_webhook(webhook_id: str, wish: Replay) -> int:
    """Queue a range for a webhook again, and return the number of messages."""
    settings = operators_settings()
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


def _organization(record: OrganizationRecord) -> dict[str, Any]:
    return {
        "organization_id": record.organization_id,
        "name": record.name,
        "tier": record.tier,
        "quota_bytes": record.quota_bytes,
        "created_at": record.created_at,
    }


def _key(record: KeyRecord) -> dict[str, Any]:
    return {
        "key_id": record.key_id,
        "name": record.name,
        "user_id": record.user_id,
        "permissions": list(record.permissions),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
    }
