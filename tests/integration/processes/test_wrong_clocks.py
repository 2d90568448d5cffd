"""Hosts whose clocks are wrong: PostgreSQL's counts, and nothing irrevocable happens on one process's word."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

import application.tasks.pausing
from adapters.memory.clock import ManualClock
from adapters.postgres.clock import PostgresClock
from adapters.postgres.database.connecting import connect
from adapters.postgres.tasks.job_queue import PostgresJobQueue
from application.idempotency import Creation, keyed_request
from application.keys.callers import acting_for
from application.ports.clock import Clock, ClockDiffersError
from application.ports.tasks.job_queue import Job
from application.uploads.requesting import Answer
from domain.uploads.admission import Announcement
from domain.uploads.upload import Status
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from entrypoints.wiring import operations
from entrypoints.wiring import running as wiring
from entrypoints.wiring.operations import administering, check_clock
from entrypoints.wiring.running import running
from entrypoints.wiring.storage import open_storage
from entrypoints.wiring.use_cases import Services
from entrypoints.wiring.worker import run_worker
from tests.conftest import Database, Servers, Tenant, drop_database, environment_for, make_database, make_tenant

AHEAD = timedelta(days=31)
BEHIND = timedelta(hours=-2)
A_DAY_AHEAD = timedelta(hours=26)


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[Database]:
    """A database whose own clock counts, as in production."""
    made = await make_database(servers)
    yield made
    await drop_database(servers, made)


@pytest.fixture
async def settings(servers: Servers, database: Database) -> Settings:
    made = Settings(environment_for(servers, database))
    async with open_storage(made.s3) as storage:
        await storage.prepare(cors_origins=["*"])
    return made


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    made = await make_tenant(database, "http://nowhere")
    acting_for.set(made.caller.organization.organization_id)
    return made


@pytest.fixture
def set_host(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Sets the clock of the host, as this service sees it."""

    def set_to(off: timedelta) -> None:
        clock = partial(PostgresClock, host=lambda: time.time() + off.total_seconds())
        for module in (operations, wiring):
            monkeypatch.setattr(module, "PostgresClock", clock)

    return set_to


def announcing(services: Services, tenant: Tenant) -> Creation[Answer]:
    announcement = Announcement(filename="a.mp4", content_type="video/mp4", declared_size_bytes=3, create_object=False)

    async def again(remembered: object) -> Answer:
        raise AssertionError(remembered)

    return Creation(
        prefix="upl_",
        make=lambda ids: services.request_upload(tenant.caller, tenant.namespace, tenant.bucket, announcement, ids=ids),
        made=lambda answer: (answer.record.upload_id,),
        again=again,
    )


@asynccontextmanager
async def believing(settings: Settings, off: timedelta) -> AsyncIterator[Services]:
    """Run a service whose clock is off, and that does not notice it: the worst there can be."""
    async with running(settings, clock=ManualClock(datetime.now(UTC) + off)) as services:
        yield services


@pytest.mark.parametrize("off", [AHEAD, BEHIND, A_DAY_AHEAD])
async def test_with_a_wrong_host_clock_the_time_is_postgresqls_and_the_host_does_no_work(
    settings: Settings, database: Database, set_host: Callable[[timedelta], None], off: timedelta
) -> None:
    set_host(off)
    async with running(settings) as services:
        clock: Clock = services.ports.clock
        asked = await connect(database.url)
        before = await asked.fetchval("SELECT clock_timestamp()")
        now = clock.now()
        after = await asked.fetchval("SELECT clock_timestamp()")
        await asked.close()
        assert before - timedelta(seconds=1) <= now <= after + timedelta(seconds=1)
        with pytest.raises(ClockDiffersError):
            clock.check()


async def test_a_service_with_a_wrong_clock_reports_it_and_serves_nothing(
    settings: Settings, tenant: Tenant, set_host: Callable[[timedelta], None]
) -> None:
    set_host(BEHIND)
    app = create_app(lambda: running(settings))
    async with AsyncTestClient(app) as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["parts"]["clock"].startswith("The clock of this host is 2:00:00 behind the database's")
        assert (await client.get("/healthz")).status_code == 200
        announced = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}
        refused = await client.post("/v1/buckets/files/uploads", json=announced, headers=tenant.headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "clock_differs")
        assert refused.headers["retry-after"] == "2"


async def test_a_command_of_an_operator_refuses_to_go_by_a_wrong_clock(
    settings: Settings, set_host: Callable[[timedelta], None]
) -> None:
    set_host(AHEAD)
    with pytest.raises(ClockDiffersError, match="31 days, 0:00:00 ahead"):
        async with administering(settings.database_url, settings.rules):
            pass


async def test_a_service_does_not_start_with_a_wrong_clock_and_reports_it_before_storage_refuses_it(
    settings: Settings, set_host: Callable[[timedelta], None]
) -> None:
    set_host(timedelta())
    await check_clock(settings)
    set_host(BEHIND)
    with pytest.raises(ClockDiffersError, match="2:00:00 behind"):
        await check_clock(settings)


class CountingClock(ManualClock):
    """Counts the checks whether a process may work."""

    asked = 0

    def check(self) -> None:
        self.asked += 1
        super().check()


async def test_a_worker_whose_clock_is_wrong_takes_no_job_until_it_is_set(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = asyncio.Event()
    lease = PostgresJobQueue.lease

    async def noted(self: PostgresJobQueue, **how: Any) -> Sequence[Job]:  # noqa: ANN401  # as it is called
        taken.set()
        return await lease(self, **how)

    monkeypatch.setattr(PostgresJobQueue, "lease", noted)
    monkeypatch.setattr(application.tasks.pausing, "LOOK_SECONDS", 0.001)
    clock = CountingClock(datetime.now(UTC))
    clock.contradict("The clock of this host is 31 days ahead of the database's.")
    async with running(settings, clock=clock) as services, asyncio.timeout(30):
        stopping = asyncio.Event()
        worker = asyncio.create_task(run_worker(services, settings, stopping))
        while clock.asked < 100:
            await asyncio.sleep(0)
        assert not taken.is_set()
        clock.contradict(None)
        await taken.wait()
        stopping.set()
        await worker


async def test_a_worker_that_believes_to_be_a_month_ahead_forgets_nothing_and_puts_nothing_off(
    settings: Settings, tenant: Tenant
) -> None:
    async with running(settings) as right:
        answer = await right.request_upload(
            tenant.caller,
            tenant.namespace,
            tenant.bucket,
            Announcement(filename="a.mp4", content_type="video/mp4", create_object=False),
        )
        due = await right.system.jobs.next_due()
    async with believing(settings, AHEAD) as services:
        assert await services.worker.work_due() == 0
        assert await services.system.jobs.next_due() == due
        record = await services.ports.read_side.upload(tenant.namespace.namespace_id, answer.record.upload_id)
        assert record is not None
        assert record.status is Status.PENDING


async def test_an_idempotency_key_makes_one_upload_even_with_a_wrong_clock(settings: Settings, tenant: Tenant) -> None:
    organization_id = tenant.caller.organization.organization_id
    request = keyed_request(organization_id=organization_id, key_id="key_1", key="k", what=(), body=b"{}")
    async with running(settings) as right:
        first = await right.do_once(request, announcing(right, tenant))
    async with believing(settings, A_DAY_AHEAD) as services:
        with pytest.raises(AssertionError, match=first.record.upload_id):  # it is looked up again, and not created
            await services.do_once(request, announcing(services, tenant))
