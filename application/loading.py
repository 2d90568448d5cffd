"""What the use cases of uploads and objects share: loading the aggregate, and acting on it as the system itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec

from application.ports.event_log import EventLog
from domain.events.event import Origin
from domain.events.registry import decode
from domain.objects.object import BucketObject, ObjectEvent
from domain.objects.object import replay as replay_object
from domain.refusals import NotFoundError
from domain.uploads.upload import Canceled, Completed, Failed, Upload, UploadEvent, replay

CONFLICT_RETRIES = 8


class LoadedUpload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload as its events tell it. `origin`: that of its first event."""

    upload_id: str
    state: Upload
    version: int
    origin: Origin

    def origin_of(self, actor_id: str, command_id: str, now: datetime) -> Origin:
        """Return the origin of something that is done to this upload now."""
        return msgspec.structs.replace(self.origin, actor_id=actor_id, command_id=command_id, at=now)


async def load_upload(log: EventLog, upload_id: str) -> LoadedUpload:
    """Rebuild an upload from its events; raise `NotFoundError` if there are none."""
    stored = await log.read_stream(upload_id)
    if not stored:
        raise upload_not_found(upload_id)
    events = cast("Sequence[UploadEvent]", [decode(event.state) for event in stored])
    return LoadedUpload(upload_id=upload_id, state=replay(events), version=len(events), origin=events[0].origin)


def is_in_parts(upload: Upload) -> bool:
    """Say whether an upload that has ended was to be sent in parts, begun or not."""
    return isinstance(upload, Completed | Failed | Canceled) and upload.request.part_size is not None


class LoadedObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object as its events tell it. `origin`: that of its first event."""

    object_id: str
    state: BucketObject
    version: int
    origin: Origin

    def origin_of(self, actor_id: str, command_id: str, now: datetime) -> Origin:
        """Return the origin of something that is done to this object now."""
        return msgspec.structs.replace(self.origin, actor_id=actor_id, command_id=command_id, at=now)


async def load_object(log: EventLog, object_id: str) -> LoadedObject:
    """Rebuild an object from its events; raise `NotFoundError` if there are none."""
    stored = await log.read_stream(object_id)
    if not stored:
        raise object_not_found(object_id)
    events = cast("Sequence[ObjectEvent]", [decode(event.state) for event in stored])
    return LoadedObject(object_id=object_id, state=replay_object(events), version=len(events), origin=events[0].origin)


def upload_not_found(upload_id: str) -> NotFoundError:
    """Return the refusal of an upload that is not there, or not the caller's."""
    return NotFoundError(
        "upload_not_found",
        "There is no such upload, or it is not yours: check its id.",
        {"upload_id": upload_id[:100]},
    )


def object_not_found(object_id: str) -> NotFoundError:
    """Return the refusal of an object that is not there, or not the caller's."""
    return NotFoundError(
        "object_not_found",
        "There is no such object, or it is not yours: check its id.",
        {"object_id": object_id[:100]},
    )
