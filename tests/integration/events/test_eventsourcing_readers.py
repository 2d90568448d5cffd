"""The library `eventsourcing` reads Upwell's log with a role that may only read, as its page describes."""

import asyncio
import functools
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Event as Flag
from typing import Any

import asyncpg
import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import InfrastructureFactoryError, Notification, NotSupportedError, StoredEvent
from psycopg.sql import Composed

from adapters.postgres.database.connecting import Connection, connect
from application.ports.events import event_log
from tests.acceptance.uploads.test_main_job import announce
from tests.conftest import Database, Servers, Service, Tenant
from tests.contract._log import SOON, Account, Kit, open_account, postgres_kit, whole_feed
from tests.docs.pages import ROOT, blocks
from tests.integration.events._programs import until
from tests.integration.events.eventsourcing_facade import FROM_ONE, factory_for
from upwell_eventsourcing import Event, LogRecorder, Upwell
from upwell_eventsourcing.connecting import LogConnection

PAGE = ROOT / "docs" / "how-to" / "analyse-with-eventsourcing.md"
_MAKE_ROLE, _HOLD_TO_ONE, _INSTALL, _PROGRAM, _RUN, _COUNT = blocks(PAGE)
_ORGANIZATION_OF_THE_PAGE = "org_4k7w2q5z9p3x0c1m"
_RECORDED = """
    SELECT ((state->'origin'->>'at')::timestamptz AT TIME ZONE 'UTC')::date AS day, topic, count(*) AS uploads,
        sum(coalesce((state->>'accepted_bytes')::bigint, 0))::bigint AS bytes
    FROM (SELECT topic, convert_from(state, 'UTF8')::json AS state FROM upwell.upwell_events
          WHERE topic = ANY($1)) AS events
    GROUP BY 1, 2
"""


class Reader:
    """A role of a test's own in place of the page's `analytics`."""

    def __init__(self, servers: Servers, database: Database, owner: Connection) -> None:
        self.name = f"analytics_{secrets.token_hex(4)}"
        self.url = servers.url_for(self.name, database.name)
        self.owner = owner

    def of_page(self, source: str, organization_id: str = "") -> str:
        """Return a block of the page with this role's name and that organization in it."""
        named = re.sub(r"\banalytics\b", self.name, source)
        return named.replace(_ORGANIZATION_OF_THE_PAGE, organization_id)

    async def see_only(self, organization_id: str) -> None:
        filtering, _ = _HOLD_TO_ONE.source.split("\n", 1)
        await self.owner.execute(self.of_page(filtering, organization_id))

    def recorder(self) -> LogRecorder:
        recorder = factory_for(self.url).application_recorder()
        assert isinstance(recorder, LogRecorder)
        return recorder


@asynccontextmanager
async def making_reader(servers: Servers, database: Database) -> AsyncIterator[Reader]:
    owner = await connect(database.owner_url, role=None)
    reader = Reader(servers, database, owner)
    await owner.execute(reader.of_page(_MAKE_ROLE.source))
    try:
        yield reader
    finally:
        await owner.execute(f"DROP OWNED BY {reader.name} CASCADE; DROP ROLE {reader.name}")
        await owner.close()


@pytest.fixture
async def reader(servers: Servers, database: Database) -> AsyncIterator[Reader]:
    async with making_reader(servers, database) as made:
        yield made


@pytest.fixture
async def kit(database: Database) -> AsyncIterator[Kit]:
    async with postgres_kit(database.url) as made:
        yield made


async def all_outcomes(account: Account, kit: Kit) -> dict[str, str]:
    """Bring uploads to each end, some by one process and some by another, and return their statuses."""
    pending = await account.request(kit.log)
    canceled = await account.request(kit.other_log)
    await account.send(kit.log, canceled, account.cancels())
    failed = await account.request(kit.log)
    await account.send(kit.other_log, failed, account.begins())
    await account.send(kit.log, failed, account.rejects())
    completed = await account.complete(kit.other_log, sha256=secrets.token_hex(32))
    return {pending: "PENDING", canceled: "CANCELED", failed: "FAILED", completed: "COMPLETED"}


