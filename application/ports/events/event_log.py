"""The role that stores the events: appends them under conditions, and returns them in order.

The terms are those of the `eventsourcing` library: an originator is a stream (an aggregate), a notification is a stored
event with its position in the global order.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from application.ports.objects.object_creation import HeldUpload, NotInObject, OwnedClaim
from domain.claims import Claim
from domain.events.event import Event
from domain.keys.upload_token import ID_PREFIX as TOKEN_PREFIX
from domain.refusals import (
    ForbiddenError,
    NotFoundError,
    PositionBeyondEndError,
    RefusedError,
    UnauthenticatedError,
)
from domain.uploads.originals import WantedContent


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event. `originator_version` counts from 1; `topic` is the tag; `state` is UTF-8 JSON."""

    originator_id: str
    originator_version: int
    topic: str
    state: bytes


class Notification(StoredEvent, frozen=True, kw_only=True):
    """A stored event at its position; positions are gapless, begin at 1, and come in commit order."""

    id: int


class PackedPage(msgspec.Struct, frozen=True, kw_only=True):
    """The events above the position `after`, in a form that is read fast.

    `states`: those with the wanted topics, as JSON arrays of their states, in order. `position`: of the last event, and
    `events`: how many there are; both include the unwanted ones.
    """

    after: int
    position: int
    events: int
    states: Sequence[bytes]


class StreamAppend(msgspec.Struct, frozen=True, kw_only=True):
    """Events for one stream, which has `expected_version` events now (0: it is new)."""

    stream_id: str
    expected_version: int
    events: tuple[Event, ...]


