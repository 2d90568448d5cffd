"""Durable readers of the feed: each has a name and a stored position, and only one process reads for it at a time.

A `Projection` writes its tables in the transaction that records its position, so every event counts once, even if a
process is killed. A `BulkProjection` does the same, and processes many pages at once while it is behind.
`Subscribing.events` is for other results: an event is repeated if the process ends before it requests the next one.

No reader continues from a position in memory: a position is recorded only over the one that its events were read after,
and a reader that loses its connection, or finds another stored position, continues from the stored one. PostgreSQL may
have crashed, and a crash reverts asynchronous commits.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from application.ports.clock import Clock, ClockDiffersError, Ids
from application.ports.events.event_log import EventLog, LogUnavailableError, Notification, PackedPage
from application.ports.events.subscriptions import Lease, LeaseLostError, Subscriptions
from domain.events.event import Event
from domain.events.registry import BY_TAG, decode

LEASE: Final = timedelta(seconds=30)
RENEW_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 1.0
PAGE: Final = 1000
BULK: Final = 20000
_MOMENT_SECONDS: Final = 0.05

Transaction_contra = TypeVar("Transaction_contra", contravariant=True)
Transaction = TypeVar("Transaction")
_T = TypeVar("_T")


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event of Upwell with its position."""

    position: int
    stream_id: str
    version: int
    event: Event


class Projection(Protocol[Transaction_contra]):
    """Derives tables from events. `name`: of its subscription; `topics` None: all events of Upwell."""

    @property
    def name(self) -> str:
        """Its permanent name."""
        ...

    @property
    def topics(self) -> frozenset[str] | None:
        """The tags that it reads."""
        ...

    async def project(self, transaction: Transaction_contra, events: Sequence[Recorded]) -> None:
        """Write the changes of these events in this transaction. The events are ordered and never empty."""
        ...


class Around(Protocol):
    """A context around the delivery of events to the reader of a name."""

    def __call__(self, name: str, events: Sequence[Recorded]) -> AbstractContextManager[object]:
        """Return the context; the events are never empty."""
        ...


def _nothing_around(name: str, events: Sequence[Recorded]) -> AbstractContextManager[object]:  # noqa: ARG001  # as it is called
    return nullcontext()


class Gathered(Protocol[Transaction_contra]):
    """The accumulated changes of events, until they are written."""

    def add(self, page: PackedPage) -> None:
        """Add the changes of these stored events, in order."""
        ...

    async def write(self, transaction: Transaction_contra) -> None:
        """Write all changes in this transaction."""
        ...


class BulkProjection(Protocol[Transaction_contra]):
    """Derives tables from many events at once. It decodes stored events itself, and only as far as needed.

    Events are accumulated while earlier ones are written.
    """

    @property
    def name(self) -> str:
        """Its permanent name."""
        ...

    @property
    def topics(self) -> frozenset[str]:
        """The tags that it reads."""
        ...

    def gather(self) -> Gathered[Transaction_contra]:
        """Return an empty accumulator."""
        ...


