"""Storage in a dictionary, for tests and demonstrations; it keeps what the S3 adapter keeps."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from application.ports.object_storage import (
    BucketSetup,
    ContentChangedError,
    StorageUnavailableError,
    StoredContent,
)

CHUNK_BYTES: Final = 1024 * 1024


class MemoryObjectStorage:
    """Keeps every promise of `ObjectStorage`, with versions or without.

    `put`, `get` and `fail_next` are not of the port: they play the client and the broken network.
    """

    def __init__(self, *, versioned: bool = True, bucket: str = "memory") -> None:
        self.bucket = bucket
        self._versioned = versioned
        self._objects: dict[str, list[tuple[StoredContent, bytes]]] = {}
        self._puts = 0
        self._prepared = False
        self._failures = 0

    def put(
        self, key: str, body: bytes, content_type: str | None = None, *, sha256_checksum: bool = False
    ) -> StoredContent:
        """Store `body` as a client's PUT would; `sha256_checksum`: it sent a checksum, and storage checked it."""
        self._puts += 1
        content = StoredContent(
            size_bytes=len(body),
            etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
            content_type=content_type,
            version_id=f"version-{self._puts}" if self._versioned else None,
            sha256=hashlib.sha256(body).hexdigest() if sha256_checksum else None,
        )
        before = self._objects.get(key, []) if self._versioned else []
        self._objects[key] = [*before, (content, body)]
        return content

    def get(self, key: str, version_id: str | None = None) -> tuple[StoredContent, bytes] | None:
        """Return what a client's GET would: the latest version, or the one that it names."""
        versions = self._objects.get(key, [])
        return next((each for each in reversed(versions) if version_id in {None, each[0].version_id}), None)

    def fail_next(self, calls: int) -> None:
        """Let the next `calls` calls of the port raise `StorageUnavailableError`; 0 repairs it."""
        self._failures = calls

    async def head(self, key: str) -> StoredContent | None:
        """Return what is stored under `key` now, or None if nothing is."""
        self._fail_if_told()
        versions = self._objects.get(key)
        return versions[-1][0] if versions else None

    async def read(self, key: str, content: StoredContent) -> AsyncIterator[bytes]:
        """Stream exactly the bytes that `content` describes."""
        self._fail_if_told()
        body = self._pinned(key, content)
        for start in range(0, len(body), CHUNK_BYTES):
            yield body[start : start + CHUNK_BYTES]

    async def delete(self, key: str) -> None:
        """Delete every version of `key`."""
        self._fail_if_told()
        self._objects.pop(key, None)

    async def prepare(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Tell what an S3 bucket of this kind would answer; there is nothing to set up."""
        self._fail_if_told()
        created, self._prepared = not self._prepared, True
        return BucketSetup(
            created=created, versioned=self._versioned, noncurrent_expiry=self._versioned, cors=bool(cors_origins)
        )

    async def ping(self) -> None:
        """Return unless told to fail."""
        self._fail_if_told()

    def _pinned(self, key: str, content: StoredContent) -> bytes:
        for stored, body in self._objects.get(key, ()):
            if stored.version_id == content.version_id and stored.etag == content.etag:
                return body
        raise ContentChangedError(f"{key!r} no longer has the content {content.etag!r}")

    def _fail_if_told(self) -> None:
        if self._failures > 0:
            self._failures -= 1
            raise StorageUnavailableError("told to fail") from ConnectionError("told to fail")
