"""How soon a live subscriber gets an event, and what subscribers cost callers that create uploads.

Run: `uv run python -m tests.benchmarks.bench_events [--seconds 10] [--idle 1000] [--streams 10000] [--rounds 5]
[--only latency cost idle]`.

Latency is from the answer to a create until its event has arrived at a subscriber (negative: before the answer), on a
stream of the process that answers, and on one of another process. What subscribers cost is a ratio of creates per
second with them and without, in rounds that alternate; a worker delivers every upload to webhooks, on the same cores.
`--streams 10000` opens so many idle streams on one process, and measures its memory and its processor time, those of no
streams beside them, and how soon all of them get one event.
"""

import argparse
import asyncio
import contextlib
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import httpx
import msgspec
import psutil
import uvloop

from tests.benchmarks.bench_creates import BODY
from tests.benchmarks.load import http_request, load
from tests.conftest import ANY_RECEIVER_HERE, Tenant, free_port, wait_ready
from tests.stack import stack

CONNECTIONS = 16
LOADING = 32
LOADING_SECONDS = 3
FOLLOWING = 10
WEBHOOKS = 2
OPENING = 64


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=["latency", "cost", "idle"])
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    many = dict.fromkeys(
        ("UPWELL_MAX_CONNECTIONS", "UPWELL_MAX_CONNECTIONS_PER_ADDRESS", "UPWELL_STREAMS_PER_KEY"),
        str(max(options.streams + 1000, 4096)),
    )
    with stack(ANY_RECEIVER_HERE | many) as running:
        running.begin("serve")
        running.begin("worker")
        tenant = running.tenant()
        server = psutil.Process(running.processes["serve"].pid)
        if "idle" in options.only:
            uvloop.run(idle(running.port, tenant, server, options.streams, options.seconds))
        if "latency" in options.only:
            other = free_port()
            running.own["serve #2"] = {"UPWELL_PORT": str(other)}
            running.begin("serve #2")
            wait_ready(f"http://127.0.0.1:{other}", running.processes["serve #2"])
            for rate in (100, 2000):
                for where, port in (("the same", running.port), ("another", other)):
                    uvloop.run(latency(running.port, port, where, tenant, rate, options.seconds))
            running.kill("serve #2")
        for what, count, query, webhooks in (
            ("follow", FOLLOWING, "", 0),
            ("follow", FOLLOWING, "", WEBHOOKS),
            ("wait for what never comes", options.idle, IDLE, 0),
        ):
            if "cost" in options.only:
                uvloop.run(cost(running.port, tenant, server, what, count, query, webhooks, options.rounds))


IDLE = "&types=bucket.deleted"


def create(tenant: Tenant) -> bytes:
    return http_request("/v1/buckets/files/uploads", BODY, {**tenant.headers, "Content-Type": "application/json"})


async def idle(port: int, tenant: Tenant, server: psutil.Process, count: int, seconds: float) -> None:
    """Open streams, and print what each costs the process while nothing happens, and how soon all get an event."""

    async def processor_share() -> float:
        before, began = sum(server.cpu_times()[:2]), time.perf_counter()
        await asyncio.sleep(seconds)
        return (sum(server.cpu_times()[:2]) - before) / (time.perf_counter() - began)

    alone = await processor_share()
    memory, processor, began = server.memory_info().rss, sum(server.cpu_times()[:2]), time.perf_counter()
    async with contextlib.AsyncExitStack() as streams:
        opening = asyncio.Semaphore(OPENING)
        readers: list[asyncio.StreamReader] = []

        async def open_one() -> None:
            async with opening:
                readers.append(await streams.enter_async_context(following(port, tenant, "&types=upload.requested")))

        async with asyncio.TaskGroup() as together:
            for _ in range(count):
                together.create_task(open_one())
        took = time.perf_counter() - began
        opened = sum(server.cpu_times()[:2]) - processor
        kept = server.memory_info().rss - memory
        share = await processor_share()
        arrived = asyncio.gather(*(reader.readuntil(b"data: ") for reader in readers))
        made, processor = time.perf_counter(), sum(server.cpu_times()[:2])
        await load(port, create(tenant), connections=2, seconds=0)
        await arrived
        last = time.perf_counter() - made
        sent = sum(server.cpu_times()[:2]) - processor
    print(
        f"{count} idle streams, opened in {took:.1f} s with {opened / count * 1e6:.0f} µs of processor time each:"
        f" {kept / 1024 / count:.1f} KiB of memory each,"
        f" {share:.1%} of a processor while idle, {alone:.1%} without them,"
        f" {(share - alone) / count * 1e6:.1f} µs each a second;"
        f" the first of two events had reached all in {last * 1000:.0f} ms, {sent / count * 1e6:.0f} µs each"
    )


