"""The calls to the service: what is sent, what is repeated, and what the user is told."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from entrypoints.client.errors import AnsweredError, ClientError, UnreachableError
from entrypoints.client.retrying import ATTEMPTS, Retrying
from entrypoints.client.service import FIRST_CONTACT_ATTEMPTS, Service
from entrypoints.client.target import Target

TARGET = Target(url="http://upwell.test", api_key="sk_secret", namespace="ns", bucket="my files")
ASKED = {
    "upload_id": "upl_1",
    "status": "PENDING",
    "expires_at": "2026-01-01T00:00:00Z",
    "presigned_url": "http://s3/x",
}
Handler = Callable[[httpx.Request], httpx.Response]


def service(handler: Handler) -> Service:
    return Service(TARGET, Retrying(sleep=lambda _: None), transport=httpx.MockTransport(handler))


class Answers:
    """Gives the answers in turn, the last one for ever."""

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
    with service(answers) as there:
        assert there.ask({"filename": "a"}).upload_id == "upl_1"
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
    with service(answers) as there:
        assert there.ask({}).upload_id == "upl_1"
        assert there.ask({}).upload_id == "upl_1"
    keys = [request.headers["Idempotency-Key"] for request in answers.requests]
    assert len(set(keys[:3])) == 1
    assert keys[3] not in keys[:3], "another question has a key of its own"


def test_a_question_without_an_answer_is_given_up_in_the_end() -> None:
    answers = Answers(httpx.ReadTimeout("timed out"))
    with service(answers) as there, pytest.raises(UnreachableError, match=r"http://upwell\.test cannot be reached"):
        there.ask({})
    assert len(answers.requests) == ATTEMPTS


def test_confirming_is_repeated_after_any_lost_answer() -> None:
    answers = Answers(
        httpx.ReadError("reset"), refusal(502, "x"), refusal(400, "busy"), httpx.Response(200, json=ASKED)
    )
    with service(answers) as there:
        there.confirm("upl_1", etag='"e"', size_bytes=3)
    assert [json.loads(r.content) for r in answers.requests] == [{"etag": '"e"', "file_size_bytes": 3}] * 4


def test_an_empty_file_is_confirmed_without_a_size() -> None:
    answers = Answers(httpx.Response(200, json=ASKED))
    with service(answers) as there:
        there.confirm("upl_1", etag=None, size_bytes=0)
    assert json.loads(answers.requests[0].content) == {}


def test_attempts_are_bounded() -> None:
    answers = Answers(httpx.ConnectError("refused"))
    with service(answers) as there:
        with pytest.raises(UnreachableError):
            there.upload("upl_1")
        assert len(answers.requests) == ATTEMPTS
        with pytest.raises(UnreachableError):
            there.bucket()
    assert len(answers.requests) == ATTEMPTS + FIRST_CONTACT_ATTEMPTS


def test_a_refusal_is_told_with_the_services_own_words_and_code() -> None:
    with service(Answers(refusal(403, "quota_exceeded"))) as there, pytest.raises(AnsweredError) as refused:
        there.ask({})
    assert refused.value.message == "It cannot be. [quota_exceeded]"
    assert refused.value.code == "quota_exceeded"


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[1]), httpx.Response(404, text="nothing")]
)
def test_an_answer_that_is_none_of_upwells_is_a_sentence(answer: httpx.Response) -> None:
    with service(Answers(answer)) as there, pytest.raises(ClientError, match="as Upwell does"):
        there.ask({})


def test_a_list_goes_on_from_page_to_page_up_to_the_limit() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        size = json.loads(request.content)["limit"]
        start = int(request.url.params.get("cursor", "0"))
        rows: list[Any] = [{"upload_id": f"upl_{n}"} for n in range(start, start + size)]
        return httpx.Response(
            200, json={"results": rows, "pagination": {"has_more": True, "next_cursor": str(start + size)}}
        )

    with service(page) as there:
        found = list(there.uploads(status=None, search=None, limit=230))
    assert [row["upload_id"] for row in found] == [f"upl_{n}" for n in range(230)]


def test_a_list_ends_where_there_are_no_more() -> None:
    answers = Answers(
        httpx.Response(200, json={"results": [{}, {}], "pagination": {"has_more": False, "next_cursor": None}})
    )
    with service(answers) as there:
        assert len(list(there.uploads(status="FAILED", search="x", limit=50))) == 2
    assert json.loads(answers.requests[0].content) == {"limit": 50, "filters": {"status": "FAILED"}, "search": "x"}


def test_canceling_is_tried_once_and_never_raises() -> None:
    answers = Answers(httpx.ConnectError("refused"), httpx.Response(204))
    with service(answers) as there:
        assert there.cancel("upl_1") is False
        assert there.cancel("upl_1") is True
