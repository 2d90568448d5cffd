"""What each event changes in what an organization's storage holds, and whether its quota has room.

The byte counts stand in the events, so the use of a quota is a sum over the log. What a command asks of the quota
follows from its events alone. Reserved and accepted bytes together never pass the limit, which is compared when they
grow and never otherwise: a quota may be lowered below its use, and what only frees bytes is never refused.

The log adds and compares under its lock. PostgreSQL's `upwell.append` and `upwell.project_upload` are the twins.
"""

from collections.abc import Iterable

import msgspec

from domain.events.event import Event
from domain.refusals import QuotaExceededError
from domain.uploads.upload import (
    UploadBytesInherited,
    UploadCanceled,
    UploadCompleted,
    UploadDeleted,
    UploadFailed,
    UploadForgotten,
    UploadRequested,
)


class Usage(msgspec.Struct, frozen=True):
    """Bytes that are reserved for uploads under way, and bytes that were accepted; of a change, how many more."""

    reserved_bytes: int = 0
    accepted_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """What counts against the limit."""
        return self.reserved_bytes + self.accepted_bytes

    def plus(self, change: "Usage") -> "Usage":
        """Return the use after a change."""
        return Usage(self.reserved_bytes + change.reserved_bytes, self.accepted_bytes + change.accepted_bytes)


_NOTHING = Usage()


def change_of(event: Event) -> Usage:  # noqa: PLR0911  # one arm for every event that changes something
    """Return what an event changes in its organization's use. Only an upload's events change anything."""
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
    """Return what events change together: of a command, what it wants; of all that there are, what is in use."""
    use = _NOTHING
    for event in events:
        use = use.plus(change_of(event))
    return use


def check_room(limit_bytes: int | None, usage: Usage, wanted: int) -> None:
    """Refuse a command that wants more bytes than the quota has room for. `limit_bytes` None: no quota."""
    if limit_bytes is not None and wanted > 0 and usage.total_bytes + wanted > limit_bytes:
        raise quota_exceeded(limit_bytes, usage.total_bytes, wanted)


def quota_exceeded(limit_bytes: int, used_bytes: int, requested_bytes: int) -> QuotaExceededError:
    """Return the refusal of bytes for which the quota has no room. `used_bytes` are accepted or reserved."""
    return QuotaExceededError(
        "quota_exceeded",
        f"The storage quota is {limit_bytes} bytes, {used_bytes} are stored or reserved, and {requested_bytes} more"
        " were requested: delete something, or raise the quota.",
        {"limit_bytes": limit_bytes, "used_bytes": used_bytes, "requested_bytes": requested_bytes},
    )
