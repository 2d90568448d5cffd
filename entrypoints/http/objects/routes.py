"""The routes of the objects in buckets."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import Scope

from application.idempotency import Creation
from application.keys.callers import may_read
from application.lists.listing import OBJECTS
from application.objects.changing import ObjectChange
from application.objects.creating import ObjectWish
from application.ports.objects.object_reads import ObjectRecord
from domain.buckets.bucket import Policy, policy_named
from domain.keys.api_key import Permission
from domain.limits.rate_limits import RequestClass
from domain.objects.composition import BlobWish, inline
from domain.objects.object import Blob, object_not_found
from domain.refusals import RefusedError
from domain.shared_fields import made_from
from entrypoints.http.admission.admission import Admitted, Needs, admitted_in
from entrypoints.http.admission.idempotency import once
from entrypoints.http.answers.errors import kind_of
from entrypoints.http.objects.wire import (
    BlobDetails,
    BlobModel,
    CreateBlobRequest,
    CreateObjectRequest,
    CreateObjectsBatchRequest,
    CreateObjectsBatchResponse,
    FailedObjectError,
    ListObjectsRequest,
    ListObjectsResponse,
    ObjectListStats,
    ObjectResponse,
    PatchObjectRequest,
    UpdateObjectRequest,
    own_fields,
)
from entrypoints.http.requests.bodies import StrictRequest
from entrypoints.http.requests.paging import Cursor, IncludeTotal, Limit, Offset, page_request, pagination
from entrypoints.http.wire import Json

_READ = Needs(Permission.READ, counts_as=RequestClass.DATA).opt()
_LIST = Needs(Permission.READ, counts_as=RequestClass.SEARCH).opt()
_WRITE = Needs(Permission.WRITE, counts_as=RequestClass.DATA).opt()
_DELETE = Needs(Permission.DELETE, counts_as=RequestClass.DATA).opt()
_CREATE = Needs(Permission.WRITE, active=True, once=True, counts_as=RequestClass.DATA).opt()
TAGS = ["Objects"]
_PAGE = 10


@post("/buckets/{bucket_identifier:str}/objects/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_objects(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListObjectsRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,
) -> ListObjectsResponse:
    """List a bucket's objects: filtered, searched and sorted; newest first by default."""
    admitted = admitted_in(scope)
    body = data or ListObjectsRequest()
    asked = page_request(
        OBJECTS,
        limit=limit or _PAGE,
        offset=offset or 0,
        cursor=cursor,
        search=body.search,
        filters=body.filters,
        sort=body.sort,
        with_total=include_total,
        with_figures=include_total,
    )
    page = await admitted.services.ports.read_side.bucket_objects(
        admitted.namespace.namespace_id, admitted.bucket.bucket_id, asked
    )
    figures = page.figures or OBJECTS.figures(page.rows)
    blobs = figures.sums["blobs"]
    return ListObjectsResponse(
        results=[_selected(render(record), body.select) for record in page.rows],  # type: ignore[misc]  # as below
        pagination=pagination(request.url.path, OBJECTS, page, asked),
        stats=ObjectListStats(
            total_objects=figures.count,
            total_blobs=blobs,
            avg_blobs_per_object=blobs / (figures.count or 1),
            objects_by_status={"DRAFT": figures.count} if figures.count else {},
        ),
    )


MAX_BATCH_BYTES = 4 * 1024 * 1024
DOWNLOAD_LASTS = timedelta(hours=1)


@post("/buckets/{bucket_identifier:str}/objects", status_code=200, opt=_CREATE, tags=TAGS)
async def create_object(
    request: StrictRequest,
    data: JSONBody[CreateObjectRequest],
    scope: Scope,
    policy: FromQuery[str | None] = None,
    auto_process: FromQuery[bool] = False,  # noqa: ARG001  # nothing is processed here
) -> ObjectResponse:
    """Create an object from uploads and inline data; unknown fields of the request are the object's own."""
    admitted = admitted_in(scope)
    body = await request.whole()
    wish = _wish(data, body)
    creation = _creation(admitted, wish, policy_named(policy))
    record = await once(scope, body, creation, key_in_body=data.idempotency_key)
    return _outcome(admitted, record, wish)  # type: ignore[return-value]  # the same fields and the object's own


