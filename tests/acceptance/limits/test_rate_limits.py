"""Limits on requests over HTTP: the headers of answers, and the shared limit of two processes."""

import asyncio
import re
import time
from collections import defaultdict
from typing import Any

import httpx
import pytest

from application.limits.limiting_requests import STRANGERS_LIMIT
from application.ports.events.event_log import Command, StreamAppend
from application.rules import Rules
from domain.events.event import Origin
from domain.organizations.organization import OrganizationRateLimitsChanged, RateLimits
from entrypoints.wiring.operations import administering
from tests.conftest import Service, Tenant, free_port, start, wait_ready

GOOD: dict[str, Any] = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}
UPLOADS = "/v1/buckets/files/uploads"


async def limit(tenant: Tenant, **limits: int) -> None:
    """Set the limits of a tenant's organization, and return when its service has received them."""
    organization_id = tenant.caller.organization.organization_id
    chosen = {"metadata": 1000, "data": 1000, "search": 1000, "upload": 1000, "compute": 1000} | limits
    async with administering(tenant.database.url, Rules()) as use:
        event = OrganizationRateLimitsChanged(
            origin=Origin(
                organization_id=organization_id,
                actor_id="system:test",
                command_id="cmd_limits",
                at=tenant.caller.organization.created_at,
            ),
            rate_limits=RateLimits(**chosen),
        )
        stream = StreamAppend(stream_id=organization_id, expected_version=1, events=(event,))
        await use.log.append(Command(command_id="cmd_limits", organization_id=organization_id, streams=(stream,)))
    async with tenant.client() as client, asyncio.timeout(30):
        while (await client.get("/v1/namespaces/test")).headers["X-RateLimit-Limit"] != str(chosen["metadata"]):
            pass


async def test_every_answer_contains_the_limit_the_rest_and_the_time_of_the_reset(tenant: Tenant) -> None:
    async with tenant.client() as client:
        before = time.time()
        answers = [
            await client.get("/v1/buckets/files"),
            await client.get("/v1/buckets/nothing"),
            await client.post(UPLOADS, json=GOOD),
            await client.post(UPLOADS, content=b"{"),
            await client.post(f"{UPLOADS}/list"),
            await client.get("/v1/uploads/upl_nothing"),
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 200, 422, 200, 404]
    policies = [re.match(r'"(\w+)";q=(\d+);w=60$', answer.headers["RateLimit-Policy"]) for answer in answers]
    assert [match and match[1] for match in policies] == ["metadata", "metadata", "upload", "upload", "search", "data"]
    for answer, match in zip(answers, policies, strict=True):
        assert match
        assert answer.headers["X-Request-Id"], "a refusal of admission has all headers too"
        assert answer.headers["X-RateLimit-Limit"] == match[2]
        remaining = int(answer.headers["X-RateLimit-Remaining"])
        assert 0 < remaining < int(match[2])
        state = re.match(rf'"{match[1]}";r={remaining};t=(\d+)$', answer.headers["RateLimit"])
        assert state
        assert 1 <= int(state[1]) <= 60
        assert before < int(answer.headers["X-RateLimit-Reset"]) <= time.time() + 60


