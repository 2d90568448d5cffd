"""Objects over HTTP: made of several uploads and of inline data, changed, deleted, and what stands in the way."""

import asyncio
import base64
import hashlib
import secrets
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.acceptance.uploads.test_confirming import gone, quota
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Service, Tenant

PATH = "/v1/buckets/files/objects"
KEYED = {
    "bucket_name": "keyed",
    "bucket_schema": {
        "properties": {
            "sku": {"type": "string"},
            "title": {"type": "string"},
            "video": {"type": "video"},
            "stock": {"type": "integer", "default": 0},
        }
    },
    "unique_key": {"fields": ["sku"]},
}
ABOUT = {"video": ("video/mp4", "clip.mp4"), "image": ("image/png", "Zürich.png"), "text": ("text/plain", "notes.txt")}


async def send(client: httpx.AsyncClient, body: bytes, kind: str = "video", **fields: object) -> dict[str, Any]:
    """Upload a file of which no object is made by itself, and return the answer to its confirm."""
    content_type, filename = ABOUT[kind]
    asked: dict[str, Any] = {
        "content_type": content_type,
        "filename": filename,
        "create_object_on_confirm": False,
        **fields,
    }
    upload = await announce(client, body, blob_property=kind, **asked)
    assert (await put(upload, body)).status_code == 200
    confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
    assert confirmed.status_code == 200, confirmed.text
    return upload


async def make(client: httpx.AsyncClient, path: str = PATH, **body: object) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def blob_of(upload: dict[str, Any], kind: str = "video", **more: object) -> dict[str, object]:
    return {"property": kind, "type": kind, "upload_id": upload["upload_id"], **more}


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def bucket_of(client: httpx.AsyncClient, name: str = "files") -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/buckets/{name}")).json()
    return found


