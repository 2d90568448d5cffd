"""The service and storage: the calls of the wire contract, with retries where they are safe."""

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx

from upwell_client.errors import (
    ANSWERED,
    AnsweredError,
    MethodNotAllowedError,
    NotFoundError,
    StorageRefusedError,
    StrangeAnswerError,
)
from upwell_client.results import Upload
from upwell_client.retrying import Retrying, retry_after_seconds, safe_to_repeat, unreachable
from upwell_client.wires import Begin, Content, Request, Wire, now

_TIMEOUT = httpx.Timeout(120, connect=10, write=60)
_STORAGE_TIMEOUT = httpx.Timeout(
    300, connect=10, write=60
)  # storage may be slow between the last byte and its response
_CANCEL_TIMEOUT = httpx.Timeout(5.0)
_PLAIN_MD5 = re.compile(r"[0-9a-f]{32}")
_TOLD_BYTES = 4096
_CLIENT_ERRORS = range(400, 500)
_TIMES = frozenset({"created_at", "expires_at", "completed_at", "verified_at", "deletes_at"})
_FIELDS = tuple(field.name for field in fields(Upload))

Result = TypeVar("Result")
Parse = Callable[[Any], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An upload, and how to send it. `url` None: there is nothing to send, or the parts are signed individually.

    `fields`: of the form, if it is sent by one. `part_count` None: the size was not announced. `checked`: storage
    checks the bytes, and each part is requested with its SHA-256.
    """

    upload: Upload
    method: Literal["put", "post", "multipart"]
    url: str | None
    required_headers: Mapping[str, str]
    fields: Mapping[str, str] | None
    part_size: int
    part_count: int | None
    checked: bool
    download_url: str | None

    @property
    def signs_ahead(self) -> bool:
        """Return whether parts can be requested by number only."""
        return self.part_count is not None and not self.checked


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPart:
    """A URL for one part, or for the whole file. `fields`: of the form that sends it; None: a PUT does."""

    part_number: int
    url: str
    required_headers: Mapping[str, str]
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """A part in storage. `etag`: without quotes; `sha256`: if storage reports it."""

    part_number: int
    size_bytes: int
    etag: str
    sha256: str | None

    @property
    def md5(self) -> str | None:
        """Return the ETag if it looks like an MD5."""
        return self.etag if _PLAIN_MD5.fullmatch(self.etag) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The service, and the credentials."""

    url: str
    api_key: str
    namespace: str


class Service:
    """Calls one service with one key. Every method raises `UpwellError` on failure."""

    def __init__(self, wire: Wire, account: Account, retrying: Retrying) -> None:
        self._wire = wire
        self._account = account
        self._retrying = retrying

    async def request_upload(
        self, bucket: str, announcement: Mapping[str, Any], *, policy: str | None, idempotency_key: str | None
    ) -> Ticket:
        """Request an upload with an idempotency key, so that retries create only one upload."""
        return await self._call(
            "POST",
            f"/v1/buckets/{quote(bucket, safe='')}/uploads",
            _ticket,
            body=announcement,
            params={"policy": policy} if policy else {},
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
        )

    async def ticket(self, upload_id: str, *, signed: bool = False, wait_seconds: float = 0) -> Ticket:
        """Return the current state of an upload; `signed`: with fresh URLs.

        `wait_seconds`: while it is open, the service responds when it has ended, or after this time.
        """
        params = {"return_presigned_urls": "true"} if signed else {}
        if wait_seconds:
            params["wait"] = f"{wait_seconds:.3f}"
        return await self._call("GET", _path(upload_id), _ticket, params=params)

    async def sign(self, upload_id: str) -> Ticket:
        """Return a pending upload with a fresh URL; an older service returns the remaining time of the old one."""
        try:
            return await self._call("POST", f"{_path(upload_id)}/sign", _ticket)
        except (NotFoundError, MethodNotAllowedError) as error:
            if error.code not in {"no_such_route", "method_not_allowed"}:
                raise
            return await self.ticket(upload_id, signed=True)

    async def sign_parts(self, upload_id: str, numbers: Sequence[int]) -> dict[int, SignedPart]:
        """Return a URL for each of these parts, at most 1,000."""
        body = {"part_numbers": list(numbers)}
        return await self._call("POST", f"{_path(upload_id)}/parts/sign", _signed_parts, body=body)

    async def sign_part(self, upload_id: str, number: int, *, size_bytes: int, sha256: str | None = None) -> SignedPart:
        """Return a URL for a part of this size; `sha256`: storage accepts only these bytes."""
        part = {"part_number": number, "size_bytes": size_bytes}
        body = {"parts": [part if sha256 is None else {**part, "sha256": sha256}]}
        return (await self._call("POST", f"{_path(upload_id)}/parts/sign", _signed_parts, body=body))[number]

    async def stored_parts(self, upload_id: str) -> dict[int, StoredPart]:
        """Return the parts of a multipart upload in storage."""
        return await self._call("GET", f"{_path(upload_id)}/parts", _stored_parts)

    async def confirm(self, upload_id: str, *, etag: str | None, size_bytes: int) -> Upload:
        """Confirm the sent bytes."""
        claimed = {"etag": etag or None, "file_size_bytes": size_bytes or None}
        body = {name: value for name, value in claimed.items() if value is not None}
        return (await self._call("POST", f"{_path(upload_id)}/confirm", _ticket, body=body)).upload

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        attempts: int | None = None,
    ) -> Any:  # noqa: ANN401  # JSON
        """Return the response to a repeatable call."""
        return await self._call(method, path, lambda data: data, body=body, params=params, attempts=attempts)

    async def cancel(self, upload_id: str) -> None:
        """Cancel an upload, without retries; a finished upload is refused, and stays."""
        await self._call(
            "DELETE",
            _path(upload_id),
            lambda _: None,
            params={"only_open": "true"},
            attempts=1,
            timeout=_CANCEL_TIMEOUT,
        )

    async def blobs(self, bucket: str, object_id: str) -> list[dict[str, Any]]:
        """Return the parts of an object."""
        path = f"/v1/buckets/{quote(bucket, safe='')}/objects/{quote(object_id, safe='')}"
        return await self._call("GET", path, lambda data: list(data["blobs"]))

    async def put(self, url: str, headers: Mapping[str, str], content: Content) -> str | None:
        """Send bytes to storage once, with exactly these headers (and their length); return the ETag, if there is one.

        Existing bytes (412) are not an error: they may be ours, and the confirmation checks them.
        """
        given = {name.lower() for name in headers}
        length = {} if "content-length" in given else {"Content-Length": str(content.size_bytes)}
        answer = await self._storage(
            self._wire.call(
                Request(method="PUT", url=url, headers={**headers, **length}, timeout=_STORAGE_TIMEOUT, content=content)
            )
        )
        if not answer.is_success and answer.status_code != httpx.codes.PRECONDITION_FAILED:
            raise _refused("refused the bytes", answer)
        etag: str | None = answer.headers.get("etag")
        return etag

    async def post(self, url: str, fields: Mapping[str, str], content: Content) -> str | None:
        """Send a form with the bytes to storage once; return the ETag, if there is one."""
        boundary = f"upwell-{uuid.uuid4().hex}"
        body = _form(fields, content, boundary)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(body.size_bytes),
        }
        answer = await self._storage(
            self._wire.call(Request(method="POST", url=url, headers=headers, timeout=_STORAGE_TIMEOUT, content=body))
        )
        if not answer.is_success:
            raise _refused("refused the bytes", answer)
        in_body = re.search(r"<ETag>(?:&#34;|&quot;|\")?([^<&\"]+)", answer.text)
        etag: str | None = answer.headers.get("etag") or (in_body and in_body[1])
        return etag

    async def fetch(self, url: str, headers: Mapping[str, str], begin: Begin) -> None:
        """Read bytes from storage once; `begin` gets a successful response, and returns the receiver of the blocks."""
        answer = await self._storage(
            self._wire.fetch(
                Request(method="GET", url=url, headers=headers, timeout=_STORAGE_TIMEOUT),
                lambda answer: begin(answer) if answer.is_success else None,
            )
        )
        if not answer.is_success:
            raise _refused("refused to return the bytes:", answer)

    async def _storage(self, call: Awaitable[httpx.Response]) -> httpx.Response:
        try:
            return await call
        except httpx.TransportError as error:
            raise unreachable("the storage", error) from error

    async def _call(
        self,
        method: str,
        path: str,
        parse: Parse[Result],
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: int | None = None,
        timeout: httpx.Timeout = _TIMEOUT,  # noqa: ASYNC109  # httpx's
    ) -> Result:
        account = self._account
        request = Request(
            method=method,
            url=f"{account.url}{path}",
            headers={
                "Authorization": f"Bearer {account.api_key}",
                "X-Namespace": account.namespace,
                **({} if body is None else {"Content-Type": "application/json"}),
                **(headers or {}),
            },
            timeout=timeout,
            content=None if body is None else json.dumps(body).encode(),
            params=params or {},
        )

        async def once() -> httpx.Response:
            try:
                answer = await self._wire.call(request)
            except httpx.TransportError as error:
                raise unreachable(account.url, error) from error
            except httpx.DecodingError as error:
                raise StrangeAnswerError(account.url) from error
            if not answer.is_success:
                raise _error(account.url, answer)
            return answer

        answer = await self._retrying(once, when=safe_to_repeat, attempts=attempts)
        try:
            return parse(answer.json() if answer.content else None)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StrangeAnswerError(account.url) from error