@post(
    "/buckets/{bucket_identifier:str}/objects/batch",
    status_code=200,
    opt=_CREATE,
    tags=TAGS,
    request_max_body_size=MAX_BATCH_BYTES,
)
async def create_objects(
    request: StrictRequest,
    data: JSONBody[CreateObjectsBatchRequest],
    scope: Scope,
    auto_process: FromQuery[bool] = False,  # noqa: ARG001  # nothing is processed here
) -> CreateObjectsBatchResponse:
    """Create several objects, one after the other; a refused one does not stop the others."""
    admitted = admitted_in(scope)
    bodies = (await request.whole())["objects"]
    succeeded: list[ObjectResponse] = []
    failed: list[FailedObjectError] = []
    for index, (asked, body) in enumerate(zip(data.objects, bodies, strict=True)):
        try:
            wish = _wish(asked, body)
            creation = _creation(admitted, wish, None)
            record = await once(scope, body, creation, key_in_body=asked.idempotency_key, part=index)
        except RefusedError as refused:
            failed.append(
                FailedObjectError(
                    object_index=index,
                    error=refused.message,
                    error_type=kind_of(refused)[1],
                    code=refused.code,
                    details=refused.details,
                )
            )
        else:
            item = _outcome(admitted, record, wish)
            succeeded.append(item)  # type: ignore[arg-type]  # the same fields and the object's own
    return CreateObjectsBatchResponse(
        succeeded=succeeded,
        failed=failed,
        total_requested=len(data.objects),
        succeeded_count=len(succeeded),
        failed_count=len(failed),
    )


@get("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", opt=_READ, tags=TAGS)
async def get_object(
    object_identifier: FromPath[str], scope: Scope, return_presigned_urls: FromQuery[bool] = False
) -> ObjectResponse:
    """Return an object; its metadata is next to the contract's fields."""
    admitted = admitted_in(scope)
    record = await _found(admitted, object_identifier)
    urls = _download_urls(admitted, record) if return_presigned_urls else {}
    return render(record, urls)  # type: ignore[return-value]  # the same fields and the object's own


@put("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", opt=_WRITE, tags=TAGS)
async def update_object(
    object_identifier: FromPath[str], data: JSONBody[UpdateObjectRequest], scope: Scope
) -> ObjectResponse:
    """Change an object: blobs replace all of its blobs, metadata is merged, null removes a field."""
    change = made_from(
        ObjectChange, data, blobs=None if data.blobs is None else _blobs(data.blobs), fields=data.metadata or {}
    )
    return await _changed(admitted_in(scope), object_identifier, change)


@patch("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", opt=_WRITE, tags=TAGS)
async def patch_object(
    request: StrictRequest, object_identifier: FromPath[str], data: JSONBody[PatchObjectRequest], scope: Scope
) -> ObjectResponse:
    """Change single fields of an object; null removes one."""
    change = made_from(ObjectChange, data, fields=own_fields(await request.whole(), PatchObjectRequest))
    return await _changed(admitted_in(scope), object_identifier, change)


@delete("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", status_code=204, opt=_DELETE, tags=TAGS)
async def delete_object(object_identifier: FromPath[str], scope: Scope) -> None:
    """Delete an object and the uploads that no other object holds, with their bytes."""
    admitted = admitted_in(scope)
    record = await _found(admitted, object_identifier)
    key_id = admitted.caller.key.key_id
    await admitted.services.delete_object(record.object_id, actor_id=key_id, key_id=key_id)


def render(record: ObjectRecord, urls: dict[str, str] | None = None) -> dict[str, Any]:
    """Return an object in its wire shape: the contract's fields win over metadata of the same name.

    `urls`: download URLs, by blob.
    """
    response = made_from(
        ObjectResponse, record, blobs=[_blob(blob, (urls or {}).get(blob.blob_id)) for blob in record.blobs]
    )
    return {**record.metadata, **msgspec.structs.asdict(response)}


