"""The routes of uploads."""

from collections import Counter
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import Scope

from application.confirming_upload import Confirmed
from application.doing_once import Creation
from application.ports.read_side import UploadRecord
from application.ports.url_signer import SignedRequest
from application.requesting_upload import Wish
from application.uploads import upload_not_found
from domain.admission import Announcement
from domain.api_key import Permission
from domain.bucket import Policy
from domain.rate_limiting import RequestClass
from domain.refusals import InvalidInputError
from domain.upload import Claimed, Status
from entrypoints.http.admission import Admitted, Needs, admitted_in
from entrypoints.http.idempotency import once
from entrypoints.http.paging import Cursor, IncludeTotal, Limit, Offset, page_request, pagination
from entrypoints.http.wire.uploads import (
    ConfirmUploadRequest,
    ConfirmUploadResponse,
    CreateUploadRequest,
    ListUploadsRequest,
    ListUploadsResponse,
    UploadListStats,
    UploadResponse,
)

_LIST = Needs(Permission.READ, counts_as=RequestClass.SEARCH).opt()
_CREATE = Needs(Permission.WRITE, active=True, tokens=True, counts_as=RequestClass.UPLOAD, once=True).opt()
_READ_OWN = Needs(Permission.READ, tokens=True, counts_as=RequestClass.DATA).opt()
_CONFIRM_OWN = Needs(Permission.WRITE, tokens=True, counts_as=RequestClass.UPLOAD).opt()
_DELETE_OWN = Needs(Permission.DELETE, tokens=True, counts_as=RequestClass.DATA).opt()
TAGS = ["Uploads"]

Async = Annotated[bool, QueryParameter(name="async")]
Bytes = 2**63 - 1


@post("/buckets/{bucket_identifier:str}/uploads", status_code=200, opt=_CREATE, tags=TAGS)
async def create_upload(
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up before the body is read
    data: JSONBody[CreateUploadRequest],
    scope: Scope,
) -> UploadResponse:
    """Check a file and give out a presigned URL for it."""
    admitted = admitted_in(scope)
    wish = Wish(
        announcement=Announcement(
            filename=data.filename,
            content_type=data.content_type,
            file_size_bytes=data.file_size_bytes,
            metadata=data.metadata,
            create_object=data.create_object_on_confirm,
            object_metadata=data.object_metadata,
            blob_property=data.blob_property,
            blob_type=data.blob_type,
        ),
        url_expires_in_seconds=data.presigned_url_expiration,
        sha256=data.file_hash,
        skip_duplicates=data.skip_duplicates,
    )
    request_upload = admitted.services.request_upload
    answer = await once(
        scope,
        data,
        Creation(
            prefix="upl_",
            make=lambda ids: request_upload(admitted.caller, admitted.namespace, admitted.bucket, wish, ids=ids),
            made=lambda answer: (answer.record.upload_id,),
            again=lambda known: request_upload.again(
                admitted.namespace, known.ids[0], is_duplicate=known.ids != known.drawn
            ),
        ),
    )
    return render(answer.record, answer.signed, is_duplicate=answer.is_duplicate, message=answer.message)


