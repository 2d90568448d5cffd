"""Uploads on PostgreSQL.

The tables are written by `upwell.project`, in `functions/`.
"""

from collections.abc import Collection, Mapping, Sequence

from adapters.postgres.database.connecting import log_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import PostgresReads, record_of, records_of
from adapters.postgres.lists.listing import AVOIDED_DUPLICATES, UPLOADS
from adapters.postgres.lists.pages import fetch_page
from application.ports.lists.pages import Page, PageRequest, Placed
from application.ports.uploads.upload_reads import AvoidedDuplicate, KeyPlace, StoredSizes, UploadBytes, UploadRecord
from domain.uploads.originals import WantedContent


class PostgresUploadReads(PostgresReads):
    """Implements `UploadReads`."""

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        return await self._one("upload", UploadRecord, upload_id, namespace_id)

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that belong to the namespace, by id."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["uploads_by_id"], list(upload_ids), namespace_id)
        return {record.upload_id: record for record in records_of(rows, UploadRecord)}

    async def open_uploads_of(
        self, organization_id: str, requested_by: str, *, after: str, limit: int
    ) -> Sequence[str]:
        """Return the open uploads that a key or its tokens requested, or an upload token."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["open_uploads_of"], organization_id, requested_by, after, limit)
        return [row["upload_id"] for row in rows]

    async def originals(self, wanted: Collection[WantedContent]) -> Mapping[WantedContent, UploadRecord]:
        """Return the originals of uploads with this content and lifetime."""
        asked = list(wanted)
        async with log_errors():
            rows = await self._reads.fetch(
                QUERIES["originals"],
                [each.bucket_id for each in asked],
                [each.sha256 for each in asked],
                [each.ends_at for each in asked],
            )
        return {asked[row["n"] - 1]: record_of(row, UploadRecord) for row in rows}

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads."""
        return await fetch_page(self._slow_reads, UPLOADS, UploadRecord, (bucket_id, namespace_id), page)

    async def avoided_duplicates(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[AvoidedDuplicate]:
        """List a bucket's avoided duplicates."""
        scope = (bucket_id, namespace_id)
        return await fetch_page(self._slow_reads, AVOIDED_DUPLICATES, AvoidedDuplicate, scope, page)

    async def uploads_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return uploads of a bucket above a position."""
        return await self._placed("uploads_in", bucket_id, after, limit)

    async def bytes_at(self, places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        """Return, by upload, what the log knows about these keys."""
        if not places:
            return {}
        distinct = [(each.internal_id, each.namespace_id, each.upload_id) for each in set(places)]
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["bytes_at"], *map(list, zip(*distinct, strict=True)))
        return {row["upload_id"]: record_of(row, UploadBytes) for row in rows}

    async def verified_uploads(self, *, after: str, limit: int) -> Sequence[UploadBytes]:
        """Return completed uploads whose bytes are kept."""
        return await self._all("verified_uploads", UploadBytes, after, limit)

    async def stored_sizes(self, namespace_id: str, bucket_id: str) -> StoredSizes:
        """Return the sizes of a bucket's stored uploads."""
        async with log_errors():
            row = await self._slow_reads.fetchrow(QUERIES["stored_sizes"], namespace_id, bucket_id)
        return StoredSizes() if row is None else record_of(row, StoredSizes)
