"""Buckets in memory."""

from collections.abc import Iterator, Sequence

from adapters.memory.lists.filtering import page_of
from adapters.memory.reading import MemoryReads, first, placed
from application.lists.listing import BUCKETS
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.lists.pages import Page, PageRequest, Placed


class MemoryBucketReads(MemoryReads):
    """Implements `BucketReads`."""

    async def bucket(self, namespace_id: str, id_or_name: str) -> BucketRecord | None:
        """Return a bucket of the namespace."""
        return first(bucket for bucket in self._buckets(namespace_id) if id_or_name in {bucket.bucket_id, bucket.name})

    async def buckets_in(self, namespace_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return buckets of a namespace above a position."""
        rows = self._buckets(namespace_id)
        return placed(((row.position, row.bucket_id) for row in rows), after, limit)

    async def buckets(self, namespace_id: str, page: PageRequest) -> Page[BucketRecord]:
        """List a namespace's buckets."""
        return page_of(BUCKETS, self._buckets(namespace_id), page)

    def _buckets(self, namespace_id: str) -> Iterator[BucketRecord]:
        return (bucket for bucket in self._log.tables.buckets.values() if bucket.namespace_id == namespace_id)
