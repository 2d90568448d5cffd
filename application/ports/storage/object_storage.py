"""The role that holds the bytes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

MIN_PART_BYTES: Final = 5 * 1024 * 1024  # of every part except the last
PROBE_KEY: Final = "upwell-readiness"  # written by a readiness test; uploads' keys begin with an internal id
LIST_PAGE: Final = 1000  # the most that S3 lists at once
KEEP_NONCURRENT_DAYS: Final = 14
# A version that a URL puts over the verified one hides it until the URL has expired and other versions are deleted.
LEAST_NONCURRENT_DAYS: Final = 8


class StoredContent(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of the bytes under a key.

    `etag` is opaque, without quotes. `version_id` is None if the S3 bucket keeps no versions. `sha256` (64 hex digits)
    is set only if storage itself checked a checksum of the full object; `crc64nvme` (as S3 writes it) only if storage
    has one for the full object. `content_encoding`: the one in responses to a GET.
    """

    size_bytes: int
    etag: str
    content_type: str | None = None
    content_encoding: str | None = None
    version_id: str | None = None
    sha256: str | None = None
    crc64nvme: str | None = None


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of stored bytes and, unless there are too many, the bytes themselves."""

    content: StoredContent
    body: bytes | None = None


class StorageError(Exception):
    """A call to storage failed; the cause is chained."""


class StorageUnavailableError(StorageError):
    """Storage is unavailable (network, timeout, 5xx, throttling): try again later."""


class StorageDeniedError(StorageError):
    """Storage refused the credentials or permissions: an operator has to act."""


class ContentChangedError(StorageError):
    """The bytes under the key are no longer the requested ones."""


class StoredPart(msgspec.Struct, frozen=True, kw_only=True):
    """A stored part of a multipart upload. `part_number` counts from 1; `etag` is without quotes.

    `sha256` (64 hex digits) is set only if storage has checked and kept it.
    """

    part_number: int
    size_bytes: int
    etag: str
    sha256: str | None = None


class ListedObject(msgspec.Struct, frozen=True, kw_only=True):
    """A key that storage lists. `modified_at`: when its latest version was put."""

    key: str
    size_bytes: int
    modified_at: datetime


class ListedMultipart(msgspec.Struct, frozen=True, kw_only=True):
    """A multipart upload in a listing: neither completed nor aborted."""

    key: str
    multipart_id: str
    begun_at: datetime


class PartsRefusedError(Exception):
    """Storage refused to complete these parts; nothing has changed.

    `missing`: numbers of parts that storage does not have with the given ETag. `too_small`: numbers of parts below the
    minimum size, except the last one.
    """

    def __init__(self, *, missing: Sequence[int] = (), too_small: Sequence[int] = ()) -> None:
        super().__init__(f"missing parts {list(missing)}, parts that are too small {list(too_small)}")
        self.missing = tuple(missing)
        self.too_small = tuple(too_small)


class BucketSetup(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `prepare`. `noncurrent_expiry`: overwritten versions expire."""

    created: bool
    versioned: bool
    noncurrent_expiry: bool
    cors: bool


class ObjectStorage(Protocol):
    """Reads and deletes the objects of clients; never writes their content itself. Keys are exact, not prefixes."""

    @property
    def bucket(self) -> str:
        """The name of the S3 bucket."""
        ...

    async def head(self, key: str) -> StoredContent | None:
        """Return the properties of the object under `key`, or None.

        Raises `StorageUnavailableError` or `StorageDeniedError`. A missing object is never an error, a missing S3
        bucket always is a `StorageDeniedError`: None leads to events that cannot be undone.
        """
        ...

    async def fetch(self, key: str, *, limit_bytes: int) -> Fetched | None:
        """Return the object under `key` by one call, like `head`, with its bytes if there are at most `limit_bytes`."""
        ...

    def read(self, key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        """Stream exactly the bytes that `content` describes, in chunks of at most 1 MiB, in constant memory.

        `first_bytes`: only this many, from the beginning. The version is pinned if there is one, otherwise `If-Match`
        with the ETag is sent; a long object may take several such requests. Raises `ContentChangedError` when these
        bytes are gone, `StorageUnavailableError` when the stream breaks.
        """
        ...

    async def delete(self, key: str) -> None:
        """Delete every version of `key`. Idempotent."""
        ...

    async def keep_only(self, key: str, version_id: str) -> None:
        """Delete all versions of `key` except this one, which becomes the current one.

        If this version does not exist, do nothing. A key that was deleted in the meantime stays deleted.
        """
        ...

    async def begin_multipart(self, key: str, *, content_type: str, checked: bool = False) -> str:
        """Create a multipart upload, and return storage's id. Each call creates another one.

        `checked`: every part has a SHA-256, and storage refuses other bytes.
        """
        ...

    async def parts(
        self, key: str, multipart_id: str, *, etags: Mapping[int, str] | None = None
    ) -> Sequence[StoredPart] | None:
        """Return all stored parts, by number; None if the multipart upload does not exist.

        It no longer exists after it was completed or aborted. Of several parts with one number, the last one counts. A
        storage that keeps replaced parts may not know their order within a second: then the client's `etags` decide.
        """
        ...

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, only_new: bool = False
    ) -> bool:
        """Complete a multipart upload from these parts, in the order of their numbers. False: it does not exist.

        `parts` are as listed by storage. `only_new`: an existing object is not replaced, and the result is False. Only
        as idempotent as storage: after a lost response the multipart upload may be gone because it was completed; check
        with `head`. Raises `PartsRefusedError`, and `StorageUnavailableError` for a lost response, or a 200 with an
        error in its body. An empty list or a repeated number raises `ValueError`.
        """
        ...

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Abort a multipart upload and delete its parts. Idempotent."""
        ...

    async def abort_multiparts(self, key: str) -> None:
        """Abort all multipart uploads of exactly this key, also those with unknown ids.

        A lost response of `begin_multipart` leaves one behind. Does nothing if storage cannot list them: then its
        lifecycle rule aborts them.
        """
        ...

    def list_objects(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all keys with a current version, in pages of at most `page`, in constant memory.

        Keys that are put or deleted in the meantime may be included or not.
        """
        ...

    def list_old_versions(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all noncurrent versions, like `list_objects`.

        Empty if storage keeps no versions, or does not list them.
        """
        ...

    def list_multiparts(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedMultipart]]:
        """Yield all open multipart uploads, like `list_objects`, but in no order."""
        ...

    async def prepare(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Prepare the S3 bucket: create it if missing, versioning with expiry of noncurrent versions, CORS.

        Idempotent. Features that the server does not support are skipped, and the result reports them.
        """
        ...

    async def ping(self) -> None:
        """Return if storage responds for the S3 bucket; otherwise raise `StorageError`."""
        ...

    async def try_writing(self) -> None:
        """Return if storage accepts writes: put a few bytes under a reserved key, and delete them again.

        Raises `StorageUnavailableError`, or `StorageDeniedError` if the credentials or permissions are refused.
        """
        ...
