"""Context variables of one task never reach another: a process's own work has no caller."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import uvicorn

from adapters.postgres.database.connecting import connect
from application.keys.callers import acting_for
from application.ports.tasks.tasks import TaskStatus
from domain.uploads.admission import Announcement
from domain.uploads.content import Claimed
from entrypoints.http.transport.server import Server, options
from entrypoints.settings import Settings
from entrypoints.wiring.running import running
from entrypoints.wiring.worker import run_worker
from tests.conftest import Database, free_port, make_tenant

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def test_a_worker_works_for_all_organizations_whichever_its_process_was_acting_for_when_it_began(
    settings: Settings, database: Database
) -> None:
    first = await make_tenant(database, "")
    second = await make_tenant(database, "")
    acting_for.set(first.caller.organization.organization_id)
    async with running(settings) as services, asyncio.timeout(60):
        stopping = asyncio.Event()
        worker = asyncio.create_task(run_worker(services, settings, stopping))
        acting_for.set(second.caller.organization.organization_id)
        announced = Announcement(filename="a.mp4", content_type="video/mp4", declared_size_bytes=3, create_object=False)
        answer = await services.request_upload(second.caller, second.namespace, second.bucket, announced)
        assert answer.signed is not None
        async with httpx.AsyncClient(trust_env=False) as plain:
            sent = await plain.put(answer.signed.url, content=b"abc", headers={"Content-Type": "video/mp4"})
        assert sent.status_code == 200, sent.text
        confirmed = await services.confirm_upload(
            second.caller, second.namespace, answer.record.upload_id, bucket_id=None, claimed=Claimed(), as_task=True
        )
        assert confirmed.task_id is not None
        organization_id = second.caller.organization.organization_id
        while True:
            task = await services.ports.tasks.task(organization_id, confirmed.task_id)
            if task is not None and task.status is TaskStatus.COMPLETED:
                break
            await asyncio.sleep(0.02)
        stopping.set()
        await worker


async def test_a_worker_drops_figures_that_are_no_longer_kept(settings: Settings, database: Database) -> None:
    owner = await connect(database.owner_url, role=None)
    await owner.execute("""
        INSERT INTO upwell.analytics_figures SELECT r.* FROM generate_series(20, 50, 10) day, jsonb_populate_record(
            NULL::upwell.analytics_figures, (
                SELECT jsonb_object_agg(column_name, 0) FROM information_schema.columns
                WHERE table_name = 'analytics_figures') || jsonb_build_object(
                'bucket_id', 'bkt_1', 'hour', date_trunc('hour', now()) - make_interval(days => day), 'stored_bytes', 1,
                'labels', '{}', 'durations', '{}', 'failures', '{}')) r
    """)
    days = "SELECT (now()::date - hour::date) AS age FROM upwell.analytics_figures WHERE hour > '-infinity' ORDER BY 1"
    before = "SELECT stored_bytes FROM upwell.analytics_figures WHERE hour = '-infinity'"
    keeping = Settings({**settings.given, "UPWELL_ANALYTICS_DAYS": "35"})
    async with running(keeping) as services, asyncio.timeout(60):
        stopping = asyncio.Event()
        worker = asyncio.create_task(run_worker(services, keeping, stopping))
        while [row["age"] for row in await owner.fetch(days)] != [20, 30]:
            await asyncio.sleep(0.02)
        stopping.set()
        await worker
    assert await owner.fetchval(before) == 2
    await owner.close()


async def test_a_request_begins_with_nothing_that_was_set_before_it() -> None:
    async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        if scope["type"] == "lifespan":
            acting_for.set("org_of_the_lifespan")
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        found = acting_for.get("nobody")
        acting_for.set("org_of_another_request")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(found))]})
        await send({"type": "http.response.body", "body": found.encode()})

    port = free_port()
    server = Server(uvicorn.Config(app, **options("127.0.0.1", port)))
    acting_for.set("org_of_the_start")
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + bytes(1_000_000)
        for _ in range(2):  # each of which makes the server pause while it comes
            writer.write(request)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(len(b"nobody")) == b"nobody"
        writer.close()
    server.should_exit = True
    await serving
