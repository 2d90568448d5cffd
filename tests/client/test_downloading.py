"""Interrupted downloads continue where they broke off, and are still verified."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.client.conftest import of
from tests.conftest import Tenant
from upwell_client import Client, MismatchError, UnreachableError, Upload

BODY = bytes(range(256)) * 10_000
CUT = 300_000


class Breaking(httpx.BaseTransport):
    """Breaks off the answers of the storage, after so many bytes."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.ranges: list[str | None] = []
        self.conditions: list[str | None] = []
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if request.method != "GET" or "X-Amz-Signature" not in request.url.params:
            return answer
        self.ranges.append(request.headers.get("range"))
        self.conditions.append(request.headers.get("if-match"))
        assert isinstance(answer.stream, httpx.SyncByteStream)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Cut(answer.stream, self.after))

    def close(self) -> None:
        self._inner.close()


class _Cut(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, after: int) -> None:
        self._stream = stream
        self._after = after

    def __iter__(self) -> Iterator[bytes]:
        for block in self._stream:
            if len(block) > self._after:
                yield block[: self._after]
                raise httpx.ReadError("cut off")
            self._after -= len(block)
            yield block

    def close(self) -> None:
        self._stream.close()


@pytest.fixture
async def upload(client: Client) -> Upload:
    return client.upload(BODY, filename="clip.mp4", blob_property="video")


def names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def read(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_download_goes_on_where_it_broke_off(tenant: Tenant, upload: Upload, tmp_path: Path) -> None:
    breaking = Breaking(after=CUT)
    with Client(**of(tenant), transport=breaking) as client:
        got = client.download(upload.upload_id, tmp_path / "got")
    assert read(got.path) == BODY
    assert breaking.ranges == [None, *[f"bytes={n}-" for n in range(CUT, len(BODY), CUT)]]
    assert set(breaking.conditions[1:]) == {f'"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"'}
    assert names(tmp_path) == ["got"]


async def test_another_process_goes_on_with_what_was_left(tenant: Tenant, upload: Upload, tmp_path: Path) -> None:
    (left,) = await _left_by_a_broken_download(tenant, upload, tmp_path)
    assert left == f".got.{upload.upload_id}.part"
    (tmp_path / left).write_bytes(BODY[:CUT])
    watching = Breaking(after=len(BODY))
    with Client(**of(tenant), transport=watching) as client:
        assert read(client.download(upload.upload_id, tmp_path / "got").path) == BODY
    assert watching.ranges == [f"bytes={CUT}-"]


async def test_what_does_not_fit_is_received_from_the_start(client: Client, upload: Upload, tmp_path: Path) -> None:
    (tmp_path / f".got.{upload.upload_id}.part").write_bytes(BODY + b"and more")
    assert read(client.download(upload.upload_id, tmp_path / "got").path) == BODY


async def test_wrong_bytes_never_take_the_name(client: Client, upload: Upload, tmp_path: Path) -> None:
    (tmp_path / "got").write_bytes(b"an older one")
    (tmp_path / f".got.{upload.upload_id}.part").write_bytes(b"x" * CUT)
    with pytest.raises(MismatchError) as wrong:
        client.download(upload.upload_id, tmp_path / "got", overwrite=True)
    assert wrong.value.code == "hash_mismatch"
    assert names(tmp_path) == ["got"]
    assert read(tmp_path / "got") == b"an older one"
    assert read(client.download(upload.upload_id, tmp_path / "got", overwrite=True).path) == BODY


async def _left_by_a_broken_download(tenant: Tenant, upload: Upload, folder: Path) -> list[str]:
    with Client(**of(tenant), transport=Breaking(after=0)) as client, pytest.raises(UnreachableError):
        client.download(upload.upload_id, folder / "got")
    return names(folder)
