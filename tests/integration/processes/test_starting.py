"""What is wrong with the database at start: one sentence that names the setting and the remedy, and exit code 2."""

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest

from adapters.postgres.database import checking
from adapters.postgres.database.checking import LEAST_VERSION, DatabaseUnusableError, check_database, check_owner
from adapters.postgres.database.connecting import SERVICE_ROLE, Connection, connect, open_pool
from adapters.postgres.database.listening import EVENTS, Listener
from adapters.postgres.database.migrating import MigrationError, functions, migrate
from adapters.postgres.database.rebuilding import rebuild
from adapters.postgres.database.tenancy import SystemReads
from adapters.postgres.events.event_log import PostgresEventLog
from application.ports.events.event_log import LogUnavailableError
from entrypoints.failures import explain
from tests.clusters import Cluster, cluster, running_cluster
from tests.conftest import LOGIN, Database, Servers, free_port
from tests.contract._log import open_account
from tests.integration.events.test_writer_recovery import running_log
from tests.programs import left_out, program


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    """A superuser in the same database."""
    connection = await connect(database.owner_url, role=None)
    yield connection
    await connection.close()


@asynccontextmanager
async def login(owner: Connection, options: str = "") -> AsyncIterator[str]:
    """A login of this test's own; logins belong to the whole server."""
    name = f"login_{secrets.token_hex(4)}"
    await owner.execute(f"CREATE ROLE {name} LOGIN {options}")
    try:
        yield name
    finally:
        await owner.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


async def sentence_of(url: str, *words: str, setting: str = "UPWELL_DATABASE_URL") -> str:
    """Check a database that cannot be used, and return the sentence: it has these words, and ends it with 2."""
    with pytest.raises(DatabaseUnusableError) as refused:
        await check_database(url, setting=setting)
    sentence = explain(refused.value)
    assert sentence is not None
    assert sentence.exit_code == 2
    assert "\n" not in sentence.sentence
    for word in words:
        assert word in sentence.sentence
    return sentence.sentence


async def test_a_database_that_is_as_it_should_be_is_taken(database: Database) -> None:
    await check_database(database.url)
    await check_owner(database.owner_url)


async def test_a_login_without_the_grant(database: Database, owner: Connection, servers: Servers) -> None:
    async with login(owner) as name:
        await sentence_of(
            servers.url_for(name, database.name), "UPWELL_DATABASE_URL", f"GRANT {SERVICE_ROLE} TO {name}"
        )


async def test_a_login_that_is_not_there(database: Database, servers: Servers) -> None:
    await sentence_of(servers.url_for("nobody_at_all", database.name), "UPWELL_DATABASE_URL", "nobody_at_all")


async def test_a_database_that_is_not_there(servers: Servers) -> None:
    await sentence_of(servers.url_for("postgres", "not_there"), "UPWELL_DATABASE_URL", "not_there", "create it")


async def test_a_database_that_was_never_migrated(database: Database, owner: Connection) -> None:
    await owner.execute("DROP SCHEMA upwell CASCADE")
    await sentence_of(database.url, "0100", "upwell migrate")


async def test_a_database_without_a_migration(database: Database, owner: Connection) -> None:
    await owner.execute("DELETE FROM upwell.migrations WHERE number = 100")
    await sentence_of(database.url, "migration 0100_tables.sql", "upwell migrate")


@pytest.mark.parametrize("change", ["UPDATE upwell.functions SET checksum = ''", "DELETE FROM upwell.functions"])
async def test_a_database_without_the_current_function(database: Database, owner: Connection, change: str) -> None:
    await owner.execute(f"{change} WHERE name = 'append'")
    await sentence_of(database.url, "function append", "upwell migrate")


