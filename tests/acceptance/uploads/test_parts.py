"""Large files over HTTP: parts, missing parts, and URLs that bind the bytes."""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from domain.uploads.parts import MIN_PART_BYTES
from tests.acceptance.buckets.test_buckets import until
from tests.acceptance.uploads.test_main_job import announce, put
from tests.conftest import Tenant

BODY = secrets.token_bytes(2 * MIN_PART_BYTES + 1000)


async def sign(client: httpx.AsyncClient, upload: dict[str, Any], *numbers: int) -> list[dict[str, Any]]:
    response = await client.post(f"/v1/uploads/{upload['upload_id']}/parts/sign", json={"part_numbers": list(numbers)})
    assert response.status_code == 200, response.text
    parts: list[dict[str, Any]] = response.json()["parts"]
    return parts


async def send(part: dict[str, Any]) -> httpx.Response:
    start = (part["part_number"] - 1) * MIN_PART_BYTES
    async with httpx.AsyncClient() as plain:
        return await plain.put(
            part["url"], content=BODY[start : start + MIN_PART_BYTES], headers=part["required_headers"]
        )


async def test_a_file_is_sent_as_parts_resumed_and_assembled(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, BODY, multipart="always", file_hash=hashlib.sha256(BODY).hexdigest())
        assert (upload["method"], upload["presigned_url"]) == ("multipart", None)
        assert (upload["part_size"], upload["part_count"]) == (MIN_PART_BYTES, 3)
        path = f"/v1/uploads/{upload['upload_id']}"
        assert (await client.get(f"{path}/parts")).json() == {"parts": []}

        first, last = await sign(client, upload, 1, 3)
        assert (await send(first)).status_code == 200
        assert (await send(last)).status_code == 200
        assert (await client.get(path)).json()["status"] == "IN_PROGRESS"
        refused = await client.post(f"{path}/confirm")
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "content_not_found"
        assert refused.json()["error"]["details"]["missing_parts"] == [2]
        there = (await client.get(f"{path}/parts")).json()["parts"]
        assert [(part["part_number"], part["size_bytes"]) for part in there] == [(1, MIN_PART_BYTES), (3, 1000)]

        (second,) = await sign(client, upload, 2)
        sent = await send(second)
        confirmed = await client.post(
            f"{path}/confirm",
            json={
                "parts": [{"part_number": part["part_number"], "etag": f'"{part["etag"]}"'} for part in there]
                + [{"part_number": 2, "etag": sent.headers["etag"]}]
            },
        )

        assert confirmed.status_code == 200, confirmed.text
        assert confirmed.json()["status"] == "COMPLETED"
        assert confirmed.json()["file_size_bytes"] == len(BODY)
        assert confirmed.json()["file_hash"] == hashlib.sha256(BODY).hexdigest()
        done = (await client.get(f"{path}?return_presigned_urls=true")).json()
        async with httpx.AsyncClient() as plain:
            assert (await plain.get(done["download_url"])).content == BODY


async def test_a_url_of_a_part_takes_that_part_alone(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, BODY, multipart="always")
        (part,) = await sign(client, upload, 1)
        other = {**part, "url": part["url"].replace("partNumber=1", "partNumber=2")}
        assert (await send(other)).status_code == 403
        assert (await client.get(f"/v1/uploads/{upload['upload_id']}/parts")).json() == {"parts": []}


