"""Let eight subscribers follow a million events while processes are killed, and compare their events.

Run: `uv run python scripts/soak_events.py [--events 1000000] [--every 10] [--seed N] [--only NAME ...]`. It starts a
PostgreSQL, an S3 and three NATS servers of its own, `upwell serve`, `upwell worker` and `upwell relay nats`, 32
writers that create and cancel uploads of two organizations over HTTP (two of them send bytes and confirm), and the
subscribers, each a process: server-sent events and long polls of each organization, a projection and an iterator of a
durable subscription, a projection of the library `eventsourcing`, and a reader of the JetStream stream. Every few
seconds one of all these, PostgreSQL included, is killed with SIGKILL and started again. A subscriber's only memory is
what it has taken.

At the end each one's events are compared with the log: every one once, in order, and none of another organization; so
are figures, and the queue of a webhook. Received events are never forgotten, so what any kill cost is missing then.
"""

import argparse
import array
import asyncio
import hashlib
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, aclosing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import nats
import uvloop
from nats.js.api import ConsumerConfig, DeliverPolicy

sys.path.insert(0, str(Path(__file__).parent.parent))

from adapters.postgres.database.connecting import SERVICE_ROLE, connect
from application.events.subscribing import Recorded
from application.ports.events.event_log import LogUnavailableError
from application.ports.events.subscriptions import LeaseLostError
from domain.events.event import topic_of
from domain.events.registry import BY_TAG
from entrypoints.wiring.operations import subscribing
from tests.benchmarks.load import http_request
from tests.conftest import ANY_RECEIVER_HERE, Tenant, free_port
from tests.library_projection import SCHEMA, keep_table
from tests.nats_cluster import Cluster
from tests.stack import NAME, Stack, kill_tree, stack
from tests.subscribers import make_webhook, missed

WRITERS = 32
FULL_EVERY = 16  # of so many writers one sends bytes
CANCEL_EVERY = 4
QUOTA = 10**12
STREAM = "SOAK"
CATCH_UP_SECONDS = 3600
RECORD = 24  # bytes: position, digest, and where to continue
STILL_SECONDS = 10
TABLES = {"projection": "soak.projected", "library": f"{SCHEMA}.seen"}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a process of this script. `readers`: headers by organization; `bodies`: one for each writer."""

    folder: str
    database_url: str
    library_url: str
    port: int
    nats: list[str]
    organizations: list[str]
    headers: list[dict[str, str]]


def digest(stream_id: str, topic: str) -> int:
    """Return a digest of an event's stream and topic."""
    return int.from_bytes(hashlib.blake2b(f"{stream_id} {topic}".encode(), digest_size=8).digest(), signed=True)


class Taken:
    """The file with the events of a subscriber; a half-written record of a kill is cut off."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size // RECORD * RECORD if path.exists() else 0
        self._file = path.open("ab", buffering=0)
        self._file.truncate(size)
        last = array.array("q", path.read_bytes()[-RECORD:])
        self.position, self.cursor = (last[0], last[2]) if size else (0, 0)

    def take(self, position: int, number: int, cursor: int | None = None) -> None:
        """Add an event."""
        self.position, self.cursor = position, position if cursor is None else cursor
        self._file.write(array.array("q", (position, number, self.cursor)).tobytes())


class Message(msgspec.Struct):
    """The relevant fields of an envelope."""

    id: str
    subject: str
    type: str


class Page(msgspec.Struct):
    """The relevant fields of a page of the feed."""

    events: list[Message]
    next_after: int


_messages = msgspec.json.Decoder(Message)
_page = msgspec.json.Decoder(Page)


async def read_stream(config: Config, taken: Taken, number: int) -> None:
    """Follow the server-sent events of an organization, and continue after the last one after an interruption."""
    reader, writer = await asyncio.open_connection("127.0.0.1", config.port, limit=1 << 20)
    headers = {**_bare(config, number), "Accept": "text/event-stream", "Last-Event-ID": str(taken.cursor)}
    writer.write(_get("/v1/events", headers))
    try:
        await _head(reader)
        while line := await reader.readline():
            if line.startswith(b'data: {"specversion'):
                event = _messages.decode(line[6:])
                taken.take(int(event.id), digest(event.subject, event.type))
    finally:
        writer.close()


async def poll(config: Config, taken: Taken, number: int) -> None:
    """Request page after page of an organization's events."""
    reader, writer = await asyncio.open_connection("127.0.0.1", config.port, limit=1 << 20)
    after = taken.cursor
    try:
        while True:
            writer.write(_get(f"/v1/events?after={after}&wait=20&limit=1000", _bare(config, number)))
            page = _page.decode(await reader.readexactly(await _head(reader)))
            for event in page.events:
                taken.take(int(event.id), digest(event.subject, event.type))
            after = page.next_after
    finally:
        writer.close()


