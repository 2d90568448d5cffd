"""The registry of all tags: decodes stored JSON into events."""

from typing import TypeAlias, get_args

import msgspec

from domain.buckets.bucket import BucketEvent
from domain.events.event import topic_of
from domain.keys.api_key import ApiKeyEvent, ApiKeysListed
from domain.keys.event_token import EventTokenIssued
from domain.keys.upload_token import TokenEvent
from domain.namespaces.namespace import NamespaceEvent
from domain.objects.object import ObjectEvent
from domain.organizations.organization import OrganizationEvent
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.upload_events import UploadEvent
from domain.webhooks.webhook import WebhookEvent

KnownEvent: TypeAlias = (
    OrganizationEvent
    | ApiKeyEvent
    | ApiKeysListed
    | EventTokenIssued
    | NamespaceEvent
    | BucketEvent
    | UploadEvent
    | UploadDuplicateAvoided
    | TokenEvent
    | ObjectEvent
    | WebhookEvent
)
EVENT_TYPES: tuple[type[KnownEvent], ...] = get_args(KnownEvent)
BY_TAG: dict[str, type[KnownEvent]] = {topic_of(kind): kind for kind in EVENT_TYPES}

_decoder: msgspec.json.Decoder[KnownEvent] = msgspec.json.Decoder(KnownEvent)


def decode(state: bytes) -> KnownEvent:
    """Return the event in this JSON. Raises `msgspec.ValidationError` for an unknown tag."""
    return _decoder.decode(state)
