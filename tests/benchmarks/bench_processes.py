"""One, two and four processes that write to one database: where the one writer's lock ends it.

Run: `uv run python -m tests.benchmarks.bench_processes [--seconds 5] [--rounds 3] [--appends 200]`. Creates go over
HTTP to `upwell serve --workers`, with 32 connections for each process; appends are those of `bench_appends`, without
HTTP, with 32 writers for each process. The rounds alternate between the numbers of processes.

`lock`: in which share of the samples some session held the writer's lock, and how many sessions waited for it on
average. `ceiling`: the rate divided by this share, which it cannot pass on this machine however many processes there
are; and a million divided by PostgreSQL's CPU microseconds, which it cannot pass on any machine with cores like these,
because what PostgreSQL does for an append, it does under the lock.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier

import uvloop

from adapters.postgres.database.connecting import connect
from tests.benchmarks.bench_appends import WRITERS, appends
from tests.benchmarks.bench_creates import BODY, print_durability
from tests.benchmarks.life import Meter
from tests.benchmarks.load import http_request, load
from tests.conftest import Database, Tenant
from tests.stack import Stack, stack

PROCESSES = (1, 2, 4)
HELD = """
SELECT count(*) FILTER (WHERE granted) AS holders, count(*) FILTER (WHERE NOT granted) AS waiting FROM pg_locks
WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = 7582370921
"""
SAMPLE_SECONDS = 0.02
_LOAD = """
import sys, uvloop
from tests.benchmarks.load import load
port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
found = uvloop.run(load(port, sys.stdin.buffer.read(), connections=connections, seconds=seconds))
print(found.requests_per_second, found.failures)
"""


@dataclass
class Round:
    """What one round gave. CPU in microseconds for each command."""

    rate: float
    cpu: dict[str, float]
    held: float
    waiting: float


@dataclass
class Watch:
    """Samples of the writer's lock."""

    database: Database
    samples: list[tuple[int, int]] = field(default_factory=list)

    async def run(self, until: asyncio.Event) -> None:
        """Take samples until the end."""
        owner = await connect(self.database.owner_url, role=None)
        while not until.is_set():
            [row] = await owner.fetch(HELD)
            self.samples.append((row["holders"], row["waiting"]))
            await asyncio.sleep(SAMPLE_SECONDS)
        await owner.close()


async def watched(database: Database, meter: Meter, work: Callable[[], tuple[int, float]]) -> Round:
    """Measure work in another thread, which returns a number of commands and seconds."""
    watch, done = Watch(database), asyncio.Event()
    watching = asyncio.create_task(watch.run(done))
    before = meter.read()
    count, seconds = await asyncio.to_thread(work)
    cpu = meter.since(before)
    done.set()
    await watching
    held = statistics.mean(min(holders, 1) for holders, _ in watch.samples)
    waiting = statistics.mean(waiting for _, waiting in watch.samples)
    return Round(count / seconds, {name: spent / count * 1e6 for name, spent in cpu.items()}, held, waiting)


def creates(running: Stack, tenant: Tenant, processes: int, seconds: float) -> Round:
    """Create uploads over HTTP."""
    service = f"serve --workers {processes}"
    running.begin(service)
    headers = {**tenant.headers, "Content-Type": "application/json"}
    request = http_request("/v1/buckets/files/uploads", BODY, headers)
    uvloop.run(load(running.port, request, connections=8 * processes, seconds=1))  # warm
    meter = Meter({"serve": running.processes[service].pid, "postgres": running.postgres.pid})

    def work() -> tuple[int, float]:
        command = [sys.executable, "-c", _LOAD, str(running.port), str(WRITERS * processes), str(seconds)]
        ran = subprocess.run(command, input=request, stdout=subprocess.PIPE, check=True)
        rate, failures = ran.stdout.split()
        assert failures == b"0", failures
        return round(float(rate) * seconds), seconds

    found = asyncio.run(watched(running.database, meter, work))
    process = running.processes.pop(service)
    process.terminate()
    process.wait()
    return found


_begin: Barrier


def _know(barrier: Barrier) -> None:
    global _begin  # noqa: PLW0603  # a barrier is only handed to a process when it begins
    _begin = barrier


def _append(database: Database, tenant: Tenant, each: int) -> tuple[float, float]:
    """Append in this process together with the others, and return when it began and ended."""
    uvloop.run(appends(database, tenant, 5))  # warm
    _begin.wait()
    began = time.monotonic()
    uvloop.run(appends(database, tenant, each))
    return began, time.monotonic()


def appending(running: Stack, tenant: Tenant, processes: int, each: int) -> Round:
    """Append without HTTP."""
    spawn = multiprocessing.get_context("spawn")

    barrier = spawn.Barrier(processes + 1)
    with ProcessPoolExecutor(processes, spawn, _know, (barrier,)) as pool:
        spans = [pool.submit(_append, running.database, tenant, each) for _ in range(processes)]
        barrier.wait()

        def work() -> tuple[int, float]:
            found = [span.result() for span in spans]
            return processes * WRITERS * each, max(end for _, end in found) - min(begin for begin, _ in found)

        return asyncio.run(watched(running.database, Meter({"postgres": running.postgres.pid}), work))


def report(name: str, rounds: dict[int, list[Round]]) -> None:
    """Print the medians."""
    print(
        f"\n{name:20} {'rate/s':>7} {'ratio':>6}  {'lock':>5} {'waiting':>8}  {'ceiling/s':>9} {'by CPU':>8}   CPU us"
    )

    def median(some: list[Round], of: Callable[[Round], float]) -> float:
        return statistics.median(map(of, some))

    for processes, some in rounds.items():
        rate, held = median(some, lambda one: one.rate), median(some, lambda one: one.held)
        waiting = median(some, lambda one: one.waiting)
        ratio = statistics.median(one.rate / first.rate for one, first in zip(some, rounds[1], strict=True))
        cpu = {key: statistics.median(one.cpu[key] for one in some) for key in some[0].cpu}
        print(
            f"  {processes} processes {'':6} {rate:7.0f} {ratio:6.2f}  {held:5.0%} {waiting:8.1f}"
            f"  {rate / held:8.0f} {1e6 / cpu['postgres']:8.0f}   "
            + ", ".join(f"{key} {value:.0f}" for key, value in cpu.items()),
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--appends", type=int, default=200, help="for each of 32 writers of each process")
    options = parser.parse_args()
    with stack() as running:
        asyncio.run(print_durability(running.database))
        tenant = running.tenant()
        created: dict[int, list[Round]] = {processes: [] for processes in PROCESSES}
        appended: dict[int, list[Round]] = {processes: [] for processes in PROCESSES}
        for _ in range(options.rounds):
            for processes in PROCESSES:
                created[processes].append(creates(running, tenant, processes, options.seconds))
                appended[processes].append(appending(running, tenant, processes, options.appends))
        report("creates", created)
        report("appends", appended)


if __name__ == "__main__":
    main()
