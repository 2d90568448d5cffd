"""Buckets: a schema for their objects, an optional unique key, and a status."""

import enum
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, assert_never

import msgspec
from msgspec import Meta

from domain.buckets import schema as schemas
from domain.decider import Decider
from domain.events.event import JSON, Event, Origin
from domain.namespaces.namespace import check_name
from domain.refusals import InvalidInputError, NotFoundError, WrongStateError
from domain.shared_fields import changed_by, made_from
from domain.uploads.content_rules import ANY_CONTENT, ContentRules, checked
from domain.uploads.parts import check_part_size

MAX_UNIQUE_VALUE_BYTES = 512
MAX_METADATA_BYTES = 16 * 1024
MAX_SCHEMA_BYTES = 256 * 1024
MIN_RETENTION_SECONDS = 60
MAX_RETENTION_SECONDS = 100 * 365 * 86_400
MAX_ANALYTICS_FIELDS = 5
MAX_ANALYTICS_FIELD_LENGTH = 64


class Policy(enum.StrEnum):
    """What to do if the unique key of an object is taken (`insert`, `upsert`), or is not (`update`)."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"


def policy_named(name: str | None) -> Policy | None:
    """Return the policy of this name, None for None; refuse an unknown name."""
    try:
        return None if name is None else Policy(name)
    except ValueError:
        raise InvalidInputError(
            "invalid_policy",
            f"policy '{name and name[:50]}' does not exist: use one of {', '.join(Policy)}.",
            {"policy": name and name[:50]},
        ) from None


class BucketStatus(enum.StrEnum):
    """Whether a bucket accepts uploads: only if ACTIVE. DELETING cannot be set, and is final."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ARCHIVED = "ARCHIVED"
    DELETING = "DELETING"


class UniqueKey(msgspec.Struct, frozen=True, kw_only=True):
    """The properties whose combined values are unique among the objects of the bucket."""

    fields: Annotated[tuple[str, ...], Meta(extra_json_schema={"minItems": 1})]  # refused by `decide`
    default_policy: Policy | None = None


class BucketCreated(Event, frozen=True, omit_defaults=True, tag="bucket.created.v1"):
    """A bucket was created. `auto_confirm`: whether its uploads complete without a confirmation, by default.

    `retention_seconds`: how long its uploads and objects are kept, by default; None: until they are deleted.
    `analytics_fields`: the metadata fields of its uploads by which analytics are kept. `part_size`: the usual size of
    parts, in bytes; None: the setting's.
    """

    bucket_id: str
    name: str
    description: str | None
    bucket_schema: JSON
    unique_key: UniqueKey | None
    metadata: JSON
    auto_confirm: bool = False
    content_rules: ContentRules = ANY_CONTENT
    retention_seconds: int | None = None
    analytics_fields: tuple[str, ...] = ()
    part_size: int | None = None


class BucketStatusChanged(Event, frozen=True, tag="bucket.status_changed.v1"):
    """The bucket accepts uploads, or accepts none, from now on."""

    bucket_id: str
    status: BucketStatus


class BucketSchemaChanged(Event, frozen=True, tag="bucket.schema_changed.v1"):
    """The bucket's objects have this schema from now on; existing ones fit it, too."""

    bucket_id: str
    bucket_schema: JSON


class BucketUpdated(Event, frozen=True, omit_defaults=True, tag="bucket.updated.v1"):
    """The bucket has this name, description, metadata and these settings from now on."""

    bucket_id: str
    name: str
    description: str | None
    metadata: JSON
    auto_confirm: bool = False
    content_rules: ContentRules = ANY_CONTENT
    retention_seconds: int | None = None
    analytics_fields: tuple[str, ...] = ()
    part_size: int | None = None


class BucketDeletionBegan(Event, frozen=True, tag="bucket.deletion_began.v1"):
    """The bucket no longer accepts anything; a task deletes its content, and then the bucket."""

    bucket_id: str
    task_id: str


