"""One connection per process that listens for notifications: new events, changed names and keys, due jobs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from typing import Any

import asyncpg
import structlog

from adapters.postgres.database.connecting import CONNECTION_ERRORS, Connection, Lines, abandon, close_quietly, connect

EVENTS = "upwell_events"
DIRECTORY = "upwell_directory"
JOBS = "upwell_jobs"
HEARTBEAT_SECONDS = 3.0  # the interval of the checks that the server responds
ANSWER_SECONDS = 3.0  # the timeout of a check

_log = structlog.get_logger(__name__)


class Listener:
    """Calls back for every notification, and once per channel after each (re)connection, because some may be lost.

    `connected` is false while notifications cannot be received: caches are invalid then. A server that does not
    respond counts as lost within `HEARTBEAT_SECONDS` + `ANSWER_SECONDS`.

    `losses` counts lost connections: a failover may have undone data that was read before, so the callbacks for
    events run then too. `lines`: the connections to end when a silent server responds on a new connection;
    otherwise their callers would wait for the full timeout. `announced_pid`: the session whose notifications of events
    are ignored, because this process announces what it has committed there.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._callbacks: dict[str, list[Callable[[], None]]] = {EVENTS: [], DIRECTORY: [], JOBS: []}
        self.connected = False
        self.losses = 0
        self.lines = Lines()
        self.announced_pid: int | None = None

    @asynccontextmanager
    async def hearing(self, channel: str, callback: Callable[[], None]) -> AsyncIterator[None]:
        """Call `callback` for notifications on `channel` inside the context."""
        self._callbacks[channel].append(callback)
        try:
            yield
        finally:
            self._callbacks[channel].remove(callback)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep a connection open inside the context, and reopen it when it is lost."""
        first = asyncio.Event()
        task = asyncio.create_task(self._listen(first), name="postgres-listener", context=Context())
        waiting = asyncio.create_task(first.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self, first: asyncio.Event) -> None:
        pause = 0.1
        silent: list[Connection] = []
        while True:
            connection = None
            lost = asyncio.Event()
            try:
                connection = await connect(self._url)
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                for channel in self._callbacks:
                    await connection.add_listener(channel, self._heard)
                self.connected = True
                pause = 0.1
                for each in silent:
                    abandon(each)
                silent = []
                for channel in self._callbacks:
                    self._call(channel)
                first.set()
                await _beat(connection, lost)
            except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:  # any error may be temporary
                _log.warning("postgres_listener_lost", error=repr(error))
                if connection is not None and isinstance(error, TimeoutError):
                    connection.terminate()
                    silent = self.lines.now()
            finally:
                if self.connected:
                    self.connected = False
                    self.losses += 1
                    self._call(EVENTS)
                if connection is not None:
                    await close_quietly(connection)
            first.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2)

    def announce(self, channel: str) -> None:
        """Call the callbacks of a channel now, because this process made the change; the notification comes later."""
        self._call(channel)

    def hears(self, channel: str) -> bool:
        """Return whether anything waits for notifications on a channel."""
        return bool(self._callbacks[channel])

    def _heard(self, connection: Connection | Any, pid: int, channel: str, payload: object) -> None:  # noqa: ARG002, ANN401  # asyncpg's signature
        if channel != EVENTS or pid != self.announced_pid:
            self._call(channel)

    def _call(self, channel: str) -> None:
        for callback in list(self._callbacks[channel]):
            callback()


async def _beat(connection: Connection, lost: asyncio.Event) -> None:
    """Return when the connection is lost. Raises `TimeoutError` if the server no longer responds."""
    while not lost.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await lost.wait()
                return
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.execute("SELECT")