class Subscribing(Generic[Transaction]):
    """Reads for names. `report` is called with errors, which are retried."""

    def __init__(
        self,
        *,
        log: EventLog,
        subscriptions: Subscriptions[Transaction],
        clock: Clock,
        ids: Ids,
        report: Callable[[str, BaseException], None],
        around: Around = _nothing_around,
    ) -> None:
        self._log = log
        self._subscriptions = subscriptions
        self._clock = clock
        self._ids = ids
        self._report = report
        self._around = around
        self._not_released: dict[str, str] = {}  # by name: the token of a lease that could not be released

    async def project(self, projection: Projection[Transaction], stopping: asyncio.Event) -> None:
        """Keep a projection up to date until `stopping` is set, while no other process does.

        Errors are reported and retried, so an event that always fails blocks the projection.
        """
        await self._keep(projection.name, lambda held: self._project(projection, held), stopping)

    async def project_in_bulk(self, projection: BulkProjection[Transaction], stopping: asyncio.Event) -> None:
        """Keep a bulk projection up to date, in the same way."""
        await self._keep(projection.name, lambda held: self._project_in_bulk(projection, held), stopping)

    async def events(
        self, name: str, *, topics: frozenset[str] | None = None, begin: int = 0
    ) -> AsyncGenerator[Recorded]:
        """Yield events endlessly, after the stored position of this name; `begin`: for a new name.

        An event is done when the next one is requested. Positions are recorded page by page, and when the caller stops.
        Raises `LeaseLostError` when another process has taken over or the stored position has changed,
        `LogUnavailableError` when PostgreSQL is unreachable, and `PositionBeyondEndError` when the log ends before the
        position. After the first two, call it again: it continues after the stored position. `ClockDiffersError`: this
        host's clock contradicts PostgreSQL's.
        """
        while True:
            async with self._leased(name, begin) as held:
                if held is None:
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                lease = held.lease
                done = lease.position
                try:
                    async with aclosing(held.reading(self._log.pages(after=done, limit=PAGE))) as pages:
                        async for page in pages:
                            for recorded in _ours(page, topics):
                                yield recorded
                                done = recorded.position
                            done = page[-1].id
                            lease = await self._record(lease, done)
                finally:
                    if done > lease.position:
                        await self._record(lease, done)

    async def end(self) -> int:
        """Return the last position of the log. Raises `LogUnavailableError`."""
        return await self._log.head()

    async def forget(self, name: str) -> None:
        """Let a name start over; its current reader stops within `RENEW_SECONDS`. Raises `LogUnavailableError`."""
        await self._subscriptions.forget(name)

    async def _keep(
        self, name: str, work: Callable[["_Held"], Coroutine[None, None, None]], stopping: asyncio.Event
    ) -> None:
        while not stopping.is_set():
            try:
                async with self._leased(name, 0) as held:
                    if held is not None:
                        await _until(stopping, work(held))
            except LeaseLostError:
                continue
            except Exception as error:  # noqa: BLE001  # every error is reported and retried
                self._report(name, error)
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_SECONDS):
                    await stopping.wait()

    async def _project(self, projection: Projection[Transaction], held: "_Held") -> None:
        lease = held.lease
        async with aclosing(held.reading(self._log.pages(after=lease.position, limit=PAGE))) as pages:
            async for page in pages:
                events = _ours(page, projection.topics)
                recording = self._subscriptions.recording(lease, page[-1].id, now=self._clock.now())
                async with recording as transaction:
                    if events:
                        with self._around(projection.name, events):
                            await projection.project(transaction, events)
                lease = lease.at(page[-1].id)
                if len(page) < PAGE:
                    await asyncio.sleep(_MOMENT_SECONDS)

    async def _project_in_bulk(self, projection: BulkProjection[Transaction], held: "_Held") -> None:
        bulk, lease = _Bulk(projection), held.lease

        async def gather() -> None:
            reading = self._log.packed_pages(after=lease.position, limit=PAGE, topics=projection.topics)
            async with aclosing(held.reading(reading)) as pages:
                async for page in pages:
                    await bulk.add(page)

        async def write() -> None:
            written = lease
            while True:
                gathered, position = await bulk.take()
                recording = self._subscriptions.recording(written, position, now=self._clock.now())
                async with recording as transaction:
                    await gathered.write(transaction)
                written = written.at(position)
                if bulk.at_end:
                    await asyncio.sleep(_MOMENT_SECONDS)

        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(gather())
                together.create_task(write())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # the other one only stopped because of it

    async def _record(self, lease: Lease, position: int) -> Lease:
        async with self._subscriptions.recording(lease, position, now=self._clock.now()):
            pass
        return lease.at(position)

    @asynccontextmanager
    async def _leased(self, name: str, begin: int) -> AsyncIterator["_Held | None"]:
        """Hold the lease of a name while inside; None: another process has it. Raises `ClockDiffersError`."""
        self._clock.check()
        now = self._clock.now()
        token = self._not_released.pop(name, None) or self._ids.new("lease_")
        try:
            lease = await self._subscriptions.acquire(name, begin=begin, now=now, leased_until=now + LEASE, token=token)
        except LogUnavailableError:
            self._not_released[name] = token
            raise
        if lease is None:
            yield None
            return
        held = _Held(lease)
        renewing = asyncio.create_task(self._renew(held), name=f"lease-{name}")
        try:
            yield held
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            try:
                await self._subscriptions.release(lease)
            except LogUnavailableError:
                self._not_released[name] = lease.token

    async def _renew(self, held: "_Held") -> None:
        """Renew a lease while its reader reads or waits. After it is lost, nothing can be recorded: the reader stops.

        While this host's clock contradicts the time, the lease is not renewed, and another process takes over.
        """
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(LogUnavailableError, ClockDiffersError):
                try:
                    self._clock.check()
                    await self._subscriptions.renew(held.lease, leased_until=self._clock.now() + LEASE)
                except LeaseLostError:
                    held.lost.set()
                    return


