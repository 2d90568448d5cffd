"""Server-sent events: a response that continues while its reader accepts it and may read it.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html. One page of events is in memory at a time,
and the next one is read when the reader has accepted it. A reader that accepts nothing for a while is disconnected, and
resumes later from the last id that it got: even the first block has one.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
from litestar.response import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from application.events.reading import FeedEvent, Interest
from application.keys.callers import Caller
from application.ports.events.event_log import LogUnavailableError
from domain.events.cloud_events import CloudEvent
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
Show = Callable[[CloudEvent], CloudEvent | None]
_CHECKED_AT_ONCE = 100
_LAST_WORDS_SECONDS = 1.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Streams:
    """The open streams of this process: event streams, and requests that wait for events.

    One task checks the readers of all streams, so that a stream that waits for an event has nothing else to do.
    """

    def __init__(self, per_key: int) -> None:
        self._per_key = per_key
        self._open: Counter[object] = Counter()
        self._leaving: dict[_Stream, Callable[[], None]] = {}

    async def check_readers(self) -> None:
        """End the streams of callers that may no longer read. Never returns."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for number, stream in enumerate(list(self._leaving)):
                try:
                    may_stay = await stream.may_stay()
                except Exception:  # noqa: BLE001  # the others are checked all the same
                    may_stay = False
                leave = self._leaving.get(stream)
                if leave is not None and not may_stay:
                    leave()
                if number % _CHECKED_AT_ONCE == 0:
                    await asyncio.sleep(0)

    @contextmanager
    def checked(self, stream: "_Stream", leave: Callable[[], None]) -> Iterator[None]:
        """Check the reader of a stream while inside. `leave`: ends it."""
        self._leaving[stream] = leave
        try:
            yield
        finally:
            del self._leaving[stream]

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
        if not caller.is_key:
            holder = caller.holder_id if caller.event_token is None else caller.event_token.token_id
            yield holder, max(self._per_key // SHARE_OF_A_TOKEN, 1), "token"


class EventStream(Response[Any]):
    """The response of a route that streams."""

    def __init__(
        self,
        services: Services,
        streams: Streams,
        interest: Interest,
        after: int,
        caller: Caller,
        show: Show | None = None,
    ) -> None:
        """`show`: how the reader sees an event; None: as it is."""
        self._stream = _Stream(services, streams, interest, after, caller, show)

    def to_asgi_response(self, app: object, request: object, **_: object) -> ASGIResponse:  # noqa: ARG002  # Litestar's signature
        """Return the response."""
        return self._stream


class _Stream(ASGIResponse):
    __slots__ = ("_after", "_caller", "_interest", "_refusal", "_services", "_show", "_streams")

    def __init__(
        self,
        services: Services,
        streams: Streams,
        interest: Interest,
        after: int,
        caller: Caller,
        show: Show | None = None,
    ) -> None:
        self._services = services
        self._streams = streams
        self._interest = interest
        self._after = after
        self._caller = caller
        self._show = show
        self._refusal = b""
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
                with self._streams.checked(self, leave):
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
        takes_nothing = too_slow or not await self._end(send)
        if takes_nothing and connection is not None:
            connection.abort()  # otherwise its buffered bytes would be kept forever

    async def _end(self, send: Send) -> bool:
        """Send the reason of the end, if there is one; return whether the reader takes it."""
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await send({"type": "http.response.body", "body": self._refusal, "more_body": False})
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await _send(send, b"id: %d\nretry: %d\n\n" % (self._after, RETRY_MILLISECONDS))
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        generation = self._services.ports.directory.generation
        after = self._after
        while True:
            left = sent_at + HEARTBEAT_SECONDS - loop.time()
            try:
                page = await self._services.read_events.wait(self._interest, after=after, limit=_PAGE, seconds=left)
            except RefusedError as error:  # the log has become shorter
                self._refusal = _closed(error)
                return
            if generation != self._services.ports.directory.generation:
                generation = self._services.ports.directory.generation
                if not await self.may_stay():
                    return
            now = loop.time()
            if page.events:
                await _send(send, _events(page.events, self._show))
                sent_at = now
            elif now - sent_at >= HEARTBEAT_SECONDS:
                await _send(send, b"id: %d\n\n" % page.position)  # a reader resumes after events that it may not see
                sent_at = now
            after = page.position

    async def may_stay(self) -> bool:
        """Return whether the reader may still read; if not, the stream ends with the reason."""
        try:
            await self._services.admit.still(self._caller)
        except RefusedError as error:
            self._refusal = _closed(error)
            return False
        except LogUnavailableError:  # the reader reconnects
            return False
        return True


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


def _events(events: Sequence[FeedEvent], show: Show | None) -> bytes:
    if show is None:
        return b"".join([b"id: %d\ndata: %b\n\n" % (event.position, event.message) for event in events])
    blocks = []
    for event in events:
        seen = show(event.envelope)
        data = b"" if seen is None else b"data: %b\n" % msgspec.json.encode(seen)
        blocks.append(b"id: %d\n%b\n" % (event.position, data))
    return b"".join(blocks)
