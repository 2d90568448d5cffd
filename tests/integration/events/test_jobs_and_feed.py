"""Feed and jobs among several processes on one real server, and when what announces them is lost."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from structlog.testing import capture_logs

from adapters.postgres.database import connecting, listening
from adapters.postgres.database.connecting import Connection, close_pool, connect, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.tenancy import SystemReads
from adapters.postgres.events import event_log
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.keys import directory as postgres_directory
from adapters.postgres.keys.directory import PostgresDirectory
from adapters.postgres.read_side import PostgresReadSide
from adapters.postgres.tasks.job_queue import PostgresJobQueue
from application.ports.events.event_log import LogUnavailableError, Notification
from tests.conftest import Database
from tests.contract._log import SOON, far, open_account, whole_feed
from tests.integration.events.test_writer_recovery import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

LASTS = timedelta(minutes=2)
AN_HOUR = timedelta(hours=1)


class Process(NamedTuple):
    """The parts of a process of the service: its listener, and the readers that it wakes."""

    listener: Listener
    log: PostgresEventLog
    jobs: PostgresJobQueue
    directory: PostgresDirectory


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Process]:
    async with AsyncExitStack() as stack:
        listener = Listener(url)
        pool = await open_pool(url, size=2, lines=listener.lines)
        stack.push_async_callback(close_pool, pool)
        made = Process(
            listener=listener,
            log=PostgresEventLog(url, SystemReads(pool), listener),
            jobs=PostgresJobQueue(pool, listener),
            directory=PostgresDirectory(PostgresReadSide(pool), listener),
        )
        await stack.enter_async_context(made.jobs.running())
        await stack.enter_async_context(made.directory.running())
        await stack.enter_async_context(listener.running())
        await stack.enter_async_context(made.log.running())
        yield made


@pytest.fixture
async def here(database: Database) -> AsyncIterator[Process]:
    async with process(database.url) as made:
        yield made


@pytest.fixture
async def there(database: Database) -> AsyncIterator[Process]:
    async with process(database.url) as made:
        yield made


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await connect(database.owner_url, role=None)
    yield connection
    await connection.close()


async def kill_listeners(owner: Connection) -> int:
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    return int(await owner.fetchval(query))


def tailing(log: PostgresEventLog, *, after: int) -> "AsyncGenerator[Notification]":
    return log.tail(after=after)


async def test_a_tail_wakes_for_what_another_process_appends(here: Process, there: Process) -> None:
    account = await open_account(there.log)
    async with asyncio.timeout(SOON), aclosing(tailing(here.log, after=4)) as tail:
        for position in range(5, 10):
            waiting = asyncio.ensure_future(anext(tail))
            await asyncio.sleep(0)
            await account.request(there.log)
            assert (await waiting).id == position


async def test_a_tail_whose_listener_is_lost_again_and_again_gives_every_event_once_and_in_order(
    here: Process, there: Process, owner: Connection
) -> None:
    account = await open_account(there.log)
    heard: list[int] = []
    lost = 0
    with capture_logs():
        async with asyncio.timeout(2 * SOON), aclosing(tailing(here.log, after=0)) as tail:
            async for notification in tail:
                heard.append(notification.id)
                if len(heard) == 40:
                    break
                if len(heard) % 10 == 0:
                    lost += await kill_listeners(owner)
                if len(heard) >= 4:
                    await account.request(there.log)
    assert heard == list(range(1, 41))
    assert lost >= 1


async def test_a_tail_gets_what_its_own_process_appends_without_reading_the_log(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await open_account(here.log)
    async with asyncio.timeout(SOON), aclosing(tailing(here.log, after=3)) as tail:
        assert (await anext(tail)).id == 4
        waiting = asyncio.ensure_future(anext(tail))
        while not waiting.done() and not here.listener.hears(listening.EVENTS):
            await asyncio.sleep(0)
        reads: list[int] = []

        async def read_feed(*, after: int, limit: int) -> list[Notification]:
            reads.append(after)
            return list(await PostgresEventLog.read_feed(here.log, after=after, limit=limit))

        monkeypatch.setattr(here.log, "read_feed", read_feed)
        heard = []
        for _ in range(10):
            await account.request(here.log)
            heard.append(await waiting)
            waiting = asyncio.ensure_future(anext(tail))
            await asyncio.sleep(0)
        await here.log.head()  # notifications of the commits have arrived by now
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    assert [each.id for each in heard] == list(range(5, 15))
    assert [after for after in reads if after > 4] == []
    assert heard == list(await here.log.read_feed(after=4, limit=10))


async def test_tails_of_processes_that_append_at_once_see_one_order_without_a_gap(
    here: Process, there: Process
) -> None:
    account = await open_account(here.log)
    logs = (here.log, there.log)

    async def follow(log: PostgresEventLog) -> list[Notification]:
        heard = []
        async with aclosing(tailing(log, after=4)) as tail:
            async for notification in tail:
                heard.append(notification)
                if len(heard) == 300:
                    break
        return heard

    async with asyncio.timeout(2 * SOON):
        following = [asyncio.ensure_future(follow(log)) for log in logs]
        for rounds in range(30):
            await asyncio.gather(*(account.request(logs[(number + rounds) % 2]) for number in range(10)))
        here_heard, there_heard = await asyncio.gather(*following)
    assert [each.id for each in here_heard] == list(range(5, 305))
    assert here_heard == there_heard == list(await whole_feed(here.log))[4:]


async def test_a_tail_goes_on_where_it_was_left(here: Process, there: Process) -> None:
    account = await open_account(there.log)
    for _ in range(2):
        await account.request(there.log)
    seen: list[int] = []
    async with asyncio.timeout(SOON):
        while len(seen) < 6:
            async with aclosing(tailing(here.log, after=seen[-1] if seen else 0)) as tail:
                seen.append((await anext(tail)).id)
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_a_waiting_worker_of_another_process_wakes_for_a_job_that_is_due(here: Process, there: Process) -> None:
    account = await open_account(here.log)
    upload_id = await account.request(here.log)
    await there.jobs.wait(timedelta(0))
    waiting = asyncio.ensure_future(there.jobs.wait(AN_HOUR))
    await account.send(here.log, upload_id, account.begins())
    async with asyncio.timeout(SOON):
        await waiting
    (job,) = await there.jobs.lease(now=account.clock.now(), limit=1, lasts=LASTS)
    assert job.upload_id == upload_id


async def test_a_waiting_worker_looks_again_when_its_listener_is_back(here: Process, owner: Connection) -> None:
    await here.jobs.wait(timedelta(0))
    waiting = asyncio.ensure_future(here.jobs.wait(AN_HOUR))
    with capture_logs():
        assert await kill_listeners(owner) == 1
        async with asyncio.timeout(SOON):
            await waiting  # an announcement may have been missed
    assert here.listener.connected


async def test_a_directory_whose_listener_was_lost_serves_no_old_answer(
    here: Process, there: Process, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_directory, "CACHE_SECONDS", 1e9)
    account = await open_account(there.log)
    key = await here.directory.key(account.key_hash)
    assert key is not None
    assert key.revoked_at is None
    with capture_logs():
        assert await kill_listeners(owner) == 2
        async with asyncio.timeout(SOON):
            while here.listener.connected:
                await asyncio.sleep(0)
            await account.revoke(there.log)
            key = await here.directory.key(account.key_hash)
    assert key is not None
    assert key.revoked_at is not None


async def test_a_line_that_is_cut_on_one_side_is_detected_and_caches_are_bypassed_meanwhile(
    there: Process, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listening.HEARTBEAT_SECONDS + listening.ANSWER_SECONDS <= 10
    monkeypatch.setattr(listening, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(listening, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(postgres_directory, "CACHE_SECONDS", 1e9)
    proxy = Proxy(database.url, folder)
    account = await open_account(there.log)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(proxy.running())
        pool = await open_pool(database.url, size=2)
        stack.push_async_callback(pool.close)
        listener = Listener(proxy.url)
        directory = PostgresDirectory(PostgresReadSide(pool), listener)
        log = PostgresEventLog(database.url, pool, listener)
        reading = log.pages(after=await there.log.head(), limit=10)
        stack.push_async_callback(reading.aclose)
        await stack.enter_async_context(directory.running())
        await stack.enter_async_context(listener.running())
        await directory.key(account.key_hash)
        with capture_logs():
            waiting = asyncio.ensure_future(anext(reading))
            async with asyncio.timeout(SOON):
                proxy.delay()
                proxy.refusing = True
                while listener.losses == 0:
                    await asyncio.sleep(0)
                await account.revoke(there.log)
                key = await directory.key(account.key_hash)
                assert key is not None
                assert key.revoked_at is not None
                with pytest.raises(LogUnavailableError):  # what it remembers may have been taken back
                    await waiting
                proxy.refusing = False
                while not listener.connected:
                    await asyncio.sleep(0)
        proxy.cut()


async def test_what_waits_on_a_line_that_fell_silent_goes_on_on_a_new_one(
    there: Process, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HEARTBEAT_SECONDS", 0.5)
    monkeypatch.setattr(listening, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(event_log, "CALL_SECONDS", 1000)
    monkeypatch.setattr(connecting, "READ_SECONDS", 1000)
    proxy = Proxy(database.url, folder)
    async with proxy.running(), process(proxy.url) as here:
        account = await open_account(here.log)
        before = await here.log.head()
        with capture_logs():
            proxy.fall_silent()
            async with asyncio.timeout(SOON):
                await asyncio.gather(account.request(here.log), here.log.head())
        assert await there.log.head() == before + 1


async def test_a_connection_that_is_abandoned_in_the_middle_counts_as_lost(database: Database) -> None:
    for steps in range(40):
        connection = await connect(database.url)
        asking = asyncio.ensure_future(connection.execute("SELECT $1::int", steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        connecting.abandon(connection)
        with suppress(*connecting.CONNECTION_ERRORS):
            await asking
        connection.terminate()


async def test_a_pool_whose_line_fell_silent_is_closed_all_the_same(database: Database, folder: Path) -> None:
    proxy = Proxy(database.url, folder)
    async with proxy.running():
        pool = await open_pool(proxy.url, size=2)
        await pool.fetchval("SELECT 1")
        proxy.fall_silent()
        reading = asyncio.ensure_future(pool.fetchval("SELECT 1"))
        await asyncio.sleep(0)
        async with asyncio.timeout(SOON):
            await close_pool(pool)
        with pytest.raises(connecting.CONNECTION_ERRORS):
            await reading


LEASER = """
import asyncio, sys
from datetime import datetime, timedelta
from adapters.postgres.database.connecting import open_pool
from adapters.postgres.tasks.job_queue import PostgresJobQueue
from adapters.postgres.database.listening import Listener


