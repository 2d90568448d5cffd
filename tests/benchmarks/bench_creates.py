"""Creates per second on the real PostgreSQL, as a ratio to a Litestar route that does nothing with the same body.

Run: `uv run python -m tests.benchmarks.bench_creates [--seconds 5] [--rounds 3]`. Both servers are uvicorn with one
process; the rounds alternate, so that a noisy machine is noisy for both.

With one connection, the time of a create is also divided by that of a request that does nothing and of a bare insert of
as many bytes as an event, committed on a connection of its own, together: the least that a create can take.
"""

import argparse
import asyncio
import secrets
import statistics
import subprocess
import sys
import time

import uvloop

from adapters.postgres.database.connecting import connect
from tests.benchmarks.load import Load, http_request, load
from tests.conftest import Database, free_port
from tests.stack import stack

BODY = (
    b'{"filename":"product_video.mp4","content_type":"video/mp4","file_size_bytes":10485760,'
    b'"blob_property":"video","metadata":{"campaign":"summer_2024","source":"mobile_app"}}'
)
EVENT_BYTES = 1024
NOOP = """
import uvicorn
from entrypoints.http.transport.server import options
uvicorn.run("tests.benchmarks.noop:create_app", factory=True, **options("127.0.0.1", {port}) | {{"http": "httptools"}})
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with stack({"UPWELL_RATE_LIMITS": "on", "UPWELL_LOG_LEVEL": "warning"}) as running:
        asyncio.run(print_durability(running.database))
        noop_port = free_port()
        noop = subprocess.Popen([sys.executable, "-c", NOOP.format(port=noop_port)])
        try:
            running.begin("serve")
            request = http_request(
                "/v1/buckets/files/uploads", BODY, {**running.tenant().headers, "Content-Type": "application/json"}
            )
            for connections in (1, 32):
                measure(request, running.port, noop_port, connections, options.seconds, options.rounds)
            least(request, running.port, noop_port, running.database, options.seconds, options.rounds)
        finally:
            noop.terminate()
            noop.wait()


def least(request: bytes, port: int, noop_port: int, database: Database, seconds: float, rounds: int) -> None:
    """Alternate creates with their least on one connection, and print the median times."""
    results: dict[str, list[float]] = {"no-op": [], "insert": [], "create": []}
    for _ in range(rounds):
        results["no-op"].append(uvloop.run(load(noop_port, request, connections=1, seconds=seconds)).p50_ms)
        results["insert"].append(uvloop.run(insert_ms(database, seconds)))
        results["create"].append(uvloop.run(load(port, request, connections=1, seconds=seconds)).p50_ms)
    medians = {name: statistics.median(times) for name, times in results.items()}
    print("1 connection, p50:", ", ".join(f"{name} {ms:.2f} ms" for name, ms in medians.items()))
    ratios = [
        create / (noop + insert)
        for noop, insert, create in zip(results["no-op"], results["insert"], results["create"], strict=True)
    ]
    print(f"  create / (no-op + insert) {statistics.median(ratios):.2f}  {[round(one, 2) for one in ratios]}")


async def insert_ms(database: Database, seconds: float) -> float:
    """Return the median time of a committed insert, in ms."""
    connection = await connect(database.owner_url, role=None)
    await connection.execute("CREATE TABLE IF NOT EXISTS bare (state bytea)")
    row, times = secrets.token_bytes(EVENT_BYTES), list[float]()
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        await connection.execute("INSERT INTO bare VALUES ($1)", row)
        times.append(time.perf_counter() - began)
    await connection.close()
    return statistics.median(times) * 1000


async def print_durability(database: Database) -> None:
    """Print whether a commit is one."""
    connection = await connect(database.owner_url, role=None)
    for setting in ("fsync", "synchronous_commit"):
        print(f"{setting} = {await connection.fetchval(f'SHOW {setting}')}")
    await connection.close()


def measure(request: bytes, port: int, noop_port: int, connections: int, seconds: float, rounds: int) -> None:
    """Alternate between both servers and print medians; the ratio's is of the rounds' own ratios."""
    results: dict[str, list[Load]] = {"no-op": [], "create": []}
    for _ in range(rounds):
        for name, target in (("no-op", noop_port), ("create", port)):
            results[name].append(uvloop.run(load(target, request, connections=connections, seconds=seconds)))
    print(f"{connections} connections", [round(x.requests_per_second) for x in results["create"]])
    for name, loads in results.items():
        rate = statistics.median(one.requests_per_second for one in loads)
        p50 = statistics.median(one.p50_ms for one in loads)
        p99 = statistics.median(one.p99_ms for one in loads)
        failures = sum(one.failures for one in loads)
        print(f"  {name:7} {rate:8.0f}/s  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  failures {failures}")
    ratios = [
        create.requests_per_second / noop.requests_per_second
        for create, noop in zip(results["create"], results["no-op"], strict=True)
    ]
    print(f"  ratio   {statistics.median(ratios):8.2f}  {[round(one, 2) for one in ratios]}")


if __name__ == "__main__":
    main()
