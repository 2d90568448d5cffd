"""Rebuilds read tables: replays the log into fresh tables, which then replace the live ones.

The writer uses the same SQL function for the projection. The writer's lock is held only for the last events and the
swap.
"""

import re

import asyncpg
import msgspec

from adapters.postgres.database.comparing import Difference, compare
from adapters.postgres.database.connecting import Connection, connect

READ_TABLES = (
    "organizations",
    "quotas",
    "api_keys",
    "upload_tokens",
    "namespaces",
    "buckets",
    "uploads",
    "avoided_duplicates",
    "objects",
    "holds",
    "webhooks",
    "claims",
)
_PAGE = 5_000
_WRITERS_LOCK = 7582370921
_REBUILD_LOCK = 7582370922
_SWAP_TRIES = 5


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `differences`: the live tables that differ from the replay, if they were compared."""

    events: int
    differences: dict[str, Difference]


async def rebuild(url: str, *, swap: bool) -> Rebuilt:
    """Replay the log into fresh tables; `swap` puts them in place, otherwise they are compared. `url`: the owner's."""
    connection = await connect(url, role=None)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({_REBUILD_LOCK})")
        await _make_fresh_tables(connection)
        position = 0
        while (last := await _project(connection, position)) is not None:
            position = last
        for attempt in range(_SWAP_TRIES):
            try:
                return await _finish(connection, position, swap=swap)
            except asyncpg.DeadlockDetectedError:  # a reader held the lock of one table and waited for another
                if attempt == _SWAP_TRIES - 1:
                    raise
        raise AssertionError("unreachable")
    finally:
        await connection.close()


async def _make_fresh_tables(connection: Connection) -> None:
    await connection.execute("DROP SCHEMA IF EXISTS upwell_rebuild CASCADE; CREATE SCHEMA upwell_rebuild")
    for table in READ_TABLES:
        await connection.execute(f"CREATE TABLE upwell_rebuild.{table} (LIKE upwell.{table} INCLUDING ALL)")
        await _name_indexes(connection, table)
    await connection.execute("SET search_path = upwell_rebuild, upwell, pg_temp")


async def _name_indexes(connection: Connection, table: str) -> None:
    """Rename the copy's indexes to the original names, which migrations use."""
    query = (
        "SELECT indexname AS name, indexdef AS definition FROM pg_indexes"
        " WHERE schemaname = $1 AND tablename = $2 ORDER BY indexname"
    )
    originals = {_shape(r["definition"]): r["name"] for r in await connection.fetch(query, "upwell", table)}
    for row in await connection.fetch(query, "upwell_rebuild", table):
        wanted = originals[_shape(row["definition"])]
        if row["name"] != wanted:
            await connection.execute(f'ALTER INDEX upwell_rebuild."{row["name"]}" RENAME TO "{wanted}"')


def _shape(definition: str) -> str:
    return re.sub(r" INDEX \S+ ON \S+ ", " INDEX ON ", definition)


async def _project(connection: Connection, after: int) -> int | None:
    last: int | None = await connection.fetchval("SELECT upwell.project_after($1, $2)", after, _PAGE)
    return last


async def _finish(connection: Connection, position: int, *, swap: bool) -> Rebuilt:
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
        while (last := await _project(connection, position)) is not None:
            position = last
        differences: dict[str, Difference] = {}
        if not swap:
            differences = await compare(connection, READ_TABLES, "upwell_rebuild")
        else:
            # the texts for search may have changed; their writer has finished with the tables, or runs after this
            await connection.execute("UPDATE upwell.search_head SET position = 0")
            await connection.execute("CREATE SCHEMA upwell_old")
            for table in READ_TABLES:
                await connection.execute(f"ALTER TABLE upwell.{table} SET SCHEMA upwell_old")
                await connection.execute(f"ALTER TABLE upwell_rebuild.{table} SET SCHEMA upwell")
                await connection.execute(f"GRANT SELECT ON upwell.{table} TO upwell_service")
            for table in READ_TABLES:  # only now: some policies refer to other tables
                await connection.execute("SELECT upwell.guard($1)", table)
            await connection.execute("DROP SCHEMA upwell_old CASCADE")
        await connection.execute("DROP SCHEMA upwell_rebuild CASCADE")
    return Rebuilt(events=position, differences=differences)
