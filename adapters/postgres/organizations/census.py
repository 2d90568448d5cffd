"""Counts of all organizations together, for the metrics of operators. Figures for clients are in `analytics`."""

from collections.abc import Mapping
from datetime import datetime

from adapters.postgres.database.connecting import Pool, log_errors
from adapters.postgres.database.queries import QUERIES
from application.ports.organizations.census import MAX_COUNTED_JOBS, Backlog, StoredBytes
from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status


class PostgresCensus:
    """Implements `Census`, with a pool that reads all organizations."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def uploads(self) -> Mapping[Status, int]:
        """Return the number of uploads in each state."""
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["count_uploads"])
        return {Status(row["status"]): row["count"] for row in rows}

    async def stored_bytes(self) -> StoredBytes:
        """Return the bytes that count towards quotas."""
        async with log_errors():
            [row] = await self._pool.fetch(QUERIES["stored_bytes"])
        return StoredBytes(**dict(row))

    async def backlog(self, *, now: datetime) -> Mapping[JobKind, Backlog]:
        """Return the jobs that are waiting for a worker."""
        async with log_errors():
            rows = await self._pool.fetch(QUERIES["backlog"], now, MAX_COUNTED_JOBS)
        return {JobKind(row["kind"]): Backlog(count=row["count"], oldest_due_at=row["oldest_due_at"]) for row in rows}
