"""Buckets and their lists."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.bucket import UniqueKey
from entrypoints.http.wire.base import Json, PaginationResponse, Request, Response


class BucketCreateRequest(Request, frozen=True):
    """A bucket to be made."""

    bucket_name: str
    bucket_schema: Json
    description: str | None = None
    unique_key: UniqueKey | None = None
    metadata: Json = msgspec.field(default_factory=dict)


class BucketResponse(Response, frozen=True):
    """A bucket with its counters."""

    bucket_id: str
    bucket_name: str
    description: str | None
    bucket_schema: Json | None
    unique_key: UniqueKey | None
    metadata: Json
    object_count: int
    total_size_bytes: int
    created_at: datetime
    updated_at: datetime
    last_upload_at: datetime | None
    stats_updated_at: datetime
    status: str
    is_locked: bool = False
    batch_stats: Json | None = None
    storage_stats: Json | None = None


class ListBucketsRequest(Request, frozen=True):
    """Which buckets."""

    search: str | None = None
    filters: Json | None = None
    sort: Json | None = None
    case_sensitive: bool = False
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10
    offset: Annotated[int, Meta(ge=0)] = 0


class BucketListStats(Response, frozen=True):
    """Figures of the page; with `include_total`, of all that match."""

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
