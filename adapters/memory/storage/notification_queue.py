"""A queue of notifications in a list, for tests."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from application.ports.storage.notification_queue import MAX_DELIVERIES, Delivery


class MemoryNotificationQueue:
    """Implements `NotificationQueue`. `put` and `return_all` play storage and passing time."""

    def __init__(self, *, wait_seconds: float = 20) -> None:
        self._wait_seconds = wait_seconds
        self._waiting: list[Delivery] = []
        self._lent: dict[str, Delivery] = {}
        self._news = asyncio.Event()
        self._count = 0

    def put(self, body: bytes) -> None:
        """Add a notification, as storage does."""
        self._count += 1
        self._waiting.append(Delivery(body=body, receipt=str(self._count)))
        self._news.set()

    def return_all(self) -> None:
        """Make received notifications that were not deleted available again."""
        self._waiting += self._lent.values()
        self._lent.clear()
        self._news.set()

    async def receive(self) -> Sequence[Delivery]:
        """Wait for the first notification, and return up to ten."""
        if not self._waiting:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait_seconds):
                    await self._news.wait()
        taken, self._waiting = self._waiting[:MAX_DELIVERIES], self._waiting[MAX_DELIVERIES:]
        self._lent.update((delivery.receipt, delivery) for delivery in taken)
        return taken

    async def delete(self, delivery: Delivery) -> None:
        """Delete a notification."""
        self._lent.pop(delivery.receipt, None)
        self._waiting = [each for each in self._waiting if each.receipt != delivery.receipt]
