"""Upload tokens: a page or a phone sends its own files, and can do nothing else."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.conftest import Service, Tenant

FILE: dict[str, Any] = {
    "filename": "a.mp4",
    "content_type": "video/mp4",
    "blob_property": "video",
    "file_size_bytes": 10,
}
UPLOADS = "/v1/buckets/files/uploads"


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def give(tenant: Tenant, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of the request
    async with tenant.client() as client:
        answer = await client.post("/v1/upload-tokens", json={"bucket": "files", **wish})
    assert answer.status_code == httpx.codes.OK, answer.text
    token: dict[str, Any] = answer.json()
    return token


def page(tenant: Tenant, token: dict[str, Any], **headers: str) -> httpx.AsyncClient:
    """Return a client that has only the token."""
    return httpx.AsyncClient(
        base_url=tenant.url, headers={"Authorization": f"Bearer {token['token']}", **headers}, timeout=30
    )


async def test_a_page_sends_a_file_with_nothing_but_a_token(tenant: Tenant) -> None:
    token = await give(tenant, content_types=["video/*"], max_size_bytes=100)
    assert token["token"].startswith("ut_")
    assert (token["bucket_id"], token["max_count"]) == (tenant.bucket.bucket_id, 1)
    async with page(tenant, token, Origin="https://app.example.com") as client:
        made = await client.post(UPLOADS, json=FILE)
        assert made.status_code == httpx.codes.OK, made.text
        assert made.headers["access-control-allow-origin"] in {"*", "https://app.example.com"}
        upload = made.json()
        async with httpx.AsyncClient() as plain:
            put = await plain.put(upload["presigned_url"], content=b"0123456789", headers=upload["required_headers"])
            assert put.is_success
        path = f"/v1/uploads/{upload['upload_id']}"
        confirmed = await client.post(f"{path}/confirm", json={})
        assert confirmed.json()["status"] == "COMPLETED", confirmed.text
        assert (await client.get(path)).json()["status"] == "COMPLETED"


async def test_an_upload_can_be_cancelled_with_the_token_that_made_it_and_with_no_other(tenant: Tenant) -> None:
    mine, other = await give(tenant), await give(tenant)
    async with page(tenant, mine) as client, page(tenant, other) as stranger:
        path = f"/v1/uploads/{(await client.post(UPLOADS, json=FILE)).json()['upload_id']}"
        for request in (stranger.get(path), stranger.post(f"{path}/confirm"), stranger.delete(path)):
            assert code(await request) == (404, "upload_not_found")
        assert (await client.delete(path)).status_code == httpx.codes.NO_CONTENT
        assert (await client.get(path)).json()["status"] == "CANCELED"


async def test_a_token_shows_no_upload_of_a_key(tenant: Tenant) -> None:
    token = await give(tenant)
    async with tenant.client() as client, page(tenant, token) as holder:
        path = f"/v1/uploads/{(await client.post(UPLOADS, json=FILE)).json()['upload_id']}"
        assert code(await holder.get(path)) == (404, "upload_not_found")
        assert code(await holder.get("/v1/uploads/upl_0000000000000000")) == (404, "upload_not_found")


async def test_a_token_learns_nothing_about_bytes_of_others(tenant: Tenant) -> None:
    known = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
    async with tenant.client() as client:
        made = (await client.post(UPLOADS, json={**FILE, "file_hash": known})).json()
        async with httpx.AsyncClient() as plain:
            await plain.put(made["presigned_url"], content=b"0123456789", headers=made["required_headers"])
        assert (await client.post(f"/v1/uploads/{made['upload_id']}/confirm")).json()["status"] == "COMPLETED"
        assert (await client.post(UPLOADS, json={**FILE, "file_hash": known})).json()["is_duplicate"] is True
    async with page(tenant, await give(tenant)) as holder:
        answer = (await holder.post(UPLOADS, json={**FILE, "file_hash": known})).json()
    assert (answer["is_duplicate"], answer["upload_id"] == made["upload_id"]) == (False, False)
    assert answer["presigned_url"] is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/buckets/list"),
        ("GET", "/v1/buckets/files"),
        ("POST", f"{UPLOADS}/list"),
        ("POST", "/v1/upload-tokens"),
        ("GET", "/v1/organizations"),
        ("POST", "/v1/namespaces/list"),
        ("GET", "/v1/organizations/users/ann/api-keys"),
        ("POST", f"{UPLOADS}?policy=upsert"),
    ],
)
async def test_a_token_is_for_nothing_else(tenant: Tenant, method: str, path: str) -> None:
    async with page(tenant, await give(tenant)) as client:
        assert code(await client.request(method, path, json=FILE if method == "POST" else None)) == (
            403,
            "token_denied",
        )


async def test_a_token_is_for_one_bucket(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    async with tenant.client() as client:
        body = {"bucket_name": "second", "bucket_schema": {"properties": {}}}
        assert (await client.post("/v1/buckets", json=body)).status_code == httpx.codes.OK
        unknown = await client.post("/v1/upload-tokens", json={"bucket": other.bucket.bucket_id})
        assert code(unknown) == (404, "bucket_not_found")
    async with page(tenant, await give(tenant)) as client:
        assert code(await client.post("/v1/buckets/second/uploads", json=FILE)) == (404, "bucket_not_found")
        elsewhere = {"X-Namespace": other.namespace.namespace_id}
        assert code(await client.post(UPLOADS, json=FILE, headers=elsewhere)) == (404, "namespace_not_found")


@pytest.mark.parametrize(
    ("changed", "status", "refused"),
    [
        ({"content_type": "image/png"}, 403, "token_content_type"),
        ({"file_size_bytes": 11}, 403, "token_file_too_large"),
    ],
)
async def test_a_token_takes_the_files_that_it_is_for(
    tenant: Tenant, changed: dict[str, Any], status: int, refused: str
) -> None:
    token = await give(tenant, content_types=["video/mp4"], max_size_bytes=10)
    body = {**FILE, "create_object_on_confirm": False, **changed}
    async with page(tenant, token) as client:
        assert code(await client.post(UPLOADS, json=body)) == (status, refused)
        assert (await client.post(UPLOADS, json=FILE)).status_code == httpx.codes.OK


async def test_a_token_that_limits_the_size_holds_a_file_without_one_against_it_at_confirm(tenant: Tenant) -> None:
    token = await give(tenant, max_size_bytes=10, max_count=3)
    empty = {name: value for name, value in FILE.items() if name != "file_size_bytes"}
    async with page(tenant, token) as client, httpx.AsyncClient() as plain:
        refused = await client.post(UPLOADS, json={**FILE, "file_size_bytes": 0})
        assert code(refused) == (422, "invalid_request")
        assert "leave it out for an empty file" in refused.json()["error"]["message"]
        for body, taken in ((b"", True), (b"ten bytes.", True), (b"eleven byte", False)):
            upload = (await client.post(UPLOADS, json=empty)).json()
            assert "Content-Length" not in upload["required_headers"]
            put = await plain.put(upload["presigned_url"], content=body, headers={"Content-Type": "video/mp4"})
            assert put.is_success
            confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
            if taken:
                assert confirmed.json()["status"] == "COMPLETED"
            else:
                assert code(confirmed) == (400, "file_too_large")


async def test_of_20_uploads_at_once_a_token_for_5_makes_5(tenant: Tenant) -> None:
    token = await give(tenant, max_count=5)
    async with page(tenant, token) as client:
        answers = await asyncio.gather(*(client.post(UPLOADS, json=FILE) for _ in range(20)))
        again = await client.post(UPLOADS, json=FILE)
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [403] * 15
    assert {answer.json()["error"]["code"] for answer in answers if answer.is_error} == {"token_used_up"}
    assert code(again) == (403, "token_used_up")
    async with tenant.client() as client:
        listed = await client.post(f"{UPLOADS}/list", json={})
    assert len(listed.json()["results"]) == 5


async def test_a_token_ends_with_the_key_that_gave_it_out(tenant: Tenant) -> None:
    keys = "/v1/organizations/users/ann/api-keys"
    async with tenant.client() as client:
        key = (await client.post(keys, json={"name": "site"})).json()["key"]
        given = await client.post(
            "/v1/upload-tokens", json={"bucket": "files"}, headers={"Authorization": f"Bearer {key}"}
        )
        async with page(tenant, given.json()) as holder:
            path = f"/v1/uploads/{(await holder.post(UPLOADS, json=FILE)).json()['upload_id']}"
            assert (await client.delete(f"{keys}/site")).status_code == httpx.codes.OK
            async with asyncio.timeout(20):
                while (answer := await holder.get(path)).status_code == httpx.codes.OK:
                    await asyncio.sleep(0.01)
    assert code(answer) == (401, "key_revoked")


async def test_a_token_reaches_no_bucket_that_its_key_was_kept_from(tenant: Tenant) -> None:
    keys = "/v1/organizations/users/ann/api-keys"
    async with tenant.client() as client:
        body = {"bucket_name": "second", "bucket_schema": {"properties": {}}}
        second = (await client.post("/v1/buckets", json=body)).json()["bucket_id"]
        key = (await client.post(keys, json={"name": "site"})).json()["key"]
        given = await client.post(
            "/v1/upload-tokens",
            json={"bucket": "files", "max_count": 5},
            headers={"Authorization": f"Bearer {key}"},
        )
        async with page(tenant, given.json()) as holder:
            path = f"/v1/uploads/{(await holder.post(UPLOADS, json=FILE)).json()['upload_id']}"
            scopes = [{"resource_type": "bucket", "resource_id": second}]
            assert (await client.patch(f"{keys}/site", json={"scopes": scopes})).status_code == httpx.codes.OK
            async with asyncio.timeout(20):
                while (answer := await holder.get(path)).status_code == httpx.codes.OK:
                    await asyncio.sleep(0.01)
            assert code(answer) == (404, "upload_not_found")
            assert code(await holder.post(UPLOADS, json=FILE)) == (404, "bucket_not_found")
            for end in ("confirm", "sign"):
                assert code(await holder.post(f"{path}/{end}", json={})) == (404, "upload_not_found")


async def test_what_is_no_token_opens_nothing(tenant: Tenant) -> None:
    async with page(tenant, {"token": "ut_nonsense"}) as client:
        assert code(await client.post(UPLOADS, json=FILE)) == (401, "token_unknown")


async def test_a_key_that_may_not_write_gives_no_token(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = await client.post("/v1/organizations/users/a/api-keys", json={"name": "r", "permissions": ["read"]})
        reader = {"Authorization": f"Bearer {made.json()['key']}"}
        assert code(await client.post("/v1/upload-tokens", json={"bucket": "files"}, headers=reader)) == (
            403,
            "permission_denied",
        )
        for wrong in ({"expires_in": 86_401}, {"max_count": 0}, {"content_types": ["nonsense"]}, {}):
            answer = await client.post("/v1/upload-tokens", json={"bucket": "files", **wrong} if wrong else {})
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY


async def test_an_empty_list_of_content_types_opens_nothing(tenant: Tenant) -> None:
    async with tenant.client() as client:
        refused = await client.post("/v1/upload-tokens", json={"bucket": "files", "content_types": []})
        assert refused.status_code == 422
        assert refused.json()["error"]["details"]["field"] == "content_types"
        assert (await give(tenant, content_types=None))["content_types"] == ["*/*"]


TOKENS = "/v1/upload-tokens"


async def test_a_token_is_renewed_by_its_server_and_goes_on_with_its_uploads(tenant: Tenant) -> None:
    token = await give(tenant, max_count=2, subject="user-42", max_total_bytes=1000)
    async with page(tenant, token) as client:
        upload = (await client.post(UPLOADS, json=FILE)).json()
    once = {"Idempotency-Key": "renewal-1"}
    async with tenant.client() as server:
        answers = [
            (await server.post(f"{TOKENS}/{token['token_id']}/renew", json={"expires_in": 600}, headers=once)).json()
            for _ in range(2)
        ]
    renewed, again = answers
    assert again == {**renewed, "token": ""}
    assert renewed["token_id"] == token["token_id"]
    assert (renewed["subject"], renewed["max_total_bytes"]) == ("user-42", 1000)
    for known in (token, renewed):
        async with page(tenant, known) as client:
            assert (await client.get(f"/v1/uploads/{upload['upload_id']}")).status_code == httpx.codes.OK
    async with page(tenant, renewed) as client:
        assert (await client.post(UPLOADS, json=FILE)).status_code == httpx.codes.OK
        assert code(await client.post(UPLOADS, json=FILE)) == (403, "token_used_up")


async def test_tokens_are_listed_in_pages_without_secrets(tenant: Tenant) -> None:
    given = [await give(tenant, subject="user-42") for _ in range(3)]
    other = await give(tenant, subject="user-43")
    async with page(tenant, given[2]) as client:
        await client.post(UPLOADS, json=FILE)
    async with tenant.client() as server:
        wanted = {"bucket": "files", "subject": "user-42", "limit": "2"}
        first = (await server.get(TOKENS, params=wanted)).json()
        following = (await server.get(TOKENS, params={**wanted, "cursor": first["pagination"]["next_cursor"]})).json()
        linked = (await server.get(first["pagination"]["next_page"])).json()
        one = await server.get(f"{TOKENS}/{given[2]['token_id']}")
        nothing = (await server.get(TOKENS, params={"subject": "nobody"})).json()
        assert code(await server.get(TOKENS, params={"bucket": "nowhere"})) == (404, "bucket_not_found")
    assert [each["token_id"] for each in first["results"]] == [given[2]["token_id"], given[1]["token_id"]]
    assert [each["token_id"] for each in following["results"]] == [given[0]["token_id"]]
    assert linked == following | {"pagination": linked["pagination"]}
    assert nothing["results"] == []
    used = first["results"][0]
    assert (used["status"], used["used_count"], used["used_bytes"]) == ("active", 1, FILE["file_size_bytes"])
    assert used["last_used_at"] is not None
    assert one.json() == used
    whole = one.text + str(first)
    assert not any(token["token"] in whole for token in (*given, other))
    assert "hash" not in whole


async def test_a_revoked_token_ends_at_once_and_what_it_has_open_is_refused_finished_or_canceled(
    tenant: Tenant,
) -> None:
    async with tenant.client() as server:
        for open_uploads, status in (("refuse", None), ("finish", "COMPLETED"), ("cancel", "CANCELED")):
            token = await give(tenant)
            async with page(tenant, token) as client:
                upload = (await client.post(UPLOADS, json=FILE)).json()
                answer = await server.delete(f"{TOKENS}/{token['token_id']}", params={"open_uploads": open_uploads})
                assert answer.json()["token_ids"] == [token["token_id"]]
                assert code(await client.get(f"/v1/uploads/{upload['upload_id']}")) == (401, "token_revoked")
            async with httpx.AsyncClient() as plain:
                await plain.put(upload["presigned_url"], content=b"0123456789", headers=upload["required_headers"])
            if open_uploads == "cancel":
                await ended(server, answer.json()["task_id"])
                assert (await server.get(f"/v1/uploads/{upload['upload_id']}")).json()["status"] == status
                continue
            confirmed = await server.post(f"/v1/uploads/{upload['upload_id']}/confirm")
            if status is None:
                assert code(confirmed) == (400, "requester_revoked")
            else:
                assert confirmed.json()["status"] == status
        assert code(await server.post(f"{TOKENS}/{token['token_id']}/renew")) == (400, "token_is_revoked")


async def ended(server: httpx.AsyncClient, task_id: str) -> None:
    async with asyncio.timeout(30):
        while (await server.get(f"/v1/tasks/{task_id}")).json()["status"] not in {
            "COMPLETED",
            "COMPLETED_WITH_ERRORS",
            "FAILED",
        }:
            await asyncio.sleep(0.05)


async def test_all_tokens_of_a_subject_are_revoked_and_no_others(tenant: Tenant) -> None:
    mine = [await give(tenant, subject="user-7") for _ in range(2)]
    other = await give(tenant, subject="user-8")
    async with tenant.client() as server:
        for wrong in ({}, {"bucket": "files"}, {"subject": "user-7"}):
            assert code(await server.delete(TOKENS, params=wrong)) == (422, "parameter_required")
        answer = (await server.delete(TOKENS, params={"bucket": "files", "subject": "user-7"})).json()
        again = (await server.delete(TOKENS, params={"bucket": "files", "subject": "user-7"})).json()
    assert set(answer["token_ids"]) == {token["token_id"] for token in mine}
    assert again["token_ids"] == []
    for token in mine:
        async with page(tenant, token) as client:
            assert code(await client.post(UPLOADS, json=FILE)) == (401, "token_revoked")
    async with page(tenant, other) as client:
        assert (await client.post(UPLOADS, json=FILE)).status_code == httpx.codes.OK


async def test_tokens_of_another_organization_do_not_exist(tenant: Tenant, service: Service) -> None:
    token = await give(tenant, subject="user-42")
    other = await service.tenant()
    async with other.client() as server:
        for request in (
            server.get(f"{TOKENS}/{token['token_id']}"),
            server.post(f"{TOKENS}/{token['token_id']}/renew"),
            server.delete(f"{TOKENS}/{token['token_id']}"),
        ):
            assert code(await request) == (404, "token_not_found")
        assert (await server.get(TOKENS, params={"include_ended": "true"})).json()["results"] == []
        await server.delete(TOKENS, params={"bucket": "files", "subject": "user-42"})
    async with page(tenant, token) as client:
        assert (await client.post(UPLOADS, json=FILE)).status_code == httpx.codes.OK


async def test_the_token_of_an_upload_completes_it_and_can_do_nothing_else(tenant: Tenant) -> None:
    once = {"Idempotency-Key": "upload-1"}
    async with tenant.client() as client:
        answers = [(await client.post(UPLOADS, json=FILE, headers=once)).json() for _ in range(2)]
        upload = answers[0]
        assert answers[1]["upload_token"] == upload["upload_token"]
        assert len(upload["upload_token"]) <= 200
        batch = (await client.post(f"{UPLOADS}/batch", json={"uploads": [FILE, FILE]})).json()
        tokens = {each["upload_token"] for each in batch["uploads"]}
        assert len(tokens) == 2
        path = f"/v1/uploads/{upload['upload_id']}"
        shown = await client.get(path)
        assert shown.json()["upload_token"] is None
        listed = await client.post(f"{UPLOADS}/list")
        events = await client.get("/v1/events")
        assert not any(upload["upload_token"] in each.text for each in (shown, listed, events))
    async with page(tenant, {"token": upload["upload_token"]}) as holder:
        for request in (
            holder.post(UPLOADS, json=FILE),
            holder.post(f"{UPLOADS}/batch", json={"uploads": [FILE]}),
            holder.post(f"{UPLOADS}/list"),
            holder.get("/v1/buckets/files"),
            holder.get(TOKENS),
            holder.post(f"{path}/confirm?policy=upsert"),
        ):
            assert code(await request) == (403, "token_denied")
        for other in (batch["uploads"][0]["upload_id"], "upl_0000000000000000"):
            assert code(await holder.get(f"/v1/uploads/{other}")) == (404, "upload_not_found")
            assert code(await holder.delete(f"/v1/uploads/{other}")) == (404, "upload_not_found")
        signed = await holder.post(f"{path}/sign")
        assert signed.json()["upload_token"] is None
        async with httpx.AsyncClient() as plain:
            await plain.put(signed.json()["presigned_url"], content=b"0123456789", headers=upload["required_headers"])
        assert (await holder.post(f"{path}/confirm")).json()["status"] == "COMPLETED"
        assert (await holder.get(f"{UPLOADS}/{upload['upload_id']}")).json()["status"] == "COMPLETED"
        assert (await holder.get(f"{path}/events")).json()["events"]
        assert code(await holder.delete(path)) == (400, "upload_completed")


async def test_the_token_of_an_upload_outlives_the_secret_of_its_token_and_not_its_revocation(tenant: Tenant) -> None:
    token = await give(tenant)
    async with page(tenant, token) as client:
        upload = (await client.post(UPLOADS, json=FILE)).json()
    async with page(tenant, {"token": upload["upload_token"]}) as holder, tenant.client() as server:
        path = f"/v1/uploads/{upload['upload_id']}"
        for _ in range(2):
            await server.post(f"{TOKENS}/{token['token_id']}/renew")
        assert (await holder.get(path)).status_code == httpx.codes.OK
        await server.delete(f"{TOKENS}/{token['token_id']}")
        assert code(await holder.get(path)) == (401, "token_revoked")


async def test_a_duplicate_is_answered_without_a_token_of_its_original(tenant: Tenant) -> None:
    known = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
    async with tenant.client() as client:
        made = (await client.post(UPLOADS, json={**FILE, "file_hash": known})).json()
        async with httpx.AsyncClient() as plain:
            await plain.put(made["presigned_url"], content=b"0123456789", headers=made["required_headers"])
        assert (await client.post(f"/v1/uploads/{made['upload_id']}/confirm")).json()["status"] == "COMPLETED"
        duplicate = (await client.post(UPLOADS, json={**FILE, "file_hash": known})).json()
    assert (duplicate["is_duplicate"], duplicate["upload_token"]) == (True, None)


async def test_a_page_creates_and_confirms_many_files_at_once(tenant: Tenant) -> None:
    token, other = await give(tenant, max_count=3, max_total_bytes=30), await give(tenant)
    async with page(tenant, token) as client, page(tenant, other) as stranger:
        too_many = await client.post(f"{UPLOADS}/batch", json={"uploads": [FILE] * 4})
        assert code(too_many) == (403, "token_used_up")
        assert too_many.json()["error"]["details"]["index"] == 3
        uploads = (await client.post(f"{UPLOADS}/batch", json={"uploads": [FILE] * 3})).json()["uploads"]
        async with httpx.AsyncClient() as plain:
            for upload in uploads:
                await plain.put(upload["presigned_url"], content=b"0123456789", headers=upload["required_headers"])
        foreign = (await stranger.post(UPLOADS, json=FILE)).json()["upload_id"]
        ids = [*(upload["upload_id"] for upload in uploads), foreign]
        body = {"confirmations": [{"upload_id": each} for each in ids]}
        task_id = (await client.post(f"{UPLOADS}/confirm/batch", json=body)).json()["task_id"]
        await ended(client, task_id)
        task = (await client.get(f"/v1/tasks/{task_id}")).json()
        assert task["status"] == "COMPLETED_WITH_ERRORS"
        assert [each.get("status", each.get("code")) for each in task["outputs"]] == [
            *["COMPLETED"] * 3,
            "upload_not_found",
        ]
        assert code(await stranger.get(f"/v1/tasks/{task_id}")) == (404, "task_not_found")
        assert code(await stranger.delete(f"/v1/tasks/{task_id}")) == (403, "token_denied")
        assert (await stranger.get(f"/v1/uploads/{foreign}")).json()["status"] == "PENDING"


def subjects(answer: httpx.Response) -> set[str]:
    assert answer.status_code == httpx.codes.OK, answer.text
    return {event["subject"] for event in answer.json()["events"]}


async def test_a_page_follows_the_events_of_its_own_uploads_and_of_no_others(tenant: Tenant) -> None:
    token, other = [await give(tenant, subject=subject, max_count=5) for subject in ("user-42", "user-43")]
    async with tenant.client() as server, page(tenant, token) as client, page(tenant, other) as stranger:
        mine, second = [(await client.post(UPLOADS, json=FILE)).json() for _ in range(2)]
        theirs = (await stranger.post(UPLOADS, json=FILE)).json()
        of_key = (await server.post(UPLOADS, json=FILE)).json()
        assert subjects(await client.get("/v1/events")) == {mine["upload_id"], second["upload_id"]}
        assert subjects(await client.get("/v1/events", params={"upload_id": mine["upload_id"]})) == {mine["upload_id"]}
        for foreign in (theirs, of_key):
            asked = await client.get("/v1/events", params={"upload_id": foreign["upload_id"]})
            assert code(asked) == (404, "upload_not_found")
        async with page(tenant, {"token": mine["upload_token"]}) as holder:
            assert subjects(await holder.get("/v1/events")) == {mine["upload_id"]}
            asked = await holder.get("/v1/events", params={"upload_id": second["upload_id"]})
            assert code(asked) == (404, "upload_not_found")
        after = (await client.get("/v1/events")).json()["next_after"]
        waiting = asyncio.create_task(client.get("/v1/events", params={"after": str(after), "wait": "20"}))
        await server.delete(f"/v1/uploads/{theirs['upload_id']}")
        await server.delete(f"/v1/uploads/{mine['upload_id']}")
        found = (await waiting).json()["events"]
        assert [(each["type"], each["subject"]) for each in found] == [("upload.canceled.v1", mine["upload_id"])]


async def test_a_stream_of_a_page_shows_a_duplicate_as_an_ordinary_upload(tenant: Tenant) -> None:
    token = await give(tenant, subject="user-42", max_count=5)
    async with tenant.client() as server, page(tenant, token) as client, httpx.AsyncClient() as plain:
        uploads = [(await each.post(UPLOADS, json=FILE)).json() for each in (server, client)]
        for upload in uploads:
            await plain.put(upload["presigned_url"], content=b"0123456789", headers=upload["required_headers"])
            done = (await server.post(f"/v1/uploads/{upload['upload_id']}/confirm")).json()
            assert done["status"] == "COMPLETED"
        assert done["duplicate_of_upload_id"] == uploads[0]["upload_id"]
        text = ""
        headers = {"Accept": "text/event-stream"}
        async with asyncio.timeout(30), client.stream("GET", "/v1/events?after=0", headers=headers) as stream:
            async for line in stream.aiter_lines():
                text += line
                if "upload.completed.v1" in line:
                    break
    assert uploads[1]["upload_id"] in text
    assert uploads[0]["upload_id"] not in text
    assert "keeps_bytes" not in text


async def test_an_event_token_is_narrowed_to_what_a_page_needs(tenant: Tenant) -> None:
    token = await give(tenant, subject="user-42")
    async with tenant.client() as server, page(tenant, token) as client:
        mine = (await client.post(UPLOADS, json=FILE)).json()["upload_id"]
        theirs = (await server.post(UPLOADS, json=FILE)).json()["upload_id"]
        await server.delete(f"/v1/uploads/{theirs}")

        async def read(**wish: Any) -> httpx.Response:  # noqa: ANN401  # fields of the request
            issued = (await server.post("/v1/events/tokens", json=wish)).json()
            assert {name: issued[name] for name in wish if name != "bucket"} == {
                name: value for name, value in wish.items() if name != "bucket"
            }
            async with httpx.AsyncClient(base_url=tenant.url) as reader:
                return await reader.get("/v1/events", params={"token": issued["token"]})

        assert subjects(await read(bucket="files", subject="user-42")) == {mine}
        assert subjects(await read(upload_id=theirs)) == {theirs}
        assert {each["type"] for each in (await read(types=["upload.canceled"])).json()["events"]} == {
            "upload.canceled.v1"
        }
        assert subjects(await read(bucket="files")) >= {mine, theirs}
        for wish, refusal in (
            ({"subject": "user-42"}, (422, "bucket_required")),
            ({"bucket": "nowhere"}, (404, "bucket_not_found")),
            ({"upload_id": "upl_0000000000000000"}, (404, "upload_not_found")),
            ({"types": ["nothing.ever"]}, (422, "unknown_event_type")),
        ):
            assert code(await server.post("/v1/events/tokens", json=wish)) == refusal
