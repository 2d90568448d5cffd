"""A line between a client and a server that can be cut, slowed down and left half open, by any thread."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_CHUNK = 1 << 16
_REAPED_SECONDS = 15.0  # as a server does with TCP keepalive


class _Way:
    """One connection through the line, and the one onward. `dead`: neither bytes nor the end get through."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near = near
        self.far = far
        self.dead = False


class Line:
    """Listens on a port of loopback from `listen` on. `target`: the server's socket or port, read each time."""

    def __init__(self, target: Callable[[], Path | int]) -> None:
        self.port = 0
        self.delay_seconds = 0.0  # for each piece, in both directions
        self._target = target
        self._shut = False
        self._flowing = asyncio.Event()
        self._ways: set[_Way] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def listen(self) -> None:
        """Pass on all bytes, for as long as the running loop runs."""
        self._loop = asyncio.get_running_loop()
        self._flowing.set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_CHUNK)
        self.port = server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Reset every connection; the next ones get through."""
        self._do(self._reset)

    def shut(self) -> None:
        """Reset every connection, and each new one, until `mend`."""
        self._shut = True
        self.cut()

    def silence(self) -> None:
        """Let nothing through until `mend`, and then all of it."""
        self._do(self._flowing.clear)

    def lose(self) -> None:
        """Leave the existing connections half open: neither side ever receives anything from the other."""
        self._do(self._lose)

    def mend(self) -> None:
        """Let everything through."""
        self._shut, self.delay_seconds = False, 0.0
        self._do(self._flowing.set)

    def _do(self, what: Callable[[], None]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(what)

    def _reset(self) -> None:
        for way in self._ways:
            way.near.transport.abort()
            way.far.transport.abort()

    def _lose(self) -> None:
        assert self._loop is not None
        for way in self._ways:
            way.dead = True
            self._loop.call_later(_REAPED_SECONDS, way.far.transport.abort)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._shut:
            writer.transport.abort()
            return
        try:
            target = self._target()
            if isinstance(target, Path):
                upstream, onward = await asyncio.open_unix_connection(target, limit=_CHUNK)
            else:
                upstream, onward = await asyncio.open_connection("127.0.0.1", target, limit=_CHUNK)
        except OSError:
            writer.transport.abort()
            return
        way = _Way(writer, onward)
        self._ways.add(way)
        await asyncio.gather(self._pass(way, reader, onward), self._pass(way, upstream, writer))
        self._ways.discard(way)

    async def _pass(self, way: _Way, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                await self._flowing.wait()
                if not way.dead:
                    target.write(data)
                    await target.drain()
        if not way.dead:
            target.close()
