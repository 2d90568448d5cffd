"""The routes of the caller's organization, and of its audit log."""

import heapq
from typing import Annotated, Any

import msgspec
from litestar import get, patch
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.types import Scope
from msgspec import UNSET, UnsetType

from application.organizations.changing import OrganizationChange
from application.ports.events.event_log import Notification
from application.ports.organizations.organization_reads import AuditQuery, OrganizationRecord
from application.ports.organizations.request_records import Refusal, RefusalQuery, RequestRecord
from domain.buckets.schema import check_json
from domain.events.audit_log import REFUSED, Entry, actor_type_of, changes_of, entry_of, resource_type_of, topics_of
from domain.events.event import Event
from domain.events.registry import decode
from domain.keys.api_key import Permission, ResourceType
from domain.limits.rate_limits import RequestClass
from domain.shared_fields import made_from
from entrypoints.http.admission.admission import Needs, admitted_in
from entrypoints.http.organizations.wire import (
    AuditAction,
    AuditEventListResponse,
    AuditEventResponse,
    BaseRateLimits,
    OrganizationModelResponse,
    OrganizationUpdateRequest,
    RateLimitsUpdate,
    StorageUse,
    UploadUse,
    UsageResponse,
)
from entrypoints.http.requests.times import time_named

_READ = Needs(Permission.READ, namespace=False).opt()
_ADMIN = Needs(Permission.ADMIN, namespace=False).opt()
_AUDIT = Needs(Permission.ADMIN, namespace=False, counts_as=RequestClass.SEARCH).opt()
MAX_REQUEST_ID = 64
MAX_REFUSALS = 1000  # the newest matching ones that the log shows
_TAGS = ["Organizations"]
_MAX_METADATA_BYTES = 16 * 1024

Skip = Annotated[int, QueryParameter(ge=0, le=1_000_000)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]


@get("/organizations", opt=_READ, tags=_TAGS)
async def get_organization(scope: Scope) -> OrganizationModelResponse:
    """Return the organization that the API key belongs to."""
    admitted = admitted_in(scope)
    read_side = admitted.services.ports.read_side
    caller = admitted.caller.organization
    fresh = await read_side.organization_by_name(caller.organization_id)
    return _render(fresh or caller, dict(await read_side.users(caller.organization_id)))


@patch("/organizations", opt=_ADMIN, tags=_TAGS)
async def update_organization(data: JSONBody[OrganizationUpdateRequest], scope: Scope) -> OrganizationModelResponse:
    """Change the organization's name, logo, billing address, metadata or rate limits."""
    admitted = admitted_in(scope)
    text = [data.organization_name, data.metadata]
    text += [None if value is UNSET else value for value in (data.logo_url, data.billing_email)]
    check_json(text, "the organization", max_bytes=_MAX_METADATA_BYTES)
    record = await admitted.services.change_organization(
        admitted.caller,
        OrganizationChange(
            name=data.organization_name,
            logo_url=None if data.logo_url is UNSET else data.logo_url or "",
            billing_email=None if data.billing_email is UNSET else data.billing_email or "",
            metadata=data.metadata,
            rate_limits=_rate_limits(data.rate_limits),
        ),
    )
    return _render(record, dict(await admitted.services.ports.read_side.users(record.organization_id)))


@get("/organizations/usage", opt=_READ, tags=_TAGS)
async def get_usage(
    scope: Scope, start: FromQuery[str | None] = None, end: FromQuery[str | None] = None
) -> UsageResponse:
    """Return the organization's storage usage, and its uploads from `start` until `end`."""
    admitted = admitted_in(scope)
    read_side = admitted.services.ports.read_side
    organization_id = admitted.caller.organization.organization_id
    begins, ends = time_named(start, "start"), time_named(end, "end")
    quota = await admitted.services.ports.quota_ledger.use(organization_id)
    use = await read_side.usage(organization_id, start=begins, end=ends)
    users = await read_side.users(organization_id)
    free = None if quota.limit_bytes is None else quota.limit_bytes - quota.reserved_bytes - quota.accepted_bytes
    return UsageResponse(
        organization_id=organization_id,
        start=begins,
        end=ends,
        storage=StorageUse(
            reserved_bytes=quota.reserved_bytes,
            accepted_bytes=quota.accepted_bytes,
            quota_bytes=quota.limit_bytes,
            available_bytes=None if free is None else max(0, free),
        ),
        uploads=UploadUse(
            total=sum(use.uploads_by_status.values()),
            by_status=dict(use.uploads_by_status),
            completed_bytes=use.completed_bytes,
            duplicates_avoided=use.duplicates_avoided,
            bytes_saved=use.saved_bytes,
        ),
        namespaces=use.namespaces,
        buckets=use.buckets,
        objects=use.objects,
        api_keys=sum(users.values()),
    )


