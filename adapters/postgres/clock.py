"""PostgreSQL's time, compared with the clock of this host.

Everything that depends on time (jobs, leases, retention, idempotency keys, the expiry of URLs, rate limit windows, `at`
in events) must use the same time in every process: the server's. It is measured every few seconds, and advanced by a
monotonic clock in between. S3 calls are signed with the host's clock. While the two clocks differ by more than the
tolerance, one of them is wrong, and the process cannot know which one. `check` raises then, and other processes take
over the work.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from datetime import UTC, datetime, timedelta

import structlog

from adapters.postgres.database.connecting import Pool, log_errors
from application.ports.clock import ClockDiffersError
from application.ports.events.event_log import LogUnavailableError

MEASURE_SECONDS = 2.0
TOLERANCE = timedelta(seconds=10)
_ANSWER_SECONDS = 5.0
# Also counts while the machine sleeps, if the system has such a clock.
_UNSETTABLE = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_log = structlog.get_logger(__name__)


def _elapsed() -> float:
    return time.clock_gettime(_UNSETTABLE)


class PostgresClock:
    """Implements `Clock`. Use `running()`: before that, the time is unknown.

    `host`: the host's clock, in seconds since 1970; `elapsed`: a monotonic clock in seconds.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        tolerance: timedelta = TOLERANCE,
        host: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = _elapsed,
    ) -> None:
        self._pool = pool
        self._tolerance = tolerance.total_seconds()
        self._host = host
        self._elapsed = elapsed
        self._ahead: float | None = None  # the server's time minus `elapsed`
        self._fault: str | None = None

    def now(self) -> datetime:
        """Return PostgreSQL's time in UTC, to within half the round trip of the fastest query so far."""
        if self._ahead is None:
            raise RuntimeError("the clock is not running")
        return datetime.fromtimestamp(self._elapsed() + self._ahead, UTC)

    def check(self) -> None:
        """Raise `ClockDiffersError` while the clocks of the host and PostgreSQL differ."""
        if self._fault is not None:
            raise ClockDiffersError(self._fault)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow PostgreSQL's time inside the context. Raises `LogUnavailableError` if the first query fails."""
        await self.measure()
        following = asyncio.create_task(self._follow(), name="postgres-clock", context=Context())
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def measure(self) -> None:
        """Query PostgreSQL's time once. Raises `LogUnavailableError`."""
        async with log_errors(), self._pool.acquire(timeout=_ANSWER_SECONDS) as connection:
            asked = self._elapsed()
            server_time: datetime = await connection.fetchval("SELECT clock_timestamp()", timeout=_ANSWER_SECONDS)
            answered = self._elapsed()
        # The server's time was `server_time` between the two moments, which bounds the offset.
        self._take(server_time.timestamp() - answered, server_time.timestamp() - asked)

    def compare(self) -> None:
        """Detect a change of the host's clock while PostgreSQL is unreachable."""
        if self._ahead is not None:
            self._compare(self._ahead, self._ahead)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(MEASURE_SECONDS)
            try:
                await self.measure()
            except LogUnavailableError:
                self.compare()

    def _take(self, least: float, most: float) -> None:
        """Use a measurement. If the host's clock contradicts it, keep the previous offset: no work may rely on it."""
        agrees = self._compare(least, most)
        if self._ahead is None:
            self._ahead = (least + most) / 2
        elif agrees:
            self._ahead = min(max(self._ahead, least), most)

    def _compare(self, least: float, most: float) -> bool:
        """Return whether the host's clock is close enough to the server's; log once if it is not."""
        differs = self._host() - self._elapsed()
        off = differs - min(max(differs, least), most)
        was, self._fault = self._fault, None
        if abs(off) > self._tolerance:
            direction = "ahead of" if off > 0 else "behind"
            self._fault = (
                f"The clock of this host is {timedelta(seconds=round(abs(off)))} {direction} the database's, but at"
                f" most {self._tolerance:g} s are tolerated: synchronize the clocks of both hosts with NTP."
            )
        if self._fault is not None and was is None:
            _log.error("clock_differs", seconds=round(off, 3), tolerated_seconds=self._tolerance)
        elif self._fault is None and was is not None:
            _log.warning("clock_agrees", seconds=round(off, 3))
        return self._fault is None
