"""The two kinds of I/O: blocking, with threads, and asyncio, with tasks.

Everything else is written once, as coroutines over a `Wire`. Those of a `BlockingWire` never suspend, so `run` can run
them without an event loop, in any thread, even in a thread with a running loop.
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import httpx

from upwell_client.threads import start_thread

GRACE_SECONDS = 1.0

Result = TypeVar("Result")
Job = Callable[[], Coroutine[Any, Any, None]]
Jobs = AsyncGenerator[Job, None]


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to send. `blocks` is called for each attempt."""

    size_bytes: int
    blocks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An outgoing request."""

    method: str
    url: str
    headers: Mapping[str, str]
    timeout: httpx.Timeout
    content: Content | bytes | None = None
    params: Mapping[str, str] = field(default_factory=dict)


Begin = Callable[[httpx.Response], Callable[[bytes], None] | None]


class Wire(Protocol):
    """The I/O of the client. Errors of the connection are those of httpx."""

    async def call(self, request: Request) -> httpx.Response:
        """Return the response with its body."""
        ...

    async def fetch(self, request: Request, begin: Begin) -> httpx.Response:
        """Pass the response's body to the function from `begin`, block by block; None: read the whole body."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def work(self, blocking: Callable[[], Result]) -> Result:
        """Run a slow function, such as reading or hashing a file."""
        ...

    def check(self) -> None:
        """Raise `StoppedError` if the call must stop; slow functions call this regularly, from any thread."""
        ...

    async def each(self, jobs: Jobs, at_once: int, beside: Job | None = None) -> None:
        """Run up to `at_once` jobs concurrently, and one beside them. The first error ends all.

        Each job is taken when it can start. All calls of a client share its slots: a job has one from its beginning to
        its end.
        """
        ...


class StoppedError(Exception):
    """Another part of the same upload has failed."""


class BlockingWire:
    """Implements `Wire` without ever suspending. One per call of the client: a failure stops the whole call."""

    def __init__(self, http: httpx.Client, slots: threading.Semaphore) -> None:
        self._http = http
        self._slots = slots
        self._stopping = threading.Event()

    async def call(self, request: Request) -> httpx.Response:
        """Send a request."""
        return self._http.send(self._built(request))

    async def fetch(self, request: Request, begin: Begin) -> httpx.Response:
        """Stream a response."""
        answer = self._http.send(self._built(request), stream=True)
        try:
            take = begin(answer)
            if take is None:
                answer.read()
            else:
                for block in answer.iter_raw():
                    take(block)
        finally:
            answer.close()
        return answer

    async def sleep(self, seconds: float) -> None:
        """Wait, unless the call must stop."""
        if self._stopping.wait(seconds):
            raise StoppedError

    async def work(self, blocking: Callable[[], Result]) -> Result:
        """Run it here."""
        return blocking()

    def check(self) -> None:
        """Check."""
        if self._stopping.is_set():
            raise StoppedError

    async def each(self, jobs: Jobs, at_once: int, beside: Job | None = None) -> None:
        """Run jobs in threads, if there is more than one at once.

        An error waits for all of them. An interruption (Ctrl-C) does not: a thread may wait for storage for
        minutes, and no thread keeps the program from ending.
        """
        if at_once == 1 and beside is None:
            async with aclosing(jobs):
                async for job in jobs:
                    with self._slots:
                        await job()
            return
        running: set[Future[None]] = set()
        aside = _begun(beside) if beside else None
        try:
            async with aclosing(jobs):
                async for job in jobs:
                    self._slots.acquire()
                    running.add(_begun(job, self._slots))
                    if len(running) == at_once:
                        running = _checked(running, aside)
            while running:
                running = _checked(running, aside)
            if aside:
                aside.result()
        except BaseException as error:
            self._stopping.set()
            wait({*running, aside} if aside else running, None if isinstance(error, Exception) else GRACE_SECONDS)
            raise

    def _built(self, request: Request) -> httpx.Request:
        content = request.content
        return _built(self._http, request, self._blocks(content) if isinstance(content, Content) else content)

    def _blocks(self, content: Content) -> Iterator[bytes]:
        for block in content.blocks():
            self.check()
            yield block


class AsyncioWire:
    """Implements `Wire` in an event loop; files are read in threads. One per call of the client."""

    def __init__(self, http: httpx.AsyncClient, slots: asyncio.Semaphore) -> None:
        self._http = http
        self._slots = slots
        self._stopping = threading.Event()

    async def call(self, request: Request) -> httpx.Response:
        """Send a request."""
        return await self._http.send(self._built(request))

    async def fetch(self, request: Request, begin: Begin) -> httpx.Response:
        """Stream a response."""
        answer = await self._http.send(self._built(request), stream=True)
        try:
            take = begin(answer)
            if take is None:
                await answer.aread()
            else:
                async for block in answer.aiter_raw():
                    await asyncio.to_thread(take, block)
        finally:
            await answer.aclose()
        return answer

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def work(self, blocking: Callable[[], Result]) -> Result:
        """Run it in a thread. A closing loop waits for its threads, so a canceled function is asked to stop."""
        try:
            return await asyncio.to_thread(blocking)
        except asyncio.CancelledError:
            self._stopping.set()
            raise

    def check(self) -> None:
        """Check."""
        if self._stopping.is_set():
            raise StoppedError

    async def each(self, jobs: Jobs, at_once: int, beside: Job | None = None) -> None:
        """Run jobs in tasks."""
        slots = asyncio.Semaphore(at_once)

        async def one(job: Job) -> None:
            async with self._slots:
                await job()
            slots.release()

        try:
            async with asyncio.TaskGroup() as group, aclosing(jobs):
                if beside:
                    group.create_task(beside())
                await slots.acquire()
                async for job in jobs:
                    group.create_task(one(job))
                    await slots.acquire()
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None

    def _built(self, request: Request) -> httpx.Request:
        content = request.content
        return _built(self._http, request, _off_the_loop(content) if isinstance(content, Content) else content)


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of a coroutine over a `BlockingWire`."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    coroutine.close()
    raise RuntimeError("this can only be awaited in an event loop: use AsyncClient")


def now() -> float:
    """Return the time, in seconds since 1970."""
    return time.time()


def _begun(job: Job, slots: threading.Semaphore | None = None) -> Future[None]:
    """Run a job in a daemon thread; release its slot afterwards."""
    ended: Future[None] = Future()

    def work() -> None:
        try:
            run(job())
        except BaseException as error:  # noqa: BLE001  # the waiter gets it
            failed: BaseException | None = error
        else:
            failed = None
        if slots:
            slots.release()
        if failed:
            ended.set_exception(failed)
        else:
            ended.set_result(None)

    start_thread(work, "upwell")
    return ended


def _checked(running: set[Future[None]], aside: Future[None] | None) -> set[Future[None]]:
    """Wait until one has ended, and return the others."""
    done, going = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    if aside and aside.done():
        aside.result()
    return going


def _built(
    http: httpx.Client | httpx.AsyncClient,
    request: Request,
    content: Iterator[bytes] | AsyncIterator[bytes] | bytes | None,
) -> httpx.Request:
    return http.build_request(
        request.method,
        request.url,
        content=content,
        headers=dict(request.headers),
        params=dict(request.params) or None,
        timeout=request.timeout,
    )


async def _off_the_loop(content: Content) -> AsyncIterator[bytes]:
    blocks = content.blocks()
    while block := await asyncio.to_thread(next, blocks, b""):
        yield block
