"""Buckets: a schema for their objects, perhaps a unique key, and a status."""

import enum
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, assert_never

import msgspec
from msgspec import Meta

from domain import schema as schemas
from domain.events import JSON, Event, Origin
from domain.namespace import check_name
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError

MAX_UNIQUE_VALUE_BYTES = 512
MAX_METADATA_BYTES = 16 * 1024
MAX_SCHEMA_BYTES = 256 * 1024


class Policy(enum.StrEnum):
    """What to do with an object whose unique key is there already (`insert`, `upsert`), or is not (`update`)."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"


class BucketStatus(enum.StrEnum):
    """Whether a bucket takes uploads: only an active one does."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ARCHIVED = "ARCHIVED"


class UniqueKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The properties whose values, together, no two objects of the bucket share."""

    fields: Annotated[tuple[str, ...], Meta(min_length=1)]
    default_policy: Policy | None = None


class BucketCreated(Event, frozen=True, tag="bucket.created.v1"):
    """A bucket was made."""

    bucket_id: str
    name: str
    description: str | None
    bucket_schema: JSON
    unique_key: UniqueKey | None
    metadata: JSON


class BucketStatusChanged(Event, frozen=True, tag="bucket.status_changed.v1"):
    """The bucket takes uploads, or takes none, from now on."""

    bucket_id: str
    status: BucketStatus


BucketEvent = BucketCreated | BucketStatusChanged


class NoBucket(msgspec.Struct, frozen=True):
    """The state before the first event."""


class LiveBucket(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket that exists."""

    bucket_id: str
    status: BucketStatus


Bucket = NoBucket | LiveBucket


class CreateBucket(msgspec.Struct, frozen=True, kw_only=True):
    """Make a bucket."""

    origin: Origin
    bucket_id: str
    name: str
    description: str | None
    bucket_schema: JSON
    unique_key: UniqueKey | None
    metadata: JSON


class ChangeBucketStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Let the bucket take uploads, or take none."""

    origin: Origin
    status: BucketStatus


BucketCommand = CreateBucket | ChangeBucketStatus


def decide(command: BucketCommand, bucket: Bucket) -> tuple[BucketEvent, ...]:
    """Say what happens, or refuse."""
    match bucket, command:
        case NoBucket(), CreateBucket():
            check_name(command.name, what="bucket", prefix="bkt_")
            schema = schemas.parse(command.bucket_schema)
            schemas.check_json(command.bucket_schema, "bucket_schema", max_bytes=MAX_SCHEMA_BYTES)
            schemas.check_json(command.metadata, "metadata", max_bytes=MAX_METADATA_BYTES)
            if command.unique_key is not None:
                _check_unique_key(command.unique_key, schema)
            return (
                BucketCreated(
                    origin=command.origin,
                    bucket_id=command.bucket_id,
                    name=command.name,
                    description=command.description,
                    bucket_schema=command.bucket_schema,
                    unique_key=command.unique_key,
                    metadata=command.metadata,
                ),
            )
        case LiveBucket(), ChangeBucketStatus():
            if bucket.status is command.status:
                return ()
            return (BucketStatusChanged(origin=command.origin, bucket_id=bucket.bucket_id, status=command.status),)
        case NoBucket(), _:
            raise NotFoundError("bucket_not_found", "There is no such bucket.")
        case _:
            raise WrongStateError("wrong_state", "The bucket exists already.")


def evolve(bucket: Bucket, event: BucketEvent) -> Bucket:
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case BucketCreated():
            return LiveBucket(bucket_id=event.bucket_id, status=BucketStatus.ACTIVE)
        case BucketStatusChanged():
            if isinstance(bucket, NoBucket):
                return bucket
            return msgspec.structs.replace(bucket, status=event.status)
        case _:
            assert_never(event)


def unique_values(unique_key: UniqueKey, metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of the unique key's fields; refuse one that is missing or longer than 512 bytes."""
    values = []
    for field in unique_key.fields:
        value = metadata.get(field)
        if value is None:
            raise InvalidInputError(
                "unique_key_missing",
                f"object_metadata must hold {field!r}: it is part of the bucket's unique key.",
                {"field": field},
            )
        written = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
        if len(written) > MAX_UNIQUE_VALUE_BYTES:
            raise InvalidInputError(
                "unique_key_too_long",
                f"The unique-key value {field!r} may be {MAX_UNIQUE_VALUE_BYTES} bytes at most.",
                {"field": field},
            )
        values.append(value)
    return tuple(values)


def unique_digest(values: tuple[Any, ...]) -> str:
    """Return the SHA-256 of the values' canonical JSON: equal values (1 and 1.0 too) give the same digest.

    The values themselves may be personal; the log keeps only this.
    """
    return hashlib.sha256(msgspec.json.encode([_canonical(value) for value in values], order="sorted")).hexdigest()


def _canonical(value: object) -> object:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_canonical(item) for item in value]
        case dict():
            return {key: _canonical(item) for key, item in value.items()}
        case _:
            return value


def _check_unique_key(unique_key: UniqueKey, schema: schemas.BucketSchema) -> None:
    if not unique_key.fields or len(set(unique_key.fields)) != len(unique_key.fields):
        raise InvalidInputError("invalid_unique_key", "unique_key.fields names at least one property, each once.")
    for field in unique_key.fields:
        if field not in schema.properties:
            raise InvalidInputError(
                "invalid_unique_key",
                f"unique_key names {field[:100]!r}, which the schema does not have.",
                {"field": field},
            )
        if schema.properties[field].type in schemas.FILE_TYPES - {schemas.FieldType.TEXT}:
            raise InvalidInputError(
                "invalid_unique_key", f"unique_key cannot use {field!r}: a file is no key.", {"field": field}
            )
