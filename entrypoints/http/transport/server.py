"""The HTTP server, uvicorn, as Upwell runs it: the limits of connections, and a shutdown without lost requests.

A connection is idle until it has a complete head; then its request is served. Idle connections are closed for new ones,
so that silent clients do not block others. The size and the minimum rate of requests are limited. A response that is
sent before the body was read is sent at once, and further bytes are discarded for a moment: closing a connection with
unread bytes resets it, and the response may be lost.
"""

import asyncio
import math
import re
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from ipaddress import ip_address
from itertools import chain
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import unquote

import httptools
import msgspec
import structlog
import uvicorn
from litestar.types import Scope
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope
from uvicorn._types import Scope as UvicornScope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from entrypoints.http.transport.exchange import EXTENSIONS, Exchange
from entrypoints.http.transport.handshakes import receive_again, refuse_handshakes
from entrypoints.http.transport.headers import NAMED
from entrypoints.http.wire import ErrorDetail, ErrorResponse
from entrypoints.settings import Network

T = TypeVar("T")


HEAD_BYTES = 64 * 1024  # of a head, and of the framing of a chunked body
MAX_HEADERS = 100
HEAD_SECONDS = 10.0
WINDOW_SECONDS = 10.0
WINDOW_BYTES = 10 * 1024  # of a body, in each window in which the server waits for it
STALLED_SECONDS = 30.0  # how long a client may read nothing of its response
LINGER_SECONDS = 5.0
PIPELINED = 32
KEPT_FOR_HEALTH = 32
FINISH_SECONDS = 20
QUEUE_SECONDS = 0.1  # for handshakes in progress when the listener is about to close
IDLE_SECONDS = 0.25  # for requests that were sent on idle connections before their clients noticed the end
NEW_SECONDS = 5.0  # for the first request of a connection during the shutdown: its client may be slow
RESTING_SECONDS = 1.0  # for the next request after a response during the shutdown
READY = b"/readyz"
HEALTH = (b"/healthz", READY)
KEEP_ALIVE_SECONDS = 75
_MOST_CONNECTIONS = 4096
_FILES_FOR_OTHERS = 256
_MOST_FILES = 65_536

