"""The whole life of an upload: create, PUT, confirm, get; each step beside a floor of the same run. Ratios come first.

Run: `uv run python -m tests.benchmarks.life [--files 2000] [--rounds 5] [--clients 1 32 128] [--bytes 1024]`
with `--json FILE` for the figures as JSON.

Each round first does each step with all files, in a closed loop (every client sends its next request after the last
response), so that CPU time belongs to one step. Then each client takes its files through all four steps: in a closed
loop, and in an open one, at 0.7 of that rate, independent of earlier files; a time there begins when the file is
due. Floors: a route that parses the same body and answers at once (`noop`), and a program that signs, reads, hashes and
commits one row per file (`floor`). CPU time is that of processes with their children.
"""

import argparse
import asyncio
import json
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import psutil
import uvloop

from adapters.postgres.database.connecting import connect
from tests.benchmarks.bench_creates import NOOP, print_durability
from tests.conftest import free_port
from tests.stack import Stack, stack

STEPS = ("create", "put", "confirm", "get")
OPEN_SHARE = 0.7
BODY = {
    "filename": "report.txt",
    "content_type": "text/plain",
    "metadata": {"campaign": "summer_2024", "source": "mobile_app"},
    "create_object_on_confirm": True,
    "blob_property": "text",
}


class Line(asyncio.Protocol):
    """A connection with one request in flight."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or self._answer is None:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) >= length:
            self._buffer = b""
            self._answer.set_result((int(head[9:12]), body))
            self._answer = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None:
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the response."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    async def send(self, request: bytes) -> bytes:
        """Return the body of the response, which is a success."""
        status, body = await self.ask(request)
        assert status in {200, 201}, (status, body[:500])
        return body

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def lines(port: int, count: int) -> AsyncIterator[list[Line]]:
    """Yield open connections to a port."""
    loop = asyncio.get_running_loop()
    made = [(await loop.create_connection(Line, "127.0.0.1", port))[1] for _ in range(count)]
    yield made
    for line in made:
        line.close()


def http_request(method: str, target: str, host: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return a whole request."""
    named = {"Host": host, "Content-Length": str(len(body)), **headers}
    return (
        "\r\n".join([f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in named.items()), "", ""]).encode() + body
    )


@dataclass
class File:
    """One file on its way."""

    content: bytes
    upload_id: str = ""
    url: str = ""
    key: str = ""


@dataclass
class Way:
    """The requests that take a file through its steps."""

    headers: dict[str, str]
    port: int

    def request(self, step: str, file: File) -> bytes:
        """Return the next request of a file."""
        host = f"127.0.0.1:{self.port}"
        match step:
            case "create":
                body = json.dumps({**BODY, "file_size_bytes": len(file.content)}).encode()
                headers = {**self.headers, "Content-Type": "application/json"}
                return http_request("POST", "/v1/buckets/files/uploads", host, headers, body)
            case "put":
                url = urlsplit(file.url)
                headers = {"Content-Type": "text/plain"}
                return http_request("PUT", f"{url.path}?{url.query}", url.netloc, headers, file.content)
            case "confirm":
                return http_request("POST", f"/v1/uploads/{file.upload_id}/confirm", host, self.headers)
            case _:
                return http_request("GET", f"/v1/uploads/{file.upload_id}", host, self.headers)

    async def take(self, step: str, file: File, line: Line) -> None:
        """Do one step of a file."""
        body = await line.send(self.request(step, file))
        if step == "create":
            answer = json.loads(body)
            file.upload_id, file.url, file.key = answer["upload_id"], answer["presigned_url"], answer["s3_key"]
        elif step == "confirm":
            assert b'"status":"COMPLETED"' in body, body