class RequesterRevokedError(RefusedError):
    """The API key or upload token that requested an upload was revoked, and its open uploads may not finish."""

    def __init__(self, requester: str) -> None:
        named = "token_id" if requester.startswith(TOKEN_PREFIX) else "key_id"
        super().__init__(
            "requester_revoked",
            "The API key or upload token that requested this upload, or the key that issued the token, was revoked"
            " before the bytes were accepted: request the upload again with one that is live.",
            {named: requester},
        )


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of a command.

    All conditions are checked under the lock that orders the log, in the order of the fields; the first violated
    condition refuses the command, and then nothing is appended.

    `key_id`, `token_id`, `namespace_id`, `bucket_id`: must be live (the key and the upload token not revoked, the
    bucket active). `requester`: a key, or an upload token with its key: neither may be revoked, unless its open uploads
    may finish. `free`: claims that must be free. `owned`: claims that their owners must still hold. `no_original`:
    bytes that must be new. `stored`: uploads whose bytes must still be kept. `held`: uploads that objects must still
    hold. `unheld`: uploads that no object may hold. `heirless`: uploads whose bytes no completed duplicate may use. Of
    several conditions of one kind the first violated one is reported.
    Finally, the quota must have room for the bytes that the events reserve and accept (`domain.organizations.ledger`):
    this is always checked.
    """

    key_id: str | None = None
    token_id: str | None = None
    namespace_id: str | None = None
    bucket_id: str | None = None
    requester: str | None = None
    free: tuple[Claim, ...] = ()
    owned: tuple[OwnedClaim, ...] = ()
    no_original: tuple[WantedContent, ...] = ()
    stored: tuple[str, ...] = ()
    held: tuple[HeldUpload, ...] = ()
    unheld: tuple[NotInObject, ...] = ()
    heirless: tuple[str, ...] = ()


class Command(Conditions, frozen=True, kw_only=True):
    """The events of one command, appended atomically over its streams if its conditions hold.

    `organization_id`: the owner of the streams and events; those of another organization are refused for any expected
    version.
    """

    command_id: str
    organization_id: str
    streams: tuple[StreamAppend, ...]


class VersionConflictError(Exception):
    """A stream has other events than expected: load it again and decide again."""

    def __init__(self, stream_id: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream_id} is at version {actual}, not {expected}")
        self.stream_id = stream_id
        self.expected = expected
        self.actual = actual


def key_revoked() -> UnauthenticatedError:
    """Return the refusal of a command whose API key is not live."""
    return UnauthenticatedError("key_revoked", "The API key was revoked: use another one.")


def place_gone(code: str) -> NotFoundError:
    """Return the refusal of a command whose namespace or bucket does not exist. `code` says which."""
    return NotFoundError(code, "The bucket or namespace was deleted: use another one.")


def bucket_not_active(status: str) -> ForbiddenError:
    """Return the refusal of a command whose bucket accepts no uploads."""
    return ForbiddenError(
        "bucket_not_active", f"The bucket is {status} and accepts no uploads: use another bucket.", {"status": status}
    )


def foreign_stream(stream_id: str) -> NotFoundError:
    """Return the refusal of a command that writes into a stream of another organization."""
    return NotFoundError(
        "not_found", "The record does not exist, or you cannot access it: check its id.", {"id": stream_id}
    )


class ForeignEventError(Exception):
    """A command contains an event of another organization: a defect of its caller."""


class LogUnavailableError(Exception):
    """The log is unavailable. The command was not appended, and will not be.

    `reason`: a stable word for the cause (`unreachable`, `read_only`, `disk_full`, `locked`, …).
    """

    def __init__(self, message: str = "", *, reason: str = "unreachable") -> None:
        super().__init__(message)
        self.reason = reason


class OutcomeUnknownError(LogUnavailableError):
    """The outcome of a command is unknown, and may be decided later: check before trying again."""


def check_position(after: int, end: int) -> None:
    """Refuse a position beyond the end of the log."""
    if after > end:
        raise PositionBeyondEndError(after, end)


class EventLog(Protocol):
    """Append-only, totally ordered. Events are durable and visible to every reader when `append` returns."""

    async def append(self, command: Command) -> int:
        """Append a command's events and return the position of the last one.

        Raises `ForeignEventError`, `VersionConflictError`, `ClaimTakenError`, `ClaimReleasedError`,
        `OriginalExistsError`, `OriginalGoneError`, `RequesterRevokedError`, `HeirExistsError`, `QuotaExceededError`,
        `UnauthenticatedError` (key revoked), `ForbiddenError` or `NotFoundError` (bucket or namespace not live, or a
        stream of another organization), `WrongStateError` (held, or no longer), `LogUnavailableError` (not appended),
        and `OutcomeUnknownError` (possibly appended). A cancelled caller leaves the log consistent: the command is
        appended completely or not at all. Repeating an appended command raises `VersionConflictError`.
        """
        ...

    async def make_durable(self) -> None:
        """Return when everything that is readable now is as durable as appended events.

        For results that were found instead of appended: a reader may see a commit that a standby does not have yet, and
        that is lost when the standby is promoted. Raises `OutcomeUnknownError`.
        """
        ...

    async def try_writing(self) -> None:
        """Return if a command could be appended now: tests everything that an append needs, without appending.

        Raises `LogUnavailableError` with the reason.
        """
        ...

    async def read_stream(self, stream_id: str) -> Sequence[Notification]:
        """Return all events of a stream by version; empty if there is no such stream."""
        ...

    async def read_streams(self, stream_ids: Collection[str]) -> Mapping[str, Sequence[Notification]]:
        """Return the events of several streams, each as `read_stream` does; streams without events are left out."""
        ...

    async def read_feed(self, *, after: int, limit: int, organization_id: str | None = None) -> Sequence[Notification]:
        """Return up to `limit` (≤ 10,000) notifications with positions above `after`, in order.

        `organization_id` None: of all organizations. Raises `PositionBeyondEndError` if `after` is beyond the end of
        the log.

        No event ever appears at or below a position that a reader has passed.
        """
        ...

    async def read_at(self, positions: Collection[int]) -> Sequence[Notification]:
        """Return the notifications at these positions, in order; missing ones are left out."""
        ...

    def tail(self, *, after: int) -> AsyncGenerator[Notification]:
        """Yield every notification above `after`, and new ones as they are appended, endlessly.

        It resumes after outages, from the last notification that it yielded: it is for readers that manage their own
        position. Raises `PositionBeyondEndError`, also when the log came back shorter.
        """
        ...

    def pages(self, *, after: int, limit: int) -> AsyncGenerator[Sequence[Notification]]:
        """Yield everything above `after` in non-empty pages of up to `limit`, endlessly.

        Raises `LogUnavailableError` when a connection is lost: a reader with a stored position must read it again,
        because a crash may have reverted it. Raises `PositionBeyondEndError` as `read_feed` does.
        """
        ...

    def packed_pages(self, *, after: int, limit: int, topics: Collection[str]) -> AsyncGenerator[PackedPage]:
        """Yield everything above `after` as `pages` does, but only the states of events with these topics.

        For readers of many events: a notification takes longer to make than a state takes to decode.
        """
        ...

    async def head(self) -> int:
        """Return the last position, 0 in an empty log."""
        ...
