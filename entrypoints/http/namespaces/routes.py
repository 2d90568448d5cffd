"""The routes of namespaces."""

from typing import Any

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from litestar.types import Scope
from msgspec import UNSET, UnsetType

from application.idempotency import Creation
from application.keys.callers import may_read, reached_namespaces
from application.lists.listing import NAMESPACES
from application.namespaces.changing import NamespaceChange
from application.ports.namespaces.namespace_reads import NamespaceRecord
from domain.buckets.schema import check_json
from domain.keys.api_key import Permission
from domain.limits.rate_limits import RequestClass
from domain.namespaces.namespace import NamespaceStatus, namespace_not_found, without_secrets
from domain.shared_fields import made_from
from entrypoints.http.admission.admission import MAX_IDENTIFIER, Admitted, Needs, admitted_in
from entrypoints.http.admission.idempotency import once
from entrypoints.http.namespaces.wire import (
    CreateNamespaceRequest,
    FeatureExtractorResponse,
    ListNamespacesRequest,
    ListNamespacesResponse,
    NamespaceListStats,
    NamespaceModel,
    NamespaceType,
    PatchNamespaceRequest,
    UpdateNamespaceRequest,
)
from entrypoints.http.requests.paging import Cursor, IncludeTotal, Limit, Offset, only, page_request, pagination
from entrypoints.http.wire import DeletionResponse, Json

_READ = Needs(Permission.READ, namespace=False).opt()
_LIST = Needs(Permission.READ, namespace=False, scoped=True, counts_as=RequestClass.SEARCH).opt()
_WRITE = Needs(Permission.WRITE, namespace=False).opt()
_DELETE = Needs(Permission.DELETE, namespace=False).opt()
_CREATE = Needs(Permission.WRITE, namespace=False, once=True).opt()
_MAX_SETTINGS_BYTES = 256 * 1024
_PAGE = 10


