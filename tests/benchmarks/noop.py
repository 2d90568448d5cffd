"""The baseline of the creates: the same body, parsed into the same struct, and a fixed answer."""

from datetime import UTC, datetime

from litestar import Litestar, post
from litestar.params import FromPath, JSONBody

from domain.uploads.upload import Status
from entrypoints.http.uploads.wire import CreateUploadRequest, UploadResponse

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ANSWER = UploadResponse(
    upload_id="upl_a1b2c3d4e5f6g7h8",
    bucket_id="bkt_a1b2c3d4e5f6g7h8",
    filename="product_video.mp4",
    content_type="video/mp4",
    file_size_bytes=10485760,
    presigned_url="http://127.0.0.1:9000/" + "x" * 400,
    presigned_url_expiration=3600,
    s3_key="x" * 100,
    status=Status.PENDING,
    metadata={"campaign": "summer_2024", "source": "mobile_app"},
    create_object_on_confirm=True,
    object_metadata=None,
    blob_property="video",
    blob_type="VIDEO",
    file_hash=None,
    skip_duplicates=True,
    is_duplicate=False,
    duplicate_of_upload_id=None,
    skipped_unique_key=False,
    existing_object_id=None,
    message=None,
    created_at=_NOW,
    expires_at=_NOW,
    completed_at=None,
    verified_at=None,
    etag=None,
    object_id=None,
    task_id=None,
)


@post("/v1/buckets/{bucket_identifier:str}/uploads", status_code=200)
async def create_upload(
    bucket_identifier: FromPath[str],  # noqa: ARG001  # as the real route has it
    data: JSONBody[CreateUploadRequest],  # noqa: ARG001  # parsed, and left
) -> UploadResponse:
    """Answer immediately."""
    return _ANSWER


def create_app() -> Litestar:
    """Return the application."""
    return Litestar(route_handlers=[create_upload], logging_config=None, openapi_config=None)
