"""The results and progress reports of the client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Phase = Literal["hashing", "asking", "sending", "verifying", "receiving"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The service's state of an upload.

    `file_hash`: the SHA-256, 64 hex digits. `message`: a message of the service, such as the reason of a failure.
    `deletes_at`: when the upload is deleted automatically; None: never.
    """

    upload_id: str
    status: str
    filename: str | None = None
    content_type: str | None = None
    bucket_id: str | None = None
    file_size_bytes: int | None = None
    file_hash: str | None = None
    etag: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    object_metadata: Mapping[str, Any] | None = None
    object_id: str | None = None
    blob_property: str | None = None
    is_duplicate: bool = False
    duplicate_of_upload_id: str | None = None
    skipped_unique_key: bool = False
    existing_object_id: str | None = None
    message: str | None = None
    task_id: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    completed_at: datetime | None = None
    verified_at: datetime | None = None
    deletes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A received and verified file."""

    upload: Upload
    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of a step. `total_bytes` None: unknown. `upload`: the last state from the service, if any.

    `done_bytes` may decrease when bytes are sent again. `found_bytes` of them were already in storage.
    `stored_bytes`: the whole parts of a multipart upload in storage, which an interruption does not lose.
    """

    phase: Phase
    done_bytes: int
    total_bytes: int | None
    upload: Upload | None
    found_bytes: int = 0
    stored_bytes: int = 0
