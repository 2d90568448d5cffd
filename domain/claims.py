"""Names and unique keys with at most one holder, and the events that take and release them.

A claim is a key in a scope. A stream holds the claims that its own events took: a namespace, bucket, API key or webhook
holds its name; an object holds its unique key and, if later objects should find it by its content, that content. A
namespace that is being deleted holds one more claim, for its deletion task: nothing can be created in the namespace
while it is held.

The log keeps the claims under its lock. PostgreSQL's `upwell.project_*` functions and `upwell.claim_object` are the
twins of `held_after`.
"""

from collections.abc import Mapping

import msgspec

from domain.buckets.bucket import BucketCreated, BucketDeleted, BucketUpdated
from domain.events.event import Event
from domain.keys.api_key import ApiKeyCreated, ApiKeyRevoked, ApiKeySettingsChanged
from domain.namespaces.namespace import NamespaceCreated, NamespaceDeleted, NamespaceDeletionBegan, NamespaceUpdated
from domain.objects.object import ObjectCreated, ObjectDeleted, ObjectUpdated
from domain.webhooks.webhook import WebhookCreated, WebhookDeleted, WebhookUpdated


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A name or a unique key: at most one holder for `key` in `scope`."""

    scope: str
    key: str


Held = Mapping[Claim, str]  # claims, and the ids of their holders


def namespace_name_claim(organization_id: str, name: str) -> Claim:
    """Return the claim on a namespace's name in its organization."""
    return Claim(scope=f"namespace:{organization_id}", key=name)


def bucket_name_claim(namespace_id: str, name: str) -> Claim:
    """Return the claim on a bucket's name in its namespace."""
    return Claim(scope=f"bucket:{namespace_id}", key=name)


def key_name_claim(organization_id: str, user_id: str, name: str) -> Claim:
    """Return the claim on an API key's name among those of its user."""
    return Claim(scope=f"key:{organization_id}:{user_id}", key=name)


def webhook_name_claim(organization_id: str, name: str) -> Claim:
    """Return the claim on a webhook's name in its organization."""
    return Claim(scope=f"webhook:{organization_id}", key=name)


def unique_key_claim(bucket_id: str, unique_key: str) -> Claim:
    """Return the claim on a unique key (the digest of its values) that an object of the bucket holds."""
    return Claim(scope=f"object:{bucket_id}", key=unique_key)


def content_claim(bucket_id: str, content_key: str) -> Claim:
    """Return the claim on the content (a digest) of an object, by which later objects find it."""
    return Claim(scope=f"content:{bucket_id}", key=content_key)


def is_on_content(claim: Claim) -> bool:
    """Return whether a claim is on the content of an object."""
    return claim.scope.startswith("content:")


def deletion_claim(namespace_id: str) -> Claim:
    """Return the claim on a namespace that is being deleted: creations in the namespace require it to be free."""
    return Claim(scope="deletion", key=namespace_id)


def held_after(stream_id: str, event: Event, held: Held) -> Held:  # noqa: PLR0911  # one arm for every kind of thing
    """Return the claims of a stream after its next event. `held`: those before it. Other events change no claim."""
    origin = event.origin
    match event:
        case NamespaceCreated() | NamespaceUpdated():
            name = namespace_name_claim(origin.organization_id, event.name)
            return {claim: owner for claim, owner in held.items() if claim.scope != name.scope} | {name: stream_id}
        case NamespaceDeletionBegan():
            return {**held, deletion_claim(stream_id): event.task_id}
        case BucketCreated() | BucketUpdated():
            return {bucket_name_claim(origin.namespace_id or "", event.name): stream_id}
        case ApiKeyCreated():
            return {key_name_claim(origin.organization_id, event.user_id, event.name): stream_id}
        case ApiKeySettingsChanged():
            return {Claim(scope=claim.scope, key=event.name): stream_id for claim in held}
        case WebhookCreated() | WebhookUpdated():
            return {webhook_name_claim(origin.organization_id, event.settings.name): stream_id}
        case ObjectCreated() | ObjectUpdated():
            return _held_by_object(stream_id, event, held)
        case NamespaceDeleted() | BucketDeleted() | ApiKeyRevoked() | WebhookDeleted() | ObjectDeleted():
            return {}
        case _:
            return held


def _held_by_object(object_id: str, event: ObjectCreated | ObjectUpdated, held: Held) -> Held:
    """Return the claims of an object. An update without a unique key keeps the current one."""
    bucket_id = event.origin.bucket_id or ""
    after: dict[Claim, str] = {}
    if event.unique_key is not None:
        after[unique_key_claim(bucket_id, event.unique_key)] = object_id
    else:
        after |= {claim: owner for claim, owner in held.items() if claim.scope == f"object:{bucket_id}"}
    if event.content_key is not None:
        after[content_claim(bucket_id, event.content_key)] = object_id
    return after
