"""The rules of a bucket for its files, over HTTP and with real storage."""

import asyncio
import hashlib
import io
import zipfile
from typing import Any

import httpx
import pytest

from tests.acceptance.buckets.test_buckets import until
from tests.acceptance.uploads.test_confirming import confirm, gone, quota
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import SCHEMA, Service, Tenant

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde" + bytes(5000)
NOTE = "The bytes are a PNG image (image/png), but the upload says video/mp4."
REFUSED = f"{NOTE} Request a new upload with the content type of the file."
STRICT = {"content_check": "strict"}
NO_RULES: dict[str, Any] = {
    "content_check": "warn",
    "allowed_content_types": [],
    "min_file_size_bytes": None,
    "max_file_size_bytes": None,
}


async def make(client: httpx.AsyncClient, **rules: object) -> None:
    """Create a bucket `ruled`. Other processes see the old rules of a changed bucket for a moment."""
    asked = {"bucket_name": "ruled", "bucket_schema": SCHEMA, "content_rules": rules}
    answer = await client.post("/v1/buckets", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content_rules"] == {**NO_RULES, **rules}


async def found(client: httpx.AsyncClient, upload: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()
    return record


async def test_bytes_of_another_type_complete_with_a_note(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, PNG)
        assert upload["content_type_note"] is None
        await put(upload, PNG)
        done = (await confirm(client, upload)).json()
        assert (done["status"], done["content_type_note"]) == ("COMPLETED", NOTE)
        assert (await found(client, upload))["content_type_note"] == NOTE
    assert await quota(tenant) == (0, len(PNG))


async def test_missing_bytes_are_reported_before_their_type(tenant: Tenant) -> None:
    async with tenant.client() as client:
        keyed = {"bucket_name": "keyed", "bucket_schema": SCHEMA, "unique_key": {"fields": ["number"]}}
        assert (await client.post("/v1/buckets", json=keyed)).status_code == 200
        bodies = [PNG + b"1", PNG + b"2"]
        uploads = [await announce(client, each, bucket="keyed", object_metadata={"number": 7}) for each in bodies]
        for upload, body in zip(uploads, bodies, strict=True):
            await put(upload, body)
        first, second = [(await confirm(client, upload)).json() for upload in uploads]
    assert (first["skipped_unique_key"], first["message"]) == (False, NOTE)
    assert (second["skipped_unique_key"], second["content_type_note"]) == (True, NOTE)
    assert "the same unique key" in second["message"]


async def test_under_a_strict_check_they_fail_and_are_deleted(service: Service, tenant: Tenant) -> None:
    async with tenant.client() as client:
        await make(client, **STRICT)
        upload = await announce(client, PNG, bucket="ruled")
        await put(upload, PNG)
        refused = await confirm(client, upload)
        assert refused.status_code == 400
        assert (refused.json()["error"]["code"], refused.json()["error"]["message"]) == (
            "content_type_mismatch",
            REFUSED,
        )
        record = await found(client, upload)
        assert (record["status"], record["message"], record["content_type_note"]) == ("FAILED", REFUSED, None)
        assert (await client.get("/v1/buckets/ruled")).json()["object_count"] == 0
    assert await quota(tenant) == (0, 0)
    assert await gone(tenant, upload["s3_key"], service.environment)


async def test_a_worker_detects_it_too_where_storage_verified_the_hash(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await make(client, **STRICT)
        upload = await announce(
            client, PNG, bucket="ruled", file_hash=hashlib.sha256(PNG).hexdigest(), integrity="storage"
        )
        async with httpx.AsyncClient() as plain:
            sent = await plain.put(upload["presigned_url"], content=PNG, headers=upload["required_headers"])
        assert sent.status_code == 200, sent.text
        begun = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm?async=true")).json()
        assert begun["status"] == "PROCESSING"
        async with asyncio.timeout(20):
            while (task := (await client.get(f"/v1/tasks/{begun['task_id']}")).json())["status"] == "PROCESSING":
                await asyncio.sleep(0.02)
        assert (task["status"], task["error"]) == ("FAILED", REFUSED)
        assert task["additional_data"]["failure_reason"] == "content_type_mismatch"
    assert await quota(tenant) == (0, 0)


async def test_right_and_unknown_bytes_complete_under_a_strict_check(tenant: Tenant) -> None:
    word = io.BytesIO()
    with zipfile.ZipFile(word, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    bodies = {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": word.getvalue(),
        "application/zip": word.getvalue() + b"\0",
        "image/png": PNG,
        "text/plain": b"plain text",
        "application/pdf": b"%PDF-1.7\n1 0 obj\n",
        "application/x-of-our-own": b"no type with a signature",
        "application/octet-stream": PNG + b"\0",
    }
    async with tenant.client() as client:
        await make(client, **STRICT)
        for content_type, body in bodies.items():
            upload = await announce(
                client, body, bucket="ruled", content_type=content_type, create_object_on_confirm=False
            )
            await put(upload, body)
            done = (await confirm(client, upload)).json()
            assert (done["status"], done["content_type_note"]) == ("COMPLETED", None), content_type


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"content_type": "image/gif"}, "content_type_not_allowed"),
        ({"file_size_bytes": 9}, "file_too_small"),
        ({"file_size_bytes": 1001}, "file_too_large"),
    ],
)
async def test_what_the_bucket_does_not_take_gets_no_url(tenant: Tenant, fields: dict[str, Any], code: str) -> None:
    right = {
        "filename": "clip.mp4",
        "content_type": "video/mp4",
        "file_size_bytes": 1000,
        "create_object_on_confirm": False,
    }
    async with tenant.client() as client:
        await make(
            client,
            allowed_content_types=["video/*", "image/png"],
            min_file_size_bytes=10,
            max_file_size_bytes=1000,
        )
        refused = await client.post("/v1/buckets/ruled/uploads", json={**right, **fields})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, code)
        batch = await client.post("/v1/buckets/ruled/uploads/batch", json={"uploads": [right, {**right, **fields}]})
        assert (batch.status_code, batch.json()["error"]["code"]) == (403, code)
        assert batch.json()["error"]["details"]["index"] == 1
        assert await quota(tenant) == (0, 0)
        assert (await client.post("/v1/buckets/ruled/uploads", json=right)).status_code == 200


