"""The routes of namespaces."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from application.callers import reached_namespaces
from application.doing_once import Creation
from application.ports.read_side import NamespaceRecord
from domain.api_key import Permission
from domain.rate_limiting import RequestClass
from domain.refusals import NotFoundError
from domain.schema import check_json
from entrypoints.http.admission import MAX_IDENTIFIER, Admitted, Needs, admitted_in
from entrypoints.http.idempotency import once
from entrypoints.http.paging import Cursor, IncludeTotal, Limit, Offset, page_of, page_request, pagination
from entrypoints.http.wire.namespaces import (
    CreateNamespaceRequest,
    ListNamespacesRequest,
    ListNamespacesResponse,
    NamespaceListStats,
    NamespaceModel,
)

_READ = Needs(Permission.READ, namespace=False).opt()
_LIST = Needs(Permission.READ, namespace=False, scoped=True, counts_as=RequestClass.SEARCH).opt()
_CREATE = Needs(Permission.WRITE, namespace=False, once=True).opt()
_MAX_SETTINGS_BYTES = 256 * 1024
_PAGE = 10


@post("/namespaces", status_code=200, opt=_CREATE, tags=["Namespaces"])
async def create_namespace(data: JSONBody[CreateNamespaceRequest], scope: Scope) -> NamespaceModel:
    """Make a namespace."""
    admitted = admitted_in(scope)
    settings: dict[str, Any] = {
        "namespace_type": data.namespace_type or "standard",
        "feature_extractors": [
            {**msgspec.structs.asdict(e), "feature_extractor_id": f"{e.feature_extractor_name}_{e.version}"}
            for e in data.feature_extractors
        ],
        "payload_indexes": data.payload_indexes,
        "auto_create_indexes": bool(data.auto_create_indexes),
        "infrastructure": data.infrastructure,
    }
    check_json([settings, data.description], "the namespace", max_bytes=_MAX_SETTINGS_BYTES)
    record = await once(
        scope,
        data,
        Creation(
            prefix="ns_",
            make=lambda ids: admitted.services.create_namespace(
                admitted.caller, name=data.namespace_name, description=data.description, settings=settings, ids=ids
            ),
            made=lambda record: (record.namespace_id,),
            again=lambda known: _record(admitted, known.ids[0]),
        ),
    )
    return render(record)


@post("/namespaces/list", status_code=200, opt=_LIST, tags=["Namespaces"])
async def list_namespaces(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListNamespacesRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,  # noqa: ARG001  # the contract always wants the total
) -> ListNamespacesResponse:
    """List the organization's namespaces, newest first."""
    admitted = admitted_in(scope)
    body = data or ListNamespacesRequest()
    asked = page_request(
        limit=limit or _PAGE,
        offset=offset or 0,
        cursor=cursor,
        search=body.search,
        filters=body.filters,
        sort=body.sort,
        with_total=True,
    )
    read_side, organization_id = admitted.services.ports.read_side, admitted.caller.organization.organization_id
    only = reached_namespaces(admitted.caller, Permission.READ)
    if only is None:
        page = await read_side.namespaces(organization_id, asked)
    else:
        found = [await read_side.namespace(organization_id, each) for each in only]
        page = page_of({each.namespace_id: each for each in found if each is not None}.values(), asked)
    results = [render(record) for record in page.rows]
    count = len(results) or 1
    buckets = sum(model.bucket_count for model in results)
    objects = sum(model.object_count for model in results)
    return ListNamespacesResponse(
        results=results,
        pagination=pagination(request.url.path, page, asked),
        total_count=page.total or 0,
        stats=NamespaceListStats(
            total_buckets=buckets,
            total_objects=objects,
            avg_buckets_per_namespace=buckets / count,
            avg_objects_per_namespace=objects / count,
            total_feature_extractors=sum(len(model.feature_extractors) for model in results),
            total_payload_indexes=sum(len(model.payload_indexes or ()) for model in results),
        ),
    )


@get("/namespaces/{namespace_identifier:str}", opt=_READ, tags=["Namespaces"])
async def get_namespace(namespace_identifier: FromPath[str], scope: Scope) -> NamespaceModel:
    """Return a namespace by id or name."""
    admitted = admitted_in(scope)
    return render(await _record(admitted, namespace_identifier))


async def _record(admitted: Admitted, id_or_name: str) -> NamespaceRecord:
    record = await admitted.services.ports.read_side.namespace(
        admitted.caller.organization.organization_id, id_or_name[:MAX_IDENTIFIER].replace("\0", "")
    )
    if record is None:
        raise NotFoundError("namespace_not_found", "There is no such namespace.", {"namespace": id_or_name[:200]})
    return record


def render(record: NamespaceRecord) -> NamespaceModel:
    """Return a namespace as the wire has it."""
    kept = record.settings
    return NamespaceModel(
        namespace_id=record.namespace_id,
        namespace_name=record.name,
        namespace_type=kept.get("namespace_type", "standard"),
        description=record.description,
        feature_extractors=kept.get("feature_extractors", []),
        payload_indexes=kept.get("payload_indexes"),
        auto_create_indexes=kept.get("auto_create_indexes", False),
        infrastructure=kept.get("infrastructure"),
        bucket_count=record.bucket_count,
        object_count=record.object_count,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


ROUTES = [create_namespace, list_namespaces, get_namespace]