CONNECTION = "upwell.connection"  # in the scope: the connection, for streams
_ASGI = {"version": "3.0", "spec_version": "2.3"}  # in the scope, for all requests
_TYPE_OF = {400: "BadRequestError", 503: "ServiceUnavailableError"}
_LONGEST_HOST = 300  # a name of 253 characters, or an address, and a port
_LARGE_HEAD = f"The head of the request is too large: send at most {HEAD_BYTES} bytes."
_NAME = rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
_ADDRESS = rb"\[(?:[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*|[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]"
_HOST = re.compile(rb"(?:%b|%b)(?::[0-9]*)?" % (_NAME, _ADDRESS))  # RFC 9110, section 7.2; it may be empty
_log = structlog.get_logger("upwell.server")


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the connections of one process. `trusted`: the proxies in front, which have many clients.

    `queue`: the backlog. All of it may be accepted before the connections that make room for it are closed.
    """

    connections: int = _MOST_CONNECTIONS
    per_address: int = _MOST_CONNECTIONS // 2
    trusted: tuple[Network, ...] = ()
    queue: int = 2048

    def trusts(self, address: str) -> bool:
        """Return whether an address belongs to a proxy in front."""
        if not self.trusted:
            return False
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.trusted)


class Peer:
    """The connections of one address. Those that may be closed for others are in order, the oldest first.

    `new`: without a request so far, or refused and about to close; `resting`: between requests.
    """

    def __init__(self, *, trusted: bool) -> None:
        self.trusted = trusted
        self.all: set[BoundedHttp] = set()
        self.new: dict[BoundedHttp, None] = {}
        self.resting: dict[BoundedHttp, None] = {}

    @property
    def idle(self) -> int:
        """The number of connections that may be closed for others."""
        return len(self.new) + len(self.resting)

    def least(self) -> "BoundedHttp | None":
        """Return the least valuable connection."""
        return next(iter(self.new or self.resting), None)


class Connections(ServerState):
    """The connections of a process."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__()
        self.bounds = bounds
        self.draining = False  # the process ends soon: each response is the last of its connection
        self.ending = False  # it ends now: streams stop
        self.for_health = 0
        self._peers: dict[str, Peer] = {}
        self._full_told_at = -math.inf

    def enter(self, connection: "BoundedHttp", address: str, now: float) -> Peer | None:
        """Find room for a connection, by closing an idle one if necessary; None: there is no room."""
        peer = self._peers.get(address)
        if peer is None:
            peer = self._peers[address] = Peer(trusted=self.bounds.trusts(address))
        crowded = not peer.trusted and len(peer.all) >= self.bounds.per_address
        if crowded or len(self.connections) >= self.bounds.connections:
            if now - self._full_told_at >= HEAD_SECONDS:
                self._full_told_at = now
                _log.warning("connections_full", open=len(self.connections), address=address if crowded else None)
            most_idle = peer if crowded else max(self._peers.values(), key=_may_lose)
            idle = most_idle.least()
            if idle is not None:
                idle.abort()
                self.leave(idle, most_idle)
                self._peers.setdefault(address, peer)
            elif self.for_health < KEPT_FOR_HEALTH:
                connection.only_health = True
                self.for_health += 1
            else:
                if not peer.all:
                    del self._peers[address]
                return None
        peer.all.add(connection)
        peer.new[connection] = None
        self.connections.add(cast("Any", connection))
        return peer

    def leave(self, connection: "BoundedHttp", peer: Peer) -> None:
        """Remove a connection. Idempotent."""
        if connection not in peer.all:
            return
        self.connections.discard(cast("Any", connection))
        peer.all.discard(connection)
        peer.new.pop(connection, None)
        peer.resting.pop(connection, None)
        if connection.only_health:
            self.for_health -= 1
        if not peer.all:
            self._peers.pop(connection.address, None)

    def check(self, now: float) -> None:
        """Close the connections that take too long."""
        for connection in list(self.connections):
            cast("BoundedHttp", connection).check(now)

    def close_idle(self, now: float) -> bool:
        """Close the connections on which no request is expected; return whether there are others."""
        for connection in list(self.connections):
            if not cast("BoundedHttp", connection).may_be_asked(now):
                connection.shutdown()
        return any(cast("BoundedHttp", connection).may_be_asked(now) for connection in self.connections)


def _may_lose(peer: Peer) -> tuple[bool, int]:
    return bool(peer.idle) and not peer.trusted, peer.idle