@post("/namespaces", status_code=200, opt=_CREATE, tags=["Namespaces"])
async def create_namespace(data: JSONBody[CreateNamespaceRequest], scope: Scope) -> NamespaceModel:
    """Create a namespace."""
    admitted = admitted_in(scope)
    settings: Json = {
        "namespace_type": data.namespace_type or NamespaceType.STANDARD,
        "feature_extractors": [
            FeatureExtractorResponse(
                feature_extractor_id=f"{extractor.feature_extractor_name}_{extractor.version}",
                **msgspec.structs.asdict(extractor),
            )
            for extractor in data.feature_extractors
        ],
        "payload_indexes": data.payload_indexes,
        "auto_create_indexes": bool(data.auto_create_indexes),
        "infrastructure": data.infrastructure,
    }
    kept = _kept(settings)
    check_json([kept, data.description], "the namespace", max_bytes=_MAX_SETTINGS_BYTES)
    record = await once(
        scope,
        data,
        Creation(
            prefix="ns_",
            make=lambda ids: admitted.services.create_namespace(
                admitted.caller, name=data.namespace_name, description=data.description, settings=kept, ids=ids
            ),
            made=lambda record: (record.namespace_id,),
            again=lambda known: _named(admitted, known.ids[0]),
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
    include_total: IncludeTotal = False,
) -> ListNamespacesResponse:
    """List the organization's namespaces: filtered, searched and sorted; newest first by default."""
    admitted = admitted_in(scope)
    body = data or ListNamespacesRequest()
    asked = page_request(
        NAMESPACES,
        limit=limit or _PAGE,
        offset=offset or 0,
        cursor=cursor,
        search=body.search,
        filters=only("namespace", reached_namespaces(admitted.caller, Permission.READ), body.filters),
        sort=body.sort,
        with_total=True,
        with_figures=include_total,
        case_sensitive=body.case_sensitive,
    )
    page = await admitted.services.ports.read_side.namespaces(admitted.caller.organization.organization_id, asked)
    figures = page.figures or NAMESPACES.figures(page.rows)
    sums, count = figures.sums, figures.count or 1
    return ListNamespacesResponse(
        results=[render(record) for record in page.rows],
        pagination=pagination(request.url.path, NAMESPACES, page, asked),
        total_count=page.total or 0,
        stats=NamespaceListStats(
            total_feature_extractors=sums["feature_extractors"],
            total_payload_indexes=sums["payload_indexes"],
            total_buckets=sums["bucket_count"],
            total_objects=sums["object_count"],
            avg_feature_extractors_per_namespace=sums["feature_extractors"] / count,
            avg_payload_indexes_per_namespace=sums["payload_indexes"] / count,
            avg_buckets_per_namespace=sums["bucket_count"] / count,
            avg_objects_per_namespace=sums["object_count"] / count,
        ),
    )


@get("/namespaces/{namespace_identifier:str}", opt=_READ, tags=["Namespaces"])
async def get_namespace(namespace_identifier: FromPath[str], scope: Scope) -> NamespaceModel:
    """Return a namespace by id or name."""
    return render(await _named(admitted_in(scope), namespace_identifier))


@put("/namespaces/{namespace_identifier:str}", opt=_WRITE, tags=["Namespaces"])
async def update_namespace(
    namespace_identifier: FromPath[str], data: JSONBody[UpdateNamespaceRequest], scope: Scope
) -> NamespaceModel:
    """Replace a namespace's name or indexes, if given."""
    return await _change(scope, namespace_identifier, data, description=UNSET, settings={})


@patch("/namespaces/{namespace_identifier:str}", opt=_WRITE, tags=["Namespaces"])
async def patch_namespace(
    namespace_identifier: FromPath[str], data: JSONBody[PatchNamespaceRequest], scope: Scope
) -> NamespaceModel:
    """Change a namespace's name, description, or the fields of other products."""
    settings: Json = {"infrastructure": data.infrastructure}
    if data.auto_create_indexes is not None:
        settings["auto_create_indexes"] = data.auto_create_indexes
    return await _change(scope, namespace_identifier, data, description=data.description, settings=settings)


@delete("/namespaces/{namespace_identifier:str}", status_code=200, opt=_DELETE, tags=["Namespaces"])
async def delete_namespace(namespace_identifier: FromPath[str], scope: Scope) -> DeletionResponse:
    """Delete a namespace with its content, as a task. From now on it accepts nothing."""
    admitted = admitted_in(scope)
    named = await _named(admitted, namespace_identifier)
    task = await admitted.services.delete_namespace(admitted.caller, named)
    return DeletionResponse(
        task_id=task.task_id, status=task.status, message="The namespace and its content are being deleted."
    )


async def _change(
    scope: Scope,
    namespace_identifier: str,
    data: UpdateNamespaceRequest,
    *,
    description: str | UnsetType | None,
    settings: Json,
) -> NamespaceModel:
    admitted = admitted_in(scope)
    named = await _named(admitted, namespace_identifier)
    change = NamespaceChange(
        name=UNSET if data.namespace_name is None else data.namespace_name,
        description=description,
        settings=_kept({"payload_indexes": data.payload_indexes, **settings}),
    )
    shown = render(await admitted.services.change_namespace(admitted.caller, named.namespace_id, change))
    if may_read(admitted.caller, named):
        return shown
    return msgspec.structs.replace(  # only what the caller sent itself
        shown, description=description or None, infrastructure=settings.get("infrastructure") or None
    )


async def _named(admitted: Admitted, identifier: str) -> NamespaceRecord:
    record = await admitted.services.ports.read_side.namespace(
        admitted.caller.organization.organization_id, identifier[:MAX_IDENTIFIER]
    )
    if record is None:
        raise namespace_not_found(identifier)
    return record


def _kept(settings: Json) -> Json:
    """Return settings for storage: plain JSON, only the given fields, and no secrets."""
    given: Json = msgspec.to_builtins({name: value for name, value in settings.items() if value is not UNSET})
    if given.get("infrastructure"):
        given["infrastructure"] = without_secrets(given["infrastructure"])
    return given


def render(record: NamespaceRecord) -> NamespaceModel:
    """Return a namespace in its wire shape."""
    kept = record.settings  # validated when they were set
    return made_from(
        NamespaceModel,
        record,
        namespace_name=record.name,
        namespace_type=kept.get("namespace_type", NamespaceType.STANDARD),
        feature_extractors=kept.get("feature_extractors", []),
        payload_indexes=kept.get("payload_indexes"),
        auto_create_indexes=kept.get("auto_create_indexes", False),
        infrastructure=kept.get("infrastructure"),
        is_locked=record.status is NamespaceStatus.DELETING,
    )


ROUTES = [create_namespace, list_namespaces, get_namespace, update_namespace, patch_namespace, delete_namespace]
