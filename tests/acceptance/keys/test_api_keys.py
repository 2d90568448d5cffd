"""API keys over HTTP: their permissions, scopes, origins and expiry."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import Service, Tenant

KEYS = "/v1/organizations/users/ann@example.com/api-keys"
FILE = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}


async def make_key(tenant: Tenant, name: str = "k", **wish: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of the request
    async with tenant.client() as client:
        made = await client.post(KEYS, json={"name": name, **wish})
    assert made.status_code == httpx.codes.OK, made.text
    key: dict[str, Any] = made.json()
    return key


def holder(tenant: Tenant, secret: str, **headers: str) -> httpx.AsyncClient:
    """Return a client that holds this secret."""
    return httpx.AsyncClient(
        base_url=tenant.url, headers={**tenant.headers, "Authorization": f"Bearer {secret}", **headers}, timeout=30
    )


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def until_refused(client: httpx.AsyncClient, expected: str) -> None:
    async with asyncio.timeout(20):
        while (answer := await client.get("/v1/organizations")).status_code == httpx.codes.OK:
            await asyncio.sleep(0.01)
    assert code(answer) == (401, expected)


async def test_a_key_is_made_with_all_that_was_asked_for(tenant: Tenant) -> None:
    wish = {
        "description": "for the site",
        "permissions": ["read", "write"],
        "scopes": [{"resource_type": "bucket", "resource_id": "files", "operations": ["write_data"]}],
        "rate_limit_override": 60,
        "expires_at": "2099-01-01T00:00:00Z",
        "allowed_origins": ["https://app.example.com"],
    }
    made = await make_key(tenant, "site", **wish)
    assert {name: made[name] for name in wish} == wish
    assert made["key"].startswith("sk_")
    assert made["key"].startswith(made["key_prefix"])
    assert 10 <= len(made["key_prefix"]) <= 13
    assert made["notes"] == []
    assert (made["status"], made["key_type"], made["user_id"][:4]) == ("active", "standard", "usr_")
    async with tenant.client() as client:
        listed = (await client.get(KEYS)).json()
    assert listed["total"] == 1
    assert {name: made[name] for name in listed["results"][0]} == listed["results"][0]
    assert set(made) - set(listed["results"][0]) == {"key", "previous_until"}


async def test_a_name_is_given_once_and_of_two_at_once_one_gets_it(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answers = await asyncio.gather(*(client.post(KEYS, json={"name": "same"}) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    assert {answer.json()["error"]["code"] for answer in answers if answer.is_error} == {"name_taken"}


async def test_revoked_keys_are_listed_on_request_and_their_name_is_free_again(tenant: Tenant) -> None:
    first = await make_key(tenant)
    async with tenant.client() as client:
        assert (await client.delete(f"{KEYS}/k")).json()["success"] is True
        assert (await client.get(KEYS)).json() == {"results": [], "total": 0}
        second = await make_key(tenant)
        listed = (await client.get(KEYS, params={"include_revoked": True})).json()["results"]
    assert [key["key_id"] for key in listed] == [second["key_id"], first["key_id"]]
    assert [key["status"] for key in listed] == ["active", "revoked"]
    assert listed[1]["revoked_by"] == tenant.caller.key.key_id


async def test_a_key_is_changed_and_what_is_left_out_stays(tenant: Tenant) -> None:
    await make_key(tenant, description="old", permissions=["read"], rate_limit_override=7)
    async with tenant.client() as client:
        answer = await client.patch(f"{KEYS}/k", json={"name": "renamed", "permissions": ["read", "write"]})
        changed = answer.json()
        assert (await client.patch(f"{KEYS}/k", json={})).status_code == httpx.codes.NOT_FOUND
    assert answer.status_code == httpx.codes.OK
    assert (changed["name"], changed["description"], changed["rate_limit_override"]) == ("renamed", "old", 7)
    assert changed["permissions"] == ["read", "write"]
    assert "key" not in changed


async def test_a_new_name_must_be_free(tenant: Tenant) -> None:
    await make_key(tenant, "a")
    await make_key(tenant, "b")
    async with tenant.client() as client:
        assert code(await client.patch(f"{KEYS}/b", json={"name": "a"})) == (400, "name_taken")
        assert (await client.patch(f"{KEYS}/b", json={"name": "b"})).status_code == httpx.codes.OK


async def test_a_status_revokes_and_a_revoked_key_stays_so(tenant: Tenant) -> None:
    key = await make_key(tenant)
    async with tenant.client() as client, holder(tenant, key["key"]) as revoked:
        answer = await client.patch(f"{KEYS}/k", json={"status": "revoked"})
        assert answer.json()["status"] == "revoked"
        await until_refused(revoked, "key_revoked")
        assert code(await client.patch(f"{KEYS}/k", json={"status": "active"})) == (400, "key_is_revoked")
        assert code(await client.post(f"{KEYS}/k/rotate")) == (400, "key_is_revoked")
        assert (await client.patch(f"{KEYS}/k", json={"status": "revoked"})).status_code == httpx.codes.OK
        assert code(await client.patch(f"{KEYS}/k", json={"status": "expired"})) == (422, "invalid_status")


async def test_an_expired_key_gets_that_reason_and_can_be_extended(tenant: Tenant) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    key = await make_key(tenant, expires_at=soon.isoformat())
    async with tenant.client() as client, holder(tenant, key["key"]) as expiring:
        await until_refused(expiring, "key_expired")
        assert (await client.get(KEYS)).json()["results"][0]["status"] == "expired"
        assert code(await client.patch(f"{KEYS}/k", json={"status": "active"})) == (400, "key_is_expired")
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        changed = await client.patch(f"{KEYS}/k", json={"status": "active", "expires_at": later})
        assert changed.json()["status"] == "active"


async def test_a_rotated_key_opens_with_both_secrets_until_the_overlap_ends(tenant: Tenant) -> None:
    old = await make_key(tenant, permissions=["read"])
    async with tenant.client() as client:
        new = (await client.post(f"{KEYS}/k/rotate")).json()
        assert new["key_id"] == old["key_id"]
        assert new["key"] not in {old["key"], None}
        for secret in (old["key"], new["key"]):
            async with holder(tenant, secret) as one:
                assert (await one.get("/v1/organizations")).status_code == httpx.codes.OK
        newest = (await client.post(f"{KEYS}/k/rotate", params={"overlap_seconds": 0})).json()
    async with holder(tenant, new["key"]) as replaced, holder(tenant, old["key"]) as oldest:
        await until_refused(replaced, "key_rotated")
        await until_refused(oldest, "key_unknown")
    async with holder(tenant, newest["key"]) as current:
        assert (await current.get("/v1/organizations")).status_code == httpx.codes.OK


async def test_a_key_in_use_is_never_refused_while_it_is_rotated(tenant: Tenant) -> None:
    key = await make_key(tenant, permissions=["read"])
    done = asyncio.Event()

    async def ask() -> list[int]:
        async with holder(tenant, key["key"]) as client:
            statuses = []
            while not done.is_set():
                statuses.append((await client.get("/v1/organizations")).status_code)
            return statuses

    asking = [asyncio.create_task(ask()) for _ in range(4)]
    async with tenant.client() as client:
        rotated = await client.post(f"{KEYS}/k/rotate")
        async with holder(tenant, rotated.json()["key"]) as new:
            assert (await new.get("/v1/organizations")).status_code == httpx.codes.OK
    done.set()
    assert {status for one in asking for status in await one} == {200}


@pytest.mark.parametrize(
    ("wish", "exceeds"),
    [
        ({"rate_limit_override": 11}, ["rate_limit_override", "expires_at"]),
        ({"rate_limit_override": 10}, ["expires_at"]),
        ({"rate_limit_override": 10, "expires_at": "2098-01-01T00:00:00Z"}, []),
    ],
)
async def test_a_key_gives_no_more_than_it_has(tenant: Tenant, wish: dict[str, Any], exceeds: list[str]) -> None:
    admin = await make_key(
        tenant, "admin", permissions=["admin"], rate_limit_override=10, expires_at="2099-01-01T00:00:00Z"
    )
    await make_key(tenant, "stronger", permissions=["admin"])
    async with holder(tenant, admin["key"]) as client:
        made = await client.post(KEYS, json={"name": "child", **wish})
        if exceeds:
            assert code(made) == (403, "grants_too_much")
            assert made.json()["error"]["details"]["exceeds"] == exceeds
        else:
            assert made.status_code == httpx.codes.OK
        assert code(await client.patch(f"{KEYS}/admin", json={"rate_limit_override": 11})) == (403, "grants_too_much")
        assert code(await client.post(f"{KEYS}/stronger/rotate")) == (403, "grants_too_much")


async def test_a_missing_permission_is_named(tenant: Tenant) -> None:
    key = await make_key(tenant, permissions=["read"])
    async with holder(tenant, key["key"]) as client:
        refused = await client.post("/v1/buckets/files/uploads", json=FILE)
        admin = await client.get(KEYS)
    assert code(refused) == (403, "permission_denied")
    assert refused.json()["error"]["details"]["needed"] == "write"
    assert code(admin) == (403, "permission_denied")


async def test_a_scope_of_another_kind_of_operation_is_refused(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for scope in ({"resource_type": "shelf", "resource_id": "a"}, {"resource_type": "bucket", "resource_id": ""}):
            assert code(await client.post(KEYS, json={"name": "k", "scopes": [scope]})) == (422, "invalid_request")
        wrong = {"resource_type": "bucket", "resource_id": "files", "operations": ["read"]}
        assert code(await client.post(KEYS, json={"name": "k", "scopes": [wrong]})) == (422, "invalid_request")


async def test_a_key_for_one_bucket_sees_no_other(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for name in ("second", "third"):
            made = await client.post("/v1/buckets", json={"bucket_name": name, "bucket_schema": {"properties": {}}})
            assert made.status_code == httpx.codes.OK
        plain = {**FILE, "create_object_on_confirm": False}
        elsewhere = (await client.post("/v1/buckets/second/uploads", json=plain)).json()
        assert (await client.patch("/v1/buckets/third", json={"status": "SUSPENDED"})).status_code == httpx.codes.OK
        assert code(await client.post("/v1/buckets/third/uploads", json=plain)) == (403, "bucket_not_active")
    scope = {"resource_type": "bucket", "resource_id": "files", "operations": ["read_data", "write_data"]}
    key = await make_key(tenant, permissions=["admin"], scopes=[scope])
    async with holder(tenant, key["key"]) as client:
        mine = await client.post("/v1/buckets/files/uploads", json=FILE)
        assert mine.status_code == httpx.codes.OK
        upload_id = mine.json()["upload_id"]
        assert (await client.get(f"/v1/uploads/{upload_id}")).status_code == httpx.codes.OK
        assert code(await client.get("/v1/buckets/second")) == (404, "bucket_not_found")
        listed = (await client.post("/v1/buckets/list", json={"search": "FIL"})).json()
        assert ([each["bucket_name"] for each in listed["results"]], listed["total_count"]) == (["files"], 1)
        assert (await client.post("/v1/buckets/list", json={"search": "second"})).json()["results"] == []
        assert (await client.post("/v1/namespaces/list", json={})).json()["total_count"] == 0
        for name in ("second", "third"):
            assert code(await client.post(f"/v1/buckets/{name}/uploads", json=plain)) == (404, "bucket_not_found")
            assert code(await client.post("/v1/upload-tokens", json={"bucket": name})) == (404, "bucket_not_found")
        assert code(await client.get(f"/v1/uploads/{elsewhere['upload_id']}")) == (404, "upload_not_found")
        assert code(await client.delete(f"/v1/uploads/{upload_id}")) == (403, "permission_denied")
        assert code(await client.get(KEYS)) == (403, "out_of_scope")
        assert code(await client.get("/v1/organizations/audit/logs")) == (403, "out_of_scope")
        new = {"bucket_name": "new", "bucket_schema": {"properties": {}}}
        assert code(await client.post("/v1/buckets", json=new)) == (403, "out_of_scope")
        sent = {"confirmations": [{"upload_id": upload_id}]}
        mine = (await client.post("/v1/buckets/files/uploads/confirm/batch", json=sent)).json()["task_id"]
        assert (await client.get(f"/v1/tasks/{mine}")).json()["task_id"] == mine
        assert code(await client.delete(f"/v1/tasks/{mine}")) == (403, "permission_denied")
        assert code(await client.post("/v1/tasks/list", json={})) == (403, "out_of_scope")
        async with tenant.client() as owner:
            foreign = (await owner.post("/v1/buckets/second/uploads/confirm/batch", json=sent)).json()["task_id"]
            assert (await owner.get(f"/v1/tasks/{foreign}")).status_code == httpx.codes.OK
        assert code(await client.get(f"/v1/tasks/{foreign}")) == (404, "task_not_found")


async def test_a_key_for_one_namespace_sees_no_other(tenant: Tenant) -> None:
    async with tenant.client() as client:
        extractors = [{"feature_extractor_name": "none", "version": "v1"}]
        body = {"namespace_name": "other", "feature_extractors": extractors}
        assert (await client.post("/v1/namespaces", json=body)).status_code == httpx.codes.OK
    scope = {"resource_type": "namespace", "resource_id": tenant.namespace.namespace_id}
    key = await make_key(tenant, scopes=[scope])
    async with holder(tenant, key["key"]) as client:
        assert (await client.post("/v1/buckets/files/uploads", json=FILE)).status_code == httpx.codes.OK
        listed = await client.post("/v1/buckets/list", json={}, headers={"X-Namespace": "other"})
        assert code(listed) == (404, "namespace_not_found")
        unknown = await client.post("/v1/buckets/list", json={}, headers={"X-Namespace": "nowhere"})
        assert listed.json()["error"]["message"] == unknown.json()["error"]["message"]
        assert (await client.get("/v1/namespaces/test")).status_code == httpx.codes.OK
        assert code(await client.get("/v1/namespaces/other")) == (404, "namespace_not_found")
        names = [
            each["namespace_name"] for each in (await client.post("/v1/namespaces/list", json={})).json()["results"]
        ]
        assert names == ["test"]
        assert (await client.post("/v1/buckets/list", json={})).json()["total_count"] == 1
        assert code(await client.post("/v1/namespaces", json=body)) == (403, "out_of_scope")


async def test_a_scope_that_names_nothing_here_opens_nothing(tenant: Tenant) -> None:
    key = await make_key(tenant, scopes=[{"resource_type": "retriever", "resource_id": "r"}])
    async with holder(tenant, key["key"]) as client:
        assert code(await client.post("/v1/buckets/list", json={})) == (404, "namespace_not_found")
        assert code(await client.get("/v1/organizations")) == (403, "out_of_scope")


async def test_a_page_of_another_origin_is_refused_and_a_server_is_not(tenant: Tenant) -> None:
    key = await make_key(tenant, allowed_origins=["https://app.example.com"])
    path = "/v1/organizations"
    async with holder(tenant, key["key"]) as client:
        ours = await client.get(path, headers={"Origin": "https://app.example.com"})
        theirs = await client.get(path, headers={"Origin": "https://evil.example"})
        server = await client.get(path)
    assert (ours.status_code, server.status_code) == (200, 200)
    assert ours.headers["access-control-allow-origin"] in {"*", "https://app.example.com"}
    exposed = {name.strip().lower() for name in ours.headers["access-control-expose-headers"].split(",")}
    assert exposed >= {"etag", "x-request-id", "retry-after", "x-ratelimit-remaining"}
    assert code(theirs) == (403, "origin_not_allowed")
    async with tenant.client() as client:
        assert code(await client.patch(f"{KEYS}/k", json={"allowed_origins": ["nonsense"]})) == (422, "invalid_origin")


async def test_a_preflight_is_answered_without_a_key(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        answer = await client.options(
            "/v1/buckets/files/uploads",
            headers={
                "Origin": "https://app.example.com",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type,x-namespace",
            },
        )
    assert answer.status_code == httpx.codes.NO_CONTENT
    assert answer.headers["access-control-allow-origin"] in {"*", "https://app.example.com"}
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert allowed >= {"authorization", "content-type", "x-namespace"}
    assert "POST" in answer.headers["access-control-allow-methods"]


async def test_an_expiry_is_kept_in_utc_and_refused_out_of_range(tenant: Tenant) -> None:
    made = await make_key(tenant, expires_at="2099-01-01T20:00:00+20:00")
    assert made["expires_at"] == "2099-01-01T00:00:00Z"
    async with tenant.client() as client:
        changed = await client.patch(f"{KEYS}/k", json={"expires_at": "2098-12-31T00:00:30-23:59"})
        assert changed.json()["expires_at"] == "2098-12-31T23:59:30Z", changed.text
        for late in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"):
            refused = await client.patch(f"{KEYS}/k", json={"expires_at": late})
            assert code(refused) == (422, "invalid_expiry")
            assert code(await client.post(KEYS, json={"name": "x", "expires_at": late})) == (422, "invalid_expiry")
