"""The shapes of the wire, named as in the contract. Requests refuse fields that nobody knows; answers may have more."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.api_key import Permission
from domain.bucket import UniqueKey
from domain.upload import Status

Json = dict[str, Any]


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """A request body."""


class Response(msgspec.Struct, kw_only=True, frozen=True):
    """A response body."""


class ErrorDetail(Response, frozen=True):
    """What went wrong: `type` is the contract's, `code` is stable and finer, `details` holds the facts."""

    type: str
    message: str
    code: str
    details: Json


class ErrorResponse(Response, frozen=True):
    """The envelope of every error."""

    status: int
    error: ErrorDetail
    success: bool = False


class PaginationResponse(Response, frozen=True):
    """Where a page stands, in both forms that clients read."""

    page: int
    page_size: int
    limit: int
    offset: int
    has_more: bool
    total: int | None = None
    total_count: int | None = None
    total_pages: int | None = None
    next_page: str | None = None
    previous_page: str | None = None
    next_cursor: str | None = None


# Uploads


class CreateUploadRequest(Request, frozen=True):
    """A file that a client announces."""

    filename: Annotated[str, Meta(min_length=1, max_length=255)]
    content_type: str
    file_size_bytes: Annotated[int, Meta(ge=1)] | None = None
    presigned_url_expiration: Annotated[int, Meta(ge=60, le=86400)] = 3600
    metadata: Json = {}
    create_object_on_confirm: bool = True
    object_metadata: Json | None = None
    blob_property: Annotated[str, Meta(pattern="^[a-zA-Z0-9_]+$")] | None = None
    blob_type: str | None = None
    file_hash: Annotated[str, Meta(min_length=64, max_length=64, pattern="^[a-f0-9]{64}$")] | None = None
    skip_duplicates: bool = True


class UploadResponse(Response, frozen=True):
    """An upload, and the URL to PUT to if there is anything to send. `required_headers` must be sent with the PUT."""

    upload_id: str
    bucket_id: str
    filename: str
    content_type: str
    file_size_bytes: int | None
    presigned_url: str | None
    presigned_url_expiration: int
    s3_key: str
    status: Status
    metadata: Json
    create_object_on_confirm: bool
    object_metadata: Json | None
    blob_property: str | None
    blob_type: str | None
    file_hash: str | None
    skip_duplicates: bool
    is_duplicate: bool
    duplicate_of_upload_id: str | None
    skipped_unique_key: bool
    existing_object_id: str | None
    message: str | None
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None
    verified_at: datetime | None
    etag: str | None
    object_id: str | None
    task_id: str | None
    required_headers: dict[str, str] | None = None


class ConfirmUploadRequest(Request, frozen=True):
    """What the client says of what it sent; all of it optional. `auto_submit_batch` is accepted and means nothing."""

    etag: str | None = None
    file_size_bytes: Annotated[int, Meta(ge=1)] | None = None
    auto_submit_batch: bool | None = None


class ConfirmUploadResponse(Response, frozen=True):
    """The upload after the confirmation."""

    upload_id: str
    status: Status
    etag: str | None
    file_size_bytes: int | None
    file_hash: str | None
    verified_at: datetime | None
    completed_at: datetime | None
    object_id: str | None
    task_id: str | None
    message: str | None
    is_duplicate: bool
    duplicate_of_upload_id: str | None
    skipped_unique_key: bool
    existing_object_id: str | None
    batch_id: str | None = None


class ListUploadsRequest(Request, frozen=True):
    """Which uploads. `filters` takes a status so far: `{"status": "PENDING"}`."""

    filters: Json | None = None
    sort: Json | None = None
    search: str | None = None
    return_presigned_urls: bool = False
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    offset: Annotated[int, Meta(ge=0, le=10000)] = 0


class UploadListStats(Response, frozen=True):
    """Figures of the page."""

    total_uploads: int
    total_size_bytes: int
    uploads_by_status: dict[str, int]
    avg_file_size_bytes: float
    unique_buckets: int


class ListUploadsResponse(Response, frozen=True):
    """A page of uploads."""

    results: list[UploadResponse]
    pagination: PaginationResponse
    stats: UploadListStats


# Buckets


class BucketCreateRequest(Request, frozen=True):
    """A bucket to be made."""

    bucket_name: str
    bucket_schema: Json
    description: str | None = None
    unique_key: UniqueKey | None = None
    metadata: Json = {}


