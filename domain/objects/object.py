"""Objects: the records of a bucket, with uploads and inline data as blobs, and metadata of the client."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, assert_never

import msgspec
from msgspec import UNSET, UnsetType

from domain.buckets.bucket import canonical_digest
from domain.decider import Decider
from domain.events.event import JSON, Event, Origin
from domain.keys.api_key import Permission
from domain.refusals import ForbiddenError, NotFoundError, WrongStateError
from domain.shared_fields import made_from
from domain.uploads.retention import later_end


class Blob(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of an object: the stored bytes of an upload, or inline JSON.

    `type` in lower case. `upload_id`: the upload with the bytes, or None for inline `data`, which has no file. The
    personal fields (`filename`, `storage_key`, `data`, `metadata`, `key_prefix`) are None after the object was
    forgotten.
    """

    blob_id: str
    property: str
    type: str
    upload_id: str | None
    filename: str | None
    storage_key: str | None
    version_id: str | None
    etag: str | None
    size_bytes: int | None
    content_type: str | None
    sha256: str | None
    data: Any = None
    metadata: JSON | None = None
    key_prefix: str | None = None


class ObjectCreated(Event, frozen=True, omit_defaults=True, tag="object.created.v1"):
    """An object was created. `unique_key`: the digest of its unique key's values, if it has one.

    `content_key`: the digest of its blobs and metadata, if later objects of the same content should find it.
    `deletes_at`: when the object is deleted automatically; None: never.
    """

    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON | None
    unique_key: str | None
    key_prefix: str | None = None
    content_key: str | None = None
    deletes_at: datetime | None = None


class ObjectUpdated(Event, frozen=True, omit_defaults=True, tag="object.updated.v1"):
    """The object now has these blobs and this metadata; it no longer holds `released_upload_ids`.

    `unique_key`: the new digest; None: unchanged. `content_key` None: later objects of the same content do not find it.
    `forget_at` no longer has a meaning: released uploads stay until they are deleted. `deletes_at`: its end from now
    on, None: never; absent: unchanged.
    """

    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON | None
    released_upload_ids: tuple[str, ...]
    forget_at: datetime
    key_prefix: str | None = None
    unique_key: str | None = None
    content_key: str | None = None
    deletes_at: datetime | UnsetType | None = UNSET


class ObjectDeleted(Event, frozen=True, tag="object.deleted.v1"):
    """The object was deleted, and the personal fields of its events are null.

    `forgotten_upload_ids`: its uploads that are forgotten in the same command; `released_upload_ids`: those that
    another object also holds.
    """

    object_id: str
    forgotten_upload_ids: tuple[str, ...]
    released_upload_ids: tuple[str, ...]


ObjectEvent = ObjectCreated | ObjectUpdated | ObjectDeleted


class NoObject(msgspec.Struct, frozen=True):
    """Before the first event."""


class LiveObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object that exists."""

    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON
    key_prefix: str | None = None
    unique_key: str | None = None
    content_key: str | None = None
    deletes_at: datetime | None = None

    def upload_ids(self) -> frozenset[str]:
        """Return the uploads that it holds."""
        return uploads_of(self.blobs)


class DeletedObject(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted object."""

    object_id: str


BucketObject = NoObject | LiveObject | DeletedObject


class CreateObject(msgspec.Struct, frozen=True, kw_only=True):
    """Create an object. `content_key`: set if later objects of the same content should find it."""

    origin: Origin
    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON
    unique_key: str | None
    key_prefix: str | None = None
    content_key: str | None = None
    deletes_at: datetime | None = None


class PutBlob(msgspec.Struct, frozen=True, kw_only=True):
    """Replace the blob of the same property, and merge the metadata.

    `deletes_at`: the end of the blob, None: never. The object then ends no sooner.
    """

    origin: Origin
    blob: Blob
    metadata: JSON
    forget_at: datetime
    deletes_at: datetime | None


class UpdateObject(msgspec.Struct, frozen=True, kw_only=True):
    """Replace all blobs, metadata and settings of the object. `unique_key` is the digest of these values."""

    origin: Origin
    blobs: tuple[Blob, ...]
    metadata: JSON
    key_prefix: str | None
    unique_key: str | None
    content_key: str | None
    forget_at: datetime
    deletes_at: datetime | None


class DeleteObject(msgspec.Struct, frozen=True, kw_only=True):
    """Delete the object. `kept_upload_ids`: its uploads that other objects also hold."""

    origin: Origin
    kept_upload_ids: frozenset[str]


ObjectCommand = CreateObject | PutBlob | UpdateObject | DeleteObject


