"""Objects: the record in a bucket that one or more uploads became, as blobs."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

import msgspec

from domain.events import JSON, Event, Origin
from domain.refusals import NotFoundError, WrongStateError


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an object. `upload_id`: the upload whose stored bytes it is; `type` in lower case.

    The personal fields (`filename`, `storage_key`) are None once the object was forgotten.
    """

    blob_id: str
    property: str
    type: str
    upload_id: str
    filename: str | None
    storage_key: str | None
    version_id: str | None
    etag: str
    size_bytes: int
    content_type: str
    sha256: str


class ObjectCreated(Event, frozen=True, tag="object.created.v1"):
    """An object was made. `unique_key`: the digest of its unique key's values, where it has one."""

    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON | None
    unique_key: str | None


class ObjectUpdated(Event, frozen=True, tag="object.updated.v1"):
    """The object has these blobs and this metadata now; `released_upload_ids` are held by it no more."""

    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON | None
    released_upload_ids: tuple[str, ...]
    forget_at: datetime


ObjectEvent = ObjectCreated | ObjectUpdated


class NoObject(msgspec.Struct, frozen=True):
    """Before the first event."""


class LiveObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object that exists."""

    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON


BucketObject = NoObject | LiveObject


class CreateObject(msgspec.Struct, frozen=True, kw_only=True):
    """Make an object."""

    origin: Origin
    object_id: str
    blobs: tuple[Blob, ...]
    metadata: JSON
    unique_key: str | None


class PutBlob(msgspec.Struct, frozen=True, kw_only=True):
    """Put a blob in place of the one of the same property, and merge metadata into what is there."""

    origin: Origin
    blob: Blob
    metadata: JSON
    forget_at: datetime


ObjectCommand = CreateObject | PutBlob


def decide(command: ObjectCommand, current: BucketObject) -> tuple[ObjectEvent, ...]:
    """Say what happens, or refuse."""
    match current, command:
        case NoObject(), CreateObject():
            return (
                ObjectCreated(
                    origin=command.origin,
                    object_id=command.object_id,
                    blobs=command.blobs,
                    metadata=command.metadata,
                    unique_key=command.unique_key,
                ),
            )
        case LiveObject(), PutBlob(blob=blob):
            kept = tuple(old for old in current.blobs if old.property != blob.property)
            released = {old.upload_id for old in current.blobs} - {old.upload_id for old in kept} - {blob.upload_id}
            return (
                ObjectUpdated(
                    origin=command.origin,
                    object_id=current.object_id,
                    blobs=(*kept, blob),
                    metadata={**current.metadata, **command.metadata},
                    released_upload_ids=tuple(sorted(released)),
                    forget_at=command.forget_at,
                ),
            )
        case NoObject(), _:
            raise NotFoundError("object_not_found", "There is no such object.")
        case _:
            raise WrongStateError("wrong_state", "The object exists already.")


def evolve(current: BucketObject, event: ObjectEvent) -> BucketObject:
    """Apply a recorded fact. Total: the past is not refused."""
    match event:
        case ObjectCreated():
            return LiveObject(object_id=event.object_id, blobs=event.blobs, metadata=event.metadata or {})
        case ObjectUpdated():
            if isinstance(current, NoObject):
                return current
            return LiveObject(object_id=event.object_id, blobs=event.blobs, metadata=event.metadata or {})
        case _:
            assert_never(event)


def replay(events: Iterable[ObjectEvent]) -> BucketObject:
    """Return the state that these events lead to."""
    current: BucketObject = NoObject()
    for event in events:
        current = evolve(current, event)
    return current
