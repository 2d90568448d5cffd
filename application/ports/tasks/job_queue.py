"""The role that stores work that is due later: rows written together with the events that require it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from domain.tasks.agenda import JobKind


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A leased job. `attempts` counts from 1 with the first lease; `lease` identifies the lease.

    `storage_key`: for `discard`, the key to delete; the record may no longer exist. `multipart_id`: the multipart
    upload to abort first. `again_at`: when it runs a second time, because the issued URL works until then. A `forget`
    that comes before a `discard` has them too.
    """

    kind: JobKind
    upload_id: str
    due_at: datetime
    attempts: int
    lease: str
    storage_key: str | None = None
    multipart_id: str | None = None
    again_at: datetime | None = None


class JobQueue(Protocol):
    """At least once: a job whose worker dies is leased again when its lease ends. Running it twice must do no harm."""

    async def set(self, kind: JobKind, upload_id: str, due_at: datetime) -> None:
        """Set a job without an event, and wake the workers. An existing one of its kind is replaced."""
        ...

    async def lease(self, *, now: datetime, limit: int, lasts: timedelta) -> Sequence[Job]:
        """Lease up to `limit` due jobs, the oldest first; no other worker gets them.

        Organizations take turns: each gets some of its jobs before another is served a second time. A job is due only
        by both `now` and the store's own clock.
        """
        ...

    async def done(self, *jobs: Job) -> None:
        """Remove jobs, except those that an event has replaced since they were leased.

        If an upload has a second job, that one is then due at its own time.
        """
        ...

    async def put_off(self, job: Job, *, until: datetime, error: str | None) -> None:
        """Release the lease and make the job due at `until`. A second job of the upload may be due before it."""
        ...

    async def extend(self, job: Job, *, until: datetime) -> bool:
        """Extend the lease; False if it was lost."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next job is due or its lease ends, None if there is none."""
        ...

    async def wait(self, at_most: timedelta) -> None:
        """Return when jobs may have become due early (an event wrote one), or after `at_most`."""
        ...
