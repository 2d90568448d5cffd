"""Organizations and their audit log on the wire: the shapes of requests and responses."""

import enum
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.organizations.organization import Tier
from entrypoints.http.wire import Json, Request, Response

Limit = Annotated[int, Meta(ge=1, le=2**31 - 1)]

# The format "email" with a dot in the domain; `$` would accept a trailing newline.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~-]+"
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_ADDRESS = rf"^(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+$(?!\n)"


class BaseRateLimits(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Requests per minute for each class of requests."""

    metadata: Limit
    data: Limit
    search: Limit
    upload: Limit
    compute: Limit


class RateLimitsUpdate(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Requests per minute for each class of requests. Omitted limits stay; null restores the tier's limit."""

    metadata: Limit | UnsetType | None = UNSET
    data: Limit | UnsetType | None = UNSET
    search: Limit | UnsetType | None = UNSET
    upload: Limit | UnsetType | None = UNSET
    compute: Limit | UnsetType | None = UNSET


class OrganizationUpdateRequest(Request, frozen=True):
    """Changes of an organization; omitted fields stay. null removes `logo_url` and `billing_email`.

    null for `rate_limits`, or for one of them, restores the tier's limits.
    """

    organization_name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    logo_url: Annotated[str, Meta(max_length=2083)] | UnsetType | None = UNSET
    billing_email: (
        Annotated[
            str,
            Meta(
                max_length=320,
                pattern=_ADDRESS,
                extra_json_schema={"format": "email"},
                examples=["ann@example.com"],
                extra={"allowed": "an e-mail address such as ann@example.com"},
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    metadata: Json | None = None
    rate_limits: RateLimitsUpdate | UnsetType | None = UNSET


class OrganizationModelResponse(Response, frozen=True):
    """An organization. `users`: the owners of API keys."""

    organization_id: str
    internal_id: str
    organization_name: str
    logo_url: str | None
    account_type: Tier
    metadata: Json
    billing_email: str | None
    rate_limits: BaseRateLimits
    created_at: datetime
    updated_at: datetime
    users: list[Json] | None
    credit_count: int = 0
    auto_billing_enabled: bool = False
    billing_cycle_start: int = 1
    current_month_usage: int = 0


class StorageUse(Response, frozen=True):
    """The storage usage, in bytes. A quota of null: no quota."""

    reserved_bytes: int
    accepted_bytes: int
    quota_bytes: int | None
    available_bytes: int | None


class UploadUse(Response, frozen=True):
    """The uploads that were requested in the period."""

    total: int
    by_status: dict[str, int]
    completed_bytes: int
    duplicates_avoided: int
    bytes_saved: int


class UsageResponse(Response, frozen=True):
    """The usage of an organization. `start`, `end`: the period of `uploads`; null: unbounded."""

    organization_id: str
    start: datetime | None
    end: datetime | None
    storage: StorageUse
    uploads: UploadUse
    namespaces: int
    buckets: int
    objects: int
    api_keys: int


class AuditAction(enum.StrEnum):
    """The actions in the contract's audit log."""

    USER_CREATED = "user_created"
    USER_UPDATED = "user_updated"
    USER_DELETED = "user_deleted"
    API_KEY_CREATED = "api_key_created"
    API_KEY_ROTATED = "api_key_rotated"
    API_KEY_REVOKED = "api_key_revoked"
    API_KEY_SCOPE_UPDATED = "api_key_scope_updated"
    PERMISSION_UPDATED = "permission_updated"
    STORAGE_CONNECTION_CREATED = "storage_connection_created"
    STORAGE_CONNECTION_UPDATED = "storage_connection_updated"
    STORAGE_CONNECTION_DELETED = "storage_connection_deleted"
    STORAGE_CONNECTION_TESTED = "storage_connection_tested"
    STORAGE_CONNECTION_FAILED = "storage_connection_failed"
    NAMESPACE_CREATED = "namespace_created"
    NAMESPACE_UPDATED = "namespace_updated"
    NAMESPACE_DELETED = "namespace_deleted"
    NAMESPACE_ACCESSED = "namespace_accessed"
    COLLECTION_CREATED = "collection_created"
    COLLECTION_UPDATED = "collection_updated"
    COLLECTION_DELETED = "collection_deleted"
    COLLECTION_ACCESSED = "collection_accessed"
    BUCKET_CREATED = "bucket_created"
    BUCKET_UPDATED = "bucket_updated"
    BUCKET_DELETED = "bucket_deleted"
    BUCKET_ACCESSED = "bucket_accessed"
    RETRIEVER_CREATED = "retriever_created"
    RETRIEVER_UPDATED = "retriever_updated"
    RETRIEVER_DELETED = "retriever_deleted"
    RETRIEVER_ACCESSED = "retriever_accessed"
    RETRIEVER_QUERIED = "retriever_queried"
    CLUSTER_CREATED = "cluster_created"
    CLUSTER_UPDATED = "cluster_updated"
    CLUSTER_DELETED = "cluster_deleted"
    CLUSTER_EXECUTED = "cluster_executed"
    CLUSTER_ACCESSED = "cluster_accessed"
    TAXONOMY_CREATED = "taxonomy_created"
    TAXONOMY_UPDATED = "taxonomy_updated"
    TAXONOMY_DELETED = "taxonomy_deleted"
    TAXONOMY_ACCESSED = "taxonomy_accessed"
    ALERT_CREATED = "alert_created"
    ALERT_UPDATED = "alert_updated"
    ALERT_DELETED = "alert_deleted"
    ALERT_ACCESSED = "alert_accessed"
    ALERT_TRIGGERED = "alert_triggered"


class AuditEventResponse(Response, frozen=True):
    """An entry. `changes`: the content of the event, without secrets and addresses."""

    audit_id: str
    timestamp: datetime
    resource_type: str
    resource_id: str
    action: str
    actor_id: str
    actor_type: str
    changes: Json
    status: str = "success"
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


class AuditEventListResponse(Response, frozen=True):
    """A page of the log, newest first."""

    results: list[AuditEventResponse]
    total: int
    skip: int
    limit: int
