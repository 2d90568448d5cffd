"""The role that holds the bytes."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

import msgspec

MIN_PART_BYTES: Final = 5 * 1024 * 1024  # of every part but the last


class StoredContent(msgspec.Struct, frozen=True, kw_only=True):
    """What storage says of the bytes under a key.

    `etag` is opaque, without quotes. `version_id` is None where the bucket keeps no versions.
    `sha256` (64 hex digits) is there only if storage itself checked a checksum of the full object.
    """

    size_bytes: int
    etag: str
    content_type: str | None = None
    version_id: str | None = None
    sha256: str | None = None


class StorageError(Exception):
    """Storage did not do what it was asked; the cause is chained."""


class StorageUnavailableError(StorageError):
    """Storage could not answer (network, timeout, 5xx, throttling): worth another try later."""


class StorageDeniedError(StorageError):
    """Storage refused our credentials or our rights: an operator has to act."""


class ContentChangedError(StorageError):
    """The bytes under the key are no longer the ones that were asked for."""


class StoredPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a multipart upload, as storage has it. `part_number` counts from 1; `etag` is without quotes."""

    part_number: int
    size_bytes: int
    etag: str


class PartsRefusedError(Exception):
    """Storage does not make one object of these parts; nothing was completed, and the parts are still there.

    `missing`: numbers of parts that storage does not have with the ETag that was named.
    `too_small`: numbers of parts that are smaller than storage takes, and not the last one.
    """

    def __init__(self, *, missing: Sequence[int] = (), too_small: Sequence[int] = ()) -> None:
        super().__init__(f"missing parts {list(missing)}, parts that are too small {list(too_small)}")
        self.missing = tuple(missing)
        self.too_small = tuple(too_small)


class BucketSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What `prepare` found or made. `noncurrent_expiry`: versions that were overwritten are deleted after a while."""

    created: bool
    versioned: bool
    noncurrent_expiry: bool
    cors: bool


class ObjectStorage(Protocol):
    """Reads and deletes what clients PUT; never writes content itself. Keys are exact, not prefixes."""

    @property
    def bucket(self) -> str:
        """The name under which storage itself speaks of what it holds for us."""
        ...

    async def head(self, key: str) -> StoredContent | None:
        """Return what is stored under `key` now, or None if nothing is.

        Raises `StorageUnavailableError` or `StorageDeniedError`; a missing object is never an error.
        """
        ...

    def read(self, key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        """Stream exactly the bytes that `content` describes, in chunks of at most 1 MiB, in constant memory.

        `first_bytes`: only so many of them, from the beginning.
        The version is pinned where there is one, otherwise `If-Match` with the ETag is sent.
        Raises `ContentChangedError` when these bytes are gone, `StorageUnavailableError` when the stream breaks.
        """
        ...

    async def delete(self, key: str) -> None:
        """Delete every version of `key`. Idempotent: what is not there is deleted already."""
        ...

    async def begin_multipart(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts, and return storage's id of it. Each call begins another one."""
        ...

    async def parts(self, key: str, multipart_id: str) -> Sequence[StoredPart] | None:
        """Return all parts that storage has, by number; None if there is no such multipart upload (any more).

        It is gone once it was completed or aborted.
        """
        ...

    async def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[StoredPart]) -> bool:
        """Make one object of these parts, in the order of their numbers. False: there is no such multipart upload.

        Idempotent only as far as storage is: after a lost answer the upload may be gone because it was completed, which
        `head` tells. Raises `PartsRefusedError`; and `StorageUnavailableError` for an answer that is lost, or that says
        200 with an error in its body. No part at all, or a number that is named twice, is a mistake (`ValueError`).
        """
        ...

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Give an upload in parts up and delete its parts. Idempotent: what is not there is aborted already."""
        ...

    async def prepare(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Make the bucket usable: create it if missing, versioning with expiry of noncurrent versions, CORS.

        Idempotent. What the server cannot do is left out and told in the answer, never pretended.
        """
        ...

    async def ping(self) -> None:
        """Return if storage answers for our bucket; raise `StorageError` otherwise."""
        ...
