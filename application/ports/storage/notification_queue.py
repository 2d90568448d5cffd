"""The role that keeps what a storage has told until somebody takes it in."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

MAX_DELIVERIES = 10


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A notification on loan. `receipt`: what deletes it."""

    body: bytes
    receipt: str


class QueueUnavailableError(Exception):
    """The queue did not answer, or refused us; the cause is chained."""


class NotificationQueue(Protocol):
    """At least once and in any order: what is not deleted comes again after a while."""

    async def receive(self) -> Sequence[Delivery]:
        """Return up to `MAX_DELIVERIES` notifications; wait for the first one, but not for ever. May be cancelled."""
        ...

    async def delete(self, delivery: Delivery) -> None:
        """Have a notification never come again. Idempotent."""
        ...
