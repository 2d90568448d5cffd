"""The role that remembers how far named readers of the feed have come, and which process reads for each."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

Transaction_co = TypeVar("Transaction_co", covariant=True)


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to read for a name, until it is taken by another process. `position`: the one that is stored."""

    name: str
    token: str
    position: int

    def at(self, position: int) -> "Lease":
        """Return the same lease once this position was recorded."""
        return msgspec.structs.replace(self, position=position)


class SubscriptionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How far a named reader has come. `leased_until` None: nobody reads for it."""

    name: str
    position: int
    leased_until: datetime | None
    updated_at: datetime


class LeaseLostError(Exception):
    """Another process reads for this name now, or its stored position is another one; nothing was recorded.

    A crash or a failover of the database can take a position back. Acquire the lease again, and read on from there.
    """


class Subscriptions(Protocol[Transaction_co]):
    """Remembers positions, under leases, so that of all processes one reads for a name at a time.

    Its methods raise `LogUnavailableError` when it cannot be reached.
    """

    async def acquire(
        self, name: str, *, begin: int, now: datetime, leased_until: datetime, token: str
    ) -> Lease | None:
        """Take the lease of a name, which begins at the position `begin` if it is new; None: another process has it.

        It is another's until both `now` and the store's own clock say that its lease has ended.
        A lease that was not given back is taken again at once with the token that it was taken with.
        """
        ...

    async def renew(self, lease: Lease, *, leased_until: datetime) -> None:
        """Keep a lease for longer. Raises `LeaseLostError`."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give a lease back, if it is still ours."""
        ...

    def recording(self, lease: Lease, position: int, *, now: datetime) -> AbstractAsyncContextManager[Transaction_co]:
        """Enter a transaction, and on the way out record the position in it: both are done, or neither.

        It counts only if the stored position is still `lease.position`; go on with `lease.at(position)`. So nobody goes
        on from a position that the database does not have. Raises `LeaseLostError` on the way out.
        """
        ...

    async def subscriptions(self) -> list[SubscriptionRecord]:
        """Return all names, in their order."""
        ...

    async def forget(self, name: str) -> None:
        """Remove a name and its position; whoever reads for it loses its lease."""
        ...