async def test_a_page_sends_parts_of_the_size_that_it_asks_for(tenant: Tenant) -> None:
    size, body = MIN_PART_BYTES + 1, BODY[: MIN_PART_BYTES + 2]
    async with tenant.client() as client, httpx.AsyncClient() as plain:
        upload = await announce(client, body, part_size=size)
        assert (upload["method"], upload["part_size"], upload["part_count"]) == ("multipart", size, 2)
        assert upload["message"] is None
        for part, content in zip(await sign(client, upload, 1, 2), (body[:size], body[size:]), strict=True):
            assert (await plain.put(part["url"], content=content, headers=part["required_headers"])).status_code == 200
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert confirmed.json()["file_hash"] == hashlib.sha256(body).hexdigest()
        assert (await announce(client, b"small", part_size=size))["method"] == "put"

        bucket = await client.patch("/v1/buckets/files", json={"part_size": size})
        assert (bucket.status_code, bucket.json()["part_size"]) == (200, size)

        async def with_the_buckets() -> httpx.Response:
            return await client.get("/v1/buckets/files")

        await until(with_the_buckets, 200)
        batch = {"uploads": [{"filename": "clip.mp4", "content_type": "video/mp4", "file_size_bytes": len(BODY)}]}
        batch["uploads"] += [
            {**batch["uploads"][0], "multipart": "always"},
            {**batch["uploads"][0], "part_size": MIN_PART_BYTES},
        ]
        made = (await client.post("/v1/buckets/files/uploads/batch", json=batch)).json()["uploads"]
        assert [one["part_size"] for one in made] == [None, size, MIN_PART_BYTES]
        refused = await client.post(
            "/v1/buckets/files/uploads", json={**batch["uploads"][0], "part_size": MIN_PART_BYTES - 1}
        )
        assert refused.status_code == 422
        assert "5242880 to 5368709120" in refused.json()["error"]["message"]
        cleared = await client.patch("/v1/buckets/files", json={"part_size": None})
        assert cleared.json()["part_size"] is None


async def test_a_canceled_upload_accepts_no_more_parts(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, BODY, multipart="always")
        (part,) = await sign(client, upload, 1)
        assert (await client.delete(f"/v1/uploads/{upload['upload_id']}")).status_code == 204

        async def attempt() -> httpx.Response:
            return await send(part)

        await until(attempt, 404)  # a worker has aborted it


async def test_storage_refuses_other_bytes_than_those_that_were_announced(tenant: Tenant) -> None:
    body = secrets.token_bytes(1000)
    digest = hashlib.sha256(body)
    async with tenant.client() as client:
        upload = await announce(client, body, integrity="storage", file_hash=digest.hexdigest())
        assert upload["required_headers"] == {
            "Content-Type": "video/mp4",
            "Content-Length": "1000",
            "x-amz-checksum-sha256": base64.b64encode(digest.digest()).decode(),
            "If-None-Match": "*",
        }
        async with httpx.AsyncClient() as plain:

            async def attempt(content: bytes) -> int:
                sent = await plain.put(upload["presigned_url"], content=content, headers=upload["required_headers"])
                return sent.status_code

            assert await attempt(secrets.token_bytes(1000)) == 400
            assert await attempt(body) == 200
            assert await attempt(body) == 412
        confirmed = await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")
        assert confirmed.json()["status"] == "COMPLETED"


