"""The ports of webhooks on a log, and webhooks that are made there."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.postgres.database.connecting import Pool
from application.ports.webhooks.webhook_deliveries import (
    Attempt,
    DeliveryRecord,
    DeliveryStatus,
    Ended,
    NewDelivery,
    WebhookDeliveries,
)
from application.ports.webhooks.webhook_endpoints import Secret, WebhookEndpoint, WebhookEndpoints
from domain.webhooks.webhook import (
    WebhookCreated,
    WebhookSettings,
)
from tests.contract._log import Account, Kit

LASTS = timedelta(minutes=1)
PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Desk:
    """The ports of webhooks, and how to enter one of their transactions."""

    kit: Kit
    account: Account
    endpoints: WebhookEndpoints
    deliveries: WebhookDeliveries[Any]
    pool: Pool | None

    async def make(self, webhook_id: str, account: Account | None = None, **others: Any) -> None:  # noqa: ANN401  # of any field
        account = account or self.account
        facts = {"name": webhook_id, "url": "https://hooks.example.invalid/", "event_types": ("upload.*",), **others}
        created = WebhookCreated(origin=account.origin(), webhook_id=webhook_id, settings=WebhookSettings(**facts))
        await account.append(self.kit.log, webhook_id, 0, created)
        await self.endpoints.keep(endpoint(account, webhook_id))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        if self.pool is None:
            yield None
            return
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection

    async def add(self, *places: tuple[str, int, str], account: Account | None = None) -> None:
        account = account or self.account
        new = [
            NewDelivery(
                webhook_id=webhook_id,
                position=position,
                organization_id=account.organization_id,
                stream_id=stream_id,
                topic="upload.completed.v1",
            )
            for webhook_id, position, stream_id in places
        ]
        async with self.transaction() as transaction:
            await self.deliveries.add(transaction, new, now=self.account.clock.now())

    async def lease(self, by: str = "a", *, limit: int = 10, of_each: int = 10) -> Sequence[DeliveryRecord]:
        now = self.account.clock.now()
        return await self.deliveries.lease(now=now, leased_until=now + LASTS, token=by, limit=limit, of_each=of_each)

    async def end(self, delivery: DeliveryRecord, status: DeliveryStatus, code: int = 200) -> None:
        now = self.account.clock.now()
        attempt = Attempt(at=now, seconds=0.1, status_code=code)
        await self.deliveries.end([Ended(delivery=delivery, attempt=attempt, status=status, next_at=now + PAUSE)])

    async def all(self, webhook_id: str = "wh_1") -> Sequence[DeliveryRecord]:
        return await self.deliveries.deliveries(
            self.account.organization_id, webhook_id, before=1000, status=None, limit=100
        )


def endpoint(account: Account, webhook_id: str) -> WebhookEndpoint:
    return WebhookEndpoint(
        webhook_id=webhook_id,
        organization_id=account.organization_id,
        secrets=(Secret(value="whsec_b"), Secret(value="whsec_a", until=account.clock.now())),
        headers={"X-Team": "tides"},
        created_at=account.clock.now(),
    )


def places(found: Sequence[DeliveryRecord]) -> list[tuple[str, int]]:
    return sorted((each.webhook_id, each.position) for each in found)
