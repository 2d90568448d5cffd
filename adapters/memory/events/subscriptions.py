"""Positions of named readers in a dictionary."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from adapters.memory.clock import earlier
from application.ports.clock import Clock
from application.ports.events.subscriptions import Lease, LeaseLostError, SubscriptionRecord


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    record: SubscriptionRecord
    token: str | None


class MemorySubscriptions:
    """Implements `Subscriptions[None]`: there is no transaction, but after an error no position is recorded.

    `clock`: the store's own clock; without one, the store uses the times of its callers.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}

    async def acquire(
        self, name: str, *, begin: int, now: datetime, leased_until: datetime, token: str
    ) -> Lease | None:
        """Lease a name; None if another process holds the lease."""
        row = self._rows.get(name)
        until = None if row is None else row.record.leased_until
        held = until is not None and until > earlier(now, self._clock)
        if row is not None and held and row.token != token:
            return None
        position = begin if row is None else row.record.position
        record = SubscriptionRecord(name=name, position=position, leased_until=leased_until, updated_at=now)
        self._rows[name] = _Row(record=record, token=token)
        return Lease(name=name, token=token, position=position)

    async def renew(self, lease: Lease, *, leased_until: datetime) -> None:
        """Extend a lease."""
        self._change(lease, leased_until=leased_until)

    async def release(self, lease: Lease) -> None:
        """Release a lease, if we still hold it."""
        row = self._rows.get(lease.name)
        if row is not None and row.token == lease.token:
            self._change(lease, leased_until=None)

    @asynccontextmanager
    async def recording(self, lease: Lease, position: int, *, now: datetime) -> AsyncIterator[None]:
        """Record the position at the end, if the previous position is stored."""
        yield
        row = self._rows.get(lease.name)
        if row is not None and row.record.position != lease.position:
            raise LeaseLostError(lease.name)
        self._change(lease, position=position, updated_at=now)

    async def subscriptions(self) -> list[SubscriptionRecord]:
        """Return all names, in order."""
        return [self._rows[name].record for name in sorted(self._rows)]

    async def forget(self, name: str) -> None:
        """Delete a name and its position."""
        self._rows.pop(name, None)

    def _change(self, lease: Lease, **changes: object) -> None:
        row = self._rows.get(lease.name)
        if row is None or row.token != lease.token:
            raise LeaseLostError(lease.name)
        self._rows[lease.name] = _Row(record=msgspec.structs.replace(row.record, **changes), token=row.token)
