"""Bad input anywhere: the envelope, a stable code, and nothing half done."""

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.conftest import Service, Tenant
from tests.contract_check.answers import holding

GOOD: dict[str, Any] = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


REFUSED: list[tuple[str, object, int, str]] = [
    ("no filename", {"content_type": "video/mp4"}, 422, "invalid_request"),
    ("an unknown field", {**GOOD, "colour": "red"}, 422, "invalid_request"),
    ("a path as filename", {**GOOD, "filename": "../a.mp4"}, 422, "invalid_filename"),
    ("a backslash", {**GOOD, "filename": "a\\b.mp4"}, 422, "invalid_filename"),
    ("two dots", {**GOOD, "filename": ".."}, 422, "invalid_filename"),
    ("a control character", {**GOOD, "filename": "a\n.mp4"}, 422, "invalid_filename"),
    ("256 characters", {**GOOD, "filename": "a" * 256}, 422, "invalid_request"),
    ("no MIME type", {**GOOD, "content_type": "video"}, 422, "invalid_content_type"),
    ("a header in the MIME type", {**GOOD, "content_type": "video/mp4\r\nX: y"}, 422, "invalid_content_type"),
    ("a size of zero", {**GOOD, "file_size_bytes": 0}, 422, "invalid_request"),
    ("a size as words", {**GOOD, "file_size_bytes": "ten"}, 422, "invalid_request"),
    ("a size in a text", {**GOOD, "file_size_bytes": "10"}, 422, "invalid_request"),
    ("a number for true", {**GOOD, "skip_duplicates": 1}, 422, "invalid_request"),
    ("a list", [GOOD], 422, "invalid_request"),
    ("an expiry too short", {**GOOD, "presigned_url_expiration": 59}, 422, "invalid_request"),
    ("an expiry too long", {**GOOD, "presigned_url_expiration": 86401}, 422, "invalid_request"),
    ("a hash in capitals", {**GOOD, "file_hash": "A" * 64}, 422, "invalid_request"),
    ("an unknown blob type", {**GOOD, "blob_type": "HOLOGRAM"}, 422, "invalid_blob_type"),
    ("a document that is a video", {**GOOD, "blob_type": "DOCUMENT"}, 422, "blob_type_does_not_fit"),
    ("a property with a dash", {**GOOD, "blob_property": "a-b"}, 422, "invalid_request"),
    ("a missing property", {**GOOD, "blob_property": "sound"}, 422, "unknown_blob_property"),
    ("a type that does not fit", {**GOOD, "content_type": "image/png"}, 422, "content_type_does_not_fit"),
    ("bytes of any kind", {**GOOD, "content_type": "application/octet-stream"}, 422, "content_type_does_not_fit"),
    ("a blob type that does not fit", {**GOOD, "blob_type": "image"}, 422, "blob_type_does_not_fit"),
    ("metadata with U+0000", {**GOOD, "metadata": {"a": "x\0y"}}, 422, "null_character"),
    ("metadata 33 deep", {**GOOD, "metadata": deep(33)}, 422, "too_deep"),
    ("17 KiB of metadata", {**GOOD, "metadata": {"a": "x" * 17_000}}, 422, "metadata_too_large"),
    ("17 KiB of object metadata", {**GOOD, "object_metadata": {"a": "x" * 17_000}}, 422, "metadata_too_large"),
    ("an invalid number", {**GOOD, "object_metadata": {"number": "x"}}, 422, "schema_violation"),
    (
        "more than a single PUT takes, and no parts",
        {**GOOD, "file_size_bytes": 5 * 1024**3 + 1, "multipart": "never"},
        422,
        "needs_multipart",
    ),
    ("integrity without a hash", {**GOOD, "integrity": "storage"}, 422, "hash_required"),
    ("an unknown way to send", {**GOOD, "multipart": "sometimes"}, 422, "invalid_request"),
    ("more than the tier allows", {**GOOD, "file_size_bytes": 50 * 10**9 + 1}, 403, "file_too_large"),
]


