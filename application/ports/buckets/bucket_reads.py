"""The records of buckets, and the role that reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.lists.pages import Page, PageRequest, Placed
from domain.buckets.bucket import BucketStatus, UniqueKey
from domain.uploads.content_rules import ANY_CONTENT, ContentRules


class BucketRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket with its counters. `total_size_bytes`: accepted bytes of its uploads that are still stored."""

    bucket_id: str
    organization_id: str
    namespace_id: str
    name: str
    description: str | None
    bucket_schema: dict[str, Any]
    unique_key: UniqueKey | None
    metadata: dict[str, Any]
    status: BucketStatus
    object_count: int
    total_size_bytes: int
    last_upload_at: datetime | None
    created_at: datetime
    updated_at: datetime
    position: int
    auto_confirm: bool = False
    content_rules: ContentRules = ANY_CONTENT
    retention_seconds: int | None = None
    analytics_fields: tuple[str, ...] = ()
    part_size: int | None = None


class BucketReads(Protocol):
    """Reads buckets. Results include everything that was appended before."""

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace by id or name, with its current counters."""
        ...

    async def buckets_in(self, namespace_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return up to `limit` buckets above a position, the oldest first. For the system, not a caller."""
        ...

    async def buckets(self, namespace_id: str, page: PageRequest) -> Page[BucketRecord]:
        """List a namespace's buckets (`BUCKETS`)."""
        ...
