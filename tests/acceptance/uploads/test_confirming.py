"""Every difference between stored bytes and their announcement, and its consequences."""

import asyncio
import hashlib
import secrets
from collections import Counter
from typing import Any

import aiohttp
import httpx
import pytest

from adapters.postgres.database.connecting import connect
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Service, Tenant


async def quota(tenant: Tenant) -> tuple[int, int]:
    connection = await connect(tenant.database.owner_url, role=None)
    try:
        row = await connection.fetchrow(
            "SELECT reserved_bytes, accepted_bytes FROM upwell.quotas WHERE organization_id = $1",
            tenant.caller.organization.organization_id,
        )
    finally:
        await connection.close()
    assert row is not None
    return row["reserved_bytes"], row["accepted_bytes"]


async def gone(tenant: Tenant, key: str, environment: dict[str, str]) -> bool:
    """Wait until the bytes under a key are deleted."""
    from entrypoints.settings import Settings  # noqa: PLC0415  # only here
    from entrypoints.wiring.storage import open_storage  # noqa: PLC0415  # the same

    assert tenant.url
    async with open_storage(Settings(environment).s3) as storage, asyncio.timeout(20):
        while await storage.head(key) is not None:
            await asyncio.sleep(0.02)
    return True


async def confirm(client: httpx.AsyncClient, upload: dict[str, Any], **fields: object) -> httpx.Response:
    return await client.post(f"/v1/uploads/{upload['upload_id']}/confirm", json=fields)


