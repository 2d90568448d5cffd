"""One file from start to end: requests, bytes and confirmation, and the upload after failures."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from entrypoints.cli.keeping import find_kept
from entrypoints.cli.output import json_of
from entrypoints.cli.progress import Steps
from entrypoints.cli.service import Bucket, Property, Schema
from entrypoints.cli.target import Target
from entrypoints.cli.uploading import Manner, Outcome, Uploading, _sentence, interrupted
from entrypoints.cli.wish import Wish
from upwell_client import Client, Retries

BUCKET = Bucket(
    bucket_id="bkt_1", bucket_name="files", bucket_schema=Schema(properties={"video": Property(type="video")})
)
UPLOAD = {"upload_id": "upl_1", "status": "PENDING", "expires_at": "2026-01-01T00:00:00Z"}
TARGET = Target(url="http://upwell.test", api_key="sk", namespace="ns", bucket="files")
DONE = {"upload_id": "upl_1", "status": "COMPLETED", "object_id": "obj_1"}
MAY_NOT = httpx.Response(
    403, json={"error": {"type": "ForbiddenError", "message": "No.", "code": "permission_denied", "details": {}}}
)


class World:
    """A service and a storage. Each answer may be set to a response, a function or an exception."""

    def __init__(self) -> None:
        self.ask: Any = {
            **UPLOAD,
            "presigned_url": "http://s3.test/x",
            "required_headers": {"Content-Type": "video/mp4"},
        }
        self.put: Any = httpx.Response(200, headers={"ETag": '"e"'})
        self.confirm: Any = DONE
        self.look: Any = DONE
        self.cancel: Any = httpx.Response(204)
        self.calls: list[str] = []
        self.bodies: dict[str, Any] = {}
        self.sign: Any = {**UPLOAD, "presigned_url": "http://s3.test/y"}
        self.wait_seconds = 60.0
        self.stopping = threading.Event()
        self.notes: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        call = self._name(request)
        self.calls.append(call)
        if request.method == "POST":
            self.bodies[call] = json.loads(body or b"{}")
        answer = getattr(self, call)
        if isinstance(answer, Iterator):
            answer = next(answer)
        if callable(answer) and not isinstance(answer, httpx.Response):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def upload(
        self,
        path: Path,
        wish: Wish | None = None,
        *,
        target: Target = TARGET,
        resume: bool = False,
        part_size_mib: int | None = None,
        method: Literal["put", "post"] = "put",
        bucket: Bucket | None = BUCKET,
    ) -> Outcome:
        retries = Retries(first_seconds=0)
        transport = httpx.MockTransport(self)
        outcome = Outcome(file=path.name)
        with Client(target.url, "sk", "ns", bucket="files", retries=retries, transport=transport) as client:
            manner = Manner(resume=resume, part_size_mib=part_size_mib, method=method, wait_seconds=self.wait_seconds)
            uploading = Uploading(client, _Noting(self.notes), target, manner, stopping=self.stopping)
            uploading.upload(path, bucket, wish or Wish(), outcome)
        return outcome

    def stop(self) -> httpx.Response:
        """Accept the bytes, while the user presses Ctrl-C."""
        self.stopping.set()
        return httpx.Response(200)

    @staticmethod
    def _name(request: httpx.Request) -> str:
        match request.method, request.url.path.rsplit("/", 1)[-1]:
            case "PUT", _:
                return "put"
            case "DELETE", _:
                return "cancel"
            case "POST", "confirm" | "sign" as name:
                return name
            case "POST", _:
                return "ask"
            case _:
                return "look"


class _Noting:
    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def total(self, files: int, size_bytes: int) -> None:
        pass

    def file(self, name: str, size_bytes: int | None) -> Steps:  # noqa: ARG002  # a role
        return _Silent()

    def note(self, text: str) -> None:
        self._notes.append(text)

    def result(self, line: str) -> None:
        pass


class _Silent:
    def begin(self, what: str, size_bytes: int | None) -> Callable[[int], None]:  # noqa: ARG002  # a role
        return lambda _: None

    def end(self) -> None:
        pass


@pytest.fixture
def world() -> World:
    return World()


def kept(path: Path) -> dict[str, Any] | None:
    """Return the state file beside a file."""
    place = path.with_name(f".{path.name}.upwell-upload")
    return json.loads(place.read_bytes()) if place.exists() else None


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


def test_a_part_size_is_requested_in_bytes(world: World, path: Path) -> None:
    assert world.upload(path, part_size_mib=8).ok
    assert world.bodies["ask"]["part_size"] == 8 * 1024**2


def test_a_form_is_requested_and_never_parts(world: World, path: Path) -> None:
    assert world.upload(path, method="post").ok
    assert world.bodies["ask"]["method"] == "post"
    assert "multipart" not in world.bodies["ask"]
    assert world.upload(path).ok
    assert "method" not in world.bodies["ask"]


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


def test_what_fits_no_property_is_stored_without_an_object(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"x")
    world.confirm = lambda: httpx.Response(200, json={"upload_id": "upl_1", "status": "COMPLETED"})
    outcome = world.upload(path)
    assert outcome.ok
    assert world.bodies["ask"]["create_object_on_confirm"] is False
    assert outcome.note is not None
    assert outcome.note.startswith("stored without an object: application/zip fits no property of the bucket")


def test_bytes_that_are_in_an_object_are_not_reported_without_one(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"x")
    world.confirm = lambda: httpx.Response(
        200,
        json={
            "upload_id": "upl_1",
            "status": "COMPLETED",
            "is_duplicate": True,
            "duplicate_of_upload_id": "upl_0",
            "object_id": "obj_0",
        },
    )
    outcome = world.upload(path)
    assert (outcome.ok, outcome.object_id, outcome.note) == (True, "obj_0", None)


def test_what_fits_no_property_is_not_even_announced_where_an_object_is_wanted(world: World, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x")
    outcome = world.upload(path, Wish(object_metadata={"title": "A"}))
    assert outcome.error is not None
    assert outcome.error["code"] == "no_property_fits"
    assert world.calls == []


def test_a_duplicate_is_not_sent(world: World, path: Path) -> None:
    world.ask = {**UPLOAD, **DONE, "is_duplicate": True, "duplicate_of_upload_id": "upl_1", "presigned_url": None}
    outcome = world.upload(path)
    assert (outcome.ok, outcome.is_duplicate, outcome.sent_bytes) == (True, True, 0)
    assert world.calls == ["ask"]


def test_the_result_of_an_upload_is_printed(world: World, path: Path) -> None:
    world.confirm = {**DONE, "deletes_at": "2031-01-02T03:04:05Z"}
    outcome = world.upload(path)
    assert outcome.deletes_at == datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert json.loads(json_of(outcome))["deletes_at"] == "2031-01-02T03:04:05Z"
    assert _sentence(outcome).endswith("; upload upl_1, object obj_1, kept until 2031-01-02T03:04:05Z")


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


def test_a_large_file_that_fails_verification_is_reported_with_its_reason(world: World, path: Path) -> None:
    world.confirm = {"upload_id": "upl_1", "status": "PROCESSING"}
    world.look = {"upload_id": "upl_1", "status": "FAILED", "message": "The hash is another one."}
    outcome = world.upload(path)
    assert outcome.error == {
        "code": "upload_failed",
        "message": "the upload upl_1 is FAILED: The hash is another one.",
    }


def test_a_key_that_may_not_read_waits_by_confirming_again(world: World, path: Path) -> None:
    processing = {"upload_id": "upl_1", "status": "PROCESSING"}
    world.confirm = iter([processing, processing, DONE])
    world.look = MAY_NOT
    outcome = world.upload(path, bucket=None)
    assert (outcome.ok, outcome.status, outcome.object_id) == (True, "COMPLETED", "obj_1")
    assert world.calls == ["ask", "put", "confirm", "look", "confirm", "confirm"]
    assert world.bodies["confirm"] == {"etag": '"e"', "file_size_bytes": 3}
    assert kept(path) is None


def test_a_key_that_may_not_read_has_to_name_the_property(world: World, path: Path) -> None:
    error = {"type": "ValidationError", "message": "No property 'clip'.", "code": "unknown_blob_property"}
    world.ask = httpx.Response(422, json={"success": False, "status": 422, "error": error})
    assert (world.upload(path, bucket=None).error or {})["message"] == (
        "No property 'clip'. [unknown_blob_property]; this key may not read the properties of the bucket: choose one"
        " with --property"
    )


def test_patience_ends(world: World, path: Path) -> None:
    world.confirm = world.look = {"upload_id": "upl_1", "status": "PROCESSING"}
    world.wait_seconds = 0
    outcome = world.upload(path)
    assert outcome.error is not None
    assert outcome.error["code"] == "still_verifying"
    assert outcome.error["message"].endswith("the service continues on its own: see 'upwell uploads show upl_1'")
    unread = world.upload(path, Wish(property_name="video"), bucket=None)
    assert (unread.error or {})["message"].endswith("the service continues on its own")


def test_bytes_that_were_there_already_are_confirmed(world: World, path: Path) -> None:
    world.put = httpx.Response(412)
    assert world.upload(path).ok
    assert world.bodies["confirm"] == {"file_size_bytes": 3}


def test_an_upload_whose_bytes_could_not_be_sent_is_left_pending(world: World, path: Path) -> None:
    world.put = httpx.ConnectError("refused")
    outcome = world.upload(path)
    assert outcome.error is not None
    assert outcome.error["message"] == (
        "the storage cannot be reached: refused; the upload upl_1 is left pending: continue with 'upwell upload"
        " --resume'"
    )
    assert "cancel" not in world.calls
    assert (kept(path) or {})["upload_id"] == "upl_1"


def test_an_upload_that_could_not_be_confirmed_is_left_pending(world: World, path: Path) -> None:
    world.confirm = httpx.ReadError("reset")
    outcome = world.upload(path)
    assert outcome.error is not None
    assert "; the upload upl_1 is left pending" in outcome.error["message"]
    assert outcome.status == "PENDING"


def test_a_refused_confirmation_is_printed_with_the_current_status(world: World, path: Path) -> None:
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
    assert kept(path) is None


def test_what_is_needed_to_go_on_is_kept_before_the_first_byte_and_until_the_end(world: World, path: Path) -> None:
    seen: list[Any] = []

    def look() -> httpx.Response:
        seen.append(kept(path))
        seen.append(path.with_name(".clip.mp4.upwell-upload").stat().st_mode & 0o777)
        return httpx.Response(200)

    world.put = look
    assert world.upload(path, Wish(metadata={"a": 1})).ok
    assert seen == [
        {
            "upload_id": "upl_1",
            "url": "http://upwell.test",
            "namespace": "ns",
            "bucket": "files",
            "path": str(path),
            "size_bytes": 3,
            "mtime_ns": path.stat().st_mtime_ns,
            "wish": {
                "property_name": None,
                "content_type": None,
                "metadata": {"a": 1},
                "object_metadata": None,
                "create_object": True,
                "skip_duplicates": True,
                "expires_in_seconds": None,
            },
        },
        0o600,
    ]
    assert list(path.parent.iterdir()) == [path]


def test_an_interruption_leaves_the_upload_pending(world: World, path: Path) -> None:
    world.put = world.stop
    outcome = world.upload(path)
    assert world.calls == ["ask", "put"]
    assert outcome.error == {
        "code": "interrupted",
        "message": "interrupted; the upload upl_1 is left pending: continue with 'upwell upload --resume'",
    }
    assert kept(path)


def test_a_key_that_may_not_read_is_advised_to_send_the_file_again(world: World, path: Path) -> None:
    wish = Wish(property_name="video")
    world.put = httpx.ConnectError("refused")
    outcome = world.upload(path, wish, bucket=None)
    advice = "the upload upl_1 is left pending: continuing needs a key with read; send the file again"
    assert outcome.error is not None
    assert outcome.error["message"] == f"the storage cannot be reached: refused; {advice}"

    world.put = world.stop
    assert world.upload(path, wish, bucket=None).error == {"code": "interrupted", "message": f"interrupted; {advice}"}
    assert interrupted(Outcome(file="a", upload_id="upl_1", status="PENDING"), reads=False)["message"].endswith(advice)


def test_an_upload_token_may_resume_though_it_may_not_read_the_bucket(world: World, path: Path) -> None:
    world.put = httpx.ConnectError("refused")
    token = Target(url=TARGET.url, api_key="ut_secret", namespace="ns", bucket="files")
    outcome = world.upload(path, Wish(property_name="video"), bucket=None, target=token)
    assert outcome.error is not None
    assert outcome.error["message"].endswith("continue with 'upwell upload --resume'")


def test_an_interruption_reports_how_much_is_in_storage() -> None:
    outcome = Outcome(file="a.mp4", upload_id="upl_1", status="IN_PROGRESS", stored_bytes=64 * 1024**2)
    assert interrupted(outcome)["message"] == (
        "interrupted; the upload upl_1 is left in progress, with 64.0 MiB in storage: continue with 'upwell upload"
        " --resume'"
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (98, "sent 98 bytes; upload upl_1"),
        (34, "sent 34 bytes of 98 bytes, the rest was already stored; upload upl_1"),
        (0, "nothing sent, all 98 bytes were already stored; upload upl_1"),
    ],
)
def test_the_rest_was_there_only_where_there_is_a_rest(sent: int, said: str) -> None:
    assert _sentence(Outcome(file="a", upload_id="upl_1", size_bytes=98, sent_bytes=sent, resumed=True)) == said


def test_an_interruption_leaves_alone_what_is_being_verified(world: World, path: Path) -> None:
    def confirm() -> httpx.Response:
        world.stopping.set()
        return httpx.Response(200, json={"upload_id": "upl_1", "status": "PROCESSING"})

    world.confirm = confirm
    outcome = world.upload(path)
    assert world.calls == ["ask", "put", "confirm"]
    assert (outcome.error or {})["message"] == "interrupted; upl_1 is verified by a worker"


def test_an_interruption_before_anything_was_asked_leaves_nothing(world: World, path: Path) -> None:
    world.stopping.set()
    outcome = world.upload(path)
    assert world.calls == []
    assert outcome.error == {"code": "interrupted", "message": "interrupted"}
    assert kept(path) is None


def test_what_was_interrupted_goes_on_by_a_fresh_url(world: World, path: Path) -> None:
    world.put = httpx.ConnectError("refused")
    world.upload(path)
    world.put = httpx.Response(200, headers={"ETag": '"f"'})
    world.look = {**UPLOAD, "content_type": "video/mp4", "blob_property": "video"}
    world.calls.clear()
    outcome = world.upload(path, resume=True)
    assert (outcome.ok, outcome.resumed, outcome.sent_bytes) == (True, True, 3)
    assert (outcome.content_type, outcome.blob_property) == ("video/mp4", "video")
    assert world.calls == ["look", "look", "sign", "put", "confirm"]
    assert kept(path) is None


def test_an_upload_that_completed_meanwhile_is_reported_as_completed(world: World, path: Path) -> None:
    world.put = world.stop
    world.upload(path)
    world.stopping.clear()
    world.calls.clear()
    outcome = world.upload(path, resume=True)
    assert (outcome.ok, outcome.object_id, outcome.sent_bytes) == (True, "obj_1", 0)
    assert world.calls == ["look", "look"]
    assert kept(path) is None


@pytest.mark.parametrize(
    ("look", "why"),
    [
        ({"upload_id": "upl_1", "status": "FAILED"}, "is FAILED"),
        (httpx.Response(404, json={"error": {"type": "NotFoundError", "message": "No."}}), "no longer exists"),
    ],
)
def test_an_upload_that_ended_without_completing_is_sent_again_with_its_options(
    world: World,
    path: Path,
    look: Any,  # noqa: ANN401  # an answer
    why: str,
) -> None:
    world.put = world.stop
    world.upload(path, Wish(metadata={"a": 1}))
    world.stopping.clear()
    world.put, world.look = httpx.Response(200), look
    outcome = world.upload(path, resume=True)
    assert (outcome.ok, outcome.resumed) == (True, False)
    assert world.bodies["ask"]["metadata"] == {"a": 1}
    assert world.notes == [f"clip.mp4: the interrupted upload upl_1 {why}: the file is sent again"]
    assert kept(path) is None


def test_a_file_that_changed_does_not_go_on(world: World, path: Path) -> None:
    world.put = world.stop
    world.upload(path)
    world.stopping.clear()
    path.write_bytes(b"abd")
    os.utime(path, ns=(1, 1))
    outcome = world.upload(path, resume=True)
    assert outcome.error == {
        "code": "changed",
        "message": "it changed since its upload was interrupted: upload it again, without --resume",
    }
    assert kept(path)


def test_of_a_file_that_is_gone_the_state_to_delete_is_named(world: World, path: Path) -> None:
    world.put = world.stop
    world.upload(path)
    world.stopping.clear()
    path.unlink()
    state = path.with_name(f".{path.name}.upwell-upload")
    assert world.upload(path, resume=True).error == {
        "code": "no_such_file",
        "message": "the file does not exist, so its interrupted upload cannot be resumed: restore the file, or delete"
        f" {state}",
    }
    state.unlink()
    assert world.upload(path, resume=True).error == {"code": "no_such_file", "message": "the file does not exist"}


def test_without_resume_an_interrupted_upload_is_given_up(world: World, path: Path) -> None:
    world.put = world.stop
    world.upload(path)
    world.stopping.clear()
    world.calls.clear()
    world.put, world.look = httpx.Response(200), UPLOAD
    assert world.upload(path).ok
    assert world.calls == ["look", "cancel", "ask", "put", "confirm"]
    assert world.notes == ["clip.mp4: the interrupted upload upl_1 is canceled; use --resume to continue an upload"]


def test_a_key_that_may_not_read_sends_an_interrupted_file_again(world: World, path: Path) -> None:
    world.put = world.stop
    world.upload(path)
    world.stopping.clear()
    world.put = httpx.Response(200)
    world.look = world.cancel = MAY_NOT
    assert world.upload(path).ok
    assert world.notes == ["clip.mp4: the interrupted upload upl_1 stays until it expires: No. [permission_denied]"]
    assert kept(path) is None


def test_a_key_that_may_cancel_and_not_read_gives_an_interrupted_upload_up(world: World, path: Path) -> None:
    world.put = world.stop
    world.upload(path)
    world.stopping.clear()
    world.put, world.look = httpx.Response(200), MAY_NOT
    assert world.upload(path).ok
    assert world.notes == ["clip.mp4: the interrupted upload upl_1 is canceled"]


def test_resuming_with_a_key_that_may_not_read_is_refused_with_what_to_do(world: World, path: Path) -> None:
    world.put = world.stop
    world.upload(path)
    world.stopping.clear()
    world.look = MAY_NOT
    outcome = world.upload(path, resume=True)
    assert outcome.error == {
        "code": "permission_denied",
        "message": "resuming needs a key that may read the upload upl_1: use one, or upload the file again, without"
        " --resume (No. [permission_denied])",
    }
    assert kept(path)


def test_what_was_interrupted_elsewhere_goes_on_there(world: World, path: Path) -> None:
    other = Target(url="http://other.test", api_key="sk", namespace="ns", bucket="files")
    world.put = world.stop
    world.upload(path, target=other)
    world.stopping.clear()
    world.calls.clear()
    outcome = world.upload(path, resume=True)
    assert outcome.error == {
        "code": "another_target",
        "message": "its upload to the bucket files of ns on http://other.test was interrupted: resume it there",
    }
    assert world.calls == []
    assert kept(path)
    world.put = httpx.Response(200)
    assert world.upload(path).ok
    assert "cancel" not in world.calls
    assert "can no longer be resumed" in world.notes[0]


def test_what_another_process_sends_is_left_alone(world: World, path: Path) -> None:
    def meanwhile() -> httpx.Response:
        second = World()
        assert (second.upload(path).error or {})["code"] == "in_use"
        assert second.calls == []
        return httpx.Response(200)

    world.put = meanwhile
    assert world.upload(path).ok


def test_a_state_that_cannot_be_written_is_reported_and_the_file_is_sent(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{'x' * 246}.mp4"  # beside it there is no room for a longer name
    path.write_bytes(b"abc")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert world.upload(path).ok
    assert world.notes == [f"{path.name}: its upload cannot be resumed: its state cannot be saved (Not a directory)"]


def test_what_cannot_be_kept_beside_the_file_is_kept_for_the_user(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{'x' * 246}.mp4"
    path.write_bytes(b"abc")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    world.put = world.stop
    world.upload(path)
    (state,) = (tmp_path / "state").rglob("*.json")
    assert find_kept(tmp_path) == [path]
    assert find_kept(tmp_path / "state") == []
    world.stopping.clear()
    assert world.upload(path, resume=True).ok
    assert not state.exists()


def test_what_is_no_state_is_not_touched(world: World, path: Path) -> None:
    place = path.with_name(".clip.mp4.upwell-upload")
    place.write_text("{}")
    outcome = world.upload(path, resume=True)
    assert (outcome.error or {})["code"] == "not_usable"
    assert place.read_text() == "{}"


SAME = {**DONE, "is_duplicate": True, "duplicate_of_upload_id": "upl_1", "content_type": "video/mp4"}


def test_a_duplicate_is_what_is_stored_and_not_what_was_asked_for(world: World, path: Path) -> None:
    world.ask = {**SAME, "metadata": {"a": 1}, "blob_property": "video"}
    outcome = world.upload(path, Wish(content_type="video/webm", metadata={"a": 1}, object_metadata={"title": "x"}))
    assert (outcome.ok, outcome.content_type, outcome.blob_property) == (True, "video/mp4", "video")
    assert outcome.not_kept == ["--content-type", "--object-metadata"]


def test_of_a_duplicate_that_may_not_be_read_nothing_is_claimed(world: World, path: Path) -> None:
    world.ask = {**SAME, "content_type": "video/webm", "metadata": {"a": 1}}  # the request, repeated
    outcome = world.upload(path, Wish(content_type="video/webm", metadata={"a": 1}), bucket=None)
    assert (outcome.ok, outcome.content_type, outcome.blob_property) == (True, None, None)
    assert outcome.not_kept == ["--content-type", "--metadata"]


def test_an_object_that_has_the_unique_key_keeps_its_metadata(world: World, path: Path) -> None:
    skipped = {**UPLOAD, "status": "SKIPPED", "skipped_unique_key": True, "existing_object_id": "obj_0"}
    world.ask = {**skipped, "metadata": {"a": 1}, "content_type": "video/mp4", "object_metadata": {"title": "x"}}
    outcome = world.upload(path, Wish(metadata={"a": 1}, object_metadata={"title": "x"}))
    assert outcome.not_kept == ["--object-metadata"]
    assert outcome.note == "not kept: --object-metadata"
