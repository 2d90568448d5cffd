"""API keys and tokens on the wire: the shapes of requests and responses."""

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
    MAX_SUBJECT_LENGTH,
    MAX_UPLOAD_LIFETIME_SECONDS,
    MIN_SECONDS,
    UPLOAD_LIFETIME_SECONDS,
)
from entrypoints.http.wire import PaginationResponse, PartSize, PropertyName, Request, Response

_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Description = Annotated[str, Meta(max_length=500)]
_RateLimit = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_MAX_BYTES = 2**63 - 1


class ResourceScope(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A resource that a key is limited to, by id or name, and the allowed operations; by default, all."""

    resource_type: ResourceType
    resource_id: Annotated[str, Meta(min_length=1, max_length=100)]
    operations: tuple[NamespaceOperation, ...] | None = None


_Scopes = Annotated[tuple[ResourceScope, ...], Meta(max_length=100)]
_Origins = Annotated[tuple[str, ...], Meta(max_length=MAX_ORIGINS)]


class APIKeyCreateRequest(Request, frozen=True):
    """A new key."""

    name: _Name
    description: _Description | None = None
    permissions: tuple[Permission, ...] = (Permission.READ, Permission.WRITE, Permission.DELETE)
    scopes: _Scopes | None = None
    rate_limit_override: _RateLimit | None = None
    expires_at: datetime | None = None
    allowed_origins: _Origins | None = None


class APIKeyUpdateRequest(Request, frozen=True):
    """Changes of a key; an omitted or null field stays."""

    name: _Name | None = None
    description: _Description | None = None
    permissions: tuple[Permission, ...] | None = None
    scopes: _Scopes | None = None
    rate_limit_override: _RateLimit | None = None
    expires_at: datetime | None = None
    status: KeyStatus | None = None
    allowed_origins: _Origins | None = None


class APIKeyModel(Response, frozen=True):
    """A key without its secret. `key_hash` distinguishes secrets, and cannot be used to authenticate.

    `notes`: scopes and permissions without effect here.
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
    """A key with its secret, which is shown only once. `previous_until`: when the old secret expires."""

    key: str
    previous_until: datetime | None = None


class APIKeyListResponse(Response, frozen=True):
    """A user's keys, newest first."""

    results: list[APIKeyModel]
    total: int


class RevocationResponse(Response, frozen=True):
    """The result of a revocation. `task_id`: the task that cancels the key's open uploads, if requested."""

    message: str
    success: bool = True
    task_id: str | None = None


class UploadTokenRequest(Request, frozen=True):
    """The uploads that the holder of a token may create. `bucket`: its id or name.

    `upload_lifetime`: for how many seconds its uploads get URLs; never past the end of the key. `policy`: for its
    uploads; null: the bucket's, without replacing objects; `update` and `upsert` need a key that may delete.
    `subject`: the person or device that the token is for; all tokens of a key for one subject in a bucket reach the
    same uploads. `max_total_bytes`: of all uploads, by their declared sizes. `part_size`, `blob_property`: the defaults
    of its uploads.
    """

    bucket: Annotated[str, Meta(min_length=1, max_length=200)]
    content_types: (
        Annotated[
            tuple[Annotated[str, Meta(min_length=1, max_length=255)], ...],
            Meta(min_length=1, max_length=MAX_CONTENT_TYPES),
        ]
        | None
    ) = None
    max_size_bytes: Annotated[int, Meta(ge=1, le=_MAX_BYTES)] | None = None
    max_count: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1
    expires_in: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = DEFAULT_SECONDS
    upload_lifetime: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_UPLOAD_LIFETIME_SECONDS)] = UPLOAD_LIFETIME_SECONDS
    policy: Policy | None = None
    subject: Annotated[str, Meta(min_length=1, max_length=MAX_SUBJECT_LENGTH)] | None = None
    max_total_bytes: Annotated[int, Meta(ge=1, le=_MAX_BYTES)] | None = None
    part_size: PartSize | None = None
    blob_property: PropertyName | None = None


class UploadTokenResponse(Response, frozen=True):
    """A token, which is shown only once, and its limits."""

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
    subject: str | None = None
    max_total_bytes: int | None = None
    part_size: int | None = None
    blob_property: str | None = None


class RenewUploadTokenRequest(Request, frozen=True):
    """How long the new secret of a token works, in seconds."""

    expires_in: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = DEFAULT_SECONDS


class UploadTokenModel(Response, frozen=True):
    """A token without its secret, and what became of it.

    `used_bytes`: of all its uploads, by their declared sizes. `previous_until`: when the secret before the last renewal
    ends.
    """

    token_id: str
    key_id: str
    namespace_id: str
    bucket_id: str
    subject: str | None
    status: KeyStatus
    content_types: tuple[str, ...]
    max_size_bytes: int | None
    max_total_bytes: int | None
    max_count: int
    part_size: int | None
    blob_property: str | None
    policy: Policy | None
    upload_lifetime: int
    used_count: int
    used_bytes: int
    created_at: datetime
    expires_at: datetime
    previous_until: datetime | None
    renewed_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


class ListUploadTokensResponse(Response, frozen=True):
    """Tokens, newest first."""

    results: list[UploadTokenModel]
    pagination: PaginationResponse


class TokenRevocationResponse(Response, frozen=True):
    """The revoked tokens. `task_id`: the task that cancels their open uploads, if requested."""

    message: str
    token_ids: list[str]
    success: bool = True
    task_id: str | None = None