async def test_several_uploads_and_inline_data_become_one_object(tenant: Tenant) -> None:
    video, image = secrets.token_bytes(100), secrets.token_bytes(50)
    async with tenant.client() as client:
        first, second = await send(client, video), await send(client, image, "image")
        made = await make(
            client,
            key_prefix="/spring",
            blobs=[
                blob_of(first, key_prefix="/videos", metadata={"take": 2}, checksum=sha256_of(video)),
                blob_of(second, "image"),
                {"property": "text", "type": "text", "data": "Grüezi", "checksum": sha256_of("Grüezi".encode())},
            ],
            title="Launch",
            number=7,
            unknown={"kept": [True]},
        )
        found = (await client.get(f"{PATH}/{made['object_id']}")).json()
        assert found == made
        assert (made["title"], made["number"], made["unknown"]) == ("Launch", 7, {"kept": [True]})
        assert (made["key_prefix"], made["status"], made["error"]) == ("/spring", "DRAFT", None)
        clip, picture, text = made["blobs"]
        assert clip["details"] == {
            "filename": "clip.mp4",
            "size_bytes": 100,
            "mime_type": "video/mp4",
            "hash": hashlib.sha256(video).hexdigest(),
        }
        assert (clip["upload_id"], clip["properties"], clip["key_prefix"]) == (
            first["upload_id"],
            {"take": 2},
            "/videos",
        )
        assert (picture["property"], picture["data"], picture["properties"]) == ("image", None, {})
        assert (text["data"], text["upload_id"], text["details"]["size_bytes"]) == ("Grüezi", None, 7)
        for upload in (first, second):
            record = (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()
            assert record["object_id"] == made["object_id"]
        bucket = await bucket_of(client)
        assert (bucket["object_count"], bucket["total_size_bytes"]) == (1, 150)
    assert await quota(tenant) == (0, 150)


def sha256_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


async def test_blobs_are_read_at_their_urls_under_their_filenames(tenant: Tenant) -> None:
    body = secrets.token_bytes(50)
    async with tenant.client() as client:
        upload = await send(client, body, "image")
        inline = {"property": "text", "type": "text", "data": "hello"}
        made = await make(client, blobs=[blob_of(upload, "image"), inline])
        assert [blob["presigned_url"] for blob in made["blobs"]] == [None, None]
        found = (await client.get(f"{PATH}/{made['object_id']}?return_presigned_urls=true")).json()
        async with httpx.AsyncClient() as plain:
            read = await plain.get(found["blobs"][0]["presigned_url"])
    assert read.content == body
    assert "filename*=UTF-8''Z%C3%BCrich.png" in read.headers["content-disposition"]
    assert found["blobs"][1]["presigned_url"] is None


@pytest.mark.parametrize(
    ("data", "details"),
    [
        ("http://127.0.0.1:9/never-fetched.txt", (None, None)),
        ("HTTPS://example.test/a b", (None, None)),
        ("s3://elsewhere/a.mp4", (None, None)),
        ("data:image/png;base64,aGk=", (2, "image/png")),
        (base64.b64encode(b"\0\1").decode(), (4, "text/plain")),
        ("", (0, "text/plain")),
    ],
)
async def test_a_url_is_kept_as_a_reference_and_text_as_it_is(
    tenant: Tenant, data: str, details: tuple[int | None, str | None]
) -> None:
    async with tenant.client() as client:
        made = await make(client, blobs=[{"property": "text", "type": "text", "data": data}])
    (blob,) = made["blobs"]
    assert blob["data"] == data
    assert (blob["details"]["size_bytes"], blob["details"]["mime_type"]) == details


async def test_inline_data_is_any_json_that_fits_its_property(service: Service) -> None:
    values: dict[str, Any] = {
        "string": "a",
        "number": 1.5,
        "integer": -3,
        "float": 2.25,
        "boolean": False,
        "object": {"a": {"b": [None]}},
        "array": [1, "two", {"three": 3}],
        "date": "2026-01-31",
        "datetime": "2026-01-31T12:00:00Z",
        "text": "long",
        "image": "https://example.test/a.png",
        "audio": "data:audio/mpeg;base64,AA==",
        "video": "s3://elsewhere/a.mp4",
        "pdf": "JVBERi0=",
        "excel": "UEsDBA==",
    }
    tenant = await service.tenant(schema={"properties": {kind: {"type": kind} for kind in values}})
    async with tenant.client() as client:
        blobs = [{"property": kind, "type": kind, "data": value} for kind, value in values.items()]
        as_blobs = await make(client, blobs=blobs)
        as_fields = await make(client, **values)
        assert {blob["property"]: blob["data"] for blob in as_blobs["blobs"]} == values
        assert {kind: as_fields[kind] for kind in values} == values
        for kind, value in values.items():
            wrong = 1 if isinstance(value, str) else "no"
            refused = await client.post(PATH, json={"blobs": [{"property": kind, "type": kind, "data": wrong}]})
            assert code_of(refused) == (422, "schema_violation"), kind
            assert code_of(await client.post(PATH, json={kind: wrong})) == (422, "schema_violation"), kind


async def test_what_a_client_leaves_out_is_filled_in_or_required(service: Service) -> None:
    schema = {
        "properties": {
            "state": {"type": "string", "enum": ["new", "used"], "default": "new"},
            "size": {"type": "object", "properties": {"unit": {"type": "string", "default": "cm"}}},
            "video": {"type": "video", "required": True},
        }
    }
    tenant = await service.tenant(schema=schema)
    async with tenant.client() as client:
        assert code_of(await client.post(PATH, json={})) == (422, "schema_violation")
        made = await make(client, blobs=[blob_of(await send(client, b"one"))], size={"height": 3}, state=None)
        assert (made["state"], made["size"]) == ("new", {"height": 3, "unit": "cm"})
        assert code_of(await client.post(PATH, json={"video": "a", "state": "old"})) == (422, "schema_violation")
        upload = await announce(client, b"two")
        await put(upload, b"two")
        object_id = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).json()["object_id"]
        assert (await client.get(f"{PATH}/{object_id}")).json()["state"] == "new"


