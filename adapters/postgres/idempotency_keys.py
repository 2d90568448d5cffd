"""Idempotency keys on PostgreSQL: which requests were made, and which are in flight. Answers are rendered elsewhere."""

import secrets
from datetime import datetime

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES
from application.ports.idempotency_keys import InFlight, KeyedRequest, Made, Reservation, Reserved, Reused


class PostgresIdempotencyKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def reserve(
        self, request: KeyedRequest, *, seed: str, now: datetime, leased_until: datetime, expires_at: datetime
    ) -> Reservation:
        """Reserve a key, or return the reason for a refusal."""
        lease = secrets.token_hex(8)
        async with log_errors():
            while True:
                ours = await self._pool.fetchrow(
                    QUERIES["reserve_key"],
                    request.name,
                    request.organization_id,
                    request.fingerprint,
                    seed,
                    lease,
                    leased_until,
                    expires_at,
                    now,
                )
                if ours is not None:
                    return Reserved(name=request.name, seed=ours["seed"], attempt=ours["attempt"], lease=lease)
                theirs = await self._pool.fetchrow(QUERIES["idempotency_key"], request.name)
                if theirs is None:  # freed in the meantime
                    continue
                if theirs["fingerprint"] != request.fingerprint:
                    return Reused()
                if theirs["made"] is None:
                    return InFlight()
                return Made(seed=theirs["seed"], ids=tuple(theirs["made"]))

    async def finish(self, reserved: Reserved, ids: tuple[str, ...]) -> None:
        """Store the ids that were created."""
        await self._execute("finish_key", reserved.name, reserved.lease, list(ids))

    async def release(self, reserved: Reserved) -> None:
        """Free the key."""
        await self._execute("release_key", reserved.name, reserved.lease)

    async def give_back(self, reserved: Reserved) -> None:
        """End the lease."""
        await self._execute("give_key_back", reserved.name, reserved.lease)

    async def drop_expired(self, now: datetime, *, limit: int) -> int:
        """Delete expired keys."""
        return int((await self._execute("drop_keys", now, limit)).removeprefix("DELETE "))

    async def _execute(self, query: str, *arguments: object) -> str:
        async with log_errors():
            done: str = await self._pool.execute(QUERIES[query], *arguments)
        return done
