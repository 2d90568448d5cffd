"""A credential that may not read learns nothing about the uploads of others, by any route."""

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import SCHEMA, Tenant
from tests.contract_check.comparing import operations
from tests.contract_check.contract import own

MARK = "zebra7391"
BODY = b"the bytes of the original" * 4
DIGEST = hashlib.sha256(BODY).hexdigest()
FILE = {"filename": "own.mp4", "content_type": "video/mp4", "blob_property": "video", "file_size_bytes": len(BODY)}
UNIQUE = {"number": 7}
KEYS: dict[str, dict[str, Any]] = {
    "a key that writes": {"permissions": ["write"]},
    "a key that writes and deletes": {"permissions": ["write", "delete"]},
    "a key whose scope writes": {"permissions": ["read", "write"], "operations": ["write_data"]},
}
ENDS_ALL = {"delete /v1/buckets/{bucket_identifier}", "delete /v1/namespaces/{namespace_identifier}"}


@dataclass
class Walk:
    """Sends requests, and searches the answers for secrets that the request did not contain."""

    client: httpx.AsyncClient
    secrets: set[str]
    leaks: list[str] = field(default_factory=list)
    asked: int = 0

    async def __call__(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # JSON
        answer = await self.client.request(method, path, json=body, headers={"Accept": "application/json"})
        request = f"{path} {body}"
        changed = answer.json().get("object_id") if "policy=up" in path and answer.is_success else None
        known = {changed, *(secret for secret in self.secrets if secret in request)}  # the object that it has changed
        leaked = [secret for secret in self.secrets - known if secret in answer.text]
        self.leaks += [f"{method} {path} {body}: {answer.status_code} reveals {secret}" for secret in leaked]
        self.asked += 1
        assert answer.status_code < 500, answer.text
        return answer.json() if answer.content and answer.is_success else {}


async def originals(tenant: Tenant) -> tuple[set[str], list[str], list[str]]:
    """Create marked records; return the secrets, and the ids of uploads and of objects."""
    marked: dict[str, Any] = {
        "filename": f"{MARK}.mp4",
        "metadata": {"who": MARK},
        "object_metadata": {"title": MARK, **UNIQUE},
    }
    uploads, objects = [], []
    async with tenant.client() as client:
        changed = {"description": MARK, "metadata": {"who": MARK}}
        assert (await client.patch("/v1/buckets/files", json=changed)).is_success
        await client.patch(f"/v1/namespaces/{tenant.namespace.namespace_id}", json={"description": MARK})
        unique = {"fields": ["number"], "default_policy": "insert"}
        body = {"bucket_name": "unique", "bucket_schema": SCHEMA, "unique_key": unique, **changed}
        assert (await client.post("/v1/buckets", json=body)).is_success
        for bucket in ("files", "unique"):
            upload = await announce(client, BODY, bucket=bucket, file_hash=DIGEST, **marked)
            assert (await put(upload, BODY)).is_success
            done = (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm", json={})).json()
            assert done["object_id"], done
            uploads.append(upload["upload_id"])
            objects.append(done["object_id"])
        open_one = await announce(client, BODY, skip_duplicates=False, create_object_on_confirm=False, **marked)
        sent = await announce(client, BODY, skip_duplicates=False, create_object_on_confirm=False, **marked)
        parts = await announce(client, BODY, multipart="always", create_object_on_confirm=False, **marked)
        await put(sent, BODY)
        uploads += [open_one["upload_id"], sent["upload_id"], parts["upload_id"]]
        inline = {"blobs": [{"property": "title", "type": "string", "data": "x"}], "title": "same", "number": 1}
        made = await client.post("/v1/buckets/files/objects", json={**inline, "skip_duplicates": True})
        assert made.is_success, made.text
        objects.append(made.json()["object_id"])
    return {MARK, *uploads, *objects}, uploads, objects


async def bearer(tenant: Tenant, who: str) -> str:
    """Return the secret of a key, or a token, that may not read."""
    async with tenant.client() as client:
        if who == "a token":
            asked = {"bucket": "files", "max_count": 50}
            return str((await client.post("/v1/upload-tokens", json=asked)).json()["token"])
        wish = dict(KEYS[who])
        operations_there = wish.pop("operations", None)
        if operations_there:
            here = {"resource_type": "namespace", "resource_id": tenant.namespace.namespace_id}
            wish["scopes"] = [{**here, "operations": operations_there}]
        made = await client.post("/v1/organizations/users/eve/api-keys", json={"name": "less", **wish})
        assert made.is_success, made.text
        return str(made.json()["key"])


async def duplicates(walk: Walk, bucket: str = "files", *, noticed: bool = True) -> None:
    """Send bytes that are already stored, and request them in every way. `noticed`: a duplicate is shown as one."""
    for asked in ({}, {"file_hash": DIGEST}):
        mine = await walk("POST", f"/v1/buckets/{bucket}/uploads", {**FILE, **asked, "object_metadata": {"number": 8}})
        assert mine["is_duplicate"] is False  # a caller that may not read learns nothing before the bytes are there
        assert (await put(mine, BODY)).is_success
        done = await walk("POST", f"/v1/uploads/{mine['upload_id']}/confirm", {})
        assert (done["status"], done["is_duplicate"], done["duplicate_of_upload_id"]) == ("COMPLETED", noticed, None)
        assert done["object_id"] is None
        here = f"/v1/uploads/{mine['upload_id']}"
        for path in (here, f"{here}?return_presigned_urls=true", f"{here}?at=2099-01-01T00:00:00Z", f"{here}/events"):
            shown = await walk("GET", path)
            assert shown.get("is_duplicate", noticed) is noticed
        await walk("POST", f"{here}/confirm", {})
        await walk("DELETE", f"{here}?only_open=true")


async def unique_keys(walk: Walk) -> None:
    """Announce and create records with the unique key of another."""
    path = "/v1/buckets/unique"
    taken = {**FILE, "object_metadata": UNIQUE}
    skipped = await walk("POST", f"{path}/uploads", taken)
    assert (skipped["skipped_unique_key"], skipped["existing_object_id"]) == (True, None)
    await walk("POST", f"{path}/uploads/batch", {"uploads": [taken]})
    for policy in ("upsert", "update", "insert"):
        await walk("POST", f"{path}/uploads?policy={policy}", {**taken, "file_hash": DIGEST})
        for blobs in ([], [{"property": "title", "type": "string", "data": "mine"}]):
            await walk("POST", f"{path}/objects?policy={policy}", {"blobs": blobs, **UNIQUE})
            await walk("POST", f"{path}/objects/batch", {"objects": [{"blobs": blobs, **UNIQUE}]})


async def everywhere(walk: Walk, uploads: list[str], objects: list[str], namespace_id: str) -> None:
    """Call every route with the ids of another."""
    known = [each for each in operations(own()) if each.path.startswith("/v1")]
    assert len(known) > 60
    bodies: dict[str, list[dict[str, Any]]] = {
        "parts/sign": [{"part_numbers": [1]}],
        "uploads/confirm/batch": [{"confirmations": [{"upload_id": each} for each in uploads]}],
        "uploads/batch": [{"uploads": [{**FILE, "file_hash": DIGEST}]}],
        "/uploads": [{**FILE, "file_hash": DIGEST}],
        "confirm": [{"etag": "false"}, {"file_hash": "0" * 64}, {}],
        "objects/{object_identifier}": [{"number": 3}, {"metadata": {"number": 4}}, {"blobs": []}],
        "/objects": [
            {
                "blobs": [{"property": "title", "type": "string", "data": "x"}],
                "title": "same",
                "number": 1,
                "skip_duplicates": True,
            },
            {"blobs": [{"property": "video", "type": "video", "upload_id": uploads[0]}]},
        ],
    }
    asked: list[tuple[str, str, object]] = []
    for operation in known:
        if f"{operation.method} {operation.path}" in ENDS_ALL:
            continue
        end = next((end for end in bodies if operation.path.endswith(end)), "")
        uploads_there = [uploads[0], *uploads[2:]] if "{upload_id}" in operation.path else uploads[:1]
        for upload_id in uploads_there:
            for object_id in objects[::2] if "{object_identifier}" in operation.path else objects[:1]:
                named = {
                    "bucket_identifier": "files",
                    "namespace_identifier": namespace_id,
                    "upload_id": upload_id,
                    "object_identifier": object_id,
                }
                path = re.sub(r"{(\w+)}", lambda found: named.get(found[1], "x"), operation.path)  # noqa: B023  # called here
                method = operation.method.upper()
                asked += [(method, path, None if method == "GET" else body) for body in bodies.get(end, [{}])]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        await asyncio.gather(*(walk(*each) for each in asked if each[0] == method))


@pytest.mark.parametrize("who", ["a token", *KEYS])
async def test_a_caller_that_may_not_read_learns_nothing_about_others(tenant: Tenant, who: str) -> None:
    secrets, uploads, objects = await originals(tenant)
    headers = {**tenant.headers, "Authorization": f"Bearer {await bearer(tenant, who)}"}
    async with httpx.AsyncClient(base_url=tenant.url, headers=headers, timeout=60) as client:
        walk = Walk(client, secrets)
        await duplicates(walk, noticed=who != "a token")
        if who != "a token":
            await unique_keys(walk)
        await everywhere(walk, uploads, objects, tenant.namespace.namespace_id)
    assert walk.leaks == []
    assert walk.asked > 90
    async with tenant.client() as client:  # and no open upload has failed because of it
        statuses = [(await client.get(f"/v1/uploads/{each}")).json()["status"] for each in uploads[:4]]
    deletes = "deletes" in who
    assert "FAILED" not in statuses
    assert statuses[0] == "COMPLETED" or deletes
