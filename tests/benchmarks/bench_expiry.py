"""Abandoned uploads that one worker expires a second, and the CPU time of each one.

Run: `uv run python -m tests.benchmarks.bench_expiry [--uploads 20000]`. The uploads are created over HTTP; then all of
them are made due at once, as they are after an outage, and a worker is started. PostgreSQL and S3 are real.
"""

import argparse
import asyncio
import time

import uvloop

from adapters.postgres.database.connecting import connect
from tests.benchmarks.bench_creates import BODY, print_durability
from tests.benchmarks.life import Meter
from tests.benchmarks.load import http_request, load
from tests.stack import Stack, stack


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=20_000)
    options = parser.parse_args()
    with stack({"UPWELL_LOG_LEVEL": "warning"}) as running:
        asyncio.run(print_durability(running.database))
        running.begin("serve")
        headers = {**running.tenant().headers, "Content-Type": "application/json"}
        request = http_request("/v1/buckets/files/uploads", BODY, headers)
        while asyncio.run(made_due(running)) < options.uploads:
            uvloop.run(load(running.port, request, connections=32, seconds=2))
        running.begin("worker")
        pids = {"worker": running.processes["worker"].pid}
        pids |= {"postgres": running.postgres.pid, "storage": running.storage.pid}
        asyncio.run(measure(running, Meter(pids)))


async def made_due(running: Stack) -> int:
    """Make the expiry of all uploads due, and return their number."""
    connection = await connect(running.database.owner_url, role=None)
    await connection.execute("UPDATE upwell.jobs SET due_at = now() - interval '1 minute' WHERE kind = 'expire'")
    count = int(await connection.fetchval("SELECT count(*) FROM upwell.jobs WHERE kind = 'expire'"))
    await connection.close()
    return count


async def measure(running: Stack, meter: Meter) -> None:
    """Wait until the first upload has expired, and then until all have."""
    connection = await connect(running.database.owner_url, role=None)

    async def left() -> int:
        return int(await connection.fetchval("SELECT count(*) FROM upwell.jobs WHERE kind = 'expire'"))

    first = begun = await left()
    while begun == first:
        await asyncio.sleep(0.01)
        begun = await left()
    before, began = meter.read(), time.perf_counter()
    while await left():
        await asyncio.sleep(0.1)
    seconds, cpu = time.perf_counter() - began, meter.since(before)
    jobs = await connection.fetch("SELECT kind, count(*) FROM upwell.jobs GROUP BY kind ORDER BY kind")
    await connection.close()
    print(f"{begun} uploads in {seconds:.1f} s: {begun / seconds:.0f}/s")
    for name, spent in cpu.items():
        print(f"  {name:9} {spent / begun * 1e6:6.0f} us of CPU for each")
    print(f"  jobs left: {', '.join(f'{row[1]} {row[0]}' for row in jobs)}")


if __name__ == "__main__":
    main()
