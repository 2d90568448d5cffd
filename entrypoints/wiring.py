"""The one place where adapters are chosen and put together with the use cases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from adapters.postgres.analytics import AnalyticsProjection, PostgresAnalytics
from adapters.postgres.census import PostgresCensus
from adapters.postgres.checking import check_database
from adapters.postgres.clock import TOLERANCE, PostgresClock
from adapters.postgres.connecting import Pool, PoolConnection, close_pool, log_errors, open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from adapters.postgres.jobs import PostgresJobQueue
from adapters.postgres.key_uses import PostgresKeyUses
from adapters.postgres.listening import Listener
from adapters.postgres.rate_ledger import PostgresRateLedger
from adapters.postgres.read_side import PostgresDirectory, PostgresReadSide
from adapters.postgres.request_records import PostgresRequestRecords
from adapters.postgres.search_index import PostgresSearchIndex
from adapters.postgres.subscriptions import PostgresSubscriptions
from adapters.postgres.tasks import PostgresTasks
from adapters.postgres.tenancy import EverybodysReads, TenantReads
from adapters.postgres.webhooks import PostgresWebhookDeliveries, PostgresWebhookEndpoints
from adapters.s3.sigv4 import Credentials
from adapters.s3.url_signer import S3UrlSigner
from adapters.sealing import Sealer
from adapters.system import SystemIds
from adapters.webhooks.addresses import AllowedTargets
from application.analytics.analyzing import Analyzing
from application.buckets.changing import ChangingBuckets
from application.buckets.creating import CreatingBuckets
from application.buckets.deleting import DeletingBuckets
from application.events.checking_readers import CheckingReaders
from application.events.reading import ReadingEvents
from application.events.subscribing import Subscribing
from application.idempotency import DoingOnce
from application.keys.callers import Admitting
from application.keys.issuing_event_tokens import IssuingEventTokens
from application.keys.issuing_upload_tokens import IssuingUploadTokens
from application.keys.managing import ManagingKeys
from application.limits.limiting_requests import LimitingRequests, LimitingStrangers
from application.namespaces.changing import ChangingNamespaces
from application.namespaces.creating import CreatingNamespaces
from application.namespaces.deleting import DeletingNamespaces
from application.objects.changing import ChangingObjects
from application.objects.composing import ComposingObjects
from application.objects.creating import CreatingObjects
from application.objects.deleting import DeletingObjects
from application.organizations.changing import ChangingOrganizations
from application.organizations.opening import OpeningOrganizations
from application.ports.analytics import Analytics
from application.ports.clock import Clock, Ids
from application.ports.event_log import EventLog, LogUnavailableError
from application.ports.idempotency_keys import IdempotencyKeys
from application.ports.jobs import Job, JobQueue
from application.ports.key_uses import KeyUses
from application.ports.object_storage import (
    BucketSetup,
    ObjectStorage,
    StorageDeniedError,
    StorageUnavailableError,
)
from application.ports.rate_ledger import RateLedger
from application.ports.read_side import Directory, ReadSide
from application.ports.request_records import RequestRecords
from application.ports.search_index import SearchIndex
from application.ports.subscriptions import Subscriptions
from application.ports.tasks import Tasks, TaskType
from application.ports.url_signer import UrlSigner
from application.ports.webhooks import DeliveryRecord, WebhookDeliveries, WebhookEndpoints, WebhookSender
from application.rules import Rules
from application.storage.checking import CheckingStorage, Finding, Tally
from application.storage.consuming_notifications import ConsumingStorageEvents
from application.storage.taking_notifications import TakingStorageEvents
from application.tasks.canceling import CancelingTasks
from application.tasks.pausing import while_clocks_agree
from application.tasks.reading import ReadingTasks
from application.tasks.running import RunningTasks
from application.tasks.worker import Working
from application.uploads.canceling import CancelingUpload
from application.uploads.canceling_open import CancelingOpenUploads
from application.uploads.confirming import ConfirmingUpload
from application.uploads.confirming_many import ConfirmingMany
from application.uploads.expiring import ExpiringUploads
from application.uploads.forgetting import ForgettingUploads
from application.uploads.rechecking import RecheckingUploads
from application.uploads.requesting import RequestingUpload
from application.uploads.sending_parts import SendingParts
from application.uploads.signing import SigningUploads
from application.uploads.verifying import VerifyingUploads
from application.webhooks.delivering import DeliveringWebhooks, QueueingDeliveries
from application.webhooks.managing import ManagingWebhooks
from application.webhooks.replaying import ReplayingWebhooks
from domain.keys.token_secrets import TokenSecrets
from entrypoints.observability.telemetry import Telemetry
from entrypoints.processes.patience import patiently
from entrypoints.settings import S3Settings, SettingError, Settings

if TYPE_CHECKING:
    from adapters.s3.doctor import S3Doctor
    from adapters.s3.object_storage import S3ObjectStorage
    from adapters.sqs.notification_queue import SqsNotificationQueue

_log = structlog.get_logger(__name__)
_SYSTEM_POOL_SIZE = 4
_HOUR_SECONDS = 3600
# Lists, searches and figures: connections for all of them, how many of these an organization may use at once, and how
# many more of its queries may wait. One of them may keep a processor of the database busy for seconds.
_SLOW_POOL_SIZE = 4
_SLOW_OF_ONE = 2
_SLOW_WAITING = 32


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen adapters. `rate_ledger` None: requests are not limited. `search_index` None: none is needed."""

    log: EventLog
    read_side: ReadSide
    directory: Directory
    key_uses: KeyUses
    request_records: RequestRecords
    jobs: JobQueue
    tasks: Tasks
    idempotency_keys: IdempotencyKeys
    rate_ledger: RateLedger | None
    search_index: SearchIndex | None = None
    subscriptions: Subscriptions[Any]
    analytics: Analytics
    storage: ObjectStorage
    signer: UrlSigner
    webhook_endpoints: WebhookEndpoints
    webhook_deliveries: WebhookDeliveries[Any]
    webhook_sender: WebhookSender
    token_secrets: TokenSecrets
    clock: Clock
    ids: Ids