async def test_a_database_without_its_list_of_functions(database: Database, owner: Connection) -> None:
    await owner.execute("DROP TABLE upwell.functions")
    await sentence_of(database.url, f"function {min(functions())}", "upwell migrate")
    assert await migrate(database.owner_url) == [f"{len(functions())} functions"]
    await check_database(database.url)


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE upwell.quotas CASCADE",
        "DROP FUNCTION upwell.append",
        "DELETE FROM upwell.log_head",
        "UPDATE upwell.log_head SET position = 7",
        f"REVOKE USAGE ON SCHEMA upwell FROM {SERVICE_ROLE}",
        "REVOKE SELECT ON ALL TABLES IN SCHEMA upwell FROM upwell_service",
        f"REVOKE EXECUTE ON FUNCTION upwell.try_locks FROM {SERVICE_ROLE}",
    ],
)
async def test_a_database_that_was_restored_in_part(database: Database, owner: Connection, damage: str) -> None:
    await owner.execute(damage)
    await sentence_of(database.url, "UPWELL_DATABASE_URL", "incomplete", "restore the whole backup")


async def test_a_database_whose_walls_are_gone(database: Database, owner: Connection) -> None:
    await owner.execute("ALTER TABLE upwell.upwell_events DISABLE ROW LEVEL SECURITY")
    await sentence_of(database.url, SERVICE_ROLE, "row-level security")


async def test_a_lock_at_start_is_no_damage(database: Database, owner: Connection) -> None:
    async with owner.transaction():
        await owner.execute("LOCK TABLE upwell.objects IN SHARE MODE")
        await check_database(database.url)


async def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailableError):
        await check_database(f"postgresql://upwell@127.0.0.1:{free_port()}/upwell")
    with pytest.raises(LogUnavailableError):
        await check_database(f"postgresql://upwell@/upwell?host={quote(str(tmp_path), safe='')}")


# As its owner


async def test_migrating_with_the_services_login_names_the_setting_that_is_missing(
    database: Database, owner: Connection
) -> None:
    with pytest.raises(DatabaseUnusableError) as refused:
        await check_owner(database.url, setting="UPWELL_DATABASE_URL")
    assert "UPWELL_DATABASE_OWNER_URL is not set" in str(refused.value)
    await owner.execute("DROP SCHEMA upwell CASCADE")
    with pytest.raises(DatabaseUnusableError) as refused:
        await check_owner(database.url, setting="UPWELL_DATABASE_URL")
    assert "UPWELL_DATABASE_OWNER_URL is not set" in str(refused.value)


async def test_migrating_with_another_login_than_the_owners(
    database: Database, owner: Connection, servers: Servers
) -> None:
    async with login(owner) as name:
        with pytest.raises(DatabaseUnusableError) as refused:
            await check_owner(servers.url_for(name, database.name))
    assert f"{name} of UPWELL_DATABASE_OWNER_URL does not own the tables, postgres does" in str(refused.value)


async def test_migrating_a_database_that_was_restored_without_its_list_of_migrations(
    database: Database, owner: Connection
) -> None:
    await owner.execute("DROP TABLE upwell.migrations")
    with pytest.raises(MigrationError) as refused:
        await migrate(database.owner_url)
    assert "0100_tables.sql does not match" in str(refused.value)
    assert "restore the whole backup" in str(refused.value)


# A server with passwords, on a port


