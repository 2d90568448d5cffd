"""Which calls are repeated, how often, and after which pauses."""

import contextlib

import httpx
import pytest

from upwell_client import AnsweredError, Retries, UnreachableError, UpwellError
from upwell_client.retrying import Retrying, retry_after_seconds, safe_to_repeat, unreachable
from upwell_client.wires import BlockingWire, run

LOST = UnreachableError("it cannot be reached")
NOON = 1_700_000_000.0


def answered(status: int, *, code: str = "some", retry_after: float | None = None) -> AnsweredError:
    return AnsweredError("no", code, status=status, retry_after_seconds=retry_after)


class Failing:
    """Raises each of the errors in turn, then answers."""

    def __init__(self, *errors: UpwellError) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class Pauses(BlockingWire):
    """Records the pauses without waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


def repeat(work: Failing, *, chance: float = 1.0, reported: list[tuple[str, float]] | None = None) -> list[float]:
    """Call until it works, and return the pauses."""
    pauses = Pauses()

    def report(error: UpwellError, seconds: float) -> None:
        if reported is not None:
            reported.append((error.message, seconds))

    retrying = Retrying(pauses, Retries(), report, lambda: chance)
    with contextlib.suppress(UpwellError):
        assert run(retrying(work, when=safe_to_repeat)) == "done"
    return pauses.seconds


def test_pauses_double_up_to_a_longest_one_and_attempts_are_bounded() -> None:
    work = Failing(*[LOST] * 99)
    assert repeat(work) == [0.5, 1, 2, 4, 8, 15, 15]
    assert work.calls == 8


def test_the_last_error_is_raised() -> None:
    retrying = Retrying(Pauses(), Retries())
    with pytest.raises(UnreachableError):
        run(retrying(Failing(*[LOST] * 99), when=safe_to_repeat))


def test_chance_shortens_a_pause_by_up_to_half() -> None:
    assert repeat(Failing(LOST, LOST), chance=0.0) == [0.25, 0.5]


def test_the_pause_that_the_answer_asks_for_is_kept() -> None:
    assert repeat(Failing(answered(503, retry_after=7))) == [7]


@pytest.mark.parametrize("code", ["busy", "idempotency_key_in_flight"])
def test_a_short_pause_that_the_answer_asks_for_makes_no_attempt_earlier(code: str) -> None:
    refusal = answered(400, code=code, retry_after=1)
    assert repeat(Failing(*[refusal] * 4)) == [1, 1, 2, 4]


def test_an_answer_that_asks_for_a_very_long_pause_is_final() -> None:
    work = Failing(answered(429, retry_after=3600))
    assert repeat(work) == []
    assert work.calls == 1


def test_each_further_attempt_is_reported() -> None:
    reported: list[tuple[str, float]] = []
    repeat(Failing(LOST), reported=reported)
    assert reported == [("it cannot be reached", 0.5)]


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
        (UpwellError("no", "strange"), False),
    ],
)
def test_what_may_go_away_by_itself_is_repeated(error: UpwellError, repeatable: bool) -> None:
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
