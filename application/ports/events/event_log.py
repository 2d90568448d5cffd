"""The role that keeps the facts: appends them under conditions, and gives them back in order.

The words are those of the `eventsourcing` library: an originator is a stream (an aggregate), a notification is a stored
event with its place in the one global order.
"""

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Protocol

import msgspec

from application.ports.objects.object_creation import HeldUpload, OwnedClaim, Unheld
from domain.claims import Claim
from domain.events.event import Event
from domain.refusals import (
    ForbiddenError,
    NotFoundError,
    PositionBeyondEndError,
    RefusedError,
    UnauthenticatedError,
)
from domain.uploads.originals import Sameness


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it is kept. `originator_version` counts from 1; `topic` is the tag; `state` is UTF-8 JSON."""

    originator_id: str
    originator_version: int
    topic: str
    state: bytes


class Notification(StoredEvent, frozen=True, kw_only=True):
    """A stored event at its position; positions are gapless, begin at 1, and come in commit order."""

    id: int


class StreamAppend(msgspec.Struct, frozen=True, kw_only=True):
    """Events for one stream, which has `expected_version` events now (0: it is new)."""

    stream_id: str
    expected_version: int
    events: tuple[Event, ...]


class RequesterRevokedError(RefusedError):
    """The API key that requested an upload was revoked, and what it has open may not finish."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            "requester_revoked",
            "The API key that requested this upload, or issued the token that did, was revoked before the bytes were"
            " accepted: request the upload again with a key that is live.",
            {"key_id": key_id},
        )


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold when a command is appended.

    All conditions are checked under the lock that orders the log, in the order of the fields; the first that does not
    hold refuses the command, and then nothing of it is appended.

    `key_id`, `namespace_id`, `bucket_id`: must be live (the key not revoked, the bucket active).
    `requester`: a key that must not be revoked, unless what it has open may finish.
    `free`: claims that nobody may hold. `owned`: claims that their owners must still hold. `no_original`: bytes that
    must be new. `stored`: uploads whose bytes must still be kept. `held`: uploads that objects must still hold.
    `unheld`: uploads that no object may hold. `heirless`: uploads on whose bytes no completed duplicate may stand. Of
    several of one kind the first that does not hold is reported. Last, the quota must have room for what the events
    reserve and accept (`domain.organizations.ledger`): nobody has to ask for that.
    """

    key_id: str | None = None
    namespace_id: str | None = None
    bucket_id: str | None = None
    requester: str | None = None
    free: tuple[Claim, ...] = ()
    owned: tuple[OwnedClaim, ...] = ()
    no_original: tuple[Sameness, ...] = ()
    stored: tuple[str, ...] = ()
    held: tuple[HeldUpload, ...] = ()
    unheld: tuple[Unheld, ...] = ()
    heirless: tuple[str, ...] = ()


class Command(Conditions, frozen=True, kw_only=True):
    """What one command wants to append, atomically over its streams, if its conditions hold.

    `organization_id`: whose streams and events these are; another's are refused, whatever version is expected of them.
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
    """Return the refusal of a command whose namespace or bucket is not there. `code` says which."""
    return NotFoundError(code, "The bucket or namespace was deleted: use another one.")


def bucket_not_active(status: str) -> ForbiddenError:
    """Return the refusal of a command whose bucket takes no uploads."""
    return ForbiddenError(
        "bucket_not_active", f"The bucket is {status} and takes no uploads: use another bucket.", {"status": status}
    )


def foreign_stream(stream_id: str) -> NotFoundError:
    """Return the refusal of a command that writes into a stream of another organization."""
    return NotFoundError(
        "not_found", "There is no record with this id, or it is not yours: check the id.", {"id": stream_id}
    )


class ForeignEventError(Exception):
    """A command carries an event of another organization: a defect of whoever made it."""


class LogUnavailableError(Exception):
    """The log cannot be reached. A command that this is the answer to was not appended, and will not be.

    `reason`: a stable word that says why (`unreachable`, `read_only`, `disk_full`, `locked`, …).
    """

    def __init__(self, message: str = "", *, reason: str = "unreachable") -> None:
        super().__init__(message)
        self.reason = reason


class OutcomeUnknownError(LogUnavailableError):
    """Whether a command counts is unknown, and may be decided later: look before trying again."""


def check_position(after: int, end: int) -> None:
    """Refuse to read on after a position that the log, which ends at `end`, does not have."""
    if after > end:
        raise PositionBeyondEndError(after, end)


class EventLog(Protocol):
    """Append-only, totally ordered. What is appended is durable and visible to every reader when `append` returns."""

    async def append(self, command: Command) -> int:
        """Append a command's events and return the position of the last one.

        Raises `ForeignEventError`, `VersionConflictError`, `ClaimTakenError`, `ClaimReleasedError`,
        `OriginalExistsError`, `OriginalGoneError`, `RequesterRevokedError`, `HeirExistsError`, `QuotaExceededError`,
        `UnauthenticatedError` (key revoked), `ForbiddenError` or `NotFoundError` (bucket or namespace not live, or a
        stream of another organization), `WrongStateError` (held, or no longer), `LogUnavailableError` (it is not
        appended), and `OutcomeUnknownError` (it may be). A cancelled caller leaves the log whole: the command is
        appended entirely or not at all. Sending a command again that was appended already raises
        `VersionConflictError`.
        """
        ...

    async def make_durable(self) -> None:
        """Return when whatever can be read now is as durable as what `append` has returned for.

        For what was found instead of appended: a reader may see a commit that a standby does not have yet, and loses
        when that one is promoted. Raises `OutcomeUnknownError`.
        """
        ...

    async def try_writing(self) -> None:
        """Return if a command would be appended now: the log tries what appending needs, and appends nothing.

        Raises `LogUnavailableError`, whose message says why not.
        """
        ...

    async def read_stream(self, stream_id: str) -> Sequence[Notification]:
        """Return all events of a stream by version; empty if there is no such stream."""
        ...

    async def read_feed(self, *, after: int, limit: int, organization_id: str | None = None) -> Sequence[Notification]:
        """Return up to `limit` (≤ 10,000) notifications with positions above `after`, in order; of one organization.

        `organization_id` None: of all. Raises `PositionBeyondEndError` if `after` lies behind the log's end.

        No event ever appears at or below a position that a reader has passed.
        """
        ...

    async def read_at(self, positions: Collection[int]) -> Sequence[Notification]:
        """Return the notifications at these positions, in order; what is not there is left out."""
        ...

    def tail(self, *, after: int) -> AsyncGenerator[Notification]:
        """Yield every notification above `after`, and go on with new ones as they are appended, without end.

        It goes on after the log was away, from the last one that it yielded: it is for readers whose position is their
        own. Raises `PositionBeyondEndError`, also when the log came back shorter than it was.
        """
        ...

    def pages(self, *, after: int, limit: int) -> AsyncGenerator[Sequence[Notification]]:
        """Yield everything above `after` in pages of up to `limit`, never an empty one, without end.

        Raises `LogUnavailableError` once a connection is lost: a reader whose position is stored must read it anew,
        because a crash may have taken it back. Raises `PositionBeyondEndError` as `read_feed` does.
        """
        ...

    async def head(self) -> int:
        """Return the last position, 0 in an empty log."""
        ...