@pytest.mark.parametrize(("what", "body", "status", "code"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_a_request_is_refused_with(tenant: Tenant, what: str, body: object, status: int, code: str) -> None:
    async with tenant.client() as client:
        response = await client.post("/v1/buckets/files/uploads", json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code), f"{what}: {response.text}"
        assert response.json()["success"] is False
        assert response.json()["status"] == status
        listed = await client.post("/v1/buckets/files/uploads/list", json={})
    assert listed.json()["results"] == []


async def test_the_caller_is_checked_before_the_request(tenant: Tenant) -> None:
    rubbish = b"{"
    path = "/v1/buckets/files/uploads"
    async with holding(tenant.url) as plain:
        answers = [
            await plain.post(path, content=rubbish),
            await plain.post(path, content=rubbish, headers={"Authorization": "Bearer sk_nobody"}),
            await plain.post(path, content=rubbish, headers={"Authorization": tenant.headers["Authorization"]}),
            await plain.post(path, content=rubbish, headers={**tenant.headers, "X-Namespace": "nowhere"}),
            await plain.post("/v1/buckets/nothing/uploads", content=rubbish, headers=tenant.headers),
            await plain.post(path, content=rubbish, headers={**tenant.headers, "Content-Type": "application/json"}),
        ]
    assert [(a.status_code, a.json()["error"]["code"]) for a in answers] == [
        (401, "key_missing"),
        (401, "key_unknown"),
        (422, "namespace_required"),
        (404, "namespace_not_found"),
        (404, "bucket_not_found"),
        (422, "invalid_request"),
    ]


async def test_a_body_that_does_not_fit_says_where(tenant: Tenant) -> None:
    async with tenant.client() as client:
        wrong = await client.post("/v1/buckets/files/uploads", json={**GOOD, "skip_duplicates": "yes"})
        empty = await client.post("/v1/buckets/files/uploads")
        whole = await client.post("/v1/buckets/files/uploads", json={**GOOD, "file_size_bytes": 32.0})
        deep_down = await client.post("/v1/buckets/files/uploads", content=b'{"metadata": ' + b"[" * 100_000)
        broken = await client.post("/v1/buckets/files/uploads", content=b'{"filename": ')
    assert wrong.json()["error"]["message"] == "skip_duplicates is a string: send true or false."
    assert [answer.json()["error"]["code"] for answer in (wrong, empty, broken)] == ["invalid_request"] * 3
    assert whole.json()["file_size_bytes"] == 32
    assert (deep_down.status_code, deep_down.json()["error"]["code"]) == (422, "too_deep")


async def test_a_body_over_1_mib_is_refused_unparsed(tenant: Tenant) -> None:
    async with tenant.client() as client:
        response = await client.post(
            "/v1/buckets/files/uploads",
            content=b'{"filename": "' + b"a" * (3 * 1024 * 1024) + b'"}',
            headers={"Content-Type": "application/json"},
        )
    assert (response.status_code, response.json()["error"]["code"]) == (422, "body_too_large")


async def test_errors_come_as_problem_json_where_the_client_asks_for_it(tenant: Tenant) -> None:
    async with tenant.client() as client:
        response = await client.get("/v1/uploads/upl_nothing", headers={"Accept": "application/problem+json"})
    assert response.headers["content-type"].startswith("application/problem+json")
    assert response.json()["status"] == 404
    assert response.json()["code"] == "upload_not_found"


async def test_an_address_and_a_method_that_do_not_exist_get_the_envelope_too(tenant: Tenant) -> None:
    async with tenant.client() as client:
        nowhere = await client.get("/v1/nowhere")
        method = await client.put("/v1/uploads/upl_nothing")
        no_id = await client.get("/v1/buckets/files/uploads/list")
    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (404, "no_such_route")
    assert (method.status_code, method.json()["error"]["code"]) == (405, "method_not_allowed")
    assert (no_id.status_code, no_id.json()["error"]["code"]) == (404, "no_such_route")


async def test_an_address_names_all_of_its_methods(tenant: Tenant) -> None:
    async with tenant.client() as client:
        asked = await client.options("/v1/uploads/upl_nothing")
    assert asked.status_code == 204
    assert asked.headers["allow"] == "DELETE, GET, HEAD, OPTIONS"


async def test_a_revoked_key_opens_nothing_and_a_key_without_the_permission_gets_that_reason(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = await client.post(
            "/v1/organizations/users/Ann@example.com/api-keys", json={"name": "reader", "permissions": ["read"]}
        )
        assert made.status_code == 200, made.text
        assert "example.com" not in made.text
        again = await client.post("/v1/organizations/users/ann@example.com/api-keys", json={"name": "reader"})
        assert (again.status_code, again.json()["error"]["code"]) == (400, "name_taken")
        reader = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await client.get("/v1/buckets/files", headers=reader)).status_code == 200
        refused = await client.post("/v1/buckets/files/uploads", json=GOOD, headers=reader)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
        revoked = await client.delete("/v1/organizations/users/ann@example.com/api-keys/reader")
        assert revoked.json()["success"] is True
        deadline = 0
        while (await client.get("/v1/buckets/files", headers=reader)).status_code == 200:
            deadline += 1
            assert deadline < 1000, "the revocation has not arrived"
        gone = await client.get("/v1/buckets/files", headers=reader)
    assert (gone.status_code, gone.json()["error"]["code"]) == (401, "key_revoked")


async def test_an_expiry_may_have_any_offset_and_must_be_a_time_that_can_be_kept(tenant: Tenant) -> None:
    path = "/v1/organizations/users/ann@example.com/api-keys"
    async with tenant.client() as client:
        made = await client.post(path, json={"name": "far", "expires_at": "3009-10-07T04:13:52+18:33"})
        beyond = await client.post(path, json={"name": "beyond", "expires_at": "9999-12-31T23:59:59-05:00"})
    assert made.json()["expires_at"] == "3009-10-06T09:40:52Z"
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (422, "invalid_expiry")


async def test_what_belongs_to_others_does_not_exist(service: Service, tenant: Tenant) -> None:
    stranger = await service.tenant()
    async with tenant.client() as client, stranger.client() as other:
        upload = (await client.post("/v1/buckets/files/uploads", json=GOOD)).json()
        upload_id, bucket_id = upload["upload_id"], tenant.bucket.bucket_id
        answers = [
            await other.get(f"/v1/uploads/{upload_id}"),
            await other.delete(f"/v1/uploads/{upload_id}"),
            await other.post(f"/v1/uploads/{upload_id}/confirm"),
            await other.get(f"/v1/buckets/{bucket_id}"),
            await other.get(f"/v1/buckets/files/uploads/{upload_id}"),
            await other.get(f"/v1/namespaces/{tenant.namespace.namespace_id}"),
            await other.get("/v1/buckets/files", headers={"X-Namespace": tenant.namespace.namespace_id}),
        ]
        assert [a.status_code for a in answers] == [404] * len(answers)
        listed = await other.post("/v1/buckets/files/uploads/list", json={})
        assert listed.json()["results"] == []
        assert (await client.get(f"/v1/uploads/{upload_id}")).json()["status"] == "PENDING"


@pytest.mark.parametrize("tier_limit", [("free", 100 * 10**6), ("pro", 5 * 10**9)], ids=["free", "pro"])
async def test_each_tier_has_its_file_size_limit(service: Service, tier_limit: tuple[str, int]) -> None:
    from domain.organizations.organization import Tier  # noqa: PLC0415  # only here

    tier, limit = tier_limit
    tenant = await service.tenant(tier=Tier(tier))
    async with tenant.client() as client:
        fits = await client.post("/v1/buckets/files/uploads", json={**GOOD, "file_size_bytes": limit})
        refused = await client.post("/v1/buckets/files/uploads", json={**GOOD, "file_size_bytes": limit + 1})
    assert fits.status_code == 200
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "file_too_large")


async def test_a_head_without_an_end_is_not_kept(service: Service) -> None:
    url = httpx.URL(service.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: upwell\r\nX-Endless: ")
    with suppress(ConnectionError):
        async with asyncio.timeout(30):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
    with suppress(ConnectionError):
        answer = await reader.read(1000)
        assert answer.startswith(b"HTTP/1.1 400"), answer
    writer.close()
