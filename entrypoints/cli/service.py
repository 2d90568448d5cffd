"""The requests of the command line to the service, besides the uploads and downloads of the client library."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from entrypoints.cli.target import Target
from entrypoints.cli.translating import of_retries, translated
from upwell_client import Client, StrangeAnswerError
from upwell_client.client import MAX_TRANSFERS

FIRST_CONTACT_ATTEMPTS = 3
PAGE = 100

Answer = TypeVar("Answer")


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """A property of a bucket's schema."""

    type: str


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket's schema."""

    properties: dict[str, Property] = {}


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a bucket that the client uses."""

    bucket_id: str
    bucket_name: str
    bucket_schema: Schema | None = None


class _Pagination(msgspec.Struct, frozen=True, kw_only=True):
    has_more: bool
    next_cursor: str | None = None


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    results: list[dict[str, Any]]
    pagination: _Pagination


def client_of(target: Target, note: Callable[[str], None], *, max_transfers: int = MAX_TRANSFERS) -> Client:
    """Return a client of the target; `note` is called for each retry."""
    return Client(
        target.url,
        target.api_key,
        target.namespace,
        bucket=target.bucket,
        on_retry=of_retries(note),
        max_transfers=max_transfers,
    )


class Service:
    """Reads from one service with one key. As the first contact, it gives up early."""

    def __init__(self, client: Client, target: Target) -> None:
        self._client = client
        self._bucket = f"/v1/buckets/{quote(target.bucket, safe='')}"
        self._url = target.url

    def bucket(self) -> Bucket:
        """Return the bucket."""
        return self._call("GET", self._bucket, Bucket)

    def record(self, upload_id: str) -> dict[str, Any]:
        """Return the complete record of an upload."""
        return self._call("GET", f"/v1/uploads/{quote(upload_id, safe='')}", dict[str, Any])

    def delete(self, upload_id: str) -> None:
        """Cancel an upload, or delete a finished one with its bytes."""
        self._call("DELETE", f"/v1/uploads/{quote(upload_id, safe='')}", type(None))

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
            )
            yield from page.results
            limit -= len(page.results)
            cursor = page.pagination.next_cursor
            if cursor is None:
                return

    def _call(self, method: str, path: str, kind: type[Answer], **request: Any) -> Answer:  # noqa: ANN401  # as it is
        with translated():
            found = self._client.call(method, path, attempts=FIRST_CONTACT_ATTEMPTS, **request)
            try:
                return msgspec.convert(found, kind)
            except msgspec.ValidationError as error:
                raise StrangeAnswerError(self._url) from error
