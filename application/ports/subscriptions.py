"""The role that remembers how far named readers of the feed have come, and which process reads for each."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

Transaction_co = TypeVar("Transaction_co", covariant=True)


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to read for a name, until it is taken by another process. `position`: the last one that is done."""

    name: str
    token: str
    position: int


class SubscriptionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How far a named reader has come. `leased_until` None: nobody reads for it."""

    name: str
    position: int
    leased_until: datetime | None
    updated_at: datetime


class LeaseLostError(Exception):
    """Another process reads for this name now; nothing was recorded."""


class Subscriptions(Protocol[Transaction_co]):
    """Remembers positions, under leases, so that of all processes one reads for a name at a time.

    Its methods raise `LogUnavailableError` when it cannot be reached.
    """

    async def acquire(
        self, name: str, *, begin: int, now: datetime, leased_until: datetime, token: str
    ) -> Lease | None:
        """Take the lease of a name, which begins at the position `begin` if it is new; None: another process has it."""
        ...

    async def renew(self, lease: Lease, *, leased_until: datetime) -> None:
        """Keep a lease for longer. Raises `LeaseLostError`."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give a lease back, if it is still ours."""
        ...

    def recording(self, lease: Lease, position: int, *, now: datetime) -> AbstractAsyncContextManager[Transaction_co]:
        """Enter a transaction, and on the way out record the position in it: both are done, or neither.

        Raises `LeaseLostError` on the way out.
        """
        ...

    async def subscriptions(self) -> list[SubscriptionRecord]:
        """Return all names, in their order."""
        ...

    async def forget(self, name: str) -> None:
        """Remove a name and its position; whoever reads for it loses its lease."""
        ...
