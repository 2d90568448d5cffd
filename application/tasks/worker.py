"""Working: leases due jobs, runs them through ordinary commands, and releases them when the worker stops.

A few jobs run at once. After an outage many are due that need a single call to storage each, such as the expiry of
abandoned uploads: as long as only those are leased, they are leased in growing pages, whose streams are read by one
query, and whose events the log appends together.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

import msgspec

from application.handling import BusyError, load, rebuilt
from application.idempotency import DoingOnce
from application.objects.deleting import DeletingObjects
from application.ports.clock import Clock
from application.ports.events.event_log import EventLog, LogUnavailableError, StoredEvent, VersionConflictError
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
# Each needs a few calls to storage and an append; the others may read gigabytes.
QUICK: Final = frozenset({JobKind.EXPIRE, JobKind.FORGET, JobKind.DISCARD, JobKind.RECHECK, JobKind.DROP_TASK})
PAGE: Final = 64  # at most, as in a group of the log
PAGES_AT_ONCE: Final = 2  # one is read while the other is appended

_Streams = Mapping[str, Sequence[StoredEvent]]


class JobReport(Protocol):
    """Reports failed jobs, for logs."""

    def __call__(self, job: Job, error: BaseException) -> None:
        """Report an error; the job is retried later."""
        ...


class _Hands:
    """The work under way: slow jobs and pages of quick ones. `page`: the size of the next page."""

    def __init__(self) -> None:
        self.slow: set[asyncio.Task[None]] = set()
        self.pages: set[asyncio.Task[None]] = set()
        self.page = 0

    @property
    def busy(self) -> set[asyncio.Task[None]]:
        return self.slow | self.pages

    def drop_finished(self) -> None:
        self.slow = {task for task in self.slow if not task.done()}
        self.pages = {task for task in self.pages if not task.done()}


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """Runs jobs until it is stopped. Any number of workers on any number of machines may run at once.

    `search_index` None: lists are searched without one. `around`: the context of a job. `concurrency`: the number of
    jobs that run at once, besides pages of quick ones.
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
        hands = _Hands()
        stop = asyncio.create_task(stopping.wait())
        besides = [asyncio.create_task(self._tidy()), asyncio.create_task(self._index())]
        try:
            while not stopping.is_set():
                pause = await self._take(hands)
                if pause is not None:
                    news = asyncio.create_task(self.jobs.wait(pause))
                    await asyncio.wait({news, stop, *hands.busy}, return_when=asyncio.FIRST_COMPLETED)
                    news.cancel()
                    await asyncio.gather(news, return_exceptions=True)
        finally:
            stop.cancel()
            await asyncio.sleep(0)  # otherwise a leased job that has not begun could not release its lease
            for task in (*besides, *hands.busy):
                task.cancel()
            await asyncio.gather(*besides, *hands.busy, return_exceptions=True)

    async def work_due(self) -> int:
        """Run the jobs that are due now, and return their number."""
        jobs = await self.jobs.lease(now=self.clock.now(), limit=self.concurrency, lasts=LEASE)
        await self._work_page(jobs)
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

    async def _take(self, hands: "_Hands") -> timedelta | None:
        """Take as many due jobs as there are places; return how long to wait if there were none."""
        hands.drop_finished()
        places = self.concurrency - len(hands.slow)
        if places <= 0 or len(hands.pages) == PAGES_AT_ONCE:
            return IDLE
        limit = max(places, hands.page)
        try:
            jobs = await self.jobs.lease(now=self.clock.now(), limit=limit, lasts=LEASE)
            quick = [job for job in jobs if job.kind in QUICK]
            slow = [job for job in jobs if job.kind not in QUICK]
            hands.page = min(2 * limit, PAGE) if len(quick) == limit else 0
            if quick:
                hands.pages.add(asyncio.create_task(self._work_page(quick)))
            hands.slow.update(asyncio.create_task(self._work_page([job])) for job in slow[:places])
            for job in slow[places:]:  # the last page had quick ones only
                await self.jobs.put_off(job, until=job.due_at, error=None)
            if jobs:
                return None
            due = await self.jobs.next_due()
        except LogUnavailableError:
            return IDLE
        return IDLE if due is None else min(IDLE, max(due - self.clock.now(), timedelta(milliseconds=10)))

    async def _work_page(self, jobs: Sequence[Job]) -> None:
        """Run jobs at once."""
        streams = await self._read(jobs) if len(jobs) > 1 else {}
        results = await asyncio.gather(*(self._work(job, streams) for job in jobs))
        done = [job for job, is_done in zip(jobs, results, strict=True) if is_done]
        if done:
            with suppress(LogUnavailableError):  # they are leased again, and find nothing to do
                await self.jobs.done(*done)

    async def _read(self, jobs: Sequence[Job]) -> _Streams:
        """Return the events of uploads that may expire; nothing if the log is unavailable, as each job will report."""
        ids = [job.upload_id for job in jobs if job.kind is JobKind.EXPIRE]
        try:
            return await self.log.read_streams(ids) if ids else {}
        except LogUnavailableError:
            return {}

    async def _work(self, job: Job, streams: _Streams) -> bool:
        """Run a job; return whether it is done, otherwise it runs again later."""
        try:
            with self.around(job):
                again_at = await self._do(job, streams)
            if again_at is not None:
                await self.jobs.put_off(job, until=again_at, error=None)
            return again_at is None  # noqa: TRY300  # a job without a time is done
        except asyncio.CancelledError:
            with suppress(LogUnavailableError):
                await self.jobs.put_off(job, until=job.due_at, error="The worker stopped.")
            raise
        except (VersionConflictError, BusyError) as stale:
            await self._try_later(job, stale)  # the upload has changed: try again, there may be nothing left to do
        except RefusedError:
            return True  # the job is stale: later events have set the jobs that they need
        except Exception as error:  # noqa: BLE001  # a failing job must not stop the others
            self.report(job, error)
            await self._try_later(job, error)
        return False

    async def _try_later(self, job: Job, error: BaseException) -> None:
        pause = min(RETRY_FIRST * 2 ** min(job.attempts - 1, 20), RETRY_LAST)
        with suppress(LogUnavailableError):
            await self.jobs.put_off(job, until=self.clock.now() + pause, error=str(error)[:500])

    async def _do(self, job: Job, streams: _Streams) -> datetime | None:
        """Run the job; return when it has to run again, if at all."""
        match job.kind:
            case JobKind.VERIFY:
                await self._do_verify(job)
            case JobKind.EXPIRE:
                stored = streams.get(job.upload_id)
                loaded = rebuilt(UPLOAD, job.upload_id, stored) if stored else None
                await self.expire(job.upload_id, ends=True, loaded=loaded)
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
