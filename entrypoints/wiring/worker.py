"""The loops of `upwell worker`: jobs, projections, webhooks, and the queue of the storage's notifications."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial

import structlog

from adapters.postgres.analytics.analytics import AnalyticsProjection
from application.ports.events.event_log import LogUnavailableError
from application.storage.consuming_notifications import ConsumingStorageEvents
from application.tasks.pausing import while_clocks_agree
from entrypoints.settings import Settings
from entrypoints.wiring.ports import Ports
from entrypoints.wiring.storage import open_queue
from entrypoints.wiring.use_cases import Services

_log = structlog.get_logger(__name__)
_HOUR_SECONDS = 3600


async def run_worker(services: Services, settings: Settings, stopping: asyncio.Event) -> None:
    """Run jobs, projections and webhook deliveries, and read the queue of storage notifications if there is one.

    Everything pauses while this host's clock contradicts the database's.
    """
    async with AsyncExitStack() as stack:
        runs: list[Callable[[asyncio.Event], Coroutine[None, None, None]]] = [
            services.worker.run,
            partial(services.subscribe.project_in_bulk, AnalyticsProjection()),
            partial(services.subscribe.project, services.queue_deliveries),
            services.deliver_webhooks.run,
            partial(_hourly, partial(services.system.request_records.forget, settings.request_records_kept)),
        ]
        if settings.analytics_kept is not None:
            runs.append(partial(_hourly, partial(_trim, services.system, settings.analytics_kept)))
        if settings.storage_events_queue_url is not None:
            queue = await stack.enter_async_context(open_queue(settings.s3, settings.storage_events_queue_url))
            take, report = services.take_storage_events, _report_storage_events
            runs.append(ConsumingStorageEvents(queue=queue, take=take, report=report).run)

        async def run_all(pausing: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as together:
                for run in runs:
                    together.create_task(run(pausing))

        await while_clocks_agree(services.system.clock, run_all, stopping)


async def _trim(system: Ports, kept: timedelta) -> None:
    """Drop the figures of hours that are no longer kept, in batches."""
    while await system.analytics.trim(before=system.clock.now() - kept):
        pass


async def _hourly(tidy: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Delete what is no longer kept, every hour."""
    while not stopping.is_set():
        with suppress(LogUnavailableError):
            await tidy()
        with suppress(TimeoutError):
            async with asyncio.timeout(_HOUR_SECONDS):
                await stopping.wait()


def _report_storage_events(error: Exception) -> None:
    _log.warning("storage_events_failed", error=repr(error))
