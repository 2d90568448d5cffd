"""Objects and their blobs."""

from datetime import datetime

import msgspec

from entrypoints.http.wire.base import FieldType, Json, Response, TaskStatus


class BlobDetails(Response, frozen=True):
    """The file behind a blob. `hash`: SHA-256."""

    filename: str | None
    size_bytes: int
    mime_type: str
    hash: str


class BlobModel(Response, frozen=True):
    """One file of an object."""

    blob_id: str
    property: str
    type: FieldType
    details: BlobDetails
    properties: Json
    upload_id: str
    key_prefix: str | None = None


class ObjectResponse(Response, frozen=True):
    """An object. Its metadata stands beside these fields, under the names of the schema's properties."""

    object_id: str
    bucket_id: str
    blobs: list[BlobModel]
    created_at: datetime
    updated_at: datetime
    key_prefix: str | None = None
    source_details: list[Json] = msgspec.field(default_factory=list)
    status: TaskStatus = "DRAFT"
    error: str | None = None
