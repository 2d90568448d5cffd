"""The header `Idempotency-Key` over HTTP: repeated requests have one effect."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from adapters.postgres.database.connecting import connect
from application.idempotency import KEPT, LEASE
from tests.acceptance.uploads.test_main_job import put
from tests.conftest import Service, Tenant

UPLOADS = "/v1/buckets/files/uploads"
GOOD: dict[str, Any] = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}
NAMESPACE = {"namespace_name": "second", "feature_extractors": [{"feature_extractor_name": "none", "version": "v1"}]}
BUCKET = {"bucket_name": "second", "bucket_schema": {"properties": {"video": {"type": "video"}}}}


def under(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def uploads(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    listed = (await client.post(f"{UPLOADS}/list", json={"limit": 100})).json()["results"]
    return list(listed)


async def make_older(tenant: Tenant, by: timedelta) -> None:
    """Let time pass for the tenant's idempotency keys."""
    connection = await connect(tenant.database.owner_url, role=None)
    await connection.execute(
        "UPDATE upwell.idempotency_keys SET leased_until = leased_until - $2::interval, expires_at = expires_at - $2"
        " WHERE organization_id = $1",
        tenant.caller.organization.organization_id,
        by,
    )
    await connection.close()


async def forget_what_was_made(tenant: Tenant) -> None:
    """Leave the tenant's idempotency keys like a process that died before it recorded its result."""
    connection = await connect(tenant.database.owner_url, role=None)
    await connection.execute(
        "UPDATE upwell.idempotency_keys SET made = NULL, lease = 'of a dead process', leased_until = $2"
        " WHERE organization_id = $1",
        tenant.caller.organization.organization_id,
        datetime.now(UTC) - timedelta(seconds=1),
    )
    await connection.close()


async def test_the_same_request_is_answered_with_the_same_upload_and_a_url_that_works(tenant: Tenant) -> None:
    async with tenant.client() as client:
        first = await client.post(UPLOADS, json=GOOD, headers=under("a"))
        again = await client.post(UPLOADS, json={**GOOD, "skip_duplicates": True}, headers=under("a"))
        other = await client.post(UPLOADS, json=GOOD, headers=under("b"))
        assert [answer.status_code for answer in (first, again, other)] == [200] * 3
        assert {**again.json(), "presigned_url": None} == {**first.json(), "presigned_url": None}
        assert other.json()["upload_id"] != first.json()["upload_id"]
        assert len(await uploads(client)) == 2
        body = secrets.token_bytes(100)
        assert (await put(again.json(), body)).status_code == 200
        await client.post(f"/v1/uploads/{first.json()['upload_id']}/confirm")
        ended = (await client.post(UPLOADS, json=GOOD, headers=under("a"))).json()
    assert ended["upload_id"] == first.json()["upload_id"]
    assert (ended["status"], ended["presigned_url"]) == ("COMPLETED", None)


