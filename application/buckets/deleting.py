"""Deleting buckets: what is in them goes, page by page, in the background; then the bucket itself.

From the first event on the bucket takes no new uploads and no new objects, so what is in it only becomes less. All of
it is done by ordinary commands that may be sent twice: whoever works the task may be killed at any line, and uploads
may be confirmed meanwhile.
"""

from collections import Counter
from contextlib import suppress

from application.buckets.changing import bucket_not_found, load_bucket
from application.keys.callers import Caller, new_command_id
from application.loading import CONFLICT_RETRIES, load_upload
from application.objects.deleting import DeletingObjects
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.object_creation import Unheld
from application.ports.read_side import BucketRecord, ReadSide
from application.ports.tasks import Json, TaskItem, TaskRecord, Tasks, TaskType
from application.rules import Rules
from application.tasks.deletions import PAGE, delete_all, kept_task, new_task, pages, running_task, wait_until_begun
from application.tasks.running import Step
from domain.buckets.bucket import (
    BeginBucketDeletion,
    Bucket,
    DeletedBucket,
    DeletingBucket,
    EndBucketDeletion,
    LiveBucket,
    NoBucket,
    decide,
)
from domain.events.event import Origin
from domain.refusals import NotFoundError, RefusedError, WrongStateError
from domain.uploads.upload import CancelUpload, ForgetUpload, InProgress, Pending, Processing, UploadEvent, evolve
from domain.uploads.upload import decide as decide_upload

_IDLE_ROUNDS = 3


