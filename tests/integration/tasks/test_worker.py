"""The worker on real PostgreSQL and S3, with a clock that tests move."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from adapters.memory.clock import ManualClock
from adapters.postgres.database.connecting import connect
from adapters.postgres.database.rebuilding import rebuild
from application.handling import Loaded, Proposal, handle
from application.keys.callers import acting_for
from application.ports.tasks.tasks import TaskStatus, item_of
from application.tasks.worker import LEASE
from application.uploads.confirming_many import Confirmation
from application.uploads.requesting import Answer
from domain.refusals import WrongStateError
from domain.tasks.agenda import JobKind
from domain.uploads.admission import Announcement
from domain.uploads.content import Claimed
from domain.uploads.upload import UPLOAD, Status, Upload
from domain.uploads.upload_events import UploadEvent
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from entrypoints.wiring.use_cases import Services
from tests.conftest import Database, Tenant, make_tenant


class World:
    """A service in this process, a tenant, and the clock."""

    def __init__(self, services: Services, tenant: Tenant, clock: ManualClock) -> None:
        self._services = services
        self.tenant = tenant
        self.clock = clock

    @property
    def services(self) -> Services:
        """The services, as a request of the tenant has them."""
        acting_for.set(self.tenant.caller.organization.organization_id)
        return self._services

    async def announce(self, body: bytes, *, sha256: str | None = None, **changes: Any) -> Answer:  # noqa: ANN401  # fields of an announcement
        announcement = Announcement(
            filename="a.mp4",
            content_type="video/mp4",
            declared_size_bytes=len(body),
            blob_property="video",
            declared_sha256=sha256,
            **changes,
        )
        t = self.tenant
        return await self.services.request_upload(t.caller, t.namespace, t.bucket, announcement)

    async def put(self, answer: Answer, body: bytes) -> None:
        assert answer.signed is not None
        async with httpx.AsyncClient() as plain:
            sent = await plain.put(answer.signed.url, content=body, headers={"Content-Type": "video/mp4"})
        assert sent.status_code == 200, sent.text

    async def confirm(self, answer: Answer, *, as_task: bool = False) -> Status:
        t = self.tenant
        upload_id = answer.record.upload_id
        confirmed = await self.services.confirm_upload(
            t.caller, t.namespace, upload_id, bucket_id=None, claimed=Claimed(), as_task=as_task
        )
        return confirmed.status

    async def work(self) -> None:
        """Work every job that is due, and those that become due by it."""
        while await self.services.worker.work_due():
            pass

    async def status(self, answer: Answer) -> Status | None:
        record = await self.services.ports.read_side.upload(self.tenant.namespace.namespace_id, answer.record.upload_id)
        return record.status if record else None

    async def stored(self, answer: Answer) -> bool:
        return await self.services.ports.storage.head(answer.record.storage_key) is not None

    async def quota(self) -> tuple[int, int]:
        use = await self.services.ports.quota_ledger.use(self.tenant.caller.organization.organization_id)
        return use.reserved_bytes, use.accepted_bytes


@pytest.fixture
async def world(settings: Settings, database: Database) -> AsyncIterator[World]:
    clock = ManualClock(datetime.now(UTC))
    tenant = await make_tenant(database, "http://nowhere")
    async with running(settings, clock=clock) as services:
        yield World(services, tenant, clock)


async def test_an_upload_without_bytes_fails_15_minutes_after_its_url_expired(world: World) -> None:
    answer = await world.announce(b"x" * 100)
    world.clock.advance(timedelta(minutes=74))
    await world.work()
    assert await world.status(answer) is Status.PENDING
    assert await world.quota() == (100, 0)
    world.clock.advance(timedelta(minutes=2))
    await world.work()
    assert await world.status(answer) is Status.FAILED
    assert await world.quota() == (0, 0)
    record = await world.services.ports.read_side.upload(world.tenant.namespace.namespace_id, answer.record.upload_id)
    assert record is not None
    assert record.message == "No bytes arrived before the upload URL expired; request a new upload."


async def test_bytes_that_were_sent_but_never_confirmed_are_verified_when_the_url_has_expired(world: World) -> None:
    body = secrets.token_bytes(100)
    answer = await world.announce(body)
    await world.put(answer, body)
    world.clock.advance(timedelta(minutes=76))
    await world.work()
    assert await world.status(answer) is Status.COMPLETED
    assert await world.quota() == (0, 100)


async def test_wrong_bytes_that_were_never_confirmed_fail_the_upload_when_the_url_has_expired(world: World) -> None:
    body = secrets.token_bytes(100)
    answer = await world.announce(body, sha256="0" * 64)
    await world.put(answer, body)
    world.clock.advance(timedelta(minutes=76))
    await world.work()
    assert await world.status(answer) is Status.FAILED
    assert await world.quota() == (0, 0)


async def test_a_failed_upload_is_forgotten_30_days_later_and_its_events_contain_no_personal_data(
    world: World, database: Database
) -> None:
    answer = await world.announce(b"x" * 10)
    world.clock.advance(timedelta(minutes=76))
    await world.work()
    world.clock.advance(timedelta(days=29))
    await world.work()
    assert await world.status(answer) is Status.FAILED
    world.clock.advance(timedelta(days=2))
    await world.work()
    assert await world.status(answer) is None
    stored = await world.services.ports.log.read_stream(answer.record.upload_id)
    assert [event.topic for event in stored] == ["upload.requested.v1", "upload.failed.v1", "upload.forgotten.v1"]
    request = msgspec.json.decode(stored[0].state)["request"]
    assert {request[name] for name in ("filename", "storage_key", "metadata", "object_metadata")} == {None}
    assert "uploads" not in (await rebuild(database.owner_url, swap=False)).differences


async def test_a_completed_upload_without_an_object_stays_with_its_bytes(world: World) -> None:
    body = secrets.token_bytes(40)
    t = world.tenant
    announcement = Announcement(
        filename="a.bin", content_type="application/octet-stream", declared_size_bytes=40, create_object=False
    )
    answer = await world.services.request_upload(t.caller, t.namespace, t.bucket, announcement)
    assert answer.signed is not None
    async with httpx.AsyncClient() as plain:
        await plain.put(answer.signed.url, content=body, headers={"Content-Type": "application/octet-stream"})
    assert await world.confirm(answer) is Status.COMPLETED
    assert await world.quota() == (0, 40)
    world.clock.advance(timedelta(days=3650))
    await world.work()
    assert await world.status(answer) is Status.COMPLETED
    assert await world.quota() == (0, 40)
    assert await world.stored(answer)


async def test_an_upload_that_an_object_holds_is_not_forgotten(world: World) -> None:
    body = secrets.token_bytes(40)
    answer = await world.announce(body)
    await world.put(answer, body)
    assert await world.confirm(answer) is Status.COMPLETED
    world.clock.advance(timedelta(days=60))
    await world.work()
    assert await world.status(answer) is Status.COMPLETED
    assert await world.stored(answer)


async def test_bytes_that_arrive_after_a_cancellation_are_deleted_once_the_url_has_expired(world: World) -> None:
    body = secrets.token_bytes(40)
    answer = await world.announce(body)
    t = world.tenant
    await world.services.cancel_upload(t.caller, t.namespace, answer.record.upload_id, bucket_id=None, keep_bytes=False)
    await world.work()
    await world.put(answer, body)  # the URL works until it expires
    assert await world.stored(answer)
    world.clock.advance(timedelta(minutes=76))
    await world.work()
    assert not await world.stored(answer)


async def test_a_confirm_that_died_in_the_middle_is_finished_by_a_worker(world: World) -> None:
    body = secrets.token_bytes(40)
    answer = await world.announce(body)
    await world.put(answer, body)
    confirm = world.services.confirm_upload
    key_id = world.tenant.caller.key.key_id

    async def begin(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent]:
        confirmer = await confirm._confirmer(upload, key_id, key_id)
        command, _ = await confirm._look(upload, confirmer, Claimed())
        return Proposal(origin=command.origin, events=UPLOAD.decide(command, upload.state))

    await handle(world.services.ports.log, UPLOAD, answer.record.upload_id, begin)
    assert await world.status(answer) is Status.PROCESSING  # and here the process was killed
    await world.work()
    assert await world.status(answer) is Status.PROCESSING
    world.clock.advance(timedelta(seconds=61))
    await world.work()
    assert await world.status(answer) is Status.COMPLETED


async def test_the_items_of_a_killed_worker_are_taken_over_when_its_leases_end(world: World) -> None:
    answers = []
    for number in range(12):
        body = secrets.token_bytes(40 + number)
        answers.append(await world.announce(body))
        await world.put(answers[-1], body)
    t, services = world.tenant, world.services
    confirmations = [Confirmation(upload_id=a.record.upload_id, claimed=Claimed()) for a in answers]
    task = await services.confirm_many(t.caller, t.bucket, confirmations)
    tasks, organization_id = services.system.tasks, t.caller.organization.organization_id
    held = await services.system.jobs.lease(now=world.clock.now(), limit=5, lasts=LEASE)
    for job in held:  # one that took five items, began them, and was killed
        assert await tasks.begin(*item_of(job.upload_id), now=world.clock.now())
    await asyncio.gather(*(world.work() for _ in range(3)))
    found = await tasks.task(organization_id, task.task_id)
    assert found is not None
    assert (found.status, found.additional_data["completed"]) == (TaskStatus.PROCESSING, 7)
    world.clock.advance(LEASE)
    await asyncio.gather(*(world.work() for _ in range(3)))
    found = await tasks.task(organization_id, task.task_id)
    assert found is not None
    assert (found.status, found.additional_data["completed"]) == (TaskStatus.COMPLETED, 12)
    assert {await world.status(answer) for answer in answers} == {Status.COMPLETED}


async def test_two_workers_never_hold_the_same_job(world: World) -> None:
    for _ in range(20):
        await world.announce(b"x")
    world.clock.advance(timedelta(minutes=76))
    jobs = world.services.ports.jobs
    taken = await asyncio.gather(
        *(jobs.lease(now=world.clock.now(), limit=7, lasts=timedelta(minutes=1)) for _ in range(6))
    )
    ids = [job.upload_id for batch in taken for job in batch if job.kind is JobKind.EXPIRE]
    assert len(ids) == len(set(ids)) == 20


async def test_what_a_stopped_worker_held_is_given_back(world: World) -> None:
    body = secrets.token_bytes(10)
    answer = await world.announce(body)
    await world.put(answer, body)
    assert await world.confirm(answer, as_task=True) is Status.PROCESSING
    stopping = asyncio.Event()
    worker = asyncio.create_task(world.services.worker.run(stopping))
    async with asyncio.timeout(20):
        while await world.status(answer) is not Status.COMPLETED:
            await asyncio.sleep(0.01)
    stopping.set()
    async with asyncio.timeout(10):
        await worker
    connection = await connect(world.tenant.database.owner_url, role=None)
    held = await connection.fetchval("SELECT count(*) FROM upwell.jobs WHERE lease IS NOT NULL")
    await connection.close()
    assert held == 0


async def test_forgetting_on_request_refuses_an_upload_that_is_under_way(world: World) -> None:
    answer = await world.announce(b"x")
    with pytest.raises(WrongStateError):
        await world.services.worker.forget(answer.record.upload_id, actor_id="system:test")
