"""Consuming storage events: processes the notifications of a queue one by one, and deletes them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec

from application.ports.storage.notification_queue import Delivery, NotificationQueue
from application.storage.taking_notifications import TakingStorageEvents
from domain.refusals import InvalidInputError

RETRY_FIRST = timedelta(seconds=1)
RETRY_LAST = timedelta(minutes=1)

Report = Callable[[Exception], None]


class ConsumingStorageEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Reads one queue until it is stopped. Any number of workers may read the same queue."""

    queue: NotificationQueue
    take: TakingStorageEvents
    report: Report

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until `stopping` is set; notifications in progress are then delivered again."""
        consuming = asyncio.create_task(self._consume())
        stop = asyncio.create_task(stopping.wait())
        try:
            done, _ = await asyncio.wait({consuming, stop}, return_when=asyncio.FIRST_COMPLETED)
            if consuming in done:
                consuming.result()  # it never ends by itself: raise its error
        finally:
            for task in (consuming, stop):
                task.cancel()
            await asyncio.gather(consuming, stop, return_exceptions=True)

    async def _consume(self) -> None:
        failures = 0
        while True:
            failures = 0 if await self.take_some() else failures + 1
            if failures:
                pause = min(RETRY_FIRST * 2 ** min(failures - 1, 20), RETRY_LAST)
                await asyncio.sleep(pause.total_seconds())

    async def take_some(self) -> bool:
        """Process the available notifications; return whether all of them succeeded."""
        try:
            deliveries = await self.queue.receive()
        except Exception as error:  # noqa: BLE001  # an unreachable queue must not end the worker
            self.report(error)
            return False
        return all([await self._taken(delivery) for delivery in deliveries])

    async def _taken(self, delivery: Delivery) -> bool:
        try:
            try:
                await self.take(delivery.body)
            except InvalidInputError as error:  # no later attempt could parse it
                self.report(error)
            await self.queue.delete(delivery)
        except Exception as error:  # noqa: BLE001  # it is delivered again, and the others must not wait
            self.report(error)
            return False
        return True
