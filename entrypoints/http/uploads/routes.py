"""The routes of uploads."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import Scope
from msgspec import UNSET, structs

from application.events.reading import MAX_WAIT_SECONDS
from application.idempotency import Creation
from application.keys.callers import may_read
from application.lists.listing import AVOIDED_DUPLICATES, UPLOADS, Listing
from application.ports.lists.pages import PageRequest
from application.ports.storage.url_signer import MAX_URL_LENGTH, SignedRequest
from application.ports.uploads.upload_reads import AvoidedDuplicate, UploadRecord
from application.uploads.awaiting_ends import OPEN
from application.uploads.completing_multipart import NamedPart
from application.uploads.confirming import Confirmed
from application.uploads.confirming_many import Confirmation
from application.uploads.hiding_others import as_ordinary, without_others
from application.uploads.records import find_upload, record_at
from application.uploads.requesting import Answer
from application.uploads.sending_parts import WantedPart
from application.uploads.signing import Signed
from domain.buckets.bucket import Policy, policy_named
from domain.keys.api_key import Permission
from domain.limits.rate_limits import RequestClass
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, WrongStateError
from domain.shared_fields import made_from
from domain.uploads.admission import Announcement
from domain.uploads.content import Claimed
from domain.uploads.parts import part_count
from domain.uploads.upload import Status
from entrypoints.http.admission.admission import Admitted, Needs, admitted_in
from entrypoints.http.admission.idempotency import once
from entrypoints.http.answers.errors import HEAD_ASKED
from entrypoints.http.events.event_stream import Streams
from entrypoints.http.requests.paging import Cursor, IncludeTotal, Limit, Offset, page_request, pagination
from entrypoints.http.requests.times import time_named
from entrypoints.http.tasks.routes import render as render_task
from entrypoints.http.transport.server import until_ending
from entrypoints.http.uploads.wire import (
    AvoidedDuplicateResponse,
    BatchConfirmRequest,
    BatchConfirmResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    ConfirmUploadRequest,
    ConfirmUploadResponse,
    CreateUploadRequest,
    ListAvoidedDuplicatesRequest,
    ListAvoidedDuplicatesResponse,
    ListPartsResponse,
    ListUploadsRequest,
    ListUploadsResponse,
    SignedPart,
    SignPartsRequest,
    SignPartsResponse,
    StoredPart,
    UploadForm,
    UploadListStats,
    UploadResponse,
)
from entrypoints.http.wire import Json

_LIST = Needs(Permission.READ, counts_as=RequestClass.SEARCH).opt()
_CREATE = Needs(
    Permission.WRITE, active=True, tokens=True, counts_as=RequestClass.UPLOAD, once=True, bytes_follow=True
).opt()
_CREATE_MANY = Needs(
    Permission.WRITE,
    active=True,
    tokens=True,
    counts_as=RequestClass.UPLOAD,
    once=True,
    bytes_follow=True,
    many=True,
).opt()
_CONFIRM_MANY = Needs(Permission.WRITE, tokens=True, counts_as=RequestClass.UPLOAD, many=True).opt()
_READ_OWN = Needs(Permission.READ, tokens=True, counts_as=RequestClass.DATA).opt()
_CONFIRM_OWN = Needs(Permission.WRITE, tokens=True, counts_as=RequestClass.UPLOAD).opt()
_DELETE_OWN = Needs(Permission.DELETE, tokens=True, counts_as=RequestClass.DATA).opt()
TAGS = ["Uploads"]

At = Annotated[str | None, QueryParameter(description="A point in time: return the upload as it was then.")]
Wait = Annotated[
    float, QueryParameter(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for the end of the upload.")
]
OnlyOpen = Annotated[bool, QueryParameter(description="Refuse an upload that is completed or skipped.")]
Async = Annotated[bool, QueryParameter(name="async")]
MAX_BATCH_BYTES = 4 * 1024 * 1024


@post("/buckets/{bucket_identifier:str}/uploads", status_code=200, opt=_CREATE, tags=TAGS)
async def create_upload(
    data: JSONBody[CreateUploadRequest], scope: Scope, policy: FromQuery[str | None] = None
) -> UploadResponse:
    """Check a file and issue a presigned URL, or a form, for it."""
    admitted = admitted_in(scope)
    announcement = _announced(data, policy_named(policy))
    request_upload = admitted.services.request_upload
    answer = await once(
        scope,
        data,
        Creation(
            prefix="upl_",
            make=lambda ids: request_upload(
                admitted.caller, admitted.namespace, admitted.bucket, announcement, ids=ids
            ),
            made=lambda answer: (answer.record.upload_id,),
            found=request_upload.made_before,
            again=lambda known: request_upload.again(
                admitted.caller, admitted.namespace, admitted.bucket, known.ids[0], drawn=known.drawn[0]
            ),
        ),
    )
    return await _render_answer(admitted, answer)


@post(
    "/buckets/{bucket_identifier:str}/uploads/batch",
    status_code=200,
    opt=_CREATE_MANY,
    tags=TAGS,
    request_max_body_size=MAX_BATCH_BYTES,
)
async def create_uploads(
    data: JSONBody[BatchUploadRequest], scope: Scope, policy: FromQuery[str | None] = None
) -> BatchUploadResponse:
    """Check many files and issue a presigned URL for each; one refusal refuses all of them."""
    admitted = admitted_in(scope)
    announcements = [
        _announced(one, policy_named(policy), data.shared_metadata, data.shared_object_metadata) for one in data.uploads
    ]
    request_upload = admitted.services.request_upload
    answers = await once(
        scope,
        data,
        Creation(
            prefix="upl_",
            count=len(announcements),
            make=lambda ids: request_upload.many(
                admitted.caller, admitted.namespace, admitted.bucket, announcements, ids=ids
            ),
            made=lambda answers: tuple(answer.record.upload_id for answer in answers),
            found=request_upload.made_before,
            again=lambda known: request_upload.all_again(
                admitted.caller, admitted.namespace, admitted.bucket, announcements, known.ids, drawn=known.drawn
            ),
        ),
    )
    return BatchUploadResponse(
        uploads=[await _render_answer(admitted, answer) for answer in answers],
        total=len(answers),
    )


def _asked(
    listing: Listing[Any],
    body: ListUploadsRequest | ListAvoidedDuplicatesRequest,
    limit: int | None,
    offset: int | None,
    cursor: str | None,
    *,
    include_total: bool,
) -> PageRequest:
    """Return the requested page; the query takes precedence over the body."""
    return page_request(
        listing,
        limit=limit or body.limit,
        offset=body.offset if offset is None else offset,
        cursor=cursor,
        search=body.search,
        filters=body.filters,
        sort=body.sort,
        with_total=include_total,
        with_figures=include_total,
    )


@post("/buckets/{bucket_identifier:str}/uploads/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_uploads(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListUploadsRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,
) -> ListUploadsResponse:
    """List a bucket's uploads, with filters, search and sort order; newest first by default."""
    admitted = admitted_in(scope)
    body = data or ListUploadsRequest()
    asked = _asked(UPLOADS, body, limit, offset, cursor, include_total=include_total)
    page = await admitted.services.ports.read_side.uploads(
        admitted.namespace.namespace_id, admitted.bucket.bucket_id, asked
    )
    signed = await _signed(admitted, page.rows, wanted=body.return_presigned_urls)
    figures = page.figures or UPLOADS.figures(page.rows)
    size_bytes = figures.sums["size_bytes"]
    return ListUploadsResponse(
        results=[render(record, urls.put, download=urls.get) for record, urls in zip(page.rows, signed, strict=True)],
        pagination=pagination(request.url.path, UPLOADS, page, asked),
        stats=UploadListStats(
            total_uploads=figures.count,
            total_size_bytes=size_bytes,
            uploads_by_status=dict(figures.by_status),
            avg_file_size_bytes=size_bytes / (figures.count or 1),
            unique_buckets=min(figures.count, 1),
        ),
    )


