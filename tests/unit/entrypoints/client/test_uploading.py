"""One file from start to end: what is asked, sent and confirmed, and what becomes of the upload when it goes wrong."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from entrypoints.client.service import Bucket, Property, Schema
from entrypoints.client.uploading import InterruptedUploadError, Outcome, Uploading, Wish
from upwell_client import Client, Retries

BUCKET = Bucket(
    bucket_id="bkt_1", bucket_name="files", bucket_schema=Schema(properties={"video": Property(type="video")})
)
UPLOAD = {"upload_id": "upl_1", "status": "PENDING", "expires_at": "2026-01-01T00:00:00Z"}
DONE = {"upload_id": "upl_1", "status": "COMPLETED", "object_id": "obj_1"}


class World:
    """A service and a storage. What they answer may be changed, each to a response, a function or an exception."""

    def __init__(self) -> None:
        self.ask: Any = {
            **UPLOAD,
            "presigned_url": "http://s3.test/x",
            "required_headers": {"Content-Type": "video/mp4"},
        }
        self.put: Any = httpx.Response(200, headers={"ETag": '"e"'})
        self.confirm: Any = DONE
        self.look: Any = DONE
        self.calls: list[str] = []
        self.bodies: dict[str, Any] = {}
        self.wait_seconds = 60.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        call = self._name(request)
        self.calls.append(call)
        if request.method == "POST":
            self.bodies[call] = json.loads(body)
        if call == "cancel":
            return httpx.Response(204)
        answer = getattr(self, call)
        if isinstance(answer, Iterator):
            answer = next(answer)
        if callable(answer) and not isinstance(answer, httpx.Response):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def upload(self, path: Path, wish: Wish | None = None) -> Outcome:
        retries = Retries(first_seconds=0)
        transport = httpx.MockTransport(self)
        with Client("http://upwell.test", "sk", "ns", bucket="files", retries=retries, transport=transport) as client:
            uploading = Uploading(client, _Silent(), wait_seconds=self.wait_seconds)
            return uploading.upload(path, BUCKET, wish or Wish())

    @staticmethod
    def _name(request: httpx.Request) -> str:
        match request.method, request.url.path.rsplit("/", 1)[-1]:
            case "PUT", _:
                return "put"
            case "DELETE", _:
                return "cancel"
            case "POST", "confirm":
                return "confirm"
            case "POST", _:
                return "ask"
            case _:
                return "look"


class _Silent:
    def phase(self, name: str, what: str, size_bytes: int | None) -> Callable[[int], None]:  # noqa: ARG002  # a role
        return lambda _: None

    def note(self, text: str) -> None:
        pass

    def result(self, line: str) -> None:
        pass


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "clip.mp4"
    made.write_bytes(b"abc")
    return made


def test_a_file_is_announced_with_all_that_is_known_of_it(world: World, path: Path) -> None:
    outcome = world.upload(path, Wish(metadata={"a": 1}, expires_in_seconds=60))
    assert outcome.ok
    assert (outcome.upload_id, outcome.object_id, outcome.sent_bytes) == ("upl_1", "obj_1", 3)
    assert world.calls == ["ask", "put", "confirm"]
    assert world.bodies["ask"] == {
        "filename": "clip.mp4",
        "content_type": "video/mp4",
        "file_size_bytes": 3,
        "file_hash": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "blob_property": "video",
        "create_object_on_confirm": True,
        "skip_duplicates": True,
        "metadata": {"a": 1},
        "presigned_url_expiration": 60,
    }
    assert world.bodies["confirm"] == {"etag": '"e"', "file_size_bytes": 3}


def test_an_empty_file_declares_no_size(world: World, path: Path) -> None:
    path.write_bytes(b"")
    assert world.upload(path).ok
    assert "file_size_bytes" not in world.bodies["ask"]


def test_no_object_needs_no_property(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x")
    assert world.upload(path, Wish(create_object=False)).ok
    assert "blob_property" not in world.bodies["ask"]
    assert world.bodies["ask"]["create_object_on_confirm"] is False


def test_what_fits_no_property_is_not_even_announced(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x")
    outcome = world.upload(path)
    assert outcome.error is not None
    assert outcome.error["code"] == "no_property_fits"
    assert world.calls == []


def test_a_duplicate_is_not_sent(world: World, path: Path) -> None:
    world.ask = {**UPLOAD, **DONE, "is_duplicate": True, "duplicate_of_upload_id": "upl_1", "presigned_url": None}
    outcome = world.upload(path)
    assert (outcome.ok, outcome.is_duplicate, outcome.sent_bytes) == (True, True, 0)
    assert world.calls == ["ask"]


def test_a_taken_unique_key_is_not_sent(world: World, path: Path) -> None:
    world.ask = {**UPLOAD, "status": "SKIPPED", "skipped_unique_key": True, "existing_object_id": "obj_9"}
    outcome = world.upload(path)
    assert (outcome.ok, outcome.skipped_unique_key, outcome.existing_object_id) == (True, True, "obj_9")
    assert world.calls == ["ask"]


def test_a_large_file_is_waited_for(world: World, path: Path) -> None:
    world.confirm = {"upload_id": "upl_1", "status": "PROCESSING"}
    world.look = iter([world.confirm, UPLOAD, DONE])  # PENDING in between: storage was silent, a worker tries again
    assert world.upload(path).object_id == "obj_1"
    assert world.calls == ["ask", "put", "confirm", "look", "look", "look"]


def test_a_large_file_that_proves_wrong_is_told_with_its_reason(world: World, path: Path) -> None:
    world.confirm = {"upload_id": "upl_1", "status": "PROCESSING"}
    world.look = {"upload_id": "upl_1", "status": "FAILED", "message": "The hash is another one."}
    outcome = world.upload(path)
    assert outcome.error == {
        "code": "upload_failed",
        "message": "the upload upl_1 is FAILED: The hash is another one.",
    }


def test_patience_ends(world: World, path: Path) -> None:
    world.confirm = world.look = {"upload_id": "upl_1", "status": "PROCESSING"}
    world.wait_seconds = 0
    outcome = world.upload(path)
    assert outcome.error is not None
    assert outcome.error["code"] == "still_verifying"
    assert outcome.error["message"].endswith("it goes on by itself: see 'upwell uploads show upl_1'")


def test_bytes_that_were_there_already_are_confirmed(world: World, path: Path) -> None:
    world.put = httpx.Response(412)
    assert world.upload(path).ok
    assert world.bodies["confirm"] == {"file_size_bytes": 3}


def test_an_upload_whose_bytes_could_not_be_sent_is_left_pending(world: World, path: Path) -> None:
    world.put = httpx.ConnectError("refused")
    outcome = world.upload(path)
    assert outcome.error is not None
    assert outcome.error["message"] == "the storage cannot be reached: refused; the upload upl_1 is left pending"
    assert "cancel" not in world.calls


def test_an_upload_that_could_not_be_confirmed_is_left_pending(world: World, path: Path) -> None:
    world.confirm = httpx.ReadError("reset")
    outcome = world.upload(path)
    assert outcome.error is not None
    assert outcome.error["message"].endswith("the upload upl_1 is left pending")
    assert outcome.status == "PENDING"


def test_a_refused_confirmation_is_told_with_what_the_upload_is_now(world: World, path: Path) -> None:
    error = {"message": "No.", "code": "hash_mismatch", "details": {"upload_id": "upl_1", "status": "FAILED"}}
    world.confirm = httpx.Response(400, json={"success": False, "status": 400, "error": error})
    outcome = world.upload(path)
    assert outcome.error == {"code": "hash_mismatch", "message": "No. [hash_mismatch]; the upload upl_1 is FAILED"}
    assert outcome.status == "FAILED"


def test_a_file_that_changed_while_it_was_sent_is_given_up(world: World, path: Path) -> None:
    def write() -> httpx.Response:
        path.write_bytes(b"abcdef")
        return httpx.Response(200)

    world.put = write
    outcome = world.upload(path)
    assert outcome.error is not None
    assert outcome.error["code"] == "changed"
    assert outcome.status == "CANCELED"
    assert world.calls == ["ask", "put", "cancel"]


def test_an_interruption_cancels_what_is_pending(world: World, path: Path) -> None:
    world.put = KeyboardInterrupt()
    with pytest.raises(InterruptedUploadError) as interrupted:
        world.upload(path)
    assert world.calls == ["ask", "put", "cancel"]
    assert interrupted.value.outcome.status == "CANCELED"
    assert interrupted.value.outcome.error == {
        "code": "interrupted",
        "message": "interrupted; the upload upl_1 was canceled",
    }


def test_an_interruption_leaves_alone_what_is_being_verified(world: World, path: Path) -> None:
    world.confirm = {"upload_id": "upl_1", "status": "PROCESSING"}
    world.look = KeyboardInterrupt()
    with pytest.raises(InterruptedUploadError):
        world.upload(path)
    assert world.calls == ["ask", "put", "confirm", "look"]


def test_an_interruption_before_anything_was_asked_has_nothing_to_cancel(world: World, path: Path) -> None:
    world.ask = KeyboardInterrupt()
    with pytest.raises(InterruptedUploadError):
        world.upload(path)
    assert world.calls == ["ask"]
