"""The audit log: the events that administrators of an organization see, and their names there.

Uploads and objects are excluded: they are in the feed, and would hide everything else. Issued, renewed and revoked
tokens are included.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.events.cloud_events import SECRET_FIELDS
from domain.events.event import Event, topic_of
from domain.events.registry import BY_TAG

# Names that do not follow from the tag.
_ACTIONS: Mapping[str, str] = {
    "audit.api_keys_listed.v1": "api_keys_listed",
    "event_token.issued.v1": "event_token_issued",
    "upload.token_issued.v1": "upload_token_issued",
    "upload.token_renewed.v1": "upload_token_renewed",
    "upload.token_revoked.v1": "upload_token_revoked",
    "api_key.rotated.v1": "api_key_rotated",
    "api_key.revoked.v1": "api_key_revoked",
    "api_key.permissions_changed.v1": "permission_updated",
    "api_key.scopes_changed.v1": "api_key_scope_updated",
    "webhook.disabled.v1": "webhook_disabled",
}
_KINDS = frozenset({"organization", "api_key", "namespace", "bucket", "webhook"})
# Events about keys with tags of another kind.
_ABOUT_KEYS = frozenset(
    {
        "audit.api_keys_listed.v1",
        "event_token.issued.v1",
        "upload.token_issued.v1",
        "upload.token_renewed.v1",
        "upload.token_revoked.v1",
    }
)
# In this order: the keys of an organization's users are keys.
_KIND_OF_SEGMENT: Mapping[str, str] = {
    "api-keys": "api_key",
    "upload-tokens": "api_key",
    "tokens": "api_key",
    "webhooks": "webhook",
    "buckets": "bucket",
    "namespaces": "namespace",
}
REFUSED = "request_refused"
_HIDDEN = SECRET_FIELDS | {"origin"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The name of an event in the audit log."""

    resource_type: str
    action: str


def entry_of(topic: str) -> Entry | None:
    """Return the name of events with this tag; None: not in the audit log."""
    kind, _, verb = topic.rpartition(".")[0].partition(".")
    if topic in _ABOUT_KEYS:
        kind = "api_key"
    if kind not in _KINDS:
        return None
    verb = "deleted" if verb.startswith("delet") else verb if verb == "created" else "updated"
    return Entry(resource_type=kind, action=_ACTIONS.get(topic, f"{kind}_{verb}"))


def topics_of(*, resource_type: str | None, action: str | None) -> tuple[str, ...]:
    """Return the tags in the audit log of this kind and name."""
    entries = {topic: entry_of(topic) for topic in BY_TAG}
    return tuple(
        topic
        for topic, entry in entries.items()
        if entry is not None and resource_type in {None, entry.resource_type} and action in {None, entry.action}
    )


def changes_of(event: Event) -> dict[str, Any]:
    """Return the content of an event, without secrets and addresses."""
    hidden = _HIDDEN | {f"{topic_of(event).partition('.')[0]}_id", "type"}
    facts: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in facts.items() if name not in hidden}


def resource_type_of(route: str) -> str:
    """Return the resource type of a route; by default, the organization."""
    found = {segment: kind for segment, kind in _KIND_OF_SEGMENT.items() if segment in route.split("/")}
    return next(iter(found.values()), "organization")


def actor_type_of(actor_id: str) -> str:
    """Return the kind of the actor with this id."""
    for prefix, kind in (("key_", "api_key"), ("utk_", "upload_token"), ("system:", "system")):
        if actor_id.startswith(prefix):
            return kind
    return "user"
