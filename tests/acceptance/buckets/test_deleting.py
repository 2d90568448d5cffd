"""Buckets and namespaces are deleted with their contents, while clients continue and workers are killed."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from adapters.postgres.database.connecting import Connection, connect
from adapters.postgres.database.rebuilding import rebuild
from entrypoints.settings import Settings
from entrypoints.wiring.storage import open_storage
from tests.acceptance.buckets.test_buckets import until
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import (
    Servers,
    Service,
    Tenant,
    drop_database,
    environment_for,
    free_port,
    make_database,
    make_tenant,
    start,
    wait_ready,
)

PATIENCE_SECONDS = 60
# Refuses to delete the last 100 uploads, as a lock does that is held for too long.
SOME_STAY = """
CREATE FUNCTION public.some_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) FROM upwell.uploads) <= 100 THEN
        RAISE lock_not_available USING MESSAGE = 'some uploads stay';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER some_stay BEFORE DELETE ON upwell.uploads FOR EACH ROW EXECUTE FUNCTION public.some_stay()
"""
ALL_GO = "DROP TRIGGER some_stay ON upwell.uploads; DROP FUNCTION public.some_stay()"
UNCONFIRMED = "unconfirmed.mp4"
ASKED = {"filename": "b.mp4", "content_type": "video/mp4", "blob_property": "video", "file_size_bytes": 1000}


async def ended(client: httpx.AsyncClient, task_id: str) -> dict[str, Any]:
    """Return the task when it has ended."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            task: dict[str, Any] = (await client.get(f"/v1/tasks/{task_id}")).json()
            if task["status"] not in {"PENDING", "PROCESSING"}:
                return task
            await asyncio.sleep(0.02)