BLOB = {"property": "video", "type": "video"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"blobs": [BLOB]}, (422, "blob_source")),
        ({"blobs": [{**BLOB, "data": None, "upload_id": None}]}, (422, "blob_source")),
        ({"blobs": [{**BLOB, "data": "a", "upload_id": "upl_1"}]}, (422, "blob_source")),
        ({"blobs": [{**BLOB, "upload_id": "upl_1"}]}, (404, "upload_not_found")),
        ({"blobs": [{**BLOB, "upload_id": "obj_1"}]}, (422, "invalid_request")),
        ({"blobs": [{**BLOB, "data": "a", "other": 1}]}, (422, "invalid_request")),
        ({"blobs": [{**BLOB, "type": "VIDEO", "data": "a"}]}, (422, "invalid_request")),
        ({"blobs": [{**BLOB, "type": "image", "data": "a"}]}, (422, "blob_type_does_not_fit")),
        ({"blobs": [{**BLOB, "property": "other", "data": "a"}]}, (422, "unknown_blob_property")),
        ({"blobs": [{**BLOB, "data": "a", "checksum": "md5:1"}]}, (422, "invalid_checksum")),
        ({"blobs": [{**BLOB, "data": "a", "checksum": sha256_of(b"b")}]}, (422, "checksum_mismatch")),
        ({"blobs": [{**BLOB, "data": "a" * 256 * 1024}]}, (422, "inline_data_too_large")),
        ({"blobs": [{**BLOB, "data": "a", "metadata": {"a": "b" * 16 * 1024}}]}, (422, "metadata_too_large")),
        ({"blobs": [{**BLOB, "data": "a\0"}]}, (422, "null_character")),
        ({"blobs": [{**BLOB, "data": "a"}] * 101}, (422, "too_many_blobs")),
        ({"blobs": [{**BLOB, "data": "a", "key_prefix": "a" * 1025}]}, (422, "key_prefix_too_long")),
        ({"key_prefix": "a\0"}, (422, "null_character")),
        ({"key_prefix": 1}, (422, "invalid_request")),
        ({"title": "a" * 16 * 1024}, (422, "metadata_too_large")),
        ({"title\0": "a"}, (422, "null_character")),
        ({"title": 1}, (422, "schema_violation")),
        ([], (422, "invalid_request")),
    ],
)
async def test_what_cannot_become_an_object_is_refused_and_nothing_is_made(
    tenant: Tenant, body: object, expected: tuple[int, str]
) -> None:
    async with tenant.client() as client:
        assert code_of(await client.post(PATH, json=body)) == expected
        assert (await bucket_of(client))["object_count"] == 0


async def test_fields_nested_deeper_than_any_parser_likes_are_refused(tenant: Tenant) -> None:
    deep = "[" * 500 + "]" * 500
    async with tenant.client() as client:
        for body in (f'{{"a": {deep}}}', f'{{"blobs": [{{"property": "text", "type": "text", "data": {deep}}}]}}'):
            answer = await client.post(PATH, content=body, headers={"Content-Type": "application/json"})
            assert code_of(answer) == (422, "too_deep")


async def test_an_upload_is_used_once_it_is_completed_fits_and_is_of_this_bucket(
    service: Service, tenant: Tenant
) -> None:
    other = await service.tenant()
    async with tenant.client() as client, other.client() as stranger:
        pending = await announce(client, b"abc")
        assert code_of(await client.post(PATH, json={"blobs": [blob_of(pending)]})) == (400, "upload_not_completed")
        done = await send(client, b"abc")
        assert code_of(await stranger.post(PATH, json={"blobs": [blob_of(done)]})) == (404, "upload_not_found")
        await client.post("/v1/buckets", json={**KEYED, "unique_key": None})
        elsewhere = await client.post("/v1/buckets/keyed/objects", json={"blobs": [blob_of(done)]})
        assert code_of(elsewhere) == (404, "upload_not_found")
        wrong = await client.post(PATH, json={"blobs": [blob_of(done, "image")]})
        assert code_of(wrong) == (422, "content_type_does_not_fit")
        wrong = await client.post(PATH, json={"blobs": [blob_of(done, checksum=sha256_of(b"abd"))]})
        assert code_of(wrong) == (422, "checksum_mismatch")
        await client.delete(f"/v1/uploads/{pending['upload_id']}")
        assert code_of(await client.post(PATH, json={"blobs": [blob_of(pending)]})) == (400, "upload_not_completed")


