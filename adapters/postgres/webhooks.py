"""What webhooks keep secret, and what they are to be told, on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.postgres.connecting import Pool, PoolConnection, log_errors
from adapters.postgres.queries import QUERIES
from adapters.postgres.tenancy import Reads
from application.ports.webhooks import Attempt, DeliveryRecord, DeliveryStatus, NewDelivery, WebhookEndpoint


class PostgresWebhookEndpoints:
    """Implements `WebhookEndpoints`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, endpoint: WebhookEndpoint) -> None:
        """Keep secrets and headers."""
        async with log_errors():
            await self._pool.execute(
                QUERIES["keep_webhook_endpoint"],
                endpoint.webhook_id,
                endpoint.organization_id,
                msgspec.json.encode(endpoint.secrets),
                msgspec.json.encode(endpoint.headers),
                endpoint.created_at,
            )

    async def endpoint(self, webhook_id: str) -> WebhookEndpoint | None:
        """Return what is kept."""
        async with log_errors():
            row = await self._pool.fetchrow(QUERIES["webhook_endpoint"], webhook_id)
        return None if row is None else msgspec.convert(dict(row), WebhookEndpoint)

    async def answered(self, webhook_id: str) -> None:
        """Note that it took something."""
        async with log_errors():
            await self._pool.execute(QUERIES["webhook_answered"], webhook_id)

    async def failed(self, webhook_id: str, *, now: datetime, resting_until: datetime) -> None:
        """Note that it did not take something."""
        async with log_errors():
            await self._pool.execute(QUERIES["webhook_failed"], webhook_id, now, resting_until)

    async def drop(self, *, made_before: datetime) -> None:
        """Remove what was made for webhooks that are not there."""
        async with log_errors():
            await self._pool.execute(QUERIES["drop_webhook_endpoints"], made_before)


class PostgresWebhookDeliveries:
    """Implements `WebhookDeliveries`: rows leased with FOR UPDATE SKIP LOCKED. `reads` may see less than `pool`."""

    def __init__(self, pool: Pool, reads: Reads) -> None:
        self._pool = pool
        self._reads = reads

    async def add(self, transaction: PoolConnection, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:
        """Remember these, in this transaction."""
        await transaction.execute(
            QUERIES["add_deliveries"],
            [each.webhook_id for each in deliveries],
            [each.position for each in deliveries],
            [each.organization_id for each in deliveries],
            [each.stream_id for each in deliveries],
            [each.topic for each in deliveries],
            now,
        )

    async def lease(
        self, *, now: datetime, leased_until: datetime, token: str, limit: int, of_each: int
    ) -> Sequence[DeliveryRecord]:
        """Take what is due."""
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["lease_deliveries"], now, leased_until, token, limit, of_each)
        return sorted((msgspec.convert(dict(row), DeliveryRecord) for row in rows), key=lambda each: each.position)

    async def end_attempt(
        self, delivery: DeliveryRecord, attempt: Attempt, *, status: DeliveryStatus, next_at: datetime
    ) -> None:
        """Record how it went."""
        async with log_errors():
            await self._pool.execute(
                QUERIES["end_attempt"],
                delivery.webhook_id,
                delivery.position,
                delivery.lease,
                status.value,
                msgspec.json.encode(delivery.with_attempt(attempt)),
                next_at,
                None if status is DeliveryStatus.PENDING else attempt.at,
            )

    async def give_back(self, delivery: DeliveryRecord) -> None:
        """End a lease as if it had not been taken."""
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
        return [msgspec.convert(dict(row), DeliveryRecord) for row in rows]

    async def redeliver(self, organization_id: str, webhook_id: str, position: int, *, now: datetime) -> None:
        """Make one that has ended due again."""
        async with log_errors():
            await self._pool.execute(QUERIES["redeliver"], organization_id, webhook_id, position, now)

    async def drop(self, *, made_before: datetime, limit: int) -> int:
        """Remove some that are older or whose webhook is gone."""
        async with log_errors():
            done = await self._pool.execute(QUERIES["drop_deliveries"], made_before, limit)
        return int(done.rpartition(" ")[2])
