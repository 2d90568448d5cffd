"""Opens the parts for operator commands and user programs: the database alone, or with the S3 bucket."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import msgspec

from adapters.postgres.clock import TOLERANCE, PostgresClock
from adapters.postgres.database.checking import check_database
from adapters.postgres.database.connecting import Pool, PoolConnection, close_pool, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from adapters.postgres.read_side import PostgresReadSide
from adapters.postgres.webhooks.webhook_deliveries import PostgresWebhookDeliveries
from adapters.system import SystemIds
from application.buckets.creating import CreatingBuckets
from application.events.checking_readers import CheckingReaders
from application.events.subscribing import Subscribing
from application.keys.managing import ManagingKeys
from application.namespaces.creating import CreatingNamespaces
from application.organizations.opening import OpeningOrganizations
from application.ports.clock import Clock
from application.ports.events.event_log import EventLog
from application.ports.read_side import ReadSide
from application.rules import Rules
from application.storage.checking import CheckingStorage, Finding, Tally
from application.uploads.forgetting import ForgettingUploads
from application.webhooks.replaying import ReplayingWebhooks
from entrypoints.settings import Settings
from entrypoints.wiring.storage import open_storage
from entrypoints.wiring.use_cases import report_subscription

_POOL_SIZE = 4


class Administration(msgspec.Struct, frozen=True, kw_only=True):
    """The use cases that need only the database."""

    log: EventLog
    read_side: ReadSide
    organizations: OpeningOrganizations
    keys: ManagingKeys
    create_namespace: CreatingNamespaces
    create_bucket: CreatingBuckets
    forget: ForgettingUploads
    replay_webhooks: ReplayingWebhooks
    check_readers: CheckingReaders


@asynccontextmanager
async def administering(database_url: str, rules: Rules) -> AsyncIterator[Administration]:
    """Open the use cases for operators: no storage."""
    await check_database(database_url)
    async with AsyncExitStack() as stack:
        pool = await open_pool(database_url, size=2)
        stack.push_async_callback(close_pool, pool)
        clock = await _agreeing_clock(stack, pool)
        listener = Listener(database_url)
        await stack.enter_async_context(listener.running())
        log = PostgresEventLog(database_url, pool, listener)
        await stack.enter_async_context(log.running())
        read_side, ids = PostgresReadSide(pool), SystemIds()
        subscriptions, deliveries = PostgresSubscriptions(pool), PostgresWebhookDeliveries(pool, pool)
        yield Administration(
            log=log,
            read_side=read_side,
            organizations=OpeningOrganizations(log=log, read_side=read_side, clock=clock, ids=ids, rules=rules),
            keys=ManagingKeys(log=log, read_side=read_side, clock=clock, ids=ids, rules=rules),
            create_namespace=CreatingNamespaces(log=log, clock=clock, ids=ids),
            create_bucket=CreatingBuckets(log=log, clock=clock, ids=ids),
            forget=ForgettingUploads(log=log, clock=clock, ids=ids),
            replay_webhooks=ReplayingWebhooks(log=log, subscriptions=subscriptions, deliveries=deliveries, clock=clock),
            check_readers=CheckingReaders(
                log=log, read_side=read_side, subscriptions=subscriptions, deliveries=deliveries
            ),
        )


@asynccontextmanager
async def subscribing(
    database_url: str, *, report: Callable[[str, BaseException], None] | None = None
) -> AsyncIterator[Subscribing[PoolConnection]]:
    """Open the durable readers for a program: no storage, no service.

    The user of `database_url` must be a member of the service's role. Errors of projections are passed to `report` with
    their names, or logged. Raises `DatabaseUnusableError`, `LogUnavailableError`.
    """
    await check_database(database_url)
    async with AsyncExitStack() as stack:
        listener = Listener(database_url)
        pool = await open_pool(database_url, size=_POOL_SIZE, lines=listener.lines)
        stack.push_async_callback(close_pool, pool)
        await stack.enter_async_context(listener.running())
        log = PostgresEventLog(database_url, pool, listener)
        await stack.enter_async_context(log.running())
        clock = PostgresClock(pool)
        await stack.enter_async_context(clock.running())
        yield Subscribing(
            log=log,
            subscriptions=PostgresSubscriptions(pool),
            clock=clock,
            ids=SystemIds(),
            report=report or report_subscription,
        )


@asynccontextmanager
async def checking_storage(
    settings: Settings, *, report: Callable[[Finding], None], progress: Callable[[Tally], None]
) -> AsyncIterator[CheckingStorage]:
    """Open the parts that compare the S3 bucket with the log: no listener, no writer."""
    await check_database(settings.database_url)
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, size=_POOL_SIZE)
        stack.push_async_callback(close_pool, pool)
        clock = await _agreeing_clock(stack, pool, settings.clock_tolerance)
        storage = await stack.enter_async_context(open_storage(settings.s3))
        yield CheckingStorage(
            read_side=PostgresReadSide(pool), storage=storage, clock=clock, report=report, progress=progress
        )


async def check_clock(settings: Settings) -> None:
    """Raise `ClockDiffersError` if this host's clock contradicts the database's: storage would refuse signatures."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, size=1)
        stack.push_async_callback(close_pool, pool)
        await _agreeing_clock(stack, pool, settings.clock_tolerance)


async def _agreeing_clock(stack: AsyncExitStack, pool: Pool, tolerance: timedelta = TOLERANCE) -> Clock:
    """Return the database's clock, for a command; refuse if this host's clock contradicts it."""
    clock = PostgresClock(pool, tolerance=tolerance)
    await stack.enter_async_context(clock.running())
    clock.check()
    return clock
