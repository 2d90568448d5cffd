"""The original of uploads with the same bytes, and the duplicate that inherits its bytes.

An original is a completed upload with `skip_duplicates` whose verified bytes storage still has. Of several, the one
with the lowest position wins, for originals as for heirs, so that the result does not depend on the time of the query.

PostgreSQL's `upwell.refusal` and the query `originals` are the twins.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import msgspec

from domain.uploads.retention import lasts_until
from domain.uploads.upload import Status


class WantedContent(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes (by SHA-256, 64 hex digits) in a bucket that are needed until `ends_at`; None: forever."""

    bucket_id: str
    sha256: str
    ends_at: datetime | None = None


class KeptUpload(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about an upload that decide whether it is an original.

    `position`: of its first event. `own_end`: when a completed upload is deleted if no object holds it; `deletes_at`:
    its current end.
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
    def has_verified_bytes(self) -> bool:
        """Whether storage still has the verified bytes under this upload's key."""
        return self.status is Status.COMPLETED and self.keeps_bytes and self.changed_etag is None


AnUpload = TypeVar("AnUpload", bound=KeptUpload)


def is_original(upload: KeptUpload, wanted_content: WantedContent) -> bool:
    """Return whether an upload of the same bytes, with the same lifetime, may be a duplicate of this one.

    An upload that ends sooner is not an original. Both its own end and that of the objects that hold it must be later,
    because the objects may release it.
    """
    return (
        (upload.bucket_id, upload.sha256) == (wanted_content.bucket_id, wanted_content.sha256)
        and upload.skip_duplicates
        and upload.has_verified_bytes
        and lasts_until(wanted_content.ends_at, upload.own_end)
        and lasts_until(wanted_content.ends_at, upload.deletes_at)
    )


def original_of(wanted_content: WantedContent, uploads: Iterable[AnUpload]) -> AnUpload | None:
    """Return the earliest original, or None."""
    return _first(upload for upload in uploads if is_original(upload, wanted_content))


def heir_of(upload_id: str, uploads: Iterable[AnUpload]) -> AnUpload | None:
    """Return the completed duplicate that inherits the bytes of a deleted upload: the earliest, or None."""
    return _first(each for each in uploads if each.duplicate_of == upload_id and each.status is Status.COMPLETED)


def _first(uploads: Iterable[AnUpload]) -> AnUpload | None:
    return min(uploads, key=lambda upload: upload.position, default=None)
