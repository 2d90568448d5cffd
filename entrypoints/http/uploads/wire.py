"""Uploads, confirmations and lists on the wire: the shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from application.uploads.sending_parts import MAX_SIGNED_AT_ONCE
from domain.uploads.parts import MAX_PARTS, Multipart
from domain.uploads.upload import Status
from entrypoints.http.tasks.wire import TaskResponse, TaskStatusEnum
from entrypoints.http.wire import (
    Json,
    PaginationResponse,
    PartSize,
    PropertyName,
    Request,
    Response,
    Retention,
    SortOption,
    Url,
)

Sha256 = Annotated[
    str,
    Meta(
        min_length=64,
        max_length=64,
        pattern="^[a-f0-9]{64}$",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        extra={"allowed": "64 lower-case hex digits"},
    ),
]
FileSize = Annotated[int, Meta(ge=1, extra={"besides": "leave it out for an empty file"})]
PartNumber = Annotated[int, Meta(ge=1, le=MAX_PARTS)]


class CreateUploadRequest(Request, frozen=True):
    """A file that a client announces.

    `integrity`: with `storage`, storage itself refuses bytes with another `file_hash`; each part then has its own hash.

    `auto_confirm` null: the bucket's setting. `expires_after_seconds`: how long the upload, and an object made only of
    it, is kept after its completion; null: as long as its bucket keeps uploads. `part_size`: with it, `multipart`
    `auto` sends every file in parts that is declared to be larger than one part; null: the bucket's or the service's
    size. `method`: with `post`, the file is sent by a form, and storage bounds its size even if `file_size_bytes` is
    missing.
    """

    filename: Annotated[str, Meta(min_length=1, max_length=255)]
    content_type: str
    file_size_bytes: FileSize | None = None
    presigned_url_expiration: Annotated[int, Meta(ge=60, le=86400)] = 3600
    metadata: Json = msgspec.field(default_factory=dict)
    create_object_on_confirm: bool = True
    object_metadata: Json | None = None
    blob_property: PropertyName | None = None
    blob_type: str | None = None
    file_hash: Sha256 | None = None
    skip_duplicates: bool = True
    multipart: Multipart = Multipart.AUTO
    integrity: Literal["storage"] | None = None
    auto_confirm: bool | None = None
    expires_after_seconds: Retention | None = None
    part_size: PartSize | None = None
    method: Literal["put", "post"] = "put"


class UploadForm(Response, frozen=True):
    """A form that sends a file: a POST as `multipart/form-data` with all `fields`, and the file last, named `file`."""

    url: str
    fields: dict[str, str]


class UploadResponse(Response, frozen=True):
    """An upload, and the URL for its bytes if there is anything to send. `required_headers` must be sent with the PUT.

    If URLs are requested later, a completed upload has a `download_url`, which is repeated in `presigned_url` if it is
    not longer than the contract allows. `method`: the file is sent with one PUT to `presigned_url`, by the form `post`,
    or in parts of `part_size` bytes, the last one smaller; `part_count` is null if the size was not declared.
    `content_type_note`: how the leading bytes of a completed upload contradict its content type, if they do.
    `deletes_at`: when the upload is deleted with its bytes, and with the objects that hold them; null: not
    automatically. It counts from the completion: before that, it is the earliest possible time. `failure_reason`:
    the code of the failure; `message` describes it in a sentence. `upload_token`: in the answer that created the
    upload, a token for it alone, which can show, confirm, sign and cancel this upload.
    """

    upload_id: str
    bucket_id: str
    filename: str
    content_type: str
    file_size_bytes: int | None
    presigned_url: Url | None
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
    download_url: str | None = None
    method: Literal["put", "post", "multipart"] = "put"
    part_size: int | None = None
    part_count: int | None = None
    auto_confirm: bool = False
    integrity: Literal["storage"] | None = None
    content_type_note: str | None = None
    deletes_at: datetime | None = None
    failure_reason: str | None = None
    post: UploadForm | None = None
    upload_token: str | None = None


class BatchUploadRequest(Request, frozen=True):
    """Many files at once. Shared values apply to files without their own."""

    uploads: Annotated[list[CreateUploadRequest], Meta(min_length=1, max_length=100)]
    shared_metadata: Json | None = None
    shared_object_metadata: Json | None = None


class BatchUploadResponse(Response, frozen=True):
    """The uploads, in the order of the request."""

    uploads: list[UploadResponse]
    total: int


class CompletedPart(msgspec.Struct, kw_only=True, frozen=True):
    """A part that was sent, and the ETag that storage returned."""

    part_number: PartNumber
    etag: str


class PartToSign(msgspec.Struct, kw_only=True, frozen=True):
    """A part to send. `sha256`: 64 hex digits, checked by storage.

    `size_bytes`: required if `file_size_bytes` was not declared.
    """

    part_number: PartNumber
    sha256: Sha256 | None = None
    size_bytes: Annotated[int, Meta(ge=0)] | None = None


class SignPartsRequest(Request, frozen=True):
    """The parts to send: `part_numbers`, or `parts` if their hashes or sizes are required, never both."""

    part_numbers: Annotated[list[PartNumber], Meta(min_length=1, max_length=MAX_SIGNED_AT_ONCE)] | None = None
    parts: Annotated[list[PartToSign], Meta(min_length=1, max_length=MAX_SIGNED_AT_ONCE)] | None = None


class SignedPart(Response, frozen=True):
    """The URL for the PUT of one part. `required_headers` must be sent with it."""

    part_number: int
    url: str
    required_headers: dict[str, str]


class SignPartsResponse(Response, frozen=True):
    """URLs of parts, in the order of the request."""

    parts: list[SignedPart]


class StoredPart(Response, frozen=True):
    """A part in storage. `sha256`: if storage has checked and returns it."""

    part_number: int
    size_bytes: int
    etag: str
    sha256: str | None = None


class ListPartsResponse(Response, frozen=True):
    """The parts in storage, by number."""

    parts: list[StoredPart]


class ConfirmUploadRequest(Request, frozen=True):
    """The client's claims about the sent bytes; all are optional. `auto_submit_batch` is accepted without effect.

    `parts`: the parts of the file; by default, all parts in storage. `file_hash`: the SHA-256 of the file.
    `checksum_crc64nvme`: its CRC64NVME as S3 writes it, compared if storage has one for the whole file.
    """

    etag: str | None = None
    file_size_bytes: FileSize | None = None
    auto_submit_batch: bool | None = None
    parts: Annotated[list[CompletedPart], Meta(min_length=1, max_length=MAX_PARTS)] | None = None
    file_hash: Sha256 | None = None
    checksum_crc64nvme: (
        Annotated[
            str,
            Meta(
                min_length=12,
                max_length=12,
                pattern="^[A-Za-z0-9+/]{11}=$",
                examples=["rosUhgp5mIg="],
                extra={"allowed": "a CRC-64/NVME in base64, 12 characters"},
            ),
        ]
        | None
    ) = None


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
    content_type_note: str | None = None
    deletes_at: datetime | None = None


class Confirmation(msgspec.Struct, kw_only=True, frozen=True):
    """One upload that has been sent. Other fields are ignored."""

    upload_id: Annotated[str, Meta(max_length=200)]
    etag: str | None = None
    file_size_bytes: FileSize | None = None


class BatchConfirmRequest(Request, frozen=True):
    """Many uploads that have been sent."""

    confirmations: Annotated[list[Confirmation], Meta(min_length=1, max_length=100)]


class BatchConfirmResponse(Response, frozen=True):
    """The task that confirms them."""

    task_id: str
    status: TaskStatusEnum
    confirmations_count: int
    task: TaskResponse
    message: str = "Batch confirmation is being processed in the background."


class ListUploadsRequest(Request, frozen=True):
    """The selection of uploads."""

    filters: Json | None = None
    sort: SortOption | None = None
    search: str | None = None
    return_presigned_urls: bool = False
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    offset: Annotated[int, Meta(ge=0)] = 0


class ListAvoidedDuplicatesRequest(Request, frozen=True):
    """The selection of avoided duplicates."""

    filters: Json | None = None
    sort: SortOption | None = None
    search: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    offset: Annotated[int, Meta(ge=0)] = 0


class AvoidedDuplicateResponse(Response, frozen=True):
    """The announcement of a file that was not sent, because the upload `original_upload_id` has its bytes.

    `file_size_bytes`: as declared; `saved_bytes`: the actual size. `filename`, `content_type`, `metadata` and
    `create_object_on_confirm` are null in records from before they were stored.
    """

    duplicate_id: str
    bucket_id: str
    original_upload_id: str
    filename: str | None
    content_type: str | None
    file_size_bytes: int | None
    file_hash: str
    metadata: Json | None
    object_metadata: Json | None
    create_object_on_confirm: bool | None
    blob_property: str | None
    saved_bytes: int
    deletes_at: datetime | None
    created_at: datetime


class ListAvoidedDuplicatesResponse(Response, frozen=True):
    """A page of avoided duplicates. `saved_bytes`: of the page; with `include_total`, of all that match."""

    results: list[AvoidedDuplicateResponse]
    pagination: PaginationResponse
    saved_bytes: int


class UploadListStats(Response, frozen=True):
    """Figures of the page; with `include_total`, of all that match."""

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
