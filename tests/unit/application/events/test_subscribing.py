"""Named readers over adapters in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest

from adapters.memory.events.subscriptions import MemorySubscriptions
from application.events import subscribing
from application.events.subscribing import Recorded, Subscribing
from application.ports.events.event_log import PackedPage
from application.ports.events.subscriptions import LeaseLostError
from domain.events.event import topic_of
from tests.unit.application.world import Client, World

SOON = 5.0
REQUESTED = frozenset({"upload.requested.v1"})


@dataclass
class Counting:
    """A projection that remembers what it was given, and fails a given number of times."""

    name: str = "counting"
    topics: frozenset[str] | None = REQUESTED
    fails: int = 0
    seen: list[int] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    wanted: int = 0

    async def project(self, transaction: None, events: Sequence[Recorded]) -> None:
        assert transaction is None
        if self.fails:
            self.fails -= 1
            raise ZeroDivisionError
        self.seen += [each.position for each in events]
        if len(self.seen) >= self.wanted:
            self.enough.set()


@dataclass
class Summing:
    """A projection in bulk that remembers what it has written, and fails a given number of times."""

    name: str = "summing"
    topics: frozenset[str] = REQUESTED
    fails: int = 0
    written: list[list[int]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def gather(self) -> "Sums":
        return Sums(self)

    async def until(self, wanted: int) -> None:
        async with self.changed, asyncio.timeout(SOON):
            await self.changed.wait_for(lambda: sum(map(len, self.written)) >= wanted)


class Sums:
    """Positions. They are written once the projection is open."""

    def __init__(self, projection: Summing) -> None:
        self._projection = projection
        self._positions: list[int] = []

    def add(self, page: PackedPage) -> None:
        self._positions += range(page.after + 1, page.position + 1)
        for states in page.states:
            assert {each["type"] for each in msgspec.json.decode(states)} == self._projection.topics

    async def write(self, transaction: None) -> None:
        assert transaction is None
        self._projection.begun.set()
        await self._projection.open.wait()
        if self._projection.fails:
            self._projection.fails -= 1
            raise ZeroDivisionError
        async with self._projection.changed:
            self._projection.written.append(self._positions)
            self._projection.changed.notify_all()


class Readers:
    """The ports of several processes on one log."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.subscriptions = MemorySubscriptions()
        self.problems: list[BaseException] = []

    def process(self) -> Subscribing[None]:
        return Subscribing(
            log=self.world.log,
            subscriptions=self.subscriptions,
            clock=self.world.clock,
            ids=self.world.ids,
            report=lambda _, error: self.problems.append(error),
        )


@pytest.fixture
def readers(world: World, monkeypatch: pytest.MonkeyPatch) -> Readers:
    monkeypatch.setattr(subscribing, "_RETRY_SECONDS", 0.01)
    return Readers(world)


@pytest.fixture
async def stopping() -> AsyncIterator[asyncio.Event]:
    event = asyncio.Event()
    yield event
    event.set()


async def until(projection: Counting, wanted: int) -> None:
    projection.wanted = wanted
    if len(projection.seen) < wanted:
        projection.enough.clear()
        async with asyncio.timeout(SOON):
            await projection.enough.wait()


async def test_a_projection_gets_what_there_is_and_what_comes_and_goes_on_where_it_was(
    readers: Readers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribing, "PAGE", 3)
    for _ in range(4):
        await client.request()
    projection, stopping = Counting(), asyncio.Event()
    running = asyncio.create_task(readers.process().project(projection, stopping))
    await until(projection, 4)
    await client.request()
    await until(projection, 5)
    stopping.set()
    async with asyncio.timeout(SOON):
        await running
    await client.request()

    again, stopping = Counting(), asyncio.Event()
    running = asyncio.create_task(readers.process().project(again, stopping))
    await until(again, 1)
    stopping.set()
    await running

    feed = await readers.world.log.read_feed(after=0, limit=100)
    assert projection.seen + again.seen == [each.id for each in feed if each.topic in REQUESTED]
    assert readers.problems == []


