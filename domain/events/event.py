"""The base of all events, and their encoding as JSON.

A tag (`upload.requested.v1`) identifies an event type forever: it is written by hand, and after its release neither the
tag nor its shape changes. The JSON contains everything that a reader needs, including the tag (`type`).
"""

from datetime import datetime
from typing import Any

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The actor, place and time of an event.

    `actor_id` is a key's or a user's id, or `system:…`; never an e-mail address. `at` is UTC. `command_id` is the same
    for all events of one command: after a lost connection it shows whether the command was committed.
    """

    organization_id: str
    namespace_id: str | None = None
    bucket_id: str | None = None
    actor_id: str
    command_id: str
    at: datetime


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A recorded fact."""

    origin: Origin


def topic_of(event: type[Event] | Event) -> str:
    """Return the tag of an event or of an event type."""
    kind = event if isinstance(event, type) else type(event)
    return str(kind.__struct_config__.tag)


_encoder = msgspec.json.Encoder(order=None)


def encode(event: Event) -> bytes:
    """Return the event as UTF-8 JSON, an object."""
    return _encoder.encode(event)


JSON = dict[str, Any]