class Projected:
    """A projection whose table is its file."""

    name = "soak.projected"
    topics = None

    async def project(self, transaction: Any, events: Sequence[Recorded]) -> None:  # noqa: ANN401  # the pool's proxy of a connection
        """Record the events."""
        await transaction.copy_records_to_table(
            "projected",
            schema_name="soak",
            columns=["position", "digest"],
            records=[(each.position, digest(each.stream_id, topic_of(each.event))) for each in events],
        )


async def project(config: Config) -> None:
    """Keep the table of a durable subscription."""
    async with subscribing(config.database_url, report=lambda *_: None) as subscribe:
        await subscribe.project(Projected(), asyncio.Event())


async def iterate(config: Config, taken: Taken) -> None:
    """Record the events of a durable subscription, except those before its kill."""
    async with (
        subscribing(config.database_url) as subscribe,
        aclosing(subscribe.events("soak.iterated")) as events,
    ):
        async for each in events:
            if each.position > taken.position:
                taken.take(each.position, digest(each.stream_id, topic_of(each.event)))


async def consume(config: Config, taken: Taken) -> None:
    """Record the messages of the JetStream stream, by sequence."""
    client = await nats.connect(config.nats, max_reconnect_attempts=-1, reconnect_time_wait=0.2, error_cb=_nothing)
    try:
        jetstream = client.jetstream(timeout=10)
        begin = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=taken.cursor + 1)
        subscription = await jetstream.subscribe(">", stream=STREAM, ordered_consumer=True, config=begin)
        while True:
            try:
                message = await subscription.next_msg(timeout=2)
            except TimeoutError:
                if (await jetstream.stream_info(STREAM)).state.last_seq > taken.cursor:
                    return  # the consumer was lost with its node
                continue
            sequence = message.metadata.sequence.stream
            if sequence != taken.cursor + 1:
                return
            event = _messages.decode(message.data)
            taken.take(int(event.id), digest(event.subject, event.type), sequence)
    finally:
        await client.close()


async def _nothing(_: Exception) -> None:
    """Errors of servers that restart are expected here."""


