"""The routes of the objects in buckets."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from application.listing import OBJECTS
from application.ports.read_side import ObjectRecord
from domain.api_key import Permission
from domain.refusals import NotFoundError
from entrypoints.http.admission import Needs, admitted_in
from entrypoints.http.paging import Cursor, IncludeTotal, Limit, Offset, page_request, pagination
from entrypoints.http.wire.objects import (
    BlobDetails,
    BlobModel,
    ListObjectsRequest,
    ListObjectsResponse,
    ObjectListStats,
    ObjectResponse,
)

_READ = Needs(Permission.READ).opt()
_WRITE = Needs(Permission.WRITE).opt()
TAGS = ["Objects"]
_PAGE = 10


@post("/buckets/{bucket_identifier:str}/objects/list", status_code=200, opt=_READ, tags=TAGS)
async def list_objects(
    request: Request[Any, Any, Any],
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up before the body is read
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
            objects_by_status=dict(figures.by_status),
        ),
    )


@get("/buckets/{bucket_identifier:str}/objects/{object_identifier:str}", opt=_READ, tags=TAGS)
async def get_object(
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up already
    object_identifier: FromPath[str],
    scope: Scope,
) -> ObjectResponse:
    """Return an object; its metadata stands beside the contract's fields."""
    admitted = admitted_in(scope)
    record = await admitted.services.ports.read_side.bucket_object(
        admitted.namespace.namespace_id, object_identifier.replace("\0", "")
    )
    if record is None or record.bucket_id != admitted.bucket.bucket_id:
        raise NotFoundError("object_not_found", "There is no such object.", {"object_id": object_identifier[:100]})
    return render(record)  # type: ignore[return-value]  # the same fields and the object's own


def render(record: ObjectRecord) -> dict[str, Any]:
    """Return an object as the wire has it: the contract's fields win over metadata of the same name."""
    response = ObjectResponse(
        object_id=record.object_id,
        bucket_id=record.bucket_id,
        blobs=[
            BlobModel(
                blob_id=blob.blob_id,
                property=blob.property,
                type=blob.type,
                details=BlobDetails(
                    filename=blob.filename,
                    size_bytes=blob.size_bytes,
                    mime_type=blob.content_type,
                    hash=blob.sha256,
                ),
                properties={},
                upload_id=blob.upload_id,
            )
            for blob in record.blobs
        ],
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
    return {**record.metadata, **msgspec.structs.asdict(response)}


def _selected(rendered: dict[str, Any], select: list[str] | None) -> dict[str, Any]:
    """Return the fields that are asked for by name or path, beside those that say which object it is."""
    if not select:
        return rendered
    wanted = {"object_id", "bucket_id", *(name.removeprefix("metadata.").partition(".")[0] for name in select)}
    return {name: value for name, value in rendered.items() if name in wanted}


ROUTES = [list_objects, get_object]
