"""Working: leases due jobs, runs them through ordinary commands, and releases them when the worker stops."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import msgspec

from application.handling import BusyError, load
from application.idempotency import DoingOnce
from application.objects.deleting import DeletingObjects
from application.ports.clock import Clock
from application.ports.events.event_log import EventLog, LogUnavailableError, VersionConflictError
from application.ports.lists.search_index import SearchIndex
from application.ports.storage.object_storage import ObjectStorage
from application.ports.tasks.job_queue import Job, JobQueue
from application.tasks.running import RunningTasks
from application.uploads.expiring import ExpiringUploads
from application.uploads.forgetting import ForgettingUploads
from application.uploads.rechecking import RecheckingUploads
from application.uploads.verifying import Touch, VerifyingUploads
from domain.refusals import RefusedError
from domain.tasks.agenda import JobKind
from domain.uploads.upload import UPLOAD, Processing, is_in_parts

LEASE = timedelta(seconds=30)  # extended while bytes are read; after it another worker takes over
RETRY_FIRST = timedelta(seconds=2)
RETRY_LAST = timedelta(minutes=15)
IDLE = timedelta(seconds=5)
TIDY = timedelta(minutes=10)
INDEX = timedelta(seconds=1)
ACTOR = "system:worker"


class JobReport(Protocol):
    """Reports failed jobs, for logs."""

    def __call__(self, job: Job, error: BaseException) -> None:
        """Report an error; the job is retried later."""
        ...


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """Runs jobs until it is stopped. Any number of workers on any number of machines may run at once.

    `search_index` None: lists are searched without one. `around`: the context of a job.
    """

    jobs: JobQueue
    log: EventLog
    storage: ObjectStorage
    clock: Clock
    verify: VerifyingUploads
    expire: ExpiringUploads
    forget: ForgettingUploads
    recheck: RecheckingUploads
    delete_object: DeletingObjects
    tasks: RunningTasks
    do_once: DoingOnce
    report: JobReport
    search_index: SearchIndex | None = None
    around: Callable[[Job], AbstractContextManager[object]] = nullcontext
    concurrency: int = 4

    async def run(self, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping` is set, then release them. A long job does not block the others."""
        under_way: set[asyncio.Task[None]] = set()
        stop = asyncio.create_task(stopping.wait())
        besides = [asyncio.create_task(self._tidy()), asyncio.create_task(self._index())]
        try:
            while not stopping.is_set():
                pause = await self._take(under_way)
                if pause is not None:
                    news = asyncio.create_task(self.jobs.wait(pause))
                    await asyncio.wait({news, stop, *under_way}, return_when=asyncio.FIRST_COMPLETED)
                    news.cancel()
                    await asyncio.gather(news, return_exceptions=True)
                under_way = {task for task in under_way if not task.done()}
        finally:
            stop.cancel()
            await asyncio.sleep(0)  # otherwise a leased job that has not begun could not release its lease
            for task in (*besides, *under_way):
                task.cancel()
            await asyncio.gather(*besides, *under_way, return_exceptions=True)

    async def work_due(self) -> int:
        """Run the jobs that are due now, and return their number."""
        jobs = await self.jobs.lease(now=self.clock.now(), limit=self.concurrency, lasts=LEASE)
        await asyncio.gather(*(self._work(job) for job in jobs))
        return len(jobs)

    async def _tidy(self) -> None:
        """Remove expired idempotency keys, until it is cancelled."""
        while True:
            with suppress(LogUnavailableError):
                while await self.do_once.drop_expired():
                    pass
            await asyncio.sleep(TIDY.total_seconds())

    async def _index(self) -> None:
        """Keep the search index up to date, until it is cancelled."""
        while self.search_index is not None:
            with suppress(LogUnavailableError):
                while await self.search_index.catch_up():
                    pass
            await asyncio.sleep(INDEX.total_seconds())

    async def _take(self, under_way: set[asyncio.Task[None]]) -> timedelta | None:
        """Take as many due jobs as there are places; return how long to wait if there were none."""
        places = self.concurrency - len(under_way)
        if not places:
            return IDLE
        try:
            jobs = await self.jobs.lease(now=self.clock.now(), limit=places, lasts=LEASE)
            under_way.update(asyncio.create_task(self._work(job)) for job in jobs)
            if jobs:
                return None
            due = await self.jobs.next_due()
        except LogUnavailableError:
            return IDLE
        return IDLE if due is None else min(IDLE, max(due - self.clock.now(), timedelta(milliseconds=10)))

    async def _work(self, job: Job) -> None:
        try:
            with self.around(job):
                again_at = await self._do(job)
            if again_at is None:
                await self.jobs.done(job)
            else:
                await self.jobs.put_off(job, until=again_at, error=None)
        except asyncio.CancelledError:
            with suppress(LogUnavailableError):
                await self.jobs.put_off(job, until=job.due_at, error="The worker stopped.")
            raise
        except (VersionConflictError, BusyError) as stale:
            await self._try_later(job, stale)  # the upload has changed: try again, there may be nothing left to do
        except RefusedError:
            await self.jobs.done(job)  # the job is stale: later events have set the jobs that they need
        except Exception as error:  # noqa: BLE001  # a failing job must not stop the others
            self.report(job, error)
            await self._try_later(job, error)

    async def _try_later(self, job: Job, error: BaseException) -> None:
        pause = min(RETRY_FIRST * 2 ** min(job.attempts - 1, 20), RETRY_LAST)
        with suppress(LogUnavailableError):
            await self.jobs.put_off(job, until=self.clock.now() + pause, error=str(error)[:500])

    async def _do(self, job: Job) -> datetime | None:
        """Run the job; return when it has to run again, if at all."""
        match job.kind:
            case JobKind.VERIFY:
                await self._do_verify(job)
            case JobKind.EXPIRE:
                await self.expire(job.upload_id, ends=True)
            case JobKind.FORGET:
                await self.forget(job.upload_id, actor_id=ACTOR)
            case JobKind.RECHECK:
                return await self.recheck(job.upload_id)
            case JobKind.DELETE_OBJECT:
                await self.delete_object.at_its_end(job.upload_id, actor_id=ACTOR)
            case JobKind.DISCARD:
                return await self._discard(job)
            case JobKind.ITEM:
                await self.tasks.work_item(job, touch=self._touch(job))
            case JobKind.DROP_TASK:
                return await self.tasks.drop(job.upload_id)
            case _:
                assert_never(job.kind)
        return None

    async def _discard(self, job: Job) -> datetime | None:
        if job.storage_key and job.multipart_id:
            await self.storage.abort_multipart(job.storage_key, job.multipart_id)
        if job.storage_key:
            await self.storage.delete(job.storage_key)
            if job.multipart_id or is_in_parts((await load(self.log, UPLOAD, job.upload_id)).state):
                await self.storage.abort_multiparts(job.storage_key)  # with unknown ids
        return job.again_at if job.again_at is not None and job.again_at > self.clock.now() else None

    async def _do_verify(self, job: Job) -> None:
        upload = await load(self.log, UPLOAD, job.upload_id)
        if not isinstance(upload.state, Processing):
            await self.expire(job.upload_id, ends=False)
            return
        await self.verify(upload, actor_id=ACTOR, touch=self._touch(job))

    def _touch(self, job: Job) -> Touch:
        """Return a callback that extends the lease of a running job."""

        async def touch() -> None:
            await self.jobs.extend(job, until=self.clock.now() + LEASE)

        return touch
