"""The main job over HTTP: request, PUT, confirm, and its obstacles."""

import hashlib
import secrets
from typing import Any

import httpx

from tests.conftest import Service, Tenant


async def announce(
    client: httpx.AsyncClient, body: bytes, *, bucket: str = "files", **fields: object
) -> dict[str, Any]:
    asked = {
        "filename": "clip.mp4",
        "content_type": "video/mp4",
        "file_size_bytes": len(body),
        "blob_property": "video",
        **fields,
    }
    response = await client.post(f"/v1/buckets/{bucket}/uploads", json=asked)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def put(upload: dict[str, Any], body: bytes, **unsigned: str) -> httpx.Response:
    async with httpx.AsyncClient() as plain:
        return await plain.put(
            upload["presigned_url"], content=body, headers={"Content-Type": upload["content_type"], **unsigned}
        )


async def test_a_file_is_announced_sent_confirmed_and_becomes_an_object(tenant: Tenant) -> None:
    body = secrets.token_bytes(10_000)
    async with tenant.client() as client:
        upload = await announce(client, body, file_hash=hashlib.sha256(body).hexdigest())
        assert upload["status"] == "PENDING"
        sent = await put(upload, body)
        assert sent.status_code == 200
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm", json={"etag": sent.headers["etag"]})
        assert confirmed.status_code == 200, confirmed.text
        done = confirmed.json()
        assert done["status"] == "COMPLETED"
        assert done["file_size_bytes"] == len(body)
        found = await client.get(f"/v1/buckets/files/objects/{done['object_id']}")
        assert found.json()["blobs"][0]["details"]["hash"] == hashlib.sha256(body).hexdigest()


async def test_a_known_hash_is_answered_with_the_original_and_no_url(tenant: Tenant) -> None:
    body = secrets.token_bytes(1000)
    digest = hashlib.sha256(body).hexdigest()
    async with tenant.client() as client:
        first = await announce(client, body, file_hash=digest)
        await put(first, body)
        await client.post(f"/v1/uploads/{first['upload_id']}/confirm")
        again = await announce(client, body, file_hash=digest)
    assert again["upload_id"] == first["upload_id"]
    assert again["is_duplicate"] is True
    assert again["presigned_url"] is None
    assert again["duplicate_of_upload_id"] == first["upload_id"]


async def test_what_ends_stands_only_for_what_ends_no_later(tenant: Tenant) -> None:
    body = secrets.token_bytes(1000)
    known: dict[str, Any] = {"file_hash": hashlib.sha256(body).hexdigest(), "create_object_on_confirm": False}
    async with tenant.client() as client:
        short = await announce(client, body, **known, expires_after_seconds=3600)
        await put(short, body)
        await client.post(f"/v1/uploads/{short['upload_id']}/confirm")

        shorter = await announce(client, body, **known, expires_after_seconds=60)
        lasting = await announce(client, body, **known)
        await put(lasting, body)
        confirmed = (await client.post(f"/v1/uploads/{lasting['upload_id']}/confirm")).json()
        again = await announce(client, body, **known)

    assert shorter["upload_id"] == shorter["duplicate_of_upload_id"] == short["upload_id"]
    assert shorter["deletes_at"] is not None
    assert (confirmed["status"], confirmed["is_duplicate"]) == ("COMPLETED", False)
    assert again["upload_id"] == lasting["upload_id"] != short["upload_id"]
    assert again["deletes_at"] is None


async def test_known_bytes_that_no_object_holds_become_one_at_once_and_at_confirm(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for announces_hash in (True, False):
            body = secrets.token_bytes(1000)
            file_hash = hashlib.sha256(body).hexdigest() if announces_hash else None
            plain = await announce(client, body, create_object_on_confirm=False)
            await put(plain, body)
            await client.post(f"/v1/uploads/{plain['upload_id']}/confirm")

            answer = await announce(client, body, file_hash=file_hash, object_metadata={"title": "a day out"})
            if not announces_hash:
                await put(answer, body)
                answer = (await client.post(f"/v1/uploads/{answer['upload_id']}/confirm")).json()

            assert answer["duplicate_of_upload_id"] == plain["upload_id"]
            found = (await client.get(f"/v1/buckets/files/objects/{answer['object_id']}")).json()
            assert [blob["upload_id"] for blob in found["blobs"]] == [plain["upload_id"]]
            original = (await client.get(f"/v1/uploads/{plain['upload_id']}")).json()
            assert original["object_id"] == answer["object_id"]


async def test_a_quota_that_is_full_refuses_before_any_byte_is_sent(service: Service) -> None:
    tenant = await service.tenant(quota_bytes=1500)
    async with tenant.client() as client:
        await announce(client, b"x" * 1000)
        refused = await client.post(
            "/v1/buckets/files/uploads",
            json={
                "filename": "b.mp4",
                "content_type": "video/mp4",
                "file_size_bytes": 501,
                "blob_property": "video",
            },
        )
    assert refused.status_code == 403
    assert refused.json()["error"]["type"] == "QuotaExceededError"
