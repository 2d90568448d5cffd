"""The effect of a busy organization, or of an attacker, on a quiet one of the same process.

The quiet one announces 20 uploads a second; its p99 beside each neighbour is held to 2 times its p99 alone, and 10 ms.
Each round measures it alone and beside the neighbour, one after the other; what counts is the median of the rounds.

Two neighbours have large files verified. `large` compares the bytes of a file with a claim again and again, inside its
requests: another key's wrong claim is refused and changes nothing, so no file is sent between. `tasks` has new files
verified by a worker; they are sent before each round and deleted after it.

Run: `uv run python -m tests.benchmarks.bench_neighbours [--seconds 10] [--rounds 5] [--only lists …]`.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import psutil
import uvloop

from tests.benchmarks.bench_creates import BODY
from tests.benchmarks.load import http_request, load
from tests.conftest import Tenant
from tests.stack import Stack, stack

RATE = 20
LANES = 16
CONNECTIONS = 16
LISTS = 60
STORED = 20_000
LARGE_BYTES = 64 * 1024 * 1024  # read inside the request
TASK_BYTES = 128 * 1024 * 1024  # read by a worker
BYTES_A_SECOND = 800 * 1024 * 1024  # more than a worker reads

NEIGHBOUR = """
import asyncio, json, sys
import uvloop
from tests.benchmarks.load import load
port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
request = sys.stdin.buffer.read()
loaded = uvloop.run(load(port, request, connections=connections, seconds=seconds))
print(json.dumps(loaded))
"""

STREAMS = """
import asyncio, json, sys, time
import uvloop
port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
request = sys.stdin.buffer.read()
until = time.perf_counter() + seconds

async def read_again_and_again():
    events = 0
    while time.perf_counter() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        assert b" 200 " in await reader.readuntil(b"\\r\\n\\r\\n")
        read = 0
        while read < 5_000 and time.perf_counter() < until:
            read += (await reader.read(1 << 18)).count(b"data: ")
        events += read
        writer.close()
    return events

async def main():
    return sum(await asyncio.gather(*(read_again_and_again() for _ in range(connections)))) / seconds

print(json.dumps([uvloop.run(main())]))
"""

CONFIRMS = """
import json, sys, time
import httpx
port, seconds, given = int(sys.argv[1]), float(sys.argv[3]), json.load(sys.stdin)
began = time.perf_counter()
with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=given["headers"], timeout=60) as api:
    for upload in given["uploads"]:
        api.post(f"/v1/uploads/{upload}/confirm?async=true").raise_for_status()
    time.sleep(max(began + seconds - time.perf_counter(), 0))
    states = [api.get(f"/v1/uploads/{upload}").json()["status"] for upload in given["uploads"]]
