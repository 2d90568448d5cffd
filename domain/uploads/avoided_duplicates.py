"""Bytes that were not sent, because an earlier upload has them: an event with a stream of its own, and no state."""

from datetime import datetime

import msgspec

from domain.events.event import JSON, Event


class AnnouncedFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a file was announced that was not sent. The personal fields are None once its original is gone.

    `deletes_at`: when it was to be deleted, had it been sent and completed at once; None: not by itself.
    """

    filename: str | None
    content_type: str
    declared_size_bytes: int | None
    metadata: JSON | None
    create_object: bool
    object_metadata: JSON | None
    blob_property: str | None
    deletes_at: datetime | None = None


class UploadDuplicateAvoided(Event, frozen=True, omit_defaults=True, tag="upload.duplicate_avoided.v1"):
    """Bytes were not sent at all, because an earlier upload has them. It has a stream of its own (`dup_…`).

    `request`: what was announced, which the original need not have; older events do not say it.
    """

    original_upload_id: str
    sha256: str
    saved_bytes: int
    request: AnnouncedFile | None = None
