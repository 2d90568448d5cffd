"""Which completed upload later ones of the same bytes are duplicates of, and which duplicate inherits its bytes.

An original is a completed upload that shares (`skip_duplicates`) and whose proved bytes storage still has. Among
several the lowest position wins, for originals as for heirs, so that the answer does not depend on when somebody asks.

PostgreSQL's `upwell.refusal` and the query `originals` are the twins.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import msgspec

from domain.uploads.retention import lasts_until
from domain.uploads.upload import Status


class Sameness(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes (by SHA-256, 64 hex digits) in a bucket, for something that lasts until `ends_at`. None: for good."""

    bucket_id: str
    sha256: str
    ends_at: datetime | None = None


class KeptUpload(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known of an upload.

    `position`: of its first event. `own_end`: when a completed upload is deleted if no object holds it; `deletes_at`:
    when it is deleted as things are.
    """

    upload_id: str
    bucket_id: str
    position: int
    status: Status
    skip_duplicates: bool
    sha256: str | None = None
    duplicate_of: str | None = None
    changed_etag: str | None = None
    keeps_bytes: bool = True
    own_end: datetime | None = None
    deletes_at: datetime | None = None

    @property
    def has_proved_bytes(self) -> bool:
        """Whether storage has, under this upload's key, the bytes that were proved."""
        return self.status is Status.COMPLETED and self.keeps_bytes and self.changed_etag is None


AnUpload = TypeVar("AnUpload", bound=KeptUpload)


def is_original(upload: KeptUpload, sameness: Sameness) -> bool:
    """Return whether an upload of the same bytes, which lasts so long, may be a duplicate of this one.

    One that ends sooner is no original: neither its own end nor that of the objects that hold it may come first. They
    may let go of it.
    """
    return (
        (upload.bucket_id, upload.sha256) == (sameness.bucket_id, sameness.sha256)
        and upload.skip_duplicates
        and upload.has_proved_bytes
        and lasts_until(sameness.ends_at, upload.own_end)
        and lasts_until(sameness.ends_at, upload.deletes_at)
    )


def original_of(sameness: Sameness, uploads: Iterable[AnUpload]) -> AnUpload | None:
    """Return the earliest original, or None."""
    return _first(upload for upload in uploads if is_original(upload, sameness))


def heir_of(upload_id: str, uploads: Iterable[AnUpload]) -> AnUpload | None:
    """Return the completed duplicate that inherits the bytes of an upload that goes: the earliest, or None."""
    return _first(each for each in uploads if each.duplicate_of == upload_id and each.status is Status.COMPLETED)


def _first(uploads: Iterable[AnUpload]) -> AnUpload | None:
    return min(uploads, key=lambda upload: upload.position, default=None)
