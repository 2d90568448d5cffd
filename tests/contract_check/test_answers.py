"""The client of the acceptance tests refuses answers that no client of the contract expects."""

from typing import Any

import pytest

from tests.contract_check.answers import Answers
from tests.contract_check.contract import own

GOOD: dict[str, Any] = {
    "success": False,
    "status": 404,
    "error": {"type": "", "message": "", "code": "", "details": {}},
}
PATH = "/v1/buckets/files/uploads"


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers(own(), "ours")


def test_a_documented_answer_is_accepted(answers: Answers) -> None:
    assert answers.complaint("POST", PATH, 404, GOOD) is None
    assert answers.complaint("DELETE", f"{PATH}/upl_1", 204, None) is None
    assert answers.complaint("POST", "/elsewhere", 200, "anything") is None


def test_a_status_that_is_not_documented_is_refused(answers: Answers) -> None:
    assert "not documented" in (answers.complaint("POST", PATH, 202, {}) or "")


def test_a_body_that_is_not_documented_is_refused(answers: Answers) -> None:
    assert "has a body" in (answers.complaint("DELETE", f"{PATH}/upl_1", 204, {}) or "")


@pytest.mark.parametrize("change", [{"status": "404"}, {"error": {"type": ""}}])
def test_a_field_that_is_missing_or_of_another_type_is_refused(answers: Answers, change: dict[str, Any]) -> None:
    assert answers.complaint("POST", PATH, 404, {**GOOD, **change}) is not None


def test_an_invalid_time_is_refused(answers: Answers) -> None:
    listed: dict[str, Any] = {"results": [], "pagination": {}, "stats": {}}
    assert "pagination" in (answers.complaint("POST", f"{PATH}/list", 200, listed) or "")
    assert 'not a "date-time"' in (answers.complaint("GET", f"{PATH}/upl_1", 200, {"created_at": "today"}) or "")
