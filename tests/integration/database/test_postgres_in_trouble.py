"""Temporary failures of PostgreSQL: each is reported immediately, with its reason, and ends with its cause.

Real failures, on clusters of these tests' own. What the answers over HTTP are is in `tests/unit/entrypoints/http`.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from adapters.postgres.database import connecting
from adapters.postgres.database.checking import check_database
from adapters.postgres.database.connecting import SERVICE_ROLE, Connection, connect, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.database.migrating import migrate
from adapters.postgres.database.tenancy import SystemReads
from adapters.postgres.events import write_probe
from adapters.postgres.events.event_log import PostgresEventLog
from application.ports.events.event_log import LogUnavailableError
from tests.clusters import Cluster, cluster, running_cluster
from tests.conftest import LOGIN
from tests.contract._log import open_account
from tests.disks import fill, small_disk

SOON = 60.0
DATABASE = "trouble"


@asynccontextmanager
async def log_on(url: str, size: int = 3) -> AsyncIterator[PostgresEventLog]:
    """A log as the service wires it."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(url, size=size)
        stack.push_async_callback(pool.close)
        listener = Listener(url)
        await stack.enter_async_context(listener.running())
        log = PostgresEventLog(url, SystemReads(pool), listener)
        await stack.enter_async_context(log.running())
        yield log


@asynccontextmanager
async def owner_of(url: str) -> AsyncIterator[Connection]:
    connection = await connect(url, role=None)
    try:
        yield connection
    finally:
        await connection.close()


async def make_database(made: Cluster) -> None:
    """Make a migrated database and the service's login."""
    async with owner_of(made.url()) as admin:
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        await admin.execute(f"CREATE ROLE {LOGIN} LOGIN")
    await migrate(made.url(database=DATABASE))
    async with owner_of(made.url()) as admin:
        await admin.execute(f"GRANT {SERVICE_ROLE} TO {LOGIN}")


async def refused(attempt: Awaitable[object]) -> str:
    """Return the reason of an unavailability; it must be reported soon."""
    async with asyncio.timeout(SOON):
        with capture_logs(), pytest.raises(LogUnavailableError) as error:
            await attempt
    return error.value.reason


async def until_well(attempt: Callable[[], Awaitable[object]]) -> None:
    """Wait until something works again."""
    async with asyncio.timeout(SOON):
        with capture_logs():
            while True:
                try:
                    await attempt()
                except LogUnavailableError:
                    await asyncio.sleep(0.02)
                else:
                    return


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A cluster whose settings these tests may spoil."""
    with running_cluster() as made:
        asyncio.run(make_database(made))
        yield made


@pytest.fixture
async def own(server: Cluster) -> AsyncIterator[str]:
    """The name of a database of this test's own."""
    name = f"own_{secrets.token_hex(4)}"
    async with owner_of(server.url()) as admin:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
        yield name
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def url(server: Cluster, own: str) -> str:
    return server.url(LOGIN, own)


@pytest.fixture
async def owner(server: Cluster, own: str) -> AsyncIterator[Connection]:
    async with owner_of(server.url(database=own)) as connection:
        yield connection


async def end_backends(owner: Connection) -> None:
    """End all backends of the service's login."""
    await owner.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE usename = 'upwell_test' AND datname = current_database()"
    )


async def test_a_read_only_server_is_reported_reads_continue_and_writes_recover(url: str, owner: Connection) -> None:
    async with log_on(url) as log:
        account = await open_account(log)
        head = await log.head()
        await owner.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await owner.execute("SELECT pg_reload_conf()")
        try:
            async with asyncio.timeout(SOON):
                while await owner.fetchval("SELECT current_setting('default_transaction_read_only')") == "off":
                    await asyncio.sleep(0.01)
            assert await refused(log.try_writing()) == "read_only"
            assert await refused(account.request(log)) == "read_only"
            assert await log.head() == head
            with capture_logs():
                await check_database(url)  # it may start
        finally:
            await owner.execute("SET default_transaction_read_only = off")
            await owner.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await owner.execute("SELECT pg_reload_conf()")
        await until_well(log.try_writing)
        await account.request(log)


async def test_a_lock_that_is_kept_is_not_waited_for_long_and_nothing_is_written_later(
    url: str, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "LOCK_SECONDS", 1)
    monkeypatch.setattr(write_probe, "LOCK_SECONDS", 1)
    async with log_on(url) as log:
        account = await open_account(log)
        head = await log.head()
        command = account.request_command()
        async with owner.transaction():
            await owner.execute("LOCK TABLE upwell.uploads IN ACCESS EXCLUSIVE MODE")
            assert await refused(log.try_writing()) == "locked"
            assert await refused(log.append(command)) == "locked"
            assert await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0
        assert await log.head() == head
        await until_well(log.try_writing)
        assert await log.append(command) == head + 1


async def test_the_writers_lock_that_another_session_holds(
    url: str, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "LOCK_SECONDS", 1)
    monkeypatch.setattr(write_probe, "LOCK_SECONDS", 1)
    async with log_on(url) as log:
        account = await open_account(log)
        async with owner.transaction():
            await owner.execute("SELECT pg_advisory_xact_lock(7582370921)")
            assert await refused(log.try_writing()) == "locked"
            assert await refused(account.request(log)) == "locked"
        await until_well(log.try_writing)
        await account.request(log)