async def write(config: Config) -> None:
    """Create and cancel uploads until the end, and record the responses."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with (Path(config.folder) / "answered").open("ab", buffering=0) as answered:

        def note(upload_id: str) -> None:
            answered.write(f"{upload_id}\n".encode())

        async with asyncio.TaskGroup() as together:
            for number in range(WRITERS):
                one = upload_whole if number % FULL_EVERY == 0 else create_and_cancel
                together.create_task(_while(stop, one, config.port, config.headers[number % 2], note))


async def _while(
    stop: asyncio.Event,
    one: Callable[[int, dict[str, str], Callable[[str], None], asyncio.Event], Awaitable[None]],
    port: int,
    headers: dict[str, str],
    note: Callable[[str], None],
) -> None:
    while not stop.is_set():
        with suppress(OSError, asyncio.IncompleteReadError, httpx.HTTPError, KeyError):
            await one(port, headers, note, stop)
        await asyncio.sleep(0.1)


async def create_and_cancel(
    port: int, headers: dict[str, str], note: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Create uploads on one connection, and cancel some of them."""
    create = http_request("/v1/buckets/files/uploads", _body(1), {**headers, "Content-Type": "application/json"})
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        for number in range(10_000):
            if stop.is_set():
                return
            writer.write(create)
            upload_id: str = msgspec.json.decode(await reader.readexactly(await _head(reader)))["upload_id"]
            note(upload_id)
            if number % CANCEL_EVERY == 0:
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                writer.write(f"DELETE /v1/uploads/{upload_id} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
                await _head(reader)
    finally:
        writer.close()


async def upload_whole(port: int, headers: dict[str, str], note: Callable[[str], None], stop: asyncio.Event) -> None:
    """Create uploads, send their bytes and confirm them."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as api:
        while not stop.is_set():
            body = secrets.token_bytes(100)
            upload = (await api.post("/v1/buckets/files/uploads", json=msgspec.json.decode(_body(len(body))))).json()
            note(upload["upload_id"])
            await asyncio.to_thread(
                httpx.put, upload["presigned_url"], content=body, headers={"Content-Type": "video/mp4"}, timeout=30
            )
            await api.post(f"/v1/uploads/{upload['upload_id']}/confirm")


def _body(size_bytes: int) -> bytes:
    return msgspec.json.encode(
        {
            "filename": "a.mp4",
            "content_type": "video/mp4",
            "file_size_bytes": size_bytes,
            "blob_property": "video",
        }
    )


def _bare(config: Config, number: int) -> dict[str, str]:
    """Return the headers of a reader of all of an organization's namespaces."""
    return {"Authorization": config.headers[number]["Authorization"]}


def _get(path: str, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()


async def _head(reader: asyncio.StreamReader) -> int:
    """Read the head of a response, and return the length of its body. Raises `OSError` unless it is a success."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 2"):
        raise OSError(head)
    _, found, rest = head.lower().partition(b"content-length: ")
    return int(rest.split(b"\r\n")[0]) if found else 0


async def again(once: Callable[[], Awaitable[None]]) -> None:
    """Repeat a function, which ends when its server goes away."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError, nats.errors.Error, LeaseLostError, LogUnavailableError):
            await once()
        await asyncio.sleep(0.1)


def child(name: str, config: Config) -> None:
    """Be one of the processes of this script."""
    folder = Path(config.folder)
    kind, _, number = name.partition("-")
    if kind == "writers":
        uvloop.run(write(config))
    elif kind == "library":
        keep_table(config.library_url, tuple(BY_TAG), digest)
    elif kind == "projection":
        uvloop.run(again(lambda: project(config)))
    else:
        taken = Taken(folder / name)
        once: dict[str, Callable[[], Awaitable[None]]] = {
            "stream": lambda: read_stream(config, taken, int(number)),
            "poll": lambda: poll(config, taken, int(number)),
            "iterator": lambda: iterate(config, taken),
            "nats": lambda: consume(config, taken),
        }
        uvloop.run(again(once[kind]))


SUBSCRIBERS = {
    "stream-0": "server-sent events, organization 1",
    "stream-1": "server-sent events, organization 2",
    "poll-0": "long polls, organization 1",
    "poll-1": "long polls, organization 2",
    "projection": "durable subscription, projection",
    "iterator": "durable subscription, iterator",
    "library": "eventsourcing, projection",
    "nats": "NATS JetStream",
}


class Logged(NamedTuple):
    """An event of the log."""

    position: int
    digest: int
    stream_id: str
    topic: str
    organization_id: str


class Soak:
    """All processes, and the next one to kill."""

    def __init__(self, running: Stack, tenant: Tenant, cluster: Cluster, config: Config, names: Sequence[str]) -> None:
        self._stack = running
        self._tenant = tenant
        self._cluster = cluster
        self._config = config
        self._names = [*names]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: Counter[str] = Counter()

    def begin(self) -> None:
        """Start everything."""
        for command in ("serve", "worker", "relay nats"):
            self._stack.begin(command)
        make_webhook(self._tenant, f"http://127.0.0.1:{free_port()}/")  # no receiver is there: all deliveries wait
        for name in (*self._names, "writers"):
            self._start(name)

    def kill_one(self) -> None:
        """Kill a random process and restart it; also restart processes that ended on their own."""
        others = ["serve", "worker", "relay nats", "NATS server", "PostgreSQL"]
        victim = random.choice([*self._names, *others])  # noqa: S311  # chance, not a secret
        self.killed[victim] += 1
        if victim == "NATS server":
            node = random.randrange(3)  # noqa: S311  # the same
            self._cluster.kill(node)
            self._cluster.start(node)
        elif victim == "PostgreSQL":
            self._stack.restart_postgres()
        elif victim in others:
            self._stack.kill(victim)
            self._stack.begin(victim)
        else:
            kill_tree(self._processes[victim])
            self._start(victim)
        self.revive()

    def revive(self) -> None:
        """Restart ended processes."""
        for name, process in list(self._processes.items()):
            if process.poll() is not None:
                self._start(name)
        self._stack.revive()

    def stop_writers(self) -> None:
        """Let the writers finish."""
        writers = self._processes.pop("writers")
        writers.terminate()
        writers.wait(60)

    def end(self) -> None:
        """Kill the subscribers."""
        for process in self._processes.values():
            kill_tree(process)

    def _start(self, name: str) -> None:
        command = [sys.executable, __file__, "--child", name, msgspec.json.encode(self._config).decode()]
        with (Path(self._config.folder) / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def run(self, events: int, every: float) -> list[str]:
        """Run up to this many events, with a kill every so many seconds, and return the problems."""
        url = self._stack.database.owner_url
        began = time.monotonic()
        self.begin()
        head = 0
        while head < events:
            time.sleep(random.uniform(0.5 * every, 1.5 * every))  # noqa: S311  # a moment
            self.kill_one()
            head = asyncio.run(_head_of(url))
            if self.killed.total() % 10 == 0:
                print(f"{time.monotonic() - began:.0f} s: {head} events, {self.killed.total()} kills", flush=True)
        self.stop_writers()
        seconds = time.monotonic() - began
        head = settled(url)
        print(f"{head} events in {seconds:.0f} s, {self.killed.total()} kills: {dict(self.killed)}", flush=True)
        return self.compare(asyncio.run(_logged(url)), began + seconds)

    def compare(self, logged: Sequence[Logged], ended: float) -> list[str]:
        """Wait until each subscriber has seen all events, and return the problems."""
        folder, url = Path(self._config.folder), self._stack.database.owner_url
        wrong = []
        if [each.position for each in logged] != list(range(1, len(logged) + 1)):
            wrong.append("the feed has a gap")
        requested = {each.stream_id for each in logged if each.topic == "upload.requested.v1"}
        answered = {*(folder / "answered").read_text().split()}
        print(f"{len(answered)} creates were answered, {len(answered - requested)} of them are not in the log")
        if answered - requested:
            wrong.append("answered creates are not in the log")
        for name in self._names:
            wanted = wanted_of(name, logged, self._config.organizations)
            while (
                len(seen := seen_by(name, folder, url, len(logged))) < len(wanted)
                and time.monotonic() < ended + CATCH_UP_SECONDS
            ):
                self.revive()
                time.sleep(1)
            verdict = compare(seen, wanted)
            print(
                f"{SUBSCRIBERS[name]}: {len(seen)} of {len(wanted)} within {time.monotonic() - ended:.0f} s of the last"
                f" write: {verdict or 'each once, in order'}",
                flush=True,
            )
            wrong += [name] if verdict else []
        found = asyncio.run(missed(self._stack))
        print("\n".join(found) or "figures, and what is queued for a webhook: as logged", flush=True)
        return wrong + found


async def _head_of(database_url: str) -> int:
    connection = await connect(database_url, role=None)
    try:
        return int(await connection.fetchval("SELECT position FROM upwell.log_head"))
    finally:
        await connection.close()


async def _logged(database_url: str) -> list[Logged]:
    connection = await connect(database_url, role=None)
    rows = await connection.fetch(
        "SELECT notification_id, originator_id, topic, organization_id FROM upwell.upwell_events ORDER BY 1"
    )
    await connection.close()
    return [Logged(each[0], digest(each[1], each[2]), *each[1:]) for each in rows]


def settled(database_url: str) -> int:
    """Wait until the worker has nothing more to write, and return the position of the last event."""
    head, since = -1, time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        now = asyncio.run(_head_of(database_url))
        if now != head:
            head, since = now, time.monotonic()
        time.sleep(0.5)
    return head


def wanted_of(name: str, logged: Sequence[Logged], organizations: Sequence[str]) -> list[tuple[int, int]]:
    """Return the events that a subscriber must see."""
    kind, _, number = name.partition("-")
    own = {organizations[int(number)]} if kind in {"stream", "poll"} else None
    return [(each.position, each.digest) for each in logged if own is None or each.organization_id in own]


async def _rows(database_url: str, table: str) -> list[tuple[int, int]]:
    connection = await connect(database_url, role=None)
    try:
        rows = await connection.fetch(f"SELECT position, digest FROM {table} ORDER BY place")  # noqa: S608  # ours
    finally:
        await connection.close()
    return [(each[0], each[1]) for each in rows]


def seen_by(name: str, folder: Path, database_url: str, head: int) -> list[tuple[int, int]]:
    """Return the events of a subscriber up to a position, in its order."""
    if name in TABLES:
        seen = asyncio.run(_rows(database_url, TABLES[name]))
    else:
        path = folder / name
        records = array.array("q", path.read_bytes()[: path.stat().st_size // RECORD * RECORD])
        seen = list(zip(records[::3], records[1::3], strict=True))
    return [each for each in seen if each[0] <= head]


def compare(seen: Sequence[tuple[int, int]], wanted: Sequence[tuple[int, int]]) -> str:
    """Return the differences from the log; empty: there are none."""
    if seen == wanted:
        return ""
    positions = [each[0] for each in seen]
    twice = len(positions) - len({*positions})
    missing = len({each[0] for each in wanted} - {*positions})
    foreign = len({*positions} - {each[0] for each in wanted})
    return (
        f"WRONG: {missing} missing, {twice} twice, {foreign} that are not its own,"
        f" {'in order' if positions == sorted(positions) else 'out of order'}"
    )


async def prepare(database_url: str, library: str) -> None:
    """Create the tables of the projections, and the library's role, which may only read events."""
    connection = await connect(database_url, role=None)
    await connection.execute(f"""
        CREATE SCHEMA soak;
        CREATE TABLE soak.projected
            (place bigint GENERATED ALWAYS AS IDENTITY, position bigint NOT NULL, digest bigint NOT NULL);
        GRANT USAGE ON SCHEMA soak TO {SERVICE_ROLE};
        GRANT INSERT ON soak.projected TO {SERVICE_ROLE};
        CREATE ROLE {library} LOGIN;
        GRANT USAGE ON SCHEMA upwell TO {library};
        GRANT SELECT ON upwell.upwell_events TO {library};
        CREATE SCHEMA {library} AUTHORIZATION {library};
    """)
    await connection.close()


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--every", type=float, default=10, help="seconds between kills, about")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--only", nargs="+", choices=SUBSCRIBERS, default=[*SUBSCRIBERS])
    parser.add_argument("--child", nargs=2, metavar=("NAME", "CONFIG"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, config = options.child
        child(name, msgspec.json.decode(config, type=Config))
        return 0
    random.seed(options.seed)
    print(f"seed {options.seed}")
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="upwell-soak-")))
        cluster = Cluster(folder)
        undo.callback(cluster.stop)
        asyncio.run(cluster.ready())
        servers = {
            "UPWELL_NATS_SERVERS": ",".join(cluster.servers),
            "UPWELL_NATS_STREAM": STREAM,
            "UPWELL_NATS_REPLICAS": "3",
            **ANY_RECEIVER_HERE,
        }
        running = undo.enter_context(stack(servers))
        tenants = [running.tenant(quota_bytes=QUOTA) for _ in range(2)]
        asyncio.run(prepare(running.database.owner_url, SCHEMA))
        config = Config(
            folder=str(folder),
            database_url=running.database.url,
            library_url=running.postgres.url_for(SCHEMA, NAME),
            port=running.port,
            nats=cluster.servers,
            organizations=[each.caller.organization.organization_id for each in tenants],
            headers=[each.headers for each in tenants],
        )
        soak = Soak(running, tenants[0], cluster, config, options.only)
        undo.callback(soak.end)
        wrong = soak.run(options.events, options.every)
    for line in wrong:
        print(f"WRONG: {line}")
    print("each saw every event once, in order" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
