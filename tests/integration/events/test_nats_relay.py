"""The feed on a JetStream cluster of three real servers, of which one is killed under load."""

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import nkeys  # type: ignore[import-untyped]  # it has no types
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig
from structlog.testing import capture_logs

import adapters.nats.relay
from adapters.memory.clock import ManualClock, SequentialIds
from adapters.nats.errors import RelayError, RelayUnusableError
from adapters.nats.relay import NAME, NatsRelay, open_relay
from adapters.postgres.database.connecting import PoolConnection, connect, open_pool
from adapters.postgres.database.listening import Listener
from adapters.postgres.events.event_log import PostgresEventLog
from adapters.postgres.events.subscriptions import PostgresSubscriptions
from application.events.subscribing import Recorded, Subscribing
from application.ports.events.event_log import Notification
from domain.events.cloud_events import READER_TAGS, envelope, origin_of
from domain.events.registry import decode
from entrypoints.processes.relaying import Reports
from tests.conftest import Database
from tests.contract._log import Account, open_account, whole_feed
from tests.docs.pages import ROOT, blocks
from tests.nats_cluster import NODES, SOON, STREAM, Cluster, connected

PAGE = ROOT / "docs" / "how-to" / "relay-to-nats.md"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("nats"))
    try:
        asyncio.run(made.ready())
        yield made
    finally:
        made.stop()


@pytest.fixture
async def cluster(three: Cluster) -> AsyncIterator[Cluster]:
    """A cluster without streams."""
    await three.ready()
    yield three
    async with three.jetstream() as jetstream:
        for info in await jetstream.streams_info():
            assert info.config.name is not None
            await jetstream.delete_stream(info.config.name)


@asynccontextmanager
async def single(folder: Path, more: str = "") -> AsyncIterator[Cluster]:
    made = Cluster(folder, nodes=1, more=more)
    try:
        if "authorization" not in more:
            await made.ready()
        yield made
    finally:
        made.stop()


