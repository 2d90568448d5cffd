"""The events of an upload: everything that can have happened to it. `upload` decides which, and what follows.

They contain the byte counts of the quota (`reserved_bytes`, `released_bytes`, `accepted_bytes`, `freed_bytes`), so that
a ledger is a sum over the log and needs no knowledge of states.
"""

import enum
from datetime import datetime

from domain.events.event import Event
from domain.uploads.content import Claimed, VerifiedContent
from domain.uploads.request import UploadRequest


class SeenBy(enum.StrEnum):
    """The first observer of the bytes."""

    CONFIRM = "confirm"
    STORAGE_EVENT = "storage_event"
    SWEEPER = "sweeper"


class FailureReason(enum.StrEnum):
    """Why an upload failed: stable, for machines."""

    EXPIRED = "expired"
    ETAG_MISMATCH = "etag_mismatch"
    SIZE_MISMATCH = "size_mismatch"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    FILE_TOO_LARGE = "file_too_large"
    FILE_TOO_SMALL = "file_too_small"
    HASH_MISMATCH = "hash_mismatch"
    CONTENT_ENCODING = "content_encoding"
    CONTENT_TYPE_MISMATCH = "content_type_mismatch"
    OBJECT_NOT_FOUND = "object_not_found"
    QUOTA_EXCEEDED = "quota_exceeded"
    REQUESTER_REVOKED = "requester_revoked"
    REPLACE_DENIED = "replace_denied"


class UploadRequested(Event, frozen=True, tag="upload.requested.v1"):
    """An upload was requested and a URL issued. `reserved_bytes` of the quota are reserved for it."""

    upload_id: str
    request: UploadRequest
    reserved_bytes: int


class UploadSkipped(Event, frozen=True, tag="upload.skipped.v1"):
    """No URL was issued: an object with the same unique key exists."""

    upload_id: str
    request: UploadRequest
    existing_object_id: str
    forget_at: datetime


class UploadStarted(Event, frozen=True, tag="upload.started.v1"):
    """The first part was signed. `multipart_id`: storage's own id of the multipart upload."""

    upload_id: str
    multipart_id: str


class UploadUrlReissued(Event, frozen=True, tag="upload.url_reissued.v1"):
    """A fresh URL was issued."""

    upload_id: str
    expires_at: datetime
    due_at: datetime


class UploadVerificationBegan(Event, frozen=True, tag="upload.verification_began.v1"):
    """The bytes were seen and are being verified: `inline` in the confirm request, otherwise by a worker."""

    upload_id: str
    task_id: str
    seen_by: SeenBy
    inline: bool
    claimed: Claimed


class UploadVerified(Event, frozen=True, tag="upload.verified.v1"):
    """The bytes match the request."""

    upload_id: str
    content: VerifiedContent


class UploadCompleted(Event, frozen=True, omit_defaults=True, tag="upload.completed.v1"):
    """The upload is completed; its reservation is replaced by `accepted_bytes`.

    A duplicate, or an upload whose unique key was taken in the meantime, keeps no bytes: `accepted_bytes` is 0 and
    `keeps_bytes` is false. `deletes_at`: when the upload is deleted automatically; None: never. `forget_at` of older
    events has no meaning.
    """

    upload_id: str
    object_id: str | None
    duplicate_of: str | None
    existing_object_id: str | None
    keeps_bytes: bool
    released_bytes: int
    accepted_bytes: int
    due_at: datetime
    forget_at: datetime | None
    deletes_at: datetime | None = None


class UploadFailed(Event, frozen=True, tag="upload.failed.v1"):
    """The upload will never complete; its reservation is released and its bytes are deleted."""

    upload_id: str
    reason: FailureReason
    message: str
    released_bytes: int
    due_at: datetime
    forget_at: datetime


class UploadVerificationAbandoned(Event, frozen=True, tag="upload.verification_abandoned.v1"):
    """Storage was unavailable; the upload is in its previous state, and a worker tries again at `retry_at`.

    `due_at`: when a worker checks an unconfirmed upload, not before `retry_at`.
    """

    upload_id: str
    reason: str
    attempt: int
    retry_at: datetime
    due_at: datetime


class UploadCanceled(Event, frozen=True, tag="upload.canceled.v1"):
    """The upload was canceled. `kept_bytes`: bytes that stay in storage, and count, until it is forgotten."""

    upload_id: str
    keeps_bytes: bool
    kept_bytes: int
    released_bytes: int
    due_at: datetime
    forget_at: datetime


class UploadContentChanged(Event, frozen=True, tag="upload.content_changed.v1"):
    """After the completion, storage holds other bytes than the verified ones. `etag` None: nothing."""

    upload_id: str
    etag: str | None


class UploadBytesInherited(Event, frozen=True, tag="upload.bytes_inherited.v1"):
    """A duplicate inherits the bytes of its original, because the original is deleted.

    `due_at`: the end of the time in which the original's URL could overwrite the bytes. The other duplicates of
    `from_upload_id` become duplicates of this upload.
    """

    upload_id: str
    from_upload_id: str
    storage_key: str | None
    etag: str
    version_id: str | None
    accepted_bytes: int
    due_at: datetime


class UploadDeleted(Event, frozen=True, omit_defaults=True, tag="upload.deleted.v1"):
    """A completed or skipped upload was deleted. The effects are those of `UploadForgotten`."""

    upload_id: str
    freed_bytes: int
    heir_id: str | None = None


class UploadForgotten(Event, frozen=True, omit_defaults=True, tag="upload.forgotten.v1"):
    """The record is removed from the read side, its bytes are deleted, and the personal fields of its events are null.

    `heir_id`: the duplicate that inherits the bytes; then they are not deleted.
    """

    upload_id: str
    freed_bytes: int
    heir_id: str | None = None


UploadEvent = (
    UploadRequested
    | UploadSkipped
    | UploadStarted
    | UploadUrlReissued
    | UploadVerificationBegan
    | UploadVerified
    | UploadCompleted
    | UploadFailed
    | UploadVerificationAbandoned
    | UploadCanceled
    | UploadContentChanged
    | UploadBytesInherited
    | UploadDeleted
    | UploadForgotten
)
