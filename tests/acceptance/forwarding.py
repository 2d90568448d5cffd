"""A reverse proxy before the service and its storage, which sees the requests to storage and can delay them.

It is in the URLs that the service issues: a client reaches loopback directly, whatever proxy its environment
names.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.client.multipart import PatientServer

_OF_THE_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
_OF_THE_PROXY = frozenset({"host", "accept-encoding"})  # the server's own name was signed; no answer is compressed


class Proxy:
    """PUTs are passed on one after the other, and the first `passing` of them only until `open` is called."""

    def __init__(self) -> None:
        self.url = ""
        self.passing: int | None = None
        self.parts: list[int] = []
        self.arrived = 0
        self.most_at_once = 0
        self.holding = threading.Event()
        self.opened = threading.Event()
        self.dropping = False
        self._turn = threading.Lock()
        self._counting = threading.Lock()

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables that send a client through it."""
        return {"UPWELL_URL": self.url}

    def open(self) -> None:
        """Stop holding data back."""
        self.opened.set()

    def drop(self) -> None:
        """Drop the held data, whose client has ended, and stop holding data back."""
        self.dropping = True
        self.open()
        while self.arrived:
            time.sleep(0.001)
        self.dropping = False

    @contextlib.contextmanager
    def turn(self) -> Iterator[bool]:
        """Wait until a PUT should continue or, if this is false, be dropped."""
        with self._counting:
            self.arrived += 1
            self.most_at_once = max(self.arrived, self.most_at_once)
        try:
            with self._turn:
                if self.passing is not None and len(self.parts) >= self.passing:
                    self.holding.set()
                    self.opened.wait(60)
                yield not self.dropping
        finally:
            with self._counting:
                self.arrived -= 1


@contextlib.contextmanager
def forwarding(service_url: str, storage_url: str) -> Iterator[Proxy]:  # noqa: C901  # a server's handlers, in one
    """Run a proxy before both."""
    proxy = Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:  # a name of http.server
            with proxy.turn() as going_on:
                self.close_connection = not going_on
                answer = self._forward() if going_on else None
                if answer is not None and answer[0].status < 400:
                    (number,) = parse_qs(urlsplit(self.path).query).get("partNumber", ["0"])
                    proxy.parts.append(int(number))
            self._answer(answer)  # its turn is over by then: its client may send the next one

        def do_GET(self) -> None:  # the same
            self._answer(self._forward())

        do_POST = do_DELETE = do_GET  # noqa: N815  # the same

        def log_message(self, *_: object) -> None:
            pass

        def _forward(self) -> tuple[HTTPResponse, bytes] | None:
            length = int(self.headers.get("Content-Length", 0))
            try:
                body = self.rfile.read(length)
            except ConnectionError:
                body = b""
            self.close_connection = len(body) < length
            if self.close_connection:
                return None
            signed = "X-Amz-Signature" in parse_qs(urlsplit(self.path).query)
            there = HTTPConnection(urlsplit(storage_url if signed else service_url).netloc, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_PROXY}
            there.request(self.command, self.path, body, headers)
            answer = there.getresponse()
            content = answer.read().replace(storage_url.encode(), proxy.url.encode())
            there.close()
            return answer, content

        def _answer(self, answer: tuple[HTTPResponse, bytes] | None) -> None:
            if answer is None:
                return
            head, content = answer
            self.send_response(head.status)
            for name, value in head.getheaders():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            with contextlib.suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(content)

    with PatientServer(("127.0.0.1", 0), Handler) as http:
        proxy.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.open()
            http.shutdown()
            thread.join()
