"""The time, as PostgreSQL has it, and whether this host's own clock agrees.

What goes by the time (jobs, leases, retention, idempotency keys, the end of URLs, windows of rates, `at` in events)
has to be the same time for every process, so it is the server's: measured every few seconds, and carried on in between
by a clock that nobody can set. The host's own clock is a second witness, and S3 calls are signed by it. While the two
differ by more than is tolerated, one of them is wrong and nobody here can say which: `check` raises then, and the
process leaves its work to others.
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
# Goes on while the machine sleeps, where the system has such a clock.
_UNSETTABLE = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_log = structlog.get_logger(__name__)


def _elapsed() -> float:
    return time.clock_gettime(_UNSETTABLE)


class PostgresClock:
    """Implements `Clock`. Use `running()`: it does not know the time before.

    `host`: the host's clock, in seconds since 1970; `elapsed`: seconds that nobody can set.
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
        self._ahead: float | None = None  # of the server's time before `elapsed`
        self._fault: str | None = None

    def now(self) -> datetime:
        """Return PostgreSQL's time in UTC, to within half the round trip of the quickest question so far."""
        if self._ahead is None:
            raise RuntimeError("the clock does not run")
        return datetime.fromtimestamp(self._elapsed() + self._ahead, UTC)

    def check(self) -> None:
        """Raise `ClockDiffersError` while the host's clock and PostgreSQL's differ."""
        if self._fault is not None:
            raise ClockDiffersError(self._fault)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow PostgreSQL's time while inside. Raises `LogUnavailableError` if it cannot be asked at first."""
        await self.measure()
        following = asyncio.create_task(self._follow(), name="postgres-clock", context=Context())
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def measure(self) -> None:
        """Ask PostgreSQL once what time it is. Raises `LogUnavailableError`."""
        async with log_errors(), self._pool.acquire(timeout=_ANSWER_SECONDS) as connection:
            asked = self._elapsed()
            told: datetime = await connection.fetchval("SELECT clock_timestamp()", timeout=_ANSWER_SECONDS)
            answered = self._elapsed()
        # The server's time was `told` at some moment between the two: so much it is ahead, at least and at most.
        self._take(told.timestamp() - answered, told.timestamp() - asked)

    def compare(self) -> None:
        """Look whether the host's clock was set while PostgreSQL cannot be asked."""
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
        """Go by what was measured. Where the host's clock contradicts it, go on as before: nothing may work by it."""
        agrees = self._compare(least, most)
        if self._ahead is None:
            self._ahead = (least + most) / 2
        elif agrees:
            self._ahead = min(max(self._ahead, least), most)

    def _compare(self, least: float, most: float) -> bool:
        """Say whether the host's clock is as near to the server's as it must be; log once that it is not."""
        differs = self._host() - self._elapsed()
        off = differs - min(max(differs, least), most)
        was, self._fault = self._fault, None
        if abs(off) > self._tolerance:
            direction = "ahead of" if off > 0 else "behind"
            self._fault = (
                f"The clock of this host is {timedelta(seconds=round(abs(off)))} {direction} the database's, and"
                f" {self._tolerance:g} s are tolerated: synchronize the clocks of both hosts (NTP)."
            )
        if self._fault is not None and was is None:
            _log.error("clock_differs", seconds=round(off, 3), tolerated_seconds=self._tolerance)
        elif self._fault is None and was is not None:
            _log.warning("clock_agrees", seconds=round(off, 3))
        return self._fault is None
