"""Responses on the wire, from the messages of an application."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from litestar.types import Scope

from entrypoints.http.transport.exchange import WHOLE, takes_whole
from tests.unit.entrypoints.http.transport.test_server import House, Message, Receive, Send, Wire, settle

TYPE = (b"content-type", b"text/plain")
LENGTH = (b"content-length", b"2")


class Sends:
    """An application that sends these messages, and yields between them if it is slow."""

    def __init__(self, *messages: Message, slow: bool = False) -> None:
        self._messages = messages
        self._slow = slow

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI
        for message in self._messages:
            await send(message)
            if self._slow:
                await settle()


def start(*headers: tuple[bytes, bytes], status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(piece: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": more}


class Counting(Wire):
    """The other end of a connection, and the number of writes."""

    writes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes += 1
        super().write(data)


async def answered(app: Sends, method: str = "GET", *, version: str = "1.1") -> Counting:
    connection, _ = House(app).open()
    wire = Counting("192.0.2.1")
    connection.connection_made(wire)
    connection.data_received(f"{method} / HTTP/{version}\r\nHost: upwell\r\n\r\n".encode())
    for _ in range(10):
        await settle()
    return wire


def split(wire: Wire) -> tuple[bytes, set[bytes], bytes]:
    """Return the status line, the headers but the date, and the body."""
    head, _, rest = wire.sent.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    return line, {header for header in headers if not header.startswith(b"date: ")}, rest


WHOLE_ANSWER = {**start(TYPE, LENGTH), WHOLE: b"ok"}


@pytest.mark.parametrize(
    "messages", [[WHOLE_ANSWER], [start(TYPE, LENGTH), body(b"ok")]], ids=["in one message", "in two messages"]
)
async def test_head_and_body_leave_in_one_write(messages: Sequence[Message]) -> None:
    wire = await answered(Sends(*messages))
    assert split(wire) == (b"HTTP/1.1 200 OK", {b"content-type: text/plain", b"content-length: 2"}, b"ok")
    assert wire.writes == 1
    assert not wire.closed


async def test_a_head_does_not_wait_for_a_body_that_comes_later() -> None:
    may = asyncio.Event()

    class Late(Sends):
        async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI
            await send(start(TYPE))
            await may.wait()
            await send(body(b"ok"))

    wire = await answered(Late())
    assert split(wire)[1:] == ({b"content-type: text/plain", b"transfer-encoding: chunked"}, b"")
    may.set()
    await settle()
    assert split(wire)[2] == b"2\r\nok\r\n0\r\n\r\n"


@pytest.mark.parametrize("slow", [False, True])
async def test_a_body_without_a_length_is_chunked(slow: bool) -> None:
    wire = await answered(Sends(start(), body(b"a" * 20, more=True), body(b"", more=True), body(b"b"), slow=slow))
    _, headers, rest = split(wire)
    assert headers == {b"transfer-encoding: chunked"}
    assert rest == b"14\r\n" + b"a" * 20 + b"\r\n1\r\nb\r\n0\r\n\r\n"


async def test_a_body_for_http_1_0_ends_with_the_connection() -> None:
    wire = await answered(Sends(start(), body(b"a", more=True), body(b"", more=True), body(b"b")), version="1.0")
    assert split(wire) == (b"HTTP/1.1 200 OK", {b"connection: close"}, b"ab")
    assert wire.closed


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_is_not_chunked(status: int) -> None:
    _, headers, rest = split(await answered(Sends(start(status=status), body(b""))))
    assert (headers, rest) == (set(), b"")


@pytest.mark.parametrize("messages", [[WHOLE_ANSWER], [start(TYPE, LENGTH), body(b"ok")], [start(TYPE), body(b"ok")]])
async def test_the_answer_to_head_has_no_body(messages: Sequence[Message]) -> None:
    wire = await answered(Sends(*messages), "HEAD")
    assert split(wire)[2] == b""
    assert b"content-type: text/plain" in split(wire)[1]
    assert b"chunked" not in wire.sent
    assert not wire.closed


@pytest.mark.parametrize(
    "headers", [[LENGTH], [LENGTH, (b"connection", b"close")], [LENGTH, (b"connection", b"x, Close")]]
)
async def test_the_last_answer_of_a_connection_says_so_once(headers: Sequence[tuple[bytes, bytes]]) -> None:
    version = "1.0" if len(headers) == 1 else "1.1"
    wire = await answered(Sends({**start(*headers), WHOLE: b"ok"}), version=version)
    assert wire.sent.lower().count(b"close") == 1
    assert wire.closed


@pytest.mark.parametrize(
    "header",
    [(b"x-a", b"b\r\nset-cookie: c"), (b"x-a", b"b\n"), (b"x-a\r\nx-b", b"c"), (b"x-a", b"\0"), (b"x-a", b"\x7f")],
)
@pytest.mark.parametrize("more", [{}, {WHOLE: b"ok"}])
async def test_no_header_can_begin_another_one(header: tuple[bytes, bytes], more: Message) -> None:
    wire = await answered(Sends({**start(LENGTH, header), **more}, body(b"ok")))
    assert wire.sent.startswith(b"HTTP/1.1 500 ")
    assert b"x-a" not in wire.sent
    assert wire.closed


async def test_a_tab_in_a_value_is_sent() -> None:
    wire = await answered(Sends({**start(LENGTH, (b"x-a", b"b\tc")), WHOLE: b"ok"}))
    assert b"x-a: b\tc" in split(wire)[1]


@pytest.mark.parametrize(
    "messages",
    [
        [start(LENGTH), body(b"longer")],
        [start(LENGTH), body(b"s")],
        [start(LENGTH)],
        [start(LENGTH), start(LENGTH)],
        [{**start(LENGTH), WHOLE: b"longer"}],
    ],
)
async def test_a_response_that_breaks_its_own_rules_ends_the_connection(messages: Sequence[Message]) -> None:
    wire = await answered(Sends(*messages))
    assert wire.closed


async def test_a_response_that_begins_with_its_body_is_a_failure() -> None:
    wire = await answered(Sends(body(b"ok")))
    assert wire.sent.startswith(b"HTTP/1.1 500 ")


async def test_a_client_that_does_not_read_is_waited_for() -> None:
    connection, _ = House(Sends(WHOLE_ANSWER)).open()
    wire = Counting("192.0.2.1")
    connection.connection_made(wire)
    connection.pause_writing()
    connection.data_received(b"GET / HTTP/1.1\r\nHost: upwell\r\n\r\n")
    await settle()
    assert not wire.sent
    connection.resume_writing()
    await settle()
    assert wire.status == 200


async def test_the_client_is_asked_for_the_body_that_it_holds_back() -> None:
    async def reads(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
        assert (await receive())["body"] == b"ok"
        await send(WHOLE_ANSWER)

    connection, wire = House(reads).open()
    connection.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    await settle()
    assert wire.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.data_received(b"ok")
    await settle()
    assert b"HTTP/1.1 200 OK" in wire.sent


async def test_a_client_of_http_1_0_is_not_asked_for_its_body() -> None:
    async def reads(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
        assert (await receive())["body"] == b"ok"
        await send(WHOLE_ANSWER)

    connection, wire = House(reads).open()
    connection.data_received(b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    await settle()
    assert not wire.sent
    connection.data_received(b"ok")
    await settle()
    assert wire.sent.startswith(b"HTTP/1.1 200 OK")


async def test_the_server_names_the_extension() -> None:
    named: list[bool] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # ASGI
        named.append(takes_whole(cast("Scope", scope)))
        await send(WHOLE_ANSWER)

    connection, _ = House(app).open()
    connection.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await settle()
    assert named == [True]
    assert not takes_whole(cast("Scope", {})), "another server"