@dataclass
class Figures:
    """The cost of one step of one round. Times in seconds; CPU seconds by process."""

    count: int
    seconds: float
    times: list[float]
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Files a second."""
        return self.count / self.seconds

    def cut(self, percent: int) -> float:
        """Return a percentile of the times, in milliseconds."""
        return statistics.quantiles(self.times, n=100)[percent - 1] * 1000 if len(self.times) > 1 else 0.0

    def cpu_us(self, process: str) -> float:
        """Return the CPU time of a process for each file, in microseconds."""
        return self.cpu.get(process, 0.0) / self.count * 1e6


class Meter:
    """The CPU time of processes with their children, by name."""

    def __init__(self, processes: dict[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in processes.items()}

    def read(self) -> dict[str, float]:
        """Return the CPU seconds until now."""
        return {name: _cpu(process) for name, process in self._processes.items()}

    def since(self, before: dict[str, float]) -> dict[str, float]:
        """Return the CPU seconds since a reading."""
        return {name: now - before[name] for name, now in self.read().items()}


def _cpu(process: psutil.Process) -> float:
    spent = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent += times.user + times.system + (times.children_user + times.children_system if one == process else 0)
    return spent


async def closed(
    files: Iterable[File], step: Callable[[File, int], Awaitable[None]], clients: int, meter: Meter
) -> Figures:
    """Let each client take its next file after the last one."""
    left, times = iter(files), list[float]()

    async def client(number: int) -> None:
        for file in left:
            began = time.perf_counter()
            await step(file, number)
            times.append(time.perf_counter() - began)

    before, began = meter.read(), time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    return Figures(len(times), time.perf_counter() - began, times, meter.since(before))


async def opened(
    files: Sequence[File], step: Callable[[File, int], Awaitable[None]], clients: int, rate: float, meter: Meter
) -> Figures:
    """Begin a file when it is due, on the first connection that is free."""
    free: asyncio.Queue[int] = asyncio.Queue()
    for number in range(clients):
        free.put_nowait(number)
    times: list[float] = []

    async def one(file: File, due: float) -> None:
        number = await free.get()
        await step(file, number)
        free.put_nowait(number)
        times.append(time.perf_counter() - due)

    before, began = meter.read(), time.perf_counter()
    async with asyncio.TaskGroup() as together:
        for count, file in enumerate(files):
            due = began + count / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            together.create_task(one(file, due))
    return Figures(len(files), time.perf_counter() - began, times, meter.since(before))


@dataclass
class Bench:
    """The measurement and its environment."""

    running: Stack
    way: Way
    noop_port: int
    meter: Meter
    size: int

    def files(self, count: int) -> list[File]:
        """Return new files of random text."""
        return [File(secrets.token_hex(self.size // 2 + 1)[: self.size].encode()) for _ in range(count)]

    async def round(self, clients: int, count: int) -> dict[str, Figures]:
        """Measure each step, both loops and both floors once."""
        found: dict[str, Figures] = {}
        storage_port = urlsplit(self.running.storage.endpoint_url).port or 80
        files = self.files(count)
        async with (
            lines(self.way.port, clients) as ours,
            lines(storage_port, clients) as storage,
            lines(self.noop_port, clients) as noops,
        ):

            def to(step: str) -> list[Line]:
                return storage if step == "put" else ours

            create = self.way.request("create", files[0])
            found["noop"] = await closed(files, lambda _, n: _drop(noops[n].send(create)), clients, self.meter)
            for step in STEPS:

                async def take(file: File, number: int, step: str = step) -> None:
                    await self.way.take(step, file, to(step)[number])

                found[step] = await closed(files, take, clients, self.meter)

            async def life(file: File, number: int) -> None:
                for step in STEPS:
                    await self.way.take(step, file, to(step)[number])

            found["closed"] = await closed(self.files(count), life, clients, self.meter)
            rate = found["closed"].rate * OPEN_SHARE
            found["open"] = await opened(self.files(count), life, clients, rate, self.meter)
        found["floor"] = await asyncio.to_thread(self.floor, [file.key for file in files], clients)
        return found

    def floor(self, keys: list[str], clients: int) -> Figures:
        """Run the program that only signs, reads, hashes and commits."""
        storage = self.running.storage
        given = {
            "endpoint_url": storage.endpoint_url,
            "bucket": self.running.environment["UPWELL_S3_BUCKET"],
            "region": storage.region,
            "access_key_id": storage.access_key_id,
            "secret_access_key": storage.secret_access_key,
            "database_url": self.running.database.owner_url,
            "keys": keys,
            "clients": clients,
        }
        before = self.meter.read()
        ran = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.floor"],
            input=json.dumps(given).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        cpu, took = self.meter.since(before), json.loads(ran.stdout)
        return Figures(len(keys), took["seconds"], [], cpu | {"serve": took["cpu_seconds"]})


async def _drop(awaited: Awaitable[object]) -> None:
    await awaited


def report(clients: int, rounds: Sequence[dict[str, Figures]]) -> dict[str, Any]:
    """Print the figures of one number of clients, ratios first, and return them."""

    def ratio(of: Callable[[Figures], float], step: str, floor: str) -> float:
        return statistics.median(of(each[step]) / of(each[floor]) for each in rounds)

    ratios = {
        "create / no-op": ratio(_rate, "create", "noop"),
        "confirm / floor": ratio(_rate, "confirm", "floor"),
        "confirm CPU / floor CPU": ratio(_serve_us, "confirm", "floor"),
        "get / no-op": ratio(_rate, "get", "noop"),
    }
    print(f"\n{clients} clients, {rounds[0]['create'].count} files, {len(rounds)} rounds (medians)")
    for name, value in ratios.items():
        print(f"  {name:24} {value:6.2f}")
    print(f"  {'':8} {'rate/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'serve us':>9} {'postgres us':>12} {'storage us':>11}")
    rows: dict[str, Any] = {}
    for name in ("noop", *STEPS, "floor", "closed", "open"):
        measured = [each[name] for each in rounds]
        row = {
            "rate": statistics.median(each.rate for each in measured),
            "p50_ms": statistics.median(each.cut(50) for each in measured),
            "p99_ms": statistics.median(each.cut(99) for each in measured),
        }
        for process in ("serve", "postgres", "storage"):
            row[f"{process}_us"] = statistics.median(each.cpu_us(process) for each in measured)
        rows[name] = row
        cells = zip(row.values(), (8, 8, 8, 9, 12, 11), (0, 1, 1, 0, 0, 0), strict=True)
        print(f"  {name:8} " + " ".join(f"{value:{width}.{digits}f}" for value, width, digits in cells), flush=True)
    return {"clients": clients, "ratios": ratios, "steps": rows}


def _rate(figures: Figures) -> float:
    return figures.rate


def _serve_us(figures: Figures) -> float:
    return figures.cpu_us("serve")


async def database_bytes(running: Stack) -> int:
    """Return the size of the database."""
    connection = await connect(running.database.owner_url, role=None)
    await connection.execute("CHECKPOINT")
    size = int(await connection.fetchval("SELECT pg_database_size(current_database())"))
    await connection.close()
    return size


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its children."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 32, 128])
    parser.add_argument("--bytes", type=int, default=1024)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with stack({"UPWELL_RATE_LIMITS": "on", "UPWELL_LOG_LEVEL": "warning"}) as running:
        asyncio.run(print_durability(running.database))
        noop_port = free_port()
        noop = subprocess.Popen([sys.executable, "-c", NOOP.format(port=noop_port)])
        try:
            running.begin("serve")
            serve = running.processes["serve"].pid
            idle = resident_bytes(serve)
            pids = {"serve": serve, "postgres": running.postgres.pid, "storage": running.storage.pid, "noop": noop.pid}
            bench = Bench(running, Way(running.tenant().headers, running.port), noop_port, Meter(pids), options.bytes)
            uvloop.run(bench.round(8, 200))  # warm
            results = []
            before, uploads = asyncio.run(database_bytes(running)), 0
            for clients in options.clients:
                files = max(options.files // 4, 100) if clients == 1 else options.files
                rounds = [uvloop.run(bench.round(clients, files)) for _ in range(options.rounds)]
                uploads += 3 * files * options.rounds
                results.append(report(clients, rounds))
            grown = asyncio.run(database_bytes(running)) - before
            memory = {"idle": idle, "after": resident_bytes(serve)}
            print(f"\ndatabase: {grown / uploads:.0f} B for a completed upload with its object, {uploads} uploads")
            print(f"memory of serve: idle {memory['idle'] / 1e6:.0f} MB, after {memory['after'] / 1e6:.0f} MB")
        finally:
            noop.terminate()
            noop.wait()
    if options.json:
        summary = {"results": results, "bytes_per_completed_upload": grown / uploads, "memory": memory}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
