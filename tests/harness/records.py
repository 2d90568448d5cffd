"""The model's records of uploads, parts and objects, and its expectations of announcements and bytes."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.harness.system import (
    Ask,
    Claim,
    Refused,
)

PENDING, IN_PROGRESS, PROCESSING, COMPLETED = "PENDING", "IN_PROGRESS", "PROCESSING", "COMPLETED"
FAILED, CANCELED, SKIPPED, FORGOTTEN = "FAILED", "CANCELED", "SKIPPED", "forgotten"
WAITING = (PENDING, IN_PROGRESS)
OPEN = (*WAITING, PROCESSING)
STATUSES = (PENDING, IN_PROGRESS, PROCESSING, COMPLETED, FAILED, CANCELED, SKIPPED)


def sha256(body: bytes) -> str:
    """Return the hash in its form on the wire."""
    return hashlib.sha256(body).hexdigest()


def sooner(one: datetime | None, other: datetime | None) -> bool:
    """Return whether an end comes before another one; None: never."""
    return one is not None and (other is None or one < other)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later one of two ends; None: never."""
    return other if sooner(one, other) else one


def etag_of_parts(parts: Iterable["Part"]) -> str:
    """Return the ETag of the assembled parts, as in S3."""
    digests = [hashlib.md5(part.body, usedforsecurity=False).digest() for part in parts]
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


@dataclass(frozen=True)
class Url:
    """A URL for sending, with its first and last moment.

    `fields`: of a form. `sizes`: the least and the most bytes that the form accepts.
    """

    url: str
    headers: Mapping[str, str]
    signed_at: datetime
    expires_at: datetime
    fields: Mapping[str, str] | None = None
    sizes: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Part:
    """A part that storage has."""

    body: bytes
    etag: str


@dataclass(eq=False)
class Object:
    """An object. `blobs`: by property, the upload whose bytes it holds. It gets its id from the feed."""

    bucket: str
    title: str
    blobs: dict[str, "Upload"]
    object_id: str = ""
    ends_at: datetime | None = None

    def holds(self, upload: "Upload") -> bool:
        """Return whether these bytes are part of it."""
        return upload in self.blobs.values()


@dataclass(eq=False)
class Upload:
    """An upload. `stored`: what lies under its key now. `content`: the verified bytes. `keeps`: its bytes should stay.

    `multipart`: storage's id of the parts, as long as it has them. `before`: where it goes back to. `arrived`: the
    ETags of all that ever lay under its key. `ends_at`: its own end. `discards`: the upload that the deletions of what
    lies under its key are named by.
    """

    ask: Ask
    upload_id: str
    storage_key: str
    expires_at: datetime
    due_at: datetime
    status: str
    part_size: int | None = None
    url: Url | None = None
    part_urls: dict[int, Url] = field(default_factory=dict)
    multipart: str | None = None
    parts: dict[int, Part] = field(default_factory=dict)
    before: str = PENDING
    reserved: int = 0
    accepted: int = 0
    stored: bytes | None = None
    etag: str | None = None
    arrived: list[str] = field(default_factory=list)
    claim: Claim = field(default_factory=Claim)
    task_id: str | None = None
    content: bytes | None = None
    content_etag: str | None = None
    keeps: bool = False
    changed_etag: str | None = None
    changed_at: datetime | None = None
    object: Object | None = None
    existing: Object | None = None
    duplicate_of: "Upload | None" = None
    reason: str | None = None
    forget_at: datetime | None = None
    ends_at: datetime | None = None
    discards: str = ""
    deletions: list[datetime] = field(default_factory=list)
    recheck_at: datetime | None = None
    worker_from: datetime | None = None
    tags: list[str] = field(default_factory=list)
    once_bad: set[str] = field(default_factory=set)

    @property
    def part_count(self) -> int | None:
        """How many parts it has, if that is known."""
        if self.part_size is None or self.ask.size_bytes is None:
            return None
        return -(-self.ask.size_bytes // self.part_size)

    @property
    def has_other_bytes(self) -> bool:
        """Whether storage has other bytes now than the known ones."""
        return (self.etag or "") not in {self.content_etag, self.changed_etag}

    def store(self, body: bytes, etag: str) -> None:
        """Record the stored object of its key from now on."""
        self.stored, self.etag = body, etag
        self.arrived.append(etag)

    def lose(self) -> None:
        """Forget all of its stored objects."""
        self.stored = self.etag = self.multipart = None
        self.parts = {}

    @property
    def held(self) -> bool:
        """Whether an object holds its bytes."""
        return self.object is not None and self.object.holds(self)

    def shown(self) -> dict[str, Any]:
        """Return its fields in an answer."""
        content = self.content
        return {
            "upload_id": self.upload_id,
            "status": self.status,
            "size_bytes": self.ask.size_bytes if content is None else len(content),
            "sha256": self.ask.sha256 if content is None else sha256(content),
            "is_duplicate": self.duplicate_of is not None,
            "duplicate_of": self.duplicate_of.upload_id if self.duplicate_of else None,
            "skipped_unique_key": self.existing is not None,
            "existing_object_id": self.existing.object_id if self.existing else None,
            "object_id": self.object.object_id if self.object else None,
            "task_id": self.task_id,
        }

    def listed(self) -> dict[str, Any]:
        """Return its further fields in a list."""
        return {
            "method": self.ask.method,
            "part_size": self.part_size,
            "part_count": self.part_count,
            "auto_confirm": self.ask.confirms_itself,
            "deletes_at": self.object.ends_at if self.held and self.object else self.ends_at,
        }

    @property
    def first_end(self) -> datetime | None:
        """When it ends at the earliest: at its own end, or at that of the object that holds it."""
        ends = [self.ends_at, self.object.ends_at if self.held and self.object else None]
        return min((end for end in ends if end is not None), default=None)

    def swap(self, heir: "Upload") -> None:
        """Leave its stored object to an heir, and take that of the heir, which is then deleted."""
        for name in _OF_THE_KEY:
            mine, theirs = getattr(self, name), getattr(heir, name)
            setattr(self, name, theirs)
            setattr(heir, name, mine)


# The fields of an upload about its key in storage, not about its request.
_OF_THE_KEY = (
    "storage_key",
    "due_at",
    "url",
    "part_urls",
    "multipart",
    "parts",
    "stored",
    "etag",
    "arrived",
    "deletions",
    "discards",
)


@dataclass(frozen=True)
class Skip:
    """No URL: an object has the unique key."""

    existing: Object


@dataclass(frozen=True)
class Known:
    """No URL: an upload has the bytes. `wants_object`: and is to be in an object."""

    original: Upload
    wants_object: bool = False


@dataclass(frozen=True)
class Give:
    """A URL."""


Admission = Refused | Skip | Known | Give


@dataclass(frozen=True)
class Bad:
    """The bytes are not accepted."""

    reason: str


@dataclass(frozen=True)
class Good:
    """The bytes are accepted. `into`: the object that they go into, None for a new one if `makes`."""

    original: Upload | None
    existing: Object | None
    makes: bool
    into: Object | None

    @property
    def keeps(self) -> bool:
        """Whether the upload keeps its own bytes."""
        return self.original is None and self.existing is None