def comparable(events: Sequence[StoredEvent | event_log.Notification]) -> list[tuple[object, ...]]:
    return [(each.originator_id, each.originator_version, each.topic, each.state) for each in events]


async def test_the_recorder_reads_our_events_as_they_are_and_in_order(kit: Kit, reader: Reader) -> None:
    account = await open_account(kit.log)
    upload_ids = list(await all_outcomes(account, kit))
    feed = await whole_feed(kit.log)
    recorder = reader.recorder()
    with recorder.datastore:
        found = recorder.select_notifications(start=None, limit=1000)
        assert [each.id for each in found] == [each.id for each in feed] == list(range(1, len(feed) + 1))
        assert comparable(found) == comparable(feed)
        assert recorder.max_notification_id() == len(feed)
        page = recorder.select_notifications(start=3, limit=4, inclusive_of_start=False)
        assert [each.id for each in page] == [4, 5, 6, 7]
        topics = ["upload.requested.v1"]
        assert {each.originator_id for each in recorder.select_notifications(1, 1000, topics=topics)} == {*upload_ids}
        for upload_id in upload_ids:
            stream = await kit.log.read_stream(upload_id)
            assert comparable(recorder.select_events(upload_id)) == comparable(stream)
            [last] = recorder.select_events(upload_id, desc=True, limit=1)
            assert last.originator_version == len(stream)


async def test_a_subscription_sees_every_event_once_and_in_order_while_two_processes_append(
    kit: Kit, reader: Reader
) -> None:
    account = await open_account(kit.log)
    recorder = reader.recorder()
    with recorder.datastore, recorder.subscribe(gt=2) as subscription:
        seeing = asyncio.create_task(asyncio.to_thread(take, subscription, 2 + 2 * 30 * 4))
        async with asyncio.timeout(2 * SOON), asyncio.TaskGroup() as group:
            for log in [kit.log, kit.other_log] * 30:
                group.create_task(account.complete(log, await account.request(log), sha256=secrets.token_hex(32)))
        seen = await in_time(seeing, subscription.stop)
    feed = await whole_feed(kit.log)
    assert [each.id for each in seen] == list(range(3, len(feed) + 1))
    assert comparable(seen) == comparable(feed[2:])


async def test_a_subscription_follows_one_organization_while_the_service_works_for_several(
    service: Service, tenant: Tenant, servers: Servers
) -> None:
    other = await service.tenant()
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(making_reader(servers, service.database))
        await reader.see_only(tenant.caller.organization.organization_id)
        recorder = reader.recorder()
        stack.enter_context(recorder.datastore)
        head = recorder.max_notification_id()
        subscription = stack.enter_context(recorder.subscribe(gt=head))
        seeing = asyncio.create_task(asyncio.to_thread(take, subscription, 2 * 20))

        async def come_and_go(each: Tenant) -> str:
            async with each.client() as client:
                upload_id: str = (await announce(client, b"whose"))["upload_id"]
                assert (await client.delete(f"/v1/uploads/{upload_id}")).status_code == 204
                return upload_id

        own = await asyncio.gather(*(come_and_go(each) for _ in range(20) for each in (tenant, other)))
        seen = await in_time(seeing, subscription.stop)
        rows = await reader.owner.fetch(
            "SELECT notification_id FROM upwell.upwell_events"
            " WHERE organization_id = $1 AND notification_id > $2 ORDER BY 1",
            tenant.caller.organization.organization_id,
            head,
        )
    assert [each.id for each in seen] == [row["notification_id"] for row in rows]
    for upload_id in own[::2]:
        topics = [each.topic for each in seen if each.originator_id == upload_id]
        assert topics == ["upload.requested.v1", "upload.canceled.v1"]


