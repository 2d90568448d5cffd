"""Objects and their blobs on the wire: the shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.buckets.schema import FieldType
from entrypoints.http.wire import (
    Json,
    PaginationResponse,
    Request,
    Response,
    Retention,
    SortOption,
    TaskStatus,
    one_of,
)

InlineData = str | int | float | bool | Json | list[Any]


class CreateBlobRequest(Request, frozen=True):
    """A part of an object: either the bytes of an upload, or data."""

    property: Annotated[str, Meta(min_length=1, max_length=100)]
    type: FieldType
    key_prefix: str | None = None
    data: InlineData | None = None
    upload_id: (
        Annotated[
            str,
            Meta(
                pattern="^upl_[a-zA-Z0-9_-]+$",
                examples=["upl_4mq1c0x7v9k2b8aj"],
                extra={"allowed": "the id of an upload (upl_…)"},
            ),
        ]
        | None
    ) = None
    metadata: Json | None = None
    canonicalize_source: bool | None = None
    force_remirror: bool | None = None
    checksum: str | None = None


class CreateObjectRequest(Request, frozen=True, forbid_unknown_fields=False):
    """A new object. All other fields are its own: see `own_fields`.

    `expires_after_seconds`: how long it is kept; null: as long as its bucket keeps objects.
    """

    key_prefix: str | None = None
    blobs: list[CreateBlobRequest] = msgspec.field(default_factory=list)
    skip_duplicates: bool = False
    canonicalize_source: bool = True
    force_remirror: bool = False
    idempotency_key: str | None = None
    expires_after_seconds: Retention | None = None


class CreateObjectsBatchRequest(Request, frozen=True):
    """Several objects."""

    objects: Annotated[list[CreateObjectRequest], Meta(max_length=100)]


class UpdateObjectRequest(Request, frozen=True):
    """Changes of an object; omitted fields stay.

    `expires_after_seconds`: how long it is kept from now on; null: until it is deleted.
    """

    key_prefix: str | None = None
    blobs: list[CreateBlobRequest] | None = None
    metadata: Json | None = None
    skip_duplicates: bool | None = None
    expires_after_seconds: Retention | UnsetType | None = UNSET


class PatchObjectRequest(Request, frozen=True, forbid_unknown_fields=False):
    """Changes of an object. All other fields are its own: see `own_fields`.

    `expires_after_seconds`: how long it is kept from now on; null: until it is deleted.
    """

    key_prefix: str | None = None
    skip_duplicates: bool | None = None
    expires_after_seconds: Retention | UnsetType | None = UNSET


class BlobDetails(Response, frozen=True):
    """Facts about a blob's bytes. `hash`: SHA-256. For a URL, all fields are null."""

    filename: str | None
    size_bytes: int | None
    mime_type: str | None
    hash: str | None


class BlobModel(Response, frozen=True):
    """A part of an object. `data`: inline data; `presigned_url`: a download URL, if requested."""

    blob_id: str
    property: str
    type: Annotated[str, one_of(*FieldType)]
    details: BlobDetails
    properties: Json
    upload_id: str | None
    key_prefix: str | None = None
    data: Any = None
    presigned_url: str | None = None


class ObjectResponse(Response, frozen=True):
    """An object. Its metadata is next to these fields, under the names of the schema's properties.

    `deletes_at`: when the object is deleted with its bytes; null: not automatically.
    """

    object_id: str
    bucket_id: str
    blobs: list[BlobModel]
    created_at: datetime
    updated_at: datetime
    key_prefix: str | None = None
    source_details: list[Json] = msgspec.field(default_factory=list)
    status: TaskStatus = "DRAFT"
    error: str | None = None
    deletes_at: datetime | None = None


class FailedObjectError(Response, frozen=True):
    """Why an object of a batch was not created."""

    object_index: int
    error: str
    error_type: str
    code: str
    details: Json


class CreateObjectsBatchResponse(Response, frozen=True):
    """The results of a batch."""

    succeeded: list[ObjectResponse]
    failed: list[FailedObjectError]
    total_requested: int
    succeeded_count: int
    failed_count: int


def own_fields(body: Json, request: type[msgspec.Struct]) -> Json:
    """Return the fields of a body that are the object's own: those that are not fields of the request."""
    return {name: value for name, value in body.items() if name not in request.__struct_fields__}


class ListObjectsRequest(Request, frozen=True):
    """The selection of objects and of their fields."""

    filters: Json | None = None
    sort: SortOption | None = None
    search: str | None = None
    select: list[str] | None = None


class ObjectListStats(Response, frozen=True):
    """Figures of the page; with `include_total`, of all that match."""

    total_objects: int
    total_blobs: int
    avg_blobs_per_object: float
    objects_by_status: dict[str, int]


class ListedObject(Response, frozen=True):
    """An object, or its selected fields."""

    object_id: str
    bucket_id: str
    blobs: list[BlobModel] | UnsetType = UNSET
    created_at: datetime | UnsetType = UNSET
    updated_at: datetime | UnsetType = UNSET
    key_prefix: str | UnsetType | None = UNSET
    source_details: list[Json] | UnsetType = UNSET
    status: TaskStatus | UnsetType = UNSET
    error: str | UnsetType | None = UNSET
    deletes_at: datetime | UnsetType | None = UNSET


class ListObjectsResponse(Response, frozen=True):
    """A page of objects."""

    results: list[ListedObject]
    pagination: PaginationResponse
    stats: ObjectListStats