class Administration(msgspec.Struct, frozen=True, kw_only=True):
    """The use cases that need the database alone."""

    log: EventLog
    read_side: ReadSide
    organizations: OpeningOrganizations
    keys: ManagingKeys
    create_namespace: CreatingNamespaces
    create_bucket: CreatingBuckets
    forget: ForgettingUploads
    replay_webhooks: ReplayingWebhooks
    check_readers: CheckingReaders


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The use cases, ready to be called. `ports`: what a request may see; `system`: what belongs to everybody."""

    ports: Ports
    system: Ports
    admit: Admitting
    limit_requests: LimitingRequests | None
    limit_strangers: LimitingStrangers | None
    do_once: DoingOnce
    request_upload: RequestingUpload
    confirm_upload: ConfirmingUpload
    confirm_many: ConfirmingMany
    cancel_open_uploads: CancelingOpenUploads
    sign_uploads: SigningUploads
    send_parts: SendingParts
    cancel_upload: CancelingUpload
    read_task: ReadingTasks
    cancel_task: CancelingTasks
    create_namespace: CreatingNamespaces
    change_namespace: ChangingNamespaces
    create_bucket: CreatingBuckets
    create_object: CreatingObjects
    change_object: ChangingObjects
    delete_bucket: DeletingBuckets
    delete_namespace: DeletingNamespaces
    delete_object: DeletingObjects
    change_bucket: ChangingBuckets
    organizations: OpeningOrganizations
    change_organization: ChangingOrganizations
    keys: ManagingKeys
    issue_upload_token: IssuingUploadTokens
    issue_event_token: IssuingEventTokens
    read_events: ReadingEvents
    subscribe: Subscribing[Any]
    analyze: Analyzing
    webhooks: ManagingWebhooks
    queue_deliveries: QueueingDeliveries
    replay_webhooks: ReplayingWebhooks
    deliver_webhooks: DeliveringWebhooks
    worker: Working
    take_storage_events: TakingStorageEvents


def put_together(
    ports: Ports, rules: Rules, *, system: Ports | None = None, telemetry: Telemetry | None = None
) -> Services:
    """Give every use case the ports it needs; `system`: those that see more than a request does, if there are any."""
    telemetry = telemetry or Telemetry()
    p, system = ports, system or ports
    admit = Admitting(directory=p.directory, log=p.log, uses=p.key_uses, secrets=p.token_secrets, clock=p.clock)
    compose = ComposingObjects(read_side=p.read_side, ids=p.ids)
    change_object = ChangingObjects(
        log=p.log, read_side=p.read_side, compose=compose, clock=p.clock, ids=p.ids, rules=rules
    )
    return Services(
        ports=ports,
        system=system,
        admit=admit,
        limit_requests=None
        if p.rate_ledger is None
        else LimitingRequests(
            ledger=p.rate_ledger,
            clock=p.clock,
            report=_report_lone_limits,
            token_percent=rules.token_rate_percent,
        ),
        limit_strangers=None if p.rate_ledger is None else LimitingStrangers(clock=p.clock),
        do_once=_doing_once(p),
        request_upload=RequestingUpload(
            log=p.log, read_side=p.read_side, signer=p.signer, clock=p.clock, ids=p.ids, rules=rules
        ),
        confirm_upload=_confirming(p, rules),
        confirm_many=_confirming_many(p, rules),
        cancel_open_uploads=_canceling_open_uploads(p, rules),
        sign_uploads=SigningUploads(read_side=p.read_side, admit=admit, signer=p.signer, clock=p.clock),
        send_parts=SendingParts(
            log=p.log,
            read_side=p.read_side,
            storage=p.storage,
            signer=p.signer,
            clock=p.clock,
            ids=p.ids,
            rules=rules,
        ),
        cancel_upload=CancelingUpload(
            log=p.log, read_side=p.read_side, storage=p.storage, clock=p.clock, ids=p.ids, rules=rules
        ),
        read_task=ReadingTasks(tasks=p.tasks, admit=admit),
        cancel_task=CancelingTasks(tasks=p.tasks, admit=admit, clock=p.clock),
        create_namespace=CreatingNamespaces(log=p.log, clock=p.clock, ids=p.ids),
        change_namespace=ChangingNamespaces(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids),
        create_bucket=CreatingBuckets(log=p.log, clock=p.clock, ids=p.ids),
        change_bucket=ChangingBuckets(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids),
        create_object=CreatingObjects(
            log=p.log, read_side=p.read_side, compose=compose, change=change_object, clock=p.clock, ids=p.ids
        ),
        change_object=change_object,
        delete_object=DeletingObjects(log=p.log, clock=p.clock, ids=p.ids),
        delete_bucket=_deleting_bucket(p, rules),
        delete_namespace=_deleting_namespace(p, rules),
        organizations=OpeningOrganizations(
            log=system.log, read_side=system.read_side, clock=p.clock, ids=p.ids, rules=rules
        ),
        change_organization=ChangingOrganizations(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids),
        keys=ManagingKeys(log=p.log, read_side=p.read_side, clock=p.clock, ids=p.ids, rules=rules),
        issue_upload_token=IssuingUploadTokens(log=p.log, clock=p.clock, ids=p.ids),
        issue_event_token=IssuingEventTokens(log=p.log, secrets=p.token_secrets, clock=p.clock, ids=p.ids),
        read_events=ReadingEvents(log=system.log, own=p.log),
        subscribe=Subscribing(
            log=system.log,
            subscriptions=p.subscriptions,
            clock=p.clock,
            ids=p.ids,
            report=_report_subscription,
            around=telemetry.delivery,
        ),
        analyze=Analyzing(analytics=p.analytics, clock=p.clock),
        webhooks=ManagingWebhooks(
            log=p.log,
            read_side=p.read_side,
            endpoints=p.webhook_endpoints,
            sender=p.webhook_sender,
            clock=p.clock,
            ids=p.ids,
        ),
        queue_deliveries=QueueingDeliveries(
            log=system.log, read_side=system.read_side, deliveries=system.webhook_deliveries, clock=p.clock
        ),
        replay_webhooks=ReplayingWebhooks(
            log=system.log, subscriptions=system.subscriptions, deliveries=system.webhook_deliveries, clock=p.clock
        ),
        deliver_webhooks=DeliveringWebhooks(
            log=system.log,
            read_side=system.read_side,
            endpoints=system.webhook_endpoints,
            deliveries=system.webhook_deliveries,
            sender=system.webhook_sender,
            clock=p.clock,
            ids=p.ids,
            report=_report_delivery,
            watch=telemetry,
        ),
        worker=_working(system, rules, telemetry),
        take_storage_events=TakingStorageEvents(
            log=system.log,
            jobs=system.jobs,
            storage=system.storage,
            clock=p.clock,
            ids=p.ids,
            report_unknown=_report_unknown_notification,
        ),
    )


def _verifying(p: Ports, rules: Rules) -> VerifyingUploads:
    return VerifyingUploads(
        log=p.log,
        read_side=p.read_side,
        storage=p.storage,
        directory=p.directory,
        tasks=p.tasks,
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _confirming(p: Ports, rules: Rules) -> ConfirmingUpload:
    return ConfirmingUpload(
        log=p.log,
        read_side=p.read_side,
        storage=p.storage,
        verify=_verifying(p, rules),
        tasks=p.tasks,
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _confirming_many(p: Ports, rules: Rules) -> ConfirmingMany:
    return ConfirmingMany(tasks=p.tasks, confirm=_confirming(p, rules), clock=p.clock, ids=p.ids, rules=rules)


def _canceling_open_uploads(p: Ports, rules: Rules) -> CancelingOpenUploads:
    return CancelingOpenUploads(log=p.log, read_side=p.read_side, tasks=p.tasks, clock=p.clock, ids=p.ids, rules=rules)


def _deleting_bucket(p: Ports, rules: Rules) -> DeletingBuckets:
    return DeletingBuckets(
        log=p.log,
        read_side=p.read_side,
        tasks=p.tasks,
        delete_object=DeletingObjects(log=p.log, clock=p.clock, ids=p.ids),
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _deleting_namespace(p: Ports, rules: Rules) -> DeletingNamespaces:
    return DeletingNamespaces(
        log=p.log,
        read_side=p.read_side,
        tasks=p.tasks,
        delete_bucket=_deleting_bucket(p, rules),
        clock=p.clock,
        ids=p.ids,
        rules=rules,
    )


def _doing_once(p: Ports) -> DoingOnce:
    return DoingOnce(keys=p.idempotency_keys, log=p.log, clock=p.clock, ids=p.ids)


def _working(p: Ports, rules: Rules, telemetry: Telemetry) -> Working:
    return Working(
        jobs=p.jobs,
        log=p.log,
        storage=p.storage,
        clock=p.clock,
        verify=_verifying(p, rules),
        expire=ExpiringUploads(log=p.log, storage=p.storage, clock=p.clock, ids=p.ids, rules=rules),
        forget=ForgettingUploads(log=p.log, clock=p.clock, ids=p.ids),
        recheck=RecheckingUploads(log=p.log, storage=p.storage, clock=p.clock, ids=p.ids),
        delete_object=DeletingObjects(log=p.log, clock=p.clock, ids=p.ids),
        tasks=RunningTasks(
            tasks=p.tasks,
            clock=p.clock,
            rules=rules,
            work={
                TaskType.CONFIRM_UPLOADS: _confirming_many(p, rules).work,
                TaskType.CANCEL_UPLOADS: _canceling_open_uploads(p, rules).work,
                TaskType.DELETE_BUCKET: _deleting_bucket(p, rules).work,
                TaskType.DELETE_NAMESPACE: _deleting_namespace(p, rules).work,
            },
        ),
        do_once=_doing_once(p),
        report=_report_job,
        search_index=p.search_index,
        around=telemetry.job,
    )


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None, telemetry: Telemetry | None = None
) -> AsyncIterator[Services]:
    """Open everything that the service and the worker need, and close it in order afterwards.

    While the database is away, at whatever step, all of it is opened anew.
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
    requests = await open_pool(settings.database_url, size=settings.pool_size, for_everybody=False, lines=lines)
    stack.push_async_callback(close_pool, requests)
    lists = await open_pool(settings.database_url, size=_SLOW_POOL_SIZE, for_everybody=False, lines=lines)
    stack.push_async_callback(close_pool, lists)
    everybody = await open_pool(settings.database_url, size=_SYSTEM_POOL_SIZE, lines=lines)
    stack.push_async_callback(close_pool, everybody)
    if clock is None:
        measured = PostgresClock(everybody, tolerance=settings.clock_tolerance)
        await stack.enter_async_context(measured.running())
        clock = measured
    own, all_of_it = TenantReads(requests), EverybodysReads(everybody)
    slow = TenantReads(lists, of_one=_SLOW_OF_ONE, bounded=_SLOW_WAITING)
    read_side, whole = PostgresReadSide(own, slow), PostgresReadSide(all_of_it)
    log = PostgresEventLog(settings.database_url, all_of_it, listener, telemetry.group_watch)
    directory = PostgresDirectory(read_side, listener, keys=whole)
    seen_by_all = PostgresDirectory(whole, listener)
    key_uses = PostgresKeyUses(everybody)
    jobs = PostgresJobQueue(everybody, listener)
    storage: ObjectStorage = await stack.enter_async_context(open_storage(s3))
    ids = ids or SystemIds()
    if telemetry.traces is not None:
        storage, ids = telemetry.traces.storage(storage), telemetry.traces.ids(ids)
    endpoints = PostgresWebhookEndpoints(everybody, Sealer(secrets))
    lost = await endpoints.seal_anew()
    if lost:
        _log.error("webhook_secrets_unreadable", webhook_ids=lost, advice="UPWELL_TOKEN_SECRETS lacks the secret")
    from adapters.webhooks.sender import AiohttpWebhookSender  # noqa: PLC0415  # as for storage, below

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
        directory=seen_by_all,
        key_uses=key_uses,
        request_records=PostgresRequestRecords(everybody),
        jobs=jobs,
        tasks=PostgresTasks(everybody, all_of_it),
        idempotency_keys=PostgresIdempotencyKeys(everybody),
        rate_ledger=PostgresRateLedger(everybody) if settings.limits_rates else None,
        search_index=PostgresSearchIndex(everybody),
        subscriptions=PostgresSubscriptions(everybody),
        analytics=PostgresAnalytics(all_of_it),
        storage=storage,
        signer=url_signer(s3),
        webhook_endpoints=endpoints,
        webhook_deliveries=PostgresWebhookDeliveries(everybody, all_of_it),
        webhook_sender=sender,
        token_secrets=secrets,
        clock=clock,
        ids=ids,
    )
    ports = msgspec.structs.replace(
        system,
        log=log.read_through(own),
        read_side=read_side,
        directory=directory,
        tasks=PostgresTasks(everybody, own, slow),
        analytics=PostgresAnalytics(slow),
        webhook_deliveries=PostgresWebhookDeliveries(everybody, own),
    )
    services = put_together(ports, settings.rules, system=system, telemetry=telemetry)
    return services, {"requests": requests, "lists": lists, "everybody": everybody}


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
            census=PostgresCensus(pools["everybody"]),
            log=system.log,
            subscriptions=system.subscriptions,
            clock=system.clock,
            read_events=services.read_events,
            pools=pools,
        )
    )
    return telling(settings.metrics, telemetry.metrics.text)


