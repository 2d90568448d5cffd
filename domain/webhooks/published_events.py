"""The events that webhooks receive, and their names there: as the contract has them, without a version."""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from domain.events.cloud_events import ADMINISTRATOR_TAGS, CloudEvent, names
from domain.refusals import InvalidInputError

PING = "webhook.ping"
# Types that a client of the contract may name though nothing here ever happens of that kind.
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
    """Refuse what neither the contract nor an event of ours is called."""
    unknown = [each[:100] for each in event_types if each not in CONTRACT_TYPES and not tags_wanted((each,))]
    if unknown:
        raise InvalidInputError(
            "unknown_event_type",
            "event_types has names that no event has: use types such as 'upload.completed', or groups such as"
            " 'upload.*'.",
            {"unknown": unknown},
        )


def idle_types(event_types: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each type of the contract that no event of ours has."""
    return tuple(
        f"No event is called {each!r} here: the webhook is told nothing of it."
        for each in event_types
        if not tags_wanted((each,))
    )


@lru_cache(maxsize=1024)
def tags_wanted(event_types: tuple[str, ...]) -> frozenset[str]:
    """Return the tags of the events that these types name."""
    return frozenset(tag for tag in ADMINISTRATOR_TAGS if any(names(each, tag) for each in event_types))


def public_type(tag: str) -> str:
    """Return what events with this tag are called in webhooks: `upload.completed`."""
    return tag.rpartition(".")[0]


def for_webhooks(event: CloudEvent) -> CloudEvent:
    """Return the envelope as webhooks get it."""
    return msgspec.structs.replace(event, type=public_type(event.type))
