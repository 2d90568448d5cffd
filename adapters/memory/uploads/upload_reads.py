"""Uploads in memory."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from adapters.memory.lists.filtering import page_of
from adapters.memory.reading import MemoryReads, placed
from application.lists.listing import AVOIDED_DUPLICATES, UPLOADS
from application.ports.lists.pages import Page, PageRequest, Placed
from application.ports.uploads.upload_reads import AvoidedDuplicate, KeyPlace, StoredSizes, UploadBytes, UploadRecord
from domain.events.registry import decode
from domain.shared_fields import made_from
from domain.uploads.originals import WantedContent, original_of
from domain.uploads.upload import Status


class MemoryUploadReads(MemoryReads):
    """Implements `UploadReads`."""

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        found = self._log.tables.uploads.get(upload_id)
        return found if found is not None and found.namespace_id == namespace_id else None

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that belong to the namespace, by id."""
        found = [await self.upload(namespace_id, upload_id) for upload_id in upload_ids]
        return {upload.upload_id: upload for upload in found if upload is not None}

    async def open_uploads_of(
        self, organization_id: str, requested_by: str, *, after: str, limit: int
    ) -> Sequence[str]:
        """Return the open uploads that a key or its tokens requested, or an upload token."""
        open_ = {Status.PENDING, Status.IN_PROGRESS, Status.PROCESSING}
        found = []
        for upload in self._log.tables.uploads.values():
            if upload.organization_id != organization_id or upload.status not in open_ or upload.upload_id <= after:
                continue
            requester = decode((await self._log.read_stream(upload.upload_id))[0].state).origin.actor_id
            token = self._log.tables.upload_tokens.get(requester)
            if requested_by in {requester, None if token is None else token.key_id}:
                found.append(upload.upload_id)
        return sorted(found)[:limit]

    async def originals(self, wanted: Collection[WantedContent]) -> Mapping[WantedContent, UploadRecord]:
        """Return the originals of uploads with this content and lifetime."""
        uploads = self._log.tables.uploads.values()
        found = {wanted_content: original_of(wanted_content, uploads) for wanted_content in wanted}
        return {wanted_content: upload for wanted_content, upload in found.items() if upload is not None}

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads."""
        rows = (
            upload
            for upload in self._log.tables.uploads.values()
            if (upload.bucket_id, upload.namespace_id) == (bucket_id, namespace_id)
        )
        return page_of(UPLOADS, rows, page)

    async def avoided_duplicates(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[AvoidedDuplicate]:
        """List a bucket's avoided duplicates."""
        rows = (
            avoided
            for avoided in self._log.tables.avoided_duplicates.values()
            if (avoided.bucket_id, avoided.namespace_id) == (bucket_id, namespace_id)
        )
        return page_of(AVOIDED_DUPLICATES, rows, page)

    async def uploads_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return uploads of a bucket above a position."""
        rows = self._log.tables.uploads.values()
        return placed(
            ((row.position, row.upload_id) for row in rows if row.bucket_id == bucket_id), after=after, limit=limit
        )

    async def bytes_at(self, places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        """Return, by upload, what the log knows about these keys."""
        ours = {each.internal_id: each.organization_id for each in self._log.tables.organizations.values()}
        return {
            place.upload_id: await self._bytes(place.upload_id)
            for place in places
            if place.internal_id in ours and await self._made_by(place.namespace_id) == ours[place.internal_id]
        }

    async def verified_uploads(self, *, after: str, limit: int) -> Sequence[UploadBytes]:
        """Return completed uploads whose bytes are kept."""
        ids = sorted(
            upload.upload_id
            for upload in self._log.tables.uploads.values()
            if upload.upload_id > after and upload.status is Status.COMPLETED and upload.keeps_bytes
        )
        return [await self._bytes(upload_id) for upload_id in ids[:limit]]

    async def stored_sizes(self, namespace_id: str, bucket_id: str) -> StoredSizes:
        """Return the sizes of a bucket's stored uploads."""
        sizes = [
            upload.size_bytes
            for upload in self._log.tables.uploads.values()
            if (upload.namespace_id, upload.bucket_id) == (namespace_id, bucket_id)
            and upload.status is Status.COMPLETED
            and upload.keeps_bytes
            and upload.size_bytes is not None
        ]
        if not sizes:
            return StoredSizes()
        return StoredSizes(
            total_bytes=sum(sizes),
            average_bytes=sum(sizes) // len(sizes),
            largest_bytes=max(sizes),
            smallest_bytes=min(sizes),
        )

    async def _made_by(self, stream_id: str) -> str | None:
        stored = await self._log.read_stream(stream_id)
        return decode(stored[0].state).origin.organization_id if stored else None

    async def _bytes(self, upload_id: str) -> UploadBytes:
        tables = self._log.tables
        upload = tables.uploads.get(upload_id)
        heir = next((heir for heir, stored_for in tables.inherited.items() if stored_for == upload_id), None)
        if heir is not None:
            return msgspec.structs.replace(await self._bytes(heir), upload_id=upload_id)
        if upload is None:
            return UploadBytes(upload_id=upload_id, known=bool(await self._log.read_stream(upload_id)))
        return made_from(
            UploadBytes,
            upload,
            upload_id=upload_id,
            needed=(upload.keeps_bytes and upload.status is not Status.SKIPPED)
            or any(held == upload_id for held, _ in self._log.tables.holds),
        )