async def run_worker(services: Services, settings: Settings, stopping: asyncio.Event) -> None:
    """Work jobs, keep projections, tell webhooks, and read the queue of storage events if there is one.

    All of it pauses while this host's clock contradicts the database's.
    """
    async with AsyncExitStack() as stack:
        runs: list[Callable[[asyncio.Event], Coroutine[None, None, None]]] = [
            services.worker.run,
            partial(services.subscribe.project_in_bulk, AnalyticsProjection()),
            partial(services.subscribe.project, services.queue_deliveries),
            services.deliver_webhooks.run,
            partial(_forget_requests, services.system.request_records, settings.request_records_kept),
        ]
        if settings.storage_events_queue_url is not None:
            queue = await stack.enter_async_context(_open_queue(settings.s3, settings.storage_events_queue_url))
            take, report = services.take_storage_events, _report_storage_events
            runs.append(ConsumingStorageEvents(queue=queue, take=take, report=report).run)

        async def run_all(pausing: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as together:
                for run in runs:
                    together.create_task(run(pausing))

        await while_clocks_agree(services.system.clock, run_all, stopping)


async def _forget_requests(records: RequestRecords, kept: timedelta, stopping: asyncio.Event) -> None:
    """Delete what is known of requests when its days are over."""
    while not stopping.is_set():
        with suppress(LogUnavailableError):
            await records.forget(kept)
        with suppress(TimeoutError):
            async with asyncio.timeout(_HOUR_SECONDS):
                await stopping.wait()


def _open_queue(s3: S3Settings, queue_url: str) -> "SqsNotificationQueue":
    from adapters.sqs.notification_queue import SqsNotificationQueue  # noqa: PLC0415  # as for storage, below

    return SqsNotificationQueue(
        queue_url=queue_url,
        region=s3.region,
        access_key_id=s3.access_key_id,
        secret_access_key=s3.secret_access_key,
        session_token=s3.session_token,
    )


@asynccontextmanager
async def administering(database_url: str, rules: Rules) -> AsyncIterator[Administration]:
    """Open what an operator needs to put a database to use: no storage."""
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
    """Open what a program needs to read the feed for a name: no storage, no service.

    The user of `database_url` is a member of the service's role. What goes wrong in projections is told to `report`
    by their names, or logged. Raises `DatabaseUnusableError`, `LogUnavailableError`.
    """
    await check_database(database_url)
    async with AsyncExitStack() as stack:
        listener = Listener(database_url)
        pool = await open_pool(database_url, size=_SYSTEM_POOL_SIZE, lines=listener.lines)
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
            report=report or _report_subscription,
        )


