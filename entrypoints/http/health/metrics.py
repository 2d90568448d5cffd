"""`/metrics`, on a separate port for each process, which the proxy in front of the service does not expose."""

import asyncio
import errno
import hmac
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import Context

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from entrypoints.http.transport.server import Server, options
from entrypoints.settings import MetricsSettings

PORTS = 256  # the number of ports to try
_log = structlog.get_logger(__name__)


class MetricsApp:
    """ASGI: one page, protected by the token."""

    def __init__(self, token: str | None, text: Callable[[], Awaitable[bytes]]) -> None:
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._text = text

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:  # noqa: ARG002  # ASGI
        """Answer a request."""
        if scope["type"] != "http":
            return
        status, headers, body = 200, [(b"content-type", CONTENT_TYPE_LATEST.encode())], b""
        given = dict(scope["headers"]).get(b"authorization", b"")
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            status, headers = 401, [(b"www-authenticate", b"Bearer")]
        elif scope["path"] != "/metrics":
            status, headers = 404, []
        elif scope["method"] not in {"GET", "HEAD"}:
            status, headers = 405, [(b"allow", b"GET, HEAD")]
        else:
            body = await self._text()
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body, "more_body": False})


@asynccontextmanager
async def telling(where: MetricsSettings, text: Callable[[], Awaitable[bytes]]) -> AsyncIterator[int]:
    """Serve the metrics while inside; yield the port."""
    listening = listen(where.host, where.port)
    port: int = listening.getsockname()[1]
    how = {**options(where.host, port), "lifespan": "off", "timeout_graceful_shutdown": 1}
    server = Server(uvicorn.Config(MetricsApp(where.token, text), **how), keeps_queue=True)
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="metrics", context=Context())
    _log.info("metrics_told", host=where.host, port=port)
    try:
        yield port
    finally:
        server.should_exit = True
        await serving


def listen(host: str, port: int) -> socket.socket:
    """Listen on the first free port from this one on: the processes of one machine share their settings."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for each in range(port, min(port + PORTS, 65_536)):
        try:
            return socket.create_server((host, each), family=family)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"No port from {port} on is free for metrics at {host}.")
