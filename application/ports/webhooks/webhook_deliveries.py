"""The role that keeps which events are due to which webhooks, and how their attempts went."""

import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec

KEPT_ATTEMPTS: Final = 20
Transaction_contra = TypeVar("Transaction_contra", contravariant=True)


class DeliveryStatus(enum.StrEnum):
    """What became of a delivery so far."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt went. `status_code` None: there was no answer, and `error` says why."""

    at: datetime
    seconds: float
    status_code: int | None = None
    error: str | None = None


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a webhook is to be told."""

    webhook_id: str
    position: int
    organization_id: str
    stream_id: str
    topic: str


class DeliveryRecord(NewDelivery, frozen=True, kw_only=True):
    """A delivery. `attempts`: since it was asked for, `first_at` the first; `history`: how the last ones went."""

    status: DeliveryStatus
    attempts: int
    history: tuple[Attempt, ...]
    created_at: datetime
    first_at: datetime | None
    next_at: datetime
    ended_at: datetime | None
    lease: str | None = None

    def with_attempt(self, attempt: Attempt) -> tuple[Attempt, ...]:
        """Return the history with one more attempt; the oldest are left out."""
        return (*self.history, attempt)[-KEPT_ATTEMPTS:]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is over, and what has become of its delivery. `next_at`: when a pending one is due again."""

    delivery: DeliveryRecord
    attempt: Attempt
    status: DeliveryStatus
    next_at: datetime


class WebhookDeliveries(Protocol[Transaction_contra]):
    """Remembers what webhooks are to be told, and how that went. At least once: a lease that runs out is taken over."""

    async def add(self, transaction: Transaction_contra, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:
        """Remember these, due at once, in this transaction; those that are known already stay as they are."""
        ...

    async def lease(
        self, *, now: datetime, leased_until: datetime, token: str, limit: int, of_each: int
    ) -> Sequence[DeliveryRecord]:
        """Take what is due to webhooks that are switched on and do not rest; an attempt counts from now on.

        Never while an earlier delivery of the same webhook and stream is pending. No webhook has more than `of_each`
        under way, and one that failed last has one. What is due, and whose lease has ended, is so by `now` and by the
        store's own clock.
        """
        ...

    async def end(self, ended: Sequence[Ended]) -> None:
        """Record how they went, as far as the leases are still ours. No delivery is among them twice."""
        ...

    async def give_back(self, delivery: DeliveryRecord) -> None:
        """End a lease as if it had not been taken."""
        ...

    async def deliveries(
        self, organization_id: str, webhook_id: str, *, before: int, status: DeliveryStatus | None, limit: int
    ) -> Sequence[DeliveryRecord]:
        """Return deliveries below a position, the newest first."""
        ...

    async def redeliver(self, organization_id: str, webhook_id: str, position: int, *, now: datetime) -> None:
        """Make one that has ended due again, from the first attempt on; nothing if it has not ended."""
        ...

    async def replay(self, deliveries: Sequence[NewDelivery], *, now: datetime) -> int:
        """Make these due, as if they were new, and return how many; those that are pending stay as they are."""
        ...

    async def queued(
        self, webhook_ids: Collection[str], *, after: int, until: int
    ) -> Mapping[tuple[str, int], DeliveryStatus]:
        """Return by webhook and position what is remembered of events above `after`, up to `until`."""
        ...

    async def dropped_until(self, webhook_ids: Collection[str]) -> Mapping[str, int]:
        """Return by webhook up to which position `drop` may have removed something; above it, all is remembered."""
        ...

    async def drop(self, *, now: datetime, kept: timedelta, limit: int) -> int:
        """Remove about `limit` that are older than `kept`, by the store's own clock too, or whose webhook is gone.

        Return how many; 0: none is left.
        """
        ...
