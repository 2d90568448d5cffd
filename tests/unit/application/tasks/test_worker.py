"""How a worker leases jobs: a few at once, and quick ones in growing pages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec
import pytest

from adapters.memory.tasks.job_queue import MemoryJobQueue
from application.ports.events.event_log import LogUnavailableError, StoredEvent
from application.ports.storage.object_storage import StorageUnavailableError
from application.ports.tasks.job_queue import Job
from application.ports.tasks.tasks import Json, NewItem, NewTask, TaskItem, TaskRecord, TaskType
from application.tasks.running import ItemContext, RunningTasks
from application.tasks.worker import PAGE
from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status
from tests.unit.application.world import Client, World

AFTER_THE_GRACE = timedelta(hours=1, minutes=16)
PATIENCE_SECONDS = 10


class CountingQueue(MemoryJobQueue):
    """Records the limit and the result of each lease. `before`: awaited before the lease with this number."""

    def __init__(self, world: World) -> None:
        super().__init__(world.log)
        self.leases: list[tuple[int, int]] = []
        self.before: dict[int, Awaitable[None]] = {}

    async def lease(self, *, now: datetime, limit: int, lasts: timedelta) -> Sequence[Job]:
        if (deed := self.before.pop(len(self.leases), None)) is not None:
            await deed
        jobs = await super().lease(now=now, limit=limit, lasts=lasts)
        self.leases.append((limit, len(jobs)))
        return jobs


class Slow:
    """Work on items that takes until it is released. `most`: the number of items that ran at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.release = asyncio.Event()

    async def __call__(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:  # noqa: ARG002  # as `ItemWork`
        self.now += 1
        self.most = max(self.most, self.now)
        await self.release.wait()
        self.now -= 1
        return {}


@pytest.fixture
async def client(world: World) -> Client:
    return await world.tenant(quota_bytes=1_000_000)


@pytest.fixture
def queue(world: World) -> CountingQueue:
    queue = CountingQueue(world)
    world.jobs = queue
    world.working = msgspec.structs.replace(world.working, jobs=queue)
    return queue


@asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    worker = asyncio.create_task(world.working.run(stopping))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    finally:
        stopping.set()
        await worker


async def abandon(client: Client, count: int) -> list[str]:
    """Request uploads without sending bytes, and let their URLs expire."""
    made = [(await client.request()).record.upload_id for _ in range(count)]
    client.world.clock.advance(AFTER_THE_GRACE)
    return made


async def until_none_expires(queue: CountingQueue, world: World) -> None:
    while any(row.kind is JobKind.EXPIRE for row in world.log.jobs.rows.values()):
        await asyncio.sleep(0)
    assert queue.leases


async def add_items(world: World, client: Client, count: int) -> None:
    task = NewTask(
        task_id="task_1",
        organization_id=client.caller.organization.organization_id,
        namespace_id=None,
        task_type=TaskType.CONFIRM_UPLOADS,
        actor_id="key_1",
        created_at=world.clock.now(),
        inputs=[],
        items=[NewItem(subject=f"upl_{number}") for number in range(count)],
    )
    await world.tasks.create(task, drop_at=world.clock.now() + world.rules.retention)


async def test_abandoned_uploads_expire_in_growing_pages(world: World, client: Client, queue: CountingQueue) -> None:
    uploads = await abandon(client, 250)
    async with working(world):
        await until_none_expires(queue, world)
    assert [limit for limit, found in queue.leases if found][:5] == [4, 8, 16, 32, PAGE]
    assert max(limit for limit, _ in queue.leases) == PAGE
    states = [(await world.read_side.upload(client.namespace.namespace_id, each)).status for each in uploads]  # type: ignore[union-attr]  # they exist
    assert set(states) == {Status.FAILED}
    assert {job.kind for job in world.log.jobs.rows.values()} == {JobKind.FORGET}


async def test_a_page_reads_its_streams_by_one_query(world: World, client: Client, queue: CountingQueue) -> None:
    await abandon(client, 4)
    reads: list[str] = []
    read_streams, read_stream = world.log.read_streams, world.log.read_stream

    async def several(ids: Sequence[str]) -> object:
        reads.append(f"{len(ids)} at once")
        return await read_streams(ids)

    async def one(stream_id: str) -> Sequence[StoredEvent]:
        if stream_id.startswith("upl_"):
            reads.append(stream_id)
        return await read_stream(stream_id)

    world.log.read_streams, world.log.read_stream = several, one  # type: ignore[method-assign,assignment]  # for this test
    assert await world.working.work_due() == 4
    assert reads == ["4 at once"]
    assert queue.leases == [(4, 4)]


async def test_slow_jobs_run_a_few_at_once_and_those_that_were_leased_beyond_that_are_put_back(
    world: World, client: Client, queue: CountingQueue
) -> None:
    slow = Slow()
    tasks = RunningTasks(tasks=world.tasks, clock=world.clock, rules=world.rules, work={TaskType.CONFIRM_UPLOADS: slow})
    world.working = msgspec.structs.replace(world.working, tasks=tasks)
    await abandon(client, 12)
    queue.before[2] = add_items(world, client, 20)  # after pages of 4 and 8
    async with working(world):
        while slow.most < 4:
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert slow.most == 4
        assert queue.leases == [(4, 4), (8, 8), (16, 16)]
        waiting = [job for job in world.log.jobs.rows.values() if job.kind is JobKind.ITEM and job.lease is None]
        assert len(waiting) == 16
        assert {job.due_at for job in waiting} == {world.clock.now()}
        slow.release.set()
        while any(row.kind is JobKind.ITEM for row in world.log.jobs.rows.values()):
            await asyncio.sleep(0)
    assert slow.most == 4
    assert all(limit <= 4 for limit, _ in queue.leases[3:])


async def test_an_upload_whose_storage_fails_does_not_keep_the_others_of_its_page(
    world: World, client: Client, queue: CountingQueue
) -> None:
    first, second = [await client.request() for _ in range(2)]
    world.clock.advance(AFTER_THE_GRACE)
    fetch = world.storage.fetch

    async def failing(key: str, *, limit_bytes: int) -> object:
        if key == first.record.storage_key:
            raise StorageUnavailableError("503")
        return await fetch(key, limit_bytes=limit_bytes)

    world.storage.fetch = failing  # type: ignore[method-assign,assignment]  # for this test
    assert await world.working.work_due() == 2
    assert (await client.record(second)).status is Status.FAILED
    assert (await client.record(first)).status is Status.PENDING
    assert [type(error) for error in world.problems] == [StorageUnavailableError]
    (again,) = (job for job in world.log.jobs.rows.values() if job.kind is JobKind.EXPIRE)
    assert (again.lease, again.due_at > world.clock.now()) == (None, True)
    assert queue.leases == [(4, 2)]


async def test_a_log_that_cannot_be_read_fails_each_job_and_not_the_worker(
    world: World, client: Client, queue: CountingQueue
) -> None:
    uploads = await abandon(client, 3)

    async def unavailable(*_: object) -> Sequence[StoredEvent]:
        raise LogUnavailableError

    read_streams, read_stream = world.log.read_streams, world.log.read_stream
    world.log.read_streams = world.log.read_stream = unavailable  # type: ignore[method-assign,assignment]  # for this test
    assert await world.working.work_due() == 3
    assert [type(error) for error in world.problems] == [LogUnavailableError] * 3
    world.log.read_streams, world.log.read_stream = read_streams, read_stream  # type: ignore[method-assign]  # back
    await world.pass_time(timedelta(minutes=1))
    for upload_id in uploads:
        record = await world.read_side.upload(client.namespace.namespace_id, upload_id)
        assert record is not None
        assert record.status is Status.FAILED
    assert queue.leases
