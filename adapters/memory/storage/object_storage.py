"""Storage in a dictionary, for tests and demonstrations, with the promises of the S3 adapter."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from application.ports.storage.object_storage import (
    LIST_PAGE,
    MIN_PART_BYTES,
    BucketSetup,
    ContentChangedError,
    Fetched,
    ListedMultipart,
    ListedObject,
    PartsRefusedError,
    StorageUnavailableError,
    StoredContent,
    StoredPart,
)

CHUNK_BYTES: Final = 1024 * 1024

Item = TypeVar("Item")


@dataclass(slots=True)
class _Multipart:
    content_type: str
    begun_at: datetime
    checked: bool
    parts: dict[int, tuple[StoredPart, bytes]] = field(default_factory=dict)


class WrongChecksumError(Exception):
    """The bytes do not match their checksum, or a part has no checksum: a server responds with 400."""


class MemoryObjectStorage:
    """Implements `ObjectStorage`, with versions or without.

    `put`, `put_part`, `multiparts`, `get` and `fail_next` are not part of the port: they play the client and a
    broken network.

    `min_part_bytes`: lower for tests with small parts. `now`: the time of a write.
    """

    def __init__(
        self,
        *,
        versioned: bool = True,
        min_part_bytes: int = MIN_PART_BYTES,
        bucket: str = "memory",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.bucket = bucket
        self._now = now
        self._put_at: dict[str, datetime] = {}
        self._versioned = versioned
        self._min_part_bytes = min_part_bytes
        self._objects: dict[str, list[tuple[StoredContent, bytes]]] = {}
        self._multiparts: dict[tuple[str, str], _Multipart] = {}
        self._puts = 0
        self._begun = 0
        self._prepared = False
        self._failures = 0

    def put(
        self,
        key: str,
        body: bytes,
        content_type: str | None = None,
        *,
        sha256_checksum: bool = False,
        crc64nvme: str | None = None,
        content_encoding: str | None = None,
    ) -> StoredContent:
        """Store `body` as a client's PUT would.

        `sha256_checksum`: the client sent a checksum, and storage checked it. `crc64nvme`: storage's own, if it has
        one. `content_encoding`: a header that no URL signs, but storage keeps.
        """
        sha256 = hashlib.sha256(body).hexdigest() if sha256_checksum else None
        return self._store(key, body, _md5(body).hex(), content_type, sha256, crc64nvme, content_encoding)

    def put_part(
        self, key: str, multipart_id: str, part_number: int, body: bytes, *, sha256: str | None = None
    ) -> StoredPart | None:
        """Store a part as a client's PUT would, in place of an earlier one; None: a server responds with 404.

        `sha256`: the checksum of the part, in hex digits.
        """
        multipart = self._multiparts.get((key, multipart_id))
        if multipart is None:
            return None
        if multipart.checked != (sha256 is not None) or sha256 not in {None, hashlib.sha256(body).hexdigest()}:
            raise WrongChecksumError
        part = StoredPart(part_number=part_number, size_bytes=len(body), etag=_md5(body).hex(), sha256=sha256)
        multipart.parts[part_number] = part, body
        return part

    def multiparts(self) -> set[tuple[str, str]]:
        """Return key and id of every open multipart upload."""
        return set(self._multiparts)

    def get(self, key: str, version_id: str | None = None) -> tuple[StoredContent, bytes] | None:
        """Return the result of a client's GET: the latest version, or the given one."""
        versions = self._objects.get(key, [])
        return next((each for each in reversed(versions) if version_id in {None, each[0].version_id}), None)

    def fail_next(self, calls: int) -> None:
        """Make the next `calls` calls of the port raise `StorageUnavailableError`; 0 ends the failure."""
        self._failures = calls

    async def head(self, key: str) -> StoredContent | None:
        """Return the current content of `key`, or None."""
        self._fail_if_told()
        versions = self._objects.get(key)
        return versions[-1][0] if versions else None

    async def fetch(self, key: str, *, limit_bytes: int) -> Fetched | None:
        """Return the current content of `key` with its bytes, unless there are too many, or None."""
        self._fail_if_told()
        versions = self._objects.get(key)
        if not versions:
            return None
        content, body = versions[-1]
        return Fetched(content=content, body=body if len(body) <= limit_bytes else None)

    async def read(self, key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        """Stream exactly the bytes that `content` describes."""
        self._fail_if_told()
        body = self._pinned(key, content)[:first_bytes]
        for start in range(0, len(body), CHUNK_BYTES):
            yield body[start : start + CHUNK_BYTES]

    async def delete(self, key: str) -> None:
        """Delete every version of `key`."""
        self._fail_if_told()
        self._objects.pop(key, None)

    async def keep_only(self, key: str, version_id: str) -> None:
        """Delete all versions of `key` except this one."""
        self._fail_if_told()
        if kept := [each for each in self._objects.get(key, ()) if each[0].version_id == version_id]:
            self._objects[key] = kept

    async def begin_multipart(self, key: str, *, content_type: str, checked: bool = False) -> str:
        """Create a multipart upload, and return its id."""
        self._fail_if_told()
        self._begun += 1
        multipart_id = f"multipart-{self._begun}"
        self._multiparts[key, multipart_id] = _Multipart(content_type, self._now(), checked)
        return multipart_id

    async def parts(
        self, key: str, multipart_id: str, *, etags: Mapping[int, str] | None = None
    ) -> Sequence[StoredPart] | None:
        """Return all parts by number; None if the multipart upload does not exist."""
        del etags  # only one part is kept per number
        self._fail_if_told()
        multipart = self._multiparts.get((key, multipart_id))
        return None if multipart is None else [part for _, (part, _) in sorted(multipart.parts.items())]

    async def complete_multipart(
        self, key: str, multipart_id: str, parts: Sequence[StoredPart], *, only_new: bool = False
    ) -> bool:
        """Create the object from these parts; other parts are deleted, as in S3."""
        named = {part.part_number: part.etag for part in sorted(parts, key=lambda part: part.part_number)}
        if not parts or len(named) < len(parts):
            raise ValueError("at least one part is needed, and each number only once")
        self._fail_if_told()
        multipart = self._multiparts.get((key, multipart_id))
        if multipart is None or (only_new and key in self._objects):
            return False
        stored = multipart.parts
        if missing := [n for n, etag in named.items() if n not in stored or stored[n][0].etag != etag]:
            raise PartsRefusedError(missing=missing)
        if too_small := [n for n in [*named][:-1] if stored[n][0].size_bytes < self._min_part_bytes]:
            raise PartsRefusedError(too_small=too_small)
        bodies = [stored[n][1] for n in named]
        etag = f"{_md5(b''.join(map(_md5, bodies))).hex()}-{len(bodies)}"
        self._store(key, b"".join(bodies), etag, multipart.content_type)
        del self._multiparts[key, multipart_id]
        return True

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Abort a multipart upload and delete its parts."""
        self._fail_if_told()
        self._multiparts.pop((key, multipart_id), None)

    async def abort_multiparts(self, key: str) -> None:
        """Abort all multipart uploads of this key."""
        self._fail_if_told()
        for each in [each for each in self._multiparts if each[0] == key]:
            del self._multiparts[each]

    async def list_objects(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all keys, in pages."""
        self._fail_if_told()
        for keys in _pages(sorted(self._objects), page):
            there = [(key, self._objects[key][-1][0]) for key in keys if key in self._objects]
            yield [
                ListedObject(key=key, size_bytes=content.size_bytes, modified_at=self._put_at[key])
                for key, content in there
            ]

    async def list_old_versions(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedObject]]:
        """Yield all noncurrent versions, in pages."""
        self._fail_if_told()
        old = [(key, content) for key, versions in sorted(self._objects.items()) for content, _ in versions[:-1]]
        for some in _pages(old, page):
            yield [
                ListedObject(key=key, size_bytes=content.size_bytes, modified_at=self._put_at[key])
                for key, content in some
            ]

    async def list_multiparts(self, *, page: int = LIST_PAGE) -> AsyncIterator[Sequence[ListedMultipart]]:
        """Yield all open multipart uploads, in pages."""
        self._fail_if_told()
        for ids in _pages(sorted(self._multiparts), page):
            yield [
                ListedMultipart(key=each[0], multipart_id=each[1], begun_at=self._multiparts[each].begun_at)
                for each in ids
                if each in self._multiparts
            ]

    async def prepare(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Return what an S3 bucket of this kind would report; there is nothing to set up."""
        self._fail_if_told()
        created, self._prepared = not self._prepared, True
        return BucketSetup(
            created=created, versioned=self._versioned, noncurrent_expiry=self._versioned, cors=bool(cors_origins)
        )

    async def ping(self) -> None:
        """Return, unless set to fail."""
        self._fail_if_told()

    async def try_writing(self) -> None:
        """Return, unless set to fail."""
        self._fail_if_told()

    def _store(
        self,
        key: str,
        body: bytes,
        etag: str,
        content_type: str | None,
        sha256: str | None = None,
        crc64nvme: str | None = None,
        content_encoding: str | None = None,
    ) -> StoredContent:
        self._puts += 1
        content = StoredContent(
            size_bytes=len(body),
            etag=etag,
            content_type=content_type,
            content_encoding=content_encoding,
            version_id=f"version-{self._puts}" if self._versioned else None,
            sha256=sha256,
            crc64nvme=crc64nvme,
        )
        before = self._objects.get(key, []) if self._versioned else []
        self._objects[key] = [*before, (content, body)]
        self._put_at[key] = self._now()
        return content

    def _pinned(self, key: str, content: StoredContent) -> bytes:
        for stored, body in self._objects.get(key, ()):
            if stored.version_id == content.version_id and stored.etag == content.etag:
                return body
        raise ContentChangedError(f"{key!r} no longer has the content {content.etag!r}")

    def _fail_if_told(self) -> None:
        if self._failures > 0:
            self._failures -= 1
            raise StorageUnavailableError("set to fail") from ConnectionError("set to fail")


def _pages(found: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (found[first : first + size] for first in range(0, len(found), size))


def _md5(body: bytes) -> bytes:
    return hashlib.md5(body, usedforsecurity=False).digest()
