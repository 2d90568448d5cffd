"""A hundred concurrent clients compete for the same thing: one of them gets it."""

import asyncio
import hashlib
import secrets
from collections import Counter
from typing import Any

import httpx
import pytest

from adapters.postgres.database.connecting import connect
from entrypoints.settings import Settings
from entrypoints.wiring.storage import open_storage
from tests.acceptance.uploads.test_confirming import quota
from tests.acceptance.uploads.test_main_job import put
from tests.conftest import SCHEMA, Service, Tenant

CLIENTS = 100


async def at_once(client: httpx.AsyncClient, requests: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Send all of them together; all must succeed."""
    answers = await asyncio.gather(*(client.post(path, json=body) for path, body in requests))
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers][:3]
    return [answer.json() for answer in answers]


async def send_all(uploads: list[dict[str, Any]], body: bytes) -> None:
    for first in range(0, len(uploads), 10):
        sent = await asyncio.gather(*(put(upload, body) for upload in uploads[first : first + 10]))
        assert {answer.status_code for answer in sent} == {200}


async def all_but_one_gone(uploads: list[dict[str, Any]], kept: str, service: Service) -> None:
    """Wait until of all these uploads only one has bytes in storage."""
    async with (
        open_storage(Settings(service.environment).s3) as storage,
        asyncio.timeout(120),
    ):  # a hundred deletions, on a busy machine too
        for upload in uploads:
            while upload["upload_id"] != kept and await storage.head(upload["s3_key"]) is not None:
                await asyncio.sleep(0.02)
        for upload in uploads:
            assert (await storage.head(upload["s3_key"]) is not None) == (upload["upload_id"] == kept)


async def avoided(tenant: Tenant) -> int:
    connection = await connect(tenant.database.owner_url, role=None)
    try:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM upwell.upwell_events WHERE organization_id = $1"
            " AND topic = 'upload.duplicate_avoided.v1'",
            tenant.caller.organization.organization_id,
        )
    finally:
        await connection.close()
    return count


@pytest.mark.parametrize("create_object", [True, False])
async def test_of_a_hundred_uploads_of_the_same_bytes_one_is_stored(
    service: Service, tenant: Tenant, *, create_object: bool
) -> None:
    body = secrets.token_bytes(200)
    wish = {
        "filename": "clip.mp4",
        "content_type": "video/mp4",
        "file_size_bytes": len(body),
        "file_hash": hashlib.sha256(body).hexdigest(),
        "blob_property": "video",
        "create_object_on_confirm": create_object,
    }
    async with tenant.client() as client:
        uploads = await at_once(client, [("/v1/buckets/files/uploads", wish)] * CLIENTS)
        assert not any(upload["is_duplicate"] for upload in uploads), "no bytes have been sent yet"
        assert await quota(tenant) == (CLIENTS * len(body), 0)
        await send_all(uploads, body)

        confirmed = await at_once(client, [(f"/v1/uploads/{upload['upload_id']}/confirm", {}) for upload in uploads])

        assert Counter(one["status"] for one in confirmed) == {"COMPLETED": CLIENTS}
        originals = [one for one in confirmed if not one["is_duplicate"]]
        assert len(originals) == 1
        kept = originals[0]["upload_id"]
        assert {one["duplicate_of_upload_id"] for one in confirmed} == {None, kept}
        assert sum(kept in (one["message"] or "") for one in confirmed) == CLIENTS - 1, "the others name the original"
        assert len({one["object_id"] for one in confirmed}) == 1
        assert (originals[0]["object_id"] is not None) == create_object
        bucket = (await client.get("/v1/buckets/files")).json()
        assert (bucket["object_count"], bucket["total_size_bytes"]) == (int(create_object), len(body))
        await all_but_one_gone(uploads, kept, service)
        assert await quota(tenant) == (0, len(body))

        known = await at_once(client, [("/v1/buckets/files/uploads", wish)] * CLIENTS)
        assert {(one["upload_id"], one["is_duplicate"], one["presigned_url"]) for one in known} == {(kept, True, None)}
        assert await avoided(tenant) == CLIENTS


async def test_of_a_hundred_uploads_with_the_same_unique_key_one_becomes_an_object(
    service: Service, tenant: Tenant
) -> None:
    async with tenant.client() as client:
        keyed = {"bucket_name": "keyed", "bucket_schema": SCHEMA, "unique_key": {"fields": ["number"]}}
        assert (await client.post("/v1/buckets", json=keyed)).status_code == 200
        bodies = [secrets.token_bytes(100) for _ in range(CLIENTS)]
        wish = {
            "filename": "clip.mp4",
            "content_type": "video/mp4",
            "file_size_bytes": 100,
            "blob_property": "video",
            "object_metadata": {"number": 7},
        }
        uploads = await at_once(client, [("/v1/buckets/keyed/uploads", wish)] * CLIENTS)
        assert {upload["status"] for upload in uploads} == {"PENDING"}, "the key is taken by an object only"
        for upload, body in zip(uploads, bodies, strict=True):
            await send_all([upload], body)

        confirmed = await at_once(client, [(f"/v1/uploads/{upload['upload_id']}/confirm", {}) for upload in uploads])

        assert Counter(one["status"] for one in confirmed) == {"COMPLETED": CLIENTS}
        assert Counter(one["skipped_unique_key"] for one in confirmed) == {True: CLIENTS - 1, False: 1}
        assert sum("unique key" in (one["message"] or "") for one in confirmed) == CLIENTS - 1
        (winner,) = [one for one in confirmed if not one["skipped_unique_key"]]
        assert {one["existing_object_id"] for one in confirmed} == {None, winner["object_id"]}
        bucket = (await client.get("/v1/buckets/keyed")).json()
        assert (bucket["object_count"], bucket["total_size_bytes"]) == (1, 100)
        await all_but_one_gone(uploads, winner["upload_id"], service)
        assert await quota(tenant) == (0, 100)

        skipped = await at_once(client, [("/v1/buckets/keyed/uploads", wish)] * CLIENTS)
        assert {(one["status"], one["existing_object_id"], one["presigned_url"]) for one in skipped} == {
            ("SKIPPED", winner["object_id"], None)
        }


async def test_many_changes_of_one_thing_at_once_are_all_made(tenant: Tenant) -> None:
    async with tenant.client() as client:
        keyed = {"bucket_name": "keyed-too", "bucket_schema": SCHEMA, "unique_key": {"fields": ["title"]}}
        await client.post("/v1/buckets", json=keyed)
        fields = [{f"field_{number}": number} for number in range(30)]
        changed = await asyncio.gather(
            *(client.patch("/v1/buckets/keyed-too", json={"metadata": each}) for each in fields)
        )
        assert {answer.status_code for answer in changed} == {200}, Counter(answer.text for answer in changed)
        metadata = (await client.get("/v1/buckets/keyed-too")).json()["metadata"]
        assert metadata == {name: value for each in fields for name, value in each.items()}
