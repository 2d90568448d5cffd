"""The cost of 2,000 idle and slow connections: memory, and the waiting time of others.

python -m tests.benchmarks.bench_connections [--connections 2000] [--seconds 30] [--files 20000]
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import statistics
import time

import httpx
import psutil

from tests.conftest import Tenant, start, wait_ready
from tests.stack import stack

CRAWLS = (
    b"",  # silence
    b"GET / HTTP/1.1\r\nX-Slow: ",  # a head that arrives byte by byte
    b"POST /v1/buckets/files/uploads HTTP/1.1\r\nHost: u\r\nContent-Length: 1000000\r\n\r\n",  # no key, and no body
    b"GET /healthz HTTP/1.1\r\nHost: u\r\n\r\n",  # one request, then silence
    b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 60_000,  # nearly as large as a head may be
)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--files", type=int, help="the service's limit of open files")
    asked = parser.parse_args()
    with stack() as made:
        tenant = made.tenant()
        limited = [] if asked.files is None else ["sh", "-c", f'ulimit -n {asked.files}; exec "$@"', "sh"]
        made.processes["serve"] = start(made.environment, "serve", by=limited)
        wait_ready(made.url, made.processes["serve"])
        service = psutil.Process(made.processes["serve"].pid)
        alone = asyncio.run(others(tenant, 5))
        before = service.memory_info().rss
        beside, most = asyncio.run(beside_crowd(tenant, asked.connections, asked.seconds, service))
        print(f"others alone:       {summary(alone)}")
        print(f"beside {asked.connections}:        {summary(beside)}")
        print(f"memory: {before / 1e6:.0f} MB before, {most / 1e6:.0f} MB at most, +{(most - before) / 1e6:.0f} MB")


async def others(tenant: Tenant, seconds: float) -> list[float]:
    """Request the health check and a route with a key, on separate connections; return the time of each answer."""
    times = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        async with httpx.AsyncClient(base_url=tenant.url, headers=tenant.headers, timeout=10) as client:
            for path in ("/healthz", "/readyz", "/v1/organizations"):
                began = time.monotonic()
                (await client.get(path)).raise_for_status()
                times.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
    return times


async def beside_crowd(
    tenant: Tenant, connections: int, seconds: float, service: psutil.Process
) -> tuple[list[float], int]:
    """Do the same while a separate process holds that many connections."""
    crowding = multiprocessing.get_context("spawn").Process(target=crowd, args=(tenant.url, connections))
    crowding.start()
    most = 0
    try:
        await asyncio.sleep(5)
        asking = asyncio.create_task(others(tenant, seconds))
        while not asking.done():
            most = max(most, service.memory_info().rss)
            await asyncio.sleep(0.1)
        return await asking, most
    finally:
        crowding.kill()
        crowding.join()


def crowd(url: str, connections: int) -> None:
    """Hold connections until this process is ended."""
    asyncio.run(hold_all(url, connections))


async def hold_all(url: str, connections: int) -> None:
    """Hold connections; each that is closed is opened again."""
    where = httpx.URL(url)

    async def hold(number: int) -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(where.host, where.port, local_addr=("127.0.0.2", 0))
                try:
                    writer.write(CRAWLS[number % len(CRAWLS)])
                    while not reader.at_eof():
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(2):
                                await reader.read(65_536)
                        if number % len(CRAWLS) in {1, 2}:
                            writer.write(b"x")
                finally:
                    writer.close()
            await asyncio.sleep(0.2)

    await asyncio.gather(*[hold(number) for number in range(connections)])


def summary(times: list[float]) -> str:
    """Return the times of answers, as text."""
    ms = sorted(1000 * each for each in times)
    return f"{len(ms)} answers, median {statistics.median(ms):.1f} ms, longest {ms[-1]:.1f} ms"


if __name__ == "__main__":
    main()
