"""The records of objects, and the role that reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.lists.pages import Page, PageRequest, Placed
from domain.objects.object import Blob


class ObjectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An object. `unique_key`, `content_key`: the digests that it claims, if any."""

    object_id: str
    organization_id: str
    namespace_id: str
    bucket_id: str
    version: int
    blobs: tuple[Blob, ...]
    metadata: dict[str, Any]
    key_prefix: str | None = None
    unique_key: str | None = None
    content_key: str | None = None
    created_at: datetime
    updated_at: datetime
    position: int
    deletes_at: datetime | None = None


class ObjectReads(Protocol):
    """Reads objects. Results include everything that was appended before."""

    async def bucket_object(self, namespace_id: str, object_id: str) -> ObjectRecord | None:
        """Return an object of the namespace."""
        ...

    async def bucket_objects(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[ObjectRecord]:
        """List a bucket's objects (`OBJECTS`)."""
        ...

    async def objects_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return up to `limit` objects of a bucket above a position, the oldest first. For the system, not a caller."""
        ...
