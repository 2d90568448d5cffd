"""The limits of a connection, on simulated connections: bytes in, bytes out, and a set time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_network
from typing import Any, cast

import msgspec
import pytest
import structlog
import uvicorn
from litestar.types import ASGIApp, Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from entrypoints.http.answers.errors import answer_error
from entrypoints.http.requests.bodies import read_body
from entrypoints.http.transport.headers import headers_by_name
from entrypoints.http.transport.request_log import RequestLog
from entrypoints.http.transport.server import (
    CONNECTION,
    HEAD_BYTES,
    HEAD_SECONDS,
    KEEP_ALIVE_SECONDS,
    KEPT_FOR_HEALTH,
    LINGER_SECONDS,
    MAX_HEADERS,
    NEW_SECONDS,
    PIPELINED,
    RESTING_SECONDS,
    STALLED_SECONDS,
    WINDOW_BYTES,
    WINDOW_SECONDS,
    BoundedHttp,
    Bounds,
    Connections,
    options,
    until_ending,
)

GET = b"GET / HTTP/1.1\r\nHost: upwell\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: upwell\r\n\r\n"
READY = b"GET /readyz HTTP/1.1\r\nHost: upwell\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: upwell\r\nContent-Length: 1000000\r\n\r\n"
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Wire(asyncio.Transport):
    """The other end of a connection."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 5000), "sockname": ("10.0.0.1", 8000)})
        self.sent = b""
        self.unsent = 0
        self.at_end = self.closed = self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def write_eof(self) -> None:
        self.at_end = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    @property
    def status(self) -> int:
        return int(self.sent.split(b" ", 2)[1])

    @property
    def code(self) -> str:
        return str(msgspec.json.decode(self.sent.partition(b"\r\n\r\n")[2])["error"]["code"])


class House:
    """A server's connections, and how to open one."""

    def __init__(self, app: App, **bounds: Any) -> None:  # noqa: ANN401  # those of `Bounds`
        self.state = Connections(Bounds(**bounds))
        self._config = uvicorn.Config(cast("Any", app), **options("127.0.0.1", 0))

    def open(self, address: str = "192.0.2.1") -> tuple[BoundedHttp, Wire]:
        connection = BoundedHttp(self._config, self.state, {}, asyncio.get_running_loop())
        wire = Wire(address)
        connection.connection_made(wire)
        return connection, wire