def _form(fields: Mapping[str, str], content: Content, boundary: str) -> Content:
    """Return a form with these fields, and the bytes in the field `file` at its end."""
    before = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    before += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
    head, tail = before.encode(), f"\r\n--{boundary}--\r\n".encode()

    def blocks() -> Iterator[bytes]:
        yield head
        yield from content.blocks()
        yield tail

    return Content(len(head) + content.size_bytes + len(tail), blocks)


def _path(upload_id: str) -> str:
    return f"/v1/uploads/{quote(upload_id, safe='')}"


def _error(url: str, answer: httpx.Response) -> AnsweredError:
    try:
        data = answer.json()["error"]
        kind, message, code = str(data.get("type")), str(data["message"]), str(data.get("code", "error"))
        details = dict(data.get("details") or {})
    except (ValueError, KeyError, TypeError, AttributeError):
        kind = "ClientError" if answer.status_code in _CLIENT_ERRORS else "InternalServerError"
        message, code, details = (
            f"{url} responded with {answer.status_code}, and not like an Upwell service",
            "http",
            {},
        )
    return ANSWERED.get(kind, AnsweredError)(
        message,
        code,
        status=answer.status_code,
        details=details,
        retry_after_seconds=retry_after_seconds(answer, now=now()),
    )


def _refused(what: str, answer: httpx.Response) -> StorageRefusedError:
    data = answer.content[:_TOLD_BYTES].decode(errors="replace")
    code, message = (re.search(rf"<{tag}>([^<]+)</{tag}>", data) for tag in ("Code", "Message"))
    return StorageRefusedError(
        f"storage {what} with {answer.status_code}: {message[1] if message else 'no reason given'}",
        code[1] if code else "storage_refused",
        status=answer.status_code,
        retry_after_seconds=retry_after_seconds(answer, now=now()),
    )


