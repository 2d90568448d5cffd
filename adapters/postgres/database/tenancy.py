"""Reads with row-level security: each query sets its organization, in the same round trip.

The setting must be made before a table is read. PostgreSQL evaluates the one row of `acting` first, because the other
subquery is LATERAL and refers to it, and OFFSET 0 keeps the planner from merging the two.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import asyncpg

from adapters.postgres.database.connecting import Pool
from adapters.postgres.database.sqlstates import is_lost
from application.keys.callers import acting_for
from application.limits.fair_turns import FairTurns

PATIENCE_SECONDS = 10.0
_LEFT_FOR_OTHERS = 5


class Reads(Protocol):
    """The methods of a pool for readers."""

    async def fetch(self, query: str, *arguments: object, timeout: float | None = None) -> Sequence[Any]:  # noqa: ASYNC109  # asyncpg cancels the query on the server
        """Return all rows; after `timeout` seconds, raise `TimeoutError` and end the query."""
        ...

    async def fetchrow(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # a record of asyncpg, or None
        """Return the first row, or None."""
        ...

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # any type of column
        """Return the first column of the first row, or None."""
        ...


class SystemReads:
    """Reads the rows of all organizations, for the work of the service itself."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def fetch(self, query: str, *arguments: object, timeout: float | None = None) -> Sequence[Any]:  # noqa: ASYNC109  # the same
        """Return all rows."""
        rows: Sequence[Any] = await _read(self._pool, lambda: self._pool.fetch(query, *arguments, timeout=timeout))
        return rows

    async def fetchrow(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # a record of asyncpg, or None
        """Return the first row, or None."""
        return await _read(self._pool, lambda: self._pool.fetchrow(query, *arguments))

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # any type of column
        """Return the first column of the first row, or None."""
        return await _read(self._pool, lambda: self._pool.fetchval(query, *arguments))


class TenantReads:
    """Reads the rows of one organization, set by `acting_for`. Without it, a read raises `LookupError`.

    Organizations take turns on the pool, and each has at most `of_one` of its connections: four of five in a large
    pool. With `bounded`, at most that many more queries of an organization wait, and only for a short time.
    """

    def __init__(self, pool: Pool, *, of_one: int | None = None, bounded: int | None = None) -> None:
        self._reads = SystemReads(pool)
        size = pool.get_max_size()
        self._turns = FairTurns(
            size,
            of_one=of_one or size - size // _LEFT_FOR_OTHERS,
            waiting_of_one=bounded,
            patience_seconds=None if bounded is None else PATIENCE_SECONDS,
        )

    async def fetch(self, query: str, *arguments: object, timeout: float | None = None) -> Sequence[Any]:  # noqa: ASYNC109  # the same
        """Return all rows that the organization may see."""
        organization_id = acting_for.get()
        async with self._turns.turn(organization_id):
            return await self._reads.fetch(walled(query, len(arguments)), *arguments, organization_id, timeout=timeout)

    async def fetchrow(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # a record of asyncpg, or None
        """Return the first row that the organization may see."""
        organization_id = acting_for.get()
        async with self._turns.turn(organization_id):
            return await self._reads.fetchrow(walled(query, len(arguments)), *arguments, organization_id)

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # any type of column
        """Return the first column of the first row that the organization may see."""
        organization_id = acting_for.get()
        async with self._turns.turn(organization_id):
            return await self._reads.fetchval(walled(query, len(arguments)), *arguments, organization_id)


async def _read(pool: Pool, ask: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401  # the type of the query
    """Run a query, and retry once on a fresh connection if the pooled one is dead."""
    try:
        return await ask()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionError) as error:
        if not is_lost(error):
            raise
    await pool.expire_connections()  # the same cause has probably ended all connections
    return await ask()


@lru_cache(maxsize=256)
def walled(query: str, arguments: int) -> str:
    """Return the query of one organization, which is the argument after those of the query."""
    asked = query.rstrip().rstrip(";")
    return f"""
        SELECT read.* FROM
            (SELECT set_config('upwell.organization_id', ${arguments + 1}, true) AS who OFFSET 0) acting,
            LATERAL (SELECT asked.* FROM ({asked}) asked WHERE acting.who IS NOT NULL OFFSET 0) read
        """  # noqa: S608  # only our own queries
