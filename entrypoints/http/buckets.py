"""The routes of buckets."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from application.doing_once import Creation
from application.ports.read_side import BucketRecord
from domain.api_key import Permission
from domain.rate_limiting import RequestClass
from domain.refusals import NotFoundError
from entrypoints.http.admission import Admitted, Needs, admitted_in
from entrypoints.http.idempotency import once
from entrypoints.http.paging import Cursor, IncludeTotal, Limit, Offset, page_of, page_request, pagination
from entrypoints.http.wire.buckets import (
    BucketCreateRequest,
    BucketListStats,
    BucketResponse,
    ListBucketsRequest,
    ListBucketsResponse,
)

_READ = Needs(Permission.READ).opt()
_LIST = Needs(Permission.READ, scoped=True, counts_as=RequestClass.SEARCH).opt()
_CREATE = Needs(Permission.WRITE, once=True).opt()
TAGS = ["Buckets"]


@post("/buckets", status_code=200, opt=_CREATE, tags=TAGS)
async def create_bucket(data: JSONBody[BucketCreateRequest], scope: Scope) -> BucketResponse:
    """Make a bucket."""
    admitted = admitted_in(scope)
    record = await once(
        scope,
        data,
        Creation(
            prefix="bkt_",
            make=lambda ids: admitted.services.create_bucket(
                admitted.caller,
                admitted.namespace,
                name=data.bucket_name,
                description=data.description,
                bucket_schema=data.bucket_schema,
                unique_key=data.unique_key,
                metadata=data.metadata,
                ids=ids,
            ),
            made=lambda record: (record.bucket_id,),
            again=lambda known: _record(admitted, known.ids[0]),
        ),
    )
    return render(record)


@post("/buckets/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_buckets(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListBucketsRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,  # noqa: ARG001  # the contract always wants the total
) -> ListBucketsResponse:
    """List a namespace's buckets, newest first."""
    admitted = admitted_in(scope)
    body = data or ListBucketsRequest()
    asked = page_request(
        limit=limit or body.limit,
        offset=body.offset if offset is None else offset,
        cursor=cursor,
        search=body.search,
        filters=body.filters,
        sort=body.sort,
        with_total=True,
    )
    read_side, namespace_id = admitted.services.ports.read_side, admitted.namespace.namespace_id
    if admitted.only_buckets is None:
        page = await read_side.buckets(namespace_id, asked)
    else:
        page = page_of([await read_side.bucket(namespace_id, each) for each in sorted(admitted.only_buckets)], asked)
    objects = sum(record.object_count for record in page.rows)
    size = sum(record.total_size_bytes for record in page.rows)
    count = len(page.rows) or 1
    return ListBucketsResponse(
        results=[render(record) for record in page.rows],
        total_count=page.total or 0,
        pagination=pagination(request.url.path, page, asked),
        stats=BucketListStats(
            total_objects=objects,
            total_size_bytes=size,
            avg_objects_per_bucket=objects / count,
            avg_size_per_bucket=size / count,
        ),
    )


@get("/buckets/{bucket_identifier:str}", opt=_READ, tags=TAGS)
async def get_bucket(
    bucket_identifier: FromPath[str],  # noqa: ARG001  # looked up already
    scope: Scope,
) -> BucketResponse:
    """Return a bucket with its counters, by id or name."""
    admitted = admitted_in(scope)
    return render(await _record(admitted, admitted.bucket.bucket_id))


async def _record(admitted: Admitted, bucket_id: str) -> BucketRecord:
    record = await admitted.services.ports.read_side.bucket(admitted.namespace.namespace_id, bucket_id)
    if record is None:
        raise NotFoundError("bucket_not_found", "There is no such bucket.")
    return record


def render(record: BucketRecord) -> BucketResponse:
    """Return a bucket as the wire has it."""
    return BucketResponse(
        bucket_id=record.bucket_id,
        bucket_name=record.name,
        description=record.description,
        bucket_schema=record.bucket_schema,
        unique_key=record.unique_key,
        metadata=record.metadata,
        object_count=record.object_count,
        total_size_bytes=record.total_size_bytes,
        created_at=record.created_at,
        updated_at=record.updated_at,
        last_upload_at=record.last_upload_at,
        stats_updated_at=record.last_upload_at or record.updated_at,
        status=record.status,
    )


ROUTES = [create_bucket, list_buckets, get_bucket]