class BoundedHttp(HttpToolsProtocol):
    """Limits the resources of a connection; uvicorn keeps any head for any time.

    A stream is notified by `when_ending` that the server stops or its reader has gone, and may `abort` its connection.
    `refused`: the status and code of the server's own response to the current request.
    """

    server_state: Connections
    cycle: Exchange | None  # type: ignore[assignment]  # the newest one; None before the first, with uvicorn too
    _served: Exchange | None = None  # the one that the application has now, or had last; `cycle` may wait behind it
    only_health = False
    address = ""
    _peer: Peer | None = None
    _beyond = 0
    _piece = 0  # the length of the bytes that are being parsed
    _head_since: float | None = None
    _rests_since = -math.inf
    _in_body = False
    _body_bytes = 0
    _window: tuple[float, int] | None = None
    _unsent: tuple[float, int] | None = None
    _lingers_until: float | None = None
    _refusal: tuple[int, str, str] | None = None
    _when_ending: Callable[[], None] | None = None
    _behind = 0  # the number of bytes that came behind the request of a stream
    refused: tuple[int, str] | None = None
    _ends = False  # the last response is in the pipeline: received bytes no longer have a meaning

    def _lingers(self) -> bool:
        """Whether the last response was sent."""
        return self._lingers_until is not None

    def _ignores(self) -> bool:
        """Whether received bytes are discarded."""
        return self._ends or self._lingers()

    @property
    def _under_way(self) -> Exchange | None:
        """The request without a complete response."""
        cycle = self.cycle
        return None if cycle is None or cycle.response_complete else cycle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Find room for a connection, or close it."""
        super().connection_made(transport)
        self.connections.discard(self)  # until there is room
        if self.server_state.draining:
            receive_again(transport.get_extra_info("socket"))
        self.is_closing = transport.is_closing
        self._head_since = self.loop.time()
        self.address = self.client[0] if self.client is not None else ""
        self._peer = self.server_state.enter(self, self.address, self._head_since)
        if self._peer is None:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove a connection, and report its end to the request that is being served; those behind it never begin."""
        if self._peer is not None:
            self.server_state.leave(self, self._peer)
        self.pipeline.clear()
        if self._served is not None:
            self._served.lose()
        super().connection_lost(exc)
        if self._when_ending is not None:
            self._when_ending()

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._head_since is None:
            self._head_since = self.loop.time()
        self.url = b""
        self.headers = []
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "headers": self.headers,
            "state": self.app_state.copy(),
            "extensions": EXTENSIONS,
            CONNECTION: self,
        }
        self.scope = cast("HTTPScope", scope)
        if len(self.pipeline) >= PIPELINED:
            self._raise(
                400,
                "too_many_requests_at_once",
                f"Too many requests at once: pipeline at most {PIPELINED}.",
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        """Receive a header, without the white space behind its value; trailers, which come in the body, are ignored."""
        if self._in_body:  # RFC 9110, section 6.5.1
            return
        self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Start the request, as uvicorn does, but without its steps for other protocols and other limits."""
        version = self.parser.get_http_version()
        self._check_head()
        named = self.scope[NAMED] = dict(self.headers)  # type: ignore[literal-required]  # a key of our own in the scope
        if version != "1.1" or len(named) != len(self.headers) or not _is_host(named.get(b"host")):
            self._check_version_and_host(version)
        if b"transfer-encoding" in named:
            self._check_transfer_coding()
        self._head_since = None
        self._in_body = True
        self._window = None
        if self._peer is not None:
            self._peer.new.pop(self, None)
            self._peer.resting.pop(self, None)
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        self._note_url()
        last = self.only_health or self.server_state.draining
        if last:
            self._answer_for_server(scope["raw_path"])
        before = self._under_way
        self.cycle = Exchange(
            self,
            scope,
            expects=version == "1.1" and named.get(b"expect", b"").lower() == b"100-continue",
            keep_alive=not last and version == "1.1" and self.parser.should_keep_alive(),
        )
        if before is None:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self._hold_back()
            self.pipeline.appendleft((self.cycle, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._served = cast("Exchange", cycle)
        super()._start_asgi_task(cycle, app)

    def _note_url(self) -> None:
        """Split the URL; only a URL with a host or a fragment needs the parser."""
        url = self.url
        if url.startswith(b"/") and b"#" not in url:
            path, _, query = url.partition(b"?")
        else:
            parsed = httptools.parse_url(url)
            path, query = parsed.path, parsed.query or b""
        text = path.decode("ascii")
        self.scope["path"] = unquote(text) if "%" in text else text
        self.scope["raw_path"] = path
        self.scope["query_string"] = query

    def _check_head(self) -> None:
        """Refuse a large head that came in one piece, and so passed the other limits."""
        if len(self.headers) > MAX_HEADERS:
            self._raise(431, "head_too_large", f"The request has more than {MAX_HEADERS} headers: send fewer.")
        if self._piece + self._beyond <= HEAD_BYTES:  # so the head is not larger either
            return
        if len(self.url) + sum(map(len, chain.from_iterable(self.headers))) > HEAD_BYTES:
            self._raise(431, "head_too_large", _LARGE_HEAD)

    def _check_version_and_host(self, version: str) -> None:
        """Refuse another version of HTTP, and an unclear host: a proxy in front may have understood another one."""
        if version not in ("1.1", "1.0"):
            self._raise(400, "invalid_http", f"HTTP/{version} is not supported here: send HTTP/1.1.")
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) == 1 and _is_host(hosts[0]):
            return
        if len(hosts) > 1:
            self._raise(400, "invalid_host", "The header Host is repeated: send it once.")
        if hosts:
            self._raise(400, "invalid_host", "The header Host is not a host and a port: send both as the URL has them.")
        if version == "1.1":
            self._raise(400, "invalid_host", "The header Host is missing: send the host and the port of the URL.")

    def _check_transfer_coding(self) -> None:
        """Refuse a body that is coded in another way than in chunks; the application would take it as it is.

        With 400 and not 501, as RFC 9112 proposes: a 5xx would let any client raise the operators' alarms.
        """
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings != [b"chunked"]:
            self._raise(
                400,
                "unsupported_transfer_coding",
                "The header Transfer-Encoding names another coding than chunked: send chunked, or Content-Length.",
            )

    def _answer_for_server(self, path: bytes) -> None:
        """Let the server itself respond if the application must not, or cannot know."""
        if self.only_health and path not in HEALTH:
            self.app = cast("Any", _full)
        elif self.server_state.draining and path == READY:
            self.app = cast("Any", _stopping)

    def on_body(self, body: bytes) -> None:
        """Receive a piece of a body."""
        self._beyond -= len(body)
        self._body_bytes += len(body)
        exchange = self._under_way
        if exchange is not None:
            exchange.body += body
            if len(exchange.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            exchange.message_event.set()

    def on_message_complete(self) -> None:
        """Finish a request."""
        self._beyond = 0
        self._in_body = False
        exchange = self._under_way
        if exchange is not None:
            exchange.more_body = False
            exchange.message_event.set()

    def on_response_complete(self) -> None:
        """Begin the next request in the pipeline, or wait for one; `check` ends the wait, not a timer of its own."""
        self._when_ending = None
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._lingers() and self._peer is not None and self in self._peer.all:
            self._peer.resting[self] = None
            self._rests_since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Receive bytes from the connection."""
        if self._when_ending is not None:
            self._behind += len(data)
            if self._behind > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
        if self._ends or self._lingers_until is not None:  # as in `_ignores`
            return
        self._piece = len(data)
        self._beyond += self._piece
        super().data_received(data)
        if self._beyond > HEAD_BYTES and not self._ignores() and not self.transport.is_closing():
            self._refuse(431, "head_too_large", _LARGE_HEAD)

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are not an HTTP request."""
        self._refuse(*(self._refusal or (400, "invalid_http", f"{msg} Send HTTP/1.1.")))

    def _unsupported_upgrade_warning(self) -> None:
        """Respond as to plain HTTP, and close the connection: further bytes may be of the other protocol."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def close(self) -> None:
        """Close the connection after the response: at once, or when the client has had time to read it."""
        if self._served is not None:
            self._served.send_head()
        if (self._in_body or self._ends) and not self.transport.is_closing():
            self._linger()
        else:
            self.transport.close()

    def abort(self) -> None:
        """Close the connection, even with unread bytes."""
        self.transport.abort()

    @property
    def in_body(self) -> bool:
        """Whether more of the body is expected."""
        return self._in_body

    def when_ending(self, callback: Callable[[], None] | None) -> None:
        """Call back when the server stops or the connection is lost, soon if it is; None removes the callback."""
        self._when_ending = callback
        if callback is None:
            return
        self._behind = 0
        if self.server_state.ending or self.transport.is_closing():
            self.loop.call_soon(callback)
        else:
            self.flow.resume_reading()

    def _hold_back(self) -> None:
        """Read no more while a request waits for its turn, unless a stream is before it: its end must be noticed."""
        if self._when_ending is None:
            self.flow.pause_reading()

    def may_be_asked(self, now: float) -> bool:
        """Return whether a request may be on its way: the client has just connected, or got a response."""
        if self._under_way is not None or self._lingers() or self.transport.is_closing():
            return False
        if self._head_since is not None:
            return now - self._head_since < NEW_SECONDS
        return now - self._rests_since < RESTING_SECONDS

    def finish(self) -> None:
        """Make the current response, or the next one, the last."""
        receive_again(self.transport.get_extra_info("socket"))
        if (cycle := self._under_way) is not None:
            cycle.keep_alive = False
        if self._when_ending is not None:
            self._when_ending()

    def check(self, now: float) -> None:
        """Close the connection if its client takes too long."""
        if self.transport.is_closing():
            return
        if self._lingers_until is not None:
            if now >= self._lingers_until:
                self.abort()
        elif self._head_since is not None:
            if now - self._head_since >= HEAD_SECONDS:
                self._refuse(
                    408,
                    "request_timeout",
                    f"The head of the request arrived too slowly: send it within {HEAD_SECONDS:.0f} seconds.",
                )
        elif self._in_body and not self.flow.read_paused and self._is_slow(now):
            self._refuse(
                408,
                "request_timeout",
                f"The body arrived too slowly: send at least {WINDOW_BYTES} bytes every {WINDOW_SECONDS:.0f} seconds.",
            )
        elif self._takes_nothing(now):
            self.abort()
        elif self._under_way is None and now - self._rests_since >= self.timeout_keep_alive:
            self.transport.close()

    def _is_slow(self, now: float) -> bool:
        if self._window is None:
            self._window = now, self._body_bytes
        began, bytes_before = self._window
        if now - began < WINDOW_SECONDS:
            return False
        self._window = None
        return self._body_bytes - bytes_before < WINDOW_BYTES

    def _takes_nothing(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if not unsent or self._unsent is None or unsent < self._unsent[1]:
            self._unsent = (now, unsent) if unsent else None
            return False
        return now - self._unsent[0] >= STALLED_SECONDS

    def _raise(self, status: int, code: str, message: str) -> None:
        self._refusal = status, code, message
        raise ValueError(code)  # the parser stops, and uvicorn requests the response

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Respond in the application's format without it, and close the connection."""
        _log.info("request_refused", status=status, code=code, client=self.address)
        if (cycle := self._under_way) is not None:
            if self.pipeline or not self._in_body:
                self._refuse_in_turn(_refusing(status, code, message))
                return
            if cycle.response_started:
                self.abort()
                return
            self.refused = status, code
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(b"".join([STATUS_LINE[status], *_error(status, code, message)]))
        self._in_body = True
        self.close()

    def _refuse_in_turn(self, app: ASGI3Application) -> None:
        """Respond with `app` after the requests before, and close the connection."""
        if self._in_body:
            self.pipeline.popleft()  # the refused request
        scope = cast("HTTPScope", {**self.scope, "method": "GET"})  # it may be unknown, and there is a body
        self.cycle = Exchange(self, scope, expects=False, keep_alive=False)
        self.pipeline.appendleft((self.cycle, app))
        self._hold_back()
        self._ends = True
        self._in_body = False
        self._head_since = None

    def _linger(self) -> None:
        self._lingers_until = self.loop.time() + LINGER_SECONDS
        if self._peer is not None and self in self._peer.all:
            self._peer.new[self] = None
        self.pipeline.clear()
        self.flow.resume_reading()
        with suppress(OSError, NotImplementedError):  # the client has gone, or the transport cannot end one direction
            self.transport.write_eof()


def _is_host(value: bytes | None) -> bool:
    # no name is longer; the cache must not keep hosts of any length
    return value is not None and len(value) <= _LONGEST_HOST and _is_short_host(value)


@lru_cache
def _is_short_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def _error(status: int, code: str, message: str) -> list[bytes]:
    body = _envelope(status, code, message)
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return [head, body]


def _envelope(status: int, code: str, message: str) -> bytes:
    kind = _TYPE_OF.get(status, "ClientError")
    detail = ErrorDetail(type=kind, message=message, code=code, details={})
    return msgspec.json.encode(ErrorResponse(status=status, error=detail))


def _refusing(status: int, code: str, message: str) -> ASGI3Application:
    """Return an application that refuses one request."""

    async def refuse(scope: UvicornScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:  # noqa: ARG001  # ASGI
        body = _envelope(status, code, message)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return refuse


async def _full(scope: UvicornScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:  # noqa: ARG001  # ASGI
    """Report that there is no room, on one of the connections reserved for health checks."""
    detail = ErrorDetail(
        type="ServiceUnavailableError",
        message="All connections of this process, or of your address, are in use: close some, or try again later.",
        code="too_many_connections",
        details={},
    )
    await _unavailable(send, ErrorResponse(status=503, error=detail))


async def _stopping(scope: UvicornScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:  # noqa: ARG001  # ASGI
    """Report that the process accepts no more requests."""
    await _unavailable(send, {"status": "not_ready", "parts": {"process": "stopping"}})


async def _unavailable(send: ASGISendCallable, answer: object) -> None:
    body = msgspec.json.encode(answer)
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"2"), (b"connection", b"close")]
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 503, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class Held(Protocol):
    """A connection, as streams see it."""

    def when_ending(self, callback: Callable[[], None] | None) -> None:
        """Call back when the server stops or the connection is lost, soon if it is; None removes the callback."""

    def abort(self) -> None:
        """Close the connection, even with unread bytes."""


def connection_of(scope: Scope) -> Held | None:
    """Return the connection of a request; None with another server, or without one."""
    return cast("Held | None", scope.get(CONNECTION))


async def until_ending(scope: Scope, work: Awaitable[T], otherwise: T) -> T:
    """Return the result of `work`, or `otherwise` as soon as the server stops or the client has gone."""
    connection = connection_of(scope)
    if connection is None:
        return await work
    task = asyncio.ensure_future(work)
    ended = False

    def end() -> None:
        nonlocal ended
        ended = task.cancel()

    connection.when_ending(end)
    try:
        return await task
    except asyncio.CancelledError:
        if not ended:
            raise
        return otherwise
    finally:
        task.cancel()
        connection.when_ending(None)


class Server(uvicorn.Server):
    """Serves until `should_exit` is set; its caller handles signals.

    `keeps_queue`: another process shares the listener, and accepts the waiting connections; otherwise the queue is
    emptied before the listener closes. `ready` is called when it listens.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        bounds: Bounds | None = None,
        *,
        keeps_queue: bool = False,
        ready: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(config)
        self.server_state: Connections = Connections(bounds or Bounds())
        self._keeps_queue = keeps_queue
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()

    def drain(self) -> None:
        """Report at `/readyz` that the process stops, make each response the last of its connection; keep serving."""
        self.server_state.draining = True

    async def on_tick(self, counter: int) -> bool:
        """Run the checks, ten times a second."""
        if counter % 10 == 0:
            self.server_state.check(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections in the queue, finish all requests, and end."""
        state = self.server_state
        state.draining = state.ending = True
        for connection in list(state.connections):
            cast("BoundedHttp", connection).finish()
        await self._stop_listening(sockets or [])
        await _until(lambda: not state.connections, IDLE_SECONDS)
        loop = asyncio.get_running_loop()
        await _until(lambda: not state.close_idle(loop.time()), NEW_SECONDS)
        for connection in list(state.connections):
            connection.shutdown()
        within = float(self.config.timeout_graceful_shutdown or FINISH_SECONDS)
        if not await _until(lambda: not state.connections and not state.tasks, within):
            _log.warning("requests_cut_off", requests=len(state.tasks), connections=len(state.connections))
            for task in state.tasks:
                task.cancel()
            await _until(lambda: not state.tasks, 1)
            for connection in list(state.connections):
                cast("BoundedHttp", connection).abort()
        await self.lifespan.shutdown()

    async def _stop_listening(self, sockets: list[socket.socket]) -> None:
        if not self._keeps_queue:
            for server in self.servers:
                for listening in server.sockets:
                    refuse_handshakes(listening)
            await asyncio.sleep(QUEUE_SECONDS)
        for server in self.servers:
            server.close()
        for sock in sockets:
            sock.close()


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether `condition` became true within that time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while not condition():
        if loop.time() >= until:
            return False
        await asyncio.sleep(0.01)
    return True


def bounds_of(connections: int, per_address: int | None, trusted: Sequence[Network]) -> Bounds:
    """Return limits that fit the process's limit of open files, which is raised as far as possible."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    files = _MOST_FILES if soft == resource.RLIM_INFINITY else soft
    queue = max(min(files // 4, 2048), 1)
    total = max(min(connections, files - queue - KEPT_FOR_HEALTH - _FILES_FOR_OTHERS), 1)
    return Bounds(connections=total, per_address=per_address or max(total // 2, 1), trusted=tuple(trusted), queue=queue)


def options(host: str, port: int, *, keep_alive_seconds: int = KEEP_ALIVE_SECONDS) -> dict[str, Any]:
    """Return the options of uvicorn, besides the application."""
    return {
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": BoundedHttp,
        "ws": "none",
        "lifespan": "on",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "timeout_keep_alive": keep_alive_seconds,
        "timeout_graceful_shutdown": FINISH_SECONDS,
        "reset_contextvars": True,  # otherwise a request may inherit values of another one, or of the start
    }