def _blob(blob: Blob, url: str | None) -> BlobModel:
    return made_from(BlobModel, blob, details=_details(blob), properties=blob.metadata or {}, presigned_url=url)


def _details(blob: Blob) -> BlobDetails:
    if blob.data is None:
        return BlobDetails(
            filename=blob.filename, size_bytes=blob.size_bytes, mime_type=blob.content_type, hash=blob.sha256
        )
    held = inline(blob.data)
    if held is None:
        return BlobDetails(filename=None, size_bytes=None, mime_type=None, hash=None)
    return BlobDetails(
        filename=None,
        size_bytes=len(held.content),
        mime_type=held.media_type,
        hash=hashlib.sha256(held.content).hexdigest(),
    )


def _download_urls(admitted: Admitted, record: ObjectRecord) -> dict[str, str]:
    ports = admitted.services.ports
    now = ports.clock.now()
    return {
        blob.blob_id: ports.signer.sign_get(
            blob.storage_key,
            expires_in=admitted.caller.url_lasts(DOWNLOAD_LASTS, now),
            now=now,
            version_id=blob.version_id,
            download_as=blob.filename,
        ).url
        for blob in record.blobs
        if blob.storage_key is not None
    }


async def _found(admitted: Admitted, object_identifier: str) -> ObjectRecord:
    record = await admitted.services.ports.read_side.bucket_object(admitted.namespace.namespace_id, object_identifier)
    if record is None or record.bucket_id != admitted.bucket.bucket_id:
        raise object_not_found(object_identifier)
    return record


async def _changed(admitted: Admitted, object_identifier: str, change: ObjectChange) -> ObjectResponse:
    record = await admitted.services.change_object(
        admitted.caller, admitted.namespace, admitted.bucket, object_identifier, change
    )
    return _outcome(admitted, record, change)  # type: ignore[return-value]  # the same fields and the object's own


def _outcome(admitted: Admitted, record: ObjectRecord, asked: ObjectWish | ObjectChange) -> dict[str, Any]:
    """Return an object; a caller that may not read gets only the data that it sent, and the object's id."""
    if may_read(admitted.caller, admitted.namespace, admitted.bucket):
        return render(record)
    shown = msgspec.structs.replace(
        record,
        blobs=tuple(_as_sent(blob) for blob in asked.blobs or ()),
        metadata={name: value for name, value in asked.fields.items() if value is not None},
        key_prefix=asked.key_prefix,
    )
    return render(shown)


def _as_sent(wish: BlobWish) -> Blob:
    return made_from(
        Blob,
        wish,
        blob_id="",
        filename=None,
        storage_key=None,
        version_id=None,
        etag=None,
        size_bytes=None,
        content_type=None,
        sha256=None,
    )


def _creation(admitted: Admitted, wish: ObjectWish, policy: Policy | None) -> Creation[ObjectRecord]:
    create = admitted.services.create_object
    return Creation(
        prefix="obj_",
        make=lambda ids: create(admitted.caller, admitted.namespace, admitted.bucket, wish, policy=policy, ids=ids),
        made=lambda record: (record.object_id,),
        again=lambda known: _found(admitted, known.ids[0]),
    )


def _wish(asked: CreateObjectRequest, body: Json) -> ObjectWish:
    return made_from(ObjectWish, asked, blobs=_blobs(asked.blobs), fields=own_fields(body, CreateObjectRequest))


def _blobs(asked: Sequence[CreateBlobRequest]) -> list[BlobWish]:
    return [made_from(BlobWish, blob) for blob in asked]


def _selected(rendered: dict[str, Any], select: list[str] | None) -> dict[str, Any]:
    """Return the fields that are selected by name or path, and those that identify the object."""
    if not select:
        return rendered
    wanted = {"object_id", "bucket_id", *(name.removeprefix("metadata.").partition(".")[0] for name in select)}
    return {name: value for name, value in rendered.items() if name in wanted}


ROUTES = [create_object, create_objects, list_objects, get_object, update_object, patch_object, delete_object]