@pytest.fixture(scope="module")
def by_password() -> Iterator[Cluster]:
    """A server that requires passwords on a port of loopback."""
    with cluster(port=free_port()) as made:
        made.make()
        (made.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        made.start()
        yield made


async def test_a_wrong_password_is_named_but_not_shown(by_password: Cluster) -> None:
    sentence = await sentence_of(
        f"postgresql://postgres:swordfish@127.0.0.1:{by_password.port}/postgres",
        "UPWELL_DATABASE_URL",
        f"127.0.0.1:{by_password.port}",
        "%40",
    )
    assert "swordfish" not in sentence


async def test_tls_that_the_server_does_not_speak(by_password: Cluster) -> None:
    await sentence_of(
        f"postgresql://postgres:x@127.0.0.1:{by_password.port}/postgres?sslmode=require",
        "UPWELL_DATABASE_URL",
        "does not support TLS",
        "sslmode",
    )


async def test_a_server_that_is_too_old(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "LEAST_VERSION", 99)
    await sentence_of(database.url, "too old", "PostgreSQL 99 or newer")


# A pooler in between


@contextmanager
def pooler(database: Database, mode: str, extra: str = "") -> Iterator[str]:
    """PgBouncer before a database, as Debian has it; yields the URL through it."""
    binary = program("pgbouncer", "pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="upwell-pool-", dir="/tmp"))  # another user reads it
    folder.chmod(0o755)
    port = free_port()
    host = parse_qs(urlsplit(database.url).query)["host"][0]
    (folder / "pool.ini").write_text(
        f"""[databases]
upwell = host={host} port=5432 dbname={database.name} user={LOGIN}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
{extra}
"""
    )
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    running = subprocess.Popen([binary, *as_nobody, "-q", folder / "pool.ini"], stderr=subprocess.DEVNULL)
    try:
        yield f"postgresql://{LOGIN}@127.0.0.1:{port}/upwell"
    finally:
        running.terminate()
        running.wait(10)
        shutil.rmtree(folder)


async def until_there(url: str) -> None:
    """Wait until a pooler listens."""
    async with asyncio.timeout(30):
        while True:
            try:
                await (await asyncpg.connect(url, statement_cache_size=0)).close()
            except OSError:
                await asyncio.sleep(0.02)
            else:
                return


async def test_behind_a_pooler_in_session_mode_the_service_acts_as_its_role_and_reads_writes_and_listens(
    database: Database,
) -> None:
    with pooler(database, "session") as url:
        await until_there(url)
        await check_database(url)
        heard = asyncio.Event()
        async with AsyncExitStack() as stack:
            pool = await open_pool(url, size=2)
            stack.push_async_callback(pool.close)
            listener = Listener(url)
            await stack.enter_async_context(listener.running())
            log = PostgresEventLog(url, SystemReads(pool), listener)
            await stack.enter_async_context(log.running())
            await stack.enter_async_context(listener.hearing(EVENTS, heard.set))
            heard.clear()
            await open_account(log)
            async with asyncio.timeout(30):
                await heard.wait()
            await log.try_writing()
            assert await log.head() == 4
            assert await pool.fetchval("SELECT current_user") == SERVICE_ROLE


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("extra", ["", "server_round_robin = 1\nmin_pool_size = 4"], ids=["last", "in turn"])
async def test_a_pooler_that_is_not_in_session_mode_is_refused(database: Database, mode: str, extra: str) -> None:
    with pooler(database, mode, extra) as url:
        await until_there(url)
        await sentence_of(url, "pooler", "session mode", "pool_mode = session")


async def test_a_pooler_that_does_not_know_the_database(database: Database) -> None:
    with pooler(database, "session") as url:
        await until_there(url)
        await sentence_of(url.replace("/upwell", "/another"), "UPWELL_DATABASE_URL", "pooler", "refuses")


# The oldest PostgreSQL


async def test_the_oldest_postgresql_that_is_supported_runs_all_migrations_and_the_log() -> None:
    folder = Path(f"/usr/lib/postgresql/{LEAST_VERSION}/bin")
    if not folder.is_dir():  # noqa: ASYNC240  # nothing else runs
        left_out(f"PostgreSQL {LEAST_VERSION} is not here: install the package postgresql-{LEAST_VERSION}")
    with running_cluster(binaries=folder) as made:
        await migrate(made.url())
        await check_owner(made.url())
        await check_database(made.url())
        async with running_log(made.url()) as log:
            account = await open_account(log)
            await account.request(log)
            await log.try_writing()
            assert await log.head() == 5
        await rebuild(made.url(), swap=True)
        await check_database(made.url())
