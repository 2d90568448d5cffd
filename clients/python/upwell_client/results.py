"""What the client returns and reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Phase = Literal["hashing", "asking", "sending", "verifying", "receiving"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload as the service has it.

    `file_hash`: the SHA-256, 64 hex digits. `message`: what the service says of it, such as why it failed.
    `deletes_at`: when it is deleted; None: not by itself.
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
    """A file that was received and proved."""

    upload: Upload
    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a step is. `total_bytes` None: nobody knows. `upload`: what the service said last, once it said anything.

    `done_bytes` may go down: what did not arrive is sent again. `found_bytes` of them were in storage before.
    `stored_bytes`: of an upload in parts, what is in storage as whole parts; an interruption does not lose it.
    """

    phase: Phase
    done_bytes: int
    total_bytes: int | None
    upload: Upload | None
    found_bytes: int = 0
    stored_bytes: int = 0
