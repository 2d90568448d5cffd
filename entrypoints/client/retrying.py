"""Trying again: how often, how long between, and after which errors it does no harm."""

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from entrypoints.client.errors import AnsweredError, ClientError, UnreachableError

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 15.0
LONGEST_ASKED_SECONDS = 60.0
ATTEMPTS = 8
_TOO_MANY = 429
_AT_THE_SAME_MOMENT = frozenset({"busy", "idempotency_key_in_flight"})
_SERVER_ERRORS = range(500, 600)

Result = TypeVar("Result")
Judge = Callable[[ClientError], bool]


class Retrying:
    """Calls until it works, the error is final, or the attempts are used up; then the last error is raised."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._sleep = sleep
        self._chance = chance
        self._tell = tell

    def __call__(self, work: Callable[[], Result], *, when: Judge, attempts: int = ATTEMPTS) -> Result:
        """Return what `work` returns. `when`: whether to call again after this error does no harm."""
        pause = FIRST_SECONDS
        for left in range(attempts - 1, -1, -1):
            try:
                return work()
            except ClientError as error:
                asked = error.retry_after_seconds if isinstance(error, AnsweredError) else None
                if left == 0 or not when(error) or (asked or 0) > LONGEST_ASKED_SECONDS:
                    raise
                seconds = pause * (0.5 + self._chance() / 2) if asked is None else asked
                self._tell(f"{error.message.rstrip('.')}; trying again in {seconds:.1f} s")
            self._sleep(seconds)
            pause = min(pause * 2, LONGEST_SECONDS)
        raise AssertionError("at least one attempt")


def safe_to_repeat(error: ClientError) -> bool:
    """Judge a call that may be repeated as often as one likes."""
    if isinstance(error, AnsweredError):
        return error.status in _SERVER_ERRORS or error.status == _TOO_MANY or error.code in _AT_THE_SAME_MOMENT
    return isinstance(error, UnreachableError)


def unreachable(place: str, error: httpx.TransportError) -> UnreachableError:
    """Return the error for a request that got no answer."""
    reason = str(error).strip() or type(error).__name__
    return UnreachableError(f"{place} cannot be reached: {reason}")


def retry_after_seconds(response: httpx.Response, *, now: float) -> float | None:
    """Return how long the answer asks to wait (RFC 9110 §10.2.3: seconds, or a date). `now`: seconds since 1970."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except ValueError:
        return None
