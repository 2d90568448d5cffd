"""Buckets on PostgreSQL.

The tables are written by `upwell.project`, in `functions/`.
"""

from collections.abc import Sequence

from adapters.postgres.database.reading import PostgresReads
from adapters.postgres.lists.listing import BUCKETS
from adapters.postgres.lists.pages import fetch_page
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.lists.pages import Page, PageRequest, Placed


class PostgresBucketReads(PostgresReads):
    """Implements `BucketReads`."""

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace."""
        return await self._one("bucket", BucketRecord, namespace_id, id_or_name)

    async def buckets_in(self, namespace_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return buckets of a namespace above a position."""
        return await self._placed("buckets_in", namespace_id, after, limit)

    async def buckets(self, namespace_id: str, page: PageRequest) -> Page[BucketRecord]:
        """List a namespace's buckets."""
        return await fetch_page(self._slow_reads, BUCKETS, BucketRecord, (namespace_id,), page)