async def main() -> None:
    pool = await open_pool(sys.argv[1], size=4)
    jobs = PostgresJobQueue(pool, Listener(sys.argv[1]))
    now = datetime.fromisoformat(sys.argv[2])
    sys.stdin.readline()

    async def work() -> None:
        while leased := await jobs.lease(now=now, limit=3, lasts=timedelta(minutes=2)):
            for job in leased:
                print(job.upload_id)
                if hash(job.upload_id) % 2:
                    await jobs.done(job)

    await asyncio.gather(*(work() for _ in range(4)))
    await pool.close()


asyncio.run(main())
"""


async def test_workers_in_several_processes_lease_each_job_once(here: Process, database: Database) -> None:
    account = await open_account(here.log)
    uploads = await asyncio.gather(*(account.request(here.log) for _ in range(200)))
    now = far(account.clock.now()).isoformat()
    workers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LEASER, database.url, now),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": "."},
        )
        for _ in range(3)
    ]
    async with asyncio.timeout(3 * SOON):
        outputs = await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    taken = [upload_id for out, _ in outputs for upload_id in out.decode().split()]
    assert sorted(taken) == sorted(uploads)


async def test_processes_that_write_at_once_share_one_order(here: Process, there: Process) -> None:
    account = await open_account(here.log)
    logs = (here.log, there.log)
    await asyncio.gather(*(account.request(logs[number % 2]) for number in range(300)))
    feed = await whole_feed(here.log)
    assert [each.id for each in feed] == list(range(1, 305))
    assert feed == await whole_feed(there.log)


async def test_the_next_due_job_is_found_without_reading_those_that_wait_behind_it(owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO upwell.jobs (kind, upload_id, due_at, lane, leased_until)"
        " SELECT 'expire', 'upl_' || n, now() + n * interval '1 s', n % 7, CASE WHEN n < 20 THEN now() END"
        " FROM generate_series(1, 5000) n"
    )
    await owner.execute("ANALYZE upwell.jobs")
    assert await owner.fetchval(QUERIES["next_due"]) == await owner.fetchval("SELECT min(due_at) FROM upwell.jobs")
    plan = await owner.fetch(f"EXPLAIN {QUERIES['next_due']}")
    assert not [line for (line,) in plan if "Seq Scan on jobs" in line]


async def test_no_more_jobs_are_taken_than_asked_for_when_postgres_thinks_there_is_hardly_any(
    database: Database,
) -> None:
    """It joins in another order then, and would choose which jobs are due once for every job that there is."""
    connection, owner = await connect(database.url), await connect(database.owner_url, role=None)
    insert = (
        "INSERT INTO upwell.jobs (kind, upload_id, due_at) SELECT 'forget', 'upl_' || n, now() FROM generate_series"
    )
    await owner.execute(f"{insert}(1, 1) n; ANALYZE upwell.jobs; {insert}(2, 50) n")
    await connection.execute("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off")
    now = datetime.now(UTC) + AN_HOUR
    for limit in (3, 1):
        taken = await connection.fetch(QUERIES["lease_jobs"], now, now + LASTS, f"lease-{limit}", limit, 0)
        assert len(taken) == limit
    await owner.close()
    await connection.close()
