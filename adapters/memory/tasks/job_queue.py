"""The job queue on the jobs of a log in memory."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.tasks.scheduling import JobRow
from application.ports.tasks.job_queue import Job
from domain.shared_fields import made_from
from domain.tasks.agenda import JobKind

_leases = itertools.count(1)


class MemoryJobQueue:
    """Implements `JobQueue`. Several may share one log: each is a worker."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log
        self._news = asyncio.Event()
        self._served = ""
        log.hear_due_jobs(self._news.set)

    async def set(self, kind: JobKind, upload_id: str, due_at: datetime) -> None:
        """Set a job and wake the workers."""
        self._log.jobs.set(kind, upload_id, due_at)
        self._log.tell_due_jobs()

    async def lease(self, *, now: datetime, limit: int, lasts: timedelta) -> Sequence[Job]:
        """Lease up to `limit` due jobs."""
        agreed = self._log.agreed_time(now)
        due = [
            row
            for row in self._log.jobs.rows.values()
            if row.due_at <= agreed and (row.leased_until is None or row.leased_until <= agreed)
        ]
        holders: dict[str, list[JobRow]] = {}
        for row in sorted(due, key=lambda each: each.due_at):
            holders.setdefault(self._holder(row), []).append(row)
        turns = sorted(holders, key=lambda holder: (holder <= self._served, holder))
        taken: list[JobRow] = []
        for holder in turns:
            if len(taken) < limit:
                taken += holders[holder][: limit - len(taken)]
                self._served = holder
        lease = f"lease-{next(_leases)}"
        return [self._lease(row, lease, now + lasts) for row in sorted(taken, key=lambda each: each.due_at)]

    async def done(self, *jobs: Job) -> None:
        """Delete the jobs whose leases we still hold."""
        for job in jobs:
            row = self._ours(job)
            if row is not None:
                del self._log.jobs.rows[job.upload_id]
                if (after := row.next()) is not None:
                    self._put(after)

    async def put_off(self, job: Job, *, until: datetime, error: str | None) -> None:
        """Release the lease, and retry later."""
        row = self._ours(job)
        if row is not None:
            self._put(msgspec.structs.replace(row.put_off(until), lease=None, leased_until=None, last_error=error))

    async def extend(self, job: Job, *, until: datetime) -> bool:
        """Extend the lease; False if it was lost."""
        row = self._ours(job)
        if row is None:
            return False
        self._put(msgspec.structs.replace(row, leased_until=until))
        return True

    async def next_due(self) -> datetime | None:
        """Return the time when the next job is due."""
        wanted = (max(row.due_at, row.leased_until or row.due_at) for row in self._log.jobs.rows.values())
        return min(wanted, default=None)

    async def wait(self, at_most: timedelta) -> None:
        """Wait until an event writes a job that is due immediately, at most for `at_most`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._news.wait()
        self._news.clear()

    def _holder(self, row: JobRow) -> str:
        """Return the organization of a job."""
        tables = self._log.tables
        about = tables.uploads.get(row.upload_id) or tables.objects.get(row.upload_id)
        return about.organization_id if about else ""

    def _lease(self, row: JobRow, lease: str, until: datetime) -> Job:
        leased = msgspec.structs.replace(row, lease=lease, leased_until=until, attempts=row.attempts + 1)
        self._put(leased)
        return made_from(Job, leased, lease=lease)

    def _ours(self, job: Job) -> JobRow | None:
        row = self._log.jobs.rows.get(job.upload_id)
        return row if row is not None and (row.kind, row.lease) == (job.kind, job.lease) else None

    def _put(self, row: JobRow) -> None:
        self._log.jobs.rows[row.upload_id] = row
