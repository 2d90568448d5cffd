"""Buckets and their lists on the wire: the shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.buckets.bucket import UniqueKey
from domain.buckets.schema import BucketSchema
from domain.shared_fields import made_from
from domain.uploads.content_rules import ANY_CONTENT, ContentRules
from entrypoints.http.wire import Json, PaginationResponse, PartSize, Request, Response, Retention, TaskStatus


class UniqueKeyRequest(UniqueKey, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The properties whose values, together, no two objects of the bucket share."""

    def recorded(self) -> UniqueKey:
        """Return the key as events have it: these take fields that a later version adds."""
        return made_from(UniqueKey, self)


class ContentRulesRequest(ContentRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bucket is to take.

    `allowed_content_types`: `image/png`, `image/*`; none: any. The sizes are in bytes and count in; null: no limit but
    the tier's.
    """

    def recorded(self) -> ContentRules:
        """Return the rules as events have them: these take fields that a later version adds."""
        return made_from(ContentRules, self)


class BucketCreateRequest(Request, frozen=True):
    """A new bucket. Unknown keys of the schema and its fields are stored and returned.

    `retention_seconds`: how long its completed uploads and its objects are kept, unless they set it themselves; null:
    until they are deleted. `analytics_fields`: up to 5 top-level metadata fields of uploads by which analytics can be
    grouped and filtered. `part_size`: the size of parts where an upload is sent in parts and names no size of its own;
    null: the service's.
    """

    bucket_name: str
    bucket_schema: BucketSchema
    description: str | None = None
    unique_key: UniqueKeyRequest | None = None
    metadata: Json = msgspec.field(default_factory=dict)
    auto_confirm: bool = False
    content_rules: ContentRulesRequest = ContentRulesRequest()
    retention_seconds: Retention | None = None
    analytics_fields: tuple[str, ...] = ()
    part_size: PartSize | None = None


class BucketUpdateRequest(Request, frozen=True):
    """New values, `content_rules` as a whole. Absent fields stay; a `description` of null clears it.

    Rules that are missing in `content_rules` are removed. `retention_seconds` applies to later uploads and objects;
    null clears it. `analytics_fields` and `part_size` apply to later uploads; a `part_size` of null clears it.
    `bucket_schema` may have further properties, and wider ones.
    """

    bucket_name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    metadata: Json | UnsetType | None = UNSET
    auto_confirm: bool | UnsetType | None = UNSET
    content_rules: ContentRulesRequest | UnsetType | None = UNSET
    retention_seconds: Retention | UnsetType | None = UNSET
    analytics_fields: tuple[str, ...] | UnsetType | None = UNSET
    part_size: PartSize | UnsetType | None = UNSET
    bucket_schema: BucketSchema | UnsetType | None = UNSET


class BucketPatchRequest(BucketUpdateRequest, frozen=True):
    """The same, but `metadata` is merged: null removes a key. `status` is an addition to the contract."""

    status: Literal["ACTIVE", "SUSPENDED", "ARCHIVED"] | None = None


class BatchStatistics(Response, frozen=True):
    """Batches of other products: always empty."""

    total: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0


class StorageStatistics(Response, frozen=True):
    """Sizes of the completed uploads with stored bytes."""

    total_size_bytes: int = 0
    avg_size_bytes: int = 0
    max_size_bytes: int = 0
    min_size_bytes: int = 0


class BucketResponse(Response, frozen=True):
    """A bucket with its counters. `is_locked`: it is being deleted. Lists leave `storage_stats` null."""

    bucket_id: str
    bucket_name: str
    description: str | None
    bucket_schema: BucketSchema | None
    unique_key: UniqueKey | None
    metadata: Json
    object_count: int
    total_size_bytes: int
    created_at: datetime
    updated_at: datetime
    last_upload_at: datetime | None
    stats_updated_at: datetime
    status: TaskStatus
    is_locked: bool = False
    batch_stats: BatchStatistics | None = BatchStatistics()
    storage_stats: StorageStatistics | None = None
    auto_confirm: bool = False
    content_rules: ContentRules = ANY_CONTENT
    retention_seconds: int | None = None
    analytics_fields: tuple[str, ...] = ()
    part_size: int | None = None


class ListBucketsRequest(Request, frozen=True):
    """The selection of buckets."""

    search: str | None = None
    filters: Json | None = None
    sort: Json | None = None
    case_sensitive: bool = False
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10
    offset: Annotated[int, Meta(ge=0)] = 0


class BucketListStats(Response, frozen=True):
    """Figures of the page; with `include_total`, of all matching buckets."""

    total_objects: int
    total_size_bytes: int
    avg_objects_per_bucket: float
    avg_size_per_bucket: float


class ListBucketsResponse(Response, frozen=True):
    """A page of buckets."""

    results: list[BucketResponse]
    total_count: int
    pagination: PaginationResponse
    stats: BucketListStats
