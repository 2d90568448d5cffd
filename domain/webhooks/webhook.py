"""Webhooks: subscriptions that send events to a URL. Their secrets are stored elsewhere."""

import enum
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import assert_never
from urllib.parse import urlsplit

import msgspec

from domain.buckets.schema import check_text
from domain.decider import Decider
from domain.events.event import Event, Origin
from domain.namespaces.namespace import MASK
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError

MAX_NAME_LENGTH = 200
MAX_URL_LENGTH = 2083
MAX_EVENT_TYPES = 100
MAX_HEADERS = 20
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]{0,4000}[!-~])?")
_OWN_HEADERS = frozenset(
    {
        *("host", "content-type", "content-length", "content-encoding", "transfer-encoding", "connection"),
        *("upgrade", "te", "trailer", "expect", "user-agent", "keep-alive", "via", "date", "cookie", "cookie2"),
        *(
            "origin",
            "referer",
            "forwarded",
            "x-real-ip",
            "x-http-method",
            "x-http-method-override",
            "x-method-override",
        ),
        *("x-original-url", "x-rewrite-url"),
        # required by the metadata services of clouds
        *("metadata", "metadata-flavor", "x-google-metadata-request", "x-identity-header"),
        *("x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds", "x-aliyun-ecs-metadata-token"),
        *("x-aliyun-ecs-metadata-token-ttl-seconds",),
    }
)
_OWN_PREFIXES = ("webhook-", "proxy-", "sec-", "x-forwarded-", "access-control-")
DEFAULT_TIMEOUT_SECONDS = 10.0
MAX_TIMEOUT_SECONDS = 30.0


class DisabledReason(enum.StrEnum):
    """Why a webhook was disabled automatically. `gone`: it responded 410. `failing`: it accepted nothing for days."""

    GONE = "gone"
    FAILING = "failing"


class StoppedReason(enum.StrEnum):
    """Why an enabled webhook gets no messages: its key decides which events it gets.

    `key_denied`: the key may no longer read any of its events.
    """

    KEY_REVOKED = "key_revoked"
    KEY_EXPIRED = "key_expired"
    KEY_DENIED = "key_denied"


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a webhook. `header_names`: additional headers; their values are secret."""

    name: str
    url: str
    event_types: tuple[str, ...]
    header_names: tuple[str, ...] = ()
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    is_active: bool = True


class WebhookCreated(Event, frozen=True, tag="webhook.created.v1"):
    """A webhook was created. It gets the events that the creating key may read."""

    webhook_id: str
    settings: WebhookSettings


class WebhookUpdated(Event, frozen=True, tag="webhook.updated.v1"):
    """The webhook has these settings from now on, and gets the events that the changing key may read."""

    webhook_id: str
    settings: WebhookSettings


class WebhookSecretRotated(Event, frozen=True, tag="webhook.secret_rotated.v1"):
    """The webhook signs with a new secret, and for some time also with the old one."""

    webhook_id: str


class WebhookDisabled(Event, frozen=True, tag="webhook.disabled.v1"):
    """The webhook was disabled, and gets no messages until it is enabled again."""

    webhook_id: str
    reason: DisabledReason


class WebhookDeleted(Event, frozen=True, tag="webhook.deleted.v1"):
    """The webhook was deleted; its name is free."""

    webhook_id: str


WebhookEvent = WebhookCreated | WebhookUpdated | WebhookSecretRotated | WebhookDisabled | WebhookDeleted


class NoWebhook(msgspec.Struct, frozen=True):
    """The state before the first event."""


class LiveWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, enabled or disabled. `key_id`: of the key that created or last changed it."""

    webhook_id: str
    settings: WebhookSettings
    key_id: str


class DeletedWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted webhook."""

    webhook_id: str


Webhook = NoWebhook | LiveWebhook | DeletedWebhook


class CreateWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Create a webhook."""

    origin: Origin
    webhook_id: str
    settings: WebhookSettings


class UpdateWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Replace the settings of the webhook, and let it get the events that the calling key may read."""

    origin: Origin
    settings: WebhookSettings


class RotateWebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Sign with a new secret."""

    origin: Origin


class DisableWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Disable the webhook."""

    origin: Origin
    reason: DisabledReason


class DeleteWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Delete the webhook."""

    origin: Origin


WebhookCommand = CreateWebhook | UpdateWebhook | RotateWebhookSecret | DisableWebhook | DeleteWebhook


