"""Readers of the log when a backend of PostgreSQL is killed: all others end with it, and commits that were not flushed
are taken back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.memory.clock import ManualClock
from adapters.postgres.analytics.analytics import AnalyticsProjection
from adapters.postgres.database.connecting import CONNECTION_ERRORS, Pool, PoolConnection, connect, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from adapters.postgres.read_side import PostgresReadSide
from adapters.postgres.webhooks.webhook_deliveries import PostgresWebhookDeliveries
from adapters.system import SystemIds
from application.events.subscribing import Subscribing
from application.ports.events.subscriptions import Lease
from application.webhooks.delivering import QueueingDeliveries
from domain.webhooks.webhook import WebhookCreated, WebhookSettings
from tests.conftest import Database
from tests.contract._log import SOON, open_account
from tests.stack import prepare


class Crashing(PostgresSubscriptions):
    """Kills a given backend right after the next position was recorded."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.victim: int | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.crashed = asyncio.Event()

    @asynccontextmanager
    async def recording(self, lease: Lease, position: int, *, now: datetime) -> AsyncIterator[PoolConnection]:
        await self.open.wait()
        async with super().recording(lease, position, now=now) as connection:
            yield connection
        if self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = None
            self.crashed.set()


@pytest.fixture
async def database(folder: Path) -> AsyncIterator[Database]:
    """A database on a separate server, which keeps asynchronous commits in memory."""
    settings = {"wal_writer_delay": "10s", "autovacuum": "off", "fsync": "off"}
    server = EmbeddedPostgres.start(folder / "postgres", settings=settings)
    try:
        yield await prepare(server)
    finally:
        server.stop()


async def server_is_back(url: str) -> None:
    async with asyncio.timeout(SOON):
        while True:
            with suppress(*CONNECTION_ERRORS):
                back = await connect(url, role=None)
                await back.close()
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", ["webhooks", "analytics.v2"])
async def test_what_a_crash_takes_back_of_a_projection_is_made_again(database: Database, name: str) -> None:
    async with AsyncExitStack() as stack:
        stack.enter_context(capture_logs())
        pool = await open_pool(database.url, size=6)
        stack.push_async_callback(pool.close)
        listener = Listener(database.url)
        await stack.enter_async_context(listener.running())
        log = PostgresEventLog(database.url, pool, listener)
        await stack.enter_async_context(log.running())
        subscriptions = Crashing(pool)
        victim = await connect(database.owner_url, role=None)
        stack.callback(victim.terminate)
        subscribing = Subscribing(
            log=log, subscriptions=subscriptions, clock=ManualClock(), ids=SystemIds(), report=lambda *_: None
        )
        queueing = QueueingDeliveries(
            log=log,
            read_side=PostgresReadSide(pool),
            deliveries=PostgresWebhookDeliveries(pool, pool),
            clock=ManualClock(),
        )
        account = await open_account(log)
        settings = WebhookSettings(name="a", url="https://hooks.example.com/", event_types=("upload.requested",))
        webhook = WebhookCreated(origin=account.origin(), webhook_id="wh_1", settings=settings)
        await account.append(log, "wh_1", 0, webhook)
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as together:
            if name == "webhooks":
                together.create_task(subscribing.project(queueing, stopping))
            else:
                together.create_task(subscribing.project_in_bulk(AnalyticsProjection(), stopping))
            await caught_up(pool, name, await log.head())
            subscriptions.open.clear()
            requested = [await account.request(log) for _ in range(5)]
            subscriptions.victim = await victim.fetchval("SELECT pg_backend_pid()")
            subscriptions.open.set()  # nothing is flushed between what it records and the crash
            async with asyncio.timeout(SOON):
                await subscriptions.crashed.wait()
            await server_is_back(database.owner_url)
            requested += [await account.request(log) for _ in range(3)]
            await caught_up(pool, name, await log.head())
            stopping.set()
        assert await READ[name](pool) in (requested, len(requested))


async def queued(pool: Pool) -> list[str]:
    batches = await pool.fetch("SELECT deliveries FROM upwell.webhook_batches ORDER BY number")
    return [each["stream_id"] for batch in batches for each in batch["deliveries"]]


async def counted(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT sum(requested) FROM upwell.analytics_figures"))


READ: dict[str, Callable[[Pool], Awaitable[object]]] = {"webhooks": queued, "analytics.v2": counted}


async def caught_up(pool: Pool, name: str, position: int) -> None:
    async with asyncio.timeout(2 * SOON):
        while True:
            with suppress(*CONNECTION_ERRORS):
                if await pool.fetchval("SELECT position FROM upwell.subscriptions WHERE name = $1", name) == position:
                    return
            await asyncio.sleep(0.02)