async def test_one_process_reads_and_another_takes_over_when_it_is_gone(
    readers: Readers, client: Client, stopping: asyncio.Event
) -> None:
    first, second = Counting(), Counting()
    dying = asyncio.create_task(readers.process().project(first, asyncio.Event()))
    await client.request()
    await until(first, 1)
    running = asyncio.create_task(readers.process().project(second, stopping))
    await client.request()
    await until(first, 2)
    assert second.seen == []

    dying.cancel()
    await asyncio.wait({dying})
    await client.request()
    await until(second, 1)

    stopping.set()
    await running
    assert len(set(first.seen) | set(second.seen)) == len(first.seen) + len(second.seen) == 3


async def test_a_projection_in_bulk_takes_pages_together_while_it_is_behind_and_each_event_once(
    readers: Readers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribing, "PAGE", 2)
    monkeypatch.setattr(subscribing, "BULK", 4)
    for _ in range(10):
        await client.request()
    head = await readers.world.log.head()
    projection, stopping = Summing(), asyncio.Event()
    projection.open.set()
    running = asyncio.create_task(readers.process().project_in_bulk(projection, stopping))
    await projection.until(head)
    assert {len(each) for each in projection.written[:-1]} == {4}
    await client.request()
    await projection.until(head + 1)
    stopping.set()
    async with asyncio.timeout(SOON):
        await running
    assert [one for each in projection.written for one in each] == list(range(1, head + 2))
    assert [record.position for record in await readers.subscriptions.subscriptions()] == [head + 1]
    assert readers.problems == []


async def test_while_a_projection_in_bulk_writes_no_more_is_gathered_than_it_may_hold(
    readers: Readers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribing, "PAGE", 1)
    monkeypatch.setattr(subscribing, "BULK", 3)
    for _ in range(12):
        await client.request()
    projection, stopping = Summing(), asyncio.Event()
    running = asyncio.create_task(readers.process().project_in_bulk(projection, stopping))
    projection.open.set()
    await projection.until(await readers.world.log.head())
    stopping.set()
    await running
    assert max(map(len, projection.written)) == 3


async def test_a_failed_bulk_write_is_reported_and_repeated_from_its_position(
    readers: Readers, client: Client, stopping: asyncio.Event
) -> None:
    await client.request()
    projection = Summing(fails=2)
    projection.open.set()
    running = asyncio.create_task(readers.process().project_in_bulk(projection, stopping))
    head = await readers.world.log.head()
    await projection.until(head)
    stopping.set()
    await running
    assert [type(error) for error in readers.problems] == [ZeroDivisionError] * 2
    assert projection.written == [list(range(1, head + 1))]


async def test_a_bulk_writer_that_lost_its_lease_continues_from_the_stored_position(
    readers: Readers, client: Client, stopping: asyncio.Event
) -> None:
    await client.request()
    head = await readers.world.log.head()
    projection = Summing()
    running = asyncio.create_task(readers.process().project_in_bulk(projection, stopping))
    async with asyncio.timeout(SOON):
        await projection.begun.wait()
    readers.world.clock.advance(timedelta(minutes=1))
    now = readers.world.clock.now()
    other = await readers.subscriptions.acquire(
        "summing", begin=0, now=now, leased_until=now + timedelta(seconds=30), token="other"
    )
    assert other is not None
    async with readers.subscriptions.recording(other, head, now=now):
        pass
    await readers.subscriptions.release(other)
    projection.open.set()
    await projection.until(head)  # in a transaction that is rolled back
    await client.request()
    await projection.until(head + 1)
    stopping.set()
    await running
    assert projection.written == [list(range(1, head + 1)), [head + 1]]
    assert [record.position for record in await readers.subscriptions.subscriptions()] == [head + 1]
    assert readers.problems == []