@post("/buckets/{bucket_identifier:str}/duplicates/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_avoided_duplicates(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListAvoidedDuplicatesRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,
) -> ListAvoidedDuplicatesResponse:
    """List the files that did not have to be sent to a bucket again, as announced; newest first by default."""
    admitted = admitted_in(scope)
    body = data or ListAvoidedDuplicatesRequest()
    asked = _asked(AVOIDED_DUPLICATES, body, limit, offset, cursor, include_total=include_total)
    page = await admitted.services.ports.read_side.avoided_duplicates(
        admitted.namespace.namespace_id, admitted.bucket.bucket_id, asked
    )
    figures = page.figures or AVOIDED_DUPLICATES.figures(page.rows)
    return ListAvoidedDuplicatesResponse(
        results=[_render_avoided(avoided) for avoided in page.rows],
        pagination=pagination(request.url.path, AVOIDED_DUPLICATES, page, asked),
        saved_bytes=figures.sums["saved_bytes"],
    )


@get(["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}", "/uploads/{upload_id:str}"], opt=_READ_OWN, tags=TAGS)
async def get_upload(
    upload_id: FromPath[str],
    scope: Scope,
    return_presigned_urls: FromQuery[bool] = False,
    at: At = None,
    wait: Wait = 0,
) -> UploadResponse:
    """Return an upload in its current state, with fresh URLs on request; or its state at an earlier time.

    With `wait`, an upload that is pending, in progress or processing is returned when it has ended, or when the time is
    over.
    """
    admitted = admitted_in(scope)
    record = await _found(admitted, upload_id)
    moment = time_named(at, "at")
    if moment is not None:
        if wait:
            raise InvalidInputError(
                "invalid_wait", "The past does not change: send either at or wait.", {"field": "wait"}
            )
        then = record_at(await admitted.services.ports.log.read_stream(record.upload_id), moment)
        if then is None:
            raise NotFoundError(
                "upload_not_found",
                "The upload did not exist at that time: send a later time.",
                {"upload_id": record.upload_id},
            )
        return render(await _shown(admitted, then))
    if wait and record.status in OPEN and HEAD_ASKED not in scope:
        record = await _at_end(scope, admitted, record, wait)
    (signed,) = await _signed(admitted, [record], wanted=return_presigned_urls)
    return render(await _shown(admitted, record), signed.put, download=signed.get)


