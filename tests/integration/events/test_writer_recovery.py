"""The writer against a real server that fails: nothing is lost, and nothing is written twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest
from structlog.testing import capture_logs

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.database import connecting
from adapters.postgres.database.connecting import SERVICE_ROLE, Connection, connect, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.database.migrating import migrate
from adapters.postgres.events import event_log
from adapters.postgres.events.event_log import PostgresEventLog
from application.ports.events.event_log import (
    Command,
    EventLog,
    LogUnavailableError,
    Notification,
    OutcomeUnknownError,
    VersionConflictError,
)
from domain.events.registry import decode
from tests.conftest import Database, Servers
from tests.contract._log import SOON, Account, open_account, whole_feed

WRITERS_LOCK = 7582370921
SOCKET = ".s.PGSQL.5432"
Answer = TypeVar("Answer")


@dataclass(eq=False)
class Way:
    """One connection through the proxy. While its gate is closed, what the client sends is kept back."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    keeps_something: asyncio.Event = field(default_factory=asyncio.Event)

    async def forward(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            if not self.gate.is_set():
                self.keeps_something.set()
            await self.gate.wait()
            self.server.write(data)
            await self.server.drain()
        self.server.close()


class Proxy:
    """Stands between a log and PostgreSQL, and loses data on command."""

    def __init__(self, url: str, folder: Path) -> None:
        (upstream,) = parse_qs(urlsplit(url).query)["host"]
        self._upstream = str(Path(upstream) / SOCKET)
        self._path = str(folder / SOCKET)
        self.url = f"{url.split('?', maxsplit=1)[0]}?host={quote(str(folder), safe='')}&port=5432"
        self._ways: set[Way] = set()
        self._answer_is_lost: asyncio.Event | None = None
        self.connections = 0
        self.refusing = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_unix_server(self._serve, self._path)
        async with server:
            yield
            self.cut()

    def cut(self) -> None:
        """Close every connection, on both sides."""
        for way in self._ways:
            way.client.close()
            way.server.close()

    def delay(self) -> Way:
        """Keep back what comes from the client on the one connection that there is."""
        (way,) = self._ways
        way.gate.clear()
        return way

    def fall_silent(self) -> None:
        """Keep back what comes from the client on all connections that there are."""
        for way in self._ways:
            way.gate.clear()

    def lose_next_answer(self) -> asyncio.Event:
        """Forward the next call, wait for its answer and cut the connection instead of passing it on; then set this."""
        self._answer_is_lost = asyncio.Event()
        return self._answer_is_lost

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusing:
            writer.close()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(self._upstream)
        way = Way(writer, server_writer)
        way.gate.set()
        self._ways.add(way)
        with suppress(OSError, asyncio.IncompleteReadError):
            await asyncio.gather(way.forward(reader), self._answer(server_reader, writer))
        for one in (writer, server_writer):
            one.close()
            with suppress(OSError):
                await one.wait_closed()
        self._ways.remove(way)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        losing = False
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            losing |= self._answer_is_lost is not None and head[:1] == b"D"  # a row: what a call answers with
            if not losing:
                writer.write(head + body)
                await writer.drain()
            elif head[:1] == b"Z" and self._answer_is_lost is not None:  # ready for the next: the commit is done
                self._answer_is_lost.set()
                self._answer_is_lost = None
                raise ConnectionResetError


@asynccontextmanager
async def running_log(url: str, writes_through: str | None = None) -> AsyncIterator[PostgresEventLog]:
    """A log that reads from `url`, and writes to where `writes_through` leads."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(url, size=2)
        stack.push_async_callback(pool.close)
        listener = Listener(url)
        log = PostgresEventLog(writes_through or url, pool, listener)
        await stack.enter_async_context(listener.running())
        await stack.enter_async_context(log.running())
        yield log


@pytest.fixture
async def log(database: Database) -> AsyncIterator[PostgresEventLog]:
    async with running_log(database.url) as made:
        yield made


@pytest.fixture
async def proxy(database: Database, folder: Path) -> AsyncIterator[Proxy]:
    made = Proxy(database.url, folder)
    async with made.running():
        yield made


@pytest.fixture
async def proxied(database: Database, proxy: Proxy) -> AsyncIterator[PostgresEventLog]:
    """A log whose writer's connection goes through the proxy."""
    async with running_log(database.url, proxy.url) as made:
        yield made


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    """A superuser in the same database."""
    connection = await connect(database.owner_url, role=None)
    yield connection
    await connection.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON):
        while not await holds():
            await asyncio.sleep(0.002)


