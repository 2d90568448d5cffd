"""Retries: their number, their delays, and the errors after which a retry is safe."""

import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx

from upwell_client.errors import AnsweredError, UnreachableError, UpwellError
from upwell_client.wires import Wire

LONGEST_ASKED_SECONDS = 60.0
_TOO_MANY = 429
TOO_MANY_WAITING = "too_many_streams"
_AT_THE_SAME_MOMENT = frozenset({"busy", "idempotency_key_in_flight"})
_SERVER_ERRORS = range(500, 600)
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Result = TypeVar("Result")
Judge = Callable[[UpwellError], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """The number of attempts, and the delays between them, which double, with random jitter."""

    attempts: int = 8
    first_seconds: float = 0.5
    longest_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Retrying:
    """Calls until success, a final error, or the last attempt, whose error is raised.

    A response's Retry-After is the shortest delay: delays grow all the same, so that the last attempt is late enough.

    `tell` is called before each delay, with the error and the seconds.
    """

    wire: Wire
    retries: Retries
    tell: Callable[[UpwellError, float], None] | None = None
    chance: Callable[[], float] = random.random

    async def __call__(
        self, work: Callable[[], Awaitable[Result]], *, when: Judge, attempts: int | None = None
    ) -> Result:
        """Return the result of `work`. `when`: whether a retry after this error is safe.

        `attempts`: of a first contact, which is not retried if the host name or the certificate is wrong.
        """
        pause = self.retries.first_seconds
        for left in range((attempts or self.retries.attempts) - 1, -1, -1):
            try:
                return await work()
            except UpwellError as error:
                asked = error.retry_after_seconds if isinstance(error, AnsweredError) else None
                misnamed = attempts is not None and isinstance(error, UnreachableError) and error.misnamed
                if left == 0 or misnamed or not when(error) or (asked or 0) > LONGEST_ASKED_SECONDS:
                    raise
                seconds = max(asked or 0, pause * (0.5 + self.chance() / 2))
                if self.tell:
                    self.tell(error, seconds)
            await self.wire.sleep(seconds)
            pause = min(pause * 2, self.retries.longest_seconds)
        raise AssertionError("at least one attempt")


def safe_to_repeat(error: UpwellError) -> bool:
    """Return whether to retry a call that may be repeated any number of times."""
    if isinstance(error, AnsweredError):
        if error.code == TOO_MANY_WAITING:  # the same call works at once without waiting
            return False
        return error.status in _SERVER_ERRORS or error.status == _TOO_MANY or error.code in _AT_THE_SAME_MOMENT
    return isinstance(error, UnreachableError)


def unreachable(place: str, error: httpx.TransportError) -> UnreachableError:
    """Return the error for a request without a response."""
    reason = str(error).strip() or type(error).__name__
    return UnreachableError(f"{place} cannot be reached{_by_proxy(error)}: {reason}", misnamed=_misnamed(error))


def _misnamed(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        if isinstance(cause, socket.gaierror):
            return cause.errno != socket.EAI_AGAIN
        cause = cause.__cause__ or cause.__context__
    return False


def _by_proxy(error: httpx.TransportError) -> str:
    """Return the proxy of the environment, which may be the cause."""
    try:
        url = error.request.url
    except RuntimeError:  # the request is unknown
        return ""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or url.host in _HERE or proxy_bypass(url.host):
        return ""
    return f" through the proxy {httpx.URL(proxy).copy_with(username=None, password=None)} of the environment"


def retry_after_seconds(response: httpx.Response, *, now: float) -> float | None:
    """Return the delay of a response's Retry-After (RFC 9110 §10.2.3: seconds or a date). `now`: since 1970."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except ValueError:
        return None
