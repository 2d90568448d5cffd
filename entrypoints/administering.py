"""What an operator does on the database alone; each returns what the command line shows."""

from typing import Any

from application.managing_keys import KeyWish, user_id
from domain.api_key import DEFAULT_PERMISSIONS, Permission
from domain.organization import Tier
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


def _quota(quota_bytes: int | None) -> str | int:
    return "none" if quota_bytes is None else quota_bytes
