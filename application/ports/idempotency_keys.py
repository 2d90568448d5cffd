"""The role that stores requests under clients' idempotency keys."""

from datetime import datetime
from typing import Protocol

import msgspec


class KeyedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request under an idempotency key. `name`: a digest of the caller and the key; `fingerprint`: of the request."""

    name: str
    organization_id: str
    fingerprint: str


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """The request is reserved for this process, until `leased_until`.

    `seed`: generates its ids, the same in every attempt. `attempt`: from 1; the outcome of earlier ones is unknown.
    `lease`: identifies the reservation.
    """

    name: str
    seed: str
    attempt: int
    lease: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The request was executed. `ids`: of the created things, or of those found instead."""

    seed: str
    ids: tuple[str, ...]


class InFlight(msgspec.Struct, frozen=True):
    """The same request is being executed right now."""


class Reused(msgspec.Struct, frozen=True):
    """The key belongs to another request."""


Reservation = Reserved | Made | InFlight | Reused


class IdempotencyKeys(Protocol):
    """Stores ids of created things, never responses. Stored data is durable when a method returns.

    All methods except `reserve` do nothing if the lease was lost: then another process executes the request. All raise
    `LogUnavailableError` when the store is unreachable. A lease has ended and a key has expired only by both `now` and
    the store's own clock.
    """

    async def reserve(
        self, request: KeyedRequest, *, seed: str, now: datetime, leased_until: datetime, expires_at: datetime
    ) -> Reservation:
        """Reserve a new or expired key, or take over a request whose lease ended without an outcome.

        Of several concurrent callers one gets it. `seed` and `expires_at` only apply to the first attempt.
        """
        ...

    async def finish(self, reserved: Reserved, ids: tuple[str, ...]) -> None:
        """Store the results of the request."""
        ...

    async def release(self, reserved: Reserved) -> None:
        """Release the key: it may be used for any request."""
        ...

    async def give_back(self, reserved: Reserved) -> None:
        """End the lease: the same request may be tried again at once, under the same seed."""
        ...

    async def drop_expired(self, now: datetime, *, limit: int) -> int:
        """Remove up to `limit` expired keys, and return their number."""
        ...