def _ticket(data: Any) -> Ticket:  # noqa: ANN401  # JSON
    values = {name: data[name] for name in _FIELDS if data.get(name) is not None}
    times = {name: datetime.fromisoformat(values[name]) for name in _TIMES & values.keys()}
    return Ticket(
        upload=Upload(**{**values, **times}),
        method=data.get("method") or "put",
        url=data.get("presigned_url") or (data.get("post") or {}).get("url"),
        required_headers=data.get("required_headers") or {},
        fields=(data.get("post") or {}).get("fields"),
        part_size=data.get("part_size") or 0,
        part_count=data.get("part_count"),
        checked=data.get("integrity") == "storage",
        download_url=data.get("download_url"),
    )


def _signed_parts(data: Any) -> dict[int, SignedPart]:  # noqa: ANN401  # the same
    return {
        part["part_number"]: SignedPart(
            part_number=part["part_number"], url=part["url"], required_headers=part.get("required_headers") or {}
        )
        for part in data["parts"]
    }


def _stored_parts(data: Any) -> dict[int, StoredPart]:  # noqa: ANN401  # the same
    return {
        part["part_number"]: StoredPart(
            part_number=part["part_number"],
            size_bytes=part["size_bytes"],
            etag=(part.get("etag") or "").strip('"'),
            sha256=part.get("sha256"),
        )
        for part in data["parts"]
    }
