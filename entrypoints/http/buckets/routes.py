"""The routes of buckets."""

from typing import Any, cast

from litestar import Request, delete, get, patch, post, put
from litestar.params import JSONBody
from litestar.types import Scope
from msgspec import UNSET, structs

from application.buckets.changing import BucketChange
from application.idempotency import Creation
from application.keys.callers import may_read
from application.lists.listing import BUCKETS
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.uploads.upload_reads import StoredSizes
from domain.buckets.bucket import BucketStatus, bucket_not_found
from domain.buckets.schema import BucketSchema
from domain.keys.api_key import Permission
from domain.limits.rate_limits import RequestClass
from domain.shared_fields import made_from
from entrypoints.http.admission.admission import Admitted, Needs, admitted_in
from entrypoints.http.admission.idempotency import once
from entrypoints.http.buckets.wire import (
    BucketCreateRequest,
    BucketListStats,
    BucketPatchRequest,
    BucketResponse,
    BucketUpdateRequest,
    ListBucketsRequest,
    ListBucketsResponse,
    StorageStatistics,
)
from entrypoints.http.requests.bodies import StrictRequest
from entrypoints.http.requests.paging import Cursor, IncludeTotal, Limit, Offset, only, page_request, pagination
from entrypoints.http.wire import DeletionResponse

_READ = Needs(Permission.READ).opt()
_LIST = Needs(Permission.READ, scoped=True, counts_as=RequestClass.SEARCH).opt()
_WRITE = Needs(Permission.WRITE).opt()
_DELETE = Needs(Permission.DELETE).opt()
_CREATE = Needs(Permission.WRITE, once=True).opt()
TAGS = ["Buckets"]


@post("/buckets", status_code=200, opt=_CREATE, tags=TAGS)
async def create_bucket(request: StrictRequest, data: JSONBody[BucketCreateRequest], scope: Scope) -> BucketResponse:
    """Create a bucket."""
    admitted = admitted_in(scope)
    bucket_schema = (await request.whole())["bucket_schema"]
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
                bucket_schema=bucket_schema,
                unique_key=data.unique_key.recorded() if data.unique_key else None,
                metadata=data.metadata,
                auto_confirm=data.auto_confirm,
                content_rules=data.content_rules.recorded(),
                retention_seconds=data.retention_seconds,
                analytics_fields=data.analytics_fields,
                part_size=data.part_size,
                ids=ids,
            ),
            made=lambda record: (record.bucket_id,),
            again=lambda known: _record(admitted, known.ids[0]),
        ),
    )
    return render(record, StoredSizes())


@post("/buckets/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_buckets(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListBucketsRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,
) -> ListBucketsResponse:
    """List a namespace's buckets: filtered, searched and sorted; newest first by default."""
    admitted = admitted_in(scope)
    body = data or ListBucketsRequest()
    asked = page_request(
        BUCKETS,
        limit=limit or body.limit,
        offset=body.offset if offset is None else offset,
        cursor=cursor,
        search=body.search,
        filters=only("bucket", admitted.only_buckets, body.filters),
        sort=body.sort,
        with_total=True,
        with_figures=include_total,
        case_sensitive=body.case_sensitive,
    )
    page = await admitted.services.ports.read_side.buckets(admitted.namespace.namespace_id, asked)
    figures = page.figures or BUCKETS.figures(page.rows)
    objects, size = figures.sums["object_count"], figures.sums["total_size_bytes"]
    count = figures.count or 1
    return ListBucketsResponse(
        results=[render(record) for record in page.rows],
        total_count=page.total or 0,
        pagination=pagination(request.url.path, BUCKETS, page, asked),
        stats=BucketListStats(
            total_objects=objects,
            total_size_bytes=size,
            avg_objects_per_bucket=objects / count,
            avg_size_per_bucket=size / count,
        ),
    )


@get("/buckets/{bucket_identifier:str}", opt=_READ, tags=TAGS)
async def get_bucket(scope: Scope) -> BucketResponse:
    """Return a bucket with its counters, by id or name."""
    admitted = admitted_in(scope)
    return await _render_whole(admitted, await _record(admitted, admitted.bucket.bucket_id))


