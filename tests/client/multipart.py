"""A small server that speaks the wire contract of multipart uploads: service and storage in one, in memory."""

import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PART = re.compile(r"/storage/(\w+)/(\d+)\?signature=(\d+)")


class Server:
    """The received uploads, and failures: `fail` is called before each part, and returns a status or 0."""

    def __init__(self, *, part_size: int) -> None:
        self.part_size = part_size
        self.url = ""
        self.announced: dict[str, Any] = {}
        self.status = "PENDING"
        self.parts: dict[int, bytes] = {}
        self.taken: list[int] = []
        self.hashes: dict[int, str] = {}
        self.signed: list[list[int]] = []
        self.signature = 0
        self.fail: Callable[[int, int], int] = lambda _number, _signature: 0
        self.sending = 0
        self.most_sending = 0
        self.meet: threading.Barrier | None = None
        self.looks = 0
        self.lie: str | None = None
        self._turn = threading.Lock()

    @property
    def checks(self) -> bool:
        return bool(self.announced.get("integrity"))

    @property
    def body(self) -> bytes:
        return b"".join(body for _, body in sorted(self.parts.items()))

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        request = json.loads(body) if body else {}
        match method, path.partition("?")[0].split("/")[2:]:
            case "POST", ["buckets", "files", "uploads"]:
                self.announced = request
                return 200, self._record()
            case "POST", ["uploads", "upl_1", "parts", "sign"]:
                hashes = {part["part_number"]: part["sha256"] for part in request.get("parts", ()) if "sha256" in part}
                sizes = {part["part_number"]: part["size_bytes"] for part in request.get("parts", ())}
                assert bool(hashes) == self.checks
                assert sizes or "file_size_bytes" in self.announced
                numbers = request.get("part_numbers") or list(sizes)
                with self._turn:
                    self.hashes.update(hashes)
                    self.signed.append(numbers)
                    self.signature += 1
                    signature = self.signature
                return 200, {
                    "parts": [
                        {
                            "part_number": number,
                            "url": f"{self.url}/storage/upl_1/{number}?signature={signature}",
                            "required_headers": {"X-Signed": "yes"},
                        }
                        for number in numbers
                    ]
                }
            case "GET", ["uploads", "upl_1", "parts"]:
                return 200, {
                    "parts": [
                        {
                            "part_number": number,
                            "size_bytes": len(part),
                            "etag": f'"{"opaque" if self.checks else _md5(part)}"',
                            "sha256": hashlib.sha256(part).hexdigest() if self.checks else None,
                        }
                        for number, part in sorted(self.parts.items())
                    ]
                }
            case "POST", ["uploads", "upl_1", "confirm"]:
                if request.get("file_size_bytes") != (len(self.body) or None):
                    error = {"type": "BadRequestError", "message": "No.", "code": "content_not_found", "details": {}}
                    return 400, {"success": False, "status": 400, "error": error}
                self.status = "PROCESSING"
                return 200, self._record()
            case "GET", ["uploads", "upl_1"]:
                if self.status == "PROCESSING":
                    self.looks += 1
                    self.status = "COMPLETED" if self.looks > 1 else self.status
                return 200, self._record()
        raise AssertionError(f"{method} {path}")

    def take(self, number: int, signature: int, body: bytes) -> int:
        with self._turn:
            self.sending += 1
            self.most_sending = max(self.sending, self.most_sending)
        if self.meet is not None:
            self.meet.wait(20)
        with self._turn:
            self.sending -= 1
            failed = self.fail(number, signature)
            if self.checks and self.hashes[number] != hashlib.sha256(body).hexdigest():
                failed = 400
            if not failed:
                self.parts[number] = body
                self.taken.append(number)
            return failed or 200

    def _record(self) -> dict[str, Any]:
        size = self.announced.get("file_size_bytes")
        done = self.status == "COMPLETED"
        return {
            "upload_id": "upl_1",
            "status": self.status,
            "filename": self.announced["filename"],
            "file_size_bytes": len(self.body) if done else size,
            "file_hash": (self.lie or hashlib.sha256(self.body).hexdigest()) if done else None,
            "method": "multipart",
            "integrity": self.announced.get("integrity"),
            "presigned_url": None,
            "part_size": self.part_size,
            "part_count": None if size is None else -(-size // self.part_size),
            "required_headers": None,
            "created_at": "2026-01-01T00:00:00Z",
        }


class PatientServer(ThreadingHTTPServer):
    """A server whose clients may be gone at any time."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # as it is there
        if not isinstance(sys.exc_info()[1], ConnectionError):  # an ended client sends nothing more
            super().handle_error(request, client_address)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Serve on a separate port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:  # the client is gone, and no storage keeps a part of a part
                self.close_connection = True
                return
            part = _PART.fullmatch(self.path)
            if part is None:
                assert self.headers["Authorization"] == "Bearer sk"
                status, answered = server.answer(self.command, self.path, body)
                self._send(status, json.dumps(answered).encode())
                return
            assert self.headers["X-Signed"] == "yes"
            assert "Authorization" not in self.headers
            status = server.take(int(part[2]), int(part[3]), body)
            if status < 0:
                self.close_connection = True
                return
            self._send(status, b"")

        do_GET = do_POST = do_PUT = handle_one  # noqa: N815  # names of http.server

        def log_message(self, *_: object) -> None:
            pass

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with PatientServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
