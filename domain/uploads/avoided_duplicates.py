"""Avoided duplicates: files that were not sent, because an earlier upload has their bytes. An event, no state."""

from datetime import datetime

import msgspec

from domain.events.event import JSON, Event


class AnnouncedFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The announcement of a file that was not sent. The personal fields are None once its original is deleted.

    `deletes_at`: its end, if it had been sent and completed at once; None: never.
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
    """Bytes were not sent at all, because an earlier upload has them. The event has its own stream (`dup_…`).

    `request`: the announcement, which may differ from the original; missing in older events.
    """

    original_upload_id: str
    sha256: str
    saved_bytes: int
    request: AnnouncedFile | None = None