async def _record(admitted: Admitted, bucket_id: str) -> BucketRecord:
    record = await admitted.services.ports.read_side.bucket(admitted.namespace.namespace_id, bucket_id)
    if record is None:
        raise bucket_not_found(bucket_id)
    return record


@put("/buckets/{bucket_identifier:str}", opt=_WRITE, tags=TAGS)
async def update_bucket(request: StrictRequest, data: JSONBody[BucketUpdateRequest], scope: Scope) -> BucketResponse:
    """Replace those of a bucket's name, description and metadata that are given. A schema may grow."""
    return await _change(scope, await _change_of(request, data))


@patch("/buckets/{bucket_identifier:str}", opt=_WRITE, tags=TAGS)
async def patch_bucket(request: StrictRequest, data: JSONBody[BucketPatchRequest], scope: Scope) -> BucketResponse:
    """Change a bucket's name, description or status, and merge its metadata."""
    change = structs.replace(await _change_of(request, data), merges=True)
    if data.status is not None:
        change = structs.replace(change, status=BucketStatus(data.status))
    return await _change(scope, change)


@delete("/buckets/{bucket_identifier:str}", status_code=200, opt=_DELETE, tags=TAGS)
async def delete_bucket(scope: Scope) -> DeletionResponse:
    """Delete a bucket with its content, as a task. From now on it accepts nothing."""
    admitted = admitted_in(scope)
    task = await admitted.services.delete_bucket(admitted.caller, admitted.bucket)
    return DeletionResponse(
        task_id=task.task_id, status=task.status, message="The bucket and its content are being deleted."
    )


async def _change(scope: Scope, change: BucketChange) -> BucketResponse:
    admitted = admitted_in(scope)
    record = await admitted.services.change_bucket(
        admitted.caller, admitted.namespace, admitted.bucket.bucket_id, change
    )
    shown = await _render_whole(admitted, record)
    if may_read(admitted.caller, admitted.namespace, record):
        return shown
    return structs.replace(  # only what the caller sent itself
        shown,
        description=None if change.description is UNSET else change.description,
        metadata={} if change.metadata is UNSET else change.metadata,
        storage_stats=None,
    )


async def _change_of(request: StrictRequest, data: BucketUpdateRequest) -> BucketChange:
    """Return the change that a request describes; null does not change fields that cannot be null."""
    as_it_came = await request.whole() if isinstance(data.bucket_schema, BucketSchema) else {}
    return BucketChange(
        name=UNSET if data.bucket_name is None else data.bucket_name,
        description=data.description,
        metadata=UNSET if data.metadata is None else data.metadata,
        auto_confirm=UNSET if data.auto_confirm is None else data.auto_confirm,
        content_rules=data.content_rules.recorded() if data.content_rules else UNSET,
        retention_seconds=data.retention_seconds,
        analytics_fields=UNSET if data.analytics_fields is None else data.analytics_fields,
        part_size=data.part_size,
        bucket_schema=as_it_came.get("bucket_schema", UNSET),
    )


async def _render_whole(admitted: Admitted, record: BucketRecord) -> BucketResponse:
    sizes = await admitted.services.ports.read_side.stored_sizes(record.namespace_id, record.bucket_id)
    return render(record, sizes)


def render(record: BucketRecord, sizes: StoredSizes | None = None) -> BucketResponse:
    """Return a bucket in its wire shape; one that is being deleted is shown as locked and archived."""
    deleting = record.status is BucketStatus.DELETING
    return made_from(
        BucketResponse,
        record,
        bucket_name=record.name,
        bucket_schema=cast("BucketSchema", record.bucket_schema),  # unchanged, with unknown keys
        stats_updated_at=record.last_upload_at or record.updated_at,
        status=BucketStatus.ARCHIVED if deleting else record.status,
        is_locked=deleting,
        storage_stats=None
        if sizes is None
        else StorageStatistics(
            total_size_bytes=sizes.total_bytes,
            avg_size_bytes=sizes.average_bytes,
            max_size_bytes=sizes.largest_bytes,
            min_size_bytes=sizes.smallest_bytes,
        ),
    )


ROUTES = [create_bucket, list_buckets, get_bucket, update_bucket, patch_bucket, delete_bucket]
