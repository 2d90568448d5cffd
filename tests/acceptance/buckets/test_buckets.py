"""Buckets over HTTP: created with every kind of field, found, changed, suspended."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from adapters.postgres.database.rebuilding import rebuild
from domain.buckets.schema import FieldType
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Tenant

SOON_SECONDS = 20
SCHEMA = {
    "title": "a key of the schema without a meaning",
    "properties": {
        **{kind.value: {"type": kind.value} for kind in FieldType},
        "shape": {
            "type": "object",
            "properties": {
                "sides": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"cm": {"type": "float", "required": True, "unit": "cm"}},
                    },
                }
            },
        },
        "color": {
            "type": "string",
            "enum": ["red", "blue"],
            "default": "red",
            "required": False,
            "description": "What it looks like",
            "examples": ["blue"],
        },
    },
}


async def until(ask: Callable[[], Awaitable[httpx.Response]], status: int) -> httpx.Response:
    """Repeat until the answer has this status: other processes get a change a moment later."""
    async with asyncio.timeout(SOON_SECONDS):
        while (answer := await ask()).status_code != status:
            await asyncio.sleep(0.01)
    return answer


async def test_a_bucket_is_kept_as_it_was_asked_for(tenant: Tenant) -> None:
    asked = {
        "bucket_name": "everything",
        "description": "All kinds",
        "bucket_schema": SCHEMA,
        "unique_key": {"fields": ["string", "integer"], "default_policy": "upsert"},
        "metadata": {"team": "film", "nested": {"a": [1, None]}},
    }
    async with tenant.client() as client:
        made = await client.post("/v1/buckets", json=asked)
        assert made.status_code == 200, made.text
        bucket = made.json()
        assert bucket.items() >= asked.items()
        assert (
            bucket.items()
            >= {
                "object_count": 0,
                "total_size_bytes": 0,
                "last_upload_at": None,
                "status": "ACTIVE",
                "is_locked": False,
                "batch_stats": {"total": 0, "active": 0, "completed": 0, "failed": 0},
                "storage_stats": {
                    "total_size_bytes": 0,
                    "avg_size_bytes": 0,
                    "max_size_bytes": 0,
                    "min_size_bytes": 0,
                },
            }.items()
        )
        for identifier in (bucket["bucket_id"], "everything"):
            assert (await client.get(f"/v1/buckets/{identifier}")).json() == bucket
        bare = await client.post("/v1/buckets", json={"bucket_name": "bare", "bucket_schema": {"properties": {}}})
        assert bare.json()["unique_key"] is None
        assert bare.json()["metadata"] == {}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no schema", {"bucket_schema": None}, "invalid_request"),
    ("no properties", {"bucket_schema": {}}, "invalid_request"),
    ("an unknown type", {"bucket_schema": {"properties": {"a": {"type": "colour"}}}}, "invalid_request"),
    ("a field without a type", {"bucket_schema": {"properties": {"a": {}}}}, "invalid_request"),
    (
        "an unknown type far down",
        {"bucket_schema": {"properties": {"a": {"type": "array", "items": {"type": "x"}}}}},
        "invalid_request",
    ),
    (
        "a default that does not fit",
        {"bucket_schema": {"properties": {"a": {"type": "integer", "default": "x"}}}},
        "invalid_schema",
    ),
    ("a name with a dash", {"bucket_schema": {"properties": {"a-b": {"type": "string"}}}}, "invalid_schema"),
    ("no field in the key", {"unique_key": {"fields": []}}, "invalid_unique_key"),
    ("an unknown policy", {"unique_key": {"fields": ["a"], "default_policy": "replace"}}, "invalid_request"),
    ("a key that is no property", {"unique_key": {"fields": ["b"]}}, "invalid_unique_key"),
    ("an unknown field", {"colour": "red"}, "invalid_request"),
    ("a name that looks like an id", {"bucket_name": "bkt_1"}, "invalid_name"),
]


@pytest.mark.parametrize(("what", "changed", "code"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_a_bucket_is_not_made_with(tenant: Tenant, what: str, changed: dict[str, Any], code: str) -> None:
    asked = {"bucket_name": "new", "bucket_schema": {"properties": {"a": {"type": "string"}}}, **changed}
    async with tenant.client() as client:
        refused = await client.post("/v1/buckets", json=asked)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, code), f"{what}: {refused.text}"
        assert (await client.get("/v1/buckets/new")).status_code == 404


async def test_put_replaces_what_is_given_and_patch_merges_metadata(tenant: Tenant) -> None:
    path = f"/v1/buckets/{tenant.bucket.bucket_id}"
    async with tenant.client() as client:
        first = (await client.put(path, json={"description": "Files", "metadata": {"a": 1, "b": {"c": 2}}})).json()
        assert (first["bucket_name"], first["description"], first["metadata"]) == (
            "files",
            "Files",
            {"a": 1, "b": {"c": 2}},
        )
        patched = (await client.patch(path, json={"metadata": {"a": None, "b": {"d": 3}}})).json()
        assert (patched["description"], patched["metadata"]) == ("Files", {"b": {"c": 2, "d": 3}})
        replaced = (await client.put(path, json={"metadata": {"e": 4}})).json()
        assert (replaced["description"], replaced["metadata"]) == ("Files", {"e": 4})
        cleared = (await client.put(path, json={"bucket_name": None, "description": None, "metadata": None})).json()
        assert (cleared["bucket_name"], cleared["description"], cleared["metadata"]) == ("files", None, {"e": 4})
        same = (await client.patch(path, json={})).json()
        assert same == cleared
        assert (await client.get(path)).json() == cleared
        assert cleared["bucket_schema"] == first["bucket_schema"]


async def test_a_bucket_is_renamed_where_the_name_is_free(tenant: Tenant) -> None:
    path = f"/v1/buckets/{tenant.bucket.bucket_id}"
    async with tenant.client() as client:
        made = await client.post("/v1/buckets", json={"bucket_name": "films", "bucket_schema": {"properties": {}}})
        taken = await client.patch(path, json={"bucket_name": "films"})
        assert (taken.status_code, taken.json()["error"]["code"]) == (400, "name_taken")
        assert taken.json()["error"]["details"] == {"bucket_id": made.json()["bucket_id"]}
        renamed = await client.put(path, json={"bucket_name": "songs"})
        assert renamed.json()["bucket_name"] == "songs"
        await until(lambda: client.get("/v1/buckets/files"), 404)
        assert (await client.get("/v1/buckets/songs")).json()["bucket_id"] == tenant.bucket.bucket_id
        upload = await client.post(
            "/v1/buckets/songs/uploads",
            json={"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"},
        )
        assert upload.json()["bucket_id"] == tenant.bucket.bucket_id
        bad = await client.patch(path, json={"bucket_name": "no/name"})
        assert (bad.status_code, bad.json()["error"]["code"]) == (422, "invalid_name")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "field",
    [
        {"unique_key": {"fields": ["title"]}},
        {"bucket_schema": {}},
        {"bucket_id": "bkt_1"},
        {"colour": "red"},
        {"status": "DELETING"},
        {"metadata": [1]},
    ],
    ids=lambda field: next(iter(field)),
)
async def test_what_cannot_be_changed_is_refused(tenant: Tenant, method: str, field: dict[str, Any]) -> None:
    async with tenant.client() as client:
        refused = await client.request(method, "/v1/buckets/files", json={"description": "new", **field})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request"), refused.text
        assert (await client.get("/v1/buckets/files")).json()["description"] is None


@pytest.mark.parametrize("status", ["SUSPENDED", "ARCHIVED"])
async def test_a_bucket_that_is_not_active_takes_no_uploads_and_finishes_those_under_way(
    tenant: Tenant, status: str
) -> None:
    body = secrets.token_bytes(50)
    asked = {"filename": "b.mp4", "content_type": "video/mp4", "blob_property": "video"}
    async with tenant.client() as client:
        upload = await announce(client, body)
        await put(upload, body)
        changed = await client.patch("/v1/buckets/files", json={"status": status})
        assert (changed.status_code, changed.json()["status"]) == (200, status)
        refused = await until(lambda: client.post("/v1/buckets/files/uploads", json=asked), 403)
        assert refused.json()["error"]["code"] == "bucket_not_active"
        assert refused.json()["error"]["details"] == {"status": status}
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert (confirmed.status_code, confirmed.json()["status"]) == (200, "COMPLETED")
        assert (await client.get("/v1/buckets/files")).json()["object_count"] == 1
        await client.patch("/v1/buckets/files", json={"status": "ACTIVE"})
        await until(lambda: client.post("/v1/buckets/files/uploads", json=asked), 200)


async def test_the_figures_of_a_bucket_are_those_of_its_stored_uploads_and_of_a_replay(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for size in (10, 31, 100):
            body = secrets.token_bytes(size)
            upload = await announce(client, body)
            await put(upload, body)
            confirmed = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).json()
        await announce(client, secrets.token_bytes(7))
        bucket = (await client.get("/v1/buckets/files")).json()
        listed = (await client.post("/v1/buckets/list", json={})).json()["results"][0]
        await client.put("/v1/buckets/files", json={"bucket_name": "figures", "metadata": {"a": 1}})
    assert (bucket["object_count"], bucket["total_size_bytes"]) == (3, 141)
    assert bucket["last_upload_at"] == confirmed["completed_at"]
    assert bucket["storage_stats"] == {
        "total_size_bytes": 141,
        "avg_size_bytes": 47,
        "max_size_bytes": 100,
        "min_size_bytes": 10,
    }
    assert listed == {**bucket, "storage_stats": None}
    checked = await rebuild(tenant.database.owner_url, swap=False)
    assert checked.differences == {}


# A schema that grows


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_schema_grows_and_counts_from_then_on(tenant: Tenant, method: str) -> None:
    key = {"fields": ["title"], "default_policy": "insert"}
    schema = {"properties": {"title": {"type": "string"}, "n": {"type": "integer"}}}
    wider = {"properties": {"title": {"type": "string"}, "n": {"type": "number"}, "film": {"type": "video"}}, "mine": 1}
    async with tenant.client() as client:
        made = await client.post(
            "/v1/buckets", json={"bucket_name": "grows", "bucket_schema": schema, "unique_key": key}
        )
        assert made.is_success, made.text
        film = {"filename": "a.mp4", "content_type": "video/mp4", "object_metadata": {"title": "c"}}
        assert (await client.post("/v1/buckets/grows/uploads", json=film)).status_code == 422
        first = await client.post("/v1/buckets/grows/objects", json={"title": "a", "n": 1})
        assert first.is_success, first.text

        changed = await client.request(method, "/v1/buckets/grows", json={"bucket_schema": wider})
        again = await client.request(method, "/v1/buckets/grows", json={"bucket_schema": wider})

        assert changed.status_code == 200, changed.text
        assert changed.json()["bucket_schema"] == again.json()["bucket_schema"] == wider
        assert changed.json()["unique_key"] == key
        assert (await client.get("/v1/buckets/grows")).json()["bucket_schema"] == wider
        assert (await client.post("/v1/buckets/grows/uploads", json=film)).json()["blob_property"] == "film"
        assert (await client.post("/v1/buckets/grows/objects", json={"title": "b", "n": 1.5})).is_success
        answer = await client.get(f"/v1/events?types=bucket.schema_changed&bucket_id={made.json()['bucket_id']}")
        assert [event["data"]["bucket_schema"] for event in answer.json()["events"]] == [wider]


async def test_a_schema_that_objects_contradict_is_refused(tenant: Tenant) -> None:
    schema = {"properties": {"title": {"type": "string"}}}
    async with tenant.client() as client:
        await client.post("/v1/buckets", json={"bucket_name": "held", "bucket_schema": schema})
        kept = await client.post("/v1/buckets/held/objects", json={"title": "a", "year": "none"})
        assert kept.is_success, kept.text

        async def changed(**properties: object) -> httpx.Response:
            asked = {"bucket_schema": {"properties": properties}}
            return await client.patch("/v1/buckets/held", json=asked)

        contradicted = await changed(title={"type": "string"}, year={"type": "integer"})
        shrunk = await changed(year={"type": "string"})
        fits = await changed(title={"type": "string"}, year={"type": "string"})
    assert contradicted.json()["error"]["code"] == "schema_contradicted"
    assert contradicted.json()["error"]["details"]["object_id"] == kept.json()["object_id"]
    assert shrunk.json()["error"]["code"] == "schema_cannot_shrink"
    assert fits.status_code == 200, fits.text
