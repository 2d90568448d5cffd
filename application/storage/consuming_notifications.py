"""Consuming storage events: a queue's notifications are taken in, one by one, and deleted after that."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from application.ports.storage.notification_queue import Delivery, NotificationQueue
from application.storage.taking_notifications import TakingStorageEvents
from domain.refusals import InvalidInputError

RETRY_FIRST = timedelta(seconds=1)
RETRY_LAST = timedelta(minutes=1)

Report = Callable[[Exception], None]


class ConsumingStorageEvents:
    """Reads one queue until told to stop. Any number of workers may read the same one."""

    def __init__(self, *, queue: NotificationQueue, take: TakingStorageEvents, report: Report) -> None:
        self._queue = queue
        self._take = take
        self._report = report

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until `stopping` is set; what is being taken in then comes again."""
        consuming = asyncio.create_task(self._consume())
        stop = asyncio.create_task(stopping.wait())
        try:
            done, _ = await asyncio.wait({consuming, stop}, return_when=asyncio.FIRST_COMPLETED)
            if consuming in done:
                consuming.result()  # it never ends by itself: say why
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
        """Take in what has come by now, or comes soon; return whether all of it was."""
        try:
            deliveries = await self._queue.receive()
        except Exception as error:  # noqa: BLE001  # a queue that is away must not end the worker
            self._report(error)
            return False
        return all([await self._taken(delivery) for delivery in deliveries])

    async def _taken(self, delivery: Delivery) -> bool:
        try:
            try:
                await self._take(delivery.body)
            except InvalidInputError as error:  # no later attempt would read it
                self._report(error)
            await self._queue.delete(delivery)
        except Exception as error:  # noqa: BLE001  # it comes again, and the others must not wait
            self._report(error)
            return False
        return True
