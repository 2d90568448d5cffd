"""Idempotency keys in memory."""

import itertools
from datetime import datetime

import msgspec

from adapters.memory.clock import earlier
from application.ports.clock import Clock
from application.ports.idempotency_keys import InFlight, KeyedRequest, Made, Reservation, Reserved, Reused

_leases = itertools.count(1)


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    fingerprint: str
    seed: str
    attempt: int
    lease: str | None
    leased_until: datetime | None
    expires_at: datetime
    made: tuple[str, ...] | None = None


class MemoryIdempotencyKeys:
    """Implements `IdempotencyKeys`. `clock`: the store's own; without one, it uses the times of its callers."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}

    async def reserve(
        self, request: KeyedRequest, *, seed: str, now: datetime, leased_until: datetime, expires_at: datetime
    ) -> Reservation:
        """Reserve a key, or return the reason for a refusal."""
        row, agreed = self._rows.get(request.name), earlier(now, self._clock)
        if row is None or row.expires_at <= agreed:
            row = _Row(
                fingerprint=request.fingerprint,
                seed=seed,
                attempt=0,
                lease=None,
                leased_until=None,
                expires_at=expires_at,
            )
        elif row.fingerprint != request.fingerprint:
            return Reused()
        elif row.made is not None:
            return Made(seed=row.seed, ids=row.made)
        elif row.leased_until is not None and row.leased_until > agreed:
            return InFlight()
        lease, attempt = f"lease-{next(_leases)}", row.attempt + 1
        self._rows[request.name] = msgspec.structs.replace(row, lease=lease, leased_until=leased_until, attempt=attempt)
        return Reserved(name=request.name, seed=row.seed, attempt=attempt, lease=lease)

    async def finish(self, reserved: Reserved, ids: tuple[str, ...]) -> None:
        """Store the ids that were created."""
        if (row := self._ours(reserved)) is not None:
            self._rows[reserved.name] = msgspec.structs.replace(row, made=ids, lease=None)

    async def release(self, reserved: Reserved) -> None:
        """Free the key."""
        if self._ours(reserved) is not None:
            del self._rows[reserved.name]

    async def give_back(self, reserved: Reserved) -> None:
        """End the lease."""
        if (row := self._ours(reserved)) is not None:
            self._rows[reserved.name] = msgspec.structs.replace(row, lease=None, leased_until=None)

    async def drop_expired(self, now: datetime, *, limit: int) -> int:
        """Delete expired keys."""
        agreed = earlier(now, self._clock)
        expired = [name for name, row in self._rows.items() if row.expires_at <= agreed][:limit]
        for name in expired:
            del self._rows[name]
        return len(expired)

    def _ours(self, reserved: Reserved) -> _Row | None:
        row = self._rows.get(reserved.name)
        return row if row is not None and row.lease == reserved.lease else None
