"""Events on the wire: the shapes of responses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.events.cloud_events import CloudEvent
from domain.keys.event_token import MAX_SECONDS, MIN_SECONDS, USUAL_SECONDS
from domain.keys.upload_token import MAX_SUBJECT_LENGTH


class EventPageResponse(msgspec.Struct, kw_only=True):
    """Events in order. `next_after`: the position for the next page; `has_more`: another page is available."""

    events: Sequence[CloudEvent]
    next_after: int
    has_more: bool


class EventHistoryResponse(msgspec.Struct, kw_only=True):
    """All events of an upload, in order."""

    events: Sequence[CloudEvent]


class CreateEventTokenRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The lifetime of a token for events, and which of its key's events it reads.

    `bucket`: only those of a bucket, by id or name. `types`: only those of these types, such as `upload.completed` or
    `upload.*`. `subject`: only those of uploads through upload tokens for this subject, in the bucket. `upload_id`:
    only those of this upload. All but `types` need a namespace.
    """

    expires_in_seconds: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = USUAL_SECONDS
    bucket: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    types: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...], Meta(max_length=20)] = ()
    subject: Annotated[str, Meta(min_length=1, max_length=MAX_SUBJECT_LENGTH)] | None = None
    upload_id: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class EventTokenResponse(msgspec.Struct, kw_only=True):
    """A token for events: `GET /v1/events?token=…`. `namespace_id`: the only namespace that it can read, if any.

    `bucket_id`, `types`, `subject`, `upload_id`: what it is narrowed to.
    """

    token: str
    expires_at: datetime
    namespace_id: str | None
    bucket_id: str | None = None
    types: tuple[str, ...] = ()
    subject: str | None = None
    upload_id: str | None = None