async def latency(port: int, other: int, where: str, tenant: Tenant, rate: int, seconds: float) -> None:
    """Create uploads at a rate, and print the delay of each event after its answer, on a stream of a process."""
    answered: dict[bytes, float] = {}
    arrived: dict[bytes, float] = {}
    async with following(other, tenant, "&types=upload.requested") as reader:
        listening = asyncio.create_task(listen(reader, arrived))
        began = time.perf_counter()
        every = CONNECTIONS / rate
        await asyncio.gather(
            *(
                paced(port, tenant, answered, began + number * every / CONNECTIONS, every, seconds)
                for number in range(CONNECTIONS)
            )
        )
        until = time.perf_counter() + 10
        while answered.keys() - arrived.keys() and time.perf_counter() < until:
            await asyncio.sleep(0.05)
        listening.cancel()
    late = sorted((arrived[each] - at) * 1000 for each, at in answered.items() if each in arrived)
    print(
        f"{rate} events/s asked for, {len(answered) / seconds:.0f} made: {len(late)} of {len(answered)} arrived on a"
        f" stream of {where} process, p50 {late[len(late) // 2]:.2f} ms, p99 {late[len(late) * 99 // 100]:.2f} ms after"
        " the answer"
    )


async def paced(
    port: int, tenant: Tenant, answered: dict[bytes, float], begin: float, every: float, seconds: float
) -> None:
    """Create an upload at intervals on a separate connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = create(tenant)
    due = begin
    while due < begin + seconds:
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        answered[upload_in(body)] = time.perf_counter()
        due += every
    writer.close()


async def listen(reader: asyncio.StreamReader, arrived: dict[bytes, float]) -> None:
    """Note when the event of each upload arrives."""
    while True:
        line = await reader.readline()
        if line.startswith(b"data: "):
            arrived[upload_in(line)] = time.perf_counter()


def upload_in(text: bytes) -> bytes:
    begin = text.index(b'"upl_') + 1
    return text[begin : text.index(b'"', begin)]


@contextlib.asynccontextmanager
async def following(port: int, tenant: Tenant, query: str) -> AsyncIterator[asyncio.StreamReader]:
    """Open a stream of new events."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    headers = "".join(f"{name}: {value}\r\n" for name, value in tenant.headers.items())
    writer.write(
        f"GET /v1/events?after=latest{query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n{headers}\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:16]:
        raise SystemExit(head.decode())
    try:
        yield reader
    finally:
        writer.close()


async def drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


class Receivers:
    """Receivers of webhooks, in a separate process, because this one is busy."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, "-m", "tests.receiver", str(count)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._count = count
        self.ports = self._read()

    def received(self) -> list[int]:
        """Return how many messages each has had."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> None:
        """Stop them."""
        self._process.communicate()

    def _read(self) -> list[int]:
        assert self._process.stdout is not None
        return [int(each) for each in self._process.stdout.readline().split()]


@contextlib.asynccontextmanager
async def listening(tenant: Tenant, receivers: Receivers) -> AsyncIterator[None]:
    """Create webhooks for every upload, with deliveries under way."""
    async with httpx.AsyncClient(base_url=tenant.url, headers=tenant.headers) as client:
        for port in receivers.ports:
            body = {
                "webhook_name": f"hook-{port}",
                "event_types": ["upload.requested"],
                "channels": [{"channel": "webhook", "configs": {"url": f"http://127.0.0.1:{port}/"}}],
            }
            (await client.post("/v1/organizations/webhooks/", json=body)).raise_for_status()
        before = receivers.received()
        upload = msgspec.json.decode(BODY)
        (await client.post("/v1/buckets/files/uploads", json=upload)).raise_for_status()
        while any(now == then for now, then in zip(receivers.received(), before, strict=True)):
            await asyncio.sleep(0.05)
        try:
            yield
        finally:
            for port in receivers.ports:
                (await client.delete(f"/v1/organizations/webhooks/hook-{port}")).raise_for_status()


async def cost(
    port: int,
    tenant: Tenant,
    server: psutil.Process,
    what: str,
    count: int,
    query: str,
    webhooks: int,
    rounds: int,
) -> None:
    """Print creates per second with so many subscribers, as a ratio to those without."""
    request = create(tenant)
    ratios: list[float] = []
    kept = 0.0
    receivers = Receivers(webhooks)
    for _ in range(rounds):
        without = await load(port, request, connections=LOADING, seconds=LOADING_SECONDS)
        before = server.memory_info().rss
        async with contextlib.AsyncExitStack() as streams:
            readers = [await streams.enter_async_context(following(port, tenant, query)) for _ in range(count)]
            draining = [asyncio.create_task(drain(reader)) for reader in readers]
            kept = kept or (server.memory_info().rss - before) / count
            await streams.enter_async_context(listening(tenant, receivers))
            loaded = await load(port, request, connections=LOADING, seconds=LOADING_SECONDS)
            for task in draining:
                task.cancel()
        ratios.append(loaded.requests_per_second / without.requests_per_second)
        await asyncio.sleep(1)  # the server notices that they are gone
    total = sum(receivers.received())
    receivers.end()
    others = f" and {webhooks} webhooks, which got {total / rounds:.0f} messages a round" if webhooks else ""
    print(
        f"{count} streams that {what}{others}: creates/s {statistics.median(ratios):.2f} of those without"
        f" {[round(ratio, 2) for ratio in ratios]}, {kept / 1024:.1f} KiB of memory each"
    )


if __name__ == "__main__":
    main()
