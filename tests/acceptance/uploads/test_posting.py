"""Files that are sent by a form, over HTTP and to a real storage."""

import asyncio
import hashlib
import json
import secrets
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.acceptance.keys.test_upload_tokens import give, page
from tests.acceptance.uploads.test_batches import confirm_batch, create_batch, ended, item
from tests.acceptance.uploads.test_confirming import quota
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Service, Tenant

UNDECLARED: dict[str, Any] = {"file_size_bytes": None, "method": "post"}


async def post(
    upload: Mapping[str, Any], body: bytes, *, changed: Mapping[str, str] | None = None, encoding: str | None = None
) -> httpx.Response:
    """Send the form of an upload, as a page does."""
    async with httpx.AsyncClient() as plain:
        return await plain.post(
            upload["post"]["url"],
            data={**upload["post"]["fields"], **(changed or {})},
            files={"file": ("name on the disk.bin", body, "application/x-of-the-browser")},
            headers=None if encoding is None else {"Content-Encoding": encoding},
        )


def sizes_of(upload: Mapping[str, Any]) -> list[int]:
    policy = json.loads(b64decode(upload["post"]["fields"]["policy"]))
    (sizes,) = [each[1:] for each in policy["conditions"] if isinstance(each, list)]
    return list(sizes)


async def confirm(client: httpx.AsyncClient, upload: Mapping[str, Any], **claims: object) -> dict[str, Any]:
    answer = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm", json=claims)
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


async def test_a_file_is_announced_posted_confirmed_and_becomes_an_object(tenant: Tenant) -> None:
    body = secrets.token_bytes(10_000)
    async with tenant.client() as client:
        upload = await announce(client, body, method="post", filename="Zürich ${filename} 😀.mp4")
        assert (upload["status"], upload["method"]) == ("PENDING", "post")
        assert (upload["presigned_url"], upload["required_headers"]) == (None, None)
        assert sizes_of(upload) == [len(body)] * 2
        assert await quota(tenant) == (len(body), 0)
        sent = await post(upload, body)
        assert sent.status_code == httpx.codes.CREATED, sent.text
        assert "<PostResponse>" in sent.text
        done = await confirm(client, upload, etag=sent.headers["etag"])
        assert (done["status"], done["file_hash"]) == ("COMPLETED", hashlib.sha256(body).hexdigest())
        found = await client.get(f"/v1/buckets/files/objects/{done['object_id']}")
        assert found.json()["blobs"][0]["details"]["hash"] == done["file_hash"]
        query = {"return_presigned_urls": True}
        shown = (await client.get(f"/v1/uploads/{upload['upload_id']}", params=query)).json()
        assert (shown["method"], shown["post"], shown["filename"]) == ("post", None, upload["filename"])
        async with httpx.AsyncClient() as plain:
            assert (await plain.get(shown["download_url"])).content == body


async def test_an_undeclared_size_is_bounded_by_storage(tenant: Tenant) -> None:
    async with tenant.client() as client:
        body = {"bucket_name": "small", "bucket_schema": {"properties": {"video": {"type": "video"}}}}
        rules = {"content_rules": {"min_file_size_bytes": 10, "max_file_size_bytes": 1000}}
        assert (await client.post("/v1/buckets", json=body | rules)).status_code == httpx.codes.OK
        upload = await announce(client, b"", bucket="small", **UNDECLARED)
        assert sizes_of(upload) == [10, 1000]
        assert await quota(tenant) == (0, 0)
        for wrong, code in (
            (b"x" * 1001, "EntityTooLarge"),
            (b"x" * 100_000, "EntityTooLarge"),
            (b"x" * 9, "TooSmall"),
        ):
            refused = await post(upload, wrong)
            assert (refused.status_code, code in refused.text) == (400, True)
        assert (await post(upload, b"x" * 1000)).status_code == httpx.codes.CREATED
        assert (await confirm(client, upload))["status"] == "COMPLETED"
        assert await quota(tenant) == (0, 1000)


@pytest.mark.parametrize("changed", [{"Content-Type": "text/html"}, {"x-amz-meta-a": "b"}, {"key": "other"}])
async def test_storage_refuses_a_form_that_is_not_the_signed_one(tenant: Tenant, changed: dict[str, str]) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"", **UNDECLARED)
        assert (await post(upload, b"hello", changed=changed)).status_code == httpx.codes.FORBIDDEN
        missing = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert missing.json()["error"]["code"] == "content_not_found"
        assert (await post(upload, b"hello")).status_code == httpx.codes.CREATED
        assert (await confirm(client, upload))["status"] == "COMPLETED"


async def test_an_encoding_that_a_form_brings_along_fails_the_upload(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"", **UNDECLARED)
        sent = await post(upload, b"hello", encoding="gzip")
        assert sent.status_code == httpx.codes.CREATED, "this storage keeps it"
        refused = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert refused.json()["error"]["code"] == "content_encoding"


