"""A download: into a file next to the target, resumable, verified before it gets the target's name."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NotRequired, TypedDict

import httpx

from upwell_client.errors import FileError, MismatchError, StorageRefusedError, UnreachableError, UpwellError
from upwell_client.metering import Meter, Tell
from upwell_client.results import Download, Upload
from upwell_client.retrying import Retrying, safe_to_repeat
from upwell_client.service import Service, Ticket
from upwell_client.sources import BLOCK_BYTES
from upwell_client.wires import Wire

_FORBIDDEN = 403
_ANEW = frozenset({412, 416})
_QUOTE = '"'


class DownloadOptions(TypedDict):
    """The options of a download. `bucket`, `blob_property`: of an object, and the file in it.

    `overwrite`: replace an existing file; otherwise the download is refused.
    """

    bucket: NotRequired[str]
    blob_property: NotRequired[str]
    overwrite: NotRequired[bool]
    progress: NotRequired[Tell | None]


class Downloading:
    """Downloads one file."""

    def __init__(self, wire: Wire, service: Service, retrying: Retrying, meter: Meter) -> None:
        self._wire = wire
        self._service = service
        self._retrying = retrying
        self._meter = meter

    async def download(self, thing: str, target: Path | None, bucket: str | None, options: DownloadOptions) -> Download:
        """Download an upload, or the file of an object."""
        self._meter.begin("asking", None)
        upload_id = thing if bucket is None else await self._upload_of(bucket, thing, options.get("blob_property"))
        ticket = await self._service.ticket(upload_id, signed=True)
        self._meter.know(ticket.upload)
        _url(ticket)  # or there is nothing to download
        path = _path(target, ticket.upload)
        overwrite = options.get("overwrite", False)
        if not overwrite and await self._wire.work(lambda: os.path.lexists(path)):
            raise _exists(path)
        partial = path.with_name(f".{path.name}.{upload_id}.part")
        try:
            size_bytes, sha256 = await self._receive(ticket, partial)
            _check(ticket.upload, size_bytes, sha256)
        except MismatchError:
            partial.unlink(missing_ok=True)
            raise
        except OSError as error:
            raise FileError(f"{partial} cannot be written: {error.strerror or error}", "unwritable_file") from error
        await self._wire.work(lambda: partial.replace(path) if overwrite else _name(partial, path))
        return Download(upload=ticket.upload, path=path, size_bytes=size_bytes, sha256=sha256)

    async def _upload_of(self, bucket: str, object_id: str, blob_property: str | None) -> str:
        blobs = [blob for blob in await self._service.blobs(bucket, object_id) if blob.get("upload_id")]
        fitting = [blob for blob in blobs if blob_property in {None, blob.get("property")}]
        if len(fitting) != 1:
            names = ", ".join(str(blob.get("property")) for blob in blobs) or "none"
            raise FileError(f"{object_id} has several files: set `blob_property` to one of {names}", "which_file")
        return str(fitting[0]["upload_id"])

    async def _receive(self, ticket: Ticket, partial: Path) -> tuple[int, str]:
        """Receive what is missing, and return the size and the hash of it all."""
        upload, url = ticket.upload, _url(ticket)
        with await self._wire.work(lambda: partial.open("a+b")) as file:
            self._meter.begin("receiving", upload.file_size_bytes)
            there = _Partial(file, upload.etag, self._meter)
            await self._wire.work(there.read)

            async def once() -> None:
                nonlocal url
                if there.size_bytes and there.size_bytes == upload.file_size_bytes:
                    return
                try:
                    await self._service.fetch(url, there.headers(), there.begin)
                except StorageRefusedError as error:
                    if error.status == _FORBIDDEN:
                        url = _url(await self._service.ticket(upload.upload_id, signed=True))
                    elif error.status in _ANEW:
                        there.forget()
                    raise

            before = -1
            while before < there.size_bytes:  # after progress, the attempts start over
                before = there.size_bytes
                try:
                    await self._retrying(once, when=_worth_repeating)
                except UnreachableError:
                    if before == there.size_bytes:
                        raise
                else:
                    break
        return there.size_bytes, there.sha256


class _Partial:
    """The received bytes."""

    def __init__(self, file: BinaryIO, etag: str | None, meter: Meter) -> None:
        self._file = file
        self._etag = f'"{etag.strip(_QUOTE)}"' if etag else None
        self._meter = meter
        self._digest: Any = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The hash, 64 hex digits."""
        return str(self._digest.hexdigest())

    def read(self) -> None:
        """Hash the bytes of an earlier download."""
        self._file.seek(0)
        while block := self._file.read(BLOCK_BYTES):
            self._count(block)

    def headers(self) -> dict[str, str]:
        """Return the headers that request the rest of the same bytes."""
        headers = {"Accept-Encoding": "identity"}
        if self.size_bytes:
            headers["Range"] = f"bytes={self.size_bytes}-"
            if self._etag:
                headers["If-Match"] = self._etag
        return headers

    def begin(self, answer: httpx.Response) -> Callable[[bytes], None]:
        """Return the function that receives the blocks of a response: of the rest, or of the whole."""
        if answer.status_code != httpx.codes.PARTIAL_CONTENT:
            self.forget()
        self._etag = answer.headers.get("etag", self._etag)
        return self._take

    def forget(self) -> None:
        """Start over."""
        self._file.truncate(0)
        self._meter.advance(-self.size_bytes)
        self._digest, self.size_bytes, self._etag = hashlib.sha256(), 0, None

    def _take(self, block: bytes) -> None:
        self._file.write(block)
        self._count(block)

    def _count(self, block: bytes) -> None:
        self._digest.update(block)
        self.size_bytes += len(block)
        self._meter.advance(len(block))


def _name(partial: Path, path: Path) -> None:
    """Give a file its name, unless another file has taken it in the meantime."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a file system without links
        partial.replace(path)
    else:
        partial.unlink()


def _exists(path: Path) -> FileError:
    return FileError(f"{path} already exists: choose another name, or allow it to be overwritten", "file_exists")


def _worth_repeating(error: UpwellError) -> bool:
    """Return whether to retry: an expired URL is requested again, and a mismatch starts the download over."""
    refused = isinstance(error, StorageRefusedError) and error.status in {_FORBIDDEN, *_ANEW}
    return refused or safe_to_repeat(error)


def _url(ticket: Ticket) -> str:
    if ticket.download_url is None:
        raise FileError(
            f"the upload {ticket.upload.upload_id} is {ticket.upload.status} and has no bytes to download", "no_bytes"
        )
    return ticket.download_url


def _path(target: Path | None, upload: Upload) -> Path:
    name = Path(upload.filename or upload.upload_id).name
    if target is None:
        return Path(name)
    return target / name if target.is_dir() else target


def _check(upload: Upload, size_bytes: int, sha256: str) -> None:
    if upload.file_size_bytes is not None and upload.file_size_bytes != size_bytes:
        raise MismatchError(
            f"{size_bytes} bytes of {upload.upload_id} arrived, but it has {upload.file_size_bytes}", "size_mismatch"
        )
    if upload.file_hash is not None and upload.file_hash != sha256:
        raise MismatchError(
            f"the SHA-256 of the bytes of {upload.upload_id} is {sha256}, but should be {upload.file_hash}",
            "hash_mismatch",
        )
