"""Deleting buckets: their content, page by page, in the background; then the bucket itself.

From the first event on the bucket accepts no new uploads and objects, so its content only shrinks. The deletion uses
ordinary idempotent commands: a worker may be killed at any point, and uploads may be confirmed meanwhile.
"""

from collections import Counter
from functools import partial

import msgspec

from application.handling import BusyError, Loaded, Proposal, handle, load
from application.keys.callers import Caller, new_command_id
from application.objects.deleting import DeletingObjects
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.objects.object_creation import NotInObject
from application.ports.read_side import ReadSide
from application.ports.tasks.tasks import Json, TaskItem, TaskRecord, Tasks, TaskType
from application.rules import Rules
from application.tasks.deletions import PAGE, delete_all, kept_task, new_task, pages, running_task, wait_until_begun
from application.tasks.running import ItemContext
from domain.buckets.bucket import (
    BUCKET,
    BeginBucketDeletion,
    Bucket,
    BucketEvent,
    DeletedBucket,
    DeletingBucket,
    EndBucketDeletion,
    LiveBucket,
    bucket_not_found,
)
from domain.events.event import Origin
from domain.refusals import NotFoundError, WrongStateError
from domain.uploads.upload import (
    UPLOAD,
    CancelUpload,
    ForgetUpload,
    InProgress,
    Pending,
    Processing,
    Upload,
    UploadCommand,
)
from domain.uploads.upload_events import UploadEvent

_IDLE_ROUNDS = 3


class DeletingBuckets(msgspec.Struct, frozen=True, kw_only=True):
    """Begins a deletion, and runs its task."""

    log: EventLog
    read_side: ReadSide
    tasks: Tasks
    delete_object: DeletingObjects
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(self, caller: Caller, bucket: BucketRecord) -> TaskRecord:
        """Begin to delete a bucket, and return its task. A repeated call returns the same task."""
        bucket_id, organization_id = bucket.bucket_id, caller.organization.organization_id
        task_id = ""

        async def begin(found: Loaded[BucketEvent, Bucket]) -> Proposal[BucketEvent] | None:
            nonlocal task_id
            if isinstance(found.state, DeletedBucket):
                raise bucket_not_found(bucket_id)
            if isinstance(found.state, DeletingBucket):
                task_id = found.state.task_id
                if await running_task(self.tasks, caller, task_id) is not None:
                    return None
            now = self.clock.now()
            task_id = self.ids.new("task_")
            task = new_task(
                caller,
                task_id,
                TaskType.DELETE_BUCKET,
                namespace_id=bucket.namespace_id,
                subjects=(bucket_id,),
                now=now,
            )
            await self.tasks.create(task, drop_at=now + self.rules.retention)
            origin = caller.origin(now, new_command_id(self.ids), namespace_id=bucket.namespace_id, bucket_id=bucket_id)
            return Proposal(
                origin=origin,
                events=BUCKET.decide(BeginBucketDeletion(origin=origin, task_id=task_id), found.state),
                conditions=Conditions(key_id=caller.key.key_id),
                undo=partial(self.tasks.cancel, organization_id, task_id, now=now),
            )

        await handle(self.log, BUCKET, bucket_id, begin)
        return await kept_task(self.tasks, caller, task_id)

    async def work(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:
        """Delete the content of the item's bucket, and then the bucket."""

        async def begun() -> bool:
            bucket = await load(self.log, BUCKET, item.subject)
            return not isinstance(bucket.state, LiveBucket)

        await wait_until_begun(begun, task, self.clock)
        deleted = Counter[str]()
        await self.empty(item.subject, task, context, deleted)
        return dict(deleted)

    async def empty(self, bucket_id: str, task: TaskRecord, context: ItemContext, deleted: Counter[str]) -> None:
        """Delete the content of a bucket that is being deleted, and count it."""

        async def delete_object(object_id: str) -> bool:
            return await self._delete(object_id, task)

        async def forget_upload(upload_id: str) -> bool:
            return await self._forget(upload_id, task)

        deleted.update(deleted_objects=0, deleted_uploads=0)
        idle = 0
        while idle < _IDLE_ROUNDS:  # an upload may become an object in the meantime: the next round deletes it
            there = gone = 0
            async for page in pages(lambda after: self.read_side.objects_in(bucket_id, after=after, limit=PAGE)):
                there += len(page)
                count = await delete_all(delete_object, page)
                gone += count
                deleted["deleted_objects"] += count
                await context.record_progress(task, **deleted)
            async for page in pages(lambda after: self.read_side.uploads_in(bucket_id, after=after, limit=PAGE)):
                there += len(page)
                count = await delete_all(forget_upload, page)
                gone += count
                deleted["deleted_uploads"] += count
                await context.record_progress(task, **deleted)
            if not there:
                await self._end(bucket_id, task)
                return
            idle = 0 if gone else idle + 1
        raise StuckError(bucket_id)

    async def _delete(self, object_id: str, task: TaskRecord) -> bool:
        try:
            await self.delete_object(object_id, actor_id=task.actor_id)
        except (
            NotFoundError,
            WrongStateError,
        ):  # it was deleted or is being changed by another command: the next round checks
            return False
        return True

    async def _forget(self, upload_id: str, task: TaskRecord) -> bool:
        """End an upload in any state, and forget it. An upload that an object holds is deleted with the object."""

        async def forget(upload: Loaded[UploadEvent, Upload]) -> Proposal[UploadEvent]:
            origin = upload.origin_of(task.actor_id, new_command_id(self.ids), self.clock.now())
            commands: list[UploadCommand] = [ForgetUpload(origin=origin)]
            if isinstance(upload.state, Pending | InProgress | Processing):
                commands.insert(0, CancelUpload(origin=origin, forget_at=origin.at))
            return Proposal(
                origin=origin,
                events=UPLOAD.decide_all(commands, upload.state),
                conditions=Conditions(unheld=(NotInObject(upload_id=upload_id),)),
            )

        try:
            await handle(self.log, UPLOAD, upload_id, forget)
        except WrongStateError:
            return False  # it has become part of an object, or is changed too often
        return True

    async def _end(self, bucket_id: str, task: TaskRecord) -> None:
        """Delete an empty bucket."""

        async def begin(bucket: Loaded[BucketEvent, Bucket]) -> Proposal[BucketEvent] | None:
            if not isinstance(bucket.state, LiveBucket):
                return None
            origin = self._origin(bucket_id, task)
            begun = BeginBucketDeletion(origin=origin, task_id=task.task_id)
            return Proposal(origin=origin, events=BUCKET.decide(begun, bucket.state))

        async def end(bucket: Loaded[BucketEvent, Bucket]) -> Proposal[BucketEvent] | None:
            if isinstance(bucket.state, DeletedBucket):
                return None
            origin = self._origin(bucket_id, task)
            return Proposal(origin=origin, events=BUCKET.decide(EndBucketDeletion(origin=origin), bucket.state))

        try:
            deleting = await handle(self.log, BUCKET, bucket_id, begin)  # only now, if its namespace is being deleted
            await handle(self.log, BUCKET, bucket_id, end, loaded=deleting)
        except BusyError as busy:
            raise StuckError(bucket_id) from busy

    def _origin(self, bucket_id: str, task: TaskRecord) -> Origin:
        return Origin(
            organization_id=task.organization_id,
            namespace_id=task.namespace_id,
            bucket_id=bucket_id,
            actor_id=task.actor_id,
            command_id=new_command_id(self.ids),
            at=self.clock.now(),
        )


class StuckError(Exception):
    """Nothing could be deleted now, although the bucket is not empty: the task continues later."""
