"""Batches of uploads, the tasks that confirm them, and their view for clients."""

import asyncio
import hashlib
import json
import secrets
from typing import Any

import httpx
import pytest

from tests.acceptance.uploads.test_confirming import gone, quota
from tests.acceptance.uploads.test_main_job import put
from tests.conftest import Service, Tenant

END = {"COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED"}


def item(body: bytes, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    wanted = {"filename": "clip.mp4", "content_type": "video/mp4", "file_size_bytes": len(body)}
    return {**wanted, "blob_property": "video", **fields}


async def create_batch(client: httpx.AsyncClient, *items: dict[str, Any], **fields: Any) -> httpx.Response:  # noqa: ANN401  # JSON
    return await client.post("/v1/buckets/files/uploads/batch", json={"uploads": items, **fields})


async def confirm_batch(client: httpx.AsyncClient, *uploads: dict[str, Any]) -> dict[str, Any]:
    confirmations = [{"upload_id": upload["upload_id"], **upload.get("claims", {})} for upload in uploads]
    answer = await client.post("/v1/buckets/files/uploads/confirm/batch", json={"confirmations": confirmations})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ended(client: httpx.AsyncClient, task_id: str) -> dict[str, Any]:
    """Wait until a task has ended. Tasks need no namespace."""
    async with asyncio.timeout(30):
        while True:
            answer = await client.get(f"/v1/tasks/{task_id}", headers={"X-Namespace": ""})
            assert answer.status_code == 200, answer.text
            if answer.json()["status"] in END:
                return dict(answer.json())
            await asyncio.sleep(0.02)


async def test_a_batch_is_created_sent_and_confirmed_as_a_task(tenant: Tenant) -> None:
    bodies = [secrets.token_bytes(100 + n) for n in range(5)]
    async with tenant.client() as client:
        created = await create_batch(
            client,
            *(item(body, metadata={"own": n}) for n, body in enumerate(bodies)),
            shared_metadata={"campaign": "summer", "own": "shared"},
            shared_object_metadata={"title": "Summer"},
        )
        assert created.status_code == 200, created.text
        uploads = created.json()["uploads"]
        assert created.json()["total"] == len(uploads) == 5
        assert [upload["metadata"] for upload in uploads] == [{"campaign": "summer", "own": n} for n in range(5)]
        assert {upload["object_metadata"]["title"] for upload in uploads} == {"Summer"}
        assert await quota(tenant) == (510, 0)
        for upload, body in zip(uploads, bodies, strict=True):
            etag = (await put(upload, body)).headers["ETag"]
            upload["claims"] = {"etag": etag, "file_size_bytes": len(body)}

        answer = await confirm_batch(client, *uploads)
        assert answer["confirmations_count"] == 5
        assert answer["task"]["task_id"] == answer["task_id"]
        assert answer["task"]["task_type"] == "api_buckets_uploads_batch_confirm"
        assert answer["task"]["inputs"] == [upload["upload_id"] for upload in uploads]
        task = await ended(client, answer["task_id"])

        assert (task["status"], task["error"]) == ("COMPLETED", None)
        assert (task["additional_data"]["completed"], task["additional_data"]["total"]) == (5, 5)
        assert [output["file_hash"] for output in task["outputs"]] == [hashlib.sha256(b).hexdigest() for b in bodies]
        for output in task["outputs"]:
            found = await client.get(f"/v1/buckets/files/objects/{output['object_id']}")
            assert found.json()["title"] == "Summer"
        assert await quota(tenant) == (0, 510)


async def test_a_single_object_metadata_overrides_the_shared(tenant: Tenant) -> None:
    async with tenant.client() as client:
        created = await create_batch(
            client,
            item(b"1", object_metadata={"number": 1}),
            item(b"2", object_metadata={"title": "Own"}),
            shared_object_metadata={"title": "Shared"},
        )
        one, two = created.json()["uploads"]
        assert one["object_metadata"] == {"title": "Shared", "number": 1}
        assert two["object_metadata"] == {"title": "Own"}


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"filename": "../etc"}, 422, "invalid_filename"),
        ({"blob_property": "nothing"}, 422, "unknown_blob_property"),
        ({"file_size_bytes": 950}, 403, "quota_exceeded"),
    ],
)
async def test_a_refusal_refuses_the_whole_batch_with_the_items_index(
    service: Service, wrong: dict[str, Any], status: int, code: str
) -> None:
    tenant = await service.tenant(quota_bytes=1000)
    async with tenant.client() as client:
        refused = await create_batch(client, item(b"0" * 60), item(b"1", **wrong), item(b"2"))
        assert refused.status_code == status
        error = refused.json()["error"]
        assert (error["code"], error["details"]["index"]) == (code, 1)
        assert error["message"].startswith("uploads[1]: ")
        assert await quota(tenant) == (0, 0)
        listed = await client.post("/v1/buckets/files/uploads/list", json={})
        assert listed.json()["results"] == []


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_one_to_a_hundred_items(tenant: Tenant, count: int) -> None:
    async with tenant.client() as client:
        created = await create_batch(client, *(item(b"x") for _ in range(count)))
        confirmations = [{"upload_id": "upl_1"}] * count
        confirmed = await client.post("/v1/buckets/files/uploads/confirm/batch", json={"confirmations": confirmations})
    assert (created.status_code, confirmed.status_code) == (422, 422)


