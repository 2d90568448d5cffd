"""Objects and their blobs."""

from datetime import datetime
from typing import Annotated

import msgspec

from domain.schema import FieldType
from entrypoints.http.wire.base import Json, Response, TaskStatus, one_of


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
    type: Annotated[str, one_of(*FieldType)]
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