async def fill(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Bring uploads into several states, two of them into objects."""
    uploads = [await announce(client, secrets.token_bytes(20)) for _ in range(2)]
    for fields in ({}, {"filename": "sound.mp4"}, {"create_object_on_confirm": False}):
        body = secrets.token_bytes(30)
        upload = await announce(client, body, **fields)
        await put(upload, body)
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert confirmed.json()["status"] == "COMPLETED"
        uploads.append({**upload, "object_id": confirmed.json()["object_id"]})
    unconfirmed = await announce(client, secrets.token_bytes(20), filename=UNCONFIRMED)
    await put(unconfirmed, secrets.token_bytes(20))
    canceled = await announce(client, b"x" * 25)
    await put(canceled, b"x" * 25)
    await client.delete(f"/v1/uploads/{canceled['upload_id']}", params={"delete_s3_object": False})
    wrong = await announce(client, b"y" * 25, file_hash="0" * 64)
    await put(wrong, b"y" * 25)
    assert (await client.post(f"/v1/uploads/{wrong['upload_id']}/confirm")).status_code == 400
    return [*uploads, unconfirmed, canceled, wrong]


@asynccontextmanager
async def looking(tenant: Tenant) -> AsyncIterator[Connection]:
    connection = await connect(tenant.database.owner_url, role=None)
    try:
        yield connection
    finally:
        await connection.close()


async def nothing_stays(tenant: Tenant, environment: dict[str, str], uploads: list[dict[str, Any]]) -> None:
    """No row, no byte and no quota is left; the live tables equal those of a replay."""
    organization_id = tenant.caller.organization.organization_id
    async with looking(tenant) as connection:
        for table in ("uploads", "objects"):
            query = f"SELECT count(*) FROM upwell.{table} WHERE organization_id = $1"  # noqa: S608  # names above
            assert await connection.fetchval(query, organization_id) == 0, table
        quota: Any = await connection.fetchrow(
            "SELECT * FROM upwell.quotas WHERE organization_id = $1", organization_id
        )
        assert (quota["reserved_bytes"], quota["accepted_bytes"]) == (0, 0)
        named = "SELECT count(*) FROM upwell.upwell_events WHERE convert_from(state, 'UTF8') LIKE '%sound.mp4%'"
        assert await connection.fetchval(named) == 0
    async with open_storage(Settings(environment).s3) as storage, asyncio.timeout(PATIENCE_SECONDS):
        for upload in uploads:  # workers delete the bytes right after the record
            while await storage.head(upload["s3_key"]) is not None:
                await asyncio.sleep(0.02)
    checked = await rebuild(tenant.database.owner_url, swap=False)
    assert checked.differences == {}


async def test_a_bucket_goes_with_all_that_is_in_it_while_a_client_goes_on(tenant: Tenant, service: Service) -> None:
    answers: list[httpx.Response] = []
    async with tenant.client() as client:
        uploads = await fill(client)
        (unconfirmed,) = (upload for upload in uploads if upload["filename"] == UNCONFIRMED)
        stopping = asyncio.Event()

        async def go_on() -> None:
            while not stopping.is_set():
                answers.append(await client.post(f"/v1/buckets/{tenant.bucket.bucket_id}/uploads", json=ASKED))
                answers.append(await client.post(f"/v1/uploads/{unconfirmed['upload_id']}/confirm"))

        busy = [asyncio.create_task(go_on()) for _ in range(3)]
        while not answers:
            await asyncio.sleep(0.01)
        began = await client.delete("/v1/buckets/files")
        assert began.status_code == 200, began.text
        assert began.json()["success"] is True
        again = await client.delete(f"/v1/buckets/{tenant.bucket.bucket_id}")
        assert again.status_code == 404 or again.json()["task_id"] == began.json()["task_id"]
        task = await ended(client, began.json()["task_id"])
        assert (task["status"], task["task_type"]) == ("COMPLETED", "api_buckets_delete"), task
        assert task["inputs"] == [tenant.bucket.bucket_id]
        assert task["additional_data"]["deleted_objects"] >= 2
        await until(lambda: client.post("/v1/buckets/files/uploads", json=ASKED), 404)
        stopping.set()
        await asyncio.gather(*busy)
        for path in (
            "/v1/buckets/files",
            *(f"/v1/uploads/{upload['upload_id']}" for upload in uploads),
            *(f"/v1/buckets/files/objects/{upload['object_id']}" for upload in uploads if upload.get("object_id")),
        ):
            assert (await client.get(path)).status_code == 404, path
        uploads += [answer.json() for answer in answers if answer.is_success and "s3_key" in answer.json()]
        assert {answer.status_code for answer in answers} <= {200, 400, 403, 404}
        namespace = (await client.get("/v1/namespaces/test")).json()
        assert (namespace["bucket_count"], namespace["object_count"]) == (0, 0)
        schema = {"properties": {"video": {"type": "video"}}}
        made = await client.post("/v1/buckets", json={"bucket_name": "files", "bucket_schema": schema})
        assert made.status_code == 200, made.text
        assert made.json()["bucket_id"] != tenant.bucket.bucket_id
    await nothing_stays(tenant, service.environment, uploads)


async def test_a_namespace_goes_with_its_buckets(tenant: Tenant, service: Service) -> None:
    async with tenant.client() as client:
        uploads = await fill(client)
        schema = {"properties": {"video": {"type": "video"}}}
        for name in ("one", "two"):
            made = await client.post("/v1/buckets", json={"bucket_name": name, "bucket_schema": schema})
            assert made.status_code == 200
            uploads.append((await client.post(f"/v1/buckets/{name}/uploads", json=ASKED)).json())
        began = await client.delete("/v1/namespaces/test")
        assert began.status_code == 200, began.text
        refused = await client.post("/v1/buckets", json={"bucket_name": "three", "bucket_schema": schema})
        assert refused.status_code in {400, 404}, refused.text
        late = await client.post("/v1/buckets/one/uploads", json=ASKED)
        assert late.status_code in {403, 404}, late.text
        task = await ended(client, began.json()["task_id"])
        assert (task["status"], task["task_type"]) == ("COMPLETED", "api_namespaces_delete"), task
        assert task["additional_data"]["deleted_buckets"] == 3
        await until(lambda: client.get("/v1/buckets/files"), 404)
        assert (await client.get("/v1/namespaces/test")).status_code == 404
        assert (await client.delete("/v1/namespaces/test")).status_code == 404
        asked = {"namespace_name": "test", "feature_extractors": [{"feature_extractor_name": "a", "version": "v1"}]}
        assert (await client.post("/v1/namespaces", json=asked)).status_code == 200
    await nothing_stays(tenant, service.environment, uploads)


@pytest.mark.parametrize("what", ["buckets/files", "namespaces/test"])
async def test_a_deletion_survives_a_worker_that_is_killed(servers: Servers, what: str) -> None:
    database = await make_database(servers)
    port = free_port()
    environment = {**environment_for(servers, database), "UPWELL_PORT": str(port)}
    url = f"http://127.0.0.1:{port}"
    processes = [start(environment, "serve")]
    try:
        wait_ready(url, processes[0])
        tenant = await make_tenant(database, url)
        async with tenant.client() as client, looking(tenant) as connection:
            uploads = await fill(client)
            for _ in range(12):
                many = await client.post("/v1/buckets/files/uploads/batch", json={"uploads": [ASKED] * 50})
                uploads += many.json()["uploads"]
            began = (await client.delete(f"/v1/{what}")).json()
            bucket = (await client.get("/v1/buckets/files")).json()
            assert (bucket["status"], bucket["is_locked"]) == ("ARCHIVED", True)
            assert (await client.delete(f"/v1/{what}")).json()["task_id"] == began["task_id"]
            late = await client.post("/v1/buckets/files/uploads", json=ASKED)
            assert (late.status_code, late.json()["error"]["code"]) == (403, "bucket_not_active")
            await connection.execute(SOME_STAY)
            processes.append(start(environment, "worker"))
            count = "SELECT count(*) FROM upwell.uploads"
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await connection.fetchval(count) == len(uploads):
                    await asyncio.sleep(0.01)
            processes[1].kill()
            processes[1].wait()
            await connection.execute(ALL_GO)
            left = await connection.fetchval(count)
            assert 100 <= left < len(uploads)
            assert (await client.get(f"/v1/tasks/{began['task_id']}")).json()["status"] == "PROCESSING"
            # the dead worker's lease ends early
            await connection.execute("UPDATE upwell.jobs SET leased_until = now() WHERE lease IS NOT NULL")
            processes[1] = start(environment, "worker")
            task = await ended(client, began["task_id"])
            assert task["status"] == "COMPLETED", task
            await until(lambda: client.get("/v1/buckets/files"), 404)
            await nothing_stays(tenant, environment, uploads)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        await drop_database(servers, database)