async def test_a_duplicate_stands_for_its_original(tenant: Tenant) -> None:
    async with tenant.client() as client:
        uploads = [
            await announce(client, b"abc", create_object_on_confirm=False, filename=name) for name in ("a.mp4", "b.mp4")
        ]
        for upload in uploads:
            await put(upload, b"abc")
            await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        made = await make(client, blobs=[blob_of(uploads[1])])
    (blob,) = made["blobs"]
    assert (blob["upload_id"], blob["details"]["filename"]) == (uploads[0]["upload_id"], "b.mp4")
    assert await quota(tenant) == (0, 3)


async def test_a_bucket_that_is_not_there_or_a_key_that_may_not_is_refused_before_the_body_is_read(
    tenant: Tenant,
) -> None:
    async with tenant.client() as client:
        assert code_of(await client.post("/v1/buckets/none/objects", content=b"{")) == (404, "bucket_not_found")
        assert code_of(await client.get(f"{PATH}/obj_none")) == (404, "object_not_found")
        for method in ("PUT", "PATCH", "DELETE"):
            answer = await client.request(method, f"{PATH}/obj_none", json=None if method == "DELETE" else {})
            assert code_of(answer) == (404, "object_not_found")


async def test_the_policy_decides_about_an_object_whose_key_exists(tenant: Tenant) -> None:
    path = "/v1/buckets/keyed/objects"
    async with tenant.client() as client:
        await client.post("/v1/buckets", json=KEYED)
        assert code_of(await client.post(path, json={"title": "A"})) == (422, "unique_key_missing")
        assert code_of(await client.post(f"{path}?policy=other", json={"sku": "1"})) == (422, "invalid_policy")
        assert code_of(await client.post(f"{path}?policy=update", json={"sku": "1"})) == (404, "object_not_found")
        made = await make(client, path, sku="1", title="A", stock=3, blobs=[{**BLOB, "data": "a"}])
        refused = await client.post(path, json={"sku": "1"})
        assert code_of(refused) == (409, "unique_key_taken")
        assert refused.json()["error"]["details"] == {"existing_object_id": made["object_id"]}
        updated = await make(client, f"{path}?policy=update", sku="1", title="B")
        assert {**updated, "updated_at": None} == {**made, "title": "B", "updated_at": None}
        upserted = await make(client, f"{path}?policy=upsert", sku="1", blobs=[{**BLOB, "data": "b"}])
        assert upserted["object_id"] == made["object_id"]
        assert ([blob["data"] for blob in upserted["blobs"]], upserted["stock"]) == (["b"], 3)
        other = await make(client, f"{path}?policy=upsert", sku="2")
        assert (other["object_id"] != made["object_id"], other["stock"]) == (True, 0)
        assert code_of(await client.post(f"{PATH}?policy=update", json={})) == (422, "no_unique_key")


async def test_a_schema_may_declare_names_of_upwells_own_fields_which_filters_reach_through_metadata(
    tenant: Tenant,
) -> None:
    names = ("object_id", "bucket_id", "created_at", "updated_at", "source_details", "status", "error", "deletes_at")
    own = {name: f"own {name}" for name in names}
    schema = {"properties": {name: {"type": "string", "required": True} for name in names}}
    async with tenant.client() as client:
        asked = {"bucket_name": "own", "bucket_schema": schema, "unique_key": {"fields": ["status"]}}
        assert (await client.post("/v1/buckets", json=asked)).status_code == 200
        made = await make(client, "/v1/buckets/own/objects", **own)
        assert {name for name in names if made[name] == own[name]} == set()
        assert made["status"] == "DRAFT"
        for name, value in own.items():
            listed = await client.post("/v1/buckets/own/objects/list", json={"filters": {f"metadata.{name}": value}})
            assert [each["object_id"] for each in listed.json()["results"]] == [made["object_id"]], name
        again = await client.post("/v1/buckets/own/objects", json=own)
        assert code_of(again) == (409, "unique_key_taken")


