"""Processing storage events: a small file is verified at once, and for others an event makes jobs due.

Events come at least once and in any order, and are only hints: the bytes are verified as after a confirmation, and the
key of a completed upload is checked in storage. Several events are processed at once, those about one key in turn.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from application.handling import Loaded, Objection, Proposal, handle
from application.keys.callers import new_command_id
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import EventLog, VersionConflictError
from application.ports.storage.object_storage import Fetched, ObjectStorage, StorageError
from application.ports.tasks.job_queue import JobQueue
from application.storage.notifications import EventKind, StorageEvent, parse_notification
from application.uploads.verifying import (
    FETCH_BYTES,
    RETRY_FIRST,
    Verification,
    VerifyingUploads,
    fetch_stored,
    in_one,
)
from domain.refusals import NotFoundError
from domain.tasks.agenda import JobKind
from domain.uploads.filenames import STORAGE_KEY
from domain.uploads.request import UploadRequest
from domain.uploads.upload import (
    UPLOAD,
    BeginVerification,
    Completed,
    InProgress,
    Pending,
    ReportChangedContent,
    Upload,
    request_of,
    task_of,
)
from domain.uploads.upload_events import SeenBy, UploadEvent

ACTOR = "system:storage"
TOGETHER = 8  # keys of a notification at once
_ANY_ETAG = "?"

ReportUnknown = Callable[[bytes], None]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The number of received events, of those for known uploads, and of the others."""

    received: int
    matched: int
    ignored: int


class TakingStorageEvents(msgspec.Struct, frozen=True, kw_only=True):
    """One command for each event. Idempotent."""

    log: EventLog
    jobs: JobQueue
    storage: ObjectStorage
    verify: VerifyingUploads
    clock: Clock
    ids: Ids
    report_unknown: ReportUnknown

    async def __call__(self, notification: bytes) -> Taken:
        """Process a notification with any number of events; an unknown shape is reported, and has no events.

        Refuses invalid JSON with `invalid_notification`.
        """
        events = parse_notification(notification)
        if events is None:
            self.report_unknown(notification)
            events = ()
        matched = await self._take_all(events)
        return Taken(received=len(events), matched=matched, ignored=len(events) - matched)

    async def _take_all(self, events: Sequence[StorageEvent]) -> int:
        by_upload: dict[str, list[StorageEvent]] = {}
        for event in events:
            found = STORAGE_KEY.fullmatch(event.key) if event.bucket == self.storage.bucket else None
            if found is not None:
                by_upload.setdefault(found["upload_id"], []).append(event)
        looks, places = _Looks(), asyncio.Semaphore(TOGETHER)

        async def take_in_turn(upload_id: str, events: Sequence[StorageEvent]) -> int:
            async with places:
                return sum([await self._take(event, upload_id, looks) for event in events])

        try:
            async with asyncio.TaskGroup() as group:
                taken = [group.create_task(take_in_turn(*each)) for each in by_upload.items()]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors.exceptions[0].__cause__  # not as a group
        return sum(each.result() for each in taken)

    async def _take(self, event: StorageEvent, upload_id: str, looks: "_Looks") -> bool:
        """Process an event; return whether it is about this upload."""
        verification: Verification | None = None

        async def follow(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent] | None:
            nonlocal verification
            if not _is_about(event, upload.state):
                return None
            begun, seen = await self._follow(event, upload, looks)
            if begun is None or seen is None or seen.body is None:
                return begun
            verification = verification or self.verify.begin(upload_id, actor_id=ACTOR, seen=seen)
            return await in_one(upload, begun, verification)

        async def learn(objection: Objection) -> bool:
            nonlocal verification
            if isinstance(objection, VersionConflictError):
                if objection.stream_id == upload_id:
                    verification = None
                return True
            return verification is not None and await verification.learn(objection)

        try:
            upload = await handle(self.log, UPLOAD, upload_id, follow, learn=learn)
        except NotFoundError:
            return False
        return _is_about(event, upload.state)

    async def _follow(
        self, event: StorageEvent, upload: Loaded[UploadEvent, Upload], looks: "_Looks"
    ) -> tuple[Proposal[UploadEvent] | None, Fetched | None]:
        """Return the events that follow from an event, and the bytes of a small file that is to be verified."""
        origin = upload.origin_of(ACTOR, new_command_id(self.ids), self.clock.now())
        created = event.kind is EventKind.CREATED
        match upload.state:
            case Pending(request=request) | InProgress(request=request) if created and request.auto_confirm:
                seen = None
                if looks.worthwhile and _is_small(request):  # a worker finds out about all else
                    try:
                        seen = await fetch_stored(self.storage, request)
                    except StorageError:
                        looks.worthwhile = False
                    else:
                        if seen is None:  # the event is early or stale: a worker looks again, without an event before
                            await self.jobs.set(JobKind.VERIFY, upload.stream_id, origin.at + RETRY_FIRST)
                            return None, None
                begin = BeginVerification(
                    origin=origin,
                    task_id=task_of(upload.stream_id),
                    seen_by=SeenBy.STORAGE_EVENT,
                    inline=seen is not None and seen.body is not None,
                )
                return Proposal(origin=origin, events=UPLOAD.decide(begin, upload.state)), seen
            case Completed():
                etag = event.etag or _ANY_ETAG if created else None
                report = ReportChangedContent(origin=origin, etag=etag)
                if UPLOAD.decide(report, upload.state):  # it may be new: check the storage
                    await self.jobs.set(JobKind.RECHECK, upload.stream_id, origin.at)
            case _:
                pass
        return None, None


class _Looks:
    """Whether to look for files in storage: not after storage failed, as each look might wait for seconds."""

    worthwhile: bool = True


def _is_small(request: UploadRequest) -> bool:
    return request.declared_size_bytes is not None and request.declared_size_bytes <= FETCH_BYTES


def _is_about(event: StorageEvent, upload: Upload) -> bool:
    request = request_of(upload)
    return request is not None and request.storage_key == event.key
