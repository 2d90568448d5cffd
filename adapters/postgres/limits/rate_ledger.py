"""Counts of requests on PostgreSQL, in an unlogged table: a crash of the server resets the windows."""

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES


class PostgresRateLedger:
    """Implements `RateLedger`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def take(self, organization_id: str, limited: str, window: int, count: int) -> int:
        """Add `count` and return the sum."""
        async with log_errors():
            taken: int = await self._pool.fetchval(QUERIES["take_slice"], organization_id, limited, window, count)
        return taken
