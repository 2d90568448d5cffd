"""Reading behind the wall of row-level security: each query carries the organization that asks, in the same round trip.

The setting must stand before a table is read. PostgreSQL evaluates the one row of `acting` first, because the query
beside it is a LATERAL one that refers to it and OFFSET 0 keeps the planner from merging the two.
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
    """What a pool offers to who only reads."""

    async def fetch(self, query: str, *arguments: object, timeout: float | None = None) -> Sequence[Any]:  # noqa: ASYNC109  # asyncpg cancels the query on the server
        """Return all rows; raise `TimeoutError` after so many seconds, and end the query."""
        ...

    async def fetchrow(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # a record of asyncpg, or None
        """Return the first row, or None."""
        ...

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # whatever the column holds
        """Return the first column of the first row, or None."""
        ...


class EverybodysReads:
    """Reads what belongs to everybody, for what the service does on its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def fetch(self, query: str, *arguments: object, timeout: float | None = None) -> Sequence[Any]:  # noqa: ASYNC109  # the same
        """Return all rows."""
        rows: Sequence[Any] = await _read(self._pool, lambda: self._pool.fetch(query, *arguments, timeout=timeout))
        return rows

    async def fetchrow(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # a record of asyncpg, or None
        """Return the first row, or None."""
        return await _read(self._pool, lambda: self._pool.fetchrow(query, *arguments))

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # whatever the column holds
        """Return the first column of the first row, or None."""
        return await _read(self._pool, lambda: self._pool.fetchval(query, *arguments))


class TenantReads:
    """Reads what one organization may see: the one that `acting_for` names. Without a name there is a `LookupError`.

    Organizations take turns at the pool, and none has more than `of_one` of its connections: of a large pool, four of
    five. With `bounded`, at most so many more of an organization's queries wait, and not for long.
    """

    def __init__(self, pool: Pool, *, of_one: int | None = None, bounded: int | None = None) -> None:
        self._reads = EverybodysReads(pool)
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
            return await self._reads.fetch(_walled(query, len(arguments)), *arguments, organization_id, timeout=timeout)

    async def fetchrow(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # a record of asyncpg, or None
        """Return the first row that the organization may see."""
        organization_id = acting_for.get()
        async with self._turns.turn(organization_id):
            return await self._reads.fetchrow(_walled(query, len(arguments)), *arguments, organization_id)

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401  # whatever the column holds
        """Return the first column of the first row that the organization may see."""
        organization_id = acting_for.get()
        async with self._turns.turn(organization_id):
            return await self._reads.fetchval(_walled(query, len(arguments)), *arguments, organization_id)


async def _read(pool: Pool, ask: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401  # what was asked for
    """Ask, and once more on a fresh connection where the one that the pool gave turns out to be dead."""
    try:
        return await ask()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionError) as error:
        if not is_lost(error):
            raise
    await pool.expire_connections()  # whatever ended one has probably ended all
    return await ask()


@lru_cache(maxsize=256)
def _walled(query: str, arguments: int) -> str:
    asked = query.rstrip().rstrip(";")
    return f"""
        SELECT read.* FROM
            (SELECT set_config('upwell.organization_id', ${arguments + 1}, true) AS who OFFSET 0) acting,
            LATERAL (SELECT asked.* FROM ({asked}) asked WHERE acting.who IS NOT NULL OFFSET 0) read
        """  # noqa: S608  # made of our own queries only