class BucketDeleted(Event, frozen=True, tag="bucket.deleted.v1"):
    """The empty bucket was deleted; its name is free."""

    bucket_id: str


BucketEvent = (
    BucketCreated | BucketStatusChanged | BucketSchemaChanged | BucketUpdated | BucketDeletionBegan | BucketDeleted
)


class BucketSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an update replaces, all of it."""

    name: str
    description: str | None
    metadata: JSON
    auto_confirm: bool = False
    content_rules: ContentRules = ANY_CONTENT
    retention_seconds: int | None = None
    analytics_fields: tuple[str, ...] = ()
    part_size: int | None = None


class NoBucket(msgspec.Struct, frozen=True):
    """The state before the first event."""


class LiveBucket(BucketSettings, frozen=True, kw_only=True):
    """A bucket that exists."""

    bucket_id: str
    status: BucketStatus
    bucket_schema: JSON = {}


class DeletingBucket(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket whose contents a task is deleting."""

    bucket_id: str
    name: str
    task_id: str


class DeletedBucket(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted bucket."""

    bucket_id: str
    task_id: str


Bucket = NoBucket | LiveBucket | DeletingBucket | DeletedBucket


class CreateBucket(BucketSettings, frozen=True, kw_only=True):
    """Create a bucket."""

    origin: Origin
    bucket_id: str
    bucket_schema: JSON
    unique_key: UniqueKey | None


class ChangeBucketStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Let the bucket accept uploads, or none."""

    origin: Origin
    status: BucketStatus


class ChangeBucketSchema(msgspec.Struct, frozen=True, kw_only=True):
    """Let the schema grow: with further properties, and wider ones. The caller has checked that the objects fit."""

    origin: Origin
    bucket_schema: JSON


class UpdateBucket(BucketSettings, frozen=True, kw_only=True):
    """Replace the bucket's name, description, metadata and settings, all of them."""

    origin: Origin


class BeginBucketDeletion(msgspec.Struct, frozen=True, kw_only=True):
    """Let the bucket accept nothing from now on, and a task empty it."""

    origin: Origin
    task_id: str


class EndBucketDeletion(msgspec.Struct, frozen=True, kw_only=True):
    """Delete the empty bucket."""

    origin: Origin


BucketCommand = (
    CreateBucket | ChangeBucketStatus | ChangeBucketSchema | UpdateBucket | BeginBucketDeletion | EndBucketDeletion
)


def decide(command: BucketCommand, bucket: Bucket) -> tuple[BucketEvent, ...]:  # noqa: C901, PLR0911  # one arm for every case
    """Return the events of a command, or refuse it."""
    match bucket, command:
        case NoBucket(), CreateBucket():
            return (_create(command),)
        case LiveBucket(), ChangeBucketStatus():
            if bucket.status is command.status:
                return ()
            return (BucketStatusChanged(origin=command.origin, bucket_id=bucket.bucket_id, status=command.status),)
        case LiveBucket(), ChangeBucketSchema():
            return _change_schema(command, bucket)
        case LiveBucket(), UpdateBucket():
            return _update(command, bucket)
        case LiveBucket(), BeginBucketDeletion(origin=origin, task_id=task_id):
            return (BucketDeletionBegan(origin=origin, bucket_id=bucket.bucket_id, task_id=task_id),)
        case DeletingBucket(), EndBucketDeletion(origin=origin):
            return (BucketDeleted(origin=origin, bucket_id=bucket.bucket_id),)
        case (DeletingBucket() | DeletedBucket(), BeginBucketDeletion()) | (DeletedBucket(), EndBucketDeletion()):
            return ()  # repeated: nothing new
        case NoBucket() | DeletedBucket(), _:
            raise bucket_not_found()
        case DeletingBucket(), _:
            raise WrongStateError(
                "bucket_deleting", "The bucket is being deleted: use another one.", {"bucket_id": bucket.bucket_id}
            )
        case LiveBucket(), EndBucketDeletion():
            raise WrongStateError("wrong_state", "The deletion of the bucket has not begun: delete the bucket first.")
        case _:
            raise WrongStateError("wrong_state", "The bucket exists already: use another id.")


def evolve(bucket: Bucket, event: BucketEvent) -> Bucket:  # noqa: C901, PLR0911  # one line for every event
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case BucketCreated():
            return made_from(LiveBucket, event, status=BucketStatus.ACTIVE)
        case BucketStatusChanged():
            if not isinstance(bucket, LiveBucket):
                return bucket
            return msgspec.structs.replace(bucket, status=event.status)
        case BucketSchemaChanged():
            if not isinstance(bucket, LiveBucket):
                return bucket
            return msgspec.structs.replace(bucket, bucket_schema=event.bucket_schema)
        case BucketUpdated():
            if not isinstance(bucket, LiveBucket):
                return bucket
            return changed_by(bucket, event)
        case BucketDeletionBegan():
            if not isinstance(bucket, LiveBucket):
                return bucket
            return DeletingBucket(bucket_id=event.bucket_id, name=bucket.name, task_id=event.task_id)
        case BucketDeleted():
            if not isinstance(bucket, DeletingBucket):
                return bucket
            return DeletedBucket(bucket_id=event.bucket_id, task_id=bucket.task_id)
        case _:
            assert_never(event)


def bucket_not_found(id_or_name: str | None = None) -> NotFoundError:
    """Return the refusal of a bucket that does not exist for the caller."""
    return NotFoundError(
        "bucket_not_found",
        "The bucket does not exist, or you cannot access it: check its id or name.",
        {} if id_or_name is None else {"bucket": id_or_name[:200]},
    )


BUCKET: Decider[BucketCommand, BucketEvent, Bucket] = Decider(
    initial=NoBucket(), decide=decide, evolve=evolve, not_found=bucket_not_found
)


def merge_patch(metadata: Mapping[str, Any], patch: Mapping[str, Any]) -> JSON:
    """Return metadata after a JSON merge patch (RFC 7396): null removes a key, objects merge, the rest replaces."""
    result = dict(metadata)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            before = result.get(key)
            result[key] = merge_patch(before if isinstance(before, dict) else {}, value)
        else:
            result[key] = value
    return result


def unique_values(unique_key: UniqueKey, metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of the unique key's fields; refuse one that is missing or longer than 512 bytes."""
    values = []
    for field in unique_key.fields:
        value = metadata.get(field)
        if value is None:
            raise InvalidInputError(
                "unique_key_missing",
                f"'{field}' is part of the bucket's unique key, but has no value: send one.",
                {"field": field},
            )
        written = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
        if len(written) > MAX_UNIQUE_VALUE_BYTES:
            raise InvalidInputError(
                "unique_key_too_long",
                f"'{field}' is part of the bucket's unique key, and its value is too long: send at most"
                f" {MAX_UNIQUE_VALUE_BYTES} bytes.",
                {"field": field},
            )
        values.append(value)
    return tuple(values)


def canonical_digest(values: tuple[Any, ...]) -> str:
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


def _create(command: CreateBucket) -> BucketCreated:
    check_name(command.name, what="bucket", prefix="bkt_")
    schema = schemas.parse_schema(command.bucket_schema)
    schemas.check_json(command.bucket_schema, "bucket_schema", max_bytes=MAX_SCHEMA_BYTES)
    _check_words(command.description, command.metadata)
    if command.unique_key is not None:
        _check_unique_key(command.unique_key, schema)
    return made_from(
        BucketCreated,
        command,
        content_rules=checked(command.content_rules),
        retention_seconds=check_retention(command.retention_seconds, "retention_seconds"),
        analytics_fields=_check_analytics_fields(command.analytics_fields),
        part_size=check_part_size(command.part_size),
    )


def _change_schema(command: ChangeBucketSchema, bucket: LiveBucket) -> tuple[BucketSchemaChanged, ...]:
    if msgspec.json.encode(command.bucket_schema) == msgspec.json.encode(bucket.bucket_schema):
        return ()
    schemas.check_json(command.bucket_schema, "bucket_schema", max_bytes=MAX_SCHEMA_BYTES)
    schemas.check_growth(schemas.parse_schema(bucket.bucket_schema), schemas.parse_schema(command.bucket_schema))
    return (
        BucketSchemaChanged(origin=command.origin, bucket_id=bucket.bucket_id, bucket_schema=command.bucket_schema),
    )


def _update(command: UpdateBucket, bucket: LiveBucket) -> tuple[BucketUpdated, ...]:
    rules = checked(command.content_rules)
    given, known = made_from(BucketSettings, command, content_rules=rules), made_from(BucketSettings, bucket)
    if msgspec.json.encode(given) == msgspec.json.encode(known):  # for Python, 1 == True
        return ()
    if command.name != bucket.name:
        check_name(command.name, what="bucket", prefix="bkt_")
    _check_words(command.description, command.metadata)
    return (
        made_from(
            BucketUpdated,
            command,
            bucket_id=bucket.bucket_id,
            content_rules=rules,
            retention_seconds=check_retention(command.retention_seconds, "retention_seconds"),
            analytics_fields=_check_analytics_fields(command.analytics_fields),
            part_size=check_part_size(command.part_size),
        ),
    )


def check_retention(seconds: int | None, field: str) -> int | None:
    """Return a retention, or refuse one that is out of range. `field`: its name for the caller."""
    if seconds is not None and not MIN_RETENTION_SECONDS <= seconds <= MAX_RETENTION_SECONDS:
        raise InvalidInputError(
            "invalid_retention",
            f"{field} is out of range: send {MIN_RETENTION_SECONDS} to {MAX_RETENTION_SECONDS} seconds, or leave it"
            " out to keep everything until it is deleted.",
            {"field": field, field: seconds},
        )
    return seconds


def _check_analytics_fields(fields: tuple[str, ...]) -> tuple[str, ...]:
    if len(fields) > MAX_ANALYTICS_FIELDS or len(set(fields)) < len(fields):
        raise InvalidInputError(
            "invalid_analytics_fields",
            f"analytics_fields has a repeated name, or too many: send up to {MAX_ANALYTICS_FIELDS} different names.",
            {"field": "analytics_fields", "max_fields": MAX_ANALYTICS_FIELDS},
        )
    for name in fields:
        schemas.check_text(name, "analytics_fields")
        if not 0 < len(name) <= MAX_ANALYTICS_FIELD_LENGTH or "," in name:
            raise InvalidInputError(
                "invalid_analytics_fields",
                f"analytics_fields has a name that is not allowed: send names of metadata fields with 1 to"
                f" {MAX_ANALYTICS_FIELD_LENGTH} characters and without commas.",
                {"field": "analytics_fields", "name": name[:MAX_ANALYTICS_FIELD_LENGTH]},
            )
    return fields


def _check_words(description: str | None, metadata: JSON) -> None:
    schemas.check_text(description or "", "description")
    schemas.check_json(metadata, "metadata", max_bytes=MAX_METADATA_BYTES)


def _check_unique_key(unique_key: UniqueKey, schema: schemas.BucketSchema) -> None:
    if not unique_key.fields or len(set(unique_key.fields)) != len(unique_key.fields):
        raise InvalidInputError(
            "invalid_unique_key",
            "unique_key.fields is empty or repeats a name: list at least one property, each once.",
            {"field": "unique_key.fields"},
        )
    for field in unique_key.fields:
        if field not in schema.properties:
            raise InvalidInputError(
                "invalid_unique_key",
                f"unique_key contains '{field[:100]}', which is not in the schema: use one of its properties.",
                {"field": field},
            )
        if schema.properties[field].type in schemas.FILE_TYPES - {schemas.FieldType.TEXT}:
            raise InvalidInputError(
                "invalid_unique_key",
                f"unique_key cannot use '{field}', which is a file: use a property with a plain value.",
                {"field": field},
            )
