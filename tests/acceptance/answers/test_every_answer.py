"""The common parts of all answers: safe headers, HEAD, and a line in the log, for any request."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.postgres.database.connecting import connect
from tests.acceptance.uploads.test_main_job import announce
from tests.conftest import Service, Tenant, free_port, make_tenant, wait_ready


async def test_answers_are_not_sniffed_and_those_of_the_api_not_stored(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for answer in (
            await client.get("/v1/organizations"),
            await client.get("/v1/uploads/upl_nothing"),
            await client.post("/v1/events/tokens", json={}),
            await client.get("/v1/organizations", headers={"Authorization": "Bearer nothing"}),
        ):
            assert answer.headers["X-Content-Type-Options"] == "nosniff", answer.text
            assert answer.headers["Cache-Control"] == "no-store", answer.text
        health = await client.get("/healthz")
        assert health.headers["X-Content-Type-Options"] == "nosniff"


async def test_pages_are_in_no_frame_and_run_nothing_of_others(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        page = await client.get("/docs")
    assert page.headers["X-Frame-Options"] == "DENY"
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy


async def test_head_is_get_without_a_body(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, b"a film")
        for path in (
            "/healthz",
            "/readyz",
            "/docs",
            "/v1/organizations",
            "/v1/buckets/files",
            f"/v1/uploads/{upload['upload_id']}",
            "/v1/events",
            "/v1/nothing",
            "/v1/uploads/upl_nothing",
        ):
            get, head = await client.get(path), await client.head(path)
            assert head.status_code == get.status_code, path
            assert head.headers["Content-Type"] == get.headers["Content-Type"]
            assert not head.content
            assert int(head.headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("path", "accept"), [("/v1/events?wait=30", "*/*"), ("/v1/events", "text/event-stream"), ("/v1/buckets", "*/*")]
)
async def test_head_of_what_does_not_end_or_is_no_get_is_not_possible(tenant: Tenant, path: str, accept: str) -> None:
    async with tenant.client() as client:
        assert (await client.head(path, headers={"Accept": accept})).status_code == 405


async def test_options_name_head_where_there_is_get(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answer = await client.options("/v1/uploads/upl_nothing")
    assert {"GET", "HEAD", "DELETE"} <= set(answer.headers["Allow"].split(", "))


async def test_every_request_is_a_line_of_json_with_its_caller_and_the_reason_of_a_refusal(
    service: Service, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "UPWELL_PORT": str(port),
        "UPWELL_LOG_LEVEL": "info",
        "UPWELL_LOG_FORMAT": "json",
        "UPWELL_TRUSTED_PROXIES": "127.0.0.1",
        "UPWELL_CORS_ORIGINS": "https://app.example.com",
    }
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: ASYNC220  # it returns at once
            [sys.executable, "-c", "from entrypoints.cli.main import main; main()", "serve", "--workers", "2"],
            env={**os.environ, **service.environment, **settings},
            stderr=file,
        )
    try:
        await asyncio.to_thread(wait_ready, url, process)
        tenant = await make_tenant(service.database, url)
        through = {"X-Forwarded-For": "192.0.2.66, 203.0.113.7", "Origin": "https://evil.example"}
        asking = {"Access-Control-Request-Method": "POST"}
        async with httpx.AsyncClient(base_url=url) as client:
            await client.get("/v1/organizations", headers={**tenant.headers, **through, "X-Request-Id": "good"})
            await client.get("/v1/organizations", headers={**through, "X-Request-Id": "no-key"})
            await client.get("/robots.txt", headers={**through, "X-Request-Id": "no-route"})
            await client.options("/v1/uploads", headers={**through, **asking, "X-Request-Id": "preflight"})
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]
    by_id = {line["request_id"]: line for line in lines if line["event"] == "request"}
    assert {line["client"] for line in (by_id[each] for each in ("good", "no-key", "no-route", "preflight"))} == {
        "203.0.113.7"
    }
    assert by_id["good"]["organization_id"] == tenant.caller.organization.organization_id
    assert by_id["good"]["actor_id"] == tenant.caller.key.key_id
    assert (by_id["no-key"]["status"], by_id["no-key"]["code"]) == (401, "key_missing")
    assert (by_id["no-route"]["status"], by_id["no-route"]["code"]) == (404, "no_such_route")
    assert by_id["preflight"]["status"] == 400
    events = [line["event"] for line in lines]
    assert events[0] == "serving"
    assert {"stopping", "stopped"} <= set(events)
    (serving,) = [line for line in lines if line["event"] == "serving"]
    assert serving["address"] == url
    assert serving["version"]
    assert service.environment["UPWELL_S3_BUCKET"] in serving["storage"]
    assert "password" not in serving["database"]


async def test_the_audit_log_contains_address_and_client_of_an_action(tenant: Tenant) -> None:
    asked = {"User-Agent": "terraform/1.9", "X-Request-Id": "change-4711"}
    async with tenant.client() as client:
        made = await client.post(
            "/v1/buckets", json={"bucket_name": "audited", "bucket_schema": {"properties": {}}}, headers=asked
        )
        assert made.status_code == 200, made.text
        await client.post("/v1/buckets", json={"bucket_name": "other", "bucket_schema": {"properties": {}}})
        log = (await client.get("/v1/organizations/audit/logs?request_id=change-4711")).json()
        nothing = (await client.get("/v1/organizations/audit/logs?request_id=none")).json()
        history = await client.get(f"/v1/events?bucket_id={made.json()['bucket_id']}")
    (entry,) = log["results"]
    assert (log["total"], nothing["total"]) == (1, 0)
    assert (entry["ip_address"], entry["user_agent"]) == ("127.0.0.1", "terraform/1.9")
    assert entry["request_id"] == "change-4711"
    assert entry["resource_id"] == made.json()["bucket_id"]
    assert "127.0.0.1" not in history.text
    assert "terraform" not in history.text


async def test_a_refused_attempt_to_administer_is_recorded(service: Service, tenant: Tenant) -> None:
    async with tenant.client() as client:
        path = "/v1/organizations/users/usr_test/api-keys"
        narrow = (await client.post(path, json={"name": "narrow", "permissions": ["read"]})).json()["key"]
        refused = await client.post(
            path,
            json={"name": "more", "permissions": ["admin"]},
            headers={"Authorization": f"Bearer {narrow}", "X-Request-Id": "attempt"},
        )
    assert refused.status_code == 403
    connection = await connect(service.database.owner_url, role=None)
    row = await connection.fetchrow("SELECT * FROM upwell.request_records WHERE request_id = 'attempt'")
    await connection.close()
    assert row is not None
    assert (row["status"], row["code"], row["address"]) == (403, refused.json()["error"]["code"], "127.0.0.1")
