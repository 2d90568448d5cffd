"""API keys."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from domain.api_key import Permission
from entrypoints.http.wire.base import Json, Request, Response


class APIKeyCreateRequest(Request, frozen=True):
    """A key to be given out."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    description: Annotated[str, Meta(max_length=500)] | None = None
    permissions: tuple[Permission, ...] = (Permission.READ, Permission.WRITE, Permission.DELETE)
    scopes: tuple[Json, ...] | None = None
    rate_limit_override: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    expires_at: datetime | None = None


class APIKeyCreateResponse(Response, frozen=True):
    """A key with its secret, which is shown this once."""

    key: str
    key_id: str
    key_hash: str
    key_prefix: str
    internal_id: str
    organization_id: str
    user_id: str
    name: str
    description: str
    permissions: tuple[Permission, ...]
    scopes: tuple[Json, ...]
    rate_limit_override: int | None
    expires_at: datetime | None
    created_at: datetime
    created_by: str
    status: str = "active"
    key_type: str = "standard"
    subscription_id: str | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    allowed_origins: list[str] | None = None
