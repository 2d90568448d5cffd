"""The job queue on PostgreSQL: rows that the log's events write, leased with FOR UPDATE SKIP LOCKED."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.listening import JOBS, Listener
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import record_of
from application.ports.tasks.job_queue import Job
from domain.tasks.agenda import JobKind

LANES = 64


class PostgresJobQueue:
    """Implements `JobQueue`."""

    def __init__(self, pool: Pool, listener: Listener) -> None:
        self._pool = pool
        self._listener = listener
        self._news = asyncio.Event()
        self._next_lane = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for due jobs inside the context."""
        async with self._listener.hearing(JOBS, self._news.set):
            yield

    async def set(self, kind: JobKind, upload_id: str, due_at: datetime) -> None:
        """Set a job and wake the workers."""
        async with log_errors():
            await self._pool.execute(QUERIES["set_job"], kind.value, upload_id, due_at)
            await self._pool.execute(QUERIES["announce_jobs"])

    async def lease(self, *, now: datetime, limit: int, lasts: timedelta) -> Sequence[Job]:
        """Lease up to `limit` due jobs."""
        async with log_errors():
            rows = await self._pool.fetch(
                QUERIES["lease_jobs"], now, now + lasts, secrets.token_hex(8), limit, self._next_lane
            )
        if rows:
            served = {row["lane"] for row in rows}
            last = max(served, key=lambda lane: (lane - self._next_lane) % LANES)
            self._next_lane = (last + 1) % LANES
        return sorted((record_of(row, Job) for row in rows), key=lambda job: job.due_at)

    async def done(self, *jobs: Job) -> None:
        """Delete the jobs whose leases we still hold."""
        ids, leases = [job.upload_id for job in jobs], [job.lease for job in jobs]
        async with log_errors():
            await self._pool.execute(QUERIES["finish_jobs"], ids, [job.kind.value for job in jobs], leases)

    async def put_off(self, job: Job, *, until: datetime, error: str | None) -> None:
        """Release the lease, and retry later."""
        async with log_errors():
            await self._pool.execute(QUERIES["put_off_job"], job.upload_id, job.kind.value, job.lease, until, error)

    async def extend(self, job: Job, *, until: datetime) -> bool:
        """Extend the lease; False if it was lost."""
        async with log_errors():
            found = await self._pool.fetchval(QUERIES["extend_job"], job.upload_id, job.kind.value, job.lease, until)
        return found is not None

    async def next_due(self) -> datetime | None:
        """Return the time when the next job is due."""
        async with log_errors():
            due: datetime | None = await self._pool.fetchval(QUERIES["next_due"])
        return due

    async def wait(self, at_most: timedelta) -> None:
        """Wait until an event writes a job that is due immediately, at most for `at_most`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._news.wait()
        self._news.clear()
