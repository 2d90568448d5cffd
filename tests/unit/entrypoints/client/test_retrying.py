"""What is tried again, how often, and after how long."""

import httpx
import pytest

from entrypoints.client.errors import AnsweredError, ClientError, UnreachableError
from entrypoints.client.retrying import (
    ATTEMPTS,
    LONGEST_SECONDS,
    Retrying,
    retry_after_seconds,
    safe_to_repeat,
    unreachable,
)

LOST = UnreachableError("it cannot be reached")
NOON = 1_700_000_000.0


def answered(status: int, *, code: str = "some", retry_after: float | None = None) -> AnsweredError:
    return AnsweredError("no", code, status=status, retry_after_seconds=retry_after)


class Failing:
    """Raises each of the errors in turn, then answers."""

    def __init__(self, *errors: ClientError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class Pauses(list[float]):
    def sleep(self, seconds: float) -> None:
        self.append(seconds)


def test_pauses_double_up_to_a_longest_one_and_the_last_error_is_raised() -> None:
    pauses = Pauses()
    work = Failing(*[LOST] * 99)
    with pytest.raises(UnreachableError):
        Retrying(sleep=pauses.sleep, chance=lambda: 1.0)(work, when=safe_to_repeat)
    assert work.calls == ATTEMPTS
    assert pauses == [0.5, 1, 2, 4, 8, LONGEST_SECONDS, LONGEST_SECONDS]


def test_chance_shortens_a_pause_by_up_to_half() -> None:
    pauses = Pauses()
    assert Retrying(sleep=pauses.sleep, chance=lambda: 0.0)(Failing(LOST, LOST), when=safe_to_repeat) == "done"
    assert pauses == [0.25, 0.5]


def test_the_pause_that_the_answer_asks_for_is_kept() -> None:
    pauses = Pauses()
    Retrying(sleep=pauses.sleep)(Failing(answered(503, retry_after=7)), when=safe_to_repeat)
    assert pauses == [7]


def test_an_answer_that_asks_for_a_very_long_pause_is_final() -> None:
    pauses = Pauses()
    work = Failing(answered(429, retry_after=3600))
    with pytest.raises(AnsweredError):
        Retrying(sleep=pauses.sleep)(work, when=safe_to_repeat)
    assert work.calls == 1
    assert pauses == []


def test_the_user_is_told_of_each_further_attempt() -> None:
    told: list[str] = []
    Retrying(sleep=lambda _: None, chance=lambda: 1.0, tell=told.append)(Failing(LOST), when=safe_to_repeat)
    assert told == ["it cannot be reached; trying again in 0.5 s"]


@pytest.mark.parametrize(
    ("error", "repeatable"),
    [
        (LOST, True),
        (answered(503, retry_after=2), True),
        (answered(429, retry_after=2), True),
        (answered(503), True),
        (answered(500), True),
        (answered(400, code="busy"), True),
        (answered(409, code="idempotency_key_in_flight"), True),
        (answered(409), False),
        (answered(400), False),
        (answered(403), False),
        (ClientError("no", "strange"), False),
    ],
)
def test_what_may_go_away_by_itself_is_repeated(error: ClientError, repeatable: bool) -> None:
    assert safe_to_repeat(error) is repeatable


def test_an_error_without_words_is_named() -> None:
    assert unreachable("http://x", httpx.ReadError("")).message == "http://x cannot be reached: ReadError"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2.0), ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0), ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(httpx.Response(503, headers={"Retry-After": value}), now=NOON) == seconds


def test_an_answer_may_ask_for_nothing() -> None:
    assert retry_after_seconds(httpx.Response(503), now=NOON) is None
