"""What was asked for of an upload, and what that reserves."""

from datetime import datetime

import msgspec

from domain.buckets.bucket import Policy
from domain.events.event import JSON
from domain.uploads.content_rules import ContentCheck


class UploadRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for. The personal fields are None once the upload was forgotten.

    `declared_size_bytes` None: not known before; 0 bytes are reserved. `declared_sha256`: 64 hex digits.
    `due_at`: when somebody looks whether the client came back (the URL's expiry and some grace).
    `unique_key`: SHA-256 of the unique key's values, where one applies. `part_size`: of every part but the last; None:
    it is sent by a single PUT. `storage_checks`: storage refuses bytes of another hash, and to replace what it has.
    `auto_confirm`: the bytes are proved as soon as storage tells of them, without a confirmation.
    `content_check`, `min_file_size_bytes`, `max_file_size_bytes`: as the bucket had them when the upload was admitted.
    `expires_after_seconds`: how long the upload is kept once it is completed; None: until somebody deletes it.
    `deletes_at`: when it is deleted if it is completed at once; the completion says when in the end.
    `urls_end_at`: past which no URL is given out, because the token that it was requested with allows none.
    """

    filename: str | None
    content_type: str
    storage_key: str | None
    declared_size_bytes: int | None
    declared_sha256: str | None
    url_expires_in_seconds: int
    expires_at: datetime
    due_at: datetime
    metadata: JSON | None
    create_object: bool
    object_metadata: JSON | None
    blob_property: str | None
    blob_type: str | None
    skip_duplicates: bool
    unique_key: str | None
    policy: Policy
    part_size: int | None = None
    storage_checks: bool = False
    auto_confirm: bool = False
    content_check: ContentCheck = ContentCheck.WARN
    min_file_size_bytes: int | None = None
    max_file_size_bytes: int | None = None
    expires_after_seconds: int | None = None
    deletes_at: datetime | None = None
    urls_end_at: datetime | None = None


def reserved(request: UploadRequest) -> int:
    """Return how many bytes of the quota a request holds until it ends."""
    return request.declared_size_bytes or 0
