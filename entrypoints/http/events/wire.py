"""Events on the wire: the shapes of answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.events.cloud_events import CloudEvent
from domain.keys.event_token import MAX_SECONDS, MIN_SECONDS, USUAL_SECONDS


class EventPageResponse(msgspec.Struct, kw_only=True):
    """Events in order. `next_after`: read on with it; `has_more`: there is more at once."""

    events: Sequence[CloudEvent]
    next_after: int
    has_more: bool


class EventHistoryResponse(msgspec.Struct, kw_only=True):
    """All events of an upload, in order."""

    events: Sequence[CloudEvent]


class CreateEventTokenRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long a token for events may be used."""

    expires_in_seconds: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS)] = USUAL_SECONDS


class EventTokenResponse(msgspec.Struct, kw_only=True):
    """A token for events: `GET /v1/events?token=…`. `namespace_id`: the only one whose events it reads, if any."""

    token: str
    expires_at: datetime
    namespace_id: str | None