@delete(
    ["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}", "/uploads/{upload_id:str}"],
    status_code=204,
    opt=_DELETE_OWN,
    tags=TAGS,
)
async def delete_upload(
    upload_id: FromPath[str], scope: Scope, delete_s3_object: FromQuery[bool] = True, only_open: OnlyOpen = False
) -> None:
    """Cancel an upload, or delete a completed or skipped upload with its bytes.

    The bytes of a canceled upload may remain until its record is deleted. Bytes that another upload or an object
    also uses are kept for it. An upload whose bytes are part of an object is deleted with the object.
    """
    admitted = admitted_in(scope)
    try:
        await admitted.services.cancel_upload(
            admitted.caller,
            admitted.namespace,
            upload_id,
            bucket_id=_bucket_id(admitted),
            keep_bytes=not delete_s3_object,
            only_open=only_open,
        )
    except WrongStateError as refused:
        if refused.details.get("object_id") is None or await _knows(admitted, upload_id):
            raise
        raise WrongStateError(
            refused.code,
            "The upload's bytes are part of an object: delete the object instead.",
            {**refused.details, "object_id": None},
        ) from refused


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
    """Verify that the announced bytes have arrived, and complete the upload."""
    admitted = admitted_in(scope)
    body = data or ConfirmUploadRequest()
    confirmed = await admitted.services.confirm_upload(
        admitted.caller,
        admitted.namespace,
        upload_id,
        bucket_id=_bucket_id(admitted),
        claimed=Claimed(
            etag=body.etag,
            size_bytes=body.file_size_bytes,
            policy=policy_named(policy),
            sha256=UNSET if body.file_hash is None else body.file_hash,
            crc64nvme=UNSET if body.checksum_crc64nvme is None else body.checksum_crc64nvme,
        ),
        as_task=as_task,
        parts=None
        if body.parts is None
        else [NamedPart(part_number=one.part_number, etag=(one.etag or "").strip('"')) for one in body.parts],
    )
    return _render_confirmed(structs.replace(confirmed, record=await _shown_confirmed(admitted, confirmed.record)))


