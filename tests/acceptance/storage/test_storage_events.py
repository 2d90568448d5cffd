"""Uploads that complete by a notification of storage, without a confirmation."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from litestar.testing import AsyncTestClient

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.read_side import MemoryReadSide
from application.events.reading import ReadingEvents
from entrypoints.http.app import create_app
from tests.acceptance.uploads.test_confirming import quota
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import STORAGE_SECRET, Service, Tenant

BEARER = {"Authorization": f"Bearer {STORAGE_SECRET}"}


def event(bucket: str, key: str, name: str = "ObjectCreated:Put", etag: str | None = None) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "eTag": etag}},
    }


@pytest.fixture
def bucket(service: Service) -> str:
    return service.environment["UPWELL_S3_BUCKET"]


async def notify(
    service: Service, *records: dict[str, Any], headers: dict[str, str] | None = None, content: bytes | None = None
) -> httpx.Response:
    body = json.dumps({"Records": records}).encode() if content is None else content
    async with httpx.AsyncClient() as plain:
        return await plain.post(
            f"{service.url}/v1/storage-events", content=body, headers=BEARER if headers is None else headers
        )


async def ended(client: httpx.AsyncClient, upload: dict[str, Any]) -> dict[str, Any]:
    """Wait until an upload has ended, and return it."""
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()
            if found["status"] not in {"PENDING", "PROCESSING"}:
                return found
            await asyncio.sleep(0.02)


async def test_an_upload_completes_without_a_confirmation_however_often_storage_notifies(
    service: Service, tenant: Tenant, bucket: str
) -> None:
    body = secrets.token_bytes(1000)
    async with tenant.client() as client:
        upload = await announce(client, body, auto_confirm=True, filename="my clip+ü.mp4")
        assert upload["auto_confirm"] is True
        etag = (await put(upload, body)).headers["etag"].strip('"')
        notification = event(bucket, upload["s3_key"], etag=etag)
        answer = await notify(service, notification, notification)
        assert (answer.status_code, answer.json()) == (200, {"received": 2, "matched": 2, "ignored": 0})
        done = await ended(client, upload)
        assert (done["status"], done["file_size_bytes"], done["etag"]) == ("COMPLETED", 1000, etag)
        assert done["object_id"] is not None
        assert (await notify(service, notification)).json()["matched"] == 1
        assert (await client.get(f"/v1/uploads/{upload['upload_id']}")).json() == done
        assert (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).json()["status"] == "COMPLETED"
    assert await quota(tenant) == (0, 1000)


async def test_wrong_bytes_fail_without_a_confirmation_too(service: Service, tenant: Tenant, bucket: str) -> None:
    body = secrets.token_bytes(100)
    async with tenant.client() as client:
        upload = await announce(client, body, auto_confirm=True, file_hash="0" * 64)
        await put(upload, body)
        assert (await notify(service, event(bucket, upload["s3_key"]))).status_code == 200
        assert (await ended(client, upload))["status"] == "FAILED"
    assert await quota(tenant) == (0, 0)


async def test_a_bucket_sets_it_for_single_uploads_and_batches(service: Service, tenant: Tenant, bucket: str) -> None:
    async with tenant.client() as client:
        assert (await client.get("/v1/buckets/files")).json()["auto_confirm"] is False
        changed = await client.patch("/v1/buckets/files", json={"auto_confirm": True})
        assert changed.json()["auto_confirm"] is True
        assert (await client.put("/v1/buckets/files", json={"description": "x"})).json()["auto_confirm"] is True
        made = await client.post(
            "/v1/buckets",
            json={"bucket_name": "quick", "bucket_schema": {"properties": {}}, "auto_confirm": True},
        )
        assert made.json()["auto_confirm"] is True
        asked = {"filename": "a.txt", "content_type": "text/plain", "blob_property": "text"}
        batch = await client.post(
            "/v1/buckets/files/uploads/batch", json={"uploads": [asked, {**asked, "auto_confirm": False}]}
        )
        first, second = batch.json()["uploads"]
        assert (first["auto_confirm"], second["auto_confirm"]) == (True, False)
        for upload in (first, second):
            assert (await put(upload, secrets.token_bytes(10))).status_code == 200
        answer = await notify(service, event(bucket, first["s3_key"]), event(bucket, second["s3_key"]))
        assert answer.json() == {"received": 2, "matched": 2, "ignored": 0}
        assert (await ended(client, first))["status"] == "COMPLETED"
        assert (await client.get(f"/v1/uploads/{second['upload_id']}")).json()["status"] == "PENDING"


async def test_foreign_notifications_are_ignored(service: Service, tenant: Tenant, bucket: str) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"x", auto_confirm=True)
        key = upload["s3_key"]
        answer = await notify(
            service,
            event("another-bucket", key),
            event(bucket, "HappyFace.jpg"),
            event(bucket, f"{key}.bak"),
            event(bucket, f"int_0/ns_0/api_buckets_uploads_create/upl_{'0' * 16}/a.txt"),
            event(bucket, key, "ObjectTagging:Put"),
        )
        assert answer.json() == {"received": 4, "matched": 0, "ignored": 4}
        assert (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()["status"] == "PENDING"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer not-what-the-storage-knows"},
        {"Authorization": f"Basic {STORAGE_SECRET}"},
        {"X-Upwell-Storage-Secret": STORAGE_SECRET[:-1]},
        {"Authorization": "Bearer x", "X-Upwell-Storage-Secret": STORAGE_SECRET},
    ],
)
async def test_without_the_secret_nothing_is_taken_in(service: Service, headers: dict[str, str]) -> None:
    answer = await notify(service, content=b"not even JSON", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_storage_secret")


async def test_an_api_key_is_not_the_secret(service: Service, tenant: Tenant) -> None:
    assert (await notify(service, headers=tenant.headers)).status_code == 401


@pytest.mark.parametrize("headers", [BEARER, {"X-Upwell-Storage-Secret": STORAGE_SECRET}])
async def test_the_secret_comes_in_either_header(service: Service, headers: dict[str, str]) -> None:
    assert (await notify(service, headers=headers)).json() == {"received": 0, "matched": 0, "ignored": 0}


@pytest.mark.parametrize(
    ("content", "code"), [(b"{", "invalid_notification"), (b" " * (1024 * 1024 + 1), "body_too_large")]
)
async def test_a_body_that_cannot_be_read_is_refused(service: Service, content: bytes, code: str) -> None:
    answer = await notify(service, content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


async def test_an_unknown_shape_is_answered_with_nothing(service: Service) -> None:
    answer = await notify(service, content=b'{"hello": ["world"]}')
    assert (answer.status_code, answer.json()["received"]) == (200, 0)


async def test_where_no_secret_is_set_there_is_no_such_route() -> None:
    @asynccontextmanager
    async def nothing() -> AsyncIterator[Any]:
        log = MemoryEventLog()
        yield SimpleNamespace(
            read_events=ReadingEvents(log=log, own=log, tokens=MemoryReadSide(log)), system=SimpleNamespace(log=log)
        )

    async with AsyncTestClient(create_app(nothing)) as client:
        answer = await client.post("/v1/storage-events", json={}, headers=BEARER)
        there_is_none = await client.post("/v1/no-such-route")
    assert (answer.status_code, answer.json()) == (404, there_is_none.json())