async def test_100_creates_with_the_same_unique_key_make_one_object(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await client.post("/v1/buckets", json=KEYED)
        bodies = [{"sku": "A", "title": str(number)} for number in range(100)]
        answers = await asyncio.gather(*(client.post("/v1/buckets/keyed/objects", json=body) for body in bodies))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 99}
        assert (await bucket_of(client, "keyed"))["object_count"] == 1
        upserts = [client.post("/v1/buckets/keyed/objects?policy=upsert", json={"sku": "B"}) for _ in range(20)]
        ids = {answer.json()["object_id"] for answer in await asyncio.gather(*upserts)}
        assert len(ids) == 1


async def test_an_object_of_the_same_content_is_found_where_both_wish_it(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await send(client, b"abc")
        same: dict[str, Any] = {"blobs": [blob_of(upload)], "title": "A"}
        alone = await make(client, **same)
        answers = await asyncio.gather(*(make(client, **same, skip_duplicates=True) for _ in range(30)))
        ids = {answer["object_id"] for answer in answers}
        assert len(ids) == 1
        assert alone["object_id"] not in ids
        other = await make(client, **{**same, "title": "B"}, skip_duplicates=True)
        assert other["object_id"] not in ids
        (one,) = ids
        await client.patch(f"{PATH}/{one}", json={"title": "C"})
        again = await make(client, **same, skip_duplicates=True)
        assert again["object_id"] != one
        taken = await client.patch(f"{PATH}/{one}", json={"title": "A"})
        assert code_of(taken) == (409, "duplicate_object")
        assert (await client.patch(f"{PATH}/{one}", json={"title": "A", "skip_duplicates": False})).status_code == 200
        await client.delete(f"{PATH}/{again['object_id']}")
        assert (await client.patch(f"{PATH}/{one}", json={"skip_duplicates": True})).status_code == 200
        assert (await make(client, **same, skip_duplicates=True))["object_id"] == one


async def test_a_batch_creates_the_valid_objects_and_reports_the_others(tenant: Tenant) -> None:
    async with tenant.client() as client:
        await client.post("/v1/buckets", json=KEYED)
        objects = [{"sku": "1"}, {"sku": "1"}, {"sku": 2}, {}, {"sku": "3", "blobs": [{**BLOB, "upload_id": "upl_x"}]}]
        answer = await client.post("/v1/buckets/keyed/objects/batch", json={"objects": [*objects, {"sku": "6"}]})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert [one["sku"] for one in body["succeeded"]] == ["1", "6"]
        assert [(one["object_index"], one["error_type"], one["code"]) for one in body["failed"]] == [
            (1, "ConflictError", "unique_key_taken"),
            (2, "ValidationError", "schema_violation"),
            (3, "ValidationError", "unique_key_missing"),
            (4, "NotFoundError", "upload_not_found"),
        ]
        assert all(one["error"] for one in body["failed"])
        assert (body["total_requested"], body["succeeded_count"], body["failed_count"]) == (6, 2, 4)
        assert (await client.post(f"{PATH}/batch", json={"objects": []})).json()["total_requested"] == 0
        too_many = await client.post(f"{PATH}/batch", json={"objects": [{}] * 101})
        assert code_of(too_many) == (422, "invalid_request")


async def test_a_batch_may_be_larger_than_another_body(tenant: Tenant) -> None:
    large = {"blobs": [{"property": "text", "type": "text", "data": "a" * 200_000}]}
    async with tenant.client() as client:
        answer = await client.post(f"{PATH}/batch", json={"objects": [large] * 15})
        assert answer.json()["succeeded_count"] == 15
        assert code_of(await client.post(f"{PATH}/batch", json={"objects": [large] * 25})) == (422, "body_too_large")
        assert code_of(await client.post(PATH, json={"title": "a" * 2**20})) == (422, "body_too_large")


async def test_put_replaces_the_blobs_and_merges_the_fields(tenant: Tenant) -> None:
    async with tenant.client() as client:
        first, second = await send(client, b"one"), await send(client, b"two!")
        made = await make(client, blobs=[blob_of(first)], title="A", number=1, key_prefix="/a")
        path = f"{PATH}/{made['object_id']}"
        changed = await client.put(
            path, json={"blobs": [blob_of(second)], "metadata": {"title": None, "more": 1}, "key_prefix": "/b"}
        )
        assert changed.status_code == 200, changed.text
        found = (await client.get(path)).json()
        assert changed.json() == found
        assert ("title" in found, found["number"], found["more"], found["key_prefix"]) == (False, 1, 1, "/b")
        assert [blob["upload_id"] for blob in found["blobs"]] == [second["upload_id"]]
        records = [(await client.get(f"/v1/uploads/{one['upload_id']}")).json() for one in (first, second)]
        assert [record["object_id"] for record in records] == [None, made["object_id"]]
        assert (await client.put(path, json={})).json() == found
        assert (await client.put(path, json={"blobs": []})).json()["blobs"] == []
        assert code_of(await client.put(path, json={"title": "A"})) == (422, "invalid_request")
        assert code_of(await client.put(path, json={"metadata": {"number": "x"}})) == (422, "schema_violation")


async def test_patch_changes_single_fields_and_null_removes_one(tenant: Tenant) -> None:
    async with tenant.client() as client:
        made = await make(client, blobs=[{**BLOB, "data": "a"}], title="A", number=1, more=[1])
        path = f"{PATH}/{made['object_id']}"
        changed = (await client.patch(path, json={"title": "B", "number": None, "key_prefix": "/b"})).json()
        assert (changed["title"], "number" in changed, changed["more"]) == ("B", False, [1])
        assert (changed["key_prefix"], changed["blobs"]) == ("/b", made["blobs"])
        assert code_of(await client.patch(path, json={"number": "x"})) == (422, "schema_violation")
        many = [client.patch(path, json={f"field_{number}": number}) for number in range(20)]
        assert {answer.status_code for answer in await asyncio.gather(*many)} <= {200, 400}


async def test_a_unique_key_moves_with_its_values_and_not_onto_another(tenant: Tenant) -> None:
    path = "/v1/buckets/keyed/objects"
    async with tenant.client() as client:
        await client.post("/v1/buckets", json=KEYED)
        one, two = await make(client, path, sku="1"), await make(client, path, sku="2")
        assert code_of(await client.patch(f"{path}/{one['object_id']}", json={"sku": "2"})) == (409, "unique_key_taken")
        removed = await client.put(f"{path}/{one['object_id']}", json={"metadata": {"sku": None}})
        assert code_of(removed) == (422, "unique_key_missing")
        assert (await client.patch(f"{path}/{one['object_id']}", json={"sku": "3"})).status_code == 200
        assert (await make(client, path, sku="1"))["object_id"] != one["object_id"]
        assert code_of(await client.post(path, json={"sku": "3"})) == (409, "unique_key_taken")
        await client.delete(f"{path}/{two['object_id']}")
        races = [client.patch(f"{path}/{one['object_id']}", json={"sku": "2"}), client.post(path, json={"sku": "2"})]
        assert sorted(answer.status_code for answer in await asyncio.gather(*races)) == [200, 409]


async def test_a_deleted_object_is_gone_with_its_uploads_and_their_bytes(service: Service, tenant: Tenant) -> None:
    body = secrets.token_bytes(100)
    async with tenant.client() as client:
        upload = await announce(client, body)
        await put(upload, body)
        object_id = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).json()["object_id"]
        assert (await client.delete(f"{PATH}/{object_id}")).status_code == 204
        assert code_of(await client.get(f"{PATH}/{object_id}")) == (404, "object_not_found")
        assert code_of(await client.delete(f"{PATH}/{object_id}")) == (404, "object_not_found")
        assert code_of(await client.get(f"/v1/uploads/{upload['upload_id']}")) == (404, "upload_not_found")
        bucket = await bucket_of(client)
        assert (bucket["object_count"], bucket["total_size_bytes"]) == (0, 0)
        assert await quota(tenant) == (0, 0)
        assert await gone(tenant, upload["s3_key"], service.environment)
        again = await announce(client, body, file_hash=hashlib.sha256(body).hexdigest())
        assert (again["is_duplicate"], again["status"]) == (False, "PENDING")


