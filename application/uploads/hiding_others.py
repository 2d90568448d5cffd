"""The view of an upload for a requester that may not read the bucket.

It shows that there is an original with the same bytes, or an object with the same unique key, but nothing else about
them: their ids are empty. To the holder of a token a duplicate is an ordinary completed upload: a page must not learn
which bytes others have sent.
"""

from typing import Any

import msgspec

from application.ports.tasks.tasks import Json
from application.ports.uploads.upload_reads import UploadRecord
from domain.events.cloud_events import CloudEvent
from domain.events.event import topic_of
from domain.uploads.upload_events import UploadBytesInherited, UploadCompleted

_HIDDEN = ""
# In events: the ids of others. An inheritance is omitted, because it contains the location of another upload's bytes.
_IDS = ("duplicate_of", "existing_object_id", "heir_id")
# Of a completion: they tell a duplicate from another upload.
_OF_QUOTA = ("keeps_bytes", "released_bytes", "accepted_bytes")


def holds_own_bytes(upload: UploadRecord) -> bool:
    """Return whether the bytes of an upload are its own, and not its original's."""
    return upload.keeps_bytes and f"/{upload.upload_id}/" in upload.storage_key


def without_others(upload: UploadRecord) -> UploadRecord:
    """Return the record of an upload without facts about others."""
    prefix, _, filename = upload.storage_key.rpartition("/")
    if upload.storage_key and not prefix.endswith(f"/{upload.upload_id}"):
        prefix, filename = f"{prefix.rpartition('/')[0]}/{upload.upload_id}", upload.filename
    return msgspec.structs.replace(
        upload,
        storage_key=f"{prefix}/{filename}" if prefix else upload.storage_key,
        duplicate_of=None if upload.duplicate_of is None else _HIDDEN,
        existing_object_id=None if upload.existing_object_id is None else _HIDDEN,
        object_id=upload.object_id if upload.duplicate_of is None else None,
    )


def as_ordinary(upload: UploadRecord) -> UploadRecord:
    """Return the record of an upload as the holder of a token sees it: without others, and no duplicate."""
    return msgspec.structs.replace(without_others(upload), duplicate_of=None)


def output_as_ordinary(output: str | Json) -> str | Json:
    """Return an output of a task as the holder of a token sees it."""
    if not isinstance(output, dict):
        return output
    known = dict.fromkeys(("duplicate_of_upload_id", "existing_object_id") & output.keys())
    if output.get("duplicate_of_upload_id") is not None:
        known["object_id"] = None
    return {**output, **known}


def without_other_uploads(event: CloudEvent) -> CloudEvent | None:
    """Return an event of an upload without facts about others; None: it has no other facts."""
    if event.type == topic_of(UploadBytesInherited):
        return None
    data: dict[str, Any] = msgspec.json.decode(event.data)
    hidden: dict[str, Any] = {name: _HIDDEN for name in _IDS if data.get(name) is not None}
    if "duplicate_of" in hidden:
        hidden["object_id"] = None
    return msgspec.structs.replace(event, data=msgspec.Raw(msgspec.json.encode({**data, **hidden})))


def event_as_ordinary(event: CloudEvent) -> CloudEvent | None:
    """Return an event of an upload as the holder of a token sees it; None: it has only facts about others."""
    shown = without_other_uploads(event)
    if shown is None or shown.type != topic_of(UploadCompleted):
        return shown
    data: dict[str, Any] = msgspec.json.decode(shown.data)
    seen = {name: value for name, value in data.items() if name not in _OF_QUOTA}
    return msgspec.structs.replace(shown, data=msgspec.Raw(msgspec.json.encode({**seen, "duplicate_of": None})))
