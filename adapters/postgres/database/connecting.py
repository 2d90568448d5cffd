"""Opens connections: with the limited role, JSON codecs, and errors that say what to do.

Session settings are sent after the connection is open, in one round trip, because a pooler in session mode refuses most
parameters of the startup message. A session whose settings fail is closed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from weakref import WeakSet

import asyncpg
import msgspec

from adapters.postgres.database.sqlstates import Meaning, answer_to, unavailable
from application.ports.events.event_log import LogUnavailableError, OutcomeUnknownError

SERVICE_ROLE = "upwell_service"
CONNECT_SECONDS = 5.0
# How long a command or a query waits for a lock; commands wait for the writer's lock for milliseconds.
LOCK_SECONDS = 5
READ_SECONDS = 30
RELEASE_SECONDS = 3.0
CLOSE_SECONDS = 2.0

# The errors of asyncpg when PostgreSQL is stopped, stopping, starting, or refuses the login. InternalClientError: an
# idle backend was terminated, and asyncpg had read only a part of the message when the next call began.
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


class Lines:
    """The connections of a process that are abandoned together when the server only responds on new ones."""

    def __init__(self) -> None:
        self._open: WeakSet[Connection] = WeakSet()

    def add(self, connection: Connection) -> None:
        """Add a connection."""
        self._open.add(connection)

    def now(self) -> "list[Connection]":
        """Return the open connections."""
        return [connection for connection in self._open if not connection.is_closed()]


async def connect(url: str, *, role: str | None = SERVICE_ROLE, wait_seconds: float = CONNECT_SECONDS) -> Connection:
    """Open one connection as `role`, which can write the log only through functions."""
    connection: Connection = await asyncpg.connect(url, timeout=wait_seconds, **options(url))
    try:
        async with asyncio.timeout(wait_seconds):
            await _begin(connection, role, all_organizations=True)
    except BaseException:
        connection.terminate()
        raise
    return connection


class _BoundedPool(Pool):
    """Limits the wait for a connection that is released after its query was cancelled."""

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ANN401, ASYNC109  # asyncpg's signature
        """Release a connection, or end it if the server does not respond."""
        await super().release(connection, timeout=RELEASE_SECONDS if timeout is None else timeout)


async def open_pool(url: str, *, size: int, all_organizations: bool = True, lines: Lines | None = None) -> Pool:
    """Open a pool of up to `size` connections for reads.

    Without `all_organizations`, each query must set an organization. Connections are opened when needed. `lines`: where
    they are registered.
    """

    async def begin(connection: Connection) -> None:
        if lines is not None:
            lines.add(connection)
        await _begin(connection, SERVICE_ROLE, all_organizations=all_organizations, statement_seconds=READ_SECONDS - 5)

    return await _BoundedPool(
        url,
        min_size=0,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        setup=None,
        init=begin,
        reset=_leave_unless_read_only if _several_hosts(url) else _leave,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        timeout=CONNECT_SECONDS,
        command_timeout=READ_SECONDS,
        **options(url),
    )


async def close_pool(pool: Pool) -> None:
    """Close a pool, gracefully if its connections still respond."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except CONNECTION_ERRORS:
        pool.terminate()


@asynccontextmanager
async def log_errors() -> AsyncIterator[None]:
    """Translate temporary and operator errors into `LogUnavailableError`; leave defects unchanged."""
    try:
        yield
    except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:
        found = unavailable(error)
        if found is None:
            raise
        raise found from error


@asynccontextmanager
async def write_errors() -> AsyncIterator[None]:
    """Do the same for writes: after a lost connection, the outcome is unknown."""
    try:
        async with log_errors():
            yield
    except LogUnavailableError as error:
        if error.__cause__ is None or answer_to(error.__cause__).meaning is not Meaning.AWAY:
            raise
        raise OutcomeUnknownError(str(error), reason=error.reason) from error


def options(url: str) -> dict[str, Any]:
    """Return the options of all connections: of several hosts, use the one that accepts writes."""
    wanted: dict[str, Any] = {"server_settings": {"application_name": "upwell"}}
    if _several_hosts(url) and "target_session_attrs" not in parse_qs(urlsplit(url).query):
        wanted["target_session_attrs"] = "read-write"
    return wanted


def _several_hosts(url: str) -> bool:
    parts = urlsplit(url)
    return "," in parts.netloc.rpartition("@")[2] or any("," in host for host in parse_qs(parts.query).get("host", ()))


_ALONE = "SET max_parallel_workers_per_gather = 0"
_IN_THE_ORDER_OF_AN_INDEX = "SET enable_bitmapscan = off; SET enable_seqscan = off"


async def _begin(
    connection: Any,  # noqa: ANN401  # a connection, or the pool's proxy of one
    role: str | None,
    *,
    all_organizations: bool,
    statement_seconds: int | None = None,
) -> None:
    """Configure a session. It reads for no organization yet, or for all of them in the service's own work.

    Behind row-level security the planner expects hardly any rows, because no organization is set when it plans. For a
    page in the order of an index, it would read all rows of an organization, or the table, and sort them.

    For the same reason, it would start parallel workers for a page of the log, as soon as the log is large: that takes
    20 ms, and the page itself less than 1 ms.

    `statement_seconds`: the server's limit. It is below the caller's, so that no abandoned statement is executed
    later, and it ends the statements of killed processes.
    """
    # where a scan that is turned off is the only way, its estimated cost is so high that code would be compiled for it
    wanted = ["SET jit = off", "SET upwell.organization_id = '*'" if all_organizations else _IN_THE_ORDER_OF_AN_INDEX]
    if role is not None:
        wanted += [f"SET ROLE {role}", f"SET lock_timeout = '{LOCK_SECONDS}s'", _ALONE]
    if statement_seconds is not None:
        wanted.append(f"SET statement_timeout = '{statement_seconds}s'")
    await connection.execute("; ".join(wanted))
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_as_text, decoder=msgspec.json.decode, format="text"
    )


async def _leave(connection: Any) -> None:  # noqa: ANN401  # the pool's proxy of one
    """Skip the reset, which would cost each query a second round trip: our settings end with the transaction.

    An open transaction has already been rolled back, and listeners have been removed.
    """


async def _leave_unless_read_only(connection: Any) -> None:  # noqa: ANN401  # the same
    """Close a connection to a server that no longer accepts writes: the next connection finds the one that does."""
    said = connection.get_settings()
    if "on" in {getattr(said, "in_hot_standby", None), getattr(said, "default_transaction_read_only", None)}:
        connection.terminate()


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def abandon(connection: Connection) -> None:
    """Abort a connection as if the network failed, so that its waiting callers get an error.

    After `terminate`, which must be called by the only user, another user's next step raises an `AttributeError`.
    """
    connection._transport.abort()  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way


async def close_quietly(connection: Connection) -> None:
    """Close a connection, gracefully if it still responds."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.close()
    except CONNECTION_ERRORS:
        connection.terminate()
