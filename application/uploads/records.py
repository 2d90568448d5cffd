"""The record of an upload: found by its id, or made from its events, as the read side shows it now or at any time.

A command needs the events of its upload anyway, so it makes the record from them (`load_upload`), without another read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never, cast

import msgspec

from application.handling import Loaded
from application.ports.events.event_log import EventLog, Notification
from application.ports.uploads.upload_reads import UploadReads, UploadRecord
from domain.events.registry import decode
from domain.objects.object import ObjectUpdated
from domain.shared_fields import made_from
from domain.uploads.upload import UPLOAD, Status, Upload, upload_not_found
from domain.uploads.upload_events import (
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadContentChanged,
    UploadDeleted,
    UploadEvent,
    UploadFailed,
    UploadForgotten,
    UploadRequested,
    UploadSkipped,
    UploadStarted,
    UploadUrlReissued,
    UploadVerificationAbandoned,
    UploadVerificationBegan,
    UploadVerified,
)


class EventPosition(msgspec.Struct, frozen=True, kw_only=True):
    """The position of an event: its stream, its version there, its position in the log."""

    stream_id: str
    version: int
    position: int


async def find_upload(read_side: UploadReads, namespace_id: str, upload_id: str, bucket_id: str | None) -> UploadRecord:
    """Return an upload of the namespace, and of the bucket if one is given; refuse if there is none."""
    record = await read_side.upload(namespace_id, upload_id)
    if record is None or bucket_id not in {None, record.bucket_id}:
        raise upload_not_found(upload_id)
    return record


async def load_upload(
    log: EventLog, namespace_id: str, upload_id: str, bucket_id: str | None
) -> tuple[Loaded[UploadEvent, Upload], UploadRecord]:
    """Return an upload of the namespace, and of the bucket if one is given, with its record; refuse if there is none.

    The end of a completed upload may have moved with that of its object: only the read side knows.
    """
    stored = await log.read_stream(upload_id)
    events = tuple([cast("UploadEvent", decode(each.state)) for each in stored])
    record = None
    for version, event in enumerate(events, 1):
        place = EventPosition(stream_id=upload_id, version=version, position=stored[version - 1].id)
        record = following(record, event, place)
    if record is None or record.namespace_id != namespace_id or bucket_id not in {None, record.bucket_id}:
        raise upload_not_found(upload_id)
    return Loaded(stream_id=upload_id, state=UPLOAD.replay(events), events=events, read=len(events)), record


def record_at(history: Sequence[Notification], at: datetime) -> UploadRecord | None:
    """Return the record of an upload at a time; None before its first event, and after it was forgotten."""
    record = None
    for stored in history:
        event = cast("UploadEvent", decode(stored.state))
        if event.origin.at > at:
            break
        place = EventPosition(stream_id=stored.originator_id, version=stored.originator_version, position=stored.id)
        record = following(record, event, place)
    return record


def brought_forward(record: UploadRecord, upload: Loaded[UploadEvent, Upload]) -> UploadRecord | None:
    """Return the record after the events appended since it was read; None: read the record again.

    That is necessary if other commands changed the upload before it was loaded, or if it became part of an existing
    object, whose end it now has.
    """
    if record.version != upload.read or any(isinstance(event, ObjectUpdated) for event in upload.besides):
        return None
    now: UploadRecord | None = record
    for version, event in enumerate(upload.news, upload.read + 1):
        now = following(
            now, event, EventPosition(stream_id=upload.stream_id, version=version, position=record.position)
        )
    return now


def following(record: UploadRecord | None, event: UploadEvent, place: EventPosition) -> UploadRecord | None:
    """Return the record after an event; None: there is none."""
    if isinstance(event, UploadRequested | UploadSkipped):
        return first_record(event, place)
    if record is None or isinstance(event, UploadDeleted | UploadForgotten):
        return None
    return msgspec.structs.replace(record, version=place.version, **_changes(record, event))


def _changes(record: UploadRecord, event: UploadEvent) -> dict[str, object]:  # noqa: C901, PLR0911  # one arm for every event
    match event:
        case UploadStarted():
            return {"status": Status.IN_PROGRESS, "multipart_id": event.multipart_id}
        case UploadUrlReissued():
            return {"expires_at": event.expires_at, "due_at": event.due_at}
        case UploadVerificationBegan():
            return {"status": Status.PROCESSING, "task_id": event.task_id}
        case UploadVerificationAbandoned():
            return {"status": Status.PENDING if record.multipart_id is None else Status.IN_PROGRESS}
        case UploadVerified(content=content):
            return {
                "size_bytes": content.size_bytes,
                "sha256": content.sha256,
                "etag": content.etag,
                "version_id": content.version_id,
                "message": content.note,
                "verified_at": event.origin.at,
            }
        case UploadCompleted():
            return {
                "status": Status.COMPLETED,
                "completed_at": event.origin.at,
                "object_id": event.object_id,
                "duplicate_of": event.duplicate_of,
                "existing_object_id": event.existing_object_id,
                "keeps_bytes": event.keeps_bytes,
                "own_end": event.deletes_at,
                "deletes_at": event.deletes_at,
            }
        case UploadFailed():
            return {
                "status": Status.FAILED,
                "message": event.message,
                "failure_reason": event.reason.value,
                "keeps_bytes": False,
                "deletes_at": None,
            }
        case UploadCanceled():
            return {"status": Status.CANCELED, "keeps_bytes": event.keeps_bytes, "deletes_at": None}
        case UploadContentChanged():
            return {"changed_etag": event.etag or ""}
        case UploadBytesInherited():
            return {
                "storage_key": event.storage_key or "",
                "etag": event.etag,
                "version_id": event.version_id,
                "due_at": event.due_at,
                "keeps_bytes": True,
                "duplicate_of": None,
                "object_id": None,
            }
        case UploadRequested() | UploadSkipped() | UploadDeleted() | UploadForgotten():
            raise AssertionError(event)  # not a change, but a beginning or an end
        case _:
            assert_never(event)


def first_record(event: UploadRequested | UploadSkipped, place: EventPosition) -> UploadRecord:
    """Return the record of an upload after its first event."""
    origin, request = event.origin, event.request
    skipped = isinstance(event, UploadSkipped)
    return made_from(
        UploadRecord,
        request,
        upload_id=place.stream_id,
        organization_id=origin.organization_id,
        namespace_id=origin.namespace_id or "",
        bucket_id=origin.bucket_id or "",
        version=place.version,
        position=place.position,
        status=Status.SKIPPED if skipped else Status.PENDING,
        filename=request.filename or "",
        storage_key=request.storage_key or "",
        created_at=origin.at,
        metadata=request.metadata or {},
        existing_object_id=event.existing_object_id if isinstance(event, UploadSkipped) else None,
        deletes_at=None if skipped else request.deletes_at,
    )
