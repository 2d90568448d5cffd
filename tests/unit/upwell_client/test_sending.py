"""The PUT: exactly the signed headers, useful retries, and never a changed file."""

import json
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

from upwell_client import (
    Client,
    FileChangedError,
    MismatchError,
    Progress,
    Retries,
    StorageRefusedError,
    UnreachableError,
)

ATTEMPTS = 8
BODY = b"0123456789" * 300_000
URL = "http://s3.test/key?X-Amz-Signature=abc"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "clip.mp4"
    made.write_bytes(BODY)
    return made


class Storage:
    """Accepts bytes, after a given number of failures. An exception is raised when half of them have arrived."""

    def __init__(self, *failures: httpx.Response | Exception) -> None:
        self.failures = list(failures)
        self.requests: list[httpx.Request] = []
        self.kept = b""
        self.confirmed: dict[str, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "upwell.test":
            return self._answer(request)
        self.requests.append(request)
        body = request.read()
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        self.kept = body
        return httpx.Response(200, headers={"ETag": '"e"'})

    def upload(self, given: Any, **options: Any) -> list[Progress]:  # noqa: ANN401  # any input of a client
        """Upload a file and return the reported progress of the sending."""
        seen: list[Progress] = []
        known = {"transport": httpx.MockTransport(self), "retries": Retries(attempts=ATTEMPTS, first_seconds=0)}
        with Client("http://upwell.test", "sk", "ns", bucket="b", **known) as client:  # type: ignore[arg-type]  # options of several types
            client.upload(given, progress=seen.append, **options)
        return [progress for progress in seen if progress.phase == "sending"]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        upload = {"upload_id": "upl_1", "status": "PENDING", "presigned_url": URL}
        if request.url.path.endswith("/confirm"):
            self.confirmed = json.loads(request.content)
            return httpx.Response(200, json={**upload, "status": "COMPLETED"})
        size = json.loads(request.content or b"{}").get("file_size_bytes")
        length = {"Content-Length": str(size)} if size else {}
        return httpx.Response(200, json={**upload, "required_headers": {"Content-Type": "video/mp4", **length}})


def test_the_signed_headers_are_sent_as_they_are_and_no_key(path: Path) -> None:
    storage = Storage()
    progress = storage.upload(path)
    sent = storage.requests[0].headers
    assert (sent["content-type"], sent["content-length"]) == ("video/mp4", str(len(BODY)))
    assert "transfer-encoding" not in sent
    assert "authorization" not in sent
    assert storage.kept == BODY
    assert progress[-1].done_bytes == len(BODY)
    assert storage.confirmed == {"etag": '"e"', "file_size_bytes": len(BODY)}


def test_a_length_that_was_not_signed_is_sent_all_the_same(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    storage = Storage()
    storage.upload(empty)
    assert storage.requests[0].headers["content-length"] == "0"
    assert "transfer-encoding" not in storage.requests[0].headers
    assert storage.confirmed == {"etag": '"e"'}


def test_the_bytes_are_sent_again_from_the_start_and_progress_is_taken_back(path: Path) -> None:
    slow_down = httpx.Response(503, text="<Error><Code>SlowDown</Code><Message>Wait.</Message></Error>")
    late = httpx.Response(400, text="<Error><Code>RequestTimeout</Code><Message>Idle.</Message></Error>")
    storage = Storage(httpx.WriteError("broken pipe"), slow_down, late)
    steps = storage.upload(path)
    assert len(storage.requests) == 4
    assert storage.kept == BODY
    assert max(progress.done_bytes for progress in steps) == steps[-1].done_bytes == len(BODY)


def test_bytes_that_are_there_already_are_left_to_the_confirmation(path: Path) -> None:
    storage = Storage(httpx.Response(412))
    storage.upload(path)
    assert len(storage.requests) == 1
    assert storage.confirmed == {"file_size_bytes": len(BODY)}


def test_a_refusal_of_a_fresh_url_is_final_and_printed_in_the_words_of_the_storage(path: Path) -> None:
    refusal = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    storage = Storage(httpx.Response(403, text=refusal), httpx.Response(403, text=refusal))
    with pytest.raises(StorageRefusedError) as refused:
        storage.upload(path)
    assert refused.value.message == "storage refused the bytes with 403: Request has expired"
    assert (refused.value.code, refused.value.upload_id) == ("AccessDenied", "upl_1")
    assert len(storage.requests) == 2


def test_an_expired_url_is_signed_again(path: Path) -> None:
    storage = Storage(httpx.Response(403))
    storage.upload(path)
    assert storage.kept == BODY


def test_attempts_are_bounded(path: Path) -> None:
    storage = Storage(*[httpx.ConnectError("refused") for _ in range(99)])
    with pytest.raises(UnreachableError):
        storage.upload(path)
    assert len(storage.requests) == ATTEMPTS


def test_a_file_that_became_shorter_is_not_sent_to_its_end(path: Path) -> None:
    class Shortening(Storage):
        def _answer(self, request: httpx.Request) -> httpx.Response:
            path.write_bytes(BODY[:100])
            return super()._answer(request)

    storage = Shortening()
    with pytest.raises(FileChangedError):
        storage.upload(path)
    assert storage.kept == b""


def test_an_iterator_must_have_the_announced_size() -> None:
    storage = Storage()
    with pytest.raises(MismatchError):
        storage.upload(iter([b"ab", b"c"]), filename="a.txt", size_bytes=4)
    assert storage.requests == []
    storage.upload(iter([b"ab", b"c"]), filename="a.txt", size_bytes=3)
    assert storage.kept == b"abc"


def test_the_version_that_is_sent_is_that_of_the_distribution() -> None:
    project = tomllib.loads(Path("clients/python/pyproject.toml").read_text(encoding="utf-8"))["project"]
    storage = Storage()
    storage.upload(b"x", filename="a.txt")
    assert storage.requests[0].headers["user-agent"] == f"upwell-client/{project['version']}"
