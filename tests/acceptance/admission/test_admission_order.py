"""The documented order of admission holds: each step refuses before all later ones."""

import asyncio
from typing import Any

import httpx
import pytest

from domain.uploads.admission import METADATA
from entrypoints.http.admission.admission import (
    ACTIVE,
    BUCKET,
    IDEMPOTENCY_KEY,
    KEY,
    NAMESPACE,
    ORIGIN,
    PERMISSION,
    RATE,
    STEPS,
    Step,
)
from tests.acceptance.keys.test_api_keys import code, make_key
from tests.acceptance.limits.test_rate_limits import GOOD, UPLOADS, limit
from tests.conftest import Tenant

PAGE = "https://app.example.com"


async def make_client(tenant: Tenant) -> tuple[httpx.AsyncClient, dict[Step, dict[str, Any]]]:
    """Return a client whose request is accepted, and a change that breaks each step; the earlier step refuses."""
    scopes = [{"resource_type": "bucket", "resource_id": name} for name in ("files", "closed")]
    writer = await make_key(tenant, "writer", permissions=["write"], scopes=scopes, allowed_origins=[PAGE])
    reader = await make_key(tenant, "reader", permissions=["read"], scopes=scopes, allowed_origins=[PAGE])
    async with tenant.client() as client:
        for name in ("closed", "other"):
            made = await client.post("/v1/buckets", json={"bucket_name": name, "bucket_schema": {"properties": {}}})
            assert made.status_code == httpx.codes.OK, made.text
        closed = await client.patch("/v1/buckets/closed", json={"status": "SUSPENDED"})
        assert closed.status_code == httpx.codes.OK, closed.text
    headers = {**tenant.headers, "Authorization": f"Bearer {writer['key']}", "Origin": PAGE}
    broken: dict[Step, dict[str, Any]] = {
        KEY: {"Authorization": "Bearer sk_nobody"},
        RATE: {},  # once it is exhausted, every request breaks it
        ORIGIN: {"Origin": "https://evil.example"},
        PERMISSION: {"Authorization": f"Bearer {reader['key']}"},
        NAMESPACE: {"X-Namespace": "nowhere"},
        BUCKET: {"path": "/v1/buckets/other/uploads"},
        ACTIVE: {"path": "/v1/buckets/closed/uploads"},
        IDEMPOTENCY_KEY: {"Idempotency-Key": "x" * 300},
    }
    return httpx.AsyncClient(base_url=tenant.url, headers=headers), broken


async def send(client: httpx.AsyncClient, *broken: dict[str, Any], content: bytes = b"{") -> httpx.Response:
    headers = {name: value for change in reversed(broken) for name, value in change.items()}
    path = headers.pop("path", UPLOADS)
    return await client.post(path, content=content, headers={"Content-Type": "application/json", **headers})


async def test_each_step_refuses_before_all_that_come_after_it(tenant: Tenant) -> None:
    client, broken = await make_client(tenant)
    async with client:
        assert (await client.post(UPLOADS, json=GOOD)).status_code == httpx.codes.OK
        for number, step in enumerate(STEPS):
            if step is RATE:
                continue
            status, refusal = code(await send(client, *(broken[each] for each in STEPS[number:])))
            assert refusal in step.refusals.get(status, ()), f"{step.subject}: {status} {refusal}"
        assert code(await send(client)) == (422, "invalid_request")
        metadata = await send(client, content=b'{"filename": "..", "content_type": "x", "metadata": {"a": "\\u0000"}}')
        assert code(metadata) == (422, "null_character")
        assert "null_character" in METADATA.codes


async def test_the_rate_refuses_known_callers_before_anything_else(tenant: Tenant) -> None:
    client, broken = await make_client(tenant)
    await limit(tenant, upload=1)
    rest = [broken[each] for each in STEPS[STEPS.index(RATE) :]]
    async with client:
        async with asyncio.timeout(60):  # refused requests cost the organization nothing: only these exhaust the rate
            while (await client.post(UPLOADS, json=GOOD)).status_code == httpx.codes.OK:
                pass
        status, refusal = code(await send(client, *rest))
        assert refusal in RATE.refusals[status]
        assert code(await send(client, broken[KEY], *rest)) == (401, "key_unknown")


@pytest.mark.parametrize("name", ["Authorization", "X-Namespace", "Origin", "Idempotency-Key"])
async def test_a_header_that_decides_is_there_once(tenant: Tenant, name: str) -> None:
    headers = [*tenant.headers.items(), (name, "another"), (name, "one more")]
    async with httpx.AsyncClient(base_url=tenant.url) as client:
        refused = await client.get("/v1/namespaces/test", headers=headers)

    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "repeated_header"
    assert refused.json()["error"]["details"]["field"] == name