class BucketResponse(Response, frozen=True):
    """A bucket with its counters."""

    bucket_id: str
    bucket_name: str
    description: str | None
    bucket_schema: Json | None
    unique_key: UniqueKey | None
    metadata: Json
    object_count: int
    total_size_bytes: int
    created_at: datetime
    updated_at: datetime
    last_upload_at: datetime | None
    stats_updated_at: datetime
    status: str
    is_locked: bool = False
    batch_stats: Json | None = None
    storage_stats: Json | None = None


class ListBucketsRequest(Request, frozen=True):
    """Which buckets."""

    search: str | None = None
    filters: Json | None = None
    sort: Json | None = None
    case_sensitive: bool = False
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10
    offset: Annotated[int, Meta(ge=0, le=10000)] = 0


class BucketListStats(Response, frozen=True):
    """Figures of the page."""

    total_objects: int
    total_size_bytes: int
    avg_objects_per_bucket: float
    avg_size_per_bucket: float


class ListBucketsResponse(Response, frozen=True):
    """A page of buckets."""

    results: list[BucketResponse]
    total_count: int
    pagination: PaginationResponse
    stats: BucketListStats


# Objects


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
    source_details: list[Json] = []
    status: str = "DRAFT"
    error: str | None = None


# Namespaces


class FeatureExtractor(Request, frozen=True):
    """A part of another product that works on this namespace: kept and returned."""

    feature_extractor_name: str
    version: str
    params: Json | None = None


class CreateNamespaceRequest(Request, frozen=True):
    """A namespace to be made. What belongs to other products is kept and returned; `mode` means nothing."""

    namespace_name: str
    feature_extractors: Annotated[list[FeatureExtractor], Meta(min_length=1)]
    namespace_type: str | None = "standard"
    description: str | None = None
    payload_indexes: list[Json] | None = None
    auto_create_indexes: bool | None = False
    infrastructure: Json | None = None
    mode: str | None = None


class NamespaceModel(Response, frozen=True):
    """A namespace with its counters."""

    namespace_id: str
    namespace_name: str
    namespace_type: str
    description: str | None
    feature_extractors: list[Json]
    payload_indexes: list[Json] | None
    auto_create_indexes: bool
    infrastructure: Json | None
    bucket_count: int
    object_count: int
    created_at: datetime
    updated_at: datetime
    document_count: int | None = None
    collection_count: int | None = None
    cluster_id: str | None = None
    vector_inference_map: dict[str, str] | None = None


class ListNamespacesRequest(Request, frozen=True):
    """Which namespaces."""

    filters: Json | None = None
    sort: Json | None = None
    search: str | None = None
    case_sensitive: bool = False


class NamespaceListStats(Response, frozen=True):
    """Figures of the page."""

    total_buckets: int
    total_objects: int
    avg_buckets_per_namespace: float
    avg_objects_per_namespace: float
    total_feature_extractors: int
    total_payload_indexes: int


class ListNamespacesResponse(Response, frozen=True):
    """A page of namespaces."""

    results: list[NamespaceModel]
    pagination: PaginationResponse
    total_count: int
    stats: NamespaceListStats


# API keys


class APIKeyCreateRequest(Request, frozen=True):
    """A key to be given out."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    description: Annotated[str, Meta(max_length=500)] | None = None
    permissions: tuple[Permission, ...] = (Permission.READ, Permission.WRITE, Permission.DELETE)
    scopes: tuple[Json, ...] | None = None
    rate_limit_override: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    expires_at: datetime | None = None


class APIKeyCreateResponse(Response, frozen=True):
    """A key with its secret, which is shown this once."""

    key: str
    key_id: str
    key_hash: str
    key_prefix: str
    internal_id: str
    organization_id: str
    user_id: str
    name: str
    description: str
    permissions: tuple[Permission, ...]
    scopes: tuple[Json, ...]
    rate_limit_override: int | None
    expires_at: datetime | None
    created_at: datetime
    created_by: str
    status: str = "active"
    key_type: str = "standard"
    subscription_id: str | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    allowed_origins: list[str] | None = None


class GenericSuccessResponse(Response, frozen=True):
    """It is done."""

    message: str = "Successfully completed"
    success: bool = True


class Health(Response, frozen=True):
    """Whether the process lives, or which part of it is not ready."""

    status: str
    parts: dict[str, str] = {}
