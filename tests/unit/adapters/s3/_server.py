"""An S3 server with set answers, and storage on it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials

# (method, path, query) -> a whole HTTP answer; None hangs.
Answer = Callable[[str, str, dict[str, str]], bytes | None]


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Connection: close"]
    headers = {"Content_Length": str(len(body)), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refused(status: int, code: str) -> bytes:
    return http(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())


class Server:
    """Gives set answers, and remembers its requests: (method, path and query without signatures).

    `sent`: the headers and the body of each question.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.sent: list[tuple[dict[str, str], str]] = []
        self.hanging = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Listen while inside, on the port that is returned; afterwards each connection has ended."""
        async with await asyncio.start_server(self._begin, "127.0.0.1", 0, ssl=context) as listening:
            yield listening.sockets[0].getsockname()[1]
            for _ in range(3):
                await asyncio.sleep(0)  # the steps of asyncio from an accepted connection to `_begin`
        while self._serving:
            await asyncio.wait(self._serving)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note the task before it runs: a client may be gone by then, and its connection still has to be closed."""
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *headers = head.split("\r\n")
            sent = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in headers)}
            if "expect" in sent:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(int(sent.get("content-length", 0)))
            self.sent.append((sent, body.decode()))
            method, target, _ = request.split(" ")
            query = parse_qsl(urlsplit(target).query, keep_blank_values=True)
            question = method, urlsplit(target).path, {n: v for n, v in query if not n.startswith("X-Amz-")}
            self.asked.append(question)
            answer = self.answer(*question)
            if answer is None:
                self.hanging.set()
                await reader.read()  # until the client goes away
            else:
                head_only, _, body = answer.partition(b"\r\n\r\n")
                writer.write(answer if method != "HEAD" or not body else head_only + b"\r\n\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def storage_on(answer: Answer, **options: Any) -> AsyncIterator[tuple[S3ObjectStorage, Server]]:  # noqa: ANN401 - options of the constructor
    server = Server(answer)
    async with (
        server.listening() as port,
        S3ObjectStorage(
            endpoint_url=f"http://127.0.0.1:{port}",
            bucket="upwell",
            region="eu-central-1",
            addressing="path",
            credentials=Credentials("AKID", "secret"),
            **{"max_attempts": 1, **options},
        ) as storage,
    ):
        yield storage, server