async def test_the_body_of_a_batch_may_be_large_and_not_too_large(tenant: Tenant) -> None:
    async with tenant.client() as client:
        padded = [item(b"x", metadata={"pad": "x" * 16_000}) for _ in range(100)]
        created = await create_batch(client, *padded)
        assert created.status_code == 200, created.text
        single = await client.post("/v1/buckets/files/uploads", content=b" " * 1_100_000)
        batch = await client.post("/v1/buckets/files/uploads/batch", content=b" " * 4_300_000)
    for refused in (single, batch):
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "body_too_large")


async def test_each_item_of_a_batch_confirm_has_its_own_error(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    async with tenant.client() as client, other.client() as foreign:
        theirs = (await create_batch(foreign, item(b"x"))).json()["uploads"][0]
        bodies = [secrets.token_bytes(50) for _ in range(4)]
        good, missing, wrong, canceled = (await create_batch(client, *map(item, bodies))).json()["uploads"]
        await put(good, bodies[0])
        await put(wrong, bodies[2])
        wrong["claims"] = {"etag": "0" * 32}
        assert (await client.delete(f"/v1/uploads/{canceled['upload_id']}")).status_code == 204

        answer = await confirm_batch(client, good, missing, wrong, canceled, theirs, {"upload_id": "upl_none"})
        task = await ended(client, answer["task_id"])

        assert task["status"] == "COMPLETED_WITH_ERRORS"
        codes = [output.get("code") for output in task["outputs"]]
        wanted = [None, "content_not_found", "etag_mismatch", "upload_canceled", "upload_not_found", "upload_not_found"]
        assert codes == wanted
        assert (task["additional_data"]["completed"], task["additional_data"]["failed"]) == (1, 5)
        assert task["error"]
        assert (await client.get(f"/v1/uploads/{missing['upload_id']}")).json()["status"] == "PENDING"
        assert await gone(tenant, wrong["s3_key"], service.environment)

        again = await ended(client, (await confirm_batch(client, good, good))["task_id"])
        assert again["status"] == "COMPLETED", "an upload that is completed is confirmed"
        none = await ended(client, (await confirm_batch(client, wrong, theirs))["task_id"])
        assert (none["status"], [output["code"] for output in none["outputs"]]) == (
            "FAILED",
            ["etag_mismatch", "upload_not_found"],
        )
        assert (await foreign.get(f"/v1/uploads/{theirs['upload_id']}")).json()["status"] == "PENDING"


# Tasks


async def test_an_asynchronous_confirm_is_a_task_that_ends_with_its_upload(tenant: Tenant) -> None:
    bodies = [secrets.token_bytes(50) for _ in range(2)]
    async with tenant.client() as client:
        good, wrong = (await create_batch(client, *map(item, bodies))).json()["uploads"]
        tasks = []  # the hash needs all bytes: a contradiction of their head is refused immediately
        for upload, body, claims in ((good, bodies[0], {}), (wrong, bodies[1], {"file_hash": "0" * 64})):
            await put(upload, body)
            confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm?async=true", json=claims)
            assert (confirmed.status_code, confirmed.json()["status"]) == (200, "PROCESSING")
            first = await client.get(f"/v1/tasks/{confirmed.json()['task_id']}")
            assert first.status_code == 200, "it is known before its answer was sent"
            tasks.append(await ended(client, confirmed.json()["task_id"]))
        assert [task["status"] for task in tasks] == ["COMPLETED", "FAILED"]
        assert {task["task_type"] for task in tasks} == {"api_buckets_uploads_confirm"}
        assert tasks[0]["outputs"][0]["object_id"].startswith("obj_")
        assert tasks[1]["additional_data"]["failure_reason"] == "hash_mismatch"
        assert "SHA-256" in tasks[1]["error"]

        listed = await client.post("/v1/tasks/list", json={"task_type": "api_buckets_uploads_confirm"})
        assert listed.json()["results"] == tasks[::-1]
        failed = await client.post("/v1/tasks/list?include_total=true", json={"status": "FAILED"})
        assert failed.json()["results"] == [tasks[1]]
        assert failed.json()["pagination"]["total"] == 1

        condition = {"field": "additional_data.failure_reason", "operator": "starts_with", "value": "hash"}
        filters = {"OR": [condition, {"NOT": [{"field": "status", "value": "FAILED"}]}]}
        both = {"status": "FAILED", "filters": filters, "sort": {"field": "updated_at", "direction": "asc"}}
        assert (await client.post("/v1/tasks/list", json=both)).json()["results"] == [tasks[1]]

        over = await client.delete(f"/v1/tasks/{tasks[0]['task_id']}")
        assert (over.status_code, over.json()["error"]["code"]) == (400, "task_over")


async def test_an_upload_that_was_confirmed_at_once_has_a_task_too(tenant: Tenant) -> None:
    body = secrets.token_bytes(50)
    async with tenant.client() as client:
        upload = (await create_batch(client, item(body))).json()["uploads"][0]
        await put(upload, body)
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert confirmed.json()["status"] == "COMPLETED"
        assert (await ended(client, confirmed.json()["task_id"]))["status"] == "COMPLETED"


async def test_a_task_is_found_by_its_organization_alone(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    async with tenant.client() as client, other.client() as foreign:
        upload = (await create_batch(client, item(b"x"))).json()["uploads"][0]
        task_id = (await confirm_batch(client, upload))["task_id"]
        await ended(client, task_id)
        for path in (task_id, "task_none"):
            for answer in (await foreign.get(f"/v1/tasks/{path}"), await foreign.delete(f"/v1/tasks/{path}")):
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, "task_not_found")
        assert (await foreign.post("/v1/tasks/list")).json()["results"] == []


async def test_pages_of_tasks_go_on_where_the_last_one_ended(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = (await create_batch(client, item(b"x"))).json()["uploads"][0]
        made = [(await confirm_batch(client, upload))["task_id"] for _ in range(3)]
        first = (await client.post("/v1/tasks/list?limit=2")).json()
        assert [task["task_id"] for task in first["results"]] == made[:0:-1]
        cursor = first["pagination"]["next_cursor"]
        rest = (await client.post(f"/v1/tasks/list?limit=2&cursor={cursor}")).json()
        assert [task["task_id"] for task in rest["results"]] == made[:1]


# URLs that are requested later


async def test_a_completed_upload_is_downloaded_under_its_name(tenant: Tenant) -> None:
    body = secrets.token_bytes(77)
    name = 'sunny "day" \N{SUN}.mp4'
    async with tenant.client() as client, httpx.AsyncClient() as plain:
        upload = (await create_batch(client, item(body, filename=name))).json()["uploads"][0]
        await put(upload, body)
        await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        path = f"/v1/buckets/files/uploads/{upload['upload_id']}"
        assert (await client.get(path)).json()["presigned_url"] is None
        shown = (await client.get(f"{path}?return_presigned_urls=true")).json()
        assert shown["download_url"] == shown["presigned_url"]
        # another version under the same key: the verified one is read
        await put(upload, secrets.token_bytes(77))
        got = await plain.get(shown["download_url"])
        assert (got.status_code, got.content) == (200, body)
        disposition = got.headers["Content-Disposition"]
        assert disposition.startswith('attachment; filename="sunny _day_ _.mp4"')
        assert "filename*=UTF-8''sunny%20%22day%22%20%E2%98%89.mp4" in disposition

        duplicate = (await create_batch(client, item(body))).json()["uploads"][0]
        await put(duplicate, body)
        assert (await client.post(f"/v1/uploads/{duplicate['upload_id']}/confirm")).json()["is_duplicate"]
        listed = await client.post("/v1/buckets/files/uploads/list", json={"return_presigned_urls": True})
        urls = {one["upload_id"]: one["download_url"] for one in listed.json()["results"]}
        assert set(urls) == {upload["upload_id"], duplicate["upload_id"]}
        assert (await plain.get(urls[duplicate["upload_id"]])).content == body, "its bytes are the original's"


async def test_an_awaited_upload_is_given_a_url_for_the_time_that_is_left(tenant: Tenant) -> None:
    body = secrets.token_bytes(77)
    async with tenant.client() as client:
        upload = (await create_batch(client, item(body, presigned_url_expiration=600))).json()["uploads"][0]
        path = f"/v1/uploads/{upload['upload_id']}?return_presigned_urls=true"
        shown = (await client.get(path)).json()
        assert shown["download_url"] is None
        assert shown["required_headers"] == upload["required_headers"]
        assert shown["expires_at"] == upload["expires_at"]
        left = int(httpx.URL(shown["presigned_url"]).params["X-Amz-Expires"])
        assert 500 < left <= 600
        wish = {"name": "reader", "permissions": ["read"]}
        key = (await client.post("/v1/organizations/users/eve/api-keys", json=wish)).json()["key"]
        reader = {"Authorization": f"Bearer {key}"}
        asked = {"return_presigned_urls": True}
        listed = await client.post("/v1/buckets/files/uploads/list", json=asked, headers=reader)
        for read in ((await client.get(path, headers=reader)).json(), listed.json()["results"][0]):
            assert (read["upload_id"], read["status"]) == (upload["upload_id"], "PENDING")
            assert (read["presigned_url"], read["required_headers"]) == (None, None), "a key that only reads"
        assert (await put(shown, body)).status_code == 200
        await client.delete(f"/v1/uploads/{upload['upload_id']}")
        after = (await client.get(path)).json()
        assert (after["presigned_url"], after["download_url"]) == (None, None)


@pytest.mark.parametrize("route", ["uploads", "uploads/batch"])
async def test_the_policy_of_a_request_must_be_one_that_there_is(tenant: Tenant, route: str) -> None:
    one = item(b"x")
    body = one if route == "uploads" else {"uploads": [one]}
    async with tenant.client() as client:
        answer = await client.post(f"/v1/buckets/files/{route}?policy=maybe", content=json.dumps(body))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_policy")


async def test_an_etag_without_sense_is_refused(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answer = await client.post("/v1/uploads/upl_1/confirm", json={"etag": "a\0b"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "null_character")