def decide(command: ObjectCommand, current: BucketObject) -> tuple[ObjectEvent, ...]:
    """Return the events of a command, or refuse it."""
    match current, command:
        case NoObject(), CreateObject():
            return (made_from(ObjectCreated, command),)
        case LiveObject(), PutBlob(blob=blob):
            put = UpdateObject(
                origin=command.origin,
                blobs=with_blobs(current.blobs, (blob,)),
                metadata={**current.metadata, **command.metadata},
                key_prefix=current.key_prefix,
                unique_key=current.unique_key,
                content_key=None,
                forget_at=command.forget_at,
                deletes_at=later_end(current.deletes_at, command.deletes_at),
            )
            return (_updated(put, current),)
        case LiveObject(), UpdateObject():
            changed = _updated(command, current)
            return () if evolve(current, changed) == current else (changed,)
        case LiveObject(), DeleteObject():
            held = current.upload_ids()
            return (
                ObjectDeleted(
                    origin=command.origin,
                    object_id=current.object_id,
                    forgotten_upload_ids=tuple(sorted(held - command.kept_upload_ids)),
                    released_upload_ids=tuple(sorted(held & command.kept_upload_ids)),
                ),
            )
        case ((NoObject() | DeletedObject()), (PutBlob() | UpdateObject() | DeleteObject())):
            raise object_not_found()
        case _:
            raise WrongStateError("wrong_state", "The object exists already: use another id.")


def evolve(current: BucketObject, event: ObjectEvent) -> BucketObject:
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case ObjectCreated():
            return made_from(LiveObject, event, metadata=event.metadata or {})
        case ObjectUpdated():
            if not isinstance(current, LiveObject):
                return current
            return made_from(
                LiveObject,
                event,
                metadata=event.metadata or {},
                unique_key=event.unique_key or current.unique_key,
                deletes_at=current.deletes_at if event.deletes_at is UNSET else event.deletes_at,
            )
        case ObjectDeleted():
            return DeletedObject(object_id=event.object_id)
        case _:
            assert_never(event)


class ReplaceDeniedError(ForbiddenError):
    """The caller may not replace the content of an object."""

    def __init__(self) -> None:
        super().__init__(
            "replace_denied",
            "The object already exists, and replacing its content needs the permission 'delete'; an upload token"
            " also needs its own policy. Use an API key with it, or send other values of the unique key.",
            {"needed": Permission.DELETE},
        )


def object_not_found(object_id: str | None = None) -> NotFoundError:
    """Return the refusal of an object that does not exist for the caller."""
    return NotFoundError(
        "object_not_found",
        "The object does not exist, or you cannot access it: check its id.",
        {} if object_id is None else {"object_id": object_id[:100]},
    )


OBJECT: Decider[ObjectCommand, ObjectEvent, BucketObject] = Decider(
    initial=NoObject(), decide=decide, evolve=evolve, not_found=object_not_found
)


def uploads_of(blobs: Iterable[Blob]) -> frozenset[str]:
    """Return the uploads of these blobs."""
    return frozenset(blob.upload_id for blob in blobs if blob.upload_id is not None)


def with_blobs(blobs: tuple[Blob, ...], put: tuple[Blob, ...]) -> tuple[Blob, ...]:
    """Return the blobs, with those of the same properties replaced."""
    replaced = {blob.property for blob in put}
    return (*(blob for blob in blobs if blob.property not in replaced), *put)


def holds_all_of(blobs: Iterable[Blob], earlier: Iterable[Blob]) -> bool:
    """Return whether these blobs contain the content of all earlier ones."""
    return {_held(blob) for blob in earlier} <= {_held(blob) for blob in blobs}


def has_ended(current: LiveObject, now: datetime) -> bool:
    """Return whether an object has reached its end."""
    return current.deletes_at is not None and current.deletes_at <= now


def content_digest(blobs: Iterable[Blob], metadata: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an object's content: its metadata, and each blob's property and bytes or data.

    The order and the names of the blobs do not matter.
    """
    parts = sorted(canonical_digest((blob.property, blob.sha256, blob.data)) for blob in blobs)
    return canonical_digest((dict(metadata), parts))


def _held(blob: Blob) -> str:
    return canonical_digest((blob.property, blob.upload_id, blob.data))


def _updated(command: UpdateObject, current: LiveObject) -> ObjectUpdated:
    return made_from(
        ObjectUpdated,
        command,
        object_id=current.object_id,
        released_upload_ids=tuple(sorted(current.upload_ids() - uploads_of(command.blobs))),
        unique_key=command.unique_key if command.unique_key != current.unique_key else None,
        deletes_at=command.deletes_at if command.deletes_at != current.deletes_at else UNSET,
    )