async def test_a_role_sees_all_organizations_or_the_one_that_it_names(
    kit: Kit, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await open_account(kit.log)
    second = await open_account(kit.log, beside=first, name="Other")
    await all_outcomes(first, kit)
    of_second = {second.organization_id, second.key_id, second.namespace_id, second.bucket_id}

    async def seen() -> set[object]:
        recorder = reader.recorder()
        with recorder.datastore:
            return {each.originator_id for each in recorder.select_notifications(start=None, limit=1000)}

    everything = {each.originator_id for each in await whole_feed(kit.log)}
    assert await seen() == everything > of_second
    await reader.see_only(second.organization_id)
    assert await seen() == of_second
    await reader.owner.execute(f"ALTER ROLE {reader.name} RESET upwell.organization_id")
    [pgoptions] = re.findall(r'PGOPTIONS="(.+)"', PAGE.read_text(encoding="utf-8"))
    monkeypatch.setenv("PGOPTIONS", reader.of_page(pgoptions, second.organization_id))
    assert await seen() == of_second


async def test_a_policy_limits_a_role_to_one_organization_whatever_its_settings_are(kit: Kit, reader: Reader) -> None:
    first = await open_account(kit.log)
    second = await open_account(kit.log, beside=first, name="Other")
    await reader.see_only(second.organization_id)
    query = "SELECT DISTINCT organization_id FROM upwell.upwell_events ORDER BY 1"
    connection = await connect(reader.url, role=None)  # which sets '*'
    assert len(await connection.fetch(query)) == 2
    await reader.owner.execute(reader.of_page(_HOLD_TO_ONE.source, second.organization_id))
    assert [row["organization_id"] for row in await connection.fetch(query)] == [second.organization_id]
    await connection.execute(f"SET upwell.organization_id = '{first.organization_id}'")
    assert await connection.fetch(query) == []
    await connection.close()


async def test_the_role_reads_events_and_may_do_nothing_else(kit: Kit, reader: Reader) -> None:
    await open_account(kit.log)
    connection = await connect(reader.url, role=None)
    assert await connection.fetchval("SELECT count(*) FROM upwell.upwell_events") == 4
    nothing = "ARRAY[]::text[]"
    for forbidden in (
        "DELETE FROM upwell.upwell_events",
        "UPDATE upwell.upwell_events SET state = ''",
        "INSERT INTO upwell.upwell_events VALUES ('a', 1, 'b', '', 99, 'org')",
        "SELECT * FROM upwell.api_keys",
        "CREATE TABLE upwell.mine ()",
        f"SELECT upwell.append({nothing}, {nothing}, '{{}}', '{{}}', {nothing}, '{{}}', {nothing}, '{{}}')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forbidden)
    await connection.close()


async def test_the_projection_of_the_page_counts_each_event_once_however_the_program_ends(
    kit: Kit, reader: Reader, database: Database, tmp_path: Path
) -> None:
    account = await open_account(kit.log)
    program = tmp_path / "outcomes.py"
    program.write_text(reader.of_page(_PROGRAM.source))
    topics = re.findall(r'"(upload\.\w+\.v1)"', _PROGRAM.source)
    locking = await connect(database.owner_url, role=None)

    async def counted() -> dict[tuple[str, str], tuple[int, int]]:
        if await reader.owner.fetchval("SELECT to_regclass($1)", f"{reader.name}.outcomes") is None:
            return {}
        rows = await reader.owner.fetch(reader.of_page(_COUNT.source))
        return {(str(row["day"]), row["topic"]): (row["uploads"], row["bytes"]) for row in rows}

    async def recorded() -> dict[tuple[str, str], tuple[int, int]]:
        rows = await reader.owner.fetch(_RECORDED, topics)
        return {(str(row["day"]), row["topic"]): (row["uploads"], row["bytes"]) for row in rows}

    for ended_by in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT):
        await all_outcomes(account, kit)  # while no program counts
        running = start(program, reader.url)
        try:
            await until(running, counted, await recorded())
            await insert_foreign_events(database, reader.owner)
            account.clock.advance(timedelta(days=1))
            await all_outcomes(account, kit)
            await until(running, counted, await recorded())
            if ended_by is signal.SIGKILL:  # between the position and the count, in one transaction
                async with locking.transaction():
                    await locking.execute(f"LOCK TABLE {reader.name}.outcomes IN SHARE MODE")
                    await all_outcomes(account, kit)
                    await until(running, functools.partial(waiting, reader), 1)
                    running.kill()
                    await asyncio.to_thread(running.wait, SOON)
            else:
                running.send_signal(ended_by)
            assert await asyncio.to_thread(running.wait, SOON) == (0 if ended_by is signal.SIGINT else -ended_by)
        finally:
            running.kill()
            running.wait()
    assert {topic for _, topic in await counted()} == set(topics)
    assert await counted() == await recorded()
    await locking.close()


async def waiting(reader: Reader) -> int:
    """Return how many sessions of the role wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'"
    return int(await reader.owner.fetchval(query, reader.name))


async def test_a_session_wakes_its_subscription_once_before_it_waits(reader: Reader) -> None:
    datastore = reader.recorder().datastore

    def channels() -> list[str]:
        with datastore, datastore.get_connection() as connection:
            return [each.channel for each in connection.notifies(timeout=0.1, stop_after=1)]

    assert await asyncio.to_thread(channels) == ["upwell_events"]


async def test_what_is_appended_after_a_subscription_has_read_and_before_it_listens_is_seen_at_once(
    kit: Kit, database: Database, servers: Servers
) -> None:
    account = await open_account(kit.log)
    loop = asyncio.get_running_loop()
    has_read, has_appended, heard = Flag(), Flag(), asyncio.Event()
    # A session that has received the event: without one, PostgreSQL gives a new listener what is still in its queue.
    other = await connect(database.owner_url, role=None)
    await other.add_listener("upwell_events", lambda *_: heard.set())

    async def append() -> None:
        heard.clear()
        await account.request(kit.log)
        await heard.wait()

    class Late(LogConnection):
        def execute(self, query: Any, *others: Any, **more: Any) -> Any:  # noqa: ANN401  # passed on
            if isinstance(query, Composed) and query.as_string().startswith("LISTEN"):
                assert has_appended.wait(SOON)
            return super().execute(query, *others, **more)

    class Recorder(LogRecorder):
        def select_notifications(self, *arguments: Any, **others: Any) -> Sequence[Notification]:  # noqa: ANN401  # passed on
            found: Sequence[Notification] = super().select_notifications(*arguments, **others)
            if not has_read.is_set():
                has_read.set()
                asyncio.run_coroutine_threadsafe(append(), loop).result(SOON)
                has_appended.set()
            return found

    async with making_reader(servers, database) as reader:
        datastore = reader.recorder().datastore
        datastore.pool.connection_class = Late
        head = await reader.owner.fetchval("SELECT position FROM upwell.log_head")
        with datastore, await asyncio.to_thread(Recorder(datastore).subscribe, head) as subscription:
            seen = await in_time(asyncio.create_task(asyncio.to_thread(take, subscription, 1)), subscription.stop)
    await other.close()
    assert [(each.id, each.topic) for each in seen] == [(head + 1, "upload.requested.v1")]


async def test_an_application_reads_the_history_of_an_upload_and_saves_nothing(kit: Kit, reader: Reader) -> None:
    account = await open_account(kit.log)
    upload_id = await account.complete(kit.log, await account.request(kit.log), sha256=secrets.token_hex(32))
    stream = await kit.log.read_stream(upload_id)
    with Upwell({"UPWELL_DATABASE_URL": reader.url}) as application:
        history = [each for each in application.events.get(upload_id) if isinstance(each, Event)]
        assert [(each.originator_version, each.topic) for each in history] == [
            (each.originator_version, each.topic) for each in stream
        ]
        assert [each.at for each in history] == [account.clock.now()] * len(stream)
        with pytest.raises(NotSupportedError, match="only Upwell appends events"):
            application.save(Aggregate())  # type: ignore[arg-type]  # of any kind
    assert len(await kit.log.read_stream(upload_id)) == len(stream)


async def test_what_the_role_or_the_schema_does_not_allow_is_reported_with_what_to_do(
    database: Database, reader: Reader, servers: Servers
) -> None:
    name = reader.name
    await reader.owner.execute(f"CREATE SCHEMA figures; GRANT USAGE ON SCHEMA figures TO {name}")

    def refused(said: str, url: str = reader.url, **settings: str) -> None:
        with factory_for(url, **settings) as factory, pytest.raises(InfrastructureFactoryError, match=re.escape(said)):
            factory.tracking_recorder() if settings else factory.application_recorder()

    refused(f"Run as the owner of the database: CREATE SCHEMA nowhere AUTHORIZATION {name};", POSTGRES_SCHEMA="nowhere")
    refused(f"Run as its owner: GRANT USAGE, CREATE ON SCHEMA figures TO {name};", POSTGRES_SCHEMA="figures")
    refused("'upwell', which belongs to Upwell. Set another schema", POSTGRES_SCHEMA="upwell")
    with factory_for(reader.url, POSTGRES_SCHEMA="figures", CREATE_TABLE="no") as factory:
        factory.tracking_recorder()
    refused("'postgres' has no table upwell.upwell_events. Check the database", servers.url_for(name, "postgres"))
    refused('role "nobody_here" does not exist. Check host', servers.url_for("nobody_here", database.name))
    refused('database "nowhere" does not exist. Check host', servers.url_for(name, "nowhere"))
    refused("Connection refused", f"postgresql://{name}@127.0.0.1:1/{database.name}")
    await reader.owner.execute(f"REVOKE SELECT ON upwell.upwell_events FROM {name}")  # noqa: S608  # ours
    refused(f"GRANT SELECT ON upwell.upwell_events TO {name};")
    with factory_for(reader.url) as factory:
        factory.tracking_recorder()  # where positions are kept, the log need not be: it may be in another database


def start(program: Path, url: str) -> subprocess.Popen[bytes]:
    settings = dict(re.findall(r"^export (\w+)=(\S+)$", _RUN.source, re.MULTILINE))
    assert settings.keys() == {"PERSISTENCE_MODULE", "UPWELL_DATABASE_URL"}
    environment = {**os.environ, **settings, "UPWELL_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-W", "error", str(program)], env=environment)


async def insert_foreign_events(database: Database, owner: Connection) -> None:
    """Append what no projection knows: neither its topic nor what its state is."""
    events = [
        StoredEvent(originator_id=secrets.token_hex(8), originator_version=1, topic=topic, state=b"\xff\x00")
        for topic in ("module:Class", "upload_requested", "topic1")
    ]
    recorder = factory_for(database.url, **FROM_ONE).application_recorder()
    await asyncio.to_thread(recorder.insert_events, events)
    last = await owner.fetchval("SELECT position FROM upwell.log_head")
    assert await owner.fetchval("SELECT topic FROM upwell.upwell_events WHERE notification_id = $1", last) == "topic1"


def take(subscription: Iterable[Notification], count: int) -> list[Notification]:
    return list(islice(subscription, count))


async def in_time(seeing: "asyncio.Task[list[Notification]]", stop: Callable[[], None]) -> list[Notification]:
    """Return what is seen, or what was seen until now if it takes too long."""
    _, late = await asyncio.wait([seeing], timeout=SOON)
    if late:
        stop()
    return await seeing
