"""Counting in the tables of a log in memory."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from adapters.memory.events.event_log import MemoryEventLog
from application.ports.organizations.census import MAX_COUNTED_JOBS, Backlog, StoredBytes
from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status


class MemoryCensus:
    """Implements `Census`."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log

    async def uploads(self) -> Mapping[Status, int]:
        """Return the number of uploads in each state."""
        return Counter(upload.status for upload in self._log.tables.uploads.values())

    async def stored_bytes(self) -> StoredBytes:
        """Return the bytes that count towards quotas."""
        used = self._log.tables.quotas.values()
        return StoredBytes(
            reserved=sum(each.reserved_bytes for each in used), accepted=sum(each.accepted_bytes for each in used)
        )

    async def backlog(self, *, now: datetime) -> Mapping[JobKind, Backlog]:
        """Return the jobs that are waiting for a worker."""
        waiting = sorted(
            (row.due_at, row.kind)
            for row in self._log.jobs.rows.values()
            if row.due_at <= now and (row.leased_until is None or row.leased_until <= now)
        )[:MAX_COUNTED_JOBS]
        counts = Counter(kind for _, kind in waiting)
        return {
            kind: Backlog(count=count, oldest_due_at=min(due_at for due_at, each in waiting if each is kind))
            for kind, count in counts.items()
        }
