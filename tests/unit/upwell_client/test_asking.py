"""The calls to the service: requests, retries, and the messages for the user."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from upwell_client import Client, Retries, StrangeAnswerError, UnreachableError, Upload, UpwellError, errors
from upwell_client.service import Ticket
from upwell_client.wires import run

ATTEMPTS = 8
ASKED = {
    "upload_id": "upl_1",
    "status": "PENDING",
    "expires_at": "2026-01-01T00:00:00Z",
    "presigned_url": "http://s3/x",
}
Handler = Callable[[httpx.Request], httpx.Response]


class There:
    """The calls that an upload is made of."""

    def __init__(self, handler: Handler) -> None:
        self._work = Client(
            "http://upwell.test/",
            "sk_secret",
            "ns",
            transport=httpx.MockTransport(handler),
            retries=Retries(attempts=ATTEMPTS, first_seconds=0),
        )
        self._service = self._work._work.service(self._work._wire())

    def ask(self, announcement: dict[str, Any]) -> Ticket:
        return run(self._service.request_upload("my files", announcement, policy=None, idempotency_key=None))

    def confirm(self, *, etag: str | None, size_bytes: int) -> Upload:
        return run(self._service.confirm("upl_1", etag=etag, size_bytes=size_bytes))

    def cancel(self) -> None:
        run(self._service.cancel("upl_1"))


class Answers:
    """Gives the answers in turn, and repeats the last one."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status: int, code: str, **headers: str) -> httpx.Response:
    error = {"type": "T", "message": "It cannot be.", "code": code, "details": {}}
    return httpx.Response(status, json={"success": False, "status": status, "error": error}, headers=headers)


def test_the_key_the_namespace_and_the_quoted_bucket_are_sent() -> None:
    answers = Answers(httpx.Response(200, json=ASKED))
    there = There(answers)
    assert there.ask({"filename": "a"}).upload.upload_id == "upl_1"
    request = answers.requests[0]
    assert request.url.raw_path == b"/v1/buckets/my%20files/uploads"
    assert request.headers["authorization"] == "Bearer sk_secret"
    assert request.headers["x-namespace"] == "ns"
    assert json.loads(request.content) == {"filename": "a"}


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("timed out"),
        refusal(503, "x", **{"Retry-After": "1"}),
        refusal(409, "idempotency_key_in_flight"),
    ],
)
def test_asking_is_repeated_under_the_same_idempotency_key(error: httpx.Response | Exception) -> None:
    answers = Answers(error, error, httpx.Response(200, json=ASKED))
    there = There(answers)
    assert there.ask({}).upload.upload_id == "upl_1"
    assert there.ask({}).upload.upload_id == "upl_1"
    keys = [request.headers["Idempotency-Key"] for request in answers.requests]
    assert len(set(keys[:3])) == 1
    assert keys[3] not in keys[:3], "another question has a key of its own"


def test_a_question_without_an_answer_is_given_up_in_the_end() -> None:
    answers = Answers(httpx.ReadTimeout("timed out"))
    there = There(answers)
    with pytest.raises(UnreachableError, match=r"http://upwell\.test cannot be reached"):
        there.ask({})
    assert len(answers.requests) == ATTEMPTS


def test_confirming_is_repeated_after_any_lost_answer() -> None:
    answers = Answers(
        httpx.ReadError("reset"), refusal(502, "x"), refusal(400, "busy"), httpx.Response(200, json=ASKED)
    )
    there = There(answers)
    there.confirm(etag='"e"', size_bytes=3)
    assert [json.loads(r.content) for r in answers.requests] == [{"etag": '"e"', "file_size_bytes": 3}] * 4


def test_an_empty_file_is_confirmed_without_a_size() -> None:
    answers = Answers(httpx.Response(200, json=ASKED))
    there = There(answers)
    there.confirm(etag=None, size_bytes=0)
    assert json.loads(answers.requests[0].content) == {}


def test_canceling_is_tried_once() -> None:
    answers = Answers(httpx.ConnectError("refused"), httpx.Response(204))
    there = There(answers)
    with pytest.raises(UnreachableError):
        there.cancel()
    there.cancel()
    assert len(answers.requests) == 2


@pytest.mark.parametrize("kind", sorted(errors.ANSWERED))
def test_each_type_of_the_envelope_has_a_class(kind: str) -> None:
    error = {"type": kind, "message": "It cannot be.", "code": "some_code", "details": {"fact": 1}}
    answer = httpx.Response(400, json={"success": False, "status": 400, "error": error}, headers={"Retry-After": "61"})
    there = There(Answers(answer))
    with pytest.raises(errors.AnsweredError) as refused:
        there.ask({})
    assert type(refused.value).__name__ == kind
    assert (str(refused.value), refused.value.code, refused.value.status) == ("It cannot be.", "some_code", 400)
    assert (refused.value.details, refused.value.retry_after_seconds) == ({"fact": 1}, 61)


def test_no_type_of_the_service_is_without_a_class() -> None:
    named = set(re.findall(r'"(\w+Error)"', Path("entrypoints/http/answers/errors.py").read_text(encoding="utf-8")))
    assert named == set(errors.ANSWERED)


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[1])])
def test_a_foreign_answer_is_a_sentence(answer: httpx.Response) -> None:
    there = There(Answers(answer))
    with pytest.raises(StrangeAnswerError, match="like an Upwell service"):
        there.ask({})


def test_a_foreign_refusal_is_a_sentence_too() -> None:
    there = There(Answers(httpx.Response(404, text="nothing")))
    with pytest.raises(errors.ClientError, match="responded with 404, and not like an Upwell service"):
        there.ask({})


@pytest.mark.parametrize("url", ["gopher://x", "upwell.test", "http://"])
def test_an_invalid_url_is_refused_immediately(url: str) -> None:
    with pytest.raises(UpwellError, match="http:// or https://"):
        Client(url, "sk", "ns")
