"""How each event changes an organization's storage usage, and whether its quota has room.

The events contain the byte counts, so the usage of a quota is a sum over the log. The bytes that a command needs follow
from its events alone. Reserved plus accepted bytes never exceed the limit, which is only checked when they grow: a
quota may be lowered below its usage, and a command that only frees bytes is never refused.

The log adds and compares under its lock. PostgreSQL's `upwell.append` and `upwell.project_upload` are the twins.
"""

from collections.abc import Iterable

import msgspec

from domain.events.event import Event
from domain.refusals import QuotaExceededError
from domain.uploads.upload_events import (
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadDeleted,
    UploadFailed,
    UploadForgotten,
    UploadRequested,
)


class Usage(msgspec.Struct, frozen=True):
    """Bytes reserved for open uploads, and accepted bytes; or the change of both."""

    reserved_bytes: int = 0
    accepted_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """The bytes that count against the limit."""
        return self.reserved_bytes + self.accepted_bytes

    def plus(self, change: "Usage") -> "Usage":
        """Return the usage after a change."""
        return Usage(self.reserved_bytes + change.reserved_bytes, self.accepted_bytes + change.accepted_bytes)


_NOTHING = Usage()


def change_of(event: Event) -> Usage:  # noqa: PLR0911  # one arm for every event that changes something
    """Return the change of its organization's usage by an event. Only events of uploads change it."""
    match event:
        case UploadRequested():
            return Usage(reserved_bytes=event.reserved_bytes)
        case UploadCompleted():
            return Usage(reserved_bytes=-event.released_bytes, accepted_bytes=event.accepted_bytes)
        case UploadFailed():
            return Usage(reserved_bytes=-event.released_bytes)
        case UploadCanceled():
            return Usage(reserved_bytes=-event.released_bytes, accepted_bytes=event.kept_bytes)
        case UploadBytesInherited():
            return Usage(accepted_bytes=event.accepted_bytes)
        case UploadDeleted() | UploadForgotten():
            return Usage(accepted_bytes=-event.freed_bytes)
        case _:
            return _NOTHING


def sum_of(events: Iterable[Event]) -> Usage:
    """Return the sum of the changes: for a command, the bytes that it needs; for all events, the usage."""
    use = _NOTHING
    for event in events:
        use = use.plus(change_of(event))
    return use


def check_room(limit_bytes: int | None, usage: Usage, wanted: int) -> None:
    """Refuse a command that needs more bytes than the quota has left. `limit_bytes` None: no quota."""
    if limit_bytes is not None and wanted > 0 and usage.total_bytes + wanted > limit_bytes:
        raise quota_exceeded(limit_bytes, usage.total_bytes, wanted)


def quota_exceeded(limit_bytes: int, used_bytes: int, requested_bytes: int) -> QuotaExceededError:
    """Return the refusal of bytes beyond the quota. `used_bytes` are accepted or reserved."""
    return QuotaExceededError(
        "quota_exceeded",
        f"The storage quota is {limit_bytes} bytes, {used_bytes} are stored or reserved, and {requested_bytes} more"
        " were requested: delete something, or raise the quota.",
        {"limit_bytes": limit_bytes, "used_bytes": used_bytes, "requested_bytes": requested_bytes},
    )