async def test_storage_refuses_other_parts_than_those_that_were_named(tenant: Tenant) -> None:
    body = {number: BODY[(number - 1) * MIN_PART_BYTES :][:MIN_PART_BYTES] for number in (1, 2, 3)}
    hashes = {number: hashlib.sha256(part) for number, part in body.items()}
    async with tenant.client() as client, httpx.AsyncClient() as plain:
        upload = await announce(client, BODY, integrity="storage", multipart="always")
        assert (upload["integrity"], upload["presigned_url"]) == ("storage", None)
        path = f"/v1/uploads/{upload['upload_id']}"

        async def refusal(asked: dict[str, Any]) -> str:
            refused = await client.post(f"{path}/parts/sign", json=asked)
            assert refused.status_code == 422, refused.text
            code: str = refused.json()["error"]["code"]
            return code

        named = [{"part_number": number, "sha256": sha256.hexdigest()} for number, sha256 in hashes.items()]
        assert await refusal({"part_numbers": [1]}) == "part_hash_required"
        assert await refusal({"part_numbers": [1], "parts": named}) == "parts_required"
        assert await refusal({}) == "parts_required"
        assert await refusal({"parts": [{**named[0], "sha256": "A" * 64}]}) == "invalid_request"

        signed = (await client.post(f"{path}/parts/sign", json={"parts": named})).json()["parts"]
        assert [part["required_headers"] for part in signed] == [
            {
                "Content-Length": str(len(body[number])),
                "x-amz-checksum-sha256": base64.b64encode(sha256.digest()).decode(),
            }
            for number, sha256 in hashes.items()
        ]

        async def attempt(part: dict[str, Any], content: bytes, **headers: str) -> int:
            sent = await plain.put(part["url"], content=content, headers={**part["required_headers"], **headers})
            return sent.status_code

        other = secrets.token_bytes(MIN_PART_BYTES)
        theirs = base64.b64encode(hashlib.sha256(other).digest()).decode()
        assert await attempt(signed[0], other) == 400
        assert await attempt(signed[0], other, **{"x-amz-checksum-sha256": theirs}) == 403
        assert [await attempt(part, body[part["part_number"]]) for part in signed] == [200, 200, 200]

        confirmed = await client.post(f"{path}/confirm")
        assert confirmed.status_code == 200, confirmed.text
        assert confirmed.json()["file_hash"] == hashlib.sha256(BODY).hexdigest()
        assert await attempt(signed[0], body[1]) == 404  # no part of it is accepted now


async def test_the_url_of_a_part_takes_no_other_length(tenant: Tenant) -> None:
    async with tenant.client() as client, httpx.AsyncClient() as plain:
        known = await announce(client, BODY, multipart="always")
        unknown = await announce(client, BODY, multipart="always", file_size_bytes=None)
        refused = await client.post(f"/v1/uploads/{unknown['upload_id']}/parts/sign", json={"part_numbers": [1]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "part_size_required")
        for upload, asked in (
            (known, {"part_numbers": [3]}),
            (unknown, {"parts": [{"part_number": 1, "size_bytes": 1000}]}),
        ):
            answer = await client.post(f"/v1/uploads/{upload['upload_id']}/parts/sign", json=asked)
            (signed,) = answer.json()["parts"]
            assert signed["required_headers"] == {"Content-Length": "1000"}
            for length, status in ((1001, 403), (999, 403), (1000, 200)):
                sent = await plain.put(signed["url"], content=BODY[:length])
                assert sent.status_code == status


async def test_hashes_of_parts_are_refused_where_storage_checks_none(tenant: Tenant) -> None:
    async with tenant.client() as client:
        upload = await announce(client, BODY, multipart="always")
        assert upload["integrity"] is None
        refused = await client.post(
            f"/v1/uploads/{upload['upload_id']}/parts/sign", json={"parts": [{"part_number": 1, "sha256": "a" * 64}]}
        )
        assert refused.status_code == 422
        assert refused.json()["error"]["code"] == "integrity_not_requested"


async def test_a_fresh_url_works_and_binds_the_same(tenant: Tenant) -> None:
    body = secrets.token_bytes(1000)
    async with tenant.client() as client:
        upload = await announce(client, body, presigned_url_expiration=60)
        signed = (await client.post(f"/v1/uploads/{upload['upload_id']}/sign")).json()
        assert urlsplit(signed["presigned_url"]).path == urlsplit(upload["presigned_url"]).path
        ends_at, ended_at = (datetime.fromisoformat(each["expires_at"]) for each in (signed, upload))
        assert timedelta() <= ends_at - ended_at < timedelta(seconds=60)
        assert signed["required_headers"] == upload["required_headers"]
        assert (await put(signed, body)).status_code == 200
        assert (await client.post(f"/v1/uploads/{upload['upload_id']}/confirm")).status_code == 200
        late = await client.post(f"/v1/uploads/{upload['upload_id']}/sign")
        assert late.status_code == 400
