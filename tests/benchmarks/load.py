"""A load generator that costs little itself: keep-alive connections, one request in flight on each."""

import asyncio
import functools
import statistics
import time
from typing import NamedTuple, cast


class Load(NamedTuple):
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    failures: int


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, until: float, times: list[float], done: asyncio.Future[int]) -> None:
        self._request = request
        self._until = until
        self._times = times
        self._done = done
        self._buffer = b""
        self._began = 0.0
        self._failures = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self._times.append(now - self._began)
        if b" 200 " not in head[:16]:
            self._failures += 1
        self._buffer = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        if not self._done.done():
            self._done.set_result(self._failures)

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._request)


async def load(port: int, request: bytes, *, connections: int, seconds: float) -> Load:
    """Send `request` over and over on each connection for some seconds."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    began = time.perf_counter()
    dones: list[asyncio.Future[int]] = []
    for _ in range(connections):
        dones.append(loop.create_future())
        client = functools.partial(_Client, request, began + seconds, times, dones[-1])
        await loop.create_connection(client, "127.0.0.1", port)
    failures = sum(await asyncio.gather(*dones))
    took = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=100)
    return Load(len(times) / took, cuts[49] * 1000, cuts[98] * 1000, failures)


def http_request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a whole POST request."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
