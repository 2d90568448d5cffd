"""The PUT: exactly the headers that were signed, again where that can help, and never a file that changed."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from entrypoints.client.errors import AnsweredError, FileChangedError, UnreachableError
from entrypoints.client.files import LocalFile
from entrypoints.client.retrying import ATTEMPTS, Retrying
from entrypoints.client.sending import Sender

BODY = b"0123456789" * 300_000
HEADERS = {"Content-Type": "video/mp4", "Content-Length": str(len(BODY))}
URL = "http://s3.test/key?X-Amz-Signature=abc"


def sender(handler: Callable[[httpx.Request], httpx.Response]) -> Sender:
    return Sender(Retrying(sleep=lambda _: None), now=lambda: 0.0, transport=httpx.MockTransport(handler))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "clip.mp4"
    made.write_bytes(BODY)
    return made


class Storage:
    """Takes bytes, after it has failed as often as told. An exception is raised when half of them have come."""

    def __init__(self, *failures: httpx.Response | Exception) -> None:
        self.failures = list(failures)
        self.requests: list[httpx.Request] = []
        self.kept = b""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        body = request.read()
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        self.kept = body
        return httpx.Response(200, headers={"ETag": '"e"'})


def test_the_signed_headers_are_sent_as_they_are_and_no_key(path: Path) -> None:
    storage, done = Storage(), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count

    with sender(storage) as there, LocalFile(path) as file:
        assert there.put(file, URL, HEADERS, advance) == '"e"'
    sent = storage.requests[0].headers
    assert (sent["content-type"], sent["content-length"]) == ("video/mp4", str(len(BODY)))
    assert "transfer-encoding" not in sent
    assert "authorization" not in sent
    assert storage.kept == BODY
    assert done == len(BODY)


def test_a_length_that_was_not_signed_is_sent_all_the_same(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    storage = Storage()
    with sender(storage) as there, LocalFile(empty) as file:
        there.put(file, URL, {"Content-Type": "text/plain"}, lambda _: None)
    assert storage.requests[0].headers["content-length"] == "0"
    assert "transfer-encoding" not in storage.requests[0].headers


def test_the_bytes_are_sent_again_from_the_start_and_progress_is_taken_back(path: Path) -> None:
    slow_down = httpx.Response(503, text="<Error><Code>SlowDown</Code><Message>Wait.</Message></Error>")
    late = httpx.Response(400, text="<Error><Code>RequestTimeout</Code><Message>Idle.</Message></Error>")
    storage = Storage(httpx.WriteError("broken pipe"), slow_down, late)
    counts: list[int] = []
    with sender(storage) as there, LocalFile(path) as file:
        there.put(file, URL, HEADERS, counts.append)
    assert len(storage.requests) == 4
    assert storage.kept == BODY
    assert sum(counts) == len(BODY)


def test_bytes_that_are_there_already_are_left_to_the_confirmation(path: Path) -> None:
    storage = Storage(httpx.Response(412))
    with sender(storage) as there, LocalFile(path) as file:
        assert there.put(file, URL, HEADERS, lambda _: None) is None
    assert len(storage.requests) == 1


def test_a_refusal_is_final_and_told_in_the_storages_words(path: Path) -> None:
    storage = Storage(
        httpx.Response(403, text="<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
    )
    with sender(storage) as there, LocalFile(path) as file, pytest.raises(AnsweredError) as refused:
        there.put(file, URL, HEADERS, lambda _: None)
    assert refused.value.message == "the storage refused the bytes with 403: Request has expired [AccessDenied]"
    assert len(storage.requests) == 1


def test_attempts_are_bounded(path: Path) -> None:
    storage = Storage(*[httpx.ConnectError("refused") for _ in range(99)])
    with sender(storage) as there, LocalFile(path) as file, pytest.raises(UnreachableError):
        there.put(file, URL, HEADERS, lambda _: None)
    assert len(storage.requests) == ATTEMPTS


def test_a_file_that_became_shorter_is_not_sent_to_its_end(path: Path) -> None:
    storage = Storage()
    with sender(storage) as there, LocalFile(path) as file:
        path.write_bytes(BODY[:100])
        with pytest.raises(FileChangedError):
            there.put(file, URL, HEADERS, lambda _: None)
    assert storage.kept == b""