class _Held:
    """A lease that a reader holds, until it is lost."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.lost = asyncio.Event()

    async def reading(self, pages: AsyncGenerator[_T]) -> AsyncGenerator[_T]:
        """Yield pages while the lease is held. Raises `LeaseLostError`, also while it waits for the next page."""
        lost = asyncio.create_task(self.lost.wait())
        page = None
        try:
            async with aclosing(pages):
                try:
                    while True:
                        page = asyncio.ensure_future(anext(pages))
                        await asyncio.wait({page, lost}, return_when=asyncio.FIRST_COMPLETED)
                        if not page.done():
                            raise LeaseLostError(self.lease.name)
                        try:
                            found = page.result()
                        except StopAsyncIteration:
                            return
                        yield found
                finally:
                    await _cancel(page)
        finally:
            await _cancel(lost)


async def _cancel(task: "asyncio.Future[Any] | None") -> None:
    if task is not None and task.cancel():
        with suppress(asyncio.CancelledError):
            await task


class _Bulk(Generic[Transaction]):
    """The accumulated changes of a projection while it writes: up to a limit, then adding waits."""

    def __init__(self, projection: BulkProjection[Transaction]) -> None:
        self._projection = projection
        self._gathered = projection.gather()
        self._count = self._position = 0
        self.at_end = False
        self._changed = asyncio.Condition()

    async def add(self, page: PackedPage) -> None:
        """Add a page as soon as there is room."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._count < BULK)
            self._gathered.add(page)
            self._count += page.events
            self._position = page.position
            self.at_end = page.events < PAGE
            self._changed.notify()

    async def take(self) -> tuple[Gathered[Transaction], int]:
        """Return the accumulated changes with the position of their last event: many, except at the log's end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._count > 0)
            with suppress(TimeoutError):  # the last page may be a full one
                async with asyncio.timeout(_MOMENT_SECONDS):
                    await self._changed.wait_for(lambda: self._count >= BULK or self.at_end)
            gathered, self._gathered, self._count = self._gathered, self._projection.gather(), 0
            self._changed.notify()
            return gathered, self._position


def _ours(page: Sequence[Notification], topics: frozenset[str] | None) -> list[Recorded]:
    """Return the wanted events of a page; events of other programs are skipped without decoding."""
    return [
        Recorded(
            position=each.id, stream_id=each.originator_id, version=each.originator_version, event=decode(each.state)
        )
        for each in page
        if each.topic in (BY_TAG if topics is None else topics)
    ]


async def _until(stopping: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Run some work until it ends, or until `stopping` is set."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, waiting):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    with suppress(asyncio.CancelledError):
        await working
