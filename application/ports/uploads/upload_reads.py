"""Uploads as they stand, and the role that answers questions about them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.lists.pages import Page, PageRequest, Placed
from domain.uploads.originals import KeptUpload, Sameness
from domain.uploads.upload import Status


class StoredSizes(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of a bucket's completed uploads whose bytes are stored, in bytes; zeros where there are none."""

    total_bytes: int = 0
    average_bytes: int = 0
    largest_bytes: int = 0
    smallest_bytes: int = 0


class UploadRecord(KeptUpload, frozen=True, kw_only=True):
    """An upload as it stands. `size_bytes`, `sha256`, `etag`, `version_id`: of the proved content.

    `part_size`: of every part but the last, of an upload in parts. `multipart_id`: storage's id of it, once it began.
    `storage_checks`: storage itself refuses other bytes than those of `declared_sha256`.
    `deletes_at`: when the upload is deleted, if nobody deletes it before; one that objects hold goes with them. Of one
    that is not completed: when it would be, were it completed at once.
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


class AvoidedDuplicate(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was announced and not sent, because `original_upload_id` has its bytes; gone with that upload.

    The fields of the announcement are as it said them; None where it was recorded before they were kept.
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
    """Whose a key in storage says it is."""

    internal_id: str
    namespace_id: str
    upload_id: str


class UploadBytes(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says of an upload's bytes. `status` None: it was forgotten, or (not `known`) never requested here.

    `needed`: they are its own and stay, or may be on their way, or an object holds them; or it cannot be told. `etag`,
    `size_bytes`, `version_id`: of the proved content.
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
    """Questions about uploads. What was appended before is in the answer."""

    async def upload(self, namespace_id: str, upload_id: str) -> UploadRecord | None:
        """Return an upload of the namespace."""
        ...

    async def uploads_by_id(self, namespace_id: str, upload_ids: Collection[str]) -> Mapping[str, UploadRecord]:
        """Return those of these uploads that are the namespace's, by their ids."""
        ...

    async def open_uploads_of(self, organization_id: str, key_id: str, *, after: str, limit: int) -> Sequence[str]:
        """Return up to `limit` uploads by id, above one, that a key or its tokens requested and that have not ended.

        For the system, not a caller; its cost grows with the number of the organization's uploads.
        """
        ...

    async def originals(self, wanted: Collection[Sameness]) -> Mapping[Sameness, UploadRecord]:
        """Return the uploads that later ones with these bytes, which last so long, would be duplicates of."""
        ...

    async def uploads(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[UploadRecord]:
        """List a bucket's uploads (`UPLOADS`). A list that takes too long is refused: `list_too_slow`."""
        ...

    async def avoided_duplicates(self, namespace_id: str, bucket_id: str, page: PageRequest) -> Page[AvoidedDuplicate]:
        """List a bucket's avoided duplicates (`AVOIDED_DUPLICATES`), as `uploads` does."""
        ...

    async def uploads_in(self, bucket_id: str, *, after: int, limit: int) -> Sequence[Placed]:
        """Return up to `limit` uploads of a bucket above a position, the oldest first. For the system, not a caller."""
        ...

    async def bytes_at(self, places: Collection[KeyPlace]) -> Mapping[str, UploadBytes]:
        """Return by upload what these places are to the log; a place is left out whose namespace was never here.

        For the system, not a caller.
        """
        ...

    async def proved_bytes(self, *, after: str, limit: int) -> Sequence[UploadBytes]:
        """Return up to `limit` completed uploads that keep their bytes, by id, above one. For the system."""
        ...

    async def stored_sizes(self, namespace_id: str, bucket_id: str) -> StoredSizes:
        """Return the sizes of a bucket's stored uploads. Its cost grows with their number."""
        ...
