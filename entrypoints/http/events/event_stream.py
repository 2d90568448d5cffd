"""Server-sent events: a response that continues while its reader accepts it and may read it.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html. One page of events is in memory at a time,
and the next one is read when the reader has accepted it. A reader that accepts nothing for a while is disconnected, and
resumes later from the last id that it got: even the first block has one.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import msgspec
from litestar.response import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from application.events.reading import FeedEvent, Interest
from application.keys.callers import Caller
from application.ports.events.event_log import LogUnavailableError
from domain.refusals import RefusedError, TooManyRequestsError
from entrypoints.http.answers.errors import kind_of
from entrypoints.http.transport.server import connection_of
from entrypoints.wiring.use_cases import Services

HEARTBEAT_SECONDS = 15.0
CHECK_SECONDS = 3.0  # how soon a change of the key is noticed
SLOW_SECONDS = 30.0  # how long a reader may take for one page
RETRY_MILLISECONDS = 2000
RETRY_AFTER_SECONDS = 15
SHARE_OF_A_TOKEN = 10
_PAGE = 200
_LAST_WORDS_SECONDS = 1.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Streams:
    """Counts the open streams of this process: event streams, and requests that wait for events."""

    def __init__(self, per_key: int) -> None:
        self._per_key = per_key
        self._open: Counter[object] = Counter()

    def check(self, caller: Caller) -> None:
        """Refuse another one if the key, or its token, has reached its limit."""
        for holder, most, what in self._shares(caller):
            if self._open[holder] >= most:
                raise TooManyRequestsError(
                    "too_many_streams",
                    f"This {what} has {most} event streams or waiting requests open, which is the limit: close one, or"
                    " share one between readers.",
                    {"limit": most, "retry_after_seconds": RETRY_AFTER_SECONDS},
                )

    @contextmanager
    def held(self, caller: Caller) -> Iterator[None]:
        """Count one while inside."""
        holders = [holder for holder, _, _ in self._shares(caller)]
        self._open.update(holders)
        try:
            yield
        finally:
            self._open.subtract(holders)
            for holder in holders:
                if not self._open[holder]:
                    del self._open[holder]

    def _shares(self, caller: Caller) -> Iterator[tuple[object, int, str]]:
        yield caller.key.key_id, self._per_key, "API key"
        token = caller.event_token or caller.token
        if token is not None:
            yield token, max(self._per_key // SHARE_OF_A_TOKEN, 1), "token"


class EventStream(Response[Any]):
    """The response of a route that streams."""

    def __init__(self, services: Services, streams: Streams, interest: Interest, after: int, caller: Caller) -> None:
        self._stream = _Stream(services, streams, interest, after, caller)

    def to_asgi_response(self, app: object, request: object, **_: object) -> ASGIResponse:  # noqa: ARG002  # Litestar's signature
        """Return the response."""
        return self._stream


class _Stream(ASGIResponse):
    __slots__ = ("_after", "_caller", "_interest", "_services", "_streams")

    def __init__(self, services: Services, streams: Streams, interest: Interest, after: int, caller: Caller) -> None:
        self._services = services
        self._streams = streams
        self._interest = interest
        self._after = after
        self._caller = caller
        self.status_code = 200
        self.body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.held(self._caller):
            await self._go_on(scope, receive, send)

    async def _go_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the reader has gone or the server stops, in the task of the request: a stream has no other."""
        connection = connection_of(scope)
        reading = asyncio.create_task(_gone(receive)) if connection is None else None
        too_slow = False
        try:
            async with asyncio.timeout(None) as staying:
                leave = partial(_expire, staying)
                if connection is not None:
                    connection.when_ending(leave)
                if reading is not None:
                    reading.add_done_callback(lambda _: leave())
                await self._write(send)
        except TimeoutError:
            too_slow = not staying.expired()
        except (OSError, LogUnavailableError):  # the reader reconnects
            pass
        finally:
            if connection is not None:
                connection.when_ending(None)
            if reading is not None:
                reading.cancel()
        if too_slow and connection is not None:
            connection.abort()  # otherwise its buffered bytes would be kept forever
            return
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await _send(send, b"id: %d\nretry: %d\n\n" % (self._after, RETRY_MILLISECONDS))
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        generation = self._services.ports.directory.generation
        checked_at = sent_at
        after = self._after
        while True:
            try:
                page = await self._services.read_events.wait(
                    self._interest, after=after, limit=_PAGE, seconds=CHECK_SECONDS
                )
            except RefusedError as error:  # the log has become shorter
                await _send(send, _closed(error))
                return
            now = loop.time()
            if now - checked_at >= CHECK_SECONDS or generation != self._services.ports.directory.generation:
                generation, checked_at = self._services.ports.directory.generation, now
                refusal = await self._refusal()
                if refusal is not None:
                    await _send(send, refusal)
                    return
            if page.events:
                await _send(send, _events(page.events))
                sent_at = now
            elif now - sent_at >= HEARTBEAT_SECONDS:
                await _send(send, b"id: %d\n\n" % page.position)  # a reader resumes after events that it may not see
                sent_at = now
            after = page.position

    async def _refusal(self) -> bytes | None:
        """Return the last message to a reader that may no longer read."""
        try:
            await self._services.admit.still(self._caller)
        except RefusedError as error:
            return _closed(error)
        return None


def _closed(error: RefusedError) -> bytes:
    status, kind = kind_of(error)
    body = {"status": status, "type": kind, "code": error.code, "message": error.message}
    return b"event: closed\ndata: %b\n\n" % msgspec.json.encode(body)


async def _send(send: Send, body: bytes) -> None:
    async with asyncio.timeout(SLOW_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": True})


def _expire(staying: asyncio.Timeout) -> None:
    if not staying.expired():
        staying.reschedule(asyncio.get_running_loop().time())


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _events(events: Sequence[FeedEvent]) -> bytes:
    return b"".join([b"id: %d\ndata: %b\n\n" % (event.position, event.message) for event in events])
