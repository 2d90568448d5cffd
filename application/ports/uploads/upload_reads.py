"""The records of uploads, and the role that reads them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.lists.pages import Page, PageRequest, Placed
from domain.uploads.originals import KeptUpload, WantedContent
from domain.uploads.upload import Status


class StoredSizes(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of a bucket's completed uploads with stored bytes, in bytes; zeros without any."""

    total_bytes: int = 0
    average_bytes: int = 0
    largest_bytes: int = 0
    smallest_bytes: int = 0


class UploadRecord(KeptUpload, frozen=True, kw_only=True):
    """An upload. `size_bytes`, `sha256`, `etag`, `version_id`: of the verified content.

    `part_size`: of every part but the last, for a multipart upload. `multipart_id`: storage's id of it, after its
    start. `storage_checks`: storage itself refuses bytes that do not match `declared_sha256`. `deletes_at`: when the
    upload is deleted automatically; one that objects hold is deleted with them. For an open upload: the end if it
    completed now. `post_range`: the least and the most bytes, if the file is sent by a form.
    """

    organization_id: str
    namespace_id: str
    version: int
    filename: str
    content_type: str
    storage_key: str
    declared_size_bytes: int | None
    declared_sha256: str | None
    url_expires_in_seconds: int
    created_at: datetime
    expires_at: datetime
    metadata: dict[str, Any]
    create_object: bool
    object_metadata: dict[str, Any] | None
    blob_property: str | None
    blob_type: str | None
    size_bytes: int | None = None
    etag: str | None = None
    version_id: str | None = None
    verified_at: datetime | None = None
    completed_at: datetime | None = None
    task_id: str | None = None
    object_id: str | None = None
    existing_object_id: str | None = None
    message: str | None = None
    failure_reason: str | None = None
    due_at: datetime
    part_size: int | None = None
    storage_checks: bool = False
    multipart_id: str | None = None
    auto_confirm: bool = False
    post_range: tuple[int, int] | None = None


class AvoidedDuplicate(msgspec.Struct, frozen=True, kw_only=True):
    """The announcement of a file that was not sent, because `original_upload_id` has its bytes.

    The record is deleted with that upload. The fields of the announcement are None in records from before they were
    stored.
    """

    duplicate_id: str
    organization_id: str
    namespace_id: str
    bucket_id: str
    original_upload_id: str
    sha256: str
    saved_bytes: int
    created_at: datetime
    position: int
    filename: str | None = None
    content_type: str | None = None
    declared_size_bytes: int | None = None
    metadata: dict[str, Any] | None = None
    create_object: bool | None = None
    object_metadata: dict[str, Any] | None = None
    blob_property: str | None = None
    deletes_at: datetime | None = None


class KeyPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The owner that a storage key names."""

    internal_id: str
    namespace_id: str
    upload_id: str


class UploadBytes(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an upload's bytes in the log. `status` None: forgotten, or (not `known`) never requested here.

    `needed`: the bytes are kept, may still arrive, or are held by an object; or this is unknown. `etag`, `size_bytes`,
    `version_id`: of the verified content.
    """

    upload_id: str
    known: bool = True
    status: Status | None = None
    needed: bool = False
    storage_key: str | None = None
    multipart_id: str | None = None
    etag: str | None = None
    size_bytes: int | None = None
    version_id: str | None = None


class UploadReads(Protocol):
    """Reads uploads. Results include everything that was appended before."""

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        ...

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that are in the namespace, by id."""
        ...

    async def open_uploads_of(
        self, organization_id: str, requested_by: str, *, after: str, limit: int
    ) -> Sequence[str]:
        """Return the ids of up to `limit` open uploads of a key and its tokens, or of one token, above an id.

        For the system, not a caller; its cost grows with the number of the organization's uploads.
        """
        ...

    async def originals(self, wanted: Collection[WantedContent]) -> Mapping[WantedContent, UploadRecord]:
        """Return the originals of uploads with these bytes and ends."""
        ...

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads (`UPLOADS`). A list that takes too long is refused: `list_too_slow`."""
        ...

    async def avoided_duplicates(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[AvoidedDuplicate]:
        """List a bucket's avoided duplicates (`AVOIDED_DUPLICATES`), like `uploads`."""
        ...

    async def uploads_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return up to `limit` uploads of a bucket above a position, the oldest first. For the system, not a caller."""
        ...

    async def bytes_at(self, places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        """Return the state of the bytes at these places, by upload; places with an unknown namespace are left out.

        For the system, not a caller.
        """
        ...

    async def verified_uploads(self, *, after: str, limit: int) -> Sequence[UploadBytes]:
        """Return up to `limit` completed uploads that keep their bytes, by id, above one. For the system."""
        ...

    async def stored_sizes(self, namespace_id: str, bucket_id: str) -> StoredSizes:
        """Return the sizes of a bucket's stored uploads. Its cost grows with their number."""
        ...