class Feed:
    """A log, an account that fills it, and what relays have."""

    def __init__(
        self, database: Database, log: PostgresEventLog, account: Account, subscriptions: PostgresSubscriptions
    ) -> None:
        self.database = database
        self.log = log
        self.account = account
        self.subscriptions = subscriptions
        self.reports = Reports(asyncio.Event())
        self.failures = 0

    @asynccontextmanager
    async def relayed(self, *servers: str, replicas: int = 1) -> AsyncIterator[None]:
        """Relay while inside."""
        stopping = asyncio.Event()
        subscribing: Subscribing[PoolConnection] = Subscribing(
            log=self.log,
            subscriptions=self.subscriptions,
            clock=ManualClock(),
            ids=SequentialIds(),
            report=self._failed,
        )
        async with open_relay(
            servers, stream=STREAM, replicas=replicas, end=self.log.head, published=self.reports.published
        ) as relay:
            running = asyncio.create_task(subscribing.project(relay, stopping))
            try:
                yield
            finally:
                stopping.set()
                await running

    def _failed(self, name: str, error: BaseException) -> None:
        self.failures += 1
        self.reports.failed(name, error)

    @asynccontextmanager
    async def process(self, cluster: Cluster, **more: str) -> AsyncIterator["Process"]:
        """Relay in a process, which is killed afterwards if it has not ended."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("UPWELL_")},
            "UPWELL_DATABASE_URL": self.database.url,
            "UPWELL_NATS_SERVERS": ",".join(cluster.servers),
            "UPWELL_NATS_REPLICAS": str(len(cluster.servers)),
            **more,
        }
        process = await run_upwell(environment)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def write(self, count: int) -> None:
        for _ in range(count):
            await self.account.request(self.log)

    @asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """Write hundreds of events a second while inside: the maximum rate would slow down the tested process."""
        ended = asyncio.Event()

        async def write() -> None:
            while not ended.is_set():
                await self.write(1)
                await asyncio.sleep(0.002)

        async with asyncio.TaskGroup() as writers:
            for _ in range(2):
                writers.create_task(write())
            try:
                yield
            finally:
                ended.set()

    async def caught_up(self) -> None:
        head = await self.log.head()
        await self.reached(head)

    async def reached(self, position: int) -> None:
        async with asyncio.timeout(SOON):
            while await self.position() < position:
                await asyncio.sleep(0.02)

    async def position(self) -> int:
        known = {each.name: each.position for each in await self.subscriptions.subscriptions()}
        return known.get(NAME, 0)

    async def leased(self) -> bool:
        return any(each.leased_until is not None for each in await self.subscriptions.subscriptions())

    async def let_the_lease_run_out(self) -> None:
        """Do what time does to the lease of a process that was killed."""
        owner = await connect(self.database.owner_url, role=None)
        await owner.execute("UPDATE upwell.subscriptions SET leased_until = now()")
        await owner.close()

    async def all(self) -> list[Notification]:
        found = list(await whole_feed(self.log))
        while page := await self.log.read_feed(after=found[-1].id, limit=10_000):
            found += page
        return found

    async def expected(self) -> list[int]:
        return [each.id for each in await self.all()]


Process = asyncio.subprocess.Process


async def run_upwell(environment: Mapping[str, str], before: str = "") -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{before}\nfrom entrypoints.cli.main import main; main()",
        "relay",
        "nats",
        env={**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    async with AsyncExitStack() as stack:
        pool = await open_pool(database.url, size=4)
        stack.push_async_callback(pool.close)
        listener = Listener(database.url)
        log = PostgresEventLog(database.url, pool, listener)
        await stack.enter_async_context(listener.running())
        await stack.enter_async_context(log.running())
        yield Feed(database, log, await open_account(log), PostgresSubscriptions(pool))


async def test_every_event_is_there_once_and_in_order_though_the_leader_is_killed_under_load(
    cluster: Cluster, feed: Feed
) -> None:
    async with feed.relayed(*cluster.servers, replicas=NODES):
        async with feed.load():
            await feed.reached(200)
            node = await cluster.leader()
            cluster.kill(node)
            await feed.caught_up()
            cluster.start(node)
            await feed.caught_up()
        await feed.caught_up()

    assert await cluster.positions() == await feed.expected()


async def test_every_event_is_there_once_and_in_order_though_the_relay_is_killed_under_load(
    cluster: Cluster, feed: Feed
) -> None:
    async with feed.load():
        for _ in range(4):
            before = await cluster.count()
            async with feed.process(cluster) as process, asyncio.timeout(SOON):
                while await cluster.count() < before + 100:
                    await asyncio.sleep(0.01)
                process.kill()
                await process.wait()
            await feed.let_the_lease_run_out()
    async with feed.process(cluster):
        await feed.caught_up()

    assert await cluster.positions() == await feed.expected()


async def test_of_two_processes_one_publishes_and_the_other_takes_over_at_once(cluster: Cluster, feed: Feed) -> None:
    async with feed.process(cluster) as first, AsyncExitStack() as stack:
        await feed.caught_up()
        second = await stack.enter_async_context(feed.process(cluster))
        assert second.stdout is not None
        assert b"relay_begins" in await second.stdout.readline()  # and it waits
        await feed.write(20)
        await feed.caught_up()

        first.terminate()
        async with asyncio.timeout(10):
            assert await first.wait() == 0
            await feed.write(20)
            await feed.caught_up()

        second.send_signal(signal.SIGINT)
        assert await second.wait() == 0
    assert not await feed.leased()
    assert await cluster.positions() == await feed.expected()


async def test_what_was_published_and_not_recorded_is_not_published_again(cluster: Cluster, feed: Feed) -> None:
    await feed.write(20)
    async with feed.relayed(*cluster.servers):
        await feed.caught_up()
    await feed.subscriptions.forget(NAME)  # as if nothing had been recorded
    await feed.write(1)
    async with feed.relayed(*cluster.servers):
        await feed.caught_up()

    assert await cluster.positions() == await feed.expected()


async def test_two_relays_that_think_they_are_alone_publish_each_event_once(cluster: Cluster, feed: Feed) -> None:
    await feed.write(50)
    events = [
        Recorded(
            position=each.id, stream_id=each.originator_id, version=each.originator_version, event=decode(each.state)
        )
        for each in await feed.all()
    ]

    async def publish(relay: NatsRelay) -> None:
        while True:
            try:
                return await relay.project(None, events)
            except RelayError:
                continue  # the other one was first

    async with (
        open_relay(cluster.servers, stream=STREAM, replicas=NODES, end=feed.log.head) as one,
        open_relay(cluster.servers, stream=STREAM, replicas=NODES, end=feed.log.head) as other,
        asyncio.timeout(SOON),
    ):
        await asyncio.gather(publish(one), publish(other))

    assert await cluster.positions() == await feed.expected()


async def test_a_message_equals_the_event_of_the_feed(cluster: Cluster, feed: Feed) -> None:
    await feed.write(2)
    async with feed.relayed(*cluster.servers):
        await feed.caught_up()

    published = await cluster.published()

    notifications = await feed.all()
    assert len(published) == len(notifications)
    for (subject, headers, body), each in zip(published, notifications, strict=True):
        origin = origin_of(each.state)
        assert origin is not None
        root = "upwell" if each.topic in READER_TAGS else "upwell-admin"
        assert subject == f"{root}.{feed.account.organization_id}.{each.topic}"
        assert headers["content-type"] == "application/cloudevents+json"
        from_feed = envelope(each.id, each.originator_id, each.topic, each.state, origin)
        assert msgspec.json.decode(body) == msgspec.json.decode(msgspec.json.encode(from_feed))
        assert feed.account.key_hash.encode() not in body
    assert {subject.partition(".")[0] for subject, _, _ in published} == {"upwell", "upwell-admin"}


async def test_while_nats_is_away_the_relay_waits_and_logs_it_once(tmp_path: Path, feed: Feed) -> None:
    async with single(tmp_path) as server, feed.relayed(*server.servers):
        await feed.caught_up()
        with capture_logs() as logs:
            server.kill(0)
            await feed.write(5)
            async with asyncio.timeout(SOON):
                while feed.failures < 3:
                    await asyncio.sleep(0.02)
            assert await feed.position() < await feed.log.head()
            server.start(0)
            await feed.caught_up()

        assert [each["event"] for each in logs] == ["relay_waits", "relay_goes_on"]
        assert await server.positions() == await feed.expected()


async def test_an_event_that_is_too_large_holds_up_all_behind_it_until_the_server_takes_it(
    tmp_path: Path, feed: Feed
) -> None:
    async with single(tmp_path, "max_payload: 4096") as server, feed.relayed(*server.servers):
        await feed.write(3)
        await feed.caught_up()
        before = await feed.expected()
        with capture_logs() as logs:
            await feed.account.request(feed.log, filename="x" * 4096)
            await feed.write(3)
            async with asyncio.timeout(SOON):
                while not logs:
                    await asyncio.sleep(0.02)
            assert f"The event {before[-1] + 1} has " in logs[0]["error"]
            assert await server.positions() == before

            server.configure("max_payload: 1MB")
            await feed.caught_up()

        assert logs[-1]["event"] == "relay_goes_on"
        assert await server.positions() == await feed.expected()


async def test_a_deleted_stream_ends_the_relay_and_is_recreated_with_the_whole_feed(
    cluster: Cluster, feed: Feed
) -> None:
    await feed.write(5)
    async with feed.process(cluster) as process:
        await feed.caught_up()
        async with cluster.jetstream() as jetstream:
            await jetstream.delete_stream(STREAM)
        await feed.write(1)
        async with asyncio.timeout(SOON):
            printed, _ = await process.communicate()
        assert process.returncode == 1
        ended = msgspec.json.decode(printed.splitlines()[-1])
        assert ended["event"] == "ended"
        assert ended["reason"].startswith("The stream UPWELL was deleted while the relay was running.")
        assert b"Traceback" not in printed
    async with feed.process(cluster):
        async with asyncio.timeout(SOON):
            while not await cluster.count():
                await asyncio.sleep(0.02)
        await feed.caught_up()

    assert await cluster.positions() == await feed.expected()


async def test_a_stream_that_was_made_for_something_else_is_refused(cluster: Cluster) -> None:
    async with cluster.jetstream() as jetstream:
        await jetstream.add_stream(StreamConfig(name=STREAM, subjects=["orders.>"]))
        with pytest.raises(RelayUnusableError, match="created for another purpose: subjects"):
            await enter(cluster, STREAM)
        await jetstream.add_stream(StreamConfig(name="OTHER", subjects=["upwell.*.upload.>"]))
        with pytest.raises(RelayUnusableError, match=r"has no stream MINE, and cannot create it: .*overlap"):
            await enter(cluster, "MINE")


async def test_a_stream_with_another_publisher_is_not_continued(cluster: Cluster, feed: Feed) -> None:
    async with feed.relayed(*cluster.servers):
        await feed.caught_up()
        async with cluster.jetstream() as jetstream:
            await jetstream.publish("upwell.org_1.upload.completed.v1", b"forged")
        await feed.write(1)
        async with asyncio.timeout(SOON):
            while feed.reports.unusable is None:
                await asyncio.sleep(0.02)

    assert "Another client has published" in str(feed.reports.unusable)


async def test_a_stream_that_is_ahead_of_the_log_is_not_gone_on_with(cluster: Cluster, feed: Feed) -> None:
    async with feed.relayed(*cluster.servers):
        await feed.caught_up()
    end = await feed.log.head()
    with pytest.raises(RelayUnusableError, match=f"has the event {end}, which is beyond the end of the log, {end - 1}"):
        await enter(cluster, STREAM, end=end - 1)


async def enter(cluster: Cluster, stream: str, *, end: int = 0) -> None:
    async with open_relay(cluster.servers, stream=stream, replicas=1, end=partial(_at, end)):
        pass


async def _at(position: int) -> int:
    return position


async def test_an_organization_sees_nothing_of_another_one(tmp_path: Path, feed: Feed) -> None:
    """With the configuration of the page, as it is written there."""
    configuration = next(block.source for block in blocks(PAGE) if block.kind == "text")
    users = configuration.partition("\n")[2].replace("ORGANIZATION_ID", feed.account.organization_id)
    other = await open_account(feed.log, beside=feed.account, name="Other")
    await feed.write(3)
    async with single(tmp_path, users) as server:
        acme, relay = (
            server.servers[0].replace("//", f"//{user}:{password}@")
            for user, password in (("acme", "of-acme"), ("relay", "the-relay"))
        )
        problems: list[Exception] = []
        async with connected(acme, inbox="_INBOX_acme", problems=problems) as client, feed.relayed(relay):
            live = await client.subscribe(f"upwell.{feed.account.organization_id}.>")
            await feed.caught_up()
            await other.request(feed.log)
            await feed.write(1)
            await feed.caught_up()
            heard = [await live.next_msg(timeout=10)]
            while heard[-1].headers is None or heard[-1].headers["Nats-Msg-Id"] != str(await feed.log.head()):
                heard.append(await live.next_msg(timeout=10))
            assert {message.subject.split(".")[1] for message in heard} == {feed.account.organization_id}
            assert denied(problems) == []

            theirs = f"upwell.{other.organization_id}.>"
            for subject in (theirs, "upwell.>", ">", "upwell-admin.>", "_INBOX.>", "_INBOX_other.>"):
                await client.subscribe(subject)
                await client.flush()
            async with asyncio.timeout(SOON):
                while len(denied(problems)) < 6:
                    await asyncio.sleep(0.02)
            await refused_by_nats(client, other)
            assert await stream_of(relay) == await feed.expected()

        printed = await run_block(acme, feed.account.organization_id)
        assert len(printed) == 4
        assert all(" upload.requested.v1 upl_" in line for line in printed)


def denied(problems: list[Exception]) -> list[str]:
    return [str(each) for each in problems if "permissions violation" in str(each).lower()]


async def refused_by_nats(client: Client, other: Account) -> None:
    """Request data that an organization may not read: there is no answer."""
    theirs = f"upwell.{other.organization_id}.>"
    create = "$JS.API.CONSUMER.CREATE.UPWELL"
    ask = msgspec.json.encode({"stream_name": STREAM, "config": {"filter_subject": theirs, "ack_policy": "explicit"}})
    asked = {
        f"{create}.acme.{theirs}": ask,
        f"{create}.acme": ask,
        create: ask,
        f"{create}.other.{theirs}": ask,
        "$JS.API.CONSUMER.DURABLE.CREATE.UPWELL.acme": ask,
        "$JS.API.CONSUMER.MSG.NEXT.UPWELL.other": b"",
        "$JS.API.STREAM.MSG.GET.UPWELL": b'{"seq":1}',
        "$JS.API.DIRECT.GET.UPWELL": b'{"seq":1}',
        "$JS.API.STREAM.DELETE.UPWELL": b"",
        f"upwell.{other.organization_id}.upload.completed.v1": b"forged",
    }
    answers = await asyncio.gather(
        *(client.request(subject, body, timeout=1) for subject, body in asked.items()), return_exceptions=True
    )
    assert all(isinstance(each, TimeoutError | NatsError) for each in answers), answers


async def stream_of(relay: str) -> list[int]:
    """Return the messages of the stream, as a user that may read it by sequence."""
    async with connected(relay) as client:
        jetstream = client.jetstream()
        count = (await jetstream.stream_info(STREAM)).state.messages
        messages = [await jetstream.get_msg(STREAM, number + 1) for number in range(count)]
        return [int((each.headers or {})["Nats-Msg-Id"]) for each in messages]


async def run_block(url: str, organization_id: str) -> list[str]:
    """Run the reader of the page, and return its lines."""
    reader = next(block.source for block in blocks(PAGE) if block.kind == "python")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        reader,
        env={**os.environ, "NATS_URL": url, "ORGANIZATION_ID": organization_id},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().splitlines()


class Signer:
    """A signer for itself and for others, as in `nsc`: an operator, an account or a user."""

    def __init__(self, prefix: int) -> None:
        self.seed = nkeys.encode_seed(secrets.token_bytes(32), prefix)
        self._keys = nkeys.from_seed(bytearray(self.seed))
        self.name = self._keys.public_key.decode()

    def sign(self, other: "Signer", facts: Mapping[str, object]) -> str:
        """Return a JWT for another one, or for itself."""
        claims = {"jti": secrets.token_hex(8), "iat": 0, "iss": self.name, "sub": other.name, "nats": facts}
        parts = [encoded(msgspec.json.encode(each)) for each in ({"typ": "JWT", "alg": "ed25519-nkey"}, claims)]
        return ".".join([*parts, encoded(self._keys.sign(".".join(parts).encode()))])


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


async def test_it_connects_with_a_file_of_credentials(
    tmp_path: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters.nats.relay, "_CONNECTED_WITHIN", 1.0)
    operator, user = Signer(nkeys.PREFIX_BYTE_OPERATOR), Signer(nkeys.PREFIX_BYTE_USER)
    account, system = Signer(nkeys.PREFIX_BYTE_ACCOUNT), Signer(nkeys.PREFIX_BYTE_ACCOUNT)
    limits = dict.fromkeys(("subs", "data", "payload", "conn", "imports", "exports", "leaf"), -1)
    stored = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)  # not of the system account
    accounts = ", ".join(
        f"{each.name}: {operator.sign(each, {'type': 'account', 'version': 2, 'limits': limits | own})}"
        for each, own in ((account, stored), (system, {}))
    )
    token = account.sign(user, {"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1})
    credentials = tmp_path / "relay.creds"
    credentials.write_text(
        f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
    )
    more = (
        f"operator: {operator.sign(operator, {'type': 'operator', 'version': 2})}\n"
        f"system_account: {system.name}\nresolver: MEMORY\nresolver_preload: {{ {accounts} }}\n# authorization by these"
    )
    async with single(tmp_path, more) as server:
        with pytest.raises(RelayUnusableError, match=r"NATS cannot be used at .*uthorization"):
            await enter(server, STREAM)
        async with feed.process(server, UPWELL_NATS_CREDENTIALS=str(credentials)) as process:
            assert process.stdout is not None
            assert b"relay_begins" in await process.stdout.readline()
            await feed.caught_up()


async def test_a_missing_server_is_reported_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters.nats.relay, "_CONNECTED_WITHIN", 1.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RelayUnusableError, match=f"NATS cannot be used at {host}: ") as raised:
            async with open_relay(
                [f"nats://me:{secrets.token_hex()}@{host}"], stream=STREAM, replicas=1, end=partial(_at, 0)
            ):
                pass
        assert "me:" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "before", "sentence"),
    [
        ({}, "", "UPWELL_NATS_SERVERS is not set."),
        (
            {"UPWELL_NATS_SERVERS": "nats://127.0.0.1"},
            "import sys; sys.modules['nats'] = None",
            "uv sync --extra nats",
        ),
    ],
    ids=["without servers", "without the library"],
)
async def test_a_missing_setting_is_reported_in_a_sentence(
    settings: dict[str, str], before: str, sentence: str
) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("UPWELL_")}
    process = await run_upwell({**inherited, **settings}, before)
    printed, _ = await process.communicate()

    assert process.returncode == 2
    assert sentence in printed.decode()
    assert len(printed.decode().splitlines()) == 1
