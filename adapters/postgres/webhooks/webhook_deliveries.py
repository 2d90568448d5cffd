"""Deliveries to webhooks on PostgreSQL: batches that become rows, and rows that are leased."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.postgres.database.connecting import Pool, PoolConnection, log_errors, write_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import record_of
from adapters.postgres.database.tenancy import Reads
from application.ports.webhooks.webhook_deliveries import DeliveryRecord, DeliveryStatus, Ended, NewDelivery

_BATCHES_AT_ONCE: Final = 20


class _Batched(msgspec.Struct):
    position: int
    stream_id: str
    topic: str


class _Batch(msgspec.Struct):
    webhook_id: str
    organization_id: str
    deliveries: list[_Batched]


class PostgresWebhookDeliveries:
    """Implements `WebhookDeliveries`: rows leased with FOR UPDATE SKIP LOCKED. `reads` may see less than `pool`.

    Added deliveries wait in batches, and become rows when their webhook has nothing else due.
    """

    def __init__(self, pool: Pool, reads: Reads) -> None:
        self._pool = pool
        self._reads = reads

    async def add(self, transaction: PoolConnection, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:
        """Store these deliveries in this transaction."""
        batches: dict[str, _Batch] = {}
        for each in deliveries:
            batch = batches.setdefault(each.webhook_id, _Batch(each.webhook_id, each.organization_id, []))
            batch.deliveries.append(_Batched(each.position, each.stream_id, each.topic))
        found = msgspec.json.encode(list(batches.values())).decode()
        await transaction.execute(QUERIES["add_deliveries"], found, now)

    async def lease(
        self, *, now: datetime, leased_until: datetime, token: str, limit: int, of_each: int
    ) -> Sequence[DeliveryRecord]:
        """Lease due deliveries."""
        async with log_errors(), self._pool.acquire() as connection:
            for _ in range(_BATCHES_AT_ONCE):  # a leased delivery may have to wait for an earlier failed one
                if (await connection.execute(QUERIES["take_batches"], now, of_each)).endswith(" 0"):
                    break
            rows = await connection.fetch(QUERIES["lease_deliveries"], now, leased_until, token, limit, of_each)
        return sorted((record_of(row, DeliveryRecord) for row in rows), key=lambda each: each.position)

    async def end(self, ended: Sequence[Ended]) -> None:
        """Record the results."""
        async with log_errors():
            await self._pool.execute(
                QUERIES["end_deliveries"],
                [each.delivery.webhook_id for each in ended],
                [each.delivery.position for each in ended],
                [each.delivery.lease for each in ended],
                [each.status.value for each in ended],
                [msgspec.json.encode(each.delivery.with_attempt(each.attempt)).decode() for each in ended],
                [each.next_at for each in ended],
                [None if each.status is DeliveryStatus.PENDING else each.attempt.at for each in ended],
            )

    async def give_back(self, delivery: DeliveryRecord) -> None:
        """Undo a lease."""
        async with log_errors():
            await self._pool.execute(
                QUERIES["give_back_delivery"], delivery.webhook_id, delivery.position, delivery.lease
            )

    async def deliveries(
        self, organization_id: str, webhook_id: str, *, before: int, status: DeliveryStatus | None, limit: int
    ) -> Sequence[DeliveryRecord]:
        """Return deliveries below a position, the newest first."""
        wanted = None if status is None else status.value
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["deliveries"], organization_id, webhook_id, before, wanted, limit)
        return [record_of(row, DeliveryRecord) for row in rows]

    async def redeliver(self, organization_id: str, webhook_id: str, position: int, *, now: datetime) -> None:
        """Make a finished delivery due again."""
        async with write_errors():
            await self._pool.execute(QUERIES["redeliver"], organization_id, webhook_id, position, now)

    async def replay(self, deliveries: Sequence[NewDelivery], *, now: datetime) -> int:
        """Make these deliveries due, again or for the first time."""
        async with log_errors():
            done = await self._pool.execute(
                QUERIES["replay_deliveries"],
                [each.webhook_id for each in deliveries],
                [each.position for each in deliveries],
                [each.organization_id for each in deliveries],
                [each.stream_id for each in deliveries],
                [each.topic for each in deliveries],
                now,
            )
        return int(done.rpartition(" ")[2])

    async def queued(
        self, webhook_ids: Collection[str], *, after: int, until: int
    ) -> Mapping[tuple[str, int], DeliveryStatus]:
        """Return the deliveries between two positions, by webhook and position."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["queued_deliveries"], list(webhook_ids), after, until)
        return {(webhook_id, position): DeliveryStatus(status) for webhook_id, position, status in rows}

    async def dropped_until(self, webhook_ids: Collection[str]) -> Mapping[str, int]:
        """Return the positions up to which deliveries may have been deleted."""
        async with log_errors():
            rows = await self._reads.fetch(QUERIES["dropped_deliveries"], list(webhook_ids))
        return {webhook_id: position for webhook_id, position in rows}  # noqa: C416  # rows, of which dict() makes no pairs

    async def drop(self, *, now: datetime, kept: timedelta, limit: int) -> int:
        """Delete old deliveries, and those of deleted webhooks."""
        async with log_errors():
            done = await self._pool.fetchval(QUERIES["drop_deliveries"], now, limit, kept)
            waiting = await self._pool.fetchval(QUERIES["drop_batches"], now, limit, kept)
            await self._pool.execute(QUERIES["drop_positions"])
        return int(done) + int(waiting)
