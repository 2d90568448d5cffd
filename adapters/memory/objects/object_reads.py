"""Objects in memory."""

from collections.abc import Sequence

from adapters.memory.lists.filtering import page_of
from adapters.memory.reading import MemoryReads, placed
from application.lists.listing import OBJECTS
from application.ports.lists.pages import Page, PageRequest, Placed
from application.ports.objects.object_reads import ObjectRecord


class MemoryObjectReads(MemoryReads):
    """Implements `ObjectReads`."""

    async def bucket_object(self, namespace_id: str, object_id: str) -> ObjectRecord | None:
        """Return an object of the namespace."""
        found = self._log.tables.objects.get(object_id)
        return found if found is not None and found.namespace_id == namespace_id else None

    async def bucket_objects(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[ObjectRecord]:
        """List a bucket's objects."""
        rows = (
            found
            for found in self._log.tables.objects.values()
            if (found.bucket_id, found.namespace_id) == (bucket_id, namespace_id)
        )
        return page_of(OBJECTS, rows, page)

    async def objects_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return objects of a bucket above a position."""
        rows = self._log.tables.objects.values()
        return placed(
            ((row.position, row.object_id) for row in rows if row.bucket_id == bucket_id), after=after, limit=limit
        )