@post(
    ["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}/sign", "/uploads/{upload_id:str}/sign"],
    status_code=200,
    opt=_CONFIRM_OWN,
    tags=TAGS,
)
async def sign_upload(upload_id: FromPath[str], scope: Scope) -> UploadResponse:
    """Extend an open upload, and issue a fresh URL or form if it is not sent in parts."""
    admitted = admitted_in(scope)
    await _check_known(admitted, upload_id)
    record, signed = await admitted.services.send_parts.sign_again(
        admitted.caller, admitted.namespace, upload_id, bucket_id=_bucket_id(admitted)
    )
    return render(await _shown(admitted, record), signed)


@post(
    ["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}/parts/sign", "/uploads/{upload_id:str}/parts/sign"],
    status_code=200,
    opt=_CONFIRM_OWN,
    tags=TAGS,
)
async def sign_parts(upload_id: FromPath[str], data: JSONBody[SignPartsRequest], scope: Scope) -> SignPartsResponse:
    """Issue URLs for parts; the first call begins the multipart upload."""
    admitted = admitted_in(scope)
    await _check_known(admitted, upload_id)
    parts = await admitted.services.send_parts.sign(
        admitted.caller, admitted.namespace, upload_id, _wanted(data), bucket_id=_bucket_id(admitted)
    )
    return SignPartsResponse(
        parts=[
            SignedPart(part_number=part.part_number, url=part.signed.url, required_headers=part.signed.headers)
            for part in parts
        ]
    )


@get(
    ["/buckets/{bucket_identifier:str}/uploads/{upload_id:str}/parts", "/uploads/{upload_id:str}/parts"],
    opt=_READ_OWN,
    tags=TAGS,
)
async def list_parts(upload_id: FromPath[str], scope: Scope) -> ListPartsResponse:
    """List the parts that storage has, so that a client can resume the upload."""
    admitted = admitted_in(scope)
    parts = await admitted.services.send_parts.parts(admitted.namespace, upload_id, bucket_id=_bucket_id(admitted))
    return ListPartsResponse(
        parts=[
            StoredPart(part_number=part.part_number, size_bytes=part.size_bytes, etag=part.etag, sha256=part.sha256)
            for part in parts
        ]
    )


@post(
    "/buckets/{bucket_identifier:str}/uploads/confirm/batch",
    status_code=200,
    opt=_CONFIRM_MANY,
    tags=TAGS,
    request_max_body_size=MAX_BATCH_BYTES,
)
async def confirm_uploads(data: JSONBody[BatchConfirmRequest], scope: Scope) -> BatchConfirmResponse:
    """Verify many uploads in the background; the task has the result of each."""
    admitted = admitted_in(scope)
    confirmations = [
        Confirmation(
            upload_id=one.upload_id,
            claimed=Claimed(etag=one.etag, size_bytes=one.file_size_bytes),
        )
        for one in data.confirmations
    ]
    task = await admitted.services.confirm_many(admitted.caller, admitted.bucket, confirmations)
    rendered = render_task(task)
    if not may_read(admitted.caller, admitted.namespace, admitted.bucket):  # a worker may already have begun
        rendered = structs.replace(rendered, outputs=[])
    return BatchConfirmResponse(
        task_id=task.task_id, status=rendered.status, confirmations_count=len(confirmations), task=rendered
    )


async def _found(admitted: Admitted, upload_id: str) -> UploadRecord:
    return await find_upload(
        admitted.services.ports.read_side, admitted.namespace.namespace_id, upload_id, _bucket_id(admitted)
    )


async def _at_end(scope: Scope, admitted: Admitted, record: UploadRecord, seconds: float) -> UploadRecord:
    """Return an open upload when it has ended or the time is over. Meanwhile the request has the place of a stream."""
    streams: Streams = scope["litestar_app"].state.streams
    streams.check(admitted.caller)
    with streams.held(admitted.caller):
        await until_ending(scope, admitted.services.await_end(record, seconds), None)
    await admitted.services.admit.still(admitted.caller)
    return await _found(admitted, record.upload_id)


