"""The routes of webhooks, which belong to the organization: they need no namespace."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import Scope

from application.idempotency import Creation
from application.lists.listing import Listing
from application.ports.lists.pages import Page
from application.ports.webhooks.webhook_deliveries import Attempt, DeliveryRecord, DeliveryStatus
from application.ports.webhooks.webhook_reads import WebhookRecord
from application.webhooks.delivering import message_id_of
from application.webhooks.replaying import Replay
from domain.keys.api_key import Permission
from domain.limits.rate_limits import RequestClass
from domain.namespaces.namespace import MASK
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from domain.shared_fields import made_from
from domain.webhooks.published_events import idle_types, public_type
from domain.webhooks.webhook import WebhookSettings
from entrypoints.http.admission.admission import MAX_IDENTIFIER, Admitted, Needs, admitted_in
from entrypoints.http.admission.idempotency import once
from entrypoints.http.answers.complaints import body_complaint
from entrypoints.http.requests.paging import Cursor, IncludeTotal, Limit, Offset, page_request, pagination
from entrypoints.http.webhooks.wire import (
    AttemptResponse,
    DeliveryResponse,
    InactiveReason,
    ListDeliveriesResponse,
    ListWebhooksRequest,
    ListWebhooksResponse,
    NotificationChannel,
    ReplayRequest,
    ReplayResponse,
    WebhookChannelOutput,
    WebhookConfig,
    WebhookInput,
    WebhookModel,
    WebhookWithSecret,
)

_ADMIN = Needs(Permission.ADMIN, namespace=False).opt()
_CREATE = Needs(Permission.ADMIN, namespace=False, once=True).opt()
_LIST = Needs(Permission.ADMIN, namespace=False, counts_as=RequestClass.SEARCH).opt()
TAGS = ["Webhooks"]
_PATH = "/organizations/webhooks"
_ONE = f"{_PATH}/{{identifier:str}}"
_PAGE = 10
_MAX_POSITION = 2**63 - 1
_BY_AGE = Listing[WebhookRecord](fields={}, names=lambda _: (), sums={})
_DELIVERY_ID = re.compile(r"msg_[0-9a-f]{16}_([0-9]{1,18})")

Overlap = Annotated[int | None, QueryParameter(ge=0, le=30 * 86_400)]
Few = Annotated[int, QueryParameter(ge=1, le=100)]
Before = Annotated[int, QueryParameter(ge=0, le=_MAX_POSITION, description="Only messages below this position.")]


@post(_PATH, status_code=201, opt=_CREATE, tags=TAGS)
async def create_webhook(data: JSONBody[WebhookInput], scope: Scope) -> WebhookWithSecret:
    """Create a webhook. Only this response contains its secret. It gets the events that the API key may read.

    The response to a request that is repeated under its idempotency key has an empty `secret`.
    """
    admitted = admitted_in(scope)
    webhooks = admitted.services.webhooks
    settings, headers = _asked(data)
    record, secret = await once(
        scope,
        data,
        Creation(
            prefix="wh_",
            count=0,  # ids are random
            make=lambda ids: webhooks.create(admitted.caller, settings, headers, ids=ids),
            made=lambda created: (created[0].webhook_id,),
            again=lambda known: webhooks.again(_organization_id(admitted), known.ids[0]),
        ),
    )
    return _with_secret(record, secret, admitted.services.ports.clock.now())


@post(f"{_PATH}/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_webhooks(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListWebhooksRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,
) -> ListWebhooksResponse:
    """List the organization's webhooks, newest first."""
    admitted = admitted_in(scope)
    wanted = data or ListWebhooksRequest()
    asked = page_request(
        _BY_AGE,
        limit=limit or _PAGE,
        offset=offset or 0,
        cursor=cursor,
        search=None,
        filters=None,
        sort=None,
        with_total=include_total,
    )
    now = admitted.services.ports.clock.now()
    found = [
        each
        for each in await admitted.services.ports.read_side.webhooks(_organization_id(admitted))
        if (wanted.event_type is None or wanted.event_type in each.settings.event_types)
        and wanted.is_active in {None, _is_active(each, now)}
    ]
    rest = [each for each in found if asked.after is None or each.position < asked.after.position][asked.offset :]
    page = Page(
        rows=rest[: asked.limit],
        has_more=len(rest) > asked.limit,
        total=len(found) if include_total else None,
    )
    return ListWebhooksResponse(
        results=[render(each, now) for each in page.rows],
        pagination=pagination(request.url.path, _BY_AGE, page, asked),
        total=len(found),
    )