@get("/organizations/audit/logs", opt=_AUDIT, tags=_TAGS)
async def list_audit_logs(
    scope: Scope,
    resource_type: FromQuery[ResourceType | None] = None,
    resource_id: FromQuery[str | None] = None,
    actor_id: FromQuery[str | None] = None,
    action: FromQuery[AuditAction | None] = None,
    start: FromQuery[str | None] = None,
    end: FromQuery[str | None] = None,
    request_id: FromQuery[str | None] = None,
    skip: Skip = 0,
    limit: Limit = 50,
) -> AuditEventListResponse:
    """List changes of keys, buckets, namespaces and the organization, and refused requests, newest first."""
    admitted = admitted_in(scope)
    organization_id = admitted.caller.organization.organization_id
    records = admitted.services.system.request_records
    command_ids = None
    if request_id is not None:
        request_id = request_id.replace("\0", "")[:MAX_REQUEST_ID]
        asked = await records.of_request(organization_id, request_id)
        command_ids = tuple(each for request in asked for each in request.command_ids)
    begins, ends = time_named(start, "start"), time_named(end, "end")
    refused: list[AuditEventResponse] = []
    if action is None and resource_id in {None, organization_id}:  # their resource is not recorded
        asked_for = RefusalQuery(actor_id=actor_id, request_id=request_id, start=begins, end=ends, limit=MAX_REFUSALS)
        kept = [_render_refusal(each) for each in await records.refusals(organization_id, asked_for)]
        refused = [each for each in kept if resource_type in {None, each.resource_type}]
    first = max(0, skip - len(refused))  # no earlier event can be on the page
    found, total = await admitted.services.ports.read_side.audit(
        organization_id,
        AuditQuery(
            topics=topics_of(resource_type=resource_type, action=action),
            resource_id=resource_id,
            actor_id=actor_id,
            command_ids=command_ids,
            start=begins,
            end=ends,
            skip=first,
            limit=skip - first + limit,
        ),
    )
    entries = [(each, decode(each.state), entry_of(each.topic)) for each in found]
    requests = await records.of_commands(organization_id, {event.origin.command_id for _, event, _ in entries})
    events = [
        _render_entry(each, event, entry, requests.get(event.origin.command_id))
        for each, event, entry in entries
        if entry is not None
    ]
    merged = list(heapq.merge(events, refused, key=lambda each: each.timestamp, reverse=True))
    return AuditEventListResponse(
        results=merged[skip - first :][:limit],
        total=total + len(refused),
        skip=skip,
        limit=limit,
    )


def _render_refusal(refusal: Refusal) -> AuditEventResponse:
    request = refusal.request
    return AuditEventResponse(
        audit_id=f"audit_{request.request_id}",
        timestamp=refusal.at,
        resource_type=resource_type_of(request.route),
        resource_id=request.organization_id,
        action=REFUSED,
        actor_id=request.actor_id,
        actor_type=actor_type_of(request.actor_id),
        changes={"method": request.method, "route": request.route, "code": request.code},
        status="failure",
        ip_address=request.address,
        user_agent=request.user_agent,
        request_id=request.request_id,
    )


def _rate_limits(asked: RateLimitsUpdate | UnsetType | None) -> dict[str, int | None]:
    """Return the limits to change, by name; None restores the tier's limit."""
    if asked is UNSET:
        return {}
    if asked is None:
        return dict.fromkeys(RateLimitsUpdate.__struct_fields__)
    return {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not UNSET}


def _render_entry(
    stored: Notification, event: Event, entry: Entry, request: RequestRecord | None
) -> AuditEventResponse:
    return AuditEventResponse(
        audit_id=f"audit_{stored.id}",
        timestamp=event.origin.at,
        resource_type=entry.resource_type,
        resource_id=stored.originator_id,
        action=entry.action,
        actor_id=event.origin.actor_id,
        actor_type=actor_type_of(event.origin.actor_id),
        changes=changes_of(event),
        ip_address=None if request is None else request.address,
        user_agent=None if request is None else request.user_agent,
        request_id=None if request is None else request.request_id,
    )


def _render(record: OrganizationRecord, users: dict[str, int]) -> OrganizationModelResponse:
    return made_from(
        OrganizationModelResponse,
        record,
        organization_name=record.name,
        account_type=record.tier,
        metadata=record.metadata or {},
        rate_limits=made_from(BaseRateLimits, record.rate_limits),
        users=[_user(user_id, count) for user_id, count in users.items()],
    )


def _user(user_id: str, keys: int) -> dict[str, Any]:
    return {"user_id": user_id, "api_keys": keys}


ROUTES = [get_organization, update_organization, get_usage, list_audit_logs]
