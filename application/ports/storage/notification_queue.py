"""The role that keeps a storage's notifications until they are processed."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

MAX_DELIVERIES = 10


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A received notification. `receipt`: for its deletion."""

    body: bytes
    receipt: str


class QueueUnavailableError(Exception):
    """The queue did not respond, or refused access; the cause is chained."""


class NotificationQueue(Protocol):
    """At least once and in any order: a notification that is not deleted is delivered again."""

    async def receive(self) -> Sequence[Delivery]:
        """Return up to `MAX_DELIVERIES` notifications; wait for the first one for a limited time. May be cancelled."""
        ...

    async def delete(self, delivery: Delivery) -> None:
        """Delete a notification. Idempotent."""
        ...