async def _render_answer(admitted: Admitted, answer: Answer) -> UploadResponse:
    record = await _shown(admitted, answer.record)
    is_theirs = answer.is_duplicate or record.version == 0  # the upload of another, or a missing one
    return render(
        record,
        answer.signed,
        is_duplicate=answer.is_duplicate,
        message=answer.message,
        upload_token=None if is_theirs else admitted.services.admit.credential_for(admitted.caller, record),
    )


async def _reads(admitted: Admitted, record: UploadRecord) -> bool:
    if may_read(admitted.caller, admitted.namespace):
        return True
    return await admitted.services.admit.reads(admitted.caller, admitted.namespace, record.bucket_id)


async def _shown(admitted: Admitted, record: UploadRecord) -> UploadRecord:
    """Return an upload as shown to a caller that requested it or has `read`."""
    if admitted.caller.grant is not None:
        return as_ordinary(record)
    return record if await _reads(admitted, record) else without_others(record)


async def _knows(admitted: Admitted, upload_id: str) -> bool:
    """Return whether the caller may see an upload: it has `read`, or requested the upload."""
    if admitted.caller.grant is not None or may_read(admitted.caller, admitted.namespace):
        return True  # a token reaches only what it requested
    record = await admitted.services.ports.read_side.upload(admitted.namespace.namespace_id, upload_id)
    if record is not None and await _reads(admitted, record):
        return True
    return record is None or await admitted.services.admit.requested(admitted.caller, upload_id)


async def _check_known(admitted: Admitted, upload_id: str) -> None:
    """Refuse a URL for an upload that the caller may not see: a URL contains the storage key, and so the filename."""
    if not await _knows(admitted, upload_id):
        raise ForbiddenError(
            "permission_denied",
            "Another key requested this upload, and its URLs need the permission 'read': use the key that requested"
            " the upload, or a key with 'read'.",
            {"needed": Permission.READ},
        )


def render(
    record: UploadRecord,
    signed: SignedRequest | None = None,
    *,
    download: SignedRequest | None = None,
    is_duplicate: bool = False,
    message: str | None = None,
    upload_token: str | None = None,
) -> UploadResponse:
    """Return the wire representation. `is_duplicate`: it is the original of an upload that was not created."""
    form = None
    if signed is not None and signed.fields is not None:
        form, signed = UploadForm(url=signed.url, fields=signed.fields), None
    usable = signed or (download if download and len(download.url) <= MAX_URL_LENGTH else None)
    # Field by field, because each create passes here.
    return UploadResponse(
        upload_id=record.upload_id,
        bucket_id=record.bucket_id,
        filename=record.filename,
        content_type=record.content_type,
        file_size_bytes=record.declared_size_bytes if record.size_bytes is None else record.size_bytes,
        presigned_url=usable.url if usable else None,
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
        duplicate_of_upload_id=record.upload_id if is_duplicate else record.duplicate_of or None,
        skipped_unique_key=record.existing_object_id is not None,
        existing_object_id=record.existing_object_id or None,
        message=message or _message(record),
        created_at=record.created_at,
        expires_at=record.expires_at,
        completed_at=record.completed_at,
        verified_at=record.verified_at,
        etag=record.etag,
        object_id=record.object_id,
        task_id=record.task_id,
        required_headers=signed.headers if signed else None,
        download_url=download.url if download else None,
        method="multipart" if record.part_size is not None else "put" if record.post_range is None else "post",
        part_size=record.part_size,
        part_count=part_count(record.declared_size_bytes, record.part_size),
        auto_confirm=record.auto_confirm,
        integrity="storage" if record.storage_checks else None,
        content_type_note=_note(record),
        deletes_at=record.deletes_at,
        upload_token=upload_token,
        failure_reason=record.failure_reason,
        post=form,
    )


def _note(record: UploadRecord) -> str | None:
    return record.message if record.status is Status.COMPLETED else None


