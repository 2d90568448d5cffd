"""API keys and tokens on the wire: the shapes of requests and answers."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.buckets.bucket import Policy
from domain.keys.api_key import MAX_ORIGINS, KeyStatus, NamespaceOperation, Permission, ResourceType
from domain.keys.upload_token import (
    DEFAULT_SECONDS,
    MAX_CONTENT_TYPES,
    MAX_COUNT,
    MAX_SECONDS,
    MAX_UPLOAD_LIFETIME_SECONDS,
    MIN_SECONDS,
    UPLOAD_LIFETIME_SECONDS,
)
from entrypoints.http.wire import Request, Response

_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Description = Annotated[str, Meta(max_length=500)]
_RateLimit = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_MAX_BYTES = 2**63 - 1


class ResourceScope(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One thing that a key is for, by id or name, and what it may do there; without `operations`, everything."""

    resource_type: ResourceType
    resource_id: Annotated[str, Meta(min_length=1, max_length=100)]
    operations: tuple[NamespaceOperation, ...] | None = None


_Scopes = Annotated[tuple[ResourceScope, ...], Meta(max_length=100)]
_Origins = Annotated[tuple[str, ...], Meta(max_length=MAX_ORIGINS)]


class APIKeyCreateRequest(Request, frozen=True):
    """A key to be given out."""

    name: _Name
    description: _Description | None = None
    permissions: tuple[Permission, ...] = (Permission.READ, Permission.WRITE, Permission.DELETE)
    scopes: _Scopes | None = None
    rate_limit_override: _RateLimit | None = None
    expires_at: datetime | None = None
    allowed_origins: _Origins | None = None


class APIKeyUpdateRequest(Request, frozen=True):
    """What should change; what is left out, or null, stays."""

    name: _Name | None = None
    description: _Description | None = None
    permissions: tuple[Permission, ...] | None = None
    scopes: _Scopes | None = None
    rate_limit_override: _RateLimit | None = None
    expires_at: datetime | None = None
    status: KeyStatus | None = None
    allowed_origins: _Origins | None = None


class APIKeyModel(Response, frozen=True):
    """A key without its secret. `key_hash` tells one secret from another, and opens nothing.

    `notes`: what of its scopes and permissions opens nothing here.
    """

    key_id: str
    key_hash: str
    key_prefix: str
    internal_id: str
    organization_id: str
    user_id: str
    name: str
    description: str
    permissions: tuple[Permission, ...]
    scopes: tuple[ResourceScope, ...]
    rate_limit_override: int | None
    status: KeyStatus
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    allowed_origins: list[str] | None
    key_type: str = "standard"
    subscription_id: str | None = None
    notes: tuple[str, ...] = ()


class APIKeyCreateResponse(APIKeyModel, frozen=True, kw_only=True):
    """A key with its secret, which is shown this once. `previous_until`: when the secret before a rotation ends."""

    key: str
    previous_until: datetime | None = None


class APIKeyListResponse(Response, frozen=True):
    """A user's keys, newest first."""

    results: list[APIKeyModel]
    total: int


class RevocationResponse(Response, frozen=True):
    """It is revoked. `task_id`: the task that cancels what the key has open, where that was asked for."""

    message: str
    success: bool = True
    task_id: str | None = None


class UploadTokenRequest(Request, frozen=True):
    """What somebody without a key should be able to upload. `bucket`: its id or name.

    `upload_lifetime`: for how many seconds uploads that it begins get URLs; never past the end of the key. `policy`: of
    its uploads. null: the bucket's, and then they make objects and replace none; `update` and `upsert` need a key that
    may delete.
    """

    bucket: Annotated[str, Meta(min_length=1, max_length=200)]
    content_types: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=255)], ...], Meta(max_length=MAX_CONTENT_TYPES)
    ] = ()
    max_size_bytes: Annotated[int, Meta(ge=1, le=_MAX_BYTES)] | None = None
    max_count: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1
    expires_in: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = DEFAULT_SECONDS
    upload_lifetime: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_UPLOAD_LIFETIME_SECONDS)] = UPLOAD_LIFETIME_SECONDS
    policy: Policy | None = None


class UploadTokenResponse(Response, frozen=True):
    """A token, which is shown this once, and what it allows."""

    token: str
    token_id: str
    key_id: str
    namespace_id: str
    bucket_id: str
    content_types: tuple[str, ...]
    max_size_bytes: int | None
    max_count: int
    expires_at: datetime
    upload_lifetime: int
    policy: Policy | None = None
