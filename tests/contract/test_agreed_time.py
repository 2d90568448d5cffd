"""Records are taken over or removed only when the store's clock agrees, on every adapter."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.events.subscriptions import MemorySubscriptions
from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.tasks.job_queue import MemoryJobQueue
from adapters.memory.webhooks.webhook_deliveries import MemoryWebhookDeliveries
from adapters.memory.webhooks.webhook_endpoints import MemoryWebhookEndpoints
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from adapters.postgres.tasks.job_queue import PostgresJobQueue
from adapters.postgres.webhooks.webhook_deliveries import PostgresWebhookDeliveries
from adapters.postgres.webhooks.webhook_endpoints import PostgresWebhookEndpoints
from adapters.sealing import Sealer
from application.ports.events.subscriptions import Subscriptions
from application.ports.idempotency_keys import IdempotencyKeys, InFlight, KeyedRequest, Made, Reserved
from application.ports.tasks.job_queue import JobQueue
from application.ports.webhooks.webhook_deliveries import WebhookDeliveries
from application.ports.webhooks.webhook_endpoints import WebhookEndpoint, WebhookEndpoints
from domain.keys.token_secrets import TokenSecrets
from domain.tasks.agenda import JobKind
from tests.conftest import Servers, drop_database, make_database

LASTS = timedelta(minutes=1)
KEPT = timedelta(hours=24)
WRONG = timedelta(days=31)
REQUEST = KeyedRequest(name="n" * 64, organization_id="org_1", fingerprint="f" * 64)


@dataclass(frozen=True)
class Store:
    """The ports that depend on the time. `now`: the time of their own clock."""

    now: datetime
    jobs: JobQueue
    keys: IdempotencyKeys
    subscriptions: Subscriptions[Any]
    endpoints: WebhookEndpoints
    deliveries: WebhookDeliveries[Any]


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Store]:
    """A store whose own clock is right."""
    if request.param == "memory":
        clock = ManualClock()
        log = MemoryEventLog(clock)
        endpoints = MemoryWebhookEndpoints(log)
        yield Store(
            now=clock.now(),
            jobs=MemoryJobQueue(log),
            keys=MemoryIdempotencyKeys(clock),
            subscriptions=MemorySubscriptions(clock),
            endpoints=endpoints,
            deliveries=MemoryWebhookDeliveries(log, endpoints),
        )
        return
    database = await make_database(servers)
    pool = await open_pool(database.url, size=4)
    yield Store(
        now=datetime.now(UTC),
        jobs=PostgresJobQueue(pool, Listener(database.url)),
        keys=PostgresIdempotencyKeys(pool),
        subscriptions=PostgresSubscriptions(pool),
        endpoints=PostgresWebhookEndpoints(pool, Sealer(TokenSecrets(["a secret of the server in a contract test"]))),
        deliveries=PostgresWebhookDeliveries(pool, pool),
    )
    await pool.close()
    await drop_database(servers, database)


async def test_a_process_that_is_a_month_ahead_gets_no_job_before_its_time(store: Store) -> None:
    await store.jobs.set(JobKind.FORGET, "upl_1", store.now + timedelta(days=30))
    assert list(await store.jobs.lease(now=store.now + WRONG, limit=10, lasts=LASTS)) == []
    await store.jobs.set(JobKind.FORGET, "upl_2", store.now - LASTS)
    (due,) = await store.jobs.lease(now=store.now + WRONG, limit=10, lasts=LASTS)
    assert due.upload_id == "upl_2"


async def test_it_takes_no_lease_over_that_counts(store: Store) -> None:
    await store.jobs.set(JobKind.FORGET, "upl_1", store.now - LASTS)
    assert len(await store.jobs.lease(now=store.now, limit=10, lasts=LASTS)) == 1
    assert list(await store.jobs.lease(now=store.now + WRONG, limit=10, lasts=LASTS)) == []
    one, other = [
        await store.subscriptions.acquire("a", begin=0, now=now, leased_until=now + LASTS, token=str(now))
        for now in (store.now, store.now + WRONG)
    ]
    assert one is not None
    assert other is None


async def reserve(store: Store, now: datetime) -> object:
    return await store.keys.reserve(REQUEST, seed="seed", now=now, leased_until=now + LASTS, expires_at=now + KEPT)


async def test_it_makes_nothing_twice_under_an_idempotency_key(store: Store) -> None:
    reserved = await reserve(store, store.now)
    assert isinstance(reserved, Reserved)
    assert isinstance(await reserve(store, store.now + WRONG), InFlight)
    await store.keys.finish(reserved, ("upl_1",))
    assert await reserve(store, store.now + WRONG) == Made(seed="seed", ids=("upl_1",))
    assert await store.keys.drop_expired(store.now + WRONG, limit=10) == 0


async def test_it_drops_no_secret_of_a_webhook_that_is_being_made(store: Store) -> None:
    await store.endpoints.keep(
        WebhookEndpoint(webhook_id="wh_1", organization_id="org_1", secrets=(), headers={}, created_at=store.now)
    )
    await store.endpoints.drop(now=store.now + WRONG, kept=timedelta(days=1))
    assert await store.endpoints.endpoint("wh_1") is not None
    assert await store.deliveries.drop(now=store.now + WRONG, kept=timedelta(days=1), limit=10) == 0