def decide(command: WebhookCommand, webhook: Webhook) -> tuple[WebhookEvent, ...]:  # noqa: PLR0911  # one line for every case
    """Return the events of a command, or refuse it."""
    match webhook, command:
        case NoWebhook(), CreateWebhook(origin=origin, webhook_id=webhook_id, settings=settings):
            check_settings(settings)
            return (WebhookCreated(origin=origin, webhook_id=webhook_id, settings=settings),)
        case LiveWebhook(), UpdateWebhook(origin=origin, settings=settings):
            if (settings, origin.actor_id) == (webhook.settings, webhook.key_id):
                return ()
            check_settings(settings)
            return (WebhookUpdated(origin=origin, webhook_id=webhook.webhook_id, settings=settings),)
        case LiveWebhook(), RotateWebhookSecret(origin=origin):
            return (WebhookSecretRotated(origin=origin, webhook_id=webhook.webhook_id),)
        case LiveWebhook(), DisableWebhook(origin=origin, reason=reason):
            if not webhook.settings.is_active:
                return ()
            return (WebhookDisabled(origin=origin, webhook_id=webhook.webhook_id, reason=reason),)
        case LiveWebhook(), DeleteWebhook(origin=origin):
            return (WebhookDeleted(origin=origin, webhook_id=webhook.webhook_id),)
        case _, CreateWebhook():
            raise WrongStateError("wrong_state", "The webhook exists already: use another id.")
        case _:
            raise webhook_not_found()


def evolve(webhook: Webhook, event: WebhookEvent) -> Webhook:  # noqa: PLR0911  # one line for every event
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case WebhookCreated():
            return LiveWebhook(webhook_id=event.webhook_id, settings=event.settings, key_id=event.origin.actor_id)
        case WebhookUpdated():
            if not isinstance(webhook, LiveWebhook):
                return webhook
            return msgspec.structs.replace(webhook, settings=event.settings, key_id=event.origin.actor_id)
        case WebhookSecretRotated():
            return webhook
        case WebhookDisabled():
            if not isinstance(webhook, LiveWebhook):
                return webhook
            return msgspec.structs.replace(webhook, settings=switched_off(webhook.settings))
        case WebhookDeleted():
            return DeletedWebhook(webhook_id=event.webhook_id)
        case _:
            assert_never(event)


def switched_off(settings: WebhookSettings) -> WebhookSettings:
    """Return the same settings, disabled."""
    return msgspec.structs.replace(settings, is_active=False)


def webhook_not_found(webhook_id: str | None = None) -> NotFoundError:
    """Return the refusal of a webhook that does not exist for the caller."""
    return NotFoundError(
        "webhook_not_found",
        "The webhook does not exist, or you cannot access it: check its id.",
        {} if webhook_id is None else {"webhook_id": webhook_id[:100]},
    )


WEBHOOK: Decider[WebhookCommand, WebhookEvent, Webhook] = Decider(
    initial=NoWebhook(), decide=decide, evolve=evolve, not_found=webhook_not_found
)


def check_settings(settings: WebhookSettings) -> None:
    """Refuse invalid settings."""
    check_text(settings.name, "webhook_name")
    _check_url(settings.url)
    if not 0 < settings.timeout_seconds <= MAX_TIMEOUT_SECONDS:
        raise InvalidInputError(
            "invalid_timeout",
            f"timeout is out of range: send more than 0 and at most {MAX_TIMEOUT_SECONDS:g} seconds.",
            {"field": "timeout"},
        )


def _check_url(url: str) -> None:
    """Refuse an invalid URL, or one with a password."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0 and not _is_odd_address(parts.hostname or "")
    except ValueError:
        named = False
    printable = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    if not named or not printable or parts.scheme not in {"http", "https"} or len(url) > MAX_URL_LENGTH:
        raise InvalidInputError(
            "invalid_url",
            f"url is not an http or https URL: send one of at most {MAX_URL_LENGTH} characters.",
            {"field": "url"},
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError(
            "invalid_url", "url contains a name or a password: send a header instead.", {"field": "url"}
        )


def _is_odd_address(host: str) -> bool:
    """Return whether a host ends in a number, as an IPv4 address does, but is not one in four decimal parts."""
    if not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse invalid and reserved headers; the message names the first one."""
    wrong = {name[:100]: problem for name, value in headers.items() if (problem := _problem(name, value))}
    lower = [name.lower() for name in headers]
    wrong |= {name[:100]: "is repeated" for name in headers if lower.count(name.lower()) > 1}
    if wrong:
        name, problem = next(iter(wrong.items()))
        raise InvalidInputError(
            "invalid_headers",
            f"headers: {name!a} {problem}. Remove it, or correct it.",
            {"field": f"headers.{name}", "headers": list(wrong)},
        )
    if len(headers) > MAX_HEADERS:
        raise InvalidInputError(
            "invalid_headers",
            f"headers has {len(headers)} names: send at most {MAX_HEADERS}.",
            {"field": "headers", "headers": []},
        )


def _problem(name: str, value: str) -> str | None:
    """Return the problem of a header with the allowed values, or None."""
    if not _HEADER_NAME.fullmatch(name):
        return "is not a header name (1 to 100 letters, digits and hyphens)"
    if name.lower() in _OWN_HEADERS or name.lower().startswith(_OWN_PREFIXES):
        return "is reserved"
    if value == MASK:
        return "has the mask of a stored value, but no value is stored"
    if not _HEADER_VALUE.fullmatch(value):
        return "has a value that is not allowed (1 to 4002 printable ASCII characters, no spaces at the ends)"
    return None
