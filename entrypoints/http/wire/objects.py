"""Objects and their blobs."""

from datetime import datetime

import msgspec

from entrypoints.http.wire.base import Json, PaginationResponse, Request, Response, SortOption


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
    type: str
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
    status: str = "DRAFT"
    error: str | None = None


class ListObjectsRequest(Request, frozen=True):
    """Which objects, and which of their fields."""

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


class ListObjectsResponse(Response, frozen=True):
    """A page of objects."""

    results: list[ObjectResponse]
    pagination: PaginationResponse
    stats: ObjectListStats
