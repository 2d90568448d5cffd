"""Objects on PostgreSQL.

The tables are written by `upwell.project`, in `functions/`.
"""

from collections.abc import Sequence

from adapters.postgres.database.reading import PostgresReads
from adapters.postgres.lists.listing import OBJECTS
from adapters.postgres.lists.pages import fetch_page
from application.ports.lists.pages import Page, PageRequest, Placed
from application.ports.objects.object_reads import ObjectRecord


class PostgresObjectReads(PostgresReads):
    """Implements `ObjectReads`."""

    async def bucket_object(self, namespace_id: str, object_id: str) -> ObjectRecord | None:
        """Return an object of the namespace."""
        return await self._one("object", ObjectRecord, object_id, namespace_id)

    async def bucket_objects(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[ObjectRecord]:
        """List a bucket's objects."""
        return await fetch_page(self._slow_reads, OBJECTS, ObjectRecord, (bucket_id, namespace_id), page)

    async def objects_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return objects of a bucket above a position."""
        return await self._placed("objects_in", bucket_id, after, limit)
