"""Webhooks and their deliveries on the wire: the shapes of requests and responses."""

import enum
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ports.webhooks.webhook_deliveries import DeliveryStatus
from domain.webhooks.webhook import (
    DEFAULT_TIMEOUT_SECONDS,
    MAX_EVENT_TYPES,
    MAX_NAME_LENGTH,
    MAX_URL_LENGTH,
    DisabledReason,
    StoppedReason,
)
from entrypoints.http.wire import Json, PaginationResponse, Request, Response

_Id = Annotated[
    str,
    Meta(
        pattern="^wh_[a-fA-F0-9]{16}$",
        examples=["wh_0123456789abcdef"],
        extra={"allowed": "the id of a webhook (wh_…)"},
    ),
]
_Time = Annotated[datetime, Meta(tz=True)]
_Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]


class InactiveReason(enum.StrEnum):
    """Why a webhook is inactive although no request disabled it.

    `gone` and `failing`: its responses disabled it. The others: the API key that it acts for was revoked, has expired,
    or may not read its events; another key can take the webhook over by replacing it.
    """

    GONE = DisabledReason.GONE.value
    FAILING = DisabledReason.FAILING.value
    KEY_REVOKED = StoppedReason.KEY_REVOKED.value
    KEY_EXPIRED = StoppedReason.KEY_EXPIRED.value
    KEY_DENIED = StoppedReason.KEY_DENIED.value


class NotificationChannel(enum.StrEnum):
    """The contract's channels. Only `webhook` is supported."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"


class WebhookConfig(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The URL and headers of messages. `timeout`: seconds."""

    url: Annotated[str, Meta(min_length=1, max_length=MAX_URL_LENGTH)]
    headers: dict[str, str] = {}
    payload_template: Json | None = None
    timeout: float = DEFAULT_TIMEOUT_SECONDS


class WebhookChannel(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A channel and its settings."""

    channel: NotificationChannel
    configs: Json


class WebhookInput(Request, frozen=True):
    """The settings of a webhook. Ids and times are ignored: clients send back complete responses."""

    webhook_name: _Name
    event_types: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MAX_EVENT_TYPES)]
    channels: Annotated[tuple[WebhookChannel, ...], Meta(min_length=1)]
    is_active: bool = True
    webhook_id: _Id | UnsetType = UNSET
    internal_id: str | None = None
    created_at: datetime | UnsetType = UNSET
    updated_at: datetime | UnsetType = UNSET


class ListWebhooksRequest(Request, frozen=True):
    """The selection of webhooks."""

    event_type: str | None = None
    is_active: bool | None = None


class WebhookChannelOutput(Response, frozen=True):
    """A channel; the values of its headers are not shown."""

    channel: NotificationChannel
    configs: WebhookConfig


class WebhookModel(Response, frozen=True):
    """A webhook. `key_id`: the API key that it acts for, which created or last replaced it.

    `notes`: its event types that never occur.
    """

    webhook_id: _Id
    webhook_name: _Name
    event_types: Annotated[tuple[str, ...], Meta(min_length=1)]
    channels: Annotated[tuple[WebhookChannelOutput, ...], Meta(min_length=1)]
    is_active: bool
    created_at: datetime
    updated_at: datetime
    disabled_reason: InactiveReason | None = None
    key_id: str = ""
    notes: tuple[str, ...] = ()


class WebhookWithSecret(WebhookModel, frozen=True, kw_only=True):
    """A webhook with the signing secret of its messages, which is shown only once."""

    secret: str


class ListWebhooksResponse(Response, frozen=True):
    """Webhooks, newest first."""

    results: list[WebhookModel]
    pagination: PaginationResponse
    total: int


class AttemptResponse(Response, frozen=True):
    """The result of an attempt. Without a `status_code` there was no response, and `error` has the reason."""

    at: datetime
    seconds: float
    status_code: int | None
    error: str | None


class DeliveryResponse(Response, frozen=True):
    """A message. `delivery_id`: its `webhook-id`; `history`: the results of the last attempts."""

    delivery_id: str
    webhook_id: str
    position: int
    event_type: str
    subject: str
    status: DeliveryStatus
    attempts: int
    history: tuple[AttemptResponse, ...]
    created_at: datetime
    next_attempt_at: datetime | None
    ended_at: datetime | None


class ReplayRequest(Request, frozen=True):
    """The selection of events: above position `after`, up to `until`, at `since` or later, before `before`."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    until: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    since: _Time | None = None
    before: _Time | None = None


class ReplayResponse(Response, frozen=True):
    """The number of queued messages. `next_after`: where to continue, if there are more."""

    queued: int
    position: int
    next_after: int | None


class ListDeliveriesResponse(Response, frozen=True):
    """Messages, newest first. `next_before`: where to continue, if there are more."""

    results: list[DeliveryResponse]
    next_before: int | None
