"""How connections are made: as the limited role, with JSON decoded, and with errors that say what to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from adapters.postgres.sqlstates import unavailable

SERVICE_ROLE = "upwell_service"
# What a connection says of whom it reads for: nobody yet, or everybody, for what the service does on its own.
_EVERYBODY = {"upwell.organization_id": "*"}

# What asyncpg raises when PostgreSQL is gone, going, not there yet, or lets us in no more. The internal error: an idle
# backend has been ended, and asyncpg had read so only in part when the next call began.
CONNECTION_ERRORS = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)

if TYPE_CHECKING:  # the stubs are generic, the classes are not
    Connection = asyncpg.Connection[Any]
    Pool = asyncpg.Pool[Any]
    PoolConnection = asyncpg.pool.PoolConnectionProxy[Any]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool
    PoolConnection = asyncpg.pool.PoolConnectionProxy


async def connect(url: str, *, role: str | None = SERVICE_ROLE, wait_seconds: float = 10) -> Connection:
    """Open one connection that acts as `role`, so that it can write the log through its functions only."""
    settings = {"application_name": "upwell", **_EVERYBODY} | ({"role": role} if role else {})
    connection: Connection = await asyncpg.connect(url, server_settings=settings, timeout=wait_seconds)
    try:
        await _prepare(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def open_pool(url: str, *, size: int, for_everybody: bool = True) -> Pool:
    """Open a pool of up to `size` connections for reading. Not `for_everybody`: each query must say for whom."""
    pool: Pool = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=_prepare,
        reset=_leave,
        # the server's own limit, for what a process that was killed has left running
        server_settings={"application_name": "upwell", "role": SERVICE_ROLE, "statement_timeout": "35s"}
        | (_EVERYBODY if for_everybody else {}),
        timeout=10,
        command_timeout=30,
    )
    return pool


@asynccontextmanager
async def log_errors() -> AsyncIterator[None]:
    """Turn what passes, or waits for an operator, into `LogUnavailableError`; a defect of ours stays as it is."""
    try:
        yield
    except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:
        found = unavailable(error)
        if found is None:
            raise
        raise found from error


async def _prepare(connection: Any) -> None:  # noqa: ANN401  # a connection, or the pool's proxy of one
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_as_text, decoder=msgspec.json.decode, format="text"
    )


async def _leave(connection: Any) -> None:  # noqa: ANN401  # the pool's proxy of one
    """Clean nothing up, which would cost each query a second round trip: what we set ends with its transaction.

    A transaction that was left open has been rolled back by now, and listeners are removed.
    """


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


async def close_quietly(connection: Connection) -> None:
    """Close a connection, politely if it still answers."""
    try:
        async with asyncio.timeout(2):
            await connection.close()
    except CONNECTION_ERRORS:
        connection.terminate()
