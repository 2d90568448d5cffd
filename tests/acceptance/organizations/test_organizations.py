"""The organization that asks, what it uses, and what was done in it."""

import asyncio
import hashlib
from typing import Any

import httpx
import msgspec
import pytest

from domain.organizations.organization import DEFAULT_RATE_LIMITS, Tier
from tests.conftest import Service, Tenant

PATH = "/v1/organizations"
KEYS = f"{PATH}/users/ann@example.com/api-keys"
LOGS = f"{PATH}/audit/logs"


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def send(client: httpx.AsyncClient, content: bytes, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of the request
    body = {"filename": "a.txt", "content_type": "text/plain", "create_object_on_confirm": False, **wish}
    made = (await client.post("/v1/buckets/files/uploads", json=body)).json()
    if made["presigned_url"] is not None:
        async with httpx.AsyncClient() as plain:
            put = await plain.put(made["presigned_url"], content=content, headers=made["required_headers"])
            assert put.is_success
        confirmed = await client.post(f"/v1/uploads/{made['upload_id']}/confirm", json={})
        assert confirmed.json()["status"] == "COMPLETED", confirmed.text
    upload: dict[str, Any] = made
    return upload


async def test_an_organization_is_shown_with_its_users_and_limits(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answer = await client.get(PATH)
    body = answer.json()
    assert answer.status_code == httpx.codes.OK
    assert body["organization_id"] == tenant.caller.organization.organization_id
    assert (body["account_type"], body["credit_count"], body["billing_email"]) == ("enterprise", 0, None)
    assert set(body["rate_limits"]) == {"metadata", "data", "search", "upload", "compute"}
    assert body["users"] == [{"user_id": "usr_test", "api_keys": 1}]


async def test_an_organization_is_changed_and_what_is_left_out_stays(tenant: Tenant) -> None:
    limits = {"metadata": 100_000, "data": 2, "search": 3, "upload": 4}
    async with tenant.client() as client:
        changed = await client.patch(
            PATH,
            json={
                "organization_name": "Acme",
                "billing_email": "billing@acme.example",
                "logo_url": "https://acme.example/logo.png",
                "metadata": {"plan": "yearly"},
                "rate_limits": limits,
            },
        )
        assert changed.status_code == httpx.codes.OK, changed.text
        one = await client.patch(PATH, json={"rate_limits": {"upload": 500}})
        back = await client.patch(PATH, json={"rate_limits": {"upload": None}})
        cleared = await client.patch(PATH, json={"billing_email": None, "rate_limits": None})
        body = (await client.get(PATH)).json()
    assert changed.json()["billing_email"] == "billing@acme.example"
    most = msgspec.structs.asdict(DEFAULT_RATE_LIMITS[Tier.ENTERPRISE])
    assert changed.json()["rate_limits"] == {**most, **limits}
    assert one.json()["rate_limits"] == {**most, **limits, "upload": 500}
    assert back.json()["rate_limits"] == {**most, **limits, "upload": most["upload"]}
    assert cleared.json()["rate_limits"] == most
    assert cleared.status_code == httpx.codes.OK, cleared.text
    assert cleared.json()["billing_email"] is None
    assert (body["organization_name"], body["logo_url"]) == ("Acme", "https://acme.example/logo.png")
    assert body["metadata"] == {"plan": "yearly"}
    assert body["updated_at"] > body["created_at"]


NO_ADDRESSES = (
    "nobody",
    "ß£@w\u0088",
    "a@b",
    "a@b.c\n",
    "a\x07@b.c",
    "a@b\x7f.c",
    "a@.c",
    "a b@c.d",
    "a@b@c.d",
    "@b.c",
)


async def test_a_change_that_cannot_be_is_refused(service: Service) -> None:
    tenant = await service.tenant(tier=Tier.FREE)
    async with tenant.client() as client:
        too_much = await client.patch(PATH, json={"rate_limits": {"upload": 10**6}})
        assert code(too_much) == (403, "rate_limit_above_tier")
        assert too_much.json()["error"]["details"]["above"] == ["upload"]
        for body in (
            *({"billing_email": address} for address in NO_ADDRESSES),
            {"organization_name": ""},
            {"rate_limits": {"upload": 0}},
            {"colour": "red"},
        ):
            assert code(await client.patch(PATH, json=body)) == (422, "invalid_request")
        assert code(await client.patch(PATH, json={"metadata": {"a": "x" * 20_000}})) == (422, "metadata_too_large")


async def test_two_changes_at_once_both_count(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answers = await asyncio.gather(
            client.patch(PATH, json={"organization_name": "Both"}),
            client.patch(PATH, json={"metadata": {"both": True}}),
        )
        body = (await client.get(PATH)).json()
    assert {answer.status_code for answer in answers} == {200}
    assert (body["organization_name"], body["metadata"]) == ("Both", {"both": True})


async def test_usage_counts_what_was_uploaded_and_what_duplicates_saved(service: Service) -> None:
    tenant = await service.tenant(tier=Tier.PRO, quota_bytes=1000)
    content = b"0123456789"
    async with tenant.client() as client:
        await send(client, content, file_hash=hashlib.sha256(content).hexdigest())
        await send(client, content, file_hash=hashlib.sha256(content).hexdigest())
        await client.post(
            "/v1/buckets/files/uploads",
            json={"filename": "b.txt", "content_type": "text/plain", "file_size_bytes": 7, "blob_property": "text"},
        )
        use = (await client.get(f"{PATH}/usage")).json()
        before = await client.get(f"{PATH}/usage", params={"end": "2001-01-01T00:00:00Z"})
        wrong = await client.get(f"{PATH}/usage", params={"start": "yesterday"})
    assert use["storage"] == {"reserved_bytes": 7, "accepted_bytes": 10, "quota_bytes": 1000, "available_bytes": 983}
    assert use["uploads"] == {
        "total": 2,
        "by_status": {"COMPLETED": 1, "PENDING": 1},
        "completed_bytes": 10,
        "duplicates_avoided": 1,
        "bytes_saved": 10,
    }
    assert (use["namespaces"], use["buckets"], use["objects"], use["api_keys"]) == (1, 1, 0, 1)
    assert before.json()["uploads"]["total"] == before.json()["uploads"]["bytes_saved"] == 0
    assert code(wrong) == (422, "invalid_time")


async def test_the_audit_log_names_actors_and_actions_newest_first(tenant: Tenant) -> None:
    async with tenant.client() as client:
        key = (await client.post(KEYS, json={"name": "k"})).json()
        await client.patch(f"{KEYS}/k", json={"permissions": ["read"], "allowed_origins": ["https://a.example"]})
        await client.post(f"{KEYS}/k/rotate")
        await client.delete(f"{KEYS}/k")
        await client.patch(PATH, json={"billing_email": "billing@acme.example"})
        answer = await client.get(LOGS)
        of_key = (await client.get(LOGS, params={"resource_id": key["key_id"], "limit": 2, "skip": 1})).json()
        rotated = (await client.get(LOGS, params={"action": "api_key_rotated"})).json()
        buckets = (await client.get(LOGS, params={"resource_type": "bucket"})).json()
        by_operator = (await client.get(LOGS, params={"actor_id": "system:test"})).json()
        never = (await client.get(LOGS, params={"end": "2001-01-01T00:00:00Z"})).json()
        nonsense = await client.get(LOGS, params={"action": "dance"})
    log = answer.json()
    assert [entry["action"] for entry in log["results"]] == [
        "organization_updated",
        "api_key_revoked",
        "api_key_rotated",
        "api_key_scope_updated",
        "permission_updated",
        "api_key_created",
        "bucket_created",
        "namespace_created",
        "api_key_created",
        "organization_created",
    ]
    assert (log["total"], log["skip"], log["limit"]) == (10, 0, 50)
    assert (of_key["total"], len(of_key["results"]), of_key["results"][0]["action"]) == (5, 2, "api_key_rotated")
    assert [entry["resource_id"] for entry in rotated["results"]] == [key["key_id"]]
    assert rotated["results"][0]["actor_id"] == tenant.caller.key.key_id
    assert rotated["results"][0]["actor_type"] == "api_key"
    assert [entry["action"] for entry in buckets["results"]] == ["bucket_created"]
    assert by_operator["total"] == 1
    assert never["results"] == []
    assert code(nonsense) == (422, "invalid_request")
    assert "billing@acme.example" not in answer.text
    assert key["key_hash"] not in answer.text
    assert key["key"] not in answer.text


async def test_the_audit_log_is_for_admins_and_of_their_organization_alone(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    async with tenant.client() as client, other.client() as stranger:
        key = (await client.post(KEYS, json={"name": "reader", "permissions": ["read"]})).json()
        theirs = await stranger.get(LOGS, params={"resource_id": key["key_id"]})
        refused = await client.get(LOGS, headers={"Authorization": f"Bearer {key['key']}"})
        all_of_it = (await client.get(LOGS)).json()
        pages = [(await client.get(LOGS, params={"skip": skip, "limit": 2})).json() for skip in range(0, 8, 2)]
        by_key = (await client.get(LOGS, params={"actor_id": key["key_id"], "resource_type": "organization"})).json()
        of_buckets = (await client.get(LOGS, params={"resource_type": "bucket"})).json()
        elsewhere = (await stranger.get(LOGS)).json()
    assert theirs.json()["total"] == 0
    assert code(refused) == (403, "permission_denied")
    (entry,) = by_key["results"]
    assert entry == all_of_it["results"][0]
    assert (entry["action"], entry["status"], entry["actor_id"]) == ("request_refused", "failure", key["key_id"])
    assert entry["changes"] == {"method": "GET", "route": LOGS, "code": "permission_denied"}
    assert entry["ip_address"] == "127.0.0.1"
    assert entry["request_id"] == refused.headers["x-request-id"]
    assert [each["audit_id"] for page in pages for each in page["results"]] == [
        each["audit_id"] for each in all_of_it["results"]
    ]
    assert {page["total"] for page in pages} == {all_of_it["total"]} == {len(all_of_it["results"])}
    for other_log in (of_buckets, elsewhere):
        assert "request_refused" not in {each["action"] for each in other_log["results"]}


@pytest.mark.parametrize("path", ["usage", "audit/logs"])
async def test_times_with_odd_offsets_are_understood_and_those_out_of_range_refused(tenant: Tenant, path: str) -> None:
    async with tenant.client() as client:
        odd = await client.get(f"{PATH}/{path}", params={"start": "2020-01-01T00:00:00+23:59"})
        assert odd.status_code == httpx.codes.OK, odd.text
        for time in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"):
            assert code(await client.get(f"{PATH}/{path}", params={"start": time})) == (422, "invalid_time")