@pytest.mark.parametrize(("size", "code"), [(9, "file_too_small"), (21, "file_too_large")])
async def test_a_size_that_was_not_declared_is_refused_when_it_is_known(
    service: Service, tenant: Tenant, size: int, code: str
) -> None:
    async with tenant.client() as client:
        await make(client, min_file_size_bytes=10, max_file_size_bytes=20)
        upload = await announce(client, b"", bucket="ruled", file_size_bytes=None)
        await put(upload, b"x" * size)
        refused = await confirm(client, upload)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)
        assert (await found(client, upload))["status"] == "FAILED"
    assert await quota(tenant) == (0, 0)
    assert await gone(tenant, upload["s3_key"], service.environment)


async def test_changed_rules_apply_after_their_notification(tenant: Tenant) -> None:
    asked = {"filename": "a.png", "content_type": "image/png", "create_object_on_confirm": False}
    async with tenant.client() as client:
        assert (await client.post("/v1/buckets/files/uploads", json=asked)).status_code == 200
        await client.patch("/v1/buckets/files", json={"content_rules": {"allowed_content_types": ["video/*"]}})
        refused = await until(lambda: client.post("/v1/buckets/files/uploads", json=asked), 403)
        assert refused.json()["error"]["code"] == "content_type_not_allowed"
        await client.patch("/v1/buckets/files", json={"content_rules": {}})
        await until(lambda: client.post("/v1/buckets/files/uploads", json=asked), 200)


async def test_rules_are_made_changed_kept_and_taken_away(tenant: Tenant) -> None:
    async with tenant.client() as client:
        assert (await client.get("/v1/buckets/files")).json()["content_rules"] == NO_RULES
        asked = {"bucket_name": "ruled", "bucket_schema": {"properties": {}}}
        made = await client.post(
            "/v1/buckets", json={**asked, "content_rules": {"allowed_content_types": ["IMAGE/*", "image/*"]}}
        )
        ruled = {**NO_RULES, "allowed_content_types": ["image/*"]}
        assert made.json()["content_rules"] == ruled
        kept = await client.put("/v1/buckets/ruled", json={"description": "x", "content_rules": None})
        assert kept.json()["content_rules"] == ruled
        put_again = await client.put("/v1/buckets/ruled", json={"content_rules": STRICT})
        assert put_again.json()["content_rules"] == {**NO_RULES, **STRICT}, "they replace the previous ones"
        listed = (await client.post("/v1/buckets/list", json={"search": "ruled"})).json()["results"]
        assert [bucket["content_rules"] for bucket in listed] == [{**NO_RULES, **STRICT}]
        nothing = await client.patch("/v1/buckets/ruled", json={"content_rules": {}})
        assert nothing.json()["content_rules"] == NO_RULES


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"min_file_size_bytes": 2, "max_file_size_bytes": 1}, "invalid_content_rules"),
        ({"max_file_size_bytes": -1}, "invalid_content_rules"),
        ({"allowed_content_types": ["image/*"] * 3 + ["png"]}, "invalid_content_type"),
        ({"allowed_content_types": [f"image/x-{n}" for n in range(101)]}, "invalid_content_rules"),
        ({"content_check": "maybe"}, "invalid_request"),
        ({"allowed_types": []}, "invalid_request"),
    ],
)
async def test_rules_that_are_none_are_refused_and_change_nothing(
    tenant: Tenant, rules: dict[str, Any], code: str
) -> None:
    async with tenant.client() as client:
        for answer in (
            await client.patch("/v1/buckets/files", json={"content_rules": rules}),
            await client.post(
                "/v1/buckets",
                json={"bucket_name": "x", "bucket_schema": {"properties": {}}, "content_rules": rules},
            ),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
        assert (await client.get("/v1/buckets/files")).json()["content_rules"] == NO_RULES
