"""The calls to the service: requests, retries, and the messages for the user."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from entrypoints.cli import browsing
from entrypoints.cli.commands import uploads
from entrypoints.cli.errors import ClientError
from entrypoints.cli.service import FIRST_CONTACT_ATTEMPTS, Service
from entrypoints.cli.target import Target
from entrypoints.cli.translating import of_retries
from upwell_client import Client, Retries, UnreachableError

TARGET = Target(url="http://upwell.test", api_key="sk_secret", namespace="ns", bucket="my files")
Handler = Callable[[httpx.Request], httpx.Response]


def service(handler: Handler) -> Service:
    transport, retries = httpx.MockTransport(handler), Retries(first_seconds=0)
    client = Client(TARGET.url, TARGET.api_key, TARGET.namespace, transport=transport, retries=retries)
    return Service(client, TARGET)


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


def test_the_bucket_is_quoted() -> None:
    answers = Answers(httpx.Response(200, json={"bucket_id": "bkt_1", "bucket_name": "my files"}))
    assert service(answers).bucket().bucket_id == "bkt_1"
    assert answers.requests[0].url.raw_path == b"/v1/buckets/my%20files"


def test_the_first_contact_is_given_up_soon() -> None:
    answers = Answers(httpx.ConnectError("refused"))
    with pytest.raises(ClientError, match=r"http://upwell\.test cannot be reached: refused"):
        service(answers).bucket()
    assert len(answers.requests) == FIRST_CONTACT_ATTEMPTS


def test_each_further_attempt_is_printed() -> None:
    printed: list[str] = []
    of_retries(printed.append)(UnreachableError("it cannot be reached"), 0.5)
    assert printed == ["it cannot be reached; trying again in 0.5 s"]


def test_a_refusal_is_printed_in_the_words_of_the_service_with_its_code() -> None:
    with pytest.raises(ClientError) as refused:
        service(Answers(refusal(403, "quota_exceeded"))).bucket()
    assert refused.value.message == "It cannot be. [quota_exceeded]"
    assert refused.value.code == "quota_exceeded"


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[1]), httpx.Response(404, text="nothing")]
)
def test_a_foreign_answer_is_a_sentence(answer: httpx.Response) -> None:
    with pytest.raises(ClientError, match="like an Upwell service"):
        service(Answers(answer)).bucket()


def test_a_list_goes_on_from_page_to_page_up_to_the_limit() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        size = json.loads(request.content)["limit"]
        start = int(request.url.params.get("cursor", "0"))
        rows: list[Any] = [{"upload_id": f"upl_{n}"} for n in range(start, start + size)]
        return httpx.Response(
            200, json={"results": rows, "pagination": {"has_more": True, "next_cursor": str(start + size)}}
        )

    found = list(service(page).uploads(status=None, search=None, limit=230))
    assert [row["upload_id"] for row in found] == [f"upl_{n}" for n in range(230)]


def test_a_list_ends_where_there_are_no_more() -> None:
    answers = Answers(
        httpx.Response(200, json={"results": [{}, {}], "pagination": {"has_more": False, "next_cursor": None}})
    )
    assert len(list(service(answers).uploads(status="FAILED", search="x", limit=50))) == 2
    assert json.loads(answers.requests[0].content) == {"limit": 50, "filters": {"status": "FAILED"}, "search": "x"}


def test_an_upload_is_deleted_and_a_refusal_is_printed() -> None:
    answers = Answers(httpx.Response(204))
    service(answers).delete("upl_1")
    assert (answers.requests[0].method, answers.requests[0].url.path) == ("DELETE", "/v1/uploads/upl_1")
    with pytest.raises(ClientError, match="It cannot be"):
        service(Answers(refusal(400, "upload_completed"))).delete("upl_1")


@pytest.mark.parametrize(
    ("arguments", "typed", "deletes", "code"),
    [((), "y", True, 0), ((), "n", False, 1), ((), "", False, 2), (("--yes",), "", True, 0)],
)
def test_the_command_asks_before_it_deletes(
    arguments: tuple[str, ...], typed: str, deletes: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        record = {"upload_id": "upl_1", "filename": "a.mp4", "file_size_bytes": 5, "status": "COMPLETED"}
        return httpx.Response(204) if request.method == "DELETE" else httpx.Response(200, json=record)

    asked: list[str] = []
    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(browsing, "known_variables", dict)
    monkeypatch.setattr(browsing, "find_target", lambda *_, **__: TARGET)
    monkeypatch.setattr(browsing, "client_of", lambda *_: Client(TARGET.url, "sk_a", "ns", transport=transport))
    done = CliRunner().invoke(uploads, ["delete", "upl_9p3x0c1m4k7w2q5z", "--json", *arguments], input=typed)
    assert ("DELETE" in asked) is deletes
    assert ('{"upload_id":"upl_9p3x0c1m4k7w2q5z","deleted":true}' in done.stdout) is deletes
    assert ("(a.mp4, 5 bytes, COMPLETED)" in done.output) is (not arguments)
    assert done.exit_code == code
    assert ("Nothing was deleted" in done.stderr) is not deletes
    assert ("--yes" in done.stderr) is (code == 2)


def test_a_key_that_may_delete_and_not_read_is_asked_about_the_id_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(204) if request.method == "DELETE" else refusal(403, "permission_denied")

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(browsing, "known_variables", dict)
    monkeypatch.setattr(browsing, "find_target", lambda *_, **__: TARGET)
    monkeypatch.setattr(browsing, "client_of", lambda *_: Client(TARGET.url, "sk_a", "ns", transport=transport))

    done = CliRunner().invoke(uploads, ["delete", "upl_9p3x0c1m4k7w2q5z"], input="y")

    assert "Delete upl_9p3x0c1m4k7w2q5z with its bytes?" in done.output
    assert done.exit_code == 0