async def test_another_request_under_the_same_key_is_refused(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await client.post(UPLOADS, json=GOOD, headers=under("a"))
        answers = [
            await client.post(UPLOADS, json={**GOOD, "filename": "b.mp4"}, headers=under("a")),
            await client.post(f"{UPLOADS}?policy=insert", json=GOOD, headers=under("a")),
            await client.post("/v1/buckets", json=BUCKET, headers=under("a")),
        ]
        assert [error_of(answer) for answer in answers] == [(422, "idempotency_key_reused")] * 3
        assert len(await uploads(client)) == 1


async def test_twenty_at_once_make_one_upload(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answers = await asyncio.gather(*(client.post(UPLOADS, json=GOOD, headers=under("a")) for _ in range(20)))
        made = {answer.json()["upload_id"] for answer in answers if answer.status_code == 200}
        refused = {error_of(answer) for answer in answers if answer.status_code != 200}
        assert len(made) == 1
        assert refused <= {(409, "idempotency_key_in_flight")}
        assert [upload["upload_id"] for upload in await uploads(client)] == list(made)


async def test_a_refused_request_frees_its_key(tenant: Tenant) -> None:
    async with tenant.client() as client:
        wrong = await client.post(UPLOADS, json={**GOOD, "content_type": "image/png"}, headers=under("a"))
        assert error_of(wrong) == (422, "content_type_does_not_fit")
        assert (await client.post(UPLOADS, json=GOOD, headers=under("a"))).status_code == 200


@pytest.mark.parametrize("key", ["", "a" * 256], ids=["empty", "too long"])
async def test_an_invalid_key_is_refused_before_the_body_is_read(tenant: Tenant, key: str) -> None:
    async with tenant.client() as client:
        refused = await client.post(UPLOADS, content=b"{", headers=under(key))
        assert error_of(refused) == (422, "invalid_idempotency_key")
        assert (await client.get("/v1/buckets/files", headers=under(key))).status_code == 200


async def test_each_api_key_has_idempotency_keys_of_its_own(service: Service, tenant: Tenant) -> None:
    stranger = await service.tenant()
    async with tenant.client() as client, stranger.client() as other:
        first = await client.post(UPLOADS, json=GOOD, headers=under("a"))
        theirs = await other.post(UPLOADS, json=GOOD, headers=under("a"))
        made = await client.post("/v1/organizations/users/ann/api-keys", json={"name": "second"})
        second = {"Authorization": f"Bearer {made.json()['key']}", **under("a")}
        ours = await client.post(UPLOADS, json={**GOOD, "filename": "b.mp4"}, headers=second)
    assert [answer.status_code for answer in (first, theirs, ours)] == [200] * 3
    assert len({answer.json()["upload_id"] for answer in (first, theirs, ours)}) == 3


async def test_namespaces_buckets_and_keys_are_created_once_too_and_a_secret_is_shown_once(tenant: Tenant) -> None:
    keys = "/v1/organizations/users/ann/api-keys"
    async with tenant.client() as client:
        for path, body in (("/v1/namespaces", NAMESPACE), ("/v1/buckets", BUCKET)):
            answers = [await client.post(path, json=body, headers=under(path)) for _ in range(2)]
            assert answers[0].status_code == 200, answers[0].text
            assert answers[1].json() == answers[0].json()
            assert error_of(await client.post(path, json=body)) == (400, "name_taken")
        first = (await client.post(keys, json={"name": "ci"}, headers=under("a"))).json()
        again = (await client.post(keys, json={"name": "ci"}, headers=under("a"))).json()
        await client.patch(f"{keys}/ci", json={"name": "renamed"})
        renamed = (await client.post(keys, json={"name": "ci"}, headers=under("a"))).json()
    assert first["key"].startswith("sk_")
    assert again == {**first, "key": ""}
    assert renamed == {**again, "name": "renamed"}


async def test_a_key_is_rotated_once_though_a_process_died_on_the_way(tenant: Tenant) -> None:
    keys = "/v1/organizations/users/ann/api-keys"
    async with tenant.client() as client:
        made = (await client.post(keys, json={"name": "ci"})).json()
        first = (await client.post(f"{keys}/ci/rotate", headers=under("a"))).json()
        again = (await client.post(f"{keys}/ci/rotate", headers=under("a"))).json()
        await forget_what_was_made(tenant)
        taken_over = (await client.post(f"{keys}/ci/rotate", headers=under("a"))).json()
        for secret in (made["key"], first["key"]):
            holder = {"Authorization": f"Bearer {secret}"}
            assert (await client.get("/v1/buckets/files", headers=holder)).status_code == 200
        another = (await client.post(f"{keys}/ci/rotate", headers=under("b"))).json()
    assert again == taken_over == {**first, "key": "", "last_used_at": again["last_used_at"]}
    assert another["key_hash"] != first["key_hash"]


async def test_an_upload_token_is_issued_once_and_its_holder_has_separate_keys(tenant: Tenant) -> None:
    wish = {"bucket": "files", "max_count": 2}
    async with tenant.client() as client:
        first = (await client.post("/v1/upload-tokens", json=wish, headers=under("a"))).json()
        again = (await client.post("/v1/upload-tokens", json=wish, headers=under("a"))).json()
        other = (await client.post("/v1/upload-tokens", json=wish)).json()
        assert again == {**first, "token": ""}
        made = []
        for secret in (None, first["token"], other["token"]):
            headers = under("u") | ({} if secret is None else {"Authorization": f"Bearer {secret}"})
            answers = [await client.post(UPLOADS, json=GOOD, headers=headers) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [200, 200], answers[1].text
            assert len({answer.json()["upload_id"] for answer in answers}) == 1
            made.append(answers[0].json()["upload_id"])
    assert len(set(made)) == 3


async def test_the_last_use_of_a_token_is_answered_again(tenant: Tenant) -> None:
    async with tenant.client() as client:
        token = (await client.post("/v1/upload-tokens", json={"bucket": "files"})).json()
        headers = under("u") | {"Authorization": f"Bearer {token['token']}"}
        first = (await client.post(UPLOADS, json=GOOD, headers=headers)).json()
        await forget_what_was_made(tenant)
        again = await client.post(UPLOADS, json=GOOD, headers=headers)
        assert again.status_code == 200, again.text
        assert (again.json()["upload_id"], again.json()["status"]) == (first["upload_id"], "PENDING")
        refused = await client.post(UPLOADS, json=GOOD, headers=headers | under("v"))
        assert error_of(refused) == (403, "token_used_up")


async def test_what_a_killed_process_left_is_taken_over_and_makes_no_second_upload(tenant: Tenant) -> None:
    async with tenant.client() as client:
        first = (await client.post(UPLOADS, json=GOOD, headers=under("a"))).json()
        connection = await connect(tenant.database.owner_url, role=None)
        await connection.execute(  # as if the process had died before it recorded its result
            "UPDATE upwell.idempotency_keys SET made = NULL, lease = 'of a dead process', leased_until = $2"
            " WHERE organization_id = $1",
            tenant.caller.organization.organization_id,
            datetime.now(UTC) + LEASE,
        )
        await connection.close()
        waiting = await client.post(UPLOADS, json=GOOD, headers=under("a"))
        assert error_of(waiting) == (409, "idempotency_key_in_flight")
        assert waiting.headers["Retry-After"] == "1"
        await make_older(tenant, LEASE)
        again = await client.post(UPLOADS, json=GOOD, headers=under("a"))
        assert again.status_code == 200, again.text
        assert again.json()["upload_id"] == first["upload_id"]
        assert again.json()["presigned_url"] is not None
        assert len(await uploads(client)) == 1


async def test_after_24_hours_the_key_is_new(tenant: Tenant) -> None:
    async with tenant.client() as client:
        first = (await client.post(UPLOADS, json=GOOD, headers=under("a"))).json()
        await make_older(tenant, KEPT - timedelta(minutes=5))
        assert (await client.post(UPLOADS, json=GOOD, headers=under("a"))).json()["upload_id"] == first["upload_id"]
        await make_older(tenant, timedelta(minutes=5))
        assert (await client.post(UPLOADS, json=GOOD, headers=under("a"))).json()["upload_id"] != first["upload_id"]


async def test_objects_and_batches_are_made_once_too(tenant: Tenant) -> None:
    objects = "/v1/buckets/files/objects"
    asked = {"title": "Tide", "blobs": [{"property": "text", "type": "text", "data": "High water."}]}
    async with tenant.client() as client:
        for _ in range(2):
            made = [await client.post(objects, json=asked, headers={"Idempotency-Key": "o"}) for _ in range(2)]
            made.append(await client.post(objects, json={**asked, "idempotency_key": "in the body"}))
        assert {answer.status_code for answer in made} == {200}
        assert made[0].json() == made[1].json()
        assert made[2].json()["object_id"] != made[0].json()["object_id"]
        other = await client.post(objects, json={**asked, "title": "Ebb"}, headers={"Idempotency-Key": "o"})
        assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
        batch = {"objects": [{"title": "one"}, {"title": 2}, {"title": "three"}]}
        first, again = [
            (await client.post(f"{objects}/batch", json=batch, headers={"Idempotency-Key": "b"})).json()
            for _ in range(2)
        ]
        assert (first["succeeded_count"], first["failed_count"]) == (2, 1)
        assert again == first
        listed = await client.post(f"{objects}/list", json={}, params={"include_total": True})
        assert listed.json()["pagination"]["total"] == 4
        clip = {"content_type": "video/mp4", "blob_property": "video"}
        files = {"uploads": [{"filename": f"{n}.mp4", **clip} for n in range(3)]}
        sent = [
            await client.post("/v1/buckets/files/uploads/batch", json=files, headers={"Idempotency-Key": "u"})
            for _ in range(2)
        ]
        ids = [[upload["upload_id"] for upload in answer.json()["uploads"]] for answer in sent]
        assert ids[0] == ids[1]
        assert len(set(ids[0])) == 3
        assert all(upload["presigned_url"] for upload in sent[1].json()["uploads"])
        erased = f"/v1/uploads/{ids[0][0]}"
        async with httpx.AsyncClient() as plain:
            url, headers = (sent[0].json()["uploads"][0][name] for name in ("presigned_url", "required_headers"))
            assert (await plain.put(url, content=b"a clip", headers=headers)).is_success
        made_of_it = (await client.post(f"{erased}/confirm", json={})).json()["object_id"]
        assert (await client.delete(f"{objects}/{made_of_it}")).is_success
        assert (await client.get(erased)).status_code == 404
        repeated = await client.post("/v1/buckets/files/uploads/batch", json=files, headers={"Idempotency-Key": "u"})
        gone, *others = repeated.json()["uploads"]
        assert (gone["upload_id"], gone["filename"], gone["presigned_url"]) == (ids[0][0], "0.mp4", None)
        assert (gone["status"], gone["failure_reason"]) == ("FAILED", "upload_not_found")
        assert [(each["upload_id"], each["status"]) for each in others] == [(each, "PENDING") for each in ids[0][1:]]
        assert all(each["presigned_url"] for each in others)
