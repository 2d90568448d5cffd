"""Parses a storage's notifications about its objects, in the formats of S3, SNS, EventBridge, MinIO and SeaweedFS.

Notifications come at least once and in any order; their processing is elsewhere.
"""

import base64
import binascii
import enum
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from domain.json_text import NotJSONError, decode_json
from domain.refusals import InvalidInputError

_SNS_DEPTH = 2
_SEAWEEDFS_ROOT = "/buckets/"


class EventKind(enum.StrEnum):
    """The kind of an event."""

    CREATED = "created"
    REMOVED = "removed"


class StorageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of one object. None: missing in the notification. `etag`: without quotes."""

    bucket: str
    key: str
    kind: EventKind
    etag: str | None = None
    size_bytes: int | None = None
    version_id: str | None = None


def parse_notification(body: bytes) -> Sequence[StorageEvent] | None:
    """Return the events of a notification, possibly none; None for an unknown shape.

    Refuses invalid JSON with `invalid_notification`.
    """
    return _events_of(_json(body), _SNS_DEPTH)


def _json(body: bytes | str) -> Any:  # noqa: ANN401  # JSON
    try:
        return decode_json(body if isinstance(body, bytes) else body.encode())
    except (NotJSONError, msgspec.ValidationError) as error:
        raise InvalidInputError(
            "invalid_notification",
            "The notification is not JSON: send the original one.",
            {"field": "The body", "in": "body"},
        ) from error


def _events_of(  # noqa: PLR0911  # one arm for every shape
    notification: Any,  # noqa: ANN401  # JSON
    depth: int,
) -> Sequence[StorageEvent] | None:
    match notification:
        case {"Records": list(records)}:
            found = [_of_record(record) for record in records]
            return None if None in found else [event for events in found for event in events or ()]
        case {"Type": "Notification", "Message": str(message)} if depth:
            return _events_of(_json(message), depth - 1)
        case {"Event": "s3:TestEvent"}:
            return ()
        case {"detail-type": str(name), "detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)} as of}}:
            kind = {"Object Created": EventKind.CREATED, "Object Deleted": EventKind.REMOVED}.get(name)
            return _event(bucket, key, kind, of, etag="etag", version_id="version-id")
        case {"EventName": str(name), "Key": str(place)} if "/" in place:
            bucket, _, key = place.partition("/")
            return _event(bucket, key, _kind(name), {}, etag="eTag", version_id="versionId")
        case {"event_type": str(name), "key": str(place), "message": dict(message)} if place.startswith("/"):
            return list(_of_seaweedfs(name, place, message))
        case _:
            return None


def _of_record(record: Any) -> Sequence[StorageEvent] | None:  # noqa: ANN401  # JSON
    match record:
        case {"eventName": str(name), "s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)} as of}}:
            return _event(bucket, unquote_plus(key), _kind(name), of, etag="eTag", version_id="versionId")
        case _:
            return None


def _kind(name: str) -> EventKind | None:
    match name.removeprefix("s3:").partition(":")[0]:
        case "ObjectCreated":
            return EventKind.CREATED
        case "ObjectRemoved" | "LifecycleExpiration":
            return EventKind.REMOVED
        case _:
            return None  # restored, tagged, read, …


def _event(
    bucket: str, key: str, kind: EventKind | None, of: Mapping[str, Any], *, etag: str, version_id: str
) -> Sequence[StorageEvent]:
    if kind is None:
        return ()
    size = of.get("size")
    return (
        StorageEvent(
            bucket=bucket,
            key=key,
            kind=kind,
            etag=(_text(of.get(etag)) or "").strip('"') or None,
            size_bytes=size if isinstance(size, int) else None,
            version_id=_text(of.get(version_id)),
        ),
    )


def _of_seaweedfs(name: str, place: str, message: Mapping[str, Any]) -> Sequence[StorageEvent]:
    """Return the events of SeaweedFS's filer for files below `/buckets`, without folders.

    A renamed file is one removed and one created object.
    """
    old, new = _entry(message.get("old_entry")), _entry(message.get("new_entry"))
    found: list[StorageEvent] = []
    if old is not None and name in {"delete", "rename"}:
        found += _of_file(place, EventKind.REMOVED, old)
    if new is not None and name in {"create", "update"}:
        found += _of_file(place, EventKind.CREATED, new)
    if new is not None and name == "rename":
        found += _of_file(f"{message.get('new_parent_path')}/{new.get('name')}", EventKind.CREATED, new)
    return found


def _of_file(place: str, kind: EventKind, entry: Mapping[str, Any]) -> Sequence[StorageEvent]:
    """Return the events of an entry. For versions, their folder reports the latest one, once it is readable."""
    extended, attributes = _object(entry.get("extended")), _object(entry.get("attributes"))
    latest = extended.get("Seaweed-X-Amz-Latest-Version-Id")
    of_a_version = "Seaweed-X-Amz-Version-Id" in extended
    if not place.startswith(_SEAWEEDFS_ROOT) or of_a_version or (entry.get("is_directory") and latest is None):
        return ()
    bucket, _, key = place.removeprefix(_SEAWEEDFS_ROOT).partition("/")
    if latest is None:
        etag, size = _decoded(extended.get("Seaweed-X-Amz-ETag")), attributes.get("file_size", 0)
    else:
        key, size = key.removesuffix(".versions"), None
        etag = _decoded(extended.get("Seaweed-X-Amz-Latest-Version-ETag"))
    return (
        StorageEvent(
            bucket=bucket,
            key=key,
            kind=kind,
            etag=etag,
            size_bytes=size if isinstance(size, int) else None,
            version_id=_decoded(latest),
        ),
    )


def _entry(value: Any) -> Mapping[str, Any] | None:  # noqa: ANN401  # JSON
    return value if isinstance(value, dict) and value else None


def _object(value: Any) -> Mapping[str, Any]:  # noqa: ANN401  # JSON
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:  # noqa: ANN401  # JSON
    return value if isinstance(value, str) else None


def _decoded(value: Any) -> str | None:  # noqa: ANN401  # JSON
    try:
        return base64.b64decode(_text(value) or "", validate=True).decode().strip('"') or None
    except (binascii.Error, UnicodeDecodeError):
        return None
