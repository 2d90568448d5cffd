"""The feed on a JetStream cluster of three real servers, of which one is killed under load."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import nats
import pytest
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from adapters.memory.clock import SequentialIds
from adapters.nats import relay as relaying
from adapters.nats.relay import NatsRelay, open_relay
from adapters.postgres.connecting import Connection, open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.listening import Listener
from adapters.postgres.subscriptions import PostgresSubscriptions
from adapters.system import SystemClock
from application.subscribing import Subscribing
from tests.conftest import Database, free_port
from tests.contract._log import Account, open_account, whole_feed

SOON = 60.0
NODES = 3
STREAM = "upwell"


class Cluster:
    """Three servers, each a process with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = [free_port() for _ in range(2 * NODES)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.servers = [f"nats://127.0.0.1:{port}" for port in self._ports[:NODES]]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self._ports[NODES:])
        for node in range(NODES):
            (folder / f"node{node}.conf").write_text(
                f'server_name: node{node}\nlisten: "127.0.0.1:{self._ports[node]}"\n'
                f'jetstream {{ store_dir: "{folder}/store{node}" }}\n'
                f'cluster {{ name: upwell, listen: "127.0.0.1:{self._ports[NODES + node]}", routes: [{routes}] }}\n'
            )
            self.start(node)

    def start(self, node: int) -> None:
        program = shutil.which("nats-server")
        assert program is not None
        with (self._folder / f"node{node}.log").open("ab") as log:
            self._processes[node] = subprocess.Popen(
                [program, "-c", str(self._folder / f"node{node}.conf")], stdout=log, stderr=log
            )

    def kill(self, node: int) -> None:
        process = self._processes.pop(node)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for node in list(self._processes):
            self.kill(node)

    @asynccontextmanager
    async def jetstream(self) -> AsyncIterator[JetStreamContext]:
        client = await nats.connect(self.servers, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
        try:
            yield client.jetstream(timeout=10)
        finally:
            await client.close()

    async def leader(self) -> int:
        """Return the node that leads the stream."""
        async with self.jetstream() as jetstream:
            info = await jetstream.stream_info(STREAM)
            assert info.cluster is not None
            return int((info.cluster.leader or "").removeprefix("node"))

    async def published(self) -> list[tuple[str, int, bytes]]:
        """Return subject, id and payload of every message of the stream, in its order."""
        async with self.jetstream() as jetstream:
            info = await jetstream.stream_info(STREAM)
            found = []
            for number in range(info.state.first_seq, info.state.last_seq + 1):
                message = await jetstream.get_msg(STREAM, number)
                assert message.subject is not None
                assert message.headers is not None
                found.append((message.subject, int(message.headers["Nats-Msg-Id"]), message.data or b""))
            return found


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A cluster that takes streams."""
    made = Cluster(tmp_path)
    try:
        async with asyncio.timeout(SOON), made.jetstream() as jetstream:
            while True:  # until the servers have found each other
                try:
                    await jetstream.add_stream(StreamConfig(name="ready", subjects=["ready"], num_replicas=NODES))
                except (NatsError, TimeoutError):
                    await asyncio.sleep(0.1)
                else:
                    break
            await jetstream.delete_stream("ready")
        yield made
    finally:
        made.stop()


class Feed:
    """A log, an account that fills it, and what relays have."""

    def __init__(self, log: PostgresEventLog, account: Account, subscriptions: PostgresSubscriptions) -> None:
        self.log = log
        self.account = account
        self.subscriptions = subscriptions
        self.problems: list[BaseException] = []

    def subscribing(self) -> Subscribing[Connection]:
        return Subscribing(
            log=self.log,
            subscriptions=self.subscriptions,
            clock=SystemClock(),
            ids=SequentialIds(),
            report=lambda _, error: self.problems.append(error),
        )

    @asynccontextmanager
    async def relayed(self, cluster: Cluster, *, replicas: int = NODES) -> AsyncIterator[None]:
        """Relay while inside."""
        stopping = asyncio.Event()
        async with open_relay(cluster.servers, stream=STREAM, replicas=replicas) as relay:
            running = asyncio.create_task(self.subscribing().project(relay, stopping))
            try:
                yield
            finally:
                stopping.set()
                await running

    async def caught_up(self) -> None:
        async with asyncio.timeout(SOON):
            while await self.position() < await self.log.head():
                await asyncio.sleep(0.05)

    async def position(self) -> int:
        known = {each.name: each.position for each in await self.subscriptions.subscriptions()}
        return known.get(relaying.NAME, 0)

    async def expected(self) -> list[int]:
        return [each.id for each in await whole_feed(self.log)]


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    async with AsyncExitStack() as stack:
        pool = await open_pool(database.url, size=4)
        stack.push_async_callback(pool.close)
        listener = Listener(database.url)
        log = PostgresEventLog(database.url, pool, listener)
        await stack.enter_async_context(listener.running())
        await stack.enter_async_context(log.running())
        yield Feed(log, await open_account(log), PostgresSubscriptions(pool))


async def test_every_event_is_there_once_and_in_order_though_a_server_is_killed_under_load(
    cluster: Cluster, feed: Feed
) -> None:
    async def write(count: int) -> None:
        for _ in range(count):
            await feed.account.request(feed.log)

    async with feed.relayed(cluster):
        await write(50)
        await feed.caught_up()
        writing = [asyncio.create_task(write(150)) for _ in range(8)]
        node = await cluster.leader()
        cluster.kill(node)
        await asyncio.gather(*writing)
        await feed.caught_up()
        cluster.start(node)
        await write(50)
        await feed.caught_up()

    assert [position for _, position, _ in await cluster.published()] == await feed.expected()


async def test_what_was_published_and_not_recorded_is_not_published_again(cluster: Cluster, feed: Feed) -> None:
    for _ in range(20):
        await feed.account.request(feed.log)
    async with feed.relayed(cluster, replicas=1):
        await feed.caught_up()
    await feed.subscriptions.forget(relaying.NAME)  # as if nothing had been recorded
    await feed.account.request(feed.log)
    async with feed.relayed(cluster, replicas=1):
        await feed.caught_up()

    published = await cluster.published()

    assert [position for _, position, _ in published] == await feed.expected()
    assert feed.problems == []
    organization_id = feed.account.organization_id
    for subject, position, payload in published:
        event = msgspec.json.decode(payload)
        assert subject == f"upwell.{organization_id}.{event['type']}"
        assert event["id"] == str(position)
        assert event["source"] == f"urn:upwell:{organization_id}"
        assert "key_hash" not in event["data"]


async def test_two_relays_that_think_they_are_alone_publish_each_event_once(cluster: Cluster, feed: Feed) -> None:
    for _ in range(50):
        await feed.account.request(feed.log)
    page = await feed.log.read_feed(after=0, limit=1000)
    from application.subscribing import _ours  # noqa: PLC0415  # as a reader is given them

    events = _ours(page, None)
    async with (
        open_relay(cluster.servers, stream=STREAM, replicas=1) as one,
        open_relay(cluster.servers, stream=STREAM, replicas=1) as other,
    ):
        relays: list[NatsRelay] = [one, other]
        await asyncio.gather(*(relay.project(None, events) for relay in relays))

    assert [position for _, position, _ in await cluster.published()] == await feed.expected()


async def test_without_a_server_it_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"nats://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NatsError):
            async with open_relay([url], stream=STREAM, replicas=1):
                pass
