"""A listener that refuses handshakes still accepts waiting connections, begins no new one, and loses no request."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
import structlog
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from entrypoints.http.transport.handshakes import refuse_handshakes
from entrypoints.http.transport.server import Server, options

SYN_SENT = 2


@pytest.fixture(params=["127.0.0.1", "::1", "::"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A listener of IPv4, of IPv6, and of both, to which `reach` connects by IPv4."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    both = request.param == "::"
    with socket.create_server((request.param, 0), family=family, dualstack_ipv6=both) as made:
        yield made


def reach(listener: socket.socket, *, ttl: int | None = None) -> socket.socket:
    """Begin to connect."""
    host, port = listener.getsockname()[:2]
    client = socket.socket(socket.AF_INET6 if host == "::1" else socket.AF_INET)
    if ttl is not None:
        say_ttl(client, ttl)
    client.setblocking(False)
    client.connect_ex((host if host != "::" else "127.0.0.1", port))
    return client


def say_ttl(client: socket.socket, ttl: int) -> None:
    if client.family == socket.AF_INET6:
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    else:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)


def test_waiting_connections_are_accepted_and_new_handshakes_are_not(listener: socket.socket) -> None:
    with reach(listener) as waiting:
        waiting.setblocking(True)
        waiting.sendall(b"before")
        refuse_handshakes(listener)
        with reach(listener) as late, listener.accept()[0] as accepted:
            assert accepted.recv(16) == b"before"
            assert late.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == bytes([SYN_SENT])
            listener.close()
            waiting.sendall(b"after")
            assert accepted.recv(16) == b"after"


async def test_a_connection_whose_handshake_was_under_way_is_answered(listener: socket.socket) -> None:
    """A client whose handshake has a TTL of 255 has the same effect: its connection inherits the bound as well."""
    server = Server(uvicorn.Config(_answer, **{**options("", 0), "lifespan": "off"}), keeps_queue=True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    server.drain()
    refuse_handshakes(listener)
    client = reach(listener, ttl=255)
    reader, writer = await asyncio.open_connection(sock=client)
    say_ttl(client, 64)
    writer.write(b"GET / HTTP/1.1\r\nHost: upwell\r\n\r\n")
    try:
        async with asyncio.timeout(20):
            assert (await reader.readline()).startswith(b"HTTP/1.1 204 ")
    finally:
        writer.close()
        server.should_exit = True
        await serving


async def _answer(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:  # noqa: ARG001  # ASGI
    await send({"type": "http.response.start", "status": 204, "headers": [], "trailers": False})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def test_a_system_that_cannot_refuse_them_is_reported() -> None:
    with socket.socket() as closed:
        pass
    with structlog.testing.capture_logs() as lines:
        refuse_handshakes(closed)
    assert [(line["event"], line["reason"]) for line in lines] == [("handshakes_not_refused", "Bad file descriptor")]
