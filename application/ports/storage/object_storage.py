"""The role that holds the bytes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

MIN_PART_BYTES: Final = 5 * 1024 * 1024  # of every part but the last
LIST_PAGE: Final = 1000  # the most that S3 lists at once
KEEP_NONCURRENT_DAYS: Final = 14
# What a URL puts over the proved version hides it until the URL has expired and the other versions are deleted.
LEAST_NONCURRENT_DAYS: Final = 8


class StoredContent(msgspec.Struct, frozen=True, kw_only=True):
    """What storage says of the bytes under a key.

    `etag` is opaque, without quotes. `version_id` is None where the bucket keeps no versions.
    `sha256` (64 hex digits) is there only if storage itself checked a checksum of the full object; `crc64nvme` (as S3
    writes it) only if storage has one of the full object. `content_encoding`: the one that its answers to a GET name.
    """

    size_bytes: int
    etag: str
    content_type: str | None = None
    content_encoding: str | None = None
    version_id: str | None = None
    sha256: str | None = None
    crc64nvme: str | None = None


class StorageError(Exception):
    """Storage did not do what it was asked; the cause is chained."""


class StorageUnavailableError(StorageError):
    """Storage could not answer (network, timeout, 5xx, throttling): worth another try later."""


class StorageDeniedError(StorageError):
    """Storage refused our credentials or our rights: an operator has to act."""


class ContentChangedError(StorageError):
    """The bytes under the key are no longer the ones that were asked for."""


class StoredPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a multipart upload, as storage has it. `part_number` counts from 1; `etag` is without quotes.

    `sha256` (64 hex digits) is there only where storage has checked it and still tells it.
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
    """An upload in parts that storage lists: neither completed nor aborted."""

    key: str
    multipart_id: str
    begun_at: datetime


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
    """Reads and deletes what clients PUT; never writes their content itself. Keys are exact, not prefixes."""

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

    async def keep_only(self, key: str, version_id: str) -> None:
        """Delete all versions of `key` but this one, which is the current one then. It is not there: nothing happens.

        A key that was deleted since stays deleted.
        """
        ...

    async def begin_multipart(self, key: str, *, content_type: str, checked: bool = False) -> str:
        """Begin an upload in parts, and return storage's id of it. Each call begins another one.

        `checked`: every part will come with its SHA-256, and storage is to refuse other bytes.
        """
        ...

    async def parts(
        self, key: str, multipart_id: str, *, etags: Mapping[int, str] | None = None
    ) -> Sequence[StoredPart] | None:
        """Return all parts that storage has, by number; None if there is no such multipart upload (any more).

        It is gone once it was completed or aborted. Where storage has several under a number, that is the last one.
        Storage that keeps what was replaced may not know which that is, if both came within a second: `etags` of the
        ones that the client means decide then.
        """
        ...

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, only_new: bool = False
    ) -> bool:
        """Make one object of these parts, in the order of their numbers. False: there is no such multipart upload.

        `parts` are as storage listed them. `only_new`: what is there already is not replaced, and the answer is False.
        Idempotent only as far as storage is: after a lost answer the upload may be gone because it was completed, which
        `head` tells. Raises `PartsRefusedError`; and `StorageUnavailableError` for an answer that is lost, or that says
        200 with an error in its body. No part at all, or a number that is named twice, is a mistake (`ValueError`).
        """
        ...

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Give an upload in parts up and delete its parts. Idempotent: what is not there is aborted already."""
        ...

    async def abort_multiparts(self, key: str) -> None:
        """Give up whatever uploads in parts there are of exactly this key, whether anybody knows their ids or not.

        An answer of `begin_multipart` that is lost leaves one behind. Nothing where storage cannot list them: its own
        rule ends them then.
        """
        ...

    def list_objects(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all keys that a GET would find, whosever they are, in pages of at most `page`, in constant memory.

        What is put or deleted meanwhile may be among them or not.
        """
        ...

    def list_old_versions(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all versions that are not the current ones of their keys, as `list_objects` yields keys.

        None where storage keeps no versions, or does not list them.
        """
        ...

    def list_multiparts(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedMultipart]]:
        """Yield all uploads in parts that are under way, as `list_objects` yields keys, and in no order."""
        ...

    async def prepare(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Make the bucket usable: create it if missing, versioning with expiry of noncurrent versions, CORS.

        Idempotent. What the server cannot do is left out and told in the answer, never pretended.
        """
        ...

    async def ping(self) -> None:
        """Return if storage answers for our bucket; raise `StorageError` otherwise."""
        ...

    async def try_writing(self) -> None:
        """Return if storage takes bytes now: put a few under a key of our own, and delete them again.

        Raises `StorageUnavailableError`, or `StorageDeniedError` where our credentials or rights are refused.
        """
        ...
