"""A receiver of webhooks, with good or bad answers, on a port of loopback."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.listening import listening

CHUNK = b"x" * 65_536


class Taken(NamedTuple):
    """A request that came in."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Receiver:
    """Its answers. `hangs`: none. `endless`: a body of 10 GB. `answer`: another status for each message."""

    status: int = 200
    body: bytes = b"ok"
    headers: Iterable[str] = ()
    hangs: bool = False
    endless: bool = False
    drips: bool = False
    answer: Callable[[Taken], int] | None = None
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    sent_bytes: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def wait_for(self, count: int, seconds: float = 20) -> list[Taken]:
        """Wait until so many messages have arrived."""
        async with asyncio.timeout(seconds):
            while len(self.taken) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.taken

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Accept requests of a connection."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            writer.transport.abort()  # without the bytes that were not sent

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        taken = Taken(head[0].split(" ")[1], body, headers)
        self.taken.append(taken)
        self.arrived.set()
        if self.hangs:
            await reader.read()  # until the other side has had enough
            return False
        status = self.answer(taken) if self.answer else self.status
        length = 10 * 1024**3 if self.endless or self.drips else len(self.body)
        lines = [f"HTTP/1.1 {status} So", f"Content-Length: {length}", *self.headers, "", ""]
        writer.write("\r\n".join(lines).encode("latin-1"))
        if self.endless:
            while self.sent_bytes < length:
                writer.write(CHUNK)
                await writer.drain()
                self.sent_bytes += len(CHUNK)
        elif self.drips:
            writer.write(b"x")
            await reader.read()
            return False
        else:
            writer.write(self.body)
        await writer.drain()
        return True


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Receive while inside."""
    async with listening(receiver.serve) as receiver.port:
        yield receiver


async def main(count: int) -> None:
    """Receive well, at so many ports: print them, and for each line that is read how many messages each has had."""
    async with AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(receiving(Receiver())) for _ in range(count)]
        print(*(each.port for each in receivers), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(*(len(each.taken) for each in receivers), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
