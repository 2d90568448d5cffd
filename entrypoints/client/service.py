"""The service as a client sees it: the calls of the wire contract that the command line makes."""

import ssl
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from entrypoints.client.errors import AnsweredError, ClientError
from entrypoints.client.retrying import (
    ATTEMPTS,
    Retrying,
    retry_after_seconds,
    safe_to_repeat,
    unreachable,
)
from entrypoints.client.target import Target

FIRST_CONTACT_ATTEMPTS = 3
PAGE = 100
_TIMEOUT = httpx.Timeout(120, connect=10, write=60)
_CANCEL_SECONDS = 5.0

Answer = TypeVar("Answer")


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload as far as the client uses it. `message`: what the service says of it, such as why it failed."""

    upload_id: str
    status: str
    object_id: str | None = None
    is_duplicate: bool = False
    duplicate_of_upload_id: str | None = None
    skipped_unique_key: bool = False
    existing_object_id: str | None = None
    message: str | None = None


class Asked(Upload, frozen=True, kw_only=True):
    """The answer to the question for a URL. `presigned_url` None: nothing is to be sent."""

    presigned_url: str | None = None
    required_headers: dict[str, str] | None = None
    expires_at: datetime


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """A property of a bucket's schema."""

    type: str


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket's schema."""

    properties: dict[str, Property] = {}


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket as far as the client uses it."""

    bucket_id: str
    bucket_name: str
    bucket_schema: Schema | None = None


class _Pagination(msgspec.Struct, frozen=True, kw_only=True):
    has_more: bool
    next_cursor: str | None = None


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    results: list[dict[str, Any]]
    pagination: _Pagination


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    status: str | None = None


class _Error(msgspec.Struct, frozen=True, kw_only=True):
    message: str
    code: str = "error"
    details: _Details = _Details()


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    error: _Error


class Service:
    """Speaks to one service as one key. Every method raises `ClientError` with a sentence when it cannot."""

    def __init__(
        self,
        target: Target,
        retrying: Retrying,
        *,
        transport: httpx.BaseTransport | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._bucket = f"/v1/buckets/{quote(target.bucket, safe='')}"
        self._url = target.url
        self._retrying = retrying
        self._http = httpx.Client(
            base_url=target.url,
            headers={"Authorization": f"Bearer {target.api_key}", "X-Namespace": target.namespace},
            timeout=_TIMEOUT,
            transport=transport,
            verify=verify,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def bucket(self) -> Bucket:
        """Return the bucket; being the first thing that is asked, it gives up soon."""
        return self._call("GET", self._bucket, Bucket, attempts=FIRST_CONTACT_ATTEMPTS)

    def ask(self, announcement: dict[str, Any]) -> Asked:
        """Ask for a URL, under an idempotency key: however often the question is repeated, it makes one upload."""
        return self._call(
            "POST",
            f"{self._bucket}/uploads",
            Asked,
            body=announcement,
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )

    def confirm(self, upload_id: str, *, etag: str | None, size_bytes: int) -> Upload:
        """Confirm what was sent."""
        claimed = {"etag": etag or None, "file_size_bytes": size_bytes or None}
        body = {name: value for name, value in claimed.items() if value is not None}
        return self._call("POST", f"{self._bucket}/uploads/{upload_id}/confirm", Upload, body=body)

    def upload(self, upload_id: str) -> Upload:
        """Return an upload as it stands."""
        return self._call("GET", f"/v1/uploads/{quote(upload_id, safe='')}", Upload)

    def record(self, upload_id: str) -> dict[str, Any]:
        """Return an upload with all that the service says of it."""
        path = f"/v1/uploads/{quote(upload_id, safe='')}"
        return self._call("GET", path, dict[str, Any], attempts=FIRST_CONTACT_ATTEMPTS)

    def uploads(self, *, status: str | None, search: str | None, limit: int) -> Iterator[dict[str, Any]]:
        """Yield up to `limit` uploads of the bucket, newest first."""
        cursor = None
        while limit > 0:
            body: dict[str, Any] = {"limit": min(limit, PAGE)}
            if status is not None:
                body["filters"] = {"status": status}
            if search is not None:
                body["search"] = search
            page = self._call(
                "POST",
                f"{self._bucket}/uploads/list",
                _Page,
                body=body,
                params={"cursor": cursor} if cursor else {},
                attempts=FIRST_CONTACT_ATTEMPTS,
            )
            yield from page.results
            limit -= len(page.results)
            cursor = page.pagination.next_cursor
            if cursor is None:
                return

    def cancel(self, upload_id: str) -> bool:
        """Give an upload up, trying once; return whether the service knows."""
        try:
            answer = self._http.delete(f"{self._bucket}/uploads/{upload_id}", timeout=_CANCEL_SECONDS)
        except httpx.TransportError:
            return False
        return answer.is_success

    def _call(
        self,
        method: str,
        path: str,
        kind: type[Answer],
        *,
        body: dict[str, Any] | None = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        content = None if body is None else msgspec.json.encode(body)
        sent = {**(headers or {}), **({} if content is None else {"Content-Type": "application/json"})}

        def once() -> httpx.Response:
            try:
                answer = self._http.request(method, path, content=content, headers=sent, params=params)
            except httpx.TransportError as error:
                raise unreachable(self._url, error) from error
            except httpx.DecodingError as error:
                raise self._strange() from error
            if not answer.is_success:
                raise self._error(answer)
            return answer

        answer = self._retrying(once, when=safe_to_repeat, attempts=attempts)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise self._strange() from error

    def _error(self, answer: httpx.Response) -> AnsweredError:
        try:
            told = msgspec.json.decode(answer.content, type=_Envelope).error
        except msgspec.MsgspecError:
            told = _Error(message=f"{self._url} answered {answer.status_code}, and not as Upwell does", code="http")
        return AnsweredError(
            told.message,
            told.code,
            status=answer.status_code,
            retry_after_seconds=retry_after_seconds(answer, now=time.time()),
            upload_status=told.details.status,
        )

    def _strange(self) -> ClientError:
        return ClientError(f"{self._url} does not answer as Upwell does: is UPWELL_URL right?", "strange_answer")