@get(_ONE, opt=_ADMIN, tags=TAGS)
async def get_webhook(identifier: FromPath[str], scope: Scope) -> WebhookModel:
    """Return a webhook by id or name."""
    admitted = admitted_in(scope)
    return render(await _named(admitted, identifier), admitted.services.ports.clock.now())


@put(_ONE, opt=_ADMIN, tags=TAGS)
async def update_webhook(identifier: FromPath[str], data: JSONBody[WebhookInput], scope: Scope) -> WebhookModel:
    """Replace a webhook, and let it act for this API key. A header with the masked value keeps its value."""
    admitted = admitted_in(scope)
    settings, headers = _asked(data)
    record = await admitted.services.webhooks.update(admitted.caller, _id(identifier), settings, headers)
    return render(record, admitted.services.ports.clock.now())


@delete(_ONE, status_code=204, opt=_ADMIN, tags=TAGS)
async def delete_webhook(identifier: FromPath[str], scope: Scope) -> None:
    """Delete a webhook: it gets no more messages."""
    admitted = admitted_in(scope)
    await admitted.services.webhooks.delete(admitted.caller, _id(identifier))


@post(f"{_ONE}/rotate-secret", status_code=200, opt=_CREATE, tags=TAGS)
async def rotate_webhook_secret(
    identifier: FromPath[str], scope: Scope, overlap_seconds: Overlap = None
) -> WebhookWithSecret:
    """Give a webhook a new secret. For a while its messages also carry a signature with the old one.

    The response to a request that is repeated under its idempotency key has an empty `secret`.
    """
    admitted = admitted_in(scope)
    webhooks = admitted.services.webhooks
    overlap = None if overlap_seconds is None else timedelta(seconds=overlap_seconds)
    record, secret = await once(
        scope,
        None,
        Creation(
            prefix="wh_",
            count=0,
            make=lambda ids: webhooks.rotate(admitted.caller, _id(identifier), overlap=overlap, ids=ids),
            made=lambda rotated: (rotated[0].webhook_id,),
            again=lambda known: webhooks.again(_organization_id(admitted), known.ids[0]),
        ),
    )
    return _with_secret(record, secret, admitted.services.ports.clock.now())


@post(f"{_ONE}/ping", status_code=200, opt=_ADMIN, tags=TAGS)
async def ping_webhook(identifier: FromPath[str], scope: Scope) -> AttemptResponse:
    """Send a webhook a message of the type `webhook.ping` now, and return the status and the duration."""
    admitted = admitted_in(scope)
    return _attempt(await admitted.services.deliver_webhooks.ping(await _named(admitted, identifier)))


@get(f"{_ONE}/deliveries", opt=_ADMIN, tags=TAGS)
async def list_webhook_deliveries(
    identifier: FromPath[str],
    scope: Scope,
    status: FromQuery[DeliveryStatus | None] = None,
    before: Before = _MAX_POSITION,
    limit: Few = _PAGE,
) -> ListDeliveriesResponse:
    """List the sent and queued messages of a webhook, newest first."""
    admitted = admitted_in(scope)
    webhook = await _named(admitted, identifier)
    found = await admitted.services.ports.webhook_deliveries.deliveries(
        webhook.organization_id, webhook.webhook_id, before=before, status=status, limit=limit + 1
    )
    return ListDeliveriesResponse(
        results=[_delivery(each) for each in found[:limit]],
        next_before=found[limit - 1].position if len(found) > limit else None,
    )


@post(f"{_ONE}/deliveries/{{delivery_id:str}}/redeliver", status_code=200, opt=_ADMIN, tags=TAGS)
async def redeliver(identifier: FromPath[str], delivery_id: FromPath[str], scope: Scope) -> DeliveryResponse:
    """Send a delivered or abandoned message again; a pending one stays pending."""
    admitted = admitted_in(scope)
    webhook = await _named(admitted, identifier)
    deliveries, now = admitted.services.ports.webhook_deliveries, admitted.services.ports.clock.now()
    if not _is_active(webhook, now):
        raise WrongStateError("webhook_not_active", "The webhook is inactive: set is_active to true first.")
    form = _DELIVERY_ID.fullmatch(delivery_id)
    position = int(form[1]) if form else -1
    await deliveries.redeliver(webhook.organization_id, webhook.webhook_id, position, now=now)
    found = await deliveries.deliveries(
        webhook.organization_id, webhook.webhook_id, before=position + 1, status=None, limit=1
    )
    if not found or message_id_of(found[0]) != delivery_id:
        raise NotFoundError(
            "delivery_not_found", "The webhook has no message with this id: check the id, or list the messages.", {}
        )
    return _delivery(found[0])