async def answers(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuses(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
    await send({"type": "http.response.start", "status": 401, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def never_answers(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
    await asyncio.Event().wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def later(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_a_silent_connection_is_closed() -> None:
    connection, wire = House(answers).open()
    connection.check(later(HEAD_SECONDS - 1))
    assert not wire.sent
    connection.check(later(HEAD_SECONDS))
    assert (wire.status, wire.code) == (408, "request_timeout")


async def test_a_head_that_does_not_end_in_time_is_refused() -> None:
    connection, wire = House(answers).open()
    connection.data_received(GET)
    await settle()
    wire.sent = b""
    connection.check(later(HEAD_SECONDS))
    assert not wire.sent, "between requests there is more time"
    connection.data_received(b"GET / HTTP/1.1\r\n")
    connection.data_received(b"X-Slow: ")
    connection.check(later(HEAD_SECONDS))
    assert (wire.status, wire.code) == (408, "request_timeout")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nX-Long: " + b"x" * HEAD_BYTES,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"GET /" + b"x" * HEAD_BYTES,
    ],
    ids=["one long header", "many headers", "a long address"],
)
async def test_a_large_head_is_refused(sent: bytes) -> None:
    connection, wire = House(answers).open()
    for start in range(0, len(sent), 4096):
        connection.data_received(sent[start : start + 4096])
    await settle()
    assert (wire.status, wire.code) == (431, "head_too_large")
    assert wire.at_end


async def test_bodies_are_no_heads() -> None:
    connection, wire = House(answers).open()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % HEAD_BYTES
    for _ in range(3):
        connection.data_received(head + b"x" * HEAD_BYTES)
        await settle()
    assert wire.sent.count(b"HTTP/1.1 204") == 3
    assert not wire.closed


class Waiting:
    """An app that answers when it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await self.may.wait()
        await answers(scope, receive, send)


def statuses(wire: Wire) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1.1 (\d{3}) ", wire.sent)]


async def answered(wire: Wire, count: int) -> None:
    async with asyncio.timeout(10):
        while len(statuses(wire)) < count:
            await asyncio.sleep(0)


async def test_requests_that_do_not_wait_for_answers_are_few_and_the_next_one_is_refused_in_its_turn() -> None:
    app = Waiting()
    connection, wire = House(app).open()
    connection.data_received(GET * (PIPELINED + 1))
    connection.data_received(GET * 5)
    await settle()
    assert not wire.sent
    assert not wire.closed
    app.may.set()
    await answered(wire, PIPELINED + 2)
    assert statuses(wire) == [204] * (PIPELINED + 1) + [400]
    assert b'"code":"too_many_requests_at_once"' in wire.sent.rpartition(b"\r\n\r\n")[2]
    assert b"connection: close" in wire.sent
    assert wire.at_end
    assert not wire.closed, "a close would reset the connection, and the answer with it"
    connection.check(later(LINGER_SECONDS))
    assert wire.aborted


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "invalid_http"),
        (b"HEAD / HTTP/1.1\r\n\r\n", 400, "invalid_host"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_BYTES, 431, "head_too_large"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "invalid_http"),
    ],
)
@pytest.mark.parametrize("before", [1, 3])
async def test_a_refusal_waits_for_the_answers_before(sent: bytes, status: int, code: str, before: int) -> None:
    app = Waiting()
    connection, wire = House(app).open()
    connection.data_received(GET * before)
    connection.data_received(sent)
    connection.data_received(GET)
    await settle()
    assert not wire.sent
    app.may.set()
    await answered(wire, before + 1)
    assert statuses(wire) == [204] * before + [status]
    assert f'"code":"{code}"'.encode() in wire.sent.rpartition(b"\r\n\r\n")[2]
    assert wire.at_end


async def test_a_head_that_does_not_end_in_time_is_refused_after_the_answers_before() -> None:
    app = Waiting()
    connection, wire = House(app).open()
    connection.data_received(GET + b"GET / HTTP/1.1\r\n")
    connection.check(later(HEAD_SECONDS))
    connection.check(later(HEAD_SECONDS + 1))
    assert not wire.sent
    app.may.set()
    await answered(wire, 2)
    assert statuses(wire) == [204, 408]


async def test_a_connection_without_a_next_request_is_closed_in_the_end() -> None:
    connection, wire = House(answers).open()
    connection.data_received(GET)
    await settle()
    closed = []
    for seconds in (KEEP_ALIVE_SECONDS - 1, KEEP_ALIVE_SECONDS):
        connection.check(later(seconds))
        closed.append(wire.closed)
    assert closed == [False, True]
    assert statuses(wire) == [204], "the end of a connection is no refusal"


async def test_a_connection_with_a_long_answer_is_not_closed() -> None:
    connection, wire = House(never_answers).open()
    connection.data_received(GET)
    await settle()
    connection.check(later(KEEP_ALIVE_SECONDS))
    assert not wire.closed


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        (b"/a/b", ("/a/b", b"/a/b", b"")),
        (b"/a%20b?c=%20&d?e", ("/a b", b"/a%20b", b"c=%20&d?e")),
        (b"//a//b/?", ("//a//b/", b"//a//b/", b"")),
        (b"/a?b#c", ("/a", b"/a", b"b")),
        (b"http://upwell/a?b", ("/a", b"/a", b"b")),
    ],
)
async def test_a_url_is_split_into_path_and_query(url: bytes, seen: tuple[str, bytes, bytes]) -> None:
    found: list[object] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        found.extend([scope["path"], scope["raw_path"], scope["query_string"]])
        await answers(scope, receive, send)

    connection, _ = House(app).open()
    connection.data_received(b"GET %b HTTP/1.1\r\nHost: upwell\r\n\r\n" % url)
    await settle()
    assert tuple(found) == seen


async def test_a_large_head_after_another_request_in_one_piece_is_refused() -> None:
    connection, wire = House(answers).open()
    connection.data_received(GET + b"GET / HTTP/1.1\r\nhost: a\r\nx: %b\r\n\r\n" % (b"x" * HEAD_BYTES))
    await answered(wire, 2)
    assert statuses(wire) == [204, 431]


async def test_a_body_that_crawls_is_refused() -> None:
    connection, wire = House(never_answers).open()
    connection.data_received(POST)
    connection.check(later(0))
    connection.data_received(b"x" * WINDOW_BYTES)
    connection.check(later(WINDOW_SECONDS))
    assert not wire.sent
    connection.check(later(WINDOW_SECONDS))
    connection.data_received(b"x" * (WINDOW_BYTES - 1))
    connection.check(later(2 * WINDOW_SECONDS))
    assert (wire.status, wire.code) == (408, "request_timeout")


async def test_a_body_that_the_application_does_not_read_yet_is_not_too_slow() -> None:
    connection, wire = House(never_answers).open()
    connection.data_received(POST + b"x" * 70_000)  # so much that the server waits for the application
    connection.check(later(0))
    connection.check(later(WINDOW_SECONDS))
    assert not wire.closed


async def test_a_request_is_refused_before_its_body_is_read() -> None:
    connection, wire = House(refuses).open()
    connection.data_received(POST + b"x")
    await settle()
    assert wire.status == 401
    assert wire.at_end, "the client sees the end of the answer"
    assert not wire.closed, "a close would reset the connection, and the answer with it"
    connection.data_received(b"x" * 100_000)
    assert connection.cycle is not None
    assert connection.cycle.body == b"x", "what still comes is thrown away"
    connection.check(later(LINGER_SECONDS - 1))
    assert not wire.closed
    connection.check(later(LINGER_SECONDS))
    assert wire.aborted


async def test_a_client_that_takes_nothing_is_cut_off() -> None:
    connection, wire = House(answers).open()
    connection.data_received(GET)
    await settle()
    wire.unsent = 100_000
    connection.check(later(0))
    wire.unsent = 50_000
    connection.check(later(STALLED_SECONDS))
    connection.check(later(STALLED_SECONDS + 1))
    assert not wire.aborted
    connection.check(later(2 * STALLED_SECONDS + 2))
    assert wire.aborted


async def test_the_address_with_the_most_idle_connections_makes_room() -> None:
    house = House(answers, connections=10, per_address=10)
    other, others_wire = house.open("192.0.2.7")
    crowd = [house.open("192.0.2.1")[1] for _ in range(9)]
    _, newcomer = house.open("192.0.2.9")
    assert [wire.aborted for wire in crowd] == [True] + [False] * 8, "the one that has waited longest"
    assert not others_wire.aborted
    assert not newcomer.aborted
    assert len(house.state.connections) == 10
    other.data_received(GET)
    await settle()
    assert others_wire.status == 204


async def test_connections_with_a_request_are_not_ended_for_new_ones() -> None:
    house = House(never_answers, connections=3, per_address=3)
    busy = [house.open() for _ in range(3)]
    for connection, _ in busy:
        connection.data_received(GET)
    refused, wire = house.open("192.0.2.9")
    refused.data_received(GET)
    await settle()
    assert (wire.status, wire.code) == (503, "too_many_connections")
    assert wire.closed
    assert not any(each.closed for _, each in busy)


async def test_health_checks_are_answered_when_there_is_no_room() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await (answers if scope["path"] == "/healthz" else never_answers)(scope, receive, send)

    house = House(app, connections=3, per_address=3)
    for _ in range(3):
        house.open()[0].data_received(GET)
    for _ in range(2 * KEPT_FOR_HEALTH):
        checking, wire = house.open()
        checking.data_received(HEALTH)
        await settle()
        assert wire.status == 204
        checking.connection_lost(None)
    crowd = [house.open()[1] for _ in range(KEPT_FOR_HEALTH + 1)]
    assert crowd[0].aborted, "those that wait in this room make room as well"
    assert not crowd[-1].aborted


async def test_one_address_has_its_share_and_trusted_proxies_have_all() -> None:
    house = House(never_answers, connections=20, per_address=2, trusted=(ip_network("198.51.100.0/24"),))
    for _ in range(2):
        house.open("192.0.2.1")[0].data_received(GET)
    third, wire = house.open("192.0.2.1")
    third.data_received(GET)
    await settle()
    assert wire.code == "too_many_connections"
    for _ in range(5):
        connection, wire = house.open("198.51.100.3")
        connection.data_received(GET)
        await settle()
        assert not wire.closed


async def test_nothing_of_a_connection_that_is_gone_is_kept() -> None:
    house = House(answers, connections=100)
    opened = [house.open(f"192.0.2.{each}")[0] for each in range(50)]
    for connection in opened:
        connection.data_received(GET)
    await settle()
    for connection in opened:
        connection.connection_lost(None)
    assert not house.state.connections
    assert not house.state._peers


async def test_while_it_drains_readyz_reports_it_and_each_answer_is_the_last_of_its_connection() -> None:
    house = House(answers)
    connection, wire = house.open()
    house.state.draining = True
    connection.data_received(READY)
    await settle()
    assert wire.status == 503
    connection, wire = house.open()
    connection.data_received(GET)
    await settle()
    assert b"connection: close" in wire.sent
    assert wire.closed


async def test_what_was_connected_or_answered_just_now_is_waited_for_when_the_server_ends() -> None:
    house = House(answers)
    new, new_wire = house.open()
    resting, resting_wire = house.open()
    resting.data_received(GET)
    await settle()
    for seconds, more, closed in (
        (0, True, [False, False]),
        (RESTING_SECONDS, True, [False, True]),
        (NEW_SECONDS, False, [True, True]),
    ):
        assert house.state.close_idle(later(seconds)) is more
        assert [new_wire.closed, resting_wire.closed] == closed
    resting.connection_lost(None)
    new.connection_lost(None)


async def test_what_is_being_answered_is_not_closed_when_the_server_ends() -> None:
    house = House(never_answers)
    connection, wire = house.open()
    connection.data_received(GET)
    await settle()
    assert not house.state.close_idle(later(NEW_SECONDS))
    assert not wire.closed


async def test_waiting_readers_are_answered_immediately_when_the_server_ends() -> None:
    house = House(never_answers)
    connection, _ = house.open()
    asked = cast("Any", {CONNECTION: connection})
    waiting = asyncio.create_task(until_ending(asked, asyncio.Event().wait(), otherwise=False))
    await settle()
    house.state.ending = True
    connection.finish()
    assert await waiting is False
    assert not await until_ending(asked, asyncio.Event().wait(), otherwise=False)


async def test_waiting_readers_end_when_their_client_has_gone() -> None:
    connection, wire = House(never_answers).open()
    asked = cast("Any", {CONNECTION: connection})
    async with asyncio.timeout(5):
        waiting = asyncio.create_task(until_ending(asked, asyncio.Event().wait(), otherwise=False))
        await settle()
        wire.closed = True
        connection.connection_lost(None)
        assert await waiting is False
        assert not await until_ending(asked, asyncio.Event().wait(), otherwise=False)


class Lost(Wire):
    """A connection whose transport refuses bytes after its end, as that of uvloop does."""

    def __init__(self) -> None:
        super().__init__("192.0.2.1")
        self.refused = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.closed:
            self.refused += 1
            raise RuntimeError("the handler is closed")
        super().write(data)


@pytest.mark.parametrize("begins", [True, False], ids=["in its body", "before its head"])
@pytest.mark.parametrize("behind", [0, 1, 5])
async def test_a_request_learns_of_the_end_of_its_client_whatever_waits_behind_it(
    begins: bool, behind: int, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    async def streams(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
        start = {"type": "http.response.start", "status": 200, "headers": []}
        if begins:
            await send(start)
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
        kind = "http.request"
        while kind == "http.request":
            kind = (await receive())["type"]
        heard.append(kind)
        if not begins:
            await send(start)
        await send({"type": "http.response.body", "body": b"b", "more_body": False})

    house = House(streams)
    connection, _ = house.open()
    wire = Lost()
    connection.connection_made(wire)
    connection.data_received(GET * (1 + behind))
    await settle()
    wire.closed = True
    connection.connection_lost(ConnectionResetError())
    await settle()
    assert heard == ["http.disconnect"]
    assert not house.state.tasks
    assert not wire.refused
    assert caplog.messages == []


@pytest.mark.parametrize("before", [True, False], ids=["before the stream begins", "later"])
@pytest.mark.parametrize("behind", [1, PIPELINED + 2])
async def test_a_connection_of_a_stream_is_read_whatever_waits_behind_it(behind: int, before: bool) -> None:
    connection, _ = House(never_answers).open()
    connection.data_received(GET)
    await settle()
    if before:
        connection.data_received(GET * behind)
        assert connection.flow.read_paused
    connection.when_ending(lambda: None)
    if not before:
        connection.data_received(GET * behind)
    assert not connection.flow.read_paused, "otherwise the end of the client is not noticed"
    connection.data_received(GET * (HIGH_WATER_LIMIT // len(GET) + 1))
    assert connection.flow.read_paused, "what waits has a bound"


async def test_a_head_that_waits_for_its_body_is_not_sent_after_the_end_of_its_client() -> None:
    async def begins(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
        await send({"type": "http.response.start", "status": 200, "headers": []})
        wire.closed = True
        connection.connection_lost(None)

    connection, _ = House(begins).open()
    wire = Lost()
    connection.connection_made(wire)
    connection.data_received(GET)
    await settle()
    assert not wire.refused


CODED = b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "codings",
    [
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    ],
)
async def test_a_coding_that_would_not_be_undone_is_refused(codings: bytes) -> None:
    connection, wire = House(answers).open()
    connection.data_received(CODED % codings)
    await settle()
    assert (wire.status, wire.code) == (400, "unsupported_transfer_coding")


async def test_the_coding_in_chunks_is_read_in_any_case() -> None:
    connection, wire = House(answers).open()
    connection.data_received(CODED % b"Transfer-Encoding: Chunked\r\n")
    await settle()
    assert wire.status == 204


async def test_what_is_no_http_is_refused_in_the_envelope() -> None:
    connection, wire = House(answers).open()
    connection.data_received(b"\x16\x03\x01 hello TLS\r\n\r\n")
    assert wire.status == 400
    assert wire.code == "invalid_http"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n",
        b"GET http://a/ HTTP/1.1\r\n",
        *(
            b"GET / HTTP/1.1\r\nHost: %b\r\n" % host
            for host in (
                b"a b",
                b"a/b",
                b"a@b",
                b"a,b:80:90",
                b"a:b",
                b"\xff",
                b"a?b",
                b"::1",
                b"[::1",
                b"[a]",
                b"%zz",
                b"x" * 301,
            )
        ),
    ],
)
async def test_a_request_without_one_clear_host_is_refused(head: bytes) -> None:
    connection, wire = House(answers).open()
    connection.data_received(head + b"\r\n")
    await settle()
    assert (wire.status, wire.code) == (400, "invalid_host")
    assert wire.at_end


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\n",
        *(
            b"GET / HTTP/1.1\r\nHost: %b\r\n" % host
            for host in (b"", b"a", b"A_b.c:", b" 127.0.0.1:8000 ", b"[::1]:80", b"[v1.a:b]", b"a%20b", b"x" * 300)
        ),
    ],
)
async def test_a_request_with_one_clear_host_is_served(head: bytes) -> None:
    connection, wire = House(answers).open()
    connection.data_received(head + b"\r\n")
    await settle()
    assert wire.status == 204


@pytest.mark.parametrize("head", [b"GET /\r\n", b"GET / HTTP/0.9\r\n", b"GET / HTTP/2.0\r\nHost: a\r\n"])
async def test_a_request_of_another_version_of_http_is_refused(head: bytes) -> None:
    connection, wire = House(answers).open()
    connection.data_received(head + b"\r\n")
    await settle()
    assert (wire.status, wire.code) == (400, "invalid_http")


async def test_the_value_of_a_header_ends_before_white_space() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        seen.extend(scope["headers"])
        await answers(scope, receive, send)

    connection, _ = House(app).open()
    connection.data_received(b"GET / HTTP/1.1\r\nHost: a \r\nX-Namespace:\t\tb c\t \r\n\r\n")
    await settle()
    assert seen == [(b"host", b"a"), (b"x-namespace", b"b c")]


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
TRAILERS = b"Authorization: Bearer b\r\nHost: c\r\nX-Namespace: d\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [CHUNKED + TRAILERS],
        [CHUNKED, TRAILERS],
        [CHUNKED + TRAILERS[:20], TRAILERS[20:]],
        [(CHUNKED + TRAILERS)[at : at + 1] for at in range(len(CHUNKED + TRAILERS))],
    ],
    ids=["in one segment", "in a second segment", "divided", "byte by byte"],
)
async def test_trailers_are_no_headers(pieces: Sequence[bytes]) -> None:
    seen: list[object] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        seen.append((scope["method"], list(scope["headers"]), headers_by_name(cast("Scope", scope)), body))
        await answers(scope, receive, send)

    connection, wire = House(app).open()
    for piece in pieces:
        connection.data_received(piece)
        await asyncio.sleep(0)
    await settle()
    connection.data_received(b"GET / HTTP/1.1\r\nHost: e\r\n\r\n")
    await settle()
    assert statuses(wire) == [204, 204]
    chunked = [(b"host", b"a"), (b"transfer-encoding", b"chunked")]
    assert seen == [("POST", chunked, dict(chunked), b"{}"), ("GET", [(b"host", b"e")], {b"host": b"e"}, b"")]


@pytest.mark.parametrize("size", [HEAD_BYTES - 100, HEAD_BYTES, 3 * HEAD_BYTES])
@pytest.mark.parametrize("where", ["url", "header"])
async def test_a_head_that_comes_whole_has_the_same_bound(size: int, where: str) -> None:
    connection, wire = House(answers).open()
    url, header = (b"/" + b"a" * size, b"b") if where == "url" else (b"/", b"a" * size)
    connection.data_received(b"GET %b HTTP/1.1\r\nhost: a\r\nx: %b\r\n\r\n" % (url, header))
    await settle()
    if size < HEAD_BYTES:
        assert wire.status == 204
    else:
        assert (wire.status, wire.code) == (431, "head_too_large")
        assert msgspec.json.decode(wire.sent.partition(b"\r\n\r\n")[2])["error"]["type"] == "ClientError"


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_a_request_for_another_protocol_is_answered_as_any_other(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection, wire = House(answers).open()
    head = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\ncontent-length: %d\r\n\r\n"
    connection.data_received(head % len(body) + body)
    await settle()
    assert wire.status == 204
    assert wire.closed
    assert caplog.messages == []


async def test_the_log_has_the_status_that_the_server_itself_has_answered() -> None:
    async def reads(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
        while (await receive())["type"] == "http.request":
            pass
        await send({"type": "http.response.start", "status": 500, "headers": []})

    seen: list[int] = []

    def observe(route: str, method: str, status: int, seconds: float) -> None:  # noqa: ARG001  # its signature
        seen.append(status)

    log = RequestLog(cast("ASGIApp", reads), observe=observe)
    connection, wire = House(cast("App", log)).open()
    connection.data_received(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
    with structlog.testing.capture_logs() as lines:
        await settle()
    assert wire.status == 400
    assert seen == [400]
    logged = [line for line in lines if line["event"] == "request"]
    assert [(line["status"], line["code"]) for line in logged] == [(400, "invalid_http")]


@pytest.mark.parametrize("sent", [b"", b"{"], ids=["before its body", "in its body"])
async def test_a_client_that_goes_before_the_end_of_its_body_is_no_failure_of_the_service(sent: bytes) -> None:
    async def reads(scope: Message, receive: Receive, send: Send) -> None:
        asked, messages, answer = cast("Any", scope), cast("Any", receive), cast("Any", send)
        try:
            await read_body(asked, messages, 100)
        except Exception as error:  # noqa: BLE001  # as the handlers of routes do
            await answer_error(asked, messages, answer, error)

    seen: list[int] = []

    def observe(route: str, method: str, status: int, seconds: float) -> None:  # noqa: ARG001  # its signature
        seen.append(status)

    connection, wire = House(cast("App", RequestLog(cast("ASGIApp", reads), observe=observe))).open()
    connection.data_received(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\n" + sent)
    with structlog.testing.capture_logs() as lines:
        await settle()
        connection.connection_lost(None)
        await settle()
    assert seen == [499]
    assert [(line["event"], line["status"], line["code"]) for line in lines] == [
        ("request", 499, "client_disconnected")
    ]
    assert not wire.sent
