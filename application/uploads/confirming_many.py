"""Confirming many uploads: a task with an item for each, which workers verify one by one."""

from collections.abc import Sequence

import msgspec

from application.keys.callers import Caller
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.clock import Clock, Ids
from application.ports.tasks.tasks import Json, NewItem, NewTask, TaskItem, TaskRecord, Tasks, TaskType, task_not_found
from application.rules import Rules
from application.tasks.running import ItemContext
from application.uploads.confirming import ConfirmingUpload
from domain.uploads.content import Claimed


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A client's claims about one upload."""

    upload_id: str
    claimed: Claimed


class ConfirmingMany(msgspec.Struct, frozen=True, kw_only=True):
    """Creates the task, and runs its items."""

    tasks: Tasks
    confirm: ConfirmingUpload
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(self, caller: Caller, bucket: BucketRecord, confirmations: Sequence[Confirmation]) -> TaskRecord:
        """Return the task. An unknown upload, or one that the caller does not reach, fails only its item."""
        now = self.clock.now()
        organization_id = caller.organization.organization_id
        task = NewTask(
            task_id=self.ids.new("task_"),
            organization_id=organization_id,
            namespace_id=bucket.namespace_id,
            task_type=TaskType.CONFIRM_UPLOADS,
            actor_id=caller.actor_id,
            created_at=now,
            inputs=[each.upload_id for each in confirmations],
            items=[NewItem(subject=each.upload_id, input=msgspec.to_builtins(each.claimed)) for each in confirmations],
            additional_data={"bucket_id": bucket.bucket_id},
        )
        await self.tasks.create(task, drop_at=now + self.rules.retention)
        record = await self.tasks.task(organization_id, task.task_id)
        if record is None:
            raise task_not_found(task.task_id)
        return record

    async def work(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:
        """Confirm one upload (an `ItemWork`)."""
        confirmed = await self.confirm.within_task(
            task.namespace_id or "",
            item.subject,
            bucket_id=str(task.additional_data["bucket_id"]),
            actor_id=task.actor_id,
            claimed=msgspec.convert(item.input, Claimed),
            touch=context.touch,
        )
        record = confirmed.record
        return {
            "upload_id": record.upload_id,
            "status": confirmed.status.value,
            "object_id": record.object_id,
            "file_size_bytes": record.size_bytes,
            "file_hash": record.sha256,
            "etag": record.etag,
            "duplicate_of_upload_id": record.duplicate_of,
            "existing_object_id": record.existing_object_id,
            "deletes_at": msgspec.to_builtins(record.deletes_at),
        }
