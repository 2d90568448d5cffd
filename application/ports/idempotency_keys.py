"""The role that remembers which requests were made under a key of the client's own."""

from datetime import datetime
from typing import Protocol

import msgspec


class KeyedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request under an idempotency key. `name`: a digest of who asks and the key; `fingerprint`: of what is asked."""

    name: str
    organization_id: str
    fingerprint: str


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """The request is ours to carry out, until `leased_until`.

    `seed`: what its ids are drawn from, the same in every attempt. `attempt`: from 1; of earlier ones it is unknown
    whether they counted. `lease`: proves that it is still ours.
    """

    name: str
    seed: str
    attempt: int
    lease: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The request was carried out. `ids`: of what it made, or found in place of it."""

    seed: str
    ids: tuple[str, ...]


class InFlight(msgspec.Struct, frozen=True):
    """Somebody is carrying the same request out right now."""


class Reused(msgspec.Struct, frozen=True):
    """The key belongs to another request."""


Reservation = Reserved | Made | InFlight | Reused


class IdempotencyKeys(Protocol):
    """Keeps ids of what was made, never answers. What was kept is durable when a method returns.

    All methods but `reserve` do nothing where the lease was lost: somebody else carries the request out then.
    All raise `LogUnavailableError` when the keys cannot be reached. A lease has ended and a key has expired only when
    both `now` and the store's own clock say so.
    """

    async def reserve(
        self, request: KeyedRequest, *, seed: str, now: datetime, leased_until: datetime, expires_at: datetime
    ) -> Reservation:
        """Reserve a key that is new, or that has expired, or take over a request whose lease ended without outcome.

        Of several that ask at once one gets it. `seed` and `expires_at` count for the first attempt only.
        """
        ...

    async def finish(self, reserved: Reserved, ids: tuple[str, ...]) -> None:
        """Keep what the request has made."""
        ...

    async def release(self, reserved: Reserved) -> None:
        """Free the key: it may be used for any request."""
        ...

    async def give_back(self, reserved: Reserved) -> None:
        """End the lease: the same request may be tried again at once, under the same seed."""
        ...

    async def drop_expired(self, now: datetime, *, limit: int) -> int:
        """Remove up to `limit` keys that have expired, and return how many there were."""
        ...