async def test_a_reader_that_lost_its_lease_records_nothing_and_gets_an_error(readers: Readers, client: Client) -> None:
    await client.request()
    async with aclosing(readers.process().events("mine", topics=REQUESTED)) as slow:
        first = await anext(slow)
        readers.world.clock.advance(timedelta(minutes=1))
        async with aclosing(readers.process().events("mine", topics=REQUESTED)) as quick:
            assert await anext(quick) == first
            with pytest.raises(LeaseLostError):
                await anext(slow)


async def test_a_forgotten_name_starts_from_the_beginning(readers: Readers, client: Client) -> None:
    await client.request()
    process = readers.process()
    for _ in range(2):
        async with aclosing(process.events("mine", topics=REQUESTED)) as events:
            first = await anext(events)
        await process.forget("mine")
        async with aclosing(process.events("mine", topics=REQUESTED)) as events:
            assert await anext(events) == first


async def test_an_idle_projection_starts_over_when_its_name_is_forgotten(
    readers: Readers, client: Client, stopping: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribing, "RENEW_SECONDS", 0.01)
    await client.request()
    head = await readers.world.log.head()
    one_by_one, in_bulk = Counting(), Summing()
    in_bulk.open.set()
    process = readers.process()
    running = asyncio.gather(process.project(one_by_one, stopping), process.project_in_bulk(in_bulk, stopping))
    await until(one_by_one, 1)
    async with asyncio.timeout(SOON):
        await in_bulk.until(head)
    one_by_one.enough.clear()
    for name in (one_by_one.name, in_bulk.name):
        await process.forget(name)
    await until(one_by_one, 2)
    async with asyncio.timeout(SOON):
        while len(in_bulk.written) < 2:
            await asyncio.sleep(0)
    stopping.set()
    await running
    assert one_by_one.seen[0] == one_by_one.seen[1]
    assert in_bulk.written == [list(range(1, head + 1))] * 2
    assert readers.problems == []


async def test_an_iterator_that_waits_gets_an_error_when_its_name_is_forgotten(
    readers: Readers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribing, "RENEW_SECONDS", 0.01)
    await client.request()
    process = readers.process()
    async with aclosing(process.events("mine", topics=REQUESTED)) as events:
        await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await process.forget("mine")
        with pytest.raises(LeaseLostError):
            async with asyncio.timeout(SOON):
                await waiting


async def test_a_failure_is_reported_and_repeated(readers: Readers, client: Client, stopping: asyncio.Event) -> None:
    projection = Counting(fails=2)
    running = asyncio.create_task(readers.process().project(projection, stopping))
    await client.request()
    await until(projection, 1)
    stopping.set()
    await running
    assert [type(error) for error in readers.problems] == [ZeroDivisionError] * 2
    assert len(projection.seen) == 1


async def test_an_event_comes_again_if_the_next_one_was_not_asked_for(readers: Readers, client: Client) -> None:
    for _ in range(3):
        await client.request()
    seen: list[int] = []
    for _ in range(2):
        async with aclosing(readers.process().events("mine", topics=REQUESTED)) as events:
            async for each in events:
                assert topic_of(each.event) in REQUESTED
                seen.append(each.position)
                if len(seen) % 2 == 0:
                    break
    async with aclosing(readers.process().events("mine", topics=REQUESTED)) as events:
        seen.append((await anext(events)).position)
    one, two, three = [
        each.id for each in await readers.world.log.read_feed(after=0, limit=100) if each.topic in REQUESTED
    ]
    assert seen == [one, two, two, three, three]


async def test_a_new_reader_starts_at_the_given_position(readers: Readers, client: Client) -> None:
    await client.request()
    head = await readers.world.log.head()
    await client.request()
    async with aclosing(readers.process().events("mine", topics=REQUESTED, begin=head)) as events:
        assert (await anext(events)).position == head + 1
