"""Idle, slow and greedy clients cost the other clients of a real service nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest

from tests.conftest import Service, Tenant, free_port, make_tenant, start, wait_ready
from tests.contract_check.answers import holding

AT_ONCE = 2.0  # seconds; the timeout would be ten


@asynccontextmanager
async def serving(service: Service, **settings: str) -> AsyncIterator[Tenant]:
    """Serve with further settings; yield a tenant of it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start({**service.environment, "UPWELL_PORT": str(port), **settings}, "serve")
    try:
        await asyncio.to_thread(wait_ready, url, process)
        yield await make_tenant(service.database, url)
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0


async def asked(url: str, sent: bytes, source: str = "127.0.0.1") -> tuple[bytes, float]:
    """Send bytes, wait for the end of the connection; return the answer and its duration."""
    where = httpx.URL(url)
    reader, writer = await asyncio.open_connection(where.host, where.port, local_addr=(source, 0))
    began = time.monotonic()
    writer.write(sent)
    async with asyncio.timeout(30):
        came = await reader.read()
    writer.transport.abort()  # with what was not sent
    with suppress(OSError):
        await writer.wait_closed()
    return came, time.monotonic() - began


@pytest.mark.parametrize(
    ("request_line", "key", "length", "status"),
    [
        (b"POST /v1/buckets/files/uploads", b"", 1000, b"401"),
        (b"POST /v1/buckets/files/uploads", b"", 16_000_000, b"401"),
        (b"POST /v1/buckets/none/uploads", b"valid", 100_000, b"404"),
        (b"POST /v1/buckets/files/uploads", b"valid", 16_000_000, b"422"),
        (b"POST /v1/nothing/here", b"valid", 100_000, b"404"),
        (b"GET /v1/organizations", b"valid", 100_000, b"200"),
    ],
)
async def test_a_refusal_does_not_wait_for_the_body(
    tenant: Tenant, request_line: bytes, key: bytes, length: int, status: bytes
) -> None:
    head = b"%b HTTP/1.1\r\nHost: upwell\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % (
        request_line,
        length,
    )
    if key:
        head += "".join(f"{name}: {value}\r\n" for name, value in tenant.headers.items()).encode()
    answer, seconds = await asked(tenant.url, head + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status), answer
    assert b"connection: close" in answer.lower()
    assert seconds < AT_ONCE


async def test_the_answer_arrives_at_a_client_that_first_sends_its_whole_body(tenant: Tenant) -> None:
    body = b"x" * 8_000_000
    head = b"POST /v1/buckets/files/uploads HTTP/1.1\r\nHost: upwell\r\nContent-Length: %d\r\n\r\n" % len(body)
    for _ in range(5):
        answer, _ = await asked(tenant.url, head + body)
        assert answer.startswith(b"HTTP/1.1 401"), answer


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: a\r\n", b"Host: a b\r\n"], ids=["none", "two", "no host"])
async def test_a_request_without_one_clear_host_is_refused(tenant: Tenant, hosts: bytes) -> None:
    answer, seconds = await asked(tenant.url, b"GET /healthz HTTP/1.1\r\n%b\r\n" % hosts)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_host"
    assert seconds < AT_ONCE


async def test_credentials_in_trailers_do_not_count(tenant: Tenant) -> None:
    body = json.dumps({"filename": "a.txt", "content_type": "text/plain", "file_size_bytes": 1}).encode()
    headers = b"Host: upwell\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    trailers = "".join(f"{name}: {value}\r\n" for name, value in tenant.headers.items()).encode()
    sent = b"POST /v1/buckets/files/uploads HTTP/1.1\r\n%b\r\n%x\r\n%b\r\n0\r\n%b\r\n"
    answer, _ = await asked(tenant.url, sent % (headers, len(body), body, trailers))
    assert answer.startswith(b"HTTP/1.1 401 "), answer


async def test_one_request_too_many_on_a_connection_is_refused_after_the_answers_before(tenant: Tenant) -> None:
    request = b"GET /v1/organizations HTTP/1.1\r\nHost: u\r\nAuthorization: Bearer %b\r\n\r\n" % tenant.secret.encode()
    came, _ = await asked(tenant.url, request * 50)
    assert came.count(b"HTTP/1.1 200 ") == 33
    assert came.count(b"HTTP/1.1 ") == 34
    assert json.loads(came.rpartition(b"\r\n\r\n")[2])["error"]["code"] == "too_many_requests_at_once"


async def test_idle_and_slow_connections_keep_no_client_out(service: Service) -> None:
    async with serving(service, UPWELL_MAX_CONNECTIONS="40") as tenant, AsyncExitStack() as stack:
        where = httpx.URL(tenant.url)
        for number in range(120):
            reader, writer = await asyncio.open_connection(where.host, where.port, local_addr=("127.0.0.2", 0))
            writer.write((b"", b"GET / HTTP/1.1\r\nX: ", b"GET /healthz HTTP/1.1\r\nHost: u\r\n\r\n")[number % 3])
            stack.push_async_callback(_closed, reader, writer)
        async with tenant.client() as client:
            for _ in range(3):
                assert (await client.get("/readyz")).status_code == 200
                assert (await client.get("/v1/organizations")).status_code == 200


async def _closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    del reader
    writer.close()


async def test_a_token_has_a_tenth_of_the_streams_of_its_key(service: Service) -> None:
    async with (
        serving(service, UPWELL_STREAMS_PER_KEY="30") as tenant,
        tenant.client() as client,
        AsyncExitStack() as on,
    ):
        token = (await client.post("/v1/events/tokens", json={})).json()["token"]
        plain = await on.enter_async_context(httpx.AsyncClient(base_url=tenant.url, timeout=30))

        async def follow(secret: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {secret}", "Accept": "text/event-stream"}
            return await on.enter_async_context(plain.stream("GET", "/v1/events", headers=headers))

        assert [(await follow(token)).status_code for _ in range(3)] == [200] * 3
        refused = await client.get("/v1/events?wait=1&after=latest", headers={"Authorization": f"Bearer {token}"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
        assert "Retry-After" in refused.headers
        assert [(await follow(tenant.secret)).status_code for _ in range(27)] == [200] * 27
        assert (await follow(tenant.secret)).status_code == 429


async def test_a_stream_that_ends_makes_room(service: Service) -> None:
    async with serving(service, UPWELL_STREAMS_PER_KEY="1") as tenant, holding(tenant.url, tenant.headers) as client:
        for _ in range(3):
            page = await client.get("/v1/events?wait=0.05&after=latest")
            assert page.status_code == 200


@pytest.mark.parametrize("behind", [0, 1, 40])
async def test_a_stream_whose_client_has_gone_makes_room_whatever_waits_behind_it(
    service: Service, behind: int
) -> None:
    async with serving(service, UPWELL_STREAMS_PER_KEY="1") as tenant, holding(tenant.url, tenant.headers) as client:
        where = httpx.URL(tenant.url)
        headers = "".join(f"{name}: {value}\r\n" for name, value in tenant.headers.items())
        request = f"GET /v1/events HTTP/1.1\r\nHost: upwell\r\nAccept: text/event-stream\r\n{headers}\r\n".encode()
        reader, writer = await asyncio.open_connection(where.host, where.port)
        writer.write(request + b"GET /healthz HTTP/1.1\r\nHost: upwell\r\n\r\n" * behind)
        await reader.readuntil(b"retry: ")
        assert (await client.get("/v1/events?wait=0.05&after=latest")).status_code == 429
        writer.transport.abort()
        async with asyncio.timeout(5):
            while (await client.get("/v1/events?wait=0.05&after=latest")).status_code == 429:
                pass