async def soon(awaited: Awaitable[Answer]) -> Answer:
    async with asyncio.timeout(SOON):
        return await awaited


async def until_waiting(owner: Connection, backends: int, *, beyond: frozenset[int] = frozenset()) -> frozenset[int]:
    """Return the pids of the backends that wait for the writer's lock, once there are so many `beyond` these."""
    query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    pids: frozenset[int] = frozenset()

    async def they_wait() -> bool:
        nonlocal pids
        pids = frozenset(row["pid"] for row in await owner.fetch(query)) - beyond
        return len(pids) == backends

    await until(they_wait)
    return pids


async def kill_writer(owner: Connection) -> int:
    """End the backends in which the log is written, and return how many there were."""
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND (query LIKE '%upwell.append%' OR query LIKE '%upwell.stored_states%')"
    )
    return int(await owner.fetchval(query))


async def check_whole(log: EventLog) -> dict[str, list[Notification]]:
    """See that positions have no gaps and streams no holes; return the feed by stream."""
    feed = await whole_feed(log)
    assert [each.id for each in feed] == list(range(1, len(feed) + 1))
    streams: dict[str, list[Notification]] = {}
    for each in feed:
        streams.setdefault(each.originator_id, []).append(each)
    for events in streams.values():
        assert [event.originator_version for event in events] == list(range(1, len(events) + 1))
    return streams


def pair(account: Account) -> Command:
    """Return a command that appends to two streams."""
    return account.command(*(account.request_command(declared_size_bytes=1).streams[0] for _ in range(2)))


# The backend is killed


async def test_while_the_writers_backend_is_killed_repeatedly_every_command_counts_once_or_is_unknown(
    log: PostgresEventLog, owner: Connection
) -> None:
    account = await open_account(log)
    commands = [[pair(account) for _ in range(25)] for _ in range(16)]
    outcomes: dict[str, int | LogUnavailableError] = {}
    killed = 0

    async def write(some: list[Command]) -> None:
        for command in some:
            try:
                outcomes[command.command_id] = await log.append(command)
            except LogUnavailableError as error:
                outcomes[command.command_id] = error

    async def kill(writing: list[asyncio.Task[None]]) -> None:
        nonlocal killed
        while not all(task.done() for task in writing):
            killed += await kill_writer(owner)
            head = await log.head()

            async def it_goes_on(head: int = head) -> bool:
                return all(task.done() for task in writing) or await log.head() > head

            await until(it_goes_on)

    writing = [asyncio.create_task(write(some)) for some in commands]
    with capture_logs():
        async with asyncio.timeout(3 * SOON):
            await asyncio.gather(kill(writing), *writing)
    assert killed >= 3
    await check_whole(log)
    feed = await whole_feed(log)
    times = Counter(decode(each.state).origin.command_id for each in feed)
    last = {decode(each.state).origin.command_id: each.id for each in feed}
    for command in (command for some in commands for command in some):
        firsts, seconds = [stream.events[0].origin.command_id for stream in command.streams]
        outcome = outcomes[command.command_id]
        assert times[firsts] == times[seconds] <= 1
        if isinstance(outcome, int):
            assert outcome == last[seconds] == last[firsts] + 1
    assert sum(isinstance(outcome, int) for outcome in outcomes.values()) > 0
    await account.request(log)  # and it goes on


