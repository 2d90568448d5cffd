"""Figures over HTTP, computed by the worker from the actions of clients."""

import asyncio
import csv
import hashlib
import io
import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.postgres.database.connecting import connect
from tests.acceptance.cli.test_command_line import Ran, run
from tests.acceptance.events.test_events import EVERYWHERE, SOON, complete
from tests.acceptance.keys.test_api_keys import holder, make_key
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Service, Tenant

OVERVIEW = "/v1/analytics/overview"
BUCKET = "/v1/analytics/buckets/files"


async def caught_up(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return the overview once it contains all earlier actions."""
    after = (await client.get("/v1/events", params={"after": "latest"})).json()["next_after"]
    async with asyncio.timeout(SOON):
        while True:
            found: dict[str, Any] = (await client.get(OVERVIEW)).json()
            if found["position"] >= after:
                return found
            await asyncio.sleep(0.05)


async def fail(client: httpx.AsyncClient) -> None:
    """Let an upload fail because of its hash."""
    upload = await announce(client, b"x", file_hash="a" * 64)
    await put(upload, b"y")
    assert (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).is_error


async def test_the_overview_counts_the_results_of_uploads(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for _ in range(3):
            await complete(client)
        await fail(client)
        await announce(client, secrets.token_bytes(9))
        canceled = await announce(client, secrets.token_bytes(8))
        await client.delete(f"/v1/uploads/{canceled['upload_id']}")
        found = await caught_up(client)
        uploads = found["uploads"]
        statuses = ("requested", "started", "completed", "failed", "canceled", "pending")
        assert [uploads[status] for status in statuses] == [6, 4, 3, 1, 1, 1]
        assert found["failures"] == {"hash_mismatch": 1}
        assert uploads["error_rate"] == 0.25
        assert 0 < uploads["p50_latency_ms"] <= uploads["p95_latency_ms"] <= uploads["p99_latency_ms"]
        assert uploads["avg_throughput_mbps"] > 0
        assert uploads["completed_bytes"] == 300
        assert len(found["steps"]) == 25
        assert sum(step["requested"] for step in found["steps"]) == 6
        (bucket,) = found["buckets"]
        assert bucket == {
            "bucket_id": tenant.bucket.bucket_id,
            "total_size_bytes": 300,
            "object_count": 3,
            "growth_bytes": 300,
            "growth_objects": 3,
            "growth_rate_percent": None,
        }
        assert found["lag_events"] >= 0


async def test_figures_are_grouped_and_filtered_by_metadata_fields_of_the_bucket(tenant: Tenant) -> None:
    async with tenant.client() as client:
        grouped = {"group_by": "metadata.campaign"}
        for path in (OVERVIEW, f"{BUCKET}/upload-performance", f"{BUCKET}/usage"):
            for query in (grouped, {"metadata.campaign": "spring"}):
                refused = (await client.get(path, params=query)).json()["error"]
                assert refused["code"] == "metadata_field_not_kept"
                assert "analytics_fields" in refused["message"]
        changed = await client.patch("/v1/buckets/files", json={"analytics_fields": ["campaign", "plan"]})
        assert changed.json()["analytics_fields"] == ["campaign", "plan"]
        for campaign, plan in (("spring", "pro"), ("spring", "free"), ("autumn", "free")):
            body = secrets.token_bytes(50)
            upload = await announce(client, body, metadata={"campaign": campaign, "plan": plan})
            await put(upload, body)
            await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        await announce(client, b"x")
        await caught_up(client)
        found = (await client.get(OVERVIEW, params=grouped)).json()
        counted = {(each["kind"], each["value"]): each["uploads"]["requested"] for each in found["groups"]}
        assert counted == {("value", "spring"): 2, ("value", "autumn"): 1, ("none", None): 1}
        assert found["groups"][0]["value"] == "spring"
        assert {each["field"] for each in found["groups"]} == {"metadata.campaign"}
        assert sum(step["requested"] for step in found["groups"][0]["steps"]) == 2
        assert found["uploads"]["requested"] == 4
        free = (await client.get(OVERVIEW, params={**grouped, "metadata.plan": "free"})).json()
        assert {each["value"]: each["uploads"]["completed"] for each in free["groups"]} == {"spring": 1, "autumn": 1}
        assert (free["uploads"]["requested"], free["buckets"][0]["total_size_bytes"]) == (2, 100)
        daily = {"group_by": "day,metadata.campaign", "hours": "48"}
        performance = (await client.get(f"{BUCKET}/upload-performance", params=daily)).json()
        assert len(performance["metrics"]) == 3
        assert performance["groups"][0]["summary"]["completed"] == 2
        assert performance["groups"][0]["metrics"][0]["p50_latency_ms"] > 0
        usage = (await client.get(f"{BUCKET}/usage", params=grouped)).json()
        (spring,) = [each for each in usage["groups"] if each["value"] == "spring"]
        assert (spring["metrics"][-1]["upload_operations"], len(spring["metrics"])) == (2, 31)
        assert spring["metrics"][-1]["storage_gb_hours"] > 0
        for group_by in ("metadata.", "metadata.a,metadata.b", "day,hour", "day,"):
            refused = await client.get(OVERVIEW, params={"group_by": group_by})
            assert refused.json()["error"]["code"] == "invalid_group_by"
        for fields in (["a"] * 2, list("abcdef"), [""], ["a,b"], ["a" * 65]):
            refused = await client.patch("/v1/buckets/files", json={"analytics_fields": fields})
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_analytics_fields")


async def test_figures_are_exported_by_bucket_and_by_a_metadata_field(tenant: Tenant, tmp_path: Path) -> None:
    variables = {"UPWELL_DATABASE_URL": tenant.database.url}

    async def export(*options: str) -> Ran:
        return await run("analytics", "export", *options, folder=tmp_path, variables=variables)

    bucket = ("--bucket", tenant.bucket.bucket_id)
    by_campaign = ("--group-by", "month,metadata.campaign", *bucket)
    async with tenant.client() as client:
        await complete(client)
        refused = await export(*by_campaign)
        assert (refused.code, refused.out) == (2, "")
        assert "analytics_fields" in refused.err
        await client.patch("/v1/buckets/files", json={"analytics_fields": ["campaign", "plan"]})
        for campaign, plan in (("spring", "pro"), ("=1+1", "free"), ('a "quote", a comma', "free")):
            await announce(client, secrets.token_bytes(50), metadata={"campaign": campaign, "plan": plan})
        await announce(client, b"x", metadata={"plan": "pro"})
        await caught_up(client)
        overview = (await client.get(OVERVIEW, params={"group_by": "day"})).json()

    days = list(csv.DictReader(io.StringIO((await export(*bucket)).out)))
    assert {(row["bucket_id"], row["field"], row["value"]) for row in days} == {(tenant.bucket.bucket_id, "", "")}
    assert sum(int(row["requested"]) for row in days) == overview["uploads"]["requested"] == 5
    (completed,) = [row for row in days if row["completed"] != "0"]
    assert float(completed["p50_latency_ms"]) == pytest.approx(overview["uploads"]["p50_latency_ms"])
    assert completed["organization_id"] == tenant.caller.organization.organization_id
    assert datetime.fromisoformat(completed["time_bucket"]).hour == 0

    grouped = list(csv.DictReader(io.StringIO((await export(*by_campaign)).out)))
    assert {(row["field"], row["kind"], row["value"], row["requested"]) for row in grouped} == {
        ("metadata.campaign", "value", "spring", "1"),
        ("metadata.campaign", "value", "=1+1", "1"),
        ("metadata.campaign", "value", 'a "quote", a comma', "1"),
        ("metadata.campaign", "none", "", "1"),
    }
    ran = await export(*by_campaign, "--where", "plan=pro", "--format", "jsonl")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [(each["value"], each["requested"], each["avg_latency_ms"]) for each in lines] == [
        ("spring", 1, None),
        (None, 1, None),
    ]
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    assert (await export(*bucket, "--start", later, "--format", "jsonl")).out == ""
    assert (await export(*bucket, "--end", "2026-01-01T00:00:00Z", "--format", "jsonl")).out == ""
    begins = datetime.fromisoformat(days[0]["time_bucket"])
    at = datetime.fromisoformat(overview["time_range"]["end"])
    for since in (at.isoformat(), at.date().isoformat(), at.replace(tzinfo=None).isoformat()):
        hours = list(csv.DictReader(io.StringIO((await export(*bucket, "--group-by", "hour", "--start", since)).out)))
        assert sum(int(row["requested"]) for row in hours) in {4, 5}, "the hour may have changed since the first upload"
    assert days[0]["time_bucket"] == begins.strftime("%Y-%m-%dT%H:%M:%SZ")
    for wrong, sentence in (
        (("--group-by", "minute"), "hour, day"),
        (("--group-by", "metadata.\udcff"), "UTF-8"),
        (("--where", "plan"), "'='"),
        (("--where", "plan=\udcff"), "UTF-8"),
        (("--where", "a=1", "--where", "a=2"), "twice"),
        (("--bucket", "bkt_xxxxxxxxxxxxxxxx"), "does not exist"),
        (("--start", "2026-12-05", "--end", "2026-12-01"), "earlier start"),
        (("--start", "2026-12-05Z"), "not a time"),
        (("--start", "9999-12-31T23:59:59-14:00"), "not a time"),
    ):
        refused = await export(*wrong)
        assert (refused.code, refused.out) == (2, "")
        assert sentence in " ".join(refused.err.split())


async def test_duplicates_are_printed_with_the_bytes_that_they_save(tenant: Tenant) -> None:
    body = secrets.token_bytes(500)
    digest = hashlib.sha256(body).hexdigest()
    async with tenant.client() as client:
        first = await announce(client, body)
        second = await announce(client, body)
        for upload in (first, second):
            await put(upload, body)
            await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        await announce(client, body, file_hash=digest)
        found = await caught_up(client)
    assert found["duplicates"] == {
        "unsent": 1,
        "unsent_bytes": 500,
        "unkept": 1,
        "unkept_bytes": 500,
        "saved_bytes": 1000,
    }


async def test_a_buckets_figures_are_those_of_the_contract(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await client.post("/v1/buckets", json={"bucket_name": "other", "bucket_schema": {"properties": {}}})
        await complete(client)
        await complete(client)
        await fail(client)
        await caught_up(client)
        performance = (await client.get(f"{BUCKET}/upload-performance", params={"hours": 2})).json()
        assert len(performance["metrics"]) == 3
        assert performance["position"] > 0
        assert performance["lag_events"] >= 0
        assert performance["bucket_id"] == tenant.bucket.bucket_id
        (step,) = [each for each in performance["metrics"] if each["upload_count"]]
        assert (step["upload_count"], round(step["error_rate"], 3)) == (3, 0.333)
        assert step["avg_latency_ms"] == pytest.approx(performance["summary"]["avg_latency_ms"])
        storage = (await client.get(f"{BUCKET}/storage")).json()
        assert len(storage["metrics"]) == 31
        assert storage["metrics"][-1] == {
            "time_bucket": storage["metrics"][-1]["time_bucket"],
            "total_size_bytes": 200,
            "object_count": 2,
            "avg_size_bytes": 100,
            "growth_rate_percent": None,
        }
        assert storage["summary"]["growth_bytes"] == 200
        usage = (await client.get(f"{BUCKET}/usage", params={"group_by": "month"})).json()
        assert usage["metrics"][-1]["upload_operations"] in {0, 3}  # a month may begin in between
        assert sum(each["upload_operations"] for each in usage["metrics"]) == 3
        assert usage["total_credits"] == usage["total_cost_usd"] == 0
        empty = (await client.get("/v1/analytics/buckets/other/upload-performance")).json()
        assert empty["summary"]["requested"] == 0
        assert {each["upload_count"] for each in empty["metrics"]} == {0}


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (OVERVIEW, {"hours": 0}, "invalid_request"),
        (OVERVIEW, {"hours": 721}, "invalid_request"),
        (OVERVIEW, {"group_by": "minute"}, "invalid_group_by"),
        (f"{BUCKET}/upload-performance", {"group_by": ""}, "invalid_group_by"),
        (f"{BUCKET}/storage", {"start_date": "yesterday"}, "invalid_time"),
        (f"{BUCKET}/storage", {"end_date": "0000-01-01"}, "invalid_time"),
        (f"{BUCKET}/storage", {"start_date": "2999-01-01"}, "invalid_period"),
        (f"{BUCKET}/usage", {"start_date": "2026-02-01", "end_date": "2026-02-01"}, "invalid_period"),
        (f"{BUCKET}/usage", {"start_date": "0001-01-01"}, "too_many_steps"),
        (f"{BUCKET}/storage", {"start_date": "2026-01-01", "group_by": "hour"}, "too_many_steps"),
    ],
)
async def test_what_cannot_be_asked_is_refused(tenant: Tenant, path: str, query: dict[str, Any], code: str) -> None:
    async with tenant.client() as client:
        answer = await client.get(path, params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


async def test_the_very_first_days_can_be_asked_for(tenant: Tenant) -> None:
    async with tenant.client() as client:
        answer = await client.get(f"{BUCKET}/storage", params={"end_date": "0001-01-02"})
    assert len(answer.json()["metrics"]) == 1


async def test_what_was_before_the_time_asked_for_is_still_held(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await complete(client)
        await caught_up(client)
        owner = await connect(tenant.database.owner_url, role=None)
        move = "UPDATE upwell.analytics_figures SET hour = hour + $2::interval WHERE bucket_id = $1"
        await owner.execute(move, tenant.bucket.bucket_id, -timedelta(days=40))
        storage = (await client.get(f"{BUCKET}/storage")).json()
        assert {each["total_size_bytes"] for each in storage["metrics"]} == {100}
        assert {each["growth_rate_percent"] for each in storage["metrics"]} == {0}
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=10)
        end = start + timedelta(days=1)
        query = {"start_date": start.isoformat(), "end_date": end.isoformat(), "group_by": "hour"}
        usage = (await client.get(f"{BUCKET}/usage", params=query)).json()
        assert len(usage["metrics"]) == 24
        assert usage["metrics"][0]["storage_gb_hours"] == pytest.approx(1e-7)
        await owner.execute(
            move, tenant.bucket.bucket_id, timedelta(days=40)
        )  # others compare all figures with the log
        await owner.close()


async def test_a_period_whose_figures_are_no_longer_kept_is_not_shown_as_empty(tenant: Tenant) -> None:
    kept_from = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=40)
    query = {"start_date": (kept_from - timedelta(days=10)).isoformat()}
    owner = await connect(tenant.database.owner_url, role=None)
    async with tenant.client() as client:
        for path in ("storage", "usage"):
            whole = (await client.get(f"{BUCKET}/{path}", params=query)).json()
            assert (whole["figures_from"], len(whole["metrics"])) == (None, 51)
        await owner.fetchval("SELECT upwell.trim_analytics($1, 1000)", kept_from)
        try:
            for path in ("storage", "usage"):
                found = (await client.get(f"{BUCKET}/{path}", params=query)).json()
                assert len(found["metrics"]) == 41
                first = found["metrics"][0]["time_bucket"]
                assert first == found["time_range"]["start"] == found["figures_from"]
                assert datetime.fromisoformat(first) == kept_from
                refused = await client.get(f"{BUCKET}/{path}", params={"end_date": kept_from.isoformat()})
                assert (refused.status_code, refused.json()["error"]["code"]) == (422, "figures_not_kept")
        finally:
            await owner.execute("UPDATE upwell.analytics_kept SET kept_from = '-infinity'")  # others ask for all
            await owner.close()


async def test_another_organizations_figures_are_not_seen(service: Service, tenant: Tenant) -> None:
    other = await service.tenant()
    async with tenant.client() as client, other.client() as others:
        await complete(client)
        await caught_up(client)
        seen = (await others.get(OVERVIEW)).json()
        assert (seen["uploads"]["requested"], seen["buckets"]) == (0, [])
        for what in ("upload-performance", "storage", "usage"):
            answer = await others.get(f"/v1/analytics/buckets/{tenant.bucket.bucket_id}/{what}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "bucket_not_found")


async def test_a_key_for_one_bucket_sees_the_figures_of_that_bucket(tenant: Tenant) -> None:
    scope = {"resource_type": "bucket", "resource_id": "files", "operations": ["read_data"]}
    made = await make_key(tenant, permissions=["read"], scopes=[scope])
    schema = {"properties": {"video": {"type": "video"}}}
    async with tenant.client() as client, holder(tenant, made["key"]) as narrow:
        await client.post("/v1/buckets", json={"bucket_name": "other", "bucket_schema": schema})
        await announce(client, b"x", bucket="other")
        await complete(client)
        assert (await caught_up(client))["uploads"]["requested"] == 2
        assert (await narrow.get(OVERVIEW)).json()["uploads"]["requested"] == 1
        unnamed = await narrow.get(OVERVIEW, headers=EVERYWHERE)
        assert (unnamed.status_code, unnamed.json()["error"]["code"]) == (403, "out_of_scope")
        assert (await narrow.get(f"{BUCKET}/storage")).status_code == 200
        foreign = await narrow.get("/v1/analytics/buckets/other/storage")
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (404, "bucket_not_found")


async def test_a_namespace_narrows_the_overview(tenant: Tenant) -> None:
    extractor = {"feature_extractor_name": "none", "version": "v1"}
    async with tenant.client() as client:
        await client.post("/v1/namespaces", json={"namespace_name": "empty", "feature_extractors": [extractor]})
        await complete(client)
        assert (await caught_up(client))["uploads"]["requested"] == 1
        elsewhere = await client.get(OVERVIEW, headers={"X-Namespace": "empty"})
        assert elsewhere.json()["uploads"]["requested"] == 0
        everywhere = await client.get(OVERVIEW, headers=EVERYWHERE)
        assert everywhere.json()["uploads"]["requested"] == 1
