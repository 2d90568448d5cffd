"""The form of events for subscribers: a CloudEvents 1.0 envelope around the stored event.

The envelope: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md. `data` contains the event without
credentials and addresses.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from inspect import cleandoc
from typing import Any

import msgspec

from domain.events.event import Origin
from domain.events.registry import BY_TAG
from domain.keys.api_key import Permission, Reach, ResourceType, reach
from domain.refusals import InvalidInputError

SECRET_FIELDS = frozenset({"key_hash", "token_hash", "billing_email"})
# Keys that may only read do not see the permissions of keys and the profile of the organization.
_FOR_ADMINISTRATORS = ("organization.", "api_key.", "audit.", "event_token.", "upload.token_", "webhook.")
_MAX_TYPES = 100

READER_TAGS = frozenset(tag for tag in BY_TAG if not tag.startswith(_FOR_ADMINISTRATORS))
ADMINISTRATOR_TAGS = frozenset(BY_TAG)
_WITH_SECRETS = frozenset(tag for tag, kind in BY_TAG.items() if SECRET_FIELDS & set(kind.__struct_fields__))


def told_to(
    permissions: Collection[Permission], scopes: Sequence[Mapping[str, Any]], organization_id: str
) -> frozenset[str]:
    """Return the tags of the whole organization's events that a key may read; none for a key with narrower scopes."""
    if not {Permission.READ, Permission.ADMIN} & set(permissions):
        return frozenset()
    if not scopes:
        return ADMINISTRATOR_TAGS if Permission.ADMIN in permissions else READER_TAGS
    everywhere: dict[str, set[str]] = {ResourceType.ORGANIZATION: {organization_id}}
    return READER_TAGS if reach(scopes, Permission.READ, everywhere) is Reach.THERE else frozenset()


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event for subscribers. `id`: its position, in decimal digits; `subject`: its stream.

    `namespaceid`, `bucketid` and `actorid` come from the event's origin.
    """

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    dataschema: str | None = None
    actorid: str
    namespaceid: str | None = None
    bucketid: str | None = None
    data: msgspec.Raw


class _Head(msgspec.Struct):
    origin: Origin


_head = msgspec.json.Decoder(_Head)


def origin_of(state: bytes) -> Origin | None:
    """Return the origin of a stored event, without decoding the rest; None: not an event of Upwell."""
    try:
        return _head.decode(state).origin
    except msgspec.MsgspecError:
        return None


def envelope(
    position: int, stream_id: str, tag: str, state: bytes, origin: Origin, *, schemas_url: str | None = None
) -> CloudEvent:
    """Return the envelope of an event with a tag of Upwell. `schemas_url`: the base URL of the schemas."""
    return CloudEvent(
        specversion="1.0",
        id=str(position),
        source=f"urn:upwell:{origin.organization_id}",
        type=tag,
        subject=stream_id,
        time=origin.at,
        datacontenttype="application/json",
        dataschema=None if schemas_url is None else f"{schemas_url}/{tag}",
        actorid=origin.actor_id,
        namespaceid=origin.namespace_id,
        bucketid=origin.bucket_id,
        data=msgspec.Raw(_without_secrets(state) if tag in _WITH_SECRETS else state),
    )


def _without_secrets(state: bytes) -> bytes:
    fact: dict[str, Any] = msgspec.json.decode(state)
    return msgspec.json.encode({name: value for name, value in fact.items() if name not in SECRET_FIELDS})


def tags_named(types: Iterable[str]) -> frozenset[str]:
    """Return the tags that match these names: a tag, a tag without its version, or a kind (`upload.*`)."""
    named = [each.strip() for each in types]
    if len(named) > _MAX_TYPES:
        raise InvalidInputError(
            "unknown_event_type",
            f"types has {len(named)} names: send at most {_MAX_TYPES}, or groups such as 'upload.*'.",
            {"max": _MAX_TYPES},
        )
    found = {each: frozenset(tag for tag in BY_TAG if names(each, tag)) for each in named}
    unknown = [each[:100] for each, tags in found.items() if not tags]
    if unknown:
        raise InvalidInputError(
            "unknown_event_type",
            "types contains unknown names: use types such as 'upload.completed', or groups such as 'upload.*'.",
            {"unknown": unknown},
        )
    return frozenset().union(*found.values())


def names(name: str, tag: str) -> bool:
    """Return whether a name matches a tag: completely, without its version, or by kind (`upload.*`)."""
    return name in {tag, tag.rpartition(".")[0], f"{tag.partition('.')[0]}.*"}


@cache
def event_schema(tag: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the `data` of events with this tag."""
    (schema,), components = msgspec.json.schema_components([BY_TAG[tag]], ref_template="#/$defs/{name}")
    kinds = dict(components)
    for each in kinds.values():
        if "description" in each:
            each["description"] = cleandoc(each["description"])
    top = kinds.pop(BY_TAG[tag].__name__)
    top["properties"] = {name: each for name, each in top["properties"].items() if name not in SECRET_FIELDS}
    top["required"] = [name for name in top.get("required", []) if name not in SECRET_FIELDS]
    assert schema["$ref"].endswith(BY_TAG[tag].__name__)  # noqa: S101  # msgspec names it so
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **top, "$defs": kinds}
