"""The clients: `Client` blocks, `AsyncClient` is for asyncio. Both share their implementation."""

import asyncio
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack
from urllib.parse import urlsplit

import httpx

from upwell_client.downloading import Downloading, DownloadOptions
from upwell_client.errors import UpwellError
from upwell_client.metering import Meter, Tell
from upwell_client.results import Download, Upload
from upwell_client.retrying import Retries, Retrying
from upwell_client.service import Account, Service
from upwell_client.sources import AsyncGiven, Given
from upwell_client.uploading import ResumeOptions, Uploading, UploadOptions
from upwell_client.wires import AsyncioWire, BlockingWire, Wire, run

USER_AGENT = "upwell-client/0.1.0"
LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")  # a proxy would lead to another machine
MAX_TRANSFERS = 64

TellRetry = Callable[[UpwellError, float], None]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The shared implementation of both clients."""

    account: Account
    bucket: str | None
    retries: Retries
    on_retry: TellRetry | None

    def service(self, wire: Wire) -> Service:
        return Service(wire, self.account, self._retrying(wire))

    async def upload(self, wire: Wire, given: AsyncGiven, options: UploadOptions) -> Upload:
        bucket = options.get("bucket") or self.bucket
        if bucket is None:
            raise UpwellError("no bucket: pass one, or create the client with a bucket", "no_bucket")
        return await self._uploading(wire, options.get("progress")).upload(given, bucket, options)

    async def resume(self, wire: Wire, upload_id: str, given: AsyncGiven, options: ResumeOptions) -> Upload:
        return await self._uploading(wire, options.get("progress")).resume(upload_id, given, options)

    async def download(
        self, wire: Wire, thing: str, path: str | os.PathLike[str] | None, options: DownloadOptions
    ) -> Download:
        bucket = options.get("bucket") or (self.bucket if thing.startswith("obj_") else None)
        meter = Meter(options.get("progress"))
        downloading = Downloading(wire, self.service(wire), self._retrying(wire), meter)
        return await downloading.download(thing, None if path is None else Path(path), bucket, options)

    async def get(self, wire: Wire, upload_id: str) -> Upload:
        return (await self.service(wire).ticket(upload_id)).upload

    def _uploading(self, wire: Wire, tell: Tell | None) -> Uploading:
        return Uploading(wire, self.service(wire), self._retrying(wire), Meter(tell))

    def _retrying(self, wire: Wire) -> Retrying:
        return Retrying(wire, self.retries, self.on_retry)


class Client:
    """Uploads and downloads files, and returns when they are complete. May be used by several threads.

    `bucket`: the default bucket of uploads; its id or name. `on_retry`: called before each retry, with the error
    and the delay in seconds. `max_transfers`: how many files and parts are sent at once in total.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        namespace: str,
        *,
        bucket: str | None = None,
        retries: Retries | None = None,
        on_retry: TellRetry | None = None,
        max_transfers: int = MAX_TRANSFERS,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._work = _work(url, api_key, namespace, bucket, retries, on_retry)
        self._slots = threading.Semaphore(max_transfers)
        self._http = httpx.Client(
            verify=verify, transport=transport, headers={"User-Agent": USER_AGENT}, mounts=dict.fromkeys(LOOPBACK)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def upload(self, given: Given, **options: Unpack[UploadOptions]) -> Upload:
        """Upload a path, a file object, bytes or an iterator of bytes, and return it when it is verified.

        An error notes the upload that it left behind in `upload_id`; `resume` finishes it.
        """
        return run(self._work.upload(self._wire(), given, options))

    def resume(self, upload_id: str, given: Given, **options: Unpack[ResumeOptions]) -> Upload:
        """Send the missing bytes of an upload, and return the upload when it is verified."""
        return run(self._work.resume(self._wire(), upload_id, given, options))

    def download(
        self, thing: str, path: str | os.PathLike[str] | None = None, **options: Unpack[DownloadOptions]
    ) -> Download:
        """Download an upload or the file of an object (`obj_…`) to a path, a folder, or here under its own name."""
        return run(self._work.download(self._wire(), thing, path, options))

    def get(self, upload_id: str) -> Upload:
        """Return the current state of an upload."""
        return run(self._work.get(self._wire(), upload_id))

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        attempts: int | None = None,
    ) -> Any:  # noqa: ANN401  # JSON
        """Return the JSON of any other response, such as `GET /v1/buckets/…`; only for repeatable requests."""
        return run(self._work.service(self._wire()).call(method, path, body=body, params=params, attempts=attempts))

    def cancel(self, upload_id: str) -> None:
        """Cancel an upload, without retries."""
        run(self._work.service(self._wire()).cancel(upload_id))

    def _wire(self) -> BlockingWire:
        return BlockingWire(self._http, self._slots)


class AsyncClient:
    """The same as `Client`, for asyncio. Also accepts asynchronous iterators."""

    def __init__(
        self,
        url: str,
        api_key: str,
        namespace: str,
        *,
        bucket: str | None = None,
        retries: Retries | None = None,
        on_retry: TellRetry | None = None,
        max_transfers: int = MAX_TRANSFERS,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._work = _work(url, api_key, namespace, bucket, retries, on_retry)
        self._http = httpx.AsyncClient(
            verify=verify, transport=transport, headers={"User-Agent": USER_AGENT}, mounts=dict.fromkeys(LOOPBACK)
        )
        self._slots = asyncio.Semaphore(max_transfers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def upload(self, given: AsyncGiven, **options: Unpack[UploadOptions]) -> Upload:
        """Upload a path, a file object, bytes or an iterator of bytes, and return it when it is verified.

        An error notes the upload that it left behind in `upload_id`; `resume` finishes it.
        """
        return await self._work.upload(self._wire(), given, options)

    async def resume(self, upload_id: str, given: Given, **options: Unpack[ResumeOptions]) -> Upload:
        """Send the missing bytes of an upload, and return the upload when it is verified."""
        return await self._work.resume(self._wire(), upload_id, given, options)

    async def download(
        self, thing: str, path: str | os.PathLike[str] | None = None, **options: Unpack[DownloadOptions]
    ) -> Download:
        """Download an upload or the file of an object (`obj_…`) to a path, a folder, or here under its own name."""
        return await self._work.download(self._wire(), thing, path, options)

    async def get(self, upload_id: str) -> Upload:
        """Return the current state of an upload."""
        return await self._work.get(self._wire(), upload_id)

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        attempts: int | None = None,
    ) -> Any:  # noqa: ANN401  # JSON
        """Return the JSON of any other response, such as `GET /v1/buckets/…`; only for repeatable requests."""
        return await self._work.service(self._wire()).call(method, path, body=body, params=params, attempts=attempts)

    async def cancel(self, upload_id: str) -> None:
        """Cancel an upload, without retries."""
        await self._work.service(self._wire()).cancel(upload_id)

    def _wire(self) -> AsyncioWire:
        return AsyncioWire(self._http, self._slots)


def _work(
    url: str,
    api_key: str,
    namespace: str,
    bucket: str | None,
    retries: Retries | None,
    on_retry: TellRetry | None,
) -> _Work:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UpwellError(f"the URL must begin with http:// or https:// and have a host; it is {url!r}", "not_usable")
    return _Work(
        account=Account(url=url.rstrip("/"), api_key=api_key, namespace=namespace),
        bucket=bucket,
        retries=retries or Retries(),
        on_retry=on_retry,
    )
