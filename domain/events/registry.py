"""Every tag there is: from stored JSON back to events."""

from functools import reduce
from operator import or_
from typing import cast, get_args

import msgspec

from domain.buckets.bucket import BucketEvent
from domain.events.event import Event, topic_of
from domain.keys.api_key import ApiKeyEvent, ApiKeysListed
from domain.keys.event_token import EventTokenIssued
from domain.keys.upload_token import UploadTokenIssued, UploadTokenUsed
from domain.namespaces.namespace import NamespaceEvent
from domain.objects.object import ObjectEvent
from domain.organizations.organization import OrganizationEvent
from domain.uploads.upload import UploadDuplicateAvoided, UploadEvent
from domain.webhooks.webhook import WebhookEvent


def _members(union: object) -> tuple[type[Event], ...]:
    return get_args(union) or (cast("type[Event]", union),)  # a union of one is the type itself


EVENT_TYPES: tuple[type[Event], ...] = (
    *_members(OrganizationEvent),
    *_members(ApiKeyEvent),
    ApiKeysListed,
    EventTokenIssued,
    *_members(NamespaceEvent),
    *_members(BucketEvent),
    *_members(UploadEvent),
    UploadDuplicateAvoided,
    UploadTokenIssued,
    UploadTokenUsed,
    *_members(ObjectEvent),
    *_members(WebhookEvent),
)
BY_TAG: dict[str, type[Event]] = {topic_of(kind): kind for kind in EVENT_TYPES}

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(reduce(or_, EVENT_TYPES))


def decode(state: bytes) -> Event:
    """Return the event that this JSON is. Raises `msgspec.ValidationError` for a tag that is not ours."""
    return _decoder.decode(state)
