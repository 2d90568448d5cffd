"""Every error of a component has its own answer: 503, when to retry, and why."""

from datetime import UTC, datetime

import pytest
from litestar import Litestar, get
from litestar.testing import AsyncTestClient

from adapters.postgres.database.sqlstates import SQLSTATES, Meaning
from application.handling import BusyError
from application.idempotency import InFlightError
from application.ports.events.event_log import LogUnavailableError, OutcomeUnknownError, VersionConflictError
from application.ports.storage.object_storage import (
    ContentChangedError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
)
from application.ports.storage.url_signer import CredentialsExpiredError
from entrypoints.http.answers.errors import EXCEPTION_HANDLERS
from entrypoints.http.answers.unavailability import UNAVAILABILITIES, unavailability

REASONS = {row.reason for row in SQLSTATES if row.meaning is not Meaning.DEFECT}


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_of_postgresql_has_an_answer(reason: str) -> None:
    answer = unavailability(LogUnavailableError("it is away", reason=reason))
    assert (answer.part, answer.reason) == ("database", reason)
    assert answer.retry_after_seconds > 0
    assert "try again" in answer.message


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StorageUnavailableError("500"), "unreachable"),
        (ContentChangedError("gone"), "unreachable"),
        (StorageError("?"), "unreachable"),
        (StorageDeniedError("AccessDenied"), "refused"),
        (CredentialsExpiredError(datetime(2026, 1, 1, tzinfo=UTC)), "credentials_expired"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_error_of_storage_has_an_answer(error: Exception, reason: str) -> None:
    answer = unavailability(error)
    assert (answer.part, answer.reason) == ("storage", reason)
    assert answer.retry_after_seconds > 0


def test_no_answer_stands_twice() -> None:
    assert len({(row.part, row.reason) for row in UNAVAILABILITIES}) == len(UNAVAILABILITIES)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BusyError("bkt_1"), 400, "busy"),
        (VersionConflictError("bkt_1", 1, 2), 400, "busy"),
        (InFlightError(), 409, "idempotency_key_in_flight"),
    ],
)
async def test_a_refusal_that_goes_away_by_itself_says_when_to_come_again(
    error: Exception, status: int, code: str
) -> None:
    @get("/", media_type="application/json")
    async def refused() -> None:
        raise error

    async with AsyncTestClient(Litestar([refused], exception_handlers=EXCEPTION_HANDLERS)) as client:
        for accept in ("application/json", "application/problem+json"):
            answer = await client.get("/", headers={"Accept": accept})
            assert (answer.status_code, answer.headers["retry-after"]) == (status, "1")
            assert code in answer.text


async def test_an_unknown_outcome_is_reported_with_how_to_repeat_the_request() -> None:
    @get("/", media_type="application/json")
    async def unknown() -> None:
        raise OutcomeUnknownError("the connection was lost", reason="unreachable")

    async with AsyncTestClient(Litestar([unknown], exception_handlers=EXCEPTION_HANDLERS)) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    error = answer.json()["error"]
    assert (error["code"], error["details"]) == ("outcome_unknown", {"reason": "unreachable"})
    assert "Idempotency-Key" in error["message"]
