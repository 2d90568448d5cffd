"""The request of an upload, and its reservation."""

from datetime import datetime

import msgspec

from domain.buckets.bucket import Policy
from domain.events.event import JSON
from domain.uploads.content_rules import ContentCheck


class UploadRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The request of an upload. The personal fields are None after the upload was forgotten.

    `declared_size_bytes` None: unknown; 0 bytes are reserved. `declared_sha256`: 64 hex digits. `due_at`: when a worker
    checks an unconfirmed upload (the URL's expiry plus a grace period). `unique_key`: SHA-256 of the unique key's
    values, if there is one. `part_size`: of every part but the last; None: it is sent whole. `storage_checks`: storage
    refuses bytes with another hash, and refuses to overwrite. `auto_confirm`: the bytes are verified as soon as storage
    reports them, without a confirmation. `content_check`, `min_file_size_bytes`, `max_file_size_bytes`: the bucket's
    rules at the time of the request; the last one is the token's, if that is lower. `expires_after_seconds`: how long
    the completed upload is kept; None: until it is deleted. `deletes_at`: its end if it completed at once; the
    completion sets the final one. `urls_end_at`: after this time no URL is issued, because the token allows none.
    `post_range`: the least and the most bytes of a file that is sent by a form; None: it is sent with PUT.
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
    post_range: tuple[int, int] | None = None


def reserved(request: UploadRequest) -> int:
    """Return the bytes that a request reserves until it ends."""
    return request.declared_size_bytes or 0