async def test_backends_that_are_ended_between_requests_cost_no_request(url: str, owner: Connection) -> None:
    async with log_on(url) as log:
        account = await open_account(log)
        for _ in range(10):
            await asyncio.gather(*(log.head() for _ in range(3)))
            with capture_logs():
                await end_backends(owner)
                await asyncio.gather(*(log.head() for _ in range(3)), account.request(log), log.try_writing())


async def test_no_connection_is_left(url: str, owner: Connection) -> None:
    async with log_on(url) as log:
        account = await open_account(log)
        await owner.execute(f"ALTER ROLE {LOGIN} CONNECTION LIMIT 0")
        try:
            await end_backends(owner)
            assert await refused(log.head()) == "too_many_connections"
            assert await refused(log.try_writing()) == "too_many_connections"
            assert await refused(account.request(log)) in {"too_many_connections", "unreachable"}
        finally:
            await owner.execute(f"ALTER ROLE {LOGIN} CONNECTION LIMIT -1")
        await until_well(log.try_writing)
        await until_well(lambda: account.request(log))


async def test_a_grant_that_is_taken_back_while_it_runs_waits_for_an_operator(url: str, owner: Connection) -> None:
    async with log_on(url) as log:
        account = await open_account(log)
        await owner.execute(f"REVOKE EXECUTE ON FUNCTION upwell.append, upwell.try_writing FROM {SERVICE_ROLE}")
        try:
            assert await refused(log.try_writing()) == "misconfigured"
            assert await refused(account.request(log)) == "misconfigured"
        finally:
            await owner.execute(f"GRANT EXECUTE ON FUNCTION upwell.append, upwell.try_writing TO {SERVICE_ROLE}")
        await until_well(log.try_writing)
        await account.request(log)


# A full disk


async def test_a_full_disk_is_reported_until_there_is_room_again(server: Cluster) -> None:
    name = f"small_{secrets.token_hex(4)}"
    with small_disk(48) as place:
        async with owner_of(server.url()) as admin:
            await admin.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'")
            await admin.execute(f"CREATE DATABASE {name} TABLESPACE {name}")
            try:
                await migrate(server.url(database=name))
                async with log_on(server.url(LOGIN, name)) as log:
                    account = await open_account(log)
                    await log.try_writing()
                    filler = fill(place)
                    assert await refused(log.try_writing()) == "disk_full"
                    errors: set[str] = set()
                    with capture_logs():
                        async with asyncio.timeout(SOON):
                            while not errors:  # a row may still find room on a page that is there
                                try:
                                    await account.request(log, metadata={"text": secrets.token_hex(8000)})
                                except LogUnavailableError as error:
                                    errors.add(error.reason)
                    assert errors == {"disk_full"}
                    assert await refused(log.try_writing()) == "disk_full"
                    await asyncio.to_thread(filler.unlink)
                    await until_well(log.try_writing)
                    await account.request(log, metadata={"text": secrets.token_hex(8000)})
            finally:
                await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
                await admin.execute(f"DROP TABLESPACE {name}")


# Two hosts: a standby, and its promotion


def both(first: Cluster, second: Cluster) -> str:
    """Return a URL that names two clusters."""
    folders = quote(f"{first.folder},{second.folder}", safe=",")
    return f"postgresql://{LOGIN}@/{DATABASE}?host={folders}&port=5432,5432"


@pytest.mark.parametrize("standby_first", [True, False], ids=["standby first", "primary first"])
async def test_after_a_switchover_the_writable_host_is_found_within_seconds(standby_first: bool) -> None:
    with running_cluster() as primary, cluster() as standby:
        await make_database(primary)
        standby.copy(primary)
        standby.start()
        url = both(standby, primary) if standby_first else both(primary, standby)
        await check_database(url)
        async with log_on(url) as log:
            account = await open_account(log)
            async with owner_of(standby.url(database=DATABASE)) as follower:
                head = await log.head()
                async with asyncio.timeout(SOON):
                    while await follower.fetchval("SELECT position FROM upwell.log_head") < head:
                        await asyncio.sleep(0.01)
            with capture_logs():
                primary.stop(at_once=True)
                assert await refused(log.try_writing()) in {"read_only", "unreachable", "starting"}
                writing = asyncio.create_task(account.request(log))  # waits: a switchover takes a moment
                standby.promote()
                await until_well(log.try_writing)
                async with asyncio.timeout(SOON):
                    await asyncio.gather(writing, return_exceptions=True)
                await account.request(log)
                assert await log.head() > head


async def test_a_standby_alone_lets_read_and_is_not_ready() -> None:
    with running_cluster() as primary, cluster() as standby:
        await make_database(primary)
        async with log_on(primary.url(LOGIN, DATABASE)) as log:
            account = await open_account(log)
        standby.copy(primary)
        standby.start()
        url = standby.url(LOGIN, DATABASE)
        await check_database(url)
        with capture_logs():
            async with log_on(url) as log:
                assert await log.head() == 4
                assert await refused(log.try_writing()) == "read_only"
                assert await refused(account.request(log)) == "read_only"
                standby.promote()
                await until_well(log.try_writing)
                await account.request(log)
