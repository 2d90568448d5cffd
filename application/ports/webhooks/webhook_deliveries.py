"""The role that stores the deliveries of webhooks, and the results of their attempts."""

import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec

KEPT_ATTEMPTS: Final = 20
Transaction_contra = TypeVar("Transaction_contra", contravariant=True)


class DeliveryStatus(enum.StrEnum):
    """The status of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an attempt. `status_code` None: no response, and `error` has the reason."""

    at: datetime
    seconds: float
    status_code: int | None = None
    error: str | None = None


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event to deliver to a webhook."""

    webhook_id: str
    position: int
    organization_id: str
    stream_id: str
    topic: str


class DeliveryRecord(NewDelivery, frozen=True, kw_only=True):
    """A delivery. `attempts`: since it was queued, the first at `first_at`; `history`: the results of the last ones."""

    status: DeliveryStatus
    attempts: int
    history: tuple[Attempt, ...]
    created_at: datetime
    first_at: datetime | None
    next_at: datetime
    ended_at: datetime | None
    lease: str | None = None

    def with_attempt(self, attempt: Attempt) -> tuple[Attempt, ...]:
        """Return the history with another attempt, without the oldest ones."""
        return (*self.history, attempt)[-KEPT_ATTEMPTS:]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A finished attempt, with the new status of its delivery. `next_at`: when a pending one is due again."""

    delivery: DeliveryRecord
    attempt: Attempt
    status: DeliveryStatus
    next_at: datetime


class WebhookDeliveries(Protocol[Transaction_contra]):
    """Stores the deliveries of webhooks and their results. At least once: an expired lease is taken over."""

    async def add(self, transaction: Transaction_contra, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:
        """Store these deliveries, due at once, in this transaction; existing ones do not change."""
        ...

    async def lease(
        self, *, now: datetime, leased_until: datetime, token: str, limit: int, of_each: int
    ) -> Sequence[DeliveryRecord]:
        """Lease due deliveries of enabled webhooks that are not paused; this begins an attempt.

        Never while an earlier delivery of the same webhook and stream is pending. A webhook has at most `of_each`
        deliveries in progress, or one if its last attempt failed. Deliveries are due, and leases have ended, only by
        both `now` and the store's own clock.
        """
        ...

    async def end(self, ended: Sequence[Ended]) -> None:
        """Record the results of attempts whose leases are still held. Each delivery is included once."""
        ...

    async def give_back(self, delivery: DeliveryRecord) -> None:
        """Release a lease without counting an attempt."""
        ...

    async def deliveries(
        self, organization_id: str, webhook_id: str, *, before: int, status: DeliveryStatus | None, limit: int
    ) -> Sequence[DeliveryRecord]:
        """Return deliveries below a position, the newest first."""
        ...

    async def redeliver(self, organization_id: str, webhook_id: str, position: int, *, now: datetime) -> None:
        """Make an ended delivery due again, from the first attempt on; a pending one does not change."""
        ...

    async def replay(self, deliveries: Sequence[NewDelivery], *, now: datetime) -> int:
        """Make these deliveries due, as if they were new, and return their number; pending ones do not change."""
        ...

    async def queued(
        self, webhook_ids: Collection[str], *, after: int, until: int
    ) -> Mapping[tuple[str, int], DeliveryStatus]:
        """Return the status of the deliveries of events above `after`, up to `until`, by webhook and position."""
        ...

    async def dropped_until(self, webhook_ids: Collection[str]) -> Mapping[str, int]:
        """Return the position up to which `drop` may have removed deliveries, by webhook; above it all are stored."""
        ...

    async def drop(self, *, now: datetime, kept: timedelta, limit: int) -> int:
        """Remove about `limit` deliveries older than `kept`, also by the store's own clock, or without a webhook.

        Return their number; 0: there are no more.
        """
        ...