class DeletingBuckets:
    """Begins a deletion, and does the work of its task."""

    def __init__(
        self,
        *,
        log: EventLog,
        read_side: ReadSide,
        tasks: Tasks,
        delete_object: DeletingObjects,
        clock: Clock,
        ids: Ids,
        rules: Rules,
    ) -> None:
        self._log = log
        self._read_side = read_side
        self._tasks = tasks
        self._delete_object = delete_object
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def __call__(self, caller: Caller, bucket: BucketRecord) -> TaskRecord:
        """Begin to delete a bucket, and return the task that goes on with it. Asked again, it is the same task."""
        bucket_id = bucket.bucket_id
        for _ in range(CONFLICT_RETRIES):
            state, version = await load_bucket(self._log, bucket_id)
            if isinstance(state, NoBucket | DeletedBucket):
                raise bucket_not_found(bucket_id)
            if isinstance(state, DeletingBucket):
                running = await running_task(self._tasks, caller, state.task_id)
                if running is not None:
                    return running
            now = self._clock.now()
            task_id = self._ids.new("task_")
            task = new_task(
                caller, task_id, TaskType.DELETE_BUCKET, namespace_id=bucket.namespace_id, subject=bucket_id, now=now
            )
            await self._tasks.create(task, drop_at=now + self._rules.retention)
            origin = caller.origin(
                now, new_command_id(self._ids), namespace_id=bucket.namespace_id, bucket_id=bucket_id
            )
            begin = BeginBucketDeletion(origin=origin, task_id=task_id)
            try:
                await self._append(begin, state, version, key_id=caller.key.key_id)
            except (VersionConflictError, RefusedError) as error:
                await self._tasks.cancel(origin.organization_id, task_id, now=now)
                if isinstance(error, RefusedError):
                    raise
            else:
                return await kept_task(self._tasks, caller, task_id)
        raise WrongStateError("busy", "The bucket is being changed by other requests: delete it again in a moment.")

    async def work(self, task: TaskRecord, item: TaskItem, step: Step) -> Json:
        """Delete what is in the bucket that the item names, and then the bucket."""

        async def begun() -> bool:
            state, _ = await load_bucket(self._log, item.subject)
            return not isinstance(state, LiveBucket)

        await wait_until_begun(begun, task, self._clock)
        deleted = Counter[str]()
        await self.empty(item.subject, task, step, deleted)
        return dict(deleted)

    async def empty(self, bucket_id: str, task: TaskRecord, step: Step, deleted: Counter[str]) -> None:
        """Delete a bucket that takes nothing any more, with all that is in it. What was deleted is counted."""

        async def delete_object(object_id: str) -> bool:
            return await self._delete(object_id, task)

        async def forget_upload(upload_id: str) -> bool:
            return await self._forget(upload_id, task)

        deleted.update(deleted_objects=0, deleted_uploads=0)
        idle = 0
        while idle < _IDLE_ROUNDS:  # an upload may become an object before its turn: it goes the next time round
            there = gone = 0
            async for page in pages(lambda after: self._read_side.objects_in(bucket_id, after=after, limit=PAGE)):
                there += len(page)
                count = await delete_all(delete_object, page)
                gone += count
                deleted["deleted_objects"] += count
                await step.tell(task, **deleted)
            async for page in pages(lambda after: self._read_side.uploads_in(bucket_id, after=after, limit=PAGE)):
                there += len(page)
                count = await delete_all(forget_upload, page)
                gone += count
                deleted["deleted_uploads"] += count
                await step.tell(task, **deleted)
            if not there:
                await self._end(bucket_id, task)
                return
            idle = 0 if gone else idle + 1
        raise StuckError(bucket_id)

    async def _delete(self, object_id: str, task: TaskRecord) -> bool:
        try:
            await self._delete_object(object_id, actor_id=task.actor_id)
        except (NotFoundError, WrongStateError):  # somebody else deleted it, or is at it: the next round sees
            return False
        return True

    async def _forget(self, upload_id: str, task: TaskRecord) -> bool:
        """End an upload, whatever its state, and forget it. What an object holds goes with the object."""
        for _ in range(CONFLICT_RETRIES):
            loaded = await load_upload(self._log, upload_id)
            origin = loaded.origin_of(task.actor_id, new_command_id(self._ids), self._clock.now())
            state, events = loaded.state, list[UploadEvent]()
            if isinstance(state, Pending | InProgress | Processing):
                events += decide_upload(CancelUpload(origin=origin, forget_at=origin.at), state)
                for event in events:
                    state = evolve(state, event)
            events += decide_upload(ForgetUpload(origin=origin), state)
            stream = StreamAppend(stream_id=upload_id, expected_version=loaded.version, events=tuple(events))
            try:
                await self._log.append(
                    Command(
                        command_id=origin.command_id,
                        organization_id=origin.organization_id,
                        streams=(stream,),
                        unheld=(Unheld(upload_id=upload_id),),
                    )
                )
            except VersionConflictError:
                continue  # it was confirmed at this moment, say
            except WrongStateError:
                return False  # it has become part of an object
            return True
        return False

    async def _end(self, bucket_id: str, task: TaskRecord) -> None:
        """Delete a bucket that is empty."""
        for _ in range(CONFLICT_RETRIES):
            state, version = await load_bucket(self._log, bucket_id)
            if isinstance(state, DeletedBucket):
                return
            origin = Origin(
                organization_id=task.organization_id,
                namespace_id=task.namespace_id,
                bucket_id=bucket_id,
                actor_id=task.actor_id,
                command_id=new_command_id(self._ids),
                at=self._clock.now(),
            )
            command: BeginBucketDeletion | EndBucketDeletion = EndBucketDeletion(origin=origin)
            if isinstance(state, LiveBucket):  # its namespace is being deleted
                command = BeginBucketDeletion(origin=origin, task_id=task.task_id)
            with suppress(VersionConflictError):  # somebody else renamed it, or deletes it too
                await self._append(command, state, version)
        raise StuckError(bucket_id)

    async def _append(
        self,
        command: BeginBucketDeletion | EndBucketDeletion,
        state: Bucket,
        version: int,
        *,
        key_id: str | None = None,
    ) -> None:
        origin = command.origin
        events = decide(command, state)
        await self._log.append(
            Command(
                command_id=origin.command_id,
                organization_id=origin.organization_id,
                key_id=key_id,
                streams=(StreamAppend(stream_id=origin.bucket_id or "", expected_version=version, events=events),),
            )
        )


class StuckError(Exception):
    """Nothing more could be deleted just now, although something is there: the task goes on with it later."""
