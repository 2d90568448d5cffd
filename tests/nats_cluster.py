"""JetStream clusters of real servers, for tests and scripts."""

import asyncio
import os
import subprocess
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from tests.conftest import free_port

SOON = 60.0
NODES = 3
STREAM = "UPWELL"
PROGRAM = Path(sysconfig.get_path("scripts")) / "nats-server"
PASSWORDS = {"RELAY_PASSWORD": "the-relay", "ACME_PASSWORD": "of-acme"}


class Cluster:
    """Servers, each a process with its own folder. `more`: of the configuration of each."""

    def __init__(self, folder: Path, *, nodes: int = NODES, more: str = "") -> None:
        self._folder = folder
        ports = [free_port() for _ in range(2 * nodes)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.servers = [f"nats://127.0.0.1:{port}" for port in ports[:nodes]]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports[nodes:])
        for node in range(nodes):
            clustered = f'cluster {{ name: upwell, listen: "127.0.0.1:{ports[nodes + node]}", routes: [{routes}] }}\n'
            self._configuration(node).write_text(
                f'server_name: node{node}\nlisten: "127.0.0.1:{ports[node]}"\n'
                f'jetstream {{ store_dir: "{folder}/store{node}" }}\n{clustered if nodes > 1 else ""}'
            )
        self.configure(more)

    def _configuration(self, node: int) -> Path:
        return self._folder / f"node{node}.conf"

    def configure(self, more: str) -> None:
        """Start all servers, after the others were stopped, with something more in their configuration."""
        self.stop()
        for node in range(len(self.servers)):
            own = self._configuration(node).read_text().partition("# more\n")[0]
            self._configuration(node).write_text(f"{own}# more\n{more}\n")
            self.start(node)

    def start(self, node: int) -> None:
        with (self._folder / f"node{node}.log").open("ab") as log:
            self._processes[node] = subprocess.Popen(
                [PROGRAM, "-c", self._configuration(node)], stdout=log, stderr=log, env=os.environ | PASSWORDS
            )

    def kill(self, node: int) -> None:
        process = self._processes.pop(node)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for node in list(self._processes):
            self.kill(node)

    @asynccontextmanager
    async def jetstream(self) -> AsyncIterator[JetStreamContext]:
        async with connected(*self.servers) as client:
            yield client.jetstream(timeout=10)

    async def ready(self) -> None:
        """Return when the servers have found each other, and accept streams."""
        wanted = StreamConfig(name="ready", subjects=["ready"], num_replicas=len(self.servers))
        async with asyncio.timeout(SOON), connected(*self.servers) as client:
            while True:
                try:
                    await client.jetstream(timeout=1).add_stream(wanted)
                except (NatsError, TimeoutError):
                    await asyncio.sleep(0.1)
                else:
                    break
            await client.jetstream().delete_stream("ready")

    async def leader(self) -> int:
        """Return the node that leads the stream."""
        async with self.jetstream() as jetstream:
            info = await _info(jetstream)
            assert info.cluster is not None
            return int((info.cluster.leader or "").removeprefix("node"))

    async def count(self) -> int:
        """Return how many messages there are; 0 also before there is a stream."""
        async with self.jetstream() as jetstream:
            try:
                return (await _info(jetstream)).state.messages
            except NotFoundError:
                return 0

    async def published(self) -> list[tuple[str, dict[str, str], bytes]]:
        """Return subject, headers and payload of every message of the stream, in its order."""
        async with self.jetstream() as jetstream:
            count = (await _info(jetstream)).state.messages
            found: list[tuple[str, dict[str, str], bytes]] = []
            reader = await jetstream.subscribe(">", stream=STREAM, ordered_consumer=True)
            while len(found) < count:
                message = await reader.next_msg(timeout=SOON)
                found.append((message.subject, dict(message.headers or {}), message.data))
            return found

    async def positions(self) -> list[int]:
        """Return the positions of all events in the stream, in its order."""
        return [int(headers["Nats-Msg-Id"]) for _, headers, _ in await self.published()]


async def _info(jetstream: JetStreamContext) -> StreamInfo:
    """Return the state of the stream, as soon as its servers have a leader again."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                return await jetstream.stream_info(STREAM)
            except NotFoundError:
                raise
            except NatsError:  # a server that was started again takes its time
                await asyncio.sleep(0.02)


@asynccontextmanager
async def connected(
    *servers: str, inbox: str = "_INBOX", problems: list[Exception] | None = None
) -> AsyncIterator[Client]:
    async def heard(error: Exception) -> None:
        if problems is not None:
            problems.append(error)

    client = await nats.connect(
        list(servers), max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=heard, inbox_prefix=inbox.encode()
    )
    try:
        yield client
    finally:
        await client.close()
