"""One request and its response on a connection: writes heads and bodies, with fewer steps than uvicorn's own class.

uvicorn searches each name and each value of a head with a regular expression, and writes head and body separately. Here
the finished head is checked once, and head and body leave in one write, if the body follows immediately.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

from litestar.types import Scope
from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, HTTPScope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

WHOLE = "upwell.whole"  # an extension of ASGI: `http.response.start` may have the whole body under this key
EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}}
_NEVER_IN_A_HEAD = bytes({*range(0x20), 0x7F} - {0x09})
_LINE_END = b"\r\n"
_BODILESS = {204, 304}
Headers = list[tuple[bytes, bytes]]


class Exchange(RequestResponseCycle):
    """A request, and the response to it."""

    def __init__(self, connection: HttpToolsProtocol, scope: HTTPScope, *, expects: bool, keep_alive: bool) -> None:
        """Begin one, without the base class, whose many arguments would cost as much as the rest.

        `expects`: the client waits for 100 Continue before it sends the body.
        """
        self.scope = scope
        self.transport = cast("asyncio.Transport", connection)  # which may close later than is asked for
        self.flow: FlowControl = connection.flow
        self.logger = connection.logger
        self.default_headers: Headers = connection.server_state.default_headers
        self.message_event = asyncio.Event()
        self.on_response: Callable[..., None] = connection.on_response_complete
        self.disconnected = False
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = expects
        self.body = bytearray()
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.chunked_encoding = False
        self.expected_content_length = 0
        self._until_close = False  # the end of the connection is the end of the body
        self._write: Callable[[bytes], None] = connection.transport.write
        self._call_soon = connection.loop.call_soon
        self._head = b""

    async def send(self, message: ASGISendEvent) -> None:
        """Send a part of the response; wait first if the client does not read."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            if message["type"] != "http.response.start":
                raise RuntimeError(f"Expected http.response.start, but got {message['type']}.")
            self._begin(cast("dict[str, Any]", message))
        elif self.response_complete:
            raise RuntimeError(f"Got {message['type']} after the end of the response.")
        elif message["type"] != "http.response.body":
            raise RuntimeError(f"Expected http.response.body, but got {message['type']}.")
        else:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))

    async def receive(self) -> ASGIReceiveEvent:
        """Return what has arrived of the body, as soon as there is more."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.waiting_for_100_continue = False
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def send_head(self) -> None:
        """Send a head whose body did not follow immediately."""
        if self._head:
            head, self._head = self._head, b""
            self._write(head)

    def lose(self) -> None:
        """Note that the client has gone: a head that is still here cannot be sent, nor what comes later."""
        self._head = b""
        if not self.response_complete:
            self.disconnected = True
        self.message_event.set()

    def _begin(self, message: dict[str, Any]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        status: int = message["status"]
        self._head = self._head_of(status, message.get("headers", ()))
        body: bytes | None = message.get(WHOLE)
        if body is None:
            self._call_soon(self.send_head)
        else:
            self._go_on(body, more=False)

    def _head_of(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return a head, and note what it says about the body and the connection."""
        self.chunked_encoding = False
        lines = [STATUS_LINE[status]]
        lines += [b"%b: %b\r\n" % header for header in (*self.default_headers, *headers)]
        named = dict(headers)  # in lower case, as ASGI wants them
        length = named.get(b"content-length")
        if length is not None:
            self.expected_content_length = int(length)
        elif named.get(b"transfer-encoding", b"").lower() == b"chunked":
            self.chunked_encoding = True
        elif status in _BODILESS or self.scope["method"] == "HEAD":
            pass
        elif self.scope["http_version"] == "1.0":  # which has no chunks
            self._until_close = True
            self.keep_alive = False
        else:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        if b"close" in named.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(_LINE_END)
        head = b"".join(lines)
        if len(head) - len(head.translate(None, _NEVER_IN_A_HEAD)) != len(_LINE_END) * len(lines):
            self.response_started = False
            raise RuntimeError("A header of the response has a control character.")
        return head

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        elif not self._until_close:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("The body of the response is longer than its Content-Length.")
        if self._head:
            body, self._head = self._head + body, b""
        if body:
            self._write(body)
        if not more:
            self._end()

    def _end(self) -> None:
        if self.expected_content_length != 0:
            raise RuntimeError("The body of the response is shorter than its Content-Length.")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def takes_whole(scope: Scope) -> bool:
    """Return whether the server takes a whole response in one message."""
    return WHOLE in (scope.get("extensions") or ())
