"""The role that remembers work which is due later: rows written together with the events that call for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from domain.tasks.agenda import JobKind


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A leased job. `attempts` counts from 1 with the first lease; `lease` proves that it is still ours.

    `storage_key`: what a `discard` deletes; the record may be gone by then. `multipart_id`: what it aborts before.
    `again_at`: when it looks a second time, because a URL that was given out works until then.
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
    """At least once: a job whose worker dies is leased again when its lease ends. Working one twice must do no harm."""

    async def set(self, kind: JobKind, upload_id: str, due_at: datetime) -> None:
        """Set a job that no event of the log calls for, and wake the workers. One that is there is set anew."""
        ...

    async def lease(self, *, now: datetime, limit: int, lasts: timedelta) -> Sequence[Job]:
        """Take up to `limit` jobs that are due and not leased, the longest due first; no other worker gets them.

        Organizations take turns: each has some of its own taken before another is served a second time.
        They are due by `now` and by the store's own clock: none is taken early because one of the two is wrong.
        """
        ...

    async def done(self, job: Job) -> None:
        """Remove the job, unless an event has set it anew since it was leased."""
        ...

    async def put_off(self, job: Job, *, until: datetime, error: str | None) -> None:
        """Give the lease back and make the job due at `until`."""
        ...

    async def extend(self, job: Job, *, until: datetime) -> bool:
        """Keep the lease until then; False if it was lost."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next job is due or its lease ends, None if there is none."""
        ...

    async def wait(self, at_most: timedelta) -> None:
        """Return when jobs may have become due early (an event wrote one), or after `at_most`."""
        ...