async def test_bytes_that_two_objects_share_stay_until_the_second_is_deleted(service: Service, tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await send(client, b"shared")
        one, two = [await make(client, blobs=[blob_of(upload)], title=title) for title in "AB"]
        await client.delete(f"{PATH}/{one['object_id']}")
        record = (await client.get(f"/v1/uploads/{upload['upload_id']}")).json()
        assert (record["status"], record["object_id"]) == ("COMPLETED", two["object_id"])
        assert await quota(tenant) == (0, 6)
        found = (await client.get(f"{PATH}/{two['object_id']}?return_presigned_urls=true")).json()
        async with httpx.AsyncClient() as plain:
            assert (await plain.get(found["blobs"][0]["presigned_url"])).content == b"shared"
        await client.delete(f"{PATH}/{two['object_id']}")
        assert code_of(await client.get(f"/v1/uploads/{upload['upload_id']}")) == (404, "upload_not_found")
    assert await quota(tenant) == (0, 0)
    assert await gone(tenant, upload["s3_key"], service.environment)


async def test_objects_that_share_bytes_and_are_deleted_at_once_leave_none(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for round_ in range(5):
            upload = await send(client, secrets.token_bytes(5 + round_))
            made = [await make(client, blobs=[blob_of(upload)], title=str(number)) for number in range(4)]
            gone_ = await asyncio.gather(*(client.delete(f"{PATH}/{one['object_id']}") for one in made))
            assert {answer.status_code for answer in gone_} == {204}
            async with asyncio.timeout(20):
                while (await client.get(f"/v1/uploads/{upload['upload_id']}")).status_code != 404:
                    await asyncio.sleep(0.02)
        assert (await bucket_of(client))["total_size_bytes"] == 0
    assert await quota(tenant) == (0, 0)


async def test_of_a_deletion_and_a_creation_that_share_an_upload_both_come_whole(tenant: Tenant) -> None:
    async with tenant.client() as client:
        for round_ in range(10):
            body = secrets.token_bytes(10 + round_)
            upload = await send(client, body)
            first = await make(client, blobs=[blob_of(upload)])
            deleted, made = await asyncio.gather(
                client.delete(f"{PATH}/{first['object_id']}"), client.post(PATH, json={"blobs": [blob_of(upload)]})
            )
            assert deleted.status_code == 204
            record = await client.get(f"/v1/uploads/{upload['upload_id']}")
            if made.status_code == 200:
                assert record.json()["object_id"] == made.json()["object_id"]
                assert await quota(tenant) == (0, len(body))
                await client.delete(f"{PATH}/{made.json()['object_id']}")
            else:
                assert code_of(made) == (404, "upload_not_found")
                assert record.status_code == 404
            assert await quota(tenant) == (0, 0)


async def test_an_object_deleted_twenty_times_at_once_is_deleted_once(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await send(client, b"abc")
        made = await make(client, blobs=[blob_of(upload)])
        answers = await asyncio.gather(*(client.delete(f"{PATH}/{made['object_id']}") for _ in range(20)))
        assert Counter(answer.status_code for answer in answers) == {204: 1, 404: 19}
        assert (await bucket_of(client))["object_count"] == 0
    assert await quota(tenant) == (0, 0)
