"""Sending the bytes to the presigned URL: a stream in constant memory, again from the start where that can help."""

import re
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from entrypoints.client.errors import AnsweredError
from entrypoints.client.files import LocalFile
from entrypoints.client.retrying import Judge, Retrying, retry_after_seconds, safe_to_repeat, unreachable

_TIMEOUT = httpx.Timeout(300, connect=10, write=60)  # storage may take its time between the last byte and its answer
_EXISTS = 412
_AGAIN = frozenset({"RequestTimeout", "ConditionalRequestConflict", "OperationAborted", "SlowDown"})
_TOLD_BYTES = 4096


class Sender:
    """PUTs files to storage, as whoever signed the URL."""

    def __init__(
        self,
        retrying: Retrying,
        *,
        now: Callable[[], float],
        transport: httpx.BaseTransport | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._retrying = retrying
        self._now = now
        self._http = httpx.Client(timeout=_TIMEOUT, transport=transport, verify=verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def put(self, file: LocalFile, url: str, headers: dict[str, str], advance: Callable[[int], None]) -> str | None:
        """Send a file with exactly these headers (and its length) and return the ETag, if storage told one.

        `advance` is called with the bytes of each block; negative: they are sent again. Raises `FileChangedError` when
        the file became shorter. That bytes are there already (412) is no error: they may be ours, and the confirmation
        tells.
        """
        given = {name.lower() for name in headers}
        length = {} if "content-length" in given else {"Content-Length": str(file.size_bytes)}

        def once() -> str | None:
            sent = 0

            def count(size_bytes: int) -> None:
                nonlocal sent
                sent += size_bytes
                advance(size_bytes)

            def take_back() -> None:
                if sent:
                    advance(-sent)

            try:
                answer = self._http.put(url, content=file.blocks(count), headers={**headers, **length})
            except httpx.TransportError as error:
                take_back()
                raise unreachable("the storage", error) from error
            if answer.is_success or answer.status_code == _EXISTS:
                etag: str | None = answer.headers.get("etag")
                return etag
            take_back()
            raise self._refused(answer)

        return self._retrying(once, when=_worth_repeating)

    def _refused(self, answer: httpx.Response) -> AnsweredError:
        told = answer.content[:_TOLD_BYTES].decode(errors="replace")
        code, message = (re.search(rf"<{tag}>([^<]+)</{tag}>", told) for tag in ("Code", "Message"))
        return AnsweredError(
            f"the storage refused the bytes with {answer.status_code}: {message[1] if message else 'no reason given'}",
            code[1] if code else "storage_refused",
            status=answer.status_code,
            retry_after_seconds=retry_after_seconds(answer, now=self._now()),
        )


def _also(judge: Judge, codes: frozenset[str]) -> Judge:
    return lambda error: judge(error) or error.code in codes


_worth_repeating = _also(safe_to_repeat, _AGAIN)