@post("/buckets/{bucket_identifier:str}/uploads/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_uploads(
    request: Request[Any, Any, Any],
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up before the body is read
    scope: Scope,
    data: JSONBody[ListUploadsRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,
) -> ListUploadsResponse:
    """List a bucket's uploads, newest first."""
    admitted = admitted_in(scope)
    body = data or ListUploadsRequest()
    asked = page_request(
        limit=limit or body.limit,
        offset=body.offset if offset is None else offset,
        cursor=cursor,
        search=body.search,
        filters=body.filters,
        sort=body.sort,
        with_total=include_total,
        fields=("status",),
    )
    page = await admitted.services.ports.read_side.uploads(
        admitted.namespace.namespace_id, admitted.bucket.bucket_id, asked
    )
    sizes = [record.size_bytes or record.declared_size_bytes or 0 for record in page.rows]
    return ListUploadsResponse(
        results=[render(record) for record in page.rows],
        pagination=pagination(request.url.path, page, asked),
        stats=UploadListStats(
            total_uploads=len(page.rows),
            total_size_bytes=sum(sizes),
            uploads_by_status=dict(Counter(record.status.value for record in page.rows)),
            avg_file_size_bytes=sum(sizes) / len(sizes) if sizes else 0.0,
            unique_buckets=len({record.bucket_id for record in page.rows}),
        ),
    )


@get(["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}", "/uploads/{upload_id:str}"], opt=_READ_OWN, tags=TAGS)
async def get_upload(upload_id: FromPath[str], scope: Scope) -> UploadResponse:
    """Return an upload as it stands."""
    admitted = admitted_in(scope)
    record = await admitted.services.ports.read_side.upload(admitted.namespace.namespace_id, _id(upload_id))
    if record is None or _bucket_id(admitted) not in {None, record.bucket_id}:
        raise upload_not_found(upload_id)
    return render(record)


@delete(
    ["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}", "/uploads/{upload_id:str}"],
    status_code=204,
    opt=_DELETE_OWN,
    tags=TAGS,
)
async def delete_upload(upload_id: FromPath[str], scope: Scope, delete_s3_object: FromQuery[bool] = True) -> None:
    """Cancel an upload and delete its bytes, unless they are to stay until the record is forgotten."""
    admitted = admitted_in(scope)
    await admitted.services.cancel_upload(
        admitted.caller,
        admitted.namespace,
        _id(upload_id),
        bucket_id=_bucket_id(admitted),
        keep_bytes=not delete_s3_object,
    )


@post(
    ["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}/confirm", "/uploads/{upload_id:str}/confirm"],
    status_code=200,
    opt=_CONFIRM_OWN,
    tags=TAGS,
)
async def confirm_upload(
    upload_id: FromPath[str],
    scope: Scope,
    data: JSONBody[ConfirmUploadRequest | None] = None,
    as_task: Async = False,
    policy: FromQuery[str | None] = None,
) -> ConfirmUploadResponse:
    """Prove that the bytes have arrived as promised, and complete the upload."""
    admitted = admitted_in(scope)
    body = data or ConfirmUploadRequest()
    confirmed = await admitted.services.confirm_upload(
        admitted.caller,
        admitted.namespace,
        _id(upload_id),
        bucket_id=_bucket_id(admitted),
        claimed=Claimed(etag=body.etag, size_bytes=body.file_size_bytes, policy=_policy(policy)),
        as_task=as_task,
    )
    return _render_confirmed(confirmed)


def render(
    record: UploadRecord,
    signed: SignedRequest | None = None,
    *,
    is_duplicate: bool = False,
    message: str | None = None,
) -> UploadResponse:
    """Return an upload as the wire has it. `is_duplicate`: it stands in for one that was not made."""
    return UploadResponse(
        upload_id=record.upload_id,
        bucket_id=record.bucket_id,
        filename=record.filename,
        content_type=record.content_type,
        file_size_bytes=record.declared_size_bytes if record.size_bytes is None else record.size_bytes,
        presigned_url=signed.url if signed else None,
        presigned_url_expiration=record.url_expires_in_seconds,
        s3_key=record.storage_key,
        status=record.status,
        metadata=record.metadata,
        create_object_on_confirm=record.create_object,
        object_metadata=record.object_metadata,
        blob_property=record.blob_property,
        blob_type=record.blob_type,
        file_hash=record.sha256 or record.declared_sha256,
        skip_duplicates=record.skip_duplicates,
        is_duplicate=is_duplicate or record.duplicate_of is not None,
        duplicate_of_upload_id=record.upload_id if is_duplicate else record.duplicate_of,
        skipped_unique_key=record.existing_object_id is not None,
        existing_object_id=record.existing_object_id,
        message=message or record.message,
        created_at=record.created_at,
        expires_at=record.expires_at,
        completed_at=record.completed_at,
        verified_at=record.verified_at,
        etag=record.etag,
        object_id=record.object_id,
        task_id=record.task_id,
        required_headers=signed.headers if signed else None,
    )


def _render_confirmed(confirmed: Confirmed) -> ConfirmUploadResponse:
    record = confirmed.record
    done = confirmed.status is Status.COMPLETED
    return ConfirmUploadResponse(
        upload_id=record.upload_id,
        status=confirmed.status,
        etag=record.etag,
        file_size_bytes=record.size_bytes if done else record.declared_size_bytes,
        file_hash=record.sha256 or record.declared_sha256,
        verified_at=record.verified_at,
        completed_at=record.completed_at,
        object_id=record.object_id,
        task_id=confirmed.task_id,
        message=confirmed.message,
        is_duplicate=record.duplicate_of is not None,
        duplicate_of_upload_id=record.duplicate_of,
        skipped_unique_key=record.existing_object_id is not None,
        existing_object_id=record.existing_object_id,
    )


def _bucket_id(admitted: Admitted) -> str | None:
    return admitted.given_bucket.bucket_id if admitted.given_bucket else None


def _id(value: str) -> str:
    if "\0" in value:
        raise upload_not_found(value.replace("\0", ""))
    return value


def _policy(value: str | None) -> Policy | None:
    try:
        return None if value is None else Policy(value)
    except ValueError:
        raise InvalidInputError(
            "invalid_policy", f"policy must be one of {', '.join(Policy)}.", {"policy": value and value[:50]}
        ) from None


ROUTES = [create_upload, list_uploads, get_upload, delete_upload, confirm_upload]
