"""The role that stores the positions of named readers of the feed, and their leases."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

Transaction_co = TypeVar("Transaction_co", covariant=True)


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to read for a name, until another process takes it. `position`: the stored one."""

    name: str
    token: str
    position: int

    def at(self, position: int) -> "Lease":
        """Return the same lease after this position was recorded."""
        return msgspec.structs.replace(self, position=position)


class SubscriptionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The position of a named reader. `leased_until` None: no process reads for it."""

    name: str
    position: int
    leased_until: datetime | None
    updated_at: datetime


class LeaseLostError(Exception):
    """Another process reads for this name, or the stored position has changed; nothing was recorded.

    A crash or a failover of the database can revert a position. Acquire the lease again, and continue from its
    position.
    """


class Subscriptions(Protocol[Transaction_co]):
    """Stores positions under leases, so that only one process at a time reads for a name.

    Its methods raise `LogUnavailableError` when the store is unreachable.
    """

    async def acquire(
        self, name: str, *, begin: int, now: datetime, leased_until: datetime, token: str
    ) -> Lease | None:
        """Take the lease of a name, which begins at the position `begin` if it is new; None: another process has it.

        A lease has ended only by both `now` and the store's own clock. A lease that was not released can be taken again
        at once with its token.
        """
        ...

    async def renew(self, lease: Lease, *, leased_until: datetime) -> None:
        """Extend a lease. Raises `LeaseLostError`."""
        ...

    async def release(self, lease: Lease) -> None:
        """Release a lease, if it is still held."""
        ...

    def recording(self, lease: Lease, position: int, *, now: datetime) -> AbstractAsyncContextManager[Transaction_co]:
        """Enter a transaction, and record the position in it on exit: both are committed, or neither.

        It succeeds only if the stored position is still `lease.position`; continue with `lease.at(position)`. So no
        reader continues from a position that the database does not have. Raises `LeaseLostError` on exit.
        """
        ...

    async def subscriptions(self) -> list[SubscriptionRecord]:
        """Return all subscriptions, sorted by name."""
        ...

    async def forget(self, name: str) -> None:
        """Remove a name and its position; its reader loses its lease."""
        ...
