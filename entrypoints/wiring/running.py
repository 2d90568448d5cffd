"""Opens the parts of `serve`, `worker` and `dev`, on PostgreSQL and S3, and closes them in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext

import msgspec
import structlog

from adapters.postgres.analytics.analytics import PostgresAnalytics
from adapters.postgres.clock import PostgresClock
from adapters.postgres.database.checking import check_database
from adapters.postgres.database.connecting import Pool, close_pool, log_errors, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.database.tenancy import SystemReads, TenantReads
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from adapters.postgres.keys.directory import PostgresDirectory
from adapters.postgres.keys.key_uses import PostgresKeyUses
from adapters.postgres.limits.rate_ledger import PostgresRateLedger
from adapters.postgres.lists.search_index import PostgresSearchIndex
from adapters.postgres.organizations.census import PostgresCensus
from adapters.postgres.organizations.quota_ledger import PostgresQuotaLedger
from adapters.postgres.organizations.request_records import PostgresRequestRecords
from adapters.postgres.read_side import PostgresReadSide
from adapters.postgres.tasks.job_queue import PostgresJobQueue
from adapters.postgres.tasks.tasks import PostgresTasks
from adapters.postgres.webhooks.webhook_deliveries import PostgresWebhookDeliveries
from adapters.postgres.webhooks.webhook_endpoints import PostgresWebhookEndpoints
from adapters.sealing import Sealer
from adapters.system import SystemIds
from adapters.webhooks.addresses import AllowedTargets
from application.ports.clock import Clock, Ids
from application.ports.storage.object_storage import (
    ObjectStorage,
)
from domain.keys.token_secrets import TokenSecrets
from entrypoints.observability.telemetry import Telemetry
from entrypoints.settings import Settings
from entrypoints.wiring.patience import patiently
from entrypoints.wiring.ports import Ports
from entrypoints.wiring.storage import open_storage, url_signer
from entrypoints.wiring.use_cases import Services, put_together

_log = structlog.get_logger(__name__)
_SYSTEM_POOL_SIZE = 4
# Lists, searches and analytics: their connections, how many an organization may use at once, and how many more of its
# queries may wait. One query may keep a CPU of the database busy for seconds.
_SLOW_POOL_SIZE = 4
_SLOW_OF_ONE = 2
_SLOW_WAITING = 32


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None, telemetry: Telemetry | None = None
) -> AsyncIterator[Services]:
    """Open the parts of the service and the worker, and close them in order afterwards.

    If the database is unreachable at any step, all of them are opened again.
    """
    secrets = settings.token_secrets
    telemetry = telemetry or Telemetry()
    async with AsyncExitStack() as stack:
        if telemetry.traces is not None:
            stack.push_async_callback(asyncio.to_thread, telemetry.traces.close)

        async def attempt() -> tuple[Services, Mapping[str, Pool]]:
            await check_database(settings.database_url)
            async with log_errors(), AsyncExitStack() as opening:
                opened = await _open(opening, settings, secrets, clock, ids, telemetry)
                stack.push_async_exit(opening.pop_all())
            return opened

        services, pools = await patiently("database", attempt, settings.start_patience_seconds)
        await stack.enter_async_context(_telling_metrics(services, settings, telemetry, pools))
        yield services


async def _open(
    stack: AsyncExitStack,
    settings: Settings,
    secrets: TokenSecrets,
    clock: Clock | None,
    ids: Ids | None,
    telemetry: Telemetry,
) -> tuple[Services, Mapping[str, Pool]]:
    s3 = settings.s3
    listener = Listener(settings.database_url)
    lines = listener.lines
    requests = await open_pool(settings.database_url, size=settings.pool_size, all_organizations=False, lines=lines)
    stack.push_async_callback(close_pool, requests)
    lists = await open_pool(settings.database_url, size=_SLOW_POOL_SIZE, all_organizations=False, lines=lines)
    stack.push_async_callback(close_pool, lists)
    system_pool = await open_pool(settings.database_url, size=_SYSTEM_POOL_SIZE, lines=lines)
    stack.push_async_callback(close_pool, system_pool)
    if clock is None:
        measured = PostgresClock(system_pool, tolerance=settings.clock_tolerance)
        await stack.enter_async_context(measured.running())
        clock = measured
    own, all_of_it = TenantReads(requests), SystemReads(system_pool)
    slow = TenantReads(lists, of_one=_SLOW_OF_ONE, bounded=_SLOW_WAITING)
    read_side, whole = PostgresReadSide(own, slow), PostgresReadSide(all_of_it)
    log = PostgresEventLog(settings.database_url, all_of_it, listener, telemetry.group_watch)
    directory = PostgresDirectory(read_side, listener, keys=whole)
    seen_by_all = PostgresDirectory(whole, listener)
    key_uses = PostgresKeyUses(system_pool)
    jobs = PostgresJobQueue(system_pool, listener)
    storage: ObjectStorage = await stack.enter_async_context(open_storage(s3))
    ids = ids or SystemIds()
    if telemetry.traces is not None:
        storage, ids = telemetry.traces.storage(storage), telemetry.traces.ids(ids)
    endpoints = PostgresWebhookEndpoints(system_pool, Sealer(secrets))
    lost = await endpoints.seal_anew()
    if lost:
        _log.error(
            "webhook_secrets_unreadable",
            webhook_ids=lost,
            advice="add the missing secret to UPWELL_TOKEN_SECRETS",
        )
    from adapters.webhooks.webhook_sender import AiohttpWebhookSender  # noqa: PLC0415  # as for storage, below

    sender = AiohttpWebhookSender(AllowedTargets(settings.webhook_allowed_networks, settings.webhook_allowed_ports))
    await stack.enter_async_context(sender.running())
    await stack.enter_async_context(directory.running())
    await stack.enter_async_context(seen_by_all.running())
    await stack.enter_async_context(key_uses.running())
    await stack.enter_async_context(jobs.running())
    await stack.enter_async_context(listener.running())
    await stack.enter_async_context(log.running())
    system = Ports(
        log=log,
        read_side=whole,
        quota_ledger=PostgresQuotaLedger(all_of_it),
        directory=seen_by_all,
        key_uses=key_uses,
        request_records=PostgresRequestRecords(system_pool),
        jobs=jobs,
        tasks=PostgresTasks(system_pool, all_of_it),
        idempotency_keys=PostgresIdempotencyKeys(system_pool),
        rate_ledger=PostgresRateLedger(system_pool) if settings.limits_rates else None,
        search_index=PostgresSearchIndex(system_pool),
        subscriptions=PostgresSubscriptions(system_pool),
        analytics=PostgresAnalytics(all_of_it),
        storage=storage,
        signer=url_signer(s3),
        webhook_endpoints=endpoints,
        webhook_deliveries=PostgresWebhookDeliveries(system_pool, all_of_it),
        webhook_sender=sender,
        token_secrets=secrets,
        clock=clock,
        ids=ids,
    )
    ports = msgspec.structs.replace(
        system,
        log=log.read_through(own),
        read_side=read_side,
        quota_ledger=PostgresQuotaLedger(own),
        directory=directory,
        tasks=PostgresTasks(system_pool, own, slow),
        analytics=PostgresAnalytics(slow),
        webhook_deliveries=PostgresWebhookDeliveries(system_pool, own),
    )
    services = put_together(ports, settings.rules, system=system, telemetry=telemetry)
    return services, {"requests": requests, "lists": lists, "system": system_pool}


def _telling_metrics(
    services: Services, settings: Settings, telemetry: Telemetry, pools: Mapping[str, Pool]
) -> AbstractAsyncContextManager[object]:
    if telemetry.metrics is None or settings.metrics is None:
        return nullcontext()
    from entrypoints.http.health.metrics import telling  # noqa: PLC0415  # what is off is not loaded
    from entrypoints.observability.metrics import Sources  # noqa: PLC0415  # the same

    system = services.system
    telemetry.metrics.use(
        Sources(
            census=PostgresCensus(pools["system"]),
            log=system.log,
            subscriptions=system.subscriptions,
            clock=system.clock,
            read_events=services.read_events,
            pools=pools,
        )
    )
    return telling(settings.metrics, telemetry.metrics.text)
