"""A form: all fields before the bytes, one length, and a PUT where storage has no forms."""

import json
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from upwell_client import Client, Retries, StorageRefusedError, Upload

BODY = b"0123456789" * 300_000
FIELDS = {"Content-Type": "video/mp4", "success_action_status": "201", "key": "a/k", "policy": "abc"}
FORM = {"url": "http://s3.test/bucket", "fields": FIELDS}
URL = "http://s3.test/key?X-Amz-Signature=abc"
TAKEN = httpx.Response(201, text="<PostResponse><ETag>&#34;e&#34;</ETag></PostResponse>")
NO_FORMS = "<Error><Code>MethodNotAllowed</Code><Message>No.</Message></Error>"


class World:
    """The service and storage. `answers`: of storage to the forms, in turn; the last one is repeated."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.forms: list[tuple[httpx.Request, dict[str, str], bytes]] = []
        self.put = b""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.calls: list[str] = []
        self.confirmed: dict[str, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        if request.url.host == "upwell.test":
            return self._service(request, body)
        if request.method == "PUT":
            self.put = body
            return httpx.Response(200, headers={"ETag": '"put"'})
        self.forms.append((request, *read_form(request, body)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def upload(self, given: Any, **options: Any) -> Upload:  # noqa: ANN401  # any input of a client
        known = {"transport": httpx.MockTransport(self), "retries": Retries(attempts=3, first_seconds=0)}
        with Client("http://upwell.test", "sk", "ns", bucket="b", **known) as client:  # type: ignore[arg-type]  # options of several types
            return client.upload(given, **{"method": "post", **options})

    def _service(self, request: httpx.Request, body: bytes) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        self.calls.append(f"{request.method} {name}")
        if request.method == "DELETE":
            return httpx.Response(204)
        upload = {"upload_id": f"upl_{len(self.asked)}", "status": "PENDING"}
        if name == "confirm":
            self.confirmed = json.loads(body)
            return httpx.Response(200, json={**upload, "status": "COMPLETED"})
        if name == "sign":
            again = {**FORM, "fields": {**FIELDS, "policy": "again"}}
            return httpx.Response(200, json={**upload, "method": "post", "post": again})
        self.asked.append(json.loads(body))
        self.keys.append(request.headers["idempotency-key"])
        upload = {"upload_id": f"upl_{len(self.asked)}", "status": "PENDING"}
        if self.asked[-1].get("method") == "post":
            return httpx.Response(200, json={**upload, "method": "post", "presigned_url": None, "post": FORM})
        return httpx.Response(200, json={**upload, "method": "put", "presigned_url": URL})


def read_form(request: httpx.Request, body: bytes) -> tuple[dict[str, str], bytes]:
    """Return the fields before the file, and the file, which must be last."""
    assert int(request.headers["content-length"]) == len(body)
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + body)
    assert message.is_multipart()
    *fields, file = message.walk()
    fields = fields[1:]  # without the whole
    assert file.get_param("name", header="content-disposition") == "file"
    assert file.get_filename()
    named = {str(each.get_param("name", header="content-disposition")): str(each.get_payload()) for each in fields}
    content = body.rpartition(b'filename="file"\r\n\r\n')[2].rpartition(b"\r\n--")[0]
    return named, content


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "clip.mp4"
    made.write_bytes(BODY)
    return made


def test_a_form_has_all_fields_as_they_are_and_the_bytes_at_its_end(path: Path) -> None:
    world = World(TAKEN)

    assert world.upload(path).status == "COMPLETED"

    ((request, fields, content),) = world.forms
    assert (str(request.url), fields, content) == (FORM["url"], FIELDS, BODY)
    assert "authorization" not in request.headers
    assert "transfer-encoding" not in request.headers
    assert world.asked[0]["method"] == "post"
    assert world.confirmed == {"etag": "e", "file_size_bytes": len(BODY)}


def test_the_etag_of_the_header_counts_first() -> None:
    world = World(httpx.Response(201, headers={"ETag": '"h"'}, text="<ETag>b</ETag>"))
    world.upload(b"x", filename="a.txt")
    assert world.confirmed["etag"] == '"h"'


def test_a_storage_that_returns_no_etag_is_confirmed_without_one() -> None:
    world = World(httpx.Response(204))
    world.upload(b"", filename="a.txt")
    assert world.confirmed == {}
    assert world.forms[0][2] == b""


def test_a_stream_is_sent_whole_with_its_size() -> None:
    world = World(TAKEN)
    world.upload(iter([b"ab", b"c"]), filename="a.txt")
    assert world.asked[0]["file_size_bytes"] == 3
    assert world.forms[0][2] == b"abc"


def test_a_form_that_breaks_off_is_sent_again_from_the_start(path: Path) -> None:
    world = World(httpx.WriteError("broken pipe"), httpx.Response(503), TAKEN)
    world.upload(path)
    assert [content for _, _, content in world.forms] == [BODY] * 3


def test_a_form_that_has_expired_is_signed_again(path: Path) -> None:
    world = World(httpx.Response(403), TAKEN)
    world.upload(path)
    assert [fields["policy"] for _, fields, _ in world.forms] == ["abc", "again"]


def test_a_file_that_storage_finds_too_large_is_refused_in_its_words(path: Path) -> None:
    refusal = "<Error><Code>EntityTooLarge</Code><Message>Too large.</Message></Error>"
    world = World(httpx.Response(400, text=refusal))
    with pytest.raises(StorageRefusedError, match="Too large") as refused:
        world.upload(path)
    assert (refused.value.code, refused.value.upload_id) == ("EntityTooLarge", "upl_1")
    assert len(world.forms) == 1


@pytest.mark.parametrize("status", [405, 501])
def test_a_storage_without_forms_gets_a_put(path: Path, status: int) -> None:
    world = World(httpx.Response(status, text=NO_FORMS))

    assert world.upload(path, idempotency_key="k").upload_id == "upl_2"

    assert (len(world.forms), world.put) == (1, BODY)
    assert [asked.get("method") for asked in world.asked] == ["post", None]
    assert world.keys == ["k", "k-put"]
    assert world.calls == ["POST uploads", "DELETE upl_1", "POST uploads", "POST confirm"]
    assert world.confirmed["etag"] == '"put"'


def test_a_put_is_not_tried_where_storage_refused_the_form_itself(path: Path) -> None:
    world = World(httpx.Response(400))
    with pytest.raises(StorageRefusedError):
        world.upload(path)
    assert len(world.asked) == 1