@post(f"{_ONE}/replay", status_code=200, opt=_ADMIN, tags=TAGS)
async def replay_webhook(identifier: FromPath[str], data: JSONBody[ReplayRequest], scope: Scope) -> ReplayResponse:
    """Queue a range of the feed for a webhook again, up to 1,000 messages at a time."""
    admitted = admitted_in(scope)
    wish = Replay(after=data.after, until=data.until, since=data.since, before=data.before)
    done = await admitted.services.replay_webhooks.replay(await _named(admitted, identifier), wish)
    return ReplayResponse(queued=done.queued, position=done.position, next_after=None if done.done else done.position)


def render(record: WebhookRecord, now: datetime) -> WebhookModel:
    """Return a webhook in its wire shape."""
    return WebhookModel(**_facts(record, now))


def _with_secret(record: WebhookRecord, secret: str, now: datetime) -> WebhookWithSecret:
    return WebhookWithSecret(**_facts(record, now), secret=secret)


def _is_active(record: WebhookRecord, now: datetime) -> bool:
    return record.settings.is_active and record.stopped(now) is None


def _facts(record: WebhookRecord, now: datetime) -> dict[str, Any]:
    settings = record.settings
    reason = record.disabled_reason or (record.stopped(now) if settings.is_active else None)
    config = WebhookConfig(
        url=settings.url, headers=dict.fromkeys(settings.header_names, MASK), timeout=settings.timeout_seconds
    )
    return {
        "webhook_id": record.webhook_id,
        "webhook_name": settings.name,
        "event_types": settings.event_types,
        "channels": (WebhookChannelOutput(channel=NotificationChannel.WEBHOOK, configs=config),),
        "is_active": _is_active(record, now),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "disabled_reason": None if reason is None else InactiveReason(reason.value),
        "key_id": record.key_id,
        "notes": idle_types(settings.event_types),
    }


def _asked(data: WebhookInput) -> tuple[WebhookSettings, dict[str, str]]:
    """Return the requested settings, and the headers with their values."""
    if len(data.channels) > 1 or data.channels[0].channel is not NotificationChannel.WEBHOOK:
        raise InvalidInputError(
            "channel_not_supported",
            "channels must contain exactly one channel of the kind 'webhook': send that one alone.",
            {"field": "channels", "supported": ["webhook"]},
        )
    try:
        config = msgspec.convert(data.channels[0].configs, WebhookConfig)
    except msgspec.ValidationError as error:
        complaint = body_complaint(error, WebhookConfig, data.channels[0].configs)
        place = f"channels[0].configs.{complaint.details['field']}"
        raise InvalidInputError(
            "invalid_channel", f"channels[0].configs.{complaint.message}", {**complaint.details, "field": place}
        ) from None
    if config.payload_template is not None:
        raise InvalidInputError(
            "template_not_supported",
            "payload_template is not supported: leave it out, or send null.",
            {"field": "channels[0].configs.payload_template"},
        )
    settings = WebhookSettings(
        name=data.webhook_name,
        url=config.url,
        event_types=data.event_types,
        timeout_seconds=config.timeout,
        is_active=data.is_active,
    )
    return settings, config.headers


def _delivery(record: DeliveryRecord) -> DeliveryResponse:
    return made_from(
        DeliveryResponse,
        record,
        delivery_id=message_id_of(record),
        event_type=public_type(record.topic),
        subject=record.stream_id,
        history=tuple(_attempt(each) for each in record.history),
        next_attempt_at=record.next_at if record.status is DeliveryStatus.PENDING else None,
    )


def _attempt(attempt: Attempt) -> AttemptResponse:
    return made_from(AttemptResponse, attempt)


async def _named(admitted: Admitted, identifier: str) -> WebhookRecord:
    return await admitted.services.webhooks.named(_organization_id(admitted), _id(identifier))


def _organization_id(admitted: Admitted) -> str:
    return admitted.caller.organization.organization_id


def _id(value: str) -> str:
    return value[:MAX_IDENTIFIER]


ROUTES = [
    create_webhook,
    list_webhooks,
    get_webhook,
    update_webhook,
    delete_webhook,
    rotate_webhook_secret,
    ping_webhook,
    list_webhook_deliveries,
    redeliver,
    replay_webhook,
]