async def test_an_unknown_caller_gets_no_limit(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        answers = [await client.get("/v1/buckets/files"), await client.get("/healthz")]
    assert all("X-RateLimit-Limit" not in answer.headers for answer in answers)


async def test_what_is_beyond_the_limit_is_refused_before_the_body_is_read(tenant: Tenant) -> None:
    await limit(tenant, upload=3)
    async with tenant.client() as client, asyncio.timeout(60):
        while (await client.post(UPLOADS, json=GOOD)).status_code != 429:
            pass
        while (refused := await client.post(UPLOADS, content=b"{")).status_code != 429:  # another minute has begun
            await client.post(UPLOADS, json=GOOD)
        other_class = await client.get("/v1/buckets/files")
    error = refused.json()["error"]
    assert (refused.json()["status"], error["type"], error["code"]) == (429, "TooManyRequestsError", "rate_limited")
    seconds = int(refused.headers["Retry-After"])
    assert 1 <= seconds <= 60
    assert error["details"] == {
        "limit": 3,
        "limited": "upload",
        "window_seconds": 60,
        "retry_after_seconds": seconds,
    }
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert refused.headers["RateLimit"] == f'"upload";r=0;t={seconds}'
    assert other_class.status_code == 200


async def test_a_key_is_held_to_the_limit_that_it_was_given(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = await client.post(
            "/v1/organizations/users/ann/api-keys", json={"name": "slow", "rate_limit_override": 2}
        )
        slow = {"Authorization": f"Bearer {made.json()['key']}"}
        async with asyncio.timeout(60):
            while (refused := await client.get("/v1/buckets/files", headers=slow)).status_code != 429:
                assert refused.headers["X-RateLimit-Limit"] == "2"
        assert refused.json()["error"]["details"]["limited"] == "key"
        assert '"metadata";q=' in refused.headers["RateLimit-Policy"]
        assert (await client.get("/v1/buckets/files")).status_code == 200


async def test_a_token_has_its_share_of_its_keys_limit_and_the_key_has_the_rest(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = await client.post(
            "/v1/organizations/users/ann/api-keys", json={"name": "slow", "rate_limit_override": 30}
        )
        slow = {"Authorization": f"Bearer {made.json()['key']}"}
        token = await client.post("/v1/upload-tokens", json={"bucket": "files"}, headers=slow)
        page = {"Authorization": f"Bearer {token.json()['token']}"}
        async with asyncio.timeout(90):
            while (beyond := await client.get("/v1/uploads/upl_nothing", headers=page)).status_code != 429:
                policy = beyond.headers["RateLimit-Policy"]
        assert sorted(each.partition(";")[0] for each in policy.split(", ")) == ['"data"', '"key"', '"token"']
        assert beyond.json()["error"]["details"]["limit"] == 3
        assert (await client.post("/v1/upload-tokens", json={"bucket": "files"}, headers=slow)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/organizations", 403), ("/v1/uploads/upl_nothing", 404), ("/v1/uploads/%20", 404)]
)
async def test_a_token_that_is_refused_at_full_speed_takes_nothing_from_the_organization(
    tenant: Tenant, path: str, status: int
) -> None:
    await limit(tenant, metadata=40, data=40)
    async with tenant.client() as client:
        token = await client.post("/v1/upload-tokens", json={"bucket": "files", "max_count": 1})
        page = {"Authorization": f"Bearer {token.json()['token']}"}
        # concurrently: each refusal beyond the limit comes after a pause
        refused = await asyncio.gather(*(client.get(path, headers=page) for _ in range(200)))
        assert {answer.status_code for answer in refused} == {status, 429}
        answers = [await client.get("/v1/organizations"), await client.get("/v1/uploads/upl_other")]
    assert [answer.status_code for answer in answers] == [200, 404]
    assert all(int(answer.headers["X-RateLimit-Remaining"]) > 30 for answer in answers)


async def test_guesses_of_keys_are_limited_and_a_valid_key_from_the_same_address_is_not(service: Service) -> None:
    tenant = await service.tenant()
    port = free_port()
    process = start({**service.environment, "UPWELL_PORT": str(port)}, "serve")
    url = f"http://127.0.0.1:{port}"
    try:
        await asyncio.to_thread(wait_ready, url, process)
        async with httpx.AsyncClient(base_url=url, timeout=30) as client, asyncio.timeout(120):
            number = 0
            while True:
                guess = {"Authorization": f"Bearer sk_{number}"}
                refused = await client.get("/v1/buckets/files", headers=guess)
                if refused.status_code == 429:
                    break
                assert refused.status_code == 401
                number += 1
            assert number >= STRANGERS_LIMIT
            assert refused.json()["error"]["details"]["limited"] == "address"
            assert 1 <= int(refused.headers["Retry-After"]) <= 60
            assert (await client.get("/v1/buckets/files", headers=tenant.headers)).status_code == 200
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def test_the_routes_of_the_organization_have_their_classes(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answers = {
            path: await client.get(path)
            for path in (
                "/v1/organizations",
                "/v1/organizations/usage",
                "/v1/organizations/audit/logs",
                "/v1/organizations/users/ann/api-keys",
            )
        }
    policies = [answer.headers["RateLimit-Policy"].partition(";")[0] for answer in answers.values()]
    assert policies == ['"metadata"', '"metadata"', '"search"', '"metadata"']


async def test_an_override_lifts_no_key_above_its_organization(tenant: Tenant) -> None:
    await limit(tenant, data=2)
    async with tenant.client() as client, asyncio.timeout(60):
        made = await client.post(
            "/v1/organizations/users/ann/api-keys", json={"name": "fast", "rate_limit_override": 1000}
        )
        fast = {"Authorization": f"Bearer {made.json()['key']}"}
        upload_id = (await client.post(UPLOADS, json=GOOD)).json()["upload_id"]
        while (refused := await client.get(f"/v1/uploads/{upload_id}", headers=fast)).status_code != 429:
            assert refused.headers["X-RateLimit-Limit"] == "2"
    assert refused.json()["error"]["details"]["limited"] == "data"


async def test_two_processes_hold_a_limit_together_within_ten_percent(service: Service) -> None:
    tenant = await service.tenant()
    await limit(tenant, upload=300)
    port = free_port()
    process = start({**service.environment, "UPWELL_PORT": str(port)}, "serve")
    accepted: dict[str, int] = defaultdict(int)
    refused: dict[str, int] = defaultdict(int)

    async def client(url: str) -> None:
        async with httpx.AsyncClient(base_url=url, headers=tenant.headers, timeout=30) as http:
            while not refused or max(refused.values()) < 100:
                answer = await http.post(UPLOADS, json=GOOD)
                minute = answer.headers["X-RateLimit-Reset"]
                assert answer.status_code in {200, 429}, answer.text
                (accepted if answer.status_code == 200 else refused)[minute] += 1

    try:
        other = f"http://127.0.0.1:{port}"
        await asyncio.to_thread(wait_ready, other, process)
        async with asyncio.timeout(150):
            await asyncio.gather(*(client(url) for url in [service.url, other] * 8))
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
    full = max(refused, key=lambda minute: refused[minute])
    print(dict(accepted), dict(refused))
    assert 270 <= accepted[full] <= 330
    assert max(accepted.values()) <= 330


@pytest.mark.parametrize("setting", ["off"])
async def test_without_limits_no_answer_contains_any(service: Service, setting: str) -> None:
    tenant = await service.tenant()
    await limit(tenant, metadata=1)
    port = free_port()
    process = start({**service.environment, "UPWELL_PORT": str(port), "UPWELL_RATE_LIMITS": setting}, "serve")
    try:
        await asyncio.to_thread(wait_ready, f"http://127.0.0.1:{port}", process)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=tenant.headers) as client:
            answers = [await client.get("/v1/buckets/files") for _ in range(5)]
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
    assert [answer.status_code for answer in answers] == [200] * 5
    assert not [name for answer in answers for name in answer.headers if "ratelimit" in name]