async def test_a_backend_that_is_killed_before_it_began_costs_nothing_but_time(
    log: PostgresEventLog, owner: Connection
) -> None:
    account = await open_account(log)
    await owner.execute(f"SELECT pg_advisory_lock({WRITERS_LOCK})")
    command = pair(account)
    with capture_logs():
        appending = asyncio.create_task(log.append(command))
        first = await until_waiting(owner, 1)
        assert await kill_writer(owner) == 1
        await until_waiting(owner, 1, beyond=first)  # it has connected again and looks up the command
        await owner.execute(f"SELECT pg_advisory_unlock({WRITERS_LOCK})")
        assert await soon(appending) == 6
    streams = await check_whole(log)
    assert [len(streams[stream.stream_id]) for stream in command.streams] == [1, 1]


async def test_an_idle_writer_whose_backend_was_killed_appends_the_next_command_once(
    log: PostgresEventLog, owner: Connection
) -> None:
    account = await open_account(log)
    with capture_logs():
        for number in range(3):
            assert await kill_writer(owner) == 1
            await account.request(log)
            assert await log.head() == 5 + number
    await check_whole(log)


# The answer is lost


async def test_a_command_whose_answer_was_lost_counts_once_and_append_returns_its_position(
    proxied: PostgresEventLog, proxy: Proxy
) -> None:
    account = await open_account(proxied)
    with capture_logs():
        for number in range(1, 4):
            lost = proxy.lose_next_answer()
            command = pair(account)
            assert await proxied.append(command) == 4 + 2 * number
            assert lost.is_set()
            assert proxy.connections == 1 + number
            with pytest.raises(VersionConflictError):
                await proxied.append(command)
    streams = await check_whole(proxied)
    assert len(streams) == 4 + 6


async def test_when_the_answer_to_a_whole_group_was_lost_each_caller_gets_its_own_outcome(
    proxied: PostgresEventLog, proxy: Proxy
) -> None:
    account = await open_account(proxied)
    known = await account.request(proxied)
    good = [pair(account) for _ in range(20)]
    stale = [account.request_command(upload_id=known) for _ in range(3)]
    proxy.lose_next_answer()
    with capture_logs():
        outcomes = await asyncio.gather(
            *(proxied.append(command) for command in [*good[:10], *stale, *good[10:]]), return_exceptions=True
        )
    assert [type(outcome) for outcome in outcomes[10:13]] == [VersionConflictError] * 3
    streams = await check_whole(proxied)
    for command, position in zip(good, [*outcomes[:10], *outcomes[13:]], strict=True):
        assert [streams[stream.stream_id][-1].id for stream in command.streams] == [int(str(position)) - 1, position]
    assert len(streams[known]) == 1


async def test_a_connection_that_broke_while_the_server_still_worked_is_waited_for_and_counts_once(
    proxied: PostgresEventLog, proxy: Proxy, owner: Connection
) -> None:
    account = await open_account(proxied)
    await owner.execute(f"SELECT pg_advisory_lock({WRITERS_LOCK})")
    command = pair(account)
    with capture_logs():
        appending = asyncio.create_task(proxied.append(command))
        await until_waiting(owner, 1)
        proxy.cut()
        await until_waiting(owner, 2)  # the old backend, which has noticed nothing, and the question behind it
        await owner.execute(f"SELECT pg_advisory_unlock({WRITERS_LOCK})")
        assert await soon(appending) == 6
    streams = await check_whole(proxied)
    assert [len(streams[stream.stream_id]) for stream in command.streams] == [1, 1]


