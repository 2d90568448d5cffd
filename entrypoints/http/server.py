"""The HTTP server, uvicorn, as Upwell runs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_BEYOND_BODY = 1024 * 1024
FINISH_SECONDS = 20


CONNECTION = "upwell.connection"  # in the scope: the connection, for answers that go on


class BoundedHttp(HttpToolsProtocol):
    """Bounds what a request may have besides its body (its head, the framing of chunks); uvicorn keeps any amount.

    An answer that goes on without end is told by `when_ending` that the server stops, and may `abort` its connection.
    """

    _beyond = 0
    _when_ending: Callable[[], None] | None = None

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[CONNECTION] = self  # type: ignore[literal-required]  # a key of our own in the scope

    def when_ending(self, callback: Callable[[], None] | None) -> None:
        """Call back when the server stops; None: not any more."""
        self._when_ending = callback

    def abort(self) -> None:
        """End the connection, whatever has not been read."""
        self.transport.abort()

    def shutdown(self) -> None:
        """End after the answer that is under way."""
        super().shutdown()
        if self._when_ending is not None:
            self._when_ending()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the connection, or end one that only ever sends a head."""
        self._beyond += len(data)
        super().data_received(data)
        if self._beyond > MAX_BEYOND_BODY and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._beyond -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Be done with a request."""
        self._beyond = 0
        super().on_message_complete()


class Server(uvicorn.Server):
    """Serves until `should_exit` is set; signals are its caller's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def options(host: str, port: int) -> dict[str, Any]:
    """Return how uvicorn is to serve, besides the application and the number of processes."""
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
        "timeout_graceful_shutdown": FINISH_SECONDS,
        "reset_contextvars": True,  # otherwise a request may begin with what another one, or the start, has set
    }
