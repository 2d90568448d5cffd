"""The client against the real service and storage: it sends in one PUT, and downloads the sent bytes."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, cast

import httpx
import pytest

from tests.client.conftest import of
from tests.conftest import Tenant
from upwell_client import (
    AsyncClient,
    Client,
    FileError,
    MismatchError,
    NotFoundError,
    Progress,
    UnauthorizedError,
    UnreachableError,
    UploadEndedError,
    UpwellError,
    ValidationError,
)

BODY = b"0123456789" * 250_000
SHA256 = hashlib.sha256(BODY).hexdigest()


def blocks() -> Iterator[bytes]:
    for start in range(0, len(BODY), 70_000):
        yield BODY[start : start + 70_000]
        yield b""


def names(folder: Path) -> list[str]:
    return [found.name for found in folder.iterdir()]


def without_puts(request: httpx.Request) -> httpx.Response:
    """Let all through but the bytes."""
    if request.method == "PUT":
        raise httpx.ConnectError("the cable was pulled")
    with httpx.HTTPTransport() as transport:
        answer = transport.handle_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())


def announced_only(tenant: Tenant, path: Path) -> str:
    """Return an upload that was announced and never sent."""
    broken = Client(**of(tenant), transport=httpx.MockTransport(without_puts))
    with broken, pytest.raises(UnreachableError) as off:
        broken.upload(path, blob_property="video")
    assert off.value.upload_id
    return off.value.upload_id


class Pipe(io.RawIOBase):
    """A file object that cannot seek, and returns less than requested."""

    def __init__(self) -> None:
        self._blocks = blocks()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002  # it gives what it has
        return next((block for block in self._blocks if block), b"")


async def test_a_path_is_hashed_sent_and_verified(client: Client, path: Path) -> None:
    seen: list[Progress] = []
    upload = client.upload(path, blob_property="video", metadata={"a": 1}, progress=seen.append)
    assert (upload.status, upload.file_hash, upload.file_size_bytes) == ("COMPLETED", SHA256, len(BODY))
    assert upload.object_id
    assert client.get(upload.upload_id).metadata == {"a": 1}
    phases = list(dict.fromkeys(progress.phase for progress in seen))
    assert phases == ["hashing", "asking", "sending", "verifying"]
    sent = [progress for progress in seen if progress.phase == "sending"]
    assert (sent[-1].done_bytes, sent[-1].total_bytes) == (len(BODY), len(BODY))
    assert seen[-1].upload is not None
    assert seen[-1].upload.status == "COMPLETED"


async def test_the_same_in_asyncio(async_client: AsyncClient, path: Path) -> None:
    upload = await async_client.upload(path, blob_property="video")
    assert (upload.status, upload.file_hash) == ("COMPLETED", SHA256)
    again = await async_client.upload(path, blob_property="video")
    assert again.is_duplicate
    assert again.duplicate_of_upload_id == upload.upload_id


async def test_what_blocks_works_where_a_loop_runs(client: Client, path: Path) -> None:
    assert asyncio.get_running_loop().is_running()
    upload = client.upload(path, blob_property="video")
    assert (upload.status, upload.file_hash) == ("COMPLETED", SHA256)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda: BODY, id="bytes"),
        pytest.param(lambda: io.BytesIO(BODY), id="a file object"),
        pytest.param(lambda: cast("BinaryIO", Pipe()), id="a pipe"),
        pytest.param(blocks, id="an iterator"),
    ],
)
async def test_bytes_come_from_anywhere(client: Client, given: object) -> None:
    make = cast("type[BinaryIO]", given)
    upload = client.upload(make(), filename="clip.mp4", blob_property="video")
    assert (upload.status, upload.file_hash) == ("COMPLETED", SHA256)


async def test_bytes_come_from_an_asynchronous_iterator(async_client: AsyncClient) -> None:
    async def arriving() -> AsyncIterator[bytes]:
        for block in blocks():
            yield block

    upload = await async_client.upload(arriving(), filename="clip.mp4", blob_property="video")
    assert upload.file_hash == SHA256


async def test_a_file_object_is_read_from_where_it_stands(client: Client) -> None:
    file = io.BytesIO(b"head" + BODY)
    file.seek(4)
    assert client.upload(file, filename="clip.mp4", blob_property="video").file_hash == SHA256


async def test_an_empty_file_is_uploaded_and_downloaded(client: Client, tmp_path: Path) -> None:
    upload = client.upload(b"", filename="empty.txt", create_object=False)
    assert upload.status == "COMPLETED"
    assert client.download(upload.upload_id, tmp_path / "there").size_bytes == 0


async def test_a_wrong_hash_fails_and_names_the_upload(client: Client) -> None:
    with pytest.raises(UpwellError) as refused:
        client.upload(BODY, filename="clip.mp4", blob_property="video", sha256="0" * 64)
    assert refused.value.code == "hash_mismatch"
    assert refused.value.upload_id
    with pytest.raises(UploadEndedError) as ended:
        client.resume(refused.value.upload_id, BODY)
    assert ended.value.status == "FAILED"


async def test_each_error_type_has_a_class(client: Client, tenant: Tenant) -> None:
    with pytest.raises(NotFoundError):
        client.get("upl_doesnotexist0000")
    with pytest.raises(ValidationError) as invalid:
        client.upload(b"x", filename="a/b")
    assert invalid.value.status == 422
    with (
        Client(tenant.url, "sk_wrong", tenant.namespace.namespace_id, bucket="files") as stranger,
        pytest.raises(UnauthorizedError),
    ):
        stranger.upload(b"x", filename="a.txt")


async def test_an_upload_that_was_broken_off_goes_on(client: Client, tenant: Tenant, path: Path) -> None:
    upload_id = announced_only(tenant, path)
    assert client.get(upload_id).status == "PENDING"
    upload = client.resume(upload_id, path)
    assert (upload.upload_id, upload.status, upload.file_hash) == (upload_id, "COMPLETED", SHA256)
    assert client.resume(upload.upload_id, path).status == "COMPLETED"


async def test_another_file_does_not_go_on(client: Client) -> None:
    upload = client.upload(BODY, filename="clip.mp4", blob_property="video")
    with pytest.raises(MismatchError) as wrong:
        client.resume(upload.upload_id, BODY[1:])
    assert wrong.value.code == "another_file"


async def test_a_canceled_upload_has_nothing_to_download(client: Client, tenant: Tenant, path: Path) -> None:
    upload_id = announced_only(tenant, path)
    client.cancel(upload_id)
    with pytest.raises(FileError) as nothing:
        client.download(upload_id, path.parent)
    assert nothing.value.code == "no_bytes"
    assert names(path.parent) == ["clip.mp4"]


async def test_what_is_no_file_is_refused_before_anything_is_asked(client: Client, tmp_path: Path) -> None:
    for given in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FileError):
            client.upload(given)


async def test_a_download_is_verified_and_gets_the_name_of_the_file(client: Client, path: Path, tmp_path: Path) -> None:
    upload = client.upload(path, blob_property="video")
    folder = tmp_path / "there"
    folder.mkdir()
    got = client.download(upload.upload_id, folder)
    assert (got.path, got.sha256, got.size_bytes) == (folder / "clip.mp4", SHA256, len(BODY))
    assert got.path.read_bytes() == BODY
    assert names(folder) == ["clip.mp4"]
    assert upload.object_id
    assert client.download(upload.object_id, folder / "of-the-object").sha256 == SHA256


async def test_a_download_replaces_no_file_unless_it_may(client: Client, path: Path, tmp_path: Path) -> None:
    upload = client.upload(path, blob_property="video")
    mine = tmp_path / "mine"
    mine.write_bytes(b"my own work")
    with pytest.raises(FileError, match="already exists") as refused:
        client.download(upload.upload_id, mine)
    assert refused.value.code == "file_exists"
    assert mine.read_bytes() == b"my own work"
    assert client.download(upload.upload_id, mine, overwrite=True).sha256 == SHA256


async def test_a_download_in_asyncio(async_client: AsyncClient, path: Path, tmp_path: Path) -> None:
    upload = await async_client.upload(path, blob_property="video")
    assert (await async_client.download(upload.upload_id, tmp_path / "got")).path.read_bytes() == BODY


@pytest.mark.parametrize("integrity", [None, "storage"])
async def test_a_file_is_sent_by_a_form(
    client: Client, async_client: AsyncClient, path: Path, integrity: Literal["storage"] | None
) -> None:
    first = client.upload(path, method="post", blob_property="video", integrity=integrity, skip_duplicates=False)
    other = await async_client.upload(
        blocks(), filename="b.mp4", method="post", blob_property="video", integrity=integrity, skip_duplicates=False
    )
    for upload in (first, other):
        assert (upload.status, upload.file_hash, upload.file_size_bytes) == ("COMPLETED", SHA256, len(BODY))
        assert upload.etag


async def test_an_empty_file_is_sent_by_a_form(client: Client) -> None:
    upload = client.upload(b"", filename="empty.mp4", method="post", blob_property="video")
    assert (upload.status, upload.file_size_bytes) == ("COMPLETED", 0)
