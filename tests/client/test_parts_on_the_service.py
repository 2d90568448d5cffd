"""Multipart uploads through the clients, on the real service and the real storage."""

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest

from domain.uploads.parts import MIN_PART_BYTES
from tests.client.conftest import of
from tests.conftest import Tenant
from upwell_client import AsyncClient, Client, Progress, StorageRefusedError, UpwellError

BODY = secrets.token_bytes(3 * MIN_PART_BYTES + 1000)


class BrokenOffError(Exception):
    """The program that uploads ends here."""


async def test_a_file_is_sent_as_parts_and_downloaded_unchanged(client: Client, path: Path) -> None:
    upload = client.upload(path, multipart="always", blob_property="video")

    assert upload.status == "COMPLETED"
    assert (upload.etag or "").endswith("-4")
    assert upload.file_hash == hashlib.sha256(BODY).hexdigest()
    back = client.download(upload.upload_id, path.with_name("back.mp4"))
    assert path.with_name("back.mp4").read_bytes() == BODY, back


@pytest.mark.parametrize("multipart", ["always", "never"])
async def test_storage_checks_what_the_client_hashed(
    client: Client, tenant: Tenant, path: Path, multipart: Literal["always", "never"]
) -> None:
    upload = client.upload(path, multipart=multipart, integrity="storage", blob_property="video", skip_duplicates=False)
    assert (upload.status, upload.file_hash) == ("COMPLETED", hashlib.sha256(BODY).hexdigest())

    def garble(request: httpx.Request) -> httpx.Response:
        sent = request.read()
        if request.method == "PUT":
            sent = b"\0" * len(sent)
        with httpx.HTTPTransport() as transport:
            answer = transport.handle_request(
                httpx.Request(request.method, request.url, headers=request.headers, content=sent)
            )
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())

    with Client(**of(tenant), transport=httpx.MockTransport(garble)) as broken:
        with pytest.raises(StorageRefusedError) as refused:
            broken.upload(path, multipart=multipart, integrity="storage", blob_property="video", skip_duplicates=False)
        assert refused.value.status == 400


async def test_the_asynchronous_client_sends_what_comes_piece_by_piece(async_client: AsyncClient) -> None:
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(BODY), 1_000_000):
            yield BODY[start : start + 1_000_000]

    upload = await async_client.upload(
        pieces(), filename="clip.mp4", content_type="video/mp4", multipart="always", blob_property="video", hash=True
    )

    assert upload.status == "COMPLETED"
    assert upload.file_size_bytes == len(BODY)


def partly_sent(tenant: Tenant, path: Path) -> str:
    """Return an upload of which a part was sent, and not all."""

    def break_off(progress: Progress) -> None:
        if progress.done_bytes > MIN_PART_BYTES:  # the second part is under way
            raise BrokenOffError

    with Client(**of(tenant)) as client:
        with pytest.raises(BrokenOffError):
            client.upload(path, multipart="always", blob_property="video", parallel=1, hash=False, progress=break_off)
        listed = client.call("POST", "/v1/buckets/files/uploads/list", body={"filters": {"status": "IN_PROGRESS"}})
    (upload,) = listed["results"]
    return str(upload["upload_id"])


async def test_what_broke_off_is_resumed_and_only_the_missing_parts_are_sent(tenant: Tenant, path: Path) -> None:
    upload_id = partly_sent(tenant, path)
    sent: list[int] = []

    class Counting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PUT":
                sent.append(int(request.url.params["partNumber"]))
            return super().handle_request(request)

    with Client(**of(tenant), transport=Counting()) as client:
        there = {part["part_number"] for part in client.call("GET", f"/v1/uploads/{upload_id}/parts")["parts"]}
        upload = client.resume(upload_id, path)

    assert there
    assert sorted(sent) == sorted({1, 2, 3, 4} - there)
    assert upload.status == "COMPLETED"
    assert upload.file_hash == hashlib.sha256(BODY).hexdigest()


async def test_another_file_does_not_finish_an_upload(tenant: Tenant, path: Path) -> None:
    upload_id = partly_sent(tenant, path)

    with Client(**of(tenant)) as client, pytest.raises(UpwellError):
        client.resume(upload_id, BODY[:-1])