def _message(record: UploadRecord) -> str | None:
    if record.duplicate_of is not None:
        where = f", in the upload {record.duplicate_of}" if record.duplicate_of else ""
        return f"The same bytes were already stored{where}: they are kept once."
    if record.existing_object_id is not None:
        return "An object with the same unique key exists: this upload stores nothing."
    return record.message


def _announced(
    data: CreateUploadRequest,
    policy: Policy | None,
    shared_metadata: Json | None = None,
    shared_object_metadata: Json | None = None,
) -> Announcement:
    object_metadata = data.object_metadata
    if shared_object_metadata is not None:
        object_metadata = {**shared_object_metadata, **(object_metadata or {})}
    # Field by field, because each create passes here.
    return Announcement(
        filename=data.filename,
        content_type=data.content_type,
        declared_size_bytes=data.file_size_bytes,
        metadata={**shared_metadata, **data.metadata} if shared_metadata else data.metadata,
        create_object=data.create_object_on_confirm,
        object_metadata=object_metadata,
        blob_property=data.blob_property,
        blob_type=data.blob_type,
        multipart=data.multipart,
        declared_sha256=data.file_hash,
        storage_checks=data.integrity == "storage",
        url_expires_in_seconds=data.presigned_url_expiration,
        skip_duplicates=data.skip_duplicates,
        policy=policy,
        auto_confirm=data.auto_confirm,
        expires_after_seconds=data.expires_after_seconds,
        part_size=data.part_size,
        by_post=data.method == "post",
    )


def _wanted(data: SignPartsRequest) -> list[WantedPart]:
    if (data.part_numbers is None) == (data.parts is None):
        raise InvalidInputError(
            "parts_required",
            "The request needs either part_numbers or parts: send part_numbers, or parts with hashes or sizes.",
            {"field": "part_numbers"},
        )
    if data.parts is not None:
        return [
            WantedPart(part_number=part.part_number, sha256=part.sha256, size_bytes=part.size_bytes)
            for part in data.parts
        ]
    return [WantedPart(part_number=number) for number in data.part_numbers or ()]


async def _signed(admitted: Admitted, records: Sequence[UploadRecord], *, wanted: bool) -> Sequence[Signed]:
    if not wanted:
        return [Signed()] * len(records)
    return await admitted.services.sign_uploads(admitted.caller, admitted.namespace, records)


async def _shown_confirmed(admitted: Admitted, record: UploadRecord) -> UploadRecord:
    """Return an upload as shown to the caller that confirmed it; if another key requested it, only its status."""
    if await _knows(admitted, record.upload_id):
        return await _shown(admitted, record)
    return structs.replace(
        without_others(record), etag=None, sha256=None, declared_sha256=None, object_id=None, message=None
    )


def _render_avoided(avoided: AvoidedDuplicate) -> AvoidedDuplicateResponse:
    return made_from(
        AvoidedDuplicateResponse,
        avoided,
        file_size_bytes=avoided.declared_size_bytes,
        file_hash=avoided.sha256,
        create_object_on_confirm=avoided.create_object,
    )


def _render_confirmed(confirmed: Confirmed) -> ConfirmUploadResponse:
    record = confirmed.record
    done = confirmed.status is Status.COMPLETED
    return made_from(
        ConfirmUploadResponse,
        record,
        status=confirmed.status,
        file_size_bytes=record.size_bytes if done else record.declared_size_bytes,
        file_hash=record.sha256 or record.declared_sha256,
        task_id=confirmed.task_id,
        message=_message(record) if done else confirmed.message or _message(record),
        is_duplicate=record.duplicate_of is not None,
        duplicate_of_upload_id=record.duplicate_of or None,
        skipped_unique_key=record.existing_object_id is not None,
        existing_object_id=record.existing_object_id or None,
        content_type_note=_note(record),
    )


def _bucket_id(admitted: Admitted) -> str | None:
    return admitted.given_bucket.bucket_id if admitted.given_bucket else None


ROUTES = [
    create_upload,
    create_uploads,
    list_uploads,
    list_avoided_duplicates,
    get_upload,
    delete_upload,
    confirm_upload,
    confirm_uploads,
    sign_upload,
    sign_parts,
    list_parts,
]