@asynccontextmanager
async def checking_storage(
    settings: Settings, *, report: Callable[[Finding], None], progress: Callable[[Tally], None]
) -> AsyncIterator[CheckingStorage]:
    """Open what it takes to hold the bucket against the log: no listening, no writing."""
    await check_database(settings.database_url)
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, size=_SYSTEM_POOL_SIZE)
        stack.push_async_callback(close_pool, pool)
        clock = await _agreeing_clock(stack, pool, settings.clock_tolerance)
        storage = await stack.enter_async_context(open_storage(settings.s3))
        yield CheckingStorage(
            read_side=PostgresReadSide(pool), storage=storage, clock=clock, report=report, progress=progress
        )


async def check_clock(settings: Settings) -> None:
    """Raise `ClockDiffersError` if this host's clock contradicts the database's: storage would refuse what it signs."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, size=1)
        stack.push_async_callback(close_pool, pool)
        await _agreeing_clock(stack, pool, settings.clock_tolerance)


async def _agreeing_clock(stack: AsyncExitStack, pool: Pool, tolerance: timedelta = TOLERANCE) -> Clock:
    """Return the database's time, for a command; refuse to go by it if this host's clock contradicts it."""
    clock = PostgresClock(pool, tolerance=tolerance)
    await stack.enter_async_context(clock.running())
    clock.check()
    return clock


def open_storage(s3: S3Settings) -> "S3ObjectStorage":
    """Return the storage adapter for these settings, to be entered."""
    # Loading aiobotocore takes a second of CPU time, which commands that open no storage do not spend.
    from adapters.s3.object_storage import S3ObjectStorage  # noqa: PLC0415

    return S3ObjectStorage(
        bucket=s3.bucket,
        region=s3.region,
        credentials=_credentials(s3),
        endpoint_url=s3.endpoint_url,
        addressing=s3.addressing,
        keep_noncurrent_days=s3.old_versions_days,
    )


async def prepare_storage(storage: ObjectStorage, s3: S3Settings) -> BucketSetup:
    """Set the bucket up. What is wrong names the address; a refusal is a `SettingError`."""
    try:
        return await storage.prepare(cors_origins=s3.cors_origins)
    except StorageDeniedError as error:
        raise SettingError(
            f"The storage at {s3.endpoint_url} refuses us the bucket {s3.bucket} ({error}): correct UPWELL_S3_BUCKET,"
            " UPWELL_S3_REGION or the credentials, or their rights."
        ) from error
    except StorageUnavailableError as error:
        raise StorageUnavailableError(f"The storage at {s3.endpoint_url} cannot be reached: {error}") from error


def s3_doctor(s3: S3Settings, origin: str | None) -> "S3Doctor":
    """Return who examines the bucket of these settings; refuse settings for which no URL can be signed.

    `origin` None: the first that the settings name.
    """
    from adapters.s3.doctor import S3Doctor  # noqa: PLC0415  # as for storage, above

    named = next((each for each in s3.cors_origins if each != "*"), None)
    try:
        return S3Doctor(
            endpoint_url=s3.endpoint_url,
            public_endpoint_url=s3.public_endpoint_url,
            bucket=s3.bucket,
            keep_noncurrent_days=s3.old_versions_days,
            region=s3.region,
            addressing=s3.addressing,
            credentials=_credentials(s3),
            origin=origin or named,
        )
    except ValueError as error:
        raise SettingError(f"With these UPWELL_S3_* settings no URL can be signed: {error}.") from error


def url_signer(s3: S3Settings) -> S3UrlSigner:
    """Return the signer for these settings; refuse settings for which no URL can be signed."""
    try:
        return S3UrlSigner(
            endpoint_url=s3.public_endpoint_url,
            bucket=s3.bucket,
            region=s3.region,
            credentials=_credentials(s3),
            addressing=s3.addressing,
        )
    except ValueError as error:
        raise SettingError(f"With these UPWELL_S3_* settings no URL can be signed: {error}.") from error


def _credentials(s3: S3Settings) -> Credentials:
    return Credentials(
        access_key_id=s3.access_key_id,
        secret_access_key=s3.secret_access_key,
        session_token=s3.session_token,
        expires_at=s3.credentials_expire_at,
    )


def _report_job(job: Job, error: BaseException) -> None:
    _log.warning("job_failed", kind=job.kind, upload_id=job.upload_id, attempts=job.attempts, error=repr(error))


def _report_delivery(delivery: DeliveryRecord, error: BaseException) -> None:
    _log.warning("delivery_failed", webhook_id=delivery.webhook_id, position=delivery.position, error=repr(error))


def _report_unknown_notification(body: bytes) -> None:
    told = msgspec.json.decode(body)
    _log.warning("storage_event_unknown", fields=sorted(told)[:20] if isinstance(told, dict) else type(told).__name__)


def _report_storage_events(error: Exception) -> None:
    _log.warning("storage_events_failed", error=repr(error))


def _report_lone_limits(error: Exception) -> None:
    _log.warning("rate_limits_by_itself", error=repr(error))


def _report_subscription(name: str, error: BaseException) -> None:
    _log.warning("subscription_failed", name=name, error=repr(error))