async def test_a_page_posts_a_file_of_unknown_size_with_nothing_but_a_token(tenant: Tenant) -> None:
    token = await give(tenant, content_types=["video/*"], max_size_bytes=100, max_count=2)
    asked = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video", "method": "post"}
    async with page(tenant, token) as client:
        for body in (b"0123456789", b""):
            upload = (await client.post("/v1/buckets/files/uploads", json=asked)).json()
            assert sizes_of(upload) == [0, 100]
            assert (await post(upload, b"x" * 101)).status_code == httpx.codes.BAD_REQUEST
            assert (await post(upload, body)).status_code == httpx.codes.CREATED
            assert (await confirm(client, upload))["status"] == "COMPLETED"


async def test_a_batch_of_forty_files_is_posted_and_confirmed_as_a_task(tenant: Tenant) -> None:
    bodies = [secrets.token_bytes(100 + n) for n in range(40)]
    async with tenant.client() as client:
        created = await create_batch(client, *(item(body, **UNDECLARED) for body in bodies))
        uploads = created.json()["uploads"]
        assert {upload["method"] for upload in uploads} == {"post"}
        assert len({upload["post"]["url"] for upload in uploads}) == 1, "one address: one preflight at most"
        sent = await asyncio.gather(*(post(upload, body) for upload, body in zip(uploads, bodies, strict=True)))
        assert {answer.status_code for answer in sent} == {201}
        task = await ended(client, (await confirm_batch(client, *uploads))["task_id"])
        assert [output["file_hash"] for output in task["outputs"]] == [hashlib.sha256(b).hexdigest() for b in bodies]


async def test_duplicates_are_found_before_and_after_a_form_is_sent(tenant: Tenant) -> None:
    body = secrets.token_bytes(1000)
    async with tenant.client() as client:
        original = await announce(client, body)
        await put(original, body)
        await confirm(client, original)
        known = await announce(client, body, method="post", file_hash=hashlib.sha256(body).hexdigest())
        late = await announce(client, b"", **UNDECLARED)
        await post(late, body)
        done = await confirm(client, late)
    assert (known["upload_id"], known["post"], known["is_duplicate"]) == (original["upload_id"], None, True)
    assert (done["duplicate_of_upload_id"], done["status"]) == (original["upload_id"], "COMPLETED")


async def test_a_replayed_request_has_a_form_that_works(tenant: Tenant) -> None:
    asked = item(b"", **UNDECLARED)
    async with tenant.client() as client:
        first, again = [
            (await client.post("/v1/buckets/files/uploads", json=asked, headers={"Idempotency-Key": "a"})).json()
            for _ in range(2)
        ]
        assert first["post"] is not None
        assert {**again, "post": None} == {**first, "post": None}
        assert (await post(again, b"hello")).status_code == httpx.codes.CREATED
        assert (await confirm(client, first))["status"] == "COMPLETED"


async def test_a_form_is_signed_and_shown_again(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"", **UNDECLARED)
        path = f"/v1/uploads/{upload['upload_id']}"
        signed = (await client.post(f"{path}/sign")).json()
        shown = (await client.get(path, params={"return_presigned_urls": True})).json()
        query = {"return_presigned_urls": True}
        (listed,) = (await client.post("/v1/buckets/files/uploads/list", json=query)).json()["results"]
        assert (await client.get(path)).json()["post"] is None
        for one in (signed, shown, listed):
            assert (one["method"], one["presigned_url"], one["required_headers"]) == ("post", None, None)
            assert sizes_of(one) == sizes_of(upload)
            assert (await post(one, secrets.token_bytes(10))).status_code == httpx.codes.CREATED


async def test_storage_checks_the_hash_of_a_form(tenant: Tenant) -> None:
    body = secrets.token_bytes(100)
    async with tenant.client() as client:
        upload = await announce(
            client, body, method="post", integrity="storage", file_hash=hashlib.sha256(body).hexdigest()
        )
        assert (await post(upload, body[::-1])).status_code == httpx.codes.BAD_REQUEST
        assert (await post(upload, body)).status_code == httpx.codes.CREATED
        assert (await confirm(client, upload))["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"method": "post", "multipart": "always"}, "post_has_no_parts"),
        ({"method": "post", "file_size_bytes": 5 * 1024**3 + 1}, "needs_multipart"),
        ({"method": "post", "integrity": "storage"}, "hash_required"),
        ({"method": "patch"}, "invalid_request"),
    ],
)
async def test_what_no_form_can_carry_is_refused(service: Service, fields: dict[str, Any], code: str) -> None:
    tenant = await service.tenant()
    async with tenant.client() as client:
        refused = await client.post("/v1/buckets/files/uploads", json=item(b"12345", **fields))
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