async def test_a_command_that_arrives_late_by_the_broken_connection_counts_once_and_append_returns_its_position(
    proxied: PostgresEventLog, proxy: Proxy, owner: Connection
) -> None:
    account = await open_account(proxied)
    await owner.execute(f"SELECT pg_advisory_lock({WRITERS_LOCK})")
    command = pair(account)
    with capture_logs():
        broken = proxy.delay()
        appending = asyncio.create_task(proxied.append(command))
        await soon(broken.keeps_something.wait())
        broken.client.close()
        await until_waiting(owner, 1)  # the question what became of it: nothing yet
        broken.gate.set()
        await until_waiting(owner, 2)
        await owner.execute(f"SELECT pg_advisory_unlock({WRITERS_LOCK})")
        assert await soon(appending) == 6
    streams = await check_whole(proxied)
    assert [len(streams[stream.stream_id]) for stream in command.streams] == [1, 1]


async def test_a_caller_that_gave_up_while_the_connection_was_lost_leaves_the_log_whole(
    proxied: PostgresEventLog, proxy: Proxy, owner: Connection
) -> None:
    account = await open_account(proxied)
    await owner.execute(f"SELECT pg_advisory_lock({WRITERS_LOCK})")
    with capture_logs():
        appending = asyncio.create_task(proxied.append(pair(account)))
        await until_waiting(owner, 1)
        appending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await appending
        proxy.cut()
        await owner.execute(f"SELECT pg_advisory_unlock({WRITERS_LOCK})")
        await account.request(proxied)
    await check_whole(proxied)
    assert await proxied.head() in {5, 7}


# The server cannot be reached


async def test_while_the_server_cannot_be_reached_the_log_reports_it_and_recovers_afterwards(
    proxied: PostgresEventLog, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "RECONNECT_SECONDS", 0.05)
    account = await open_account(proxied)
    with capture_logs():
        proxy.refusing = True
        proxy.cut()
        commands = [pair(account) for _ in range(5)]
        outcomes = await asyncio.gather(*(proxied.append(command) for command in commands), return_exceptions=True)
        assert all(isinstance(outcome, LogUnavailableError) for outcome in outcomes)
        proxy.refusing = False
        assert await proxied.append(commands[0]) == 6
    await check_whole(proxied)


async def test_reads_of_a_server_that_is_not_there_say_so(database: Database, folder: Path) -> None:
    proxy = Proxy(database.url, folder)
    with capture_logs():
        async with AsyncExitStack() as stack, proxy.running():
            log = await stack.enter_async_context(running_log(proxy.url))
            assert await log.head() == 0
            proxy.refusing = True
            proxy.cut()
            for reading in (log.head(), log.read_stream("upl_1"), log.read_feed(after=0, limit=1)):
                with pytest.raises(LogUnavailableError):
                    await reading
            proxy.refusing = False
            assert await log.head() == 0


async def test_appends_wait_for_a_server_that_is_stopped_for_a_moment_and_go_on(folder: Path) -> None:
    fast = {"fsync": "off"}
    server = EmbeddedPostgres.start(folder / "pg", settings=fast)
    try:
        await migrate(server.url)
        async with running_log(server.url) as log:
            account = await open_account(log)
            with capture_logs() as logs:
                server.stop()
                appending = [asyncio.create_task(log.append(pair(account))) for _ in range(5)]

                async def it_was_noticed() -> bool:
                    return any(entry["event"] == "log_connection_lost" for entry in logs)

                await until(it_was_noticed)
                server = EmbeddedPostgres.start(folder / "pg", settings=fast)
                async with asyncio.timeout(SOON):
                    positions = await asyncio.gather(*appending)
            assert sorted(positions) == [6, 8, 10, 12, 14]
            await check_whole(log)
    finally:
        server.stop()


async def test_a_database_that_is_gone_for_good_fails_the_callers_and_leaves_none_waiting(
    database: Database, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "RECONNECT_SECONDS", 0.05)
    admin = await connect(servers.postgres_url, role=None)
    with capture_logs():
        async with running_log(database.url) as log:
            account = await open_account(log)
            await admin.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
            async with asyncio.timeout(SOON):
                for _ in range(2):
                    appending = (log.append(pair(account)) for _ in range(3))
                    outcomes = await asyncio.gather(*appending, return_exceptions=True)
                    assert [type(outcome) for outcome in outcomes] == [LogUnavailableError] * 3
                with pytest.raises(LogUnavailableError):
                    await log.head()
    await admin.execute(f"CREATE DATABASE {database.name}")  # for the fixture to drop
    await admin.close()


