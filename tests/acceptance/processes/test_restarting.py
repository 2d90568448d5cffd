"""Serving ends, and is replaced, without a lost request, a process left behind, or a long wait.

The services run without privileges, also where the tests are root's: they need none.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import httpx
import psutil
import pytest

from adapters.postgres.database.connecting import connect
from tests.conftest import Database, Servers, Service, free_port, make_tenant, start, wait_ready
from tests.contract_check.answers import holding
from tests.programs import without_privileges

PAUSE_SECONDS = 0.01  # of each client between two requests: without one the load would slow down the start it is for
REQUEST = b"GET /v1/organizations HTTP/1.1\r\nHost: upwell\r\nAuthorization: Bearer %b\r\n%b\r\n"


@asynccontextmanager
async def serving(
    service: Service, *arguments: str, port: int | None = None, **settings: str
) -> AsyncIterator[tuple[str, "subprocess.Popen[bytes]"]]:
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**service.environment, "UPWELL_PORT": str(port), **settings}
    process = start(environment, "serve", *arguments, by=without_privileges())
    try:
        await asyncio.to_thread(wait_ready, url, process)
        yield url, process
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)


class Load:
    """Clients that ask over and over. With keep-alive they go on until an answer says that it was the last."""

    def __init__(self, url: str, secret: str, *, keep_alive: bool) -> None:
        self._where = httpx.URL(url)
        self._request = REQUEST % (secret.encode(), b"" if keep_alive else b"Connection: close\r\n")
        self.answers: Counter[str] = Counter()
        self._ending = False

    @asynccontextmanager
    async def running(self, clients: int) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._ask()) for _ in range(clients)]
        try:
            yield
        finally:
            self._ending = True
            await asyncio.gather(*tasks)

    async def answered(self, more: int) -> None:
        wanted = self.answers["200"] + more
        async with asyncio.timeout(60):
            while self.answers["200"] < wanted:
                await asyncio.sleep(0.01)

    async def _ask(self) -> None:
        while not self._ending:
            try:
                reader, writer = await asyncio.open_connection(self._where.host, self._where.port)
            except OSError as error:
                self.answers[f"not connected: {type(error).__name__}"] += 1
                return
            try:
                while not self._ending:
                    writer.write(self._request)
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                    await reader.readexactly(length)
                    self.answers[head.split(b" ", 2)[1].decode()] += 1
                    await asyncio.sleep(PAUSE_SECONDS)
                    if b"connection: close" in head.lower():
                        break
            except (OSError, asyncio.IncompleteReadError) as error:
                self.answers[f"broken: {type(error).__name__}"] += 1
            finally:
                writer.close()


async def test_children_are_replaced_without_a_lost_request(service: Service) -> None:
    async with serving(service, "--workers", "2", UPWELL_RATE_LIMITS="off") as (url, process):
        tenant = await make_tenant(service.database, url)
        before = {child.pid for child in psutil.Process(process.pid).children()}
        loads = [Load(url, tenant.secret, keep_alive=keep_alive) for keep_alive in (True, False)]
        async with loads[0].running(4), loads[1].running(4):
            for load in loads:
                await load.answered(25)
            process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(120):
                while before & {child.pid for child in psutil.Process(process.pid).children()}:
                    await asyncio.sleep(0.05)
            for load in loads:
                await load.answered(25)
        assert [set(load.answers) for load in loads] == [{"200"}, {"200"}]


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_successor_on_the_same_port_takes_over_without_a_lost_request(service: Service, workers: str) -> None:
    port = free_port()
    both = partial(serving, service, "--workers", workers, port=port, UPWELL_RATE_LIMITS="off")
    async with both() as (url, old), AsyncExitStack() as stack:
        tenant = await make_tenant(service.database, url)
        load = Load(url, tenant.secret, keep_alive=False)
        async with load.running(8):
            await load.answered(50)
            _, successor = await stack.enter_async_context(both("--reuse-port"))
            async with asyncio.timeout(60):
                while not _listens(successor):
                    await asyncio.sleep(0.05)
            old.terminate()
            assert await asyncio.to_thread(old.wait, 30) == 0
            await load.answered(100)
        assert set(load.answers) == {"200"}, load.answers
        successor.terminate()
        assert await asyncio.to_thread(successor.wait, 30) == 0


def _listens(process: "subprocess.Popen[bytes]") -> bool:
    return any(each.status == psutil.CONN_LISTEN for each in psutil.Process(process.pid).net_connections("tcp"))


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_stop_under_load_breaks_no_request_and_waits_for_no_reader_of_events(
    service: Service, workers: str
) -> None:
    async with serving(service, "--workers", workers, UPWELL_RATE_LIMITS="off") as (url, process):
        tenant = await make_tenant(service.database, url)
        load = Load(url, tenant.secret, keep_alive=False)
        async with holding(url, tenant.headers) as client, httpx.AsyncClient(headers=tenant.headers) as plain:
            waiting = asyncio.create_task(client.get("/v1/events?after=latest&wait=60"))
            async with plain.stream("GET", f"{url}/v1/events", headers={"Accept": "text/event-stream"}) as stream:
                await anext(stream.aiter_lines())
                async with load.running(16):
                    await load.answered(100)
                    process.terminate()
                    began = time.monotonic()
                    page = await waiting
                    assert await asyncio.to_thread(process.wait, 60) == 0
                    ended = time.monotonic() - began
        assert {each for each in load.answers if each.startswith("broken")} == set(), load.answers
        assert page.status_code == 200
        assert page.json()["events"] == []
        assert ended < 20, "it did not wait until the readers' minutes were over"


async def test_readyz_reports_the_end_before_the_listener_closes(service: Service) -> None:
    async with serving(service, "--workers", "2", UPWELL_DRAIN_SECONDS="2") as (url, process):
        process.terminate()
        async with httpx.AsyncClient(base_url=url) as client, asyncio.timeout(10):
            while (ready := await client.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.02)
            assert ready.json() == {"status": "not_ready", "parts": {"process": "stopping"}}
            assert (await client.get("/healthz")).status_code == 200
        assert await asyncio.to_thread(process.wait, 30) == 0


async def test_a_killed_parent_leaves_no_child_however_far_they_had_come(service: Service) -> None:
    port = free_port()
    for moment in (0.0, 0.7):
        process = start({**service.environment, "UPWELL_PORT": str(port)}, "serve", "--workers", "2")
        try:
            parent = psutil.Process(process.pid)
            async with asyncio.timeout(60):
                while not (children := parent.children()):
                    await asyncio.sleep(0.005)
            until = time.monotonic() + moment
            while time.monotonic() < until:
                await asyncio.sleep(0.01)
            children = parent.children()
        finally:
            process.kill()
            process.wait()
        async with asyncio.timeout(30):
            while any(child.is_running() for child in children):
                await asyncio.sleep(0.02)
    with socket.create_server(("127.0.0.1", port)):
        pass  # the port is free


async def test_a_child_that_dies_while_postgresql_is_away_is_replaced_when_it_is_back(
    service: Service, servers: Servers, database: Database
) -> None:
    admin = await connect(servers.postgres_url, role=None)
    made = serving(service, "--workers", "2", UPWELL_DATABASE_URL=database.url, UPWELL_S3_BUCKET="children")
    async with made as (url, process), httpx.AsyncClient(timeout=60) as client:
        parent = psutil.Process(process.pid)
        first, second = parent.children()
        await admin.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        first.kill()
        async with asyncio.timeout(60):
            while first in parent.children():
                await asyncio.sleep(0.02)
        assert (await client.get(f"{url}/healthz")).status_code == 200
        await admin.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
        second.kill()
        ready = 0
        async with asyncio.timeout(90):
            while ready != 200:
                with suppress(httpx.TransportError):
                    ready = (await client.get(f"{url}/readyz", timeout=5)).status_code
        assert not {first, second} & set(parent.children())
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
    await admin.close()


async def test_a_busy_port_is_a_sentence(service: Service) -> None:
    port = httpx.URL(service.url).port
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from entrypoints.cli.main import main; main()", "serve"],
        env={**os.environ, **service.environment, "UPWELL_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"127.0.0.1:{port}" in json.loads(line)["reason"]
