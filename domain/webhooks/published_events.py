"""The events that webhooks receive, and their names: those of the contract, without a version."""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from domain.events.cloud_events import ADMINISTRATOR_TAGS, CloudEvent, names
from domain.refusals import InvalidInputError

PING = "webhook.ping"
# Types of the contract for which Upwell has no events.
CONTRACT_TYPES = frozenset(
    {
        *("object.created", "objects.created.batch", "object.updated", "object.deleted"),
        *("collection.created", "collection.updated", "collection.deleted", "collection.documents.written"),
        *("cluster.created", "cluster.updated", "cluster.deleted"),
        *("cluster.execution.started", "cluster.execution.completed", "cluster.execution.failed"),
        *("trigger.created", "trigger.updated", "trigger.deleted", "trigger.paused", "trigger.resumed"),
        *("trigger.fired", "trigger.execution.completed", "trigger.execution.failed"),
        *("taxonomy.created", "taxonomy.updated", "taxonomy.deleted"),
        *("alert.created", "alert.updated", "alert.deleted"),
        *("alert.triggered", "alert.execution.completed", "alert.execution.failed"),
    }
)


def check_event_types(event_types: Iterable[str]) -> None:
    """Refuse names that are neither types of the contract nor of Upwell's events."""
    unknown = [each[:100] for each in event_types if each not in CONTRACT_TYPES and not tags_wanted((each,))]
    if unknown:
        raise InvalidInputError(
            "unknown_event_type",
            "event_types contains unknown names: use types such as 'upload.completed', or groups such as 'upload.*'.",
            {"unknown": unknown},
        )


def idle_types(event_types: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each type of the contract without events in Upwell."""
    return tuple(
        f"No event has the type {each!r}: the webhook gets no messages of it."
        for each in event_types
        if not tags_wanted((each,))
    )


@lru_cache(maxsize=1024)
def tags_wanted(event_types: tuple[str, ...]) -> frozenset[str]:
    """Return the tags of the events that these types match."""
    return frozenset(tag for tag in ADMINISTRATOR_TAGS if any(names(each, tag) for each in event_types))


def public_type(tag: str) -> str:
    """Return the type of events with this tag in webhooks: `upload.completed`."""
    return tag.rpartition(".")[0]


def for_webhooks(event: CloudEvent) -> CloudEvent:
    """Return the envelope for webhooks."""
    return msgspec.structs.replace(event, type=public_type(event.type))