assert "PROCESSING" in states, "send more files: the worker had verified all of them"
print(json.dumps([states.count("COMPLETED") / (time.perf_counter() - began)]))
"""

PROGRAMS = {"streams": STREAMS, "tasks": CONFIRMS}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    with stack({"UPWELL_RATE_LIMITS": "on", "UPWELL_LOG_LEVEL": "warning"}) as running:
        running.begin("serve")
        quiet, busy = running.tenant(), running.tenant()
        if not options.only or "lists" in options.only or "streams" in options.only:
            fill(running, busy)
        neighbours = requests_of(running, busy)
        for name, (connections, request) in neighbours.items():
            if not options.only or name in options.only:
                measure(running, quiet, name, connections, request, options.seconds, options.rounds)
        if not options.only or "tasks" in options.only:
            running.begin("worker")
            measure_tasks(running, quiet, busy, options.seconds, options.rounds)


def fill(running: Stack, busy: Tenant) -> None:
    """Give the busy one something to list."""
    request = http_request("/v1/buckets/files/uploads", BODY, {**busy.headers, "Content-Type": "application/json"})
    sent = 0
    while sent < STORED:
        loaded = uvloop.run(load(running.port, request, connections=32, seconds=2))
        sent += int(loaded.requests_per_second * 2)


def requests_of(running: Stack, busy: Tenant) -> Mapping[str, tuple[int, bytes]]:
    """Return by name the repeated requests of a neighbour, and their connections."""
    with httpx.Client(base_url=running.url, headers=busy.headers) as client:
        token = client.post("/v1/upload-tokens", json={"bucket": "files"}).json()["token"]
        upload = client.post("/v1/buckets/files/uploads", content=BODY).json()["upload_id"]
    of_json = {**busy.headers, "Content-Type": "application/json"}
    patterns = [{"field": "filename", "operator": "regex", "value": f"(a|b|{n})+.*{n}.*z$"} for n in range(50)]
    slow = json.dumps({"filters": {"OR": patterns}}).encode()
    narrow = {"Authorization": f"Bearer {token}"}
    stranger = {"Authorization": "Bearer sk_nobody"}
    return {
        "creates": (CONNECTIONS, http_request("/v1/buckets/files/uploads", BODY, of_json)),
        "large": (CONNECTIONS, large_request(running, busy)),
        "confirms": (CONNECTIONS, http_request(f"/v1/uploads/{upload}/confirm", b"", busy.headers)),
        "lists": (LISTS, http_request("/v1/buckets/files/uploads/list?include_total=true", slow, of_json)),
        "refused": (CONNECTIONS, http_request("/v1/upload-tokens", b"{}", narrow)),
        "streams": (CONNECTIONS, stream_request(busy)),
        "strangers": (CONNECTIONS, http_request("/v1/buckets/files/uploads", BODY, stranger)),
    }


def stream_request(busy: Tenant) -> bytes:
    """Return the request of a stream of all events from the first one."""
    lines = ["GET /v1/events?after=0 HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"]
    lines += [f"{name}: {value}" for name, value in busy.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def large_request(running: Stack, busy: Tenant) -> bytes:
    """Return the request that compares the bytes of a stored file with a wrong claim of another key."""
    with httpx.Client(base_url=running.url, headers=busy.headers, timeout=60) as client:
        (upload,) = send(client, 1, LARGE_BYTES)
        made = client.post("/v1/organizations/users/ann/api-keys", json={"name": "other"})
        made.raise_for_status()
        other = {**busy.headers, "Authorization": f"Bearer {made.json()['key']}"}
        path, body = f"/v1/uploads/{upload}/confirm", json.dumps({"file_hash": "0" * 64}).encode()
        refused = client.post(path, content=body, headers={**other, "Content-Type": "application/json"})
        assert refused.json()["error"]["code"] == "hash_mismatch", refused.text
    return http_request(path, body, {**other, "Content-Type": "application/json"})


def send(client: httpx.Client, count: int, size_bytes: int) -> list[str]:
    """Store new files, and return their uploads, none of them confirmed."""
    content = os.urandom(1024 * 1024) * (size_bytes // (1024 * 1024))
    uploads = []
    for _ in range(count):
        asked = {
            "filename": "film.mp4",
            "content_type": "video/mp4",
            "file_size_bytes": size_bytes,
            "skip_duplicates": False,
            "create_object_on_confirm": False,
            "multipart": "never",
        }
        made = client.post("/v1/buckets/files/uploads", json=asked)
        made.raise_for_status()
        url = made.json()["presigned_url"]
        httpx.put(url, content=content, headers={"Content-Type": "video/mp4"}, timeout=60).raise_for_status()
        uploads.append(made.json()["upload_id"])
    return uploads


def measure_tasks(running: Stack, quiet: Tenant, busy: Tenant, seconds: float, rounds: int) -> None:
    """Print the times of the quiet one beside a worker that verifies large files."""
    with httpx.Client(base_url=running.url, headers=busy.headers, timeout=60) as client:
        uploads: list[str] = []

        def files() -> bytes:
            delete(client, uploads)
            uploads[:] = send(client, int((seconds + 4) * BYTES_A_SECOND / TASK_BYTES), TASK_BYTES)
            return json.dumps({"headers": dict(busy.headers), "uploads": uploads}).encode()

        measure(running, quiet, "tasks", 1, files, seconds, rounds)


def delete(client: httpx.Client, uploads: Sequence[str]) -> None:
    """Delete uploads with their bytes, as soon as they are verified."""
    for upload in uploads:
        while client.get(f"/v1/uploads/{upload}").json()["status"] == "PROCESSING":
            time.sleep(0.1)
        client.delete(f"/v1/uploads/{upload}").raise_for_status()


def measure(
    running: Stack,
    quiet: Tenant,
    name: str,
    connections: int,
    request: bytes | Callable[[], bytes],
    seconds: float,
    rounds: int,
) -> None:
    """Print the times of the quiet one beside one neighbour. `request`: what its process reads, or makes it a round."""
    mine = http_request("/v1/buckets/files/uploads", BODY, {**quiet.headers, "Content-Type": "application/json"})
    rows = []
    for _ in range(rounds):
        given = request if isinstance(request, bytes) else request()
        alone = uvloop.run(felt(running.port, mine, seconds))
        before = used(running)
        neighbour = subprocess.Popen(
            [
                sys.executable,
                "-c",
                PROGRAMS.get(name, NEIGHBOUR),
                str(running.port),
                str(connections),
                str(seconds + 2),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert neighbour.stdin
        neighbour.stdin.write(given)
        neighbour.stdin.close()
        time.sleep(1.5)  # it is at full speed
        beside = uvloop.run(felt(running.port, mine, seconds))
        assert neighbour.stdout
        its: list[Any] = json.loads(neighbour.stdout.read() or "[0, 0, 0, 0]")
        neighbour.wait()
        rows.append((alone, beside, its[0], used(running) - before))
    bounds = [2 * row[0] + 10 for row in rows]
    over = statistics.median(row[1] / bound for row, bound in zip(rows, bounds, strict=True))
    each = [(round(row[0], 1), round(row[1], 1)) for row in rows]
    print(
        f"{name:10} alone {_median(rows, 0):7.1f} ms  beside {_median(rows, 1):7.1f} ms "
        f" of the bound {over:5.2f}  neighbour {_median(rows, 2):6.1f}/s"
        f"  service {_median(rows, 3) / (seconds + 2):4.0%} of a processor  {each}",
        flush=True,
    )


def used(running: Stack) -> float:
    """Return the processor seconds of the service."""
    return sum(psutil.Process(running.processes["serve"].pid).cpu_times()[:2])


def _median(rows: Sequence[tuple[float, ...]], column: int) -> float:
    return statistics.median(row[column] for row in rows)


async def felt(port: int, request: bytes, seconds: float) -> float:
    """Send a request 20 times a second, independent of earlier ones, and return the p99 in milliseconds."""
    lanes = [await asyncio.open_connection("127.0.0.1", port) for _ in range(LANES)]
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for lane in lanes:
        free.put_nowait(lane)
    times: list[float] = []

    async def one(due: float) -> None:
        reader, writer = lane = await free.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head[:16], head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append(time.perf_counter() - due)
        free.put_nowait(lane)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as together:
        for number in range(int(seconds * RATE)):
            due = began + number / RATE
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            together.create_task(one(due))
    for _, writer in lanes:
        writer.close()
    return statistics.quantiles(times, n=100)[98] * 1000


if __name__ == "__main__":
    main()