# What was answered with an error


async def waiting(owner: Connection) -> int:
    """Return how many backends wait for a lock."""
    return int(await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def none_waits(owner: Connection) -> bool:
    return await waiting(owner) == 0


@pytest.mark.parametrize(
    "lock",
    [f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})", "LOCK TABLE upwell.upwell_events IN ACCESS EXCLUSIVE MODE"],
)
async def test_what_was_answered_with_an_error_while_a_lock_was_held_is_not_written_later_and_leaves_no_backend(
    database: Database, owner: Connection, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    monkeypatch.setattr(connecting, "LOCK_SECONDS", 0.05)
    async with running_log(database.url) as log:
        account = await open_account(log)
        head = await log.head()
        with capture_logs():
            async with owner.transaction():
                await owner.execute(lock)
                appending = (log.append(pair(account)) for _ in range(4))
                outcomes = await soon(asyncio.gather(*appending, return_exceptions=True))
                assert [type(outcome) for outcome in outcomes] == [LogUnavailableError] * 4
                await until(lambda: none_waits(owner))
        assert await log.head() == head
        assert await log.append(pair(account)) == head + 2


async def test_the_server_ends_a_call_that_takes_too_long_before_it_is_given_up(
    database: Database, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert event_log.STATEMENT_SECONDS < event_log.CALL_SECONDS
    assert connecting.LOCK_SECONDS < event_log.STATEMENT_SECONDS
    async with running_log(database.url) as log:
        account = await open_account(log)
    head = await owner.fetchval("SELECT position FROM upwell.log_head")
    await owner.execute(
        "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;"
        " CREATE TRIGGER slow BEFORE INSERT ON upwell.upwell_events EXECUTE FUNCTION public.slow()"
    )
    monkeypatch.setattr(event_log, "STATEMENT_SECONDS", 0.05)
    async with running_log(database.url) as log:
        with capture_logs(), pytest.raises(LogUnavailableError) as raised:
            await soon(log.append(pair(account)))
        assert type(raised.value) is LogUnavailableError
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%upwell.append%' AND state = 'active'"

    async def none_runs() -> bool:
        return bool(await owner.fetchval(f"{running} AND pid <> pg_backend_pid()") == 0)

    await until(none_runs)
    assert await owner.fetchval("SELECT position FROM upwell.log_head") == head


async def test_a_command_without_an_answer_is_unknown_and_not_reported_as_unwritten(
    proxied: PostgresEventLog, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "RECONNECT_SECONDS", 0.05)
    account = await open_account(proxied)
    command = pair(account)
    with capture_logs():
        lost = proxy.lose_next_answer()
        appending = asyncio.create_task(proxied.append(command))
        await soon(lost.wait())
        proxy.refusing = True
        with pytest.raises(OutcomeUnknownError):
            await soon(appending)
        with pytest.raises(LogUnavailableError) as raised:  # this one was never on its way
            await soon(proxied.append(pair(account)))
        assert type(raised.value) is LogUnavailableError
        proxy.refusing = False
        with pytest.raises(VersionConflictError):
            await soon(proxied.append(command))
    await check_whole(proxied)


# A standby that does not answer


@dataclass(frozen=True)
class Replicated:
    """A server whose commits wait for a standby, on command."""

    url: str

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[Connection]:
        connection = await connect(self.url, role=None)
        await connection.execute("SET synchronous_commit = 'local'")
        yield connection
        await connection.close()

    async def wait_for_standby(self, watch: Connection, *, it_waits: bool) -> None:
        await watch.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{'ghost' if it_waits else ''}'")
        await watch.execute("SELECT pg_reload_conf()")

        async def condition() -> bool:
            """Commit, because a session shows the setting before the checkpointer, and so a commit, follows it."""
            probe = await connect(self.url, role=None)
            try:
                await probe.execute(event_log._PROVE, timeout=0.1)
            except TimeoutError:
                return it_waits
            finally:
                await probe.close()
            return not it_waits

        await until(condition)


async def until_one_waits_for_a_standby(watch: Connection, what: str) -> int:
    pid: int | None = None

    async def one_does() -> bool:
        nonlocal pid
        query = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE $1"
        pid = await watch.fetchval(query, f"%{what}%")
        return pid is not None

    await until(one_does)
    assert pid is not None
    return pid


@pytest.fixture
async def replicated(folder: Path) -> AsyncIterator[Replicated]:
    server = EmbeddedPostgres.start(folder / "pg", settings={"fsync": "off"})
    try:
        await migrate(server.url)
        yield Replicated(server.url)
    finally:
        server.stop()


@pytest.mark.parametrize("it_comes_back", [True, False])
async def test_what_is_found_after_a_lost_connection_counts_once_a_standby_has_it(
    replicated: Replicated, monkeypatch: pytest.MonkeyPatch, it_comes_back: bool
) -> None:
    if not it_comes_back:
        monkeypatch.setattr(event_log, "RECONNECT_SECONDS", 0.05)
    async with running_log(replicated.url) as log, replicated.watched() as watch:
        account = await open_account(log)
        command = pair(account)
        await replicated.wait_for_standby(watch, it_waits=True)
        with capture_logs():
            appending = asyncio.create_task(log.append(command))
            backend = await until_one_waits_for_a_standby(watch, "upwell.append")
            await watch.execute("SELECT pg_terminate_backend($1)", backend)
            await until_one_waits_for_a_standby(watch, "pg_logical_emit_message")
            assert await log.head() == 6  # every session sees it
            assert not appending.done()
            if it_comes_back:
                await replicated.wait_for_standby(watch, it_waits=False)
                assert await soon(appending) == 6
            else:
                with pytest.raises(OutcomeUnknownError):
                    await soon(appending)
                making = asyncio.create_task(log.make_durable())
                await until_one_waits_for_a_standby(watch, "pg_logical_emit_message")
                assert not making.done()
                await replicated.wait_for_standby(watch, it_waits=False)
                await soon(making)


# What one command does to the others


async def test_an_unexpected_error_in_one_command_of_a_group_fails_that_one_alone(log: PostgresEventLog) -> None:
    account = await open_account(log)
    good = [pair(account) for _ in range(30)]
    bad = account.request_command(metadata={"text": "a\0b"})  # jsonb takes no U+0000
    appending = [log.append(command) for command in [*good[:15], bad, *good[15:]]]
    outcomes = await asyncio.gather(*appending, return_exceptions=True)
    assert isinstance(outcomes.pop(15), asyncpg.PostgresError)
    assert sorted(map(str, outcomes)) == sorted(str(number) for number in range(6, 65, 2))
    await check_whole(log)
    assert list(await log.read_stream(bad.streams[0].stream_id)) == []


async def test_what_waits_when_the_service_stops_is_written_and_what_comes_later_is_refused(
    database: Database,
) -> None:
    async with running_log(database.url) as reader:
        async with running_log(database.url) as log:
            account = await open_account(log)
            appending = [asyncio.ensure_future(log.append(pair(account))) for _ in range(150)]
            await asyncio.sleep(0)
        assert sorted(await asyncio.gather(*appending)) == list(range(6, 305, 2))
        assert await reader.head() == 304
        with pytest.raises(LogUnavailableError):
            await log.append(pair(account))


# What the service's login may do

FORBIDDEN = [
    "INSERT INTO upwell.upwell_events VALUES ('upl_x', 1, 'upload.requested.v1', '{}', 99, 'org')",
    "UPDATE upwell.upwell_events SET state = '{}'",
    "DELETE FROM upwell.upwell_events",
    "TRUNCATE upwell.upwell_events",
    "UPDATE upwell.log_head SET position = 0",
    "INSERT INTO upwell.log_head VALUES (false, 1)",
    *(
        statement
        for table in ("organizations", "quotas", "api_keys", "namespaces", "buckets", "uploads", "objects")
        for statement in (
            f"INSERT INTO upwell.{table} DEFAULT VALUES",
            f"UPDATE upwell.{table} SET organization_id = 'org_mine'",  # noqa: S608  # the tables above
            f"DELETE FROM upwell.{table}",  # noqa: S608  # the same
        )
    ),
    "INSERT INTO upwell.holds VALUES ('upl_x', 'obj_x')",
    "DELETE FROM upwell.holds",
    "INSERT INTO upwell.claims VALUES ('a', 'b', 'c')",
    "DELETE FROM upwell.claims",
    "UPDATE upwell.migrations SET checksum = ''",
    "SELECT upwell.project('upl_x', 1, 'upload.forgotten.v1', 1, '{}')",
    "SELECT upwell.redact('upl_x')",
    "SELECT upwell.schedule('upl_x', 'upload.forgotten.v1', '{}')",
    "DROP TABLE upwell.upwell_events",
    "ALTER TABLE upwell.uploads DISABLE TRIGGER ALL",
    "CREATE TABLE upwell.mine (a int)",
    "CREATE FUNCTION upwell.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION upwell.append",
]


@pytest.mark.parametrize("as_itself", [True, False], ids=["login", "role"])
async def test_the_service_cannot_write_the_log_or_its_tables_but_through_the_function(
    database: Database, log: PostgresEventLog, as_itself: bool
) -> None:
    await open_account(log)
    connection = await connect(database.url, role=None if as_itself else SERVICE_ROLE)
    try:
        for statement in FORBIDDEN:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_service_is_no_superuser_and_owns_nothing(database: Database, owner: Connection) -> None:
    connection = await connect(database.url)
    login, role = await connection.fetchrow("SELECT session_user, current_user") or ("", "")
    await connection.close()
    assert role == SERVICE_ROLE
    for name in (login, role):
        rights = await owner.fetchrow(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
            " WHERE rolname = $1",
            name,
        )
        assert rights is not None
        assert not any(rights.values())
        for owned in (
            "SELECT relname FROM pg_class WHERE relowner = $1::regrole",
            "SELECT proname FROM pg_proc WHERE proowner = $1::regrole",
            "SELECT nspname FROM pg_namespace WHERE nspowner = $1::regrole",
        ):
            assert list(await owner.fetch(owned, name)) == []


async def test_a_quiet_organization_is_in_the_next_group_whatever_another_has_waiting(log: PostgresEventLog) -> None:
    busy = await open_account(log)
    quiet = await open_account(log, beside=busy)
    begun = await log.head()
    many = [asyncio.create_task(busy.request(log)) for _ in range(300)]
    one = asyncio.create_task(quiet.request(log))
    upload_id = await soon(one)
    await soon(asyncio.gather(*many))
    (position,) = [each.id for each in await whole_feed(log) if each.originator_id == upload_id]
    assert position - begun <= event_log.MAX_BATCH, "it waited for one group, not for all 300"


async def test_a_command_of_many_events_fills_a_group_and_is_written_whole(
    log: PostgresEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "MAX_BATCH_EVENTS", 5)
    account = await open_account(log)
    groups: list[int] = []
    tried = log._try_batch

    async def counting(connection: Connection, batch: list[event_log._Entry]) -> None:
        groups.append(sum(len(entry.ids) for entry in batch))
        await tried(connection, batch)

    monkeypatch.setattr(log, "_try_batch", counting)
    await soon(asyncio.gather(*(account.request(log) for _ in range(12))))
    assert max(groups) == 5
    assert sum(groups) == 12