async def test_nothing_stored_changes_nothing_and_may_be_confirmed_later(tenant: Tenant) -> None:
    body = secrets.token_bytes(100)
    async with tenant.client() as client:
        upload = await announce(client, body)
        early = await confirm(client, upload)
        assert (early.status_code, early.json()["error"]["code"]) == (400, "content_not_found")
        assert (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()["status"] == "PENDING"
        await put(upload, body)
        assert (await confirm(client, upload)).json()["status"] == "COMPLETED"
    assert await quota(tenant) == (0, 100)


@pytest.mark.parametrize(
    ("code", "fields", "claims"),
    [
        ("etag_mismatch", {}, {"etag": '"0123456789abcdef0123456789abcdef"'}),
        ("size_mismatch", {"file_size_bytes": None}, {"file_size_bytes": 99}),
        ("hash_mismatch", {"file_hash": "0" * 64}, {}),
        ("hash_mismatch", {}, {"file_hash": "0" * 64}),
    ],
)
async def test_content_that_contradicts_fails_the_upload_releases_its_quota_and_deletes_its_bytes(
    service: Service, tenant: Tenant, code: str, fields: dict[str, Any], claims: dict[str, Any]
) -> None:
    body = secrets.token_bytes(100)
    async with tenant.client() as client:
        upload = await announce(client, body, **fields)
        assert (await put(upload, body)).status_code == 200
        answer = await confirm(client, upload, **claims)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
        record = (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()
        assert record["status"] == "FAILED"
        assert record["message"] == answer.json()["error"]["message"]
        again = await confirm(client, upload)
        assert again.status_code == 400
    assert await quota(tenant) == (0, 0)
    assert await gone(tenant, upload["s3_key"], service.environment)


async def test_bytes_that_arrived_with_a_content_encoding_fail_the_upload(service: Service, tenant: Tenant) -> None:
    body = secrets.token_bytes(100)
    async with tenant.client() as client:
        upload = await announce(client, body, file_hash=hashlib.sha256(body).hexdigest())
        assert (await put(upload, body, **{"Content-Encoding": "gzip"})).status_code == 200

        answer = await confirm(client, upload)

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_encoding")
    assert await quota(tenant) == (0, 0)
    assert await gone(tenant, upload["s3_key"], service.environment)


@pytest.mark.parametrize("filename", ["漢" * 250 + ".mp4", "\u202egpj.mp4", "a" * 251 + ".mp4"])
async def test_a_download_has_no_headers_from_its_uploader(tenant: Tenant, filename: str) -> None:
    body = secrets.token_bytes(100)
    async with tenant.client() as client:
        upload = await announce(client, body, filename=filename)
        sent = await put(upload, body, **{"Cache-Control": "public", "Content-Disposition": "inline"})
        assert sent.status_code == 200
        assert (await confirm(client, upload)).json()["status"] == "COMPLETED"
        done = (await client.get(f"/v1/uploads/{upload['upload_id']}?return_presigned_urls=true")).json()

    assert done["filename"] == filename
    assert len(done["presigned_url"]) <= 2083
    async with httpx.AsyncClient() as plain:
        read = await plain.get(done["presigned_url"])
    assert read.content == body
    assert read.headers["cache-control"] == "no-cache"
    disposition = read.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert ".mp4" in disposition
    assert "%E2%80%AE" not in disposition  # U+202E


async def test_the_true_size_of_an_undeclared_file_is_held_against_the_quota(service: Service) -> None:
    tenant = await service.tenant(quota_bytes=150)
    async with tenant.client() as client:
        first, second = secrets.token_bytes(100), secrets.token_bytes(100)
        a = await announce(client, first, file_size_bytes=None)
        b = await announce(client, second, file_size_bytes=None)
        assert await quota(tenant) == (0, 0)
        await put(a, first)
        await put(b, second)
        assert (await confirm(client, a)).json()["status"] == "COMPLETED"
        refused = await confirm(client, b)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "quota_exceeded")
    assert await quota(tenant) == (0, 100)


async def test_an_empty_file_with_an_undeclared_size_completes(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"", file_size_bytes=None)
        assert (await put(upload, b"")).status_code == 200
        done = (await confirm(client, upload)).json()
    assert (done["status"], done["file_size_bytes"]) == ("COMPLETED", 0)


async def test_two_confirms_at_once_are_one_completion(tenant: Tenant) -> None:
    body = secrets.token_bytes(50)
    async with tenant.client() as client:
        upload = await announce(client, body)
        await put(upload, body)
        answers = await asyncio.gather(*(confirm(client, upload) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["status"] for answer in answers} <= {"COMPLETED", "PROCESSING"}
        done = [answer.json() for answer in answers if answer.json()["status"] == "COMPLETED"]
        assert len({answer["object_id"] for answer in done}) == 1
        bucket = (await client.get("/v1/buckets/files")).json()
    assert bucket["object_count"] == 1
    assert await quota(tenant) == (0, 50)


async def test_an_asynchronous_confirm_is_finished_by_a_worker(tenant: Tenant) -> None:
    body = secrets.token_bytes(50)
    async with tenant.client() as client:
        upload = await announce(client, body)
        await put(upload, body)
        answer = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm?async=true")).json()
        assert answer["status"] == "PROCESSING"
        assert answer["task_id"].startswith("task_")
        async with asyncio.timeout(20):
            while (record := (await client.get(f"/v1/uploads/{upload['upload_id']}")).json())["status"] != "COMPLETED":
                await asyncio.sleep(0.02)
    assert record["task_id"] == answer["task_id"]
    assert record["object_id"] is not None


async def test_a_duplicate_found_at_confirm_completes_as_such_and_keeps_no_bytes(
    service: Service, tenant: Tenant
) -> None:
    body = secrets.token_bytes(70)
    async with tenant.client() as client:
        first, second = await announce(client, body), await announce(client, body)
        await put(first, body)
        await put(second, body)
        original = (await confirm(client, first)).json()
        duplicate = (await confirm(client, second)).json()
    assert duplicate["status"] == "COMPLETED"
    assert duplicate["is_duplicate"] is True
    assert duplicate["duplicate_of_upload_id"] == first["upload_id"]
    assert duplicate["object_id"] == original["object_id"]
    assert await quota(tenant) == (0, 70)
    assert await gone(tenant, second["s3_key"], service.environment)


async def test_a_duplicate_of_an_upload_without_an_object_makes_one_of_the_originals_bytes(tenant: Tenant) -> None:
    body = secrets.token_bytes(70)
    digest = hashlib.sha256(body).hexdigest()
    async with tenant.client() as client:
        first = await announce(client, body, create_object_on_confirm=False)
        second, third = await announce(client, body), await announce(client, body)
        for upload in (first, second, third):
            await put(upload, body)
        assert (await confirm(client, first)).json()["object_id"] is None
        made = (await confirm(client, second)).json()["object_id"]
        found = (await client.get(f"/v1/buckets/files/objects/{made}")).json()
        assert found["blobs"][0]["upload_id"] == first["upload_id"]
        assert found["blobs"][0]["details"]["hash"] == digest
        assert (await confirm(client, third)).json()["object_id"] == made


async def test_the_unique_key_skips_at_creation_and_at_confirm(tenant: Tenant) -> None:
    schema = {"properties": {"video": {"type": "video"}, "sku": {"type": "string"}}}
    async with tenant.client() as client:
        made = await client.post(
            "/v1/buckets", json={"bucket_name": "keyed", "bucket_schema": schema, "unique_key": {"fields": ["sku"]}}
        )
        assert made.status_code == 200, made.text

        async def ask(body: bytes) -> dict[str, Any]:
            asked = {
                "filename": "a.mp4",
                "content_type": "video/mp4",
                "file_size_bytes": len(body),
                "object_metadata": {"sku": "A1"},
            }
            response = await client.post("/v1/buckets/keyed/uploads", json=asked)
            assert response.status_code == 200, response.text
            answer: dict[str, Any] = response.json()
            return answer

        one, two = secrets.token_bytes(10), secrets.token_bytes(20)
        first, second = await ask(one), await ask(two)
        await put(first, one)
        await put(second, two)
        object_id = (await confirm(client, first)).json()["object_id"]
        late = (await confirm(client, second)).json()
        assert (late["status"], late["skipped_unique_key"], late["existing_object_id"]) == (
            "COMPLETED",
            True,
            object_id,
        )
        third = await ask(two)
        assert (third["status"], third["skipped_unique_key"]) == ("SKIPPED", True)
        assert third["existing_object_id"] == object_id
        assert third["presigned_url"] is None
        assert (await client.get(f"/v1/uploads/{third['upload_id']}")).json()["status"] == "SKIPPED"
        missing = await client.post(
            "/v1/buckets/keyed/uploads", json={"filename": "a.mp4", "content_type": "video/mp4"}
        )
        assert missing.json()["error"]["code"] == "unique_key_missing"
    assert await quota(tenant) == (0, 10)


async def test_upsert_puts_the_new_blob_into_the_object_that_is_there(tenant: Tenant) -> None:
    schema = {"properties": {"video": {"type": "video"}, "sku": {"type": "string"}, "title": {"type": "string"}}}
    unique_key = {"fields": ["sku"], "default_policy": "upsert"}
    async with tenant.client() as client:
        await client.post(
            "/v1/buckets", json={"bucket_name": "kept", "bucket_schema": schema, "unique_key": unique_key}
        )
        ids = []
        for title, body in (("one", b"1" * 10), ("two", b"2" * 20)):
            asked = {
                "filename": "a.mp4",
                "content_type": "video/mp4",
                "object_metadata": {"sku": "A1", "title": title},
            }
            upload = (await client.post("/v1/buckets/kept/uploads", json=asked)).json()
            await put(upload, body)
            ids.append((await confirm(client, upload)).json()["object_id"])
        found = (await client.get(f"/v1/buckets/kept/objects/{ids[0]}")).json()
    assert ids[0] == ids[1]
    assert found["title"] == "two"
    assert [blob["details"]["size_bytes"] for blob in found["blobs"]] == [20]


async def test_cancelling_is_safe_to_repeat_and_deletes_what_was_sent(service: Service, tenant: Tenant) -> None:
    body = secrets.token_bytes(30)
    async with tenant.client() as client:
        upload = await announce(client, body)
        await put(upload, body)
        for _ in range(2):
            assert (await client.delete(f"/v1/uploads/{upload['upload_id']}")).status_code == 204
        assert (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()["status"] == "CANCELED"
        refused = await confirm(client, upload)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "upload_canceled")
    assert await quota(tenant) == (0, 0)
    assert await gone(tenant, upload["s3_key"], service.environment)


async def test_bytes_that_are_kept_at_cancellation_count_on(tenant: Tenant) -> None:
    body = secrets.token_bytes(30)
    async with tenant.client() as client:
        upload = await announce(client, body)
        await put(upload, body)
        answer = await client.delete(f"/v1/uploads/{upload['upload_id']}?delete_s3_object=false")
        assert answer.status_code == 204
    assert await quota(tenant) == (0, 30)


async def test_a_completed_upload_is_not_cancelled(tenant: Tenant) -> None:
    body = secrets.token_bytes(30)
    async with tenant.client() as client:
        upload = await announce(client, body)
        await put(upload, body)
        await confirm(client, upload)
        answer = await client.delete(f"/v1/uploads/{upload['upload_id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "upload_completed")


async def test_2000_creates_at_once_against_a_quota_for_1000(service: Service) -> None:
    tenant = await service.tenant(quota_bytes=1000 * 10)
    asked = {"filename": "a.mp4", "content_type": "video/mp4", "file_size_bytes": 10, "blob_property": "video"}
    # aiohttp, since httpx becomes slow when thousands of requests wait for a connection
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(tenant.url, headers=tenant.headers, connector=connector) as session:

        async def ask() -> tuple[int, str | None]:
            async with session.post("/v1/buckets/files/uploads", json=asked) as response:
                return response.status, (await response.json()).get("error", {}).get("type")

        answers = await asyncio.gather(*(ask() for _ in range(2000)))
    assert Counter(answers) == {(200, None): 1000, (403, "QuotaExceededError"): 1000}
    assert await quota(tenant) == (10_000, 0)
