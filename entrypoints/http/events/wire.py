"""Events on the wire: the shapes of responses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.events.cloud_events import CloudEvent
from domain.keys.event_token import MAX_SECONDS, MIN_SECONDS, USUAL_SECONDS


class EventPageResponse(msgspec.Struct, kw_only=True):
    """Events in order. `next_after`: the position for the next page; `has_more`: another page is available."""

    events: Sequence[CloudEvent]
    next_after: int
    has_more: bool


class EventHistoryResponse(msgspec.Struct, kw_only=True):
    """All events of an upload, in order."""

    events: Sequence[CloudEvent]


class CreateEventTokenRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The lifetime of a token for events."""

    expires_in_seconds: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = USUAL_SECONDS


class EventTokenResponse(msgspec.Struct, kw_only=True):
    """A token for events: `GET /v1/events?token=…`. `namespace_id`: the only namespace that it can read, if any."""

    token: str
    expires_at: datetime
    namespace_id: str | None
