"""`upwell serve --workers N`: a parent that listens, and children that serve on its listener.

The parent keeps the listener open, so that connections in its queue are not lost with a child. A child that ends
unexpectedly is replaced, with growing pauses while it cannot start. Each child has a channel to its parent: the child
reports when it serves, gets instructions, and notices the end of the parent when the channel closes. Only the parent
handles signals: SIGHUP replaces the children one after the other, SIGTERM and SIGINT end the service.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence

import structlog

from entrypoints.http.transport.handshakes import refuse_handshakes
from entrypoints.http.transport.server import FINISH_SECONDS, QUEUE_SECONDS

DRAIN = b"d"
STOP = b"s"
SERVES = b"r"
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
_END_SECONDS = FINISH_SECONDS + 10
_PROGRAM = (
    "from entrypoints.wiring.garbage import collect_seldom; collect_seldom();"
    " from entrypoints.processes.serving import serve_as_child; serve_as_child({listener}, {channel})"
)
_log = structlog.get_logger("upwell.serve")


class Child:
    """A process that serves."""

    def __init__(self, process: Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self.serves = asyncio.Event()
        self.ended = asyncio.Event()
        self._tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._wait())]

    @classmethod
    async def start(cls, listener: socket.socket) -> "Child":
        """Start one."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # required by asyncio
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-c",
                _PROGRAM.format(listener=listener.fileno(), channel=theirs.fileno()),
                pass_fds=(listener.fileno(), theirs.fileno()),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # so that a terminal's Ctrl-C only reaches the parent
            )
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code; None: still running."""
        return self._process.returncode

    def send(self, what: bytes) -> None:
        """Send an instruction; ignored if the child is gone."""
        try:
            self._channel.send(what)
        except OSError:
            return

    async def end(self) -> None:
        """Let it finish its requests and end; kill it if that takes too long."""
        self.send(STOP)
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self.ended.wait()
        except TimeoutError:
            self.kill()
            await self.ended.wait()

    def kill(self) -> None:
        """Kill it at once."""
        if self.exit_code is None:
            self._process.kill()

    async def _hear(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while heard := await loop.sock_recv(self._channel, 16):
                if SERVES in heard:
                    self.serves.set()
        except OSError:
            return

    async def _wait(self) -> None:
        await self._process.wait()
        self._tasks[0].cancel()
        self._channel.close()
        self.ended.set()


class Supervisor:
    """Keeps children running. `keeps_queue`: a supervisor opened the listener and keeps it."""

    def __init__(self, listener: socket.socket, workers: int, *, drain_seconds: float, keeps_queue: bool) -> None:
        self._listener = listener
        self._drain_seconds = drain_seconds
        self._keeps_queue = keeps_queue
        self._children: list[Child | None] = [None] * workers
        self._failing = [False] * workers
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._replacing = asyncio.Lock()

    async def run(self) -> int:
        """Serve until a signal; return the exit code: 0 only if everything ended in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        tasks = [asyncio.create_task(self._keep(place)) for place in range(len(self._children))]
        loop.add_signal_handler(signal.SIGHUP, lambda: tasks.append(asyncio.create_task(self._replace())))
        await self._stopping.wait()
        _log.info("stopping", drain_seconds=self._drain_seconds)
        ended = await self._end()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return 0 if ended and not any(self._failing) else 1

    def _stop(self) -> None:
        if self._stopping.is_set():  # the second signal
            self._hurry.set()
        self._stopping.set()

    async def _keep(self, place: int) -> None:
        """Keep a child running in a slot."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            child = self._children[place]
            if child is None:
                child = self._children[place] = await Child.start(self._listener)
            if await _first(child.serves, child.ended) is child.serves:
                self._failing[place] = False
                pause = FIRST_PAUSE_SECONDS
            await child.ended.wait()
            if self._stopping.is_set():
                return
            if self._children[place] is not child:
                continue  # it was replaced
            self._children[place] = None
            self._failing[place] = True
            _log.error("process_ended", pid=child.pid, exit_code=child.exit_code, starts_again_in_seconds=pause)
            await _first(self._stopping, within=pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _replace(self) -> None:
        """Replace each child; the old one ends when the new one serves."""
        async with self._replacing:
            for place, old in enumerate(self._children):
                if old is None:
                    continue
                new = await Child.start(self._listener)
                if await _first(new.serves, new.ended, self._stopping) is not new.serves:
                    _log.error("process_not_replaced", pid=old.pid, exit_code=new.exit_code)
                    await new.end()
                    return
                self._children[place] = new
                await old.end()
                _log.info("process_replaced", pid=old.pid, by=new.pid)

    async def _end(self) -> bool:
        """End all children after the listener's queue is empty; return whether each ended in order."""
        children = [child for child in self._children if child is not None]
        for child in children:
            child.send(DRAIN)
        await _first(self._hurry, within=self._drain_seconds)
        if not self._keeps_queue:
            refuse_handshakes(self._listener)
            await _first(self._hurry, within=QUEUE_SECONDS)
        ending = [asyncio.create_task(child.end()) for child in children]
        hurrying = asyncio.create_task(self._hurry_up(children))
        await asyncio.gather(*ending)
        hurrying.cancel()
        self._listener.close()
        return all(child.exit_code == 0 for child in children)

    async def _hurry_up(self, children: Sequence[Child]) -> None:
        await self._hurry.wait()
        for child in children:
            child.kill()


async def _first(*events: asyncio.Event, within: float | None = None) -> asyncio.Event | None:
    """Return the first of these events that is set, or None after the timeout."""
    waiting = {asyncio.create_task(event.wait()): event for event in events}
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return next((event for event in events if event.is_set()), None)
