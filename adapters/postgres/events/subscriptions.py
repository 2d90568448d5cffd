"""Positions of named readers on PostgreSQL, and the lease of the process that reads. What is read is in `event_log`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from adapters.postgres.database.connecting import Pool, PoolConnection, log_errors
from adapters.postgres.database.queries import QUERIES
from application.ports.events.subscriptions import Lease, LeaseLostError, SubscriptionRecord


class PostgresSubscriptions:
    """Implements `Subscriptions`: what is written through the connection of a `recording` counts with its position."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def acquire(
        self, name: str, *, begin: int, now: datetime, leased_until: datetime, token: str
    ) -> Lease | None:
        """Lease a name; None if another process holds the lease."""
        async with log_errors():
            position = await self._pool.fetchval(QUERIES["acquire_subscription"], name, begin, token, leased_until, now)
        return None if position is None else Lease(name=name, token=token, position=position)

    async def renew(self, lease: Lease, *, leased_until: datetime) -> None:
        """Extend a lease."""
        async with log_errors():
            ours = await self._pool.fetchval(QUERIES["renew_subscription"], lease.name, lease.token, leased_until)
        if ours is None:
            raise LeaseLostError(lease.name)

    async def release(self, lease: Lease) -> None:
        """Release a lease, if we still hold it."""
        async with log_errors():
            await self._pool.execute(QUERIES["release_subscription"], lease.name, lease.token)

    @asynccontextmanager
    async def recording(self, lease: Lease, position: int, *, now: datetime) -> AsyncIterator[PoolConnection]:
        """Open a transaction and record the position at its end, if the previous position is stored."""
        async with log_errors(), self._pool.acquire() as connection, connection.transaction():
            yield connection
            ours = await connection.fetchval(
                QUERIES["record_subscription"], lease.name, lease.token, lease.position, position, now
            )
            if ours is None:
                raise LeaseLostError(lease.name)

    async def subscriptions(self) -> list[SubscriptionRecord]:
        """Return all names, in order."""
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["subscriptions"])
        return [SubscriptionRecord(**dict(row)) for row in rows]

    async def forget(self, name: str) -> None:
        """Delete a name and its position."""
        async with log_errors():
            await self._pool.execute(QUERIES["forget_subscription"], name)
