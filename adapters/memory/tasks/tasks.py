"""Tasks in dictionaries, next to a log in memory."""

import itertools
from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.lists.filtering import page_of
from application.lists.listing import TASKS
from application.ports.lists.pages import Page, PageRequest
from application.ports.tasks.tasks import (
    RUNNING,
    Json,
    NewTask,
    TaskItem,
    TaskRecord,
    TaskStatus,
    TaskType,
    item_subject,
    task_is_over,
    task_not_found,
)
from application.ports.uploads.upload_reads import UploadRecord
from domain.shared_fields import made_from
from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status

_STATUS_OF_UPLOAD = {
    Status.COMPLETED: TaskStatus.COMPLETED,
    Status.FAILED: TaskStatus.FAILED,
    Status.CANCELED: TaskStatus.CANCELED,
}


class MemoryTasks:
    """Implements `Tasks`."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log
        self._tasks: dict[str, TaskRecord] = {}
        self._items: dict[str, list[TaskItem]] = {}
        self._positions = itertools.count(1)

    async def create(self, task: NewTask, *, drop_at: datetime) -> None:
        """Store a task with its items, due immediately, and wake the workers."""
        if task.task_id in self._tasks:
            return
        self._tasks[task.task_id] = made_from(
            TaskRecord,
            task,
            status=TaskStatus.PENDING,
            inputs=tuple(task.inputs),
            outputs=(),
            additional_data=dict(task.additional_data),
            error=None,
            updated_at=task.created_at,
            position=next(self._positions),
        )
        self._items[task.task_id] = [
            TaskItem(
                task_id=task.task_id,
                index=index,
                subject=item.subject,
                input=dict(item.input),
                status=TaskStatus.PENDING,
            )
            for index, item in enumerate(task.items)
        ]
        self._log.jobs.set(JobKind.DROP_TASK, task.task_id, drop_at)
        if task.items:
            for index in range(len(task.items)):
                self._log.jobs.set(JobKind.ITEM, item_subject(task.task_id, index), task.created_at)
            self._settle(task.task_id, task.created_at)
            self._log.tell_due_jobs()

    async def task(self, organization_id: str, task_id: str) -> TaskRecord | None:
        """Return a task of the organization, or an upload's verification as a task."""
        known = self._tasks.get(task_id)
        if known is not None and known.upload_id is None:
            return known if known.organization_id == organization_id else None
        for upload in self._log.tables.uploads.values():
            if upload.task_id == task_id and upload.organization_id == organization_id:
                return _verification(upload, known)
        return None

    async def tasks(self, organization_id: str, page: PageRequest) -> Page[TaskRecord]:
        """List an organization's tasks."""
        wanted = [await self.task(organization_id, task_id) for task_id in self._tasks]
        return page_of(TASKS, [task for task in wanted if task is not None], page)

    async def begin(self, task_id: str, index: int, *, now: datetime) -> tuple[TaskRecord, TaskItem] | None:
        """Start an item, and return it as PROCESSING."""
        task, items = self._tasks.get(task_id), self._items.get(task_id, [])
        if task is None or index >= len(items) or items[index].status not in RUNNING:
            return None
        items[index] = msgspec.structs.replace(items[index], status=TaskStatus.PROCESSING)
        if task.status is TaskStatus.PENDING:
            self._change(task_id, now, status=TaskStatus.PROCESSING)
        return task, items[index]

    async def record_progress(self, task_id: str, progress: Json, *, now: datetime) -> None:
        """Merge `progress` into the task's additional data."""
        task = self._tasks.get(task_id)
        if task is not None:
            self._change(task_id, now, additional_data={**task.additional_data, **progress})

    async def finish(self, task_id: str, index: int, *, output: Json, error: str | None, now: datetime) -> None:
        """Finish an item, and the task with its last item."""
        items = self._items.get(task_id, [])
        if index < len(items) and items[index].status in RUNNING:
            status = TaskStatus.COMPLETED if error is None else TaskStatus.FAILED
            items[index] = msgspec.structs.replace(items[index], status=status, output=dict(output), error=error)
            self._settle(task_id, now)

    async def cancel(self, organization_id: str, task_id: str, *, now: datetime) -> None:
        """Cancel a running task."""
        task = self._tasks.get(task_id)
        if task is None or task.organization_id != organization_id:
            raise task_not_found(task_id)
        if task.status is TaskStatus.CANCELED:
            return
        if task.status not in RUNNING:
            raise task_is_over(task)
        self._change(task_id, now, status=TaskStatus.CANCELED)
        items = self._items[task_id]
        for item in items:
            if item.status is TaskStatus.PENDING:
                items[item.index] = msgspec.structs.replace(item, status=TaskStatus.CANCELED)
                self._log.jobs.end(JobKind.ITEM, item_subject(task_id, item.index))

    async def drop(self, task_id: str, *, ended_before: datetime) -> bool:
        """Delete a task that ended before that time; False if it still exists."""
        task = self._tasks.get(task_id)
        if task is None:
            return True
        if task.upload_id is not None:
            verified = await self.task(task.organization_id, task_id)
            over = verified is None or verified.status not in RUNNING
        else:
            over = task.status not in RUNNING and task.updated_at <= ended_before
        if over:
            del self._tasks[task_id], self._items[task_id]
        return over

    def _settle(self, task_id: str, now: datetime) -> None:
        """Count a task's items, and finish the task with the last item."""
        task, items = self._tasks[task_id], self._items[task_id]
        counts = {
            "total": len(items),
            "completed": _count(items, TaskStatus.COMPLETED),
            "failed": _count(items, TaskStatus.FAILED),
        }
        over = not any(item.status in RUNNING for item in items)
        status = task.status
        if over and status is not TaskStatus.CANCELED:
            if not counts["failed"]:
                status = TaskStatus.COMPLETED
            else:
                status = TaskStatus.COMPLETED_WITH_ERRORS if counts["completed"] else TaskStatus.FAILED
        errors = [item.error for item in items if item.error is not None]
        self._change(
            task_id,
            now,
            status=status,
            outputs=tuple(item.output for item in items if item.output is not None),
            additional_data={**task.additional_data, **counts},
            error=errors[0] if over and errors else None,
        )

    def _change(self, task_id: str, now: datetime, **changes: object) -> None:
        self._tasks[task_id] = msgspec.structs.replace(self._tasks[task_id], updated_at=now, **changes)


def _count(items: Sequence[TaskItem], status: TaskStatus) -> int:
    return sum(item.status is status for item in items)


def _verification(upload: UploadRecord, known: TaskRecord | None) -> TaskRecord:
    """Return an upload's verification as a task."""
    done = {
        "upload_id": upload.upload_id,
        "object_id": upload.object_id,
        "duplicate_of_upload_id": upload.duplicate_of,
        "existing_object_id": upload.existing_object_id,
    }
    created_at = known.created_at if known else upload.created_at
    status = _STATUS_OF_UPLOAD.get(upload.status, TaskStatus.PROCESSING)
    return made_from(
        TaskRecord,
        upload,
        task_id=upload.task_id or "",
        task_type=TaskType.CONFIRM_UPLOAD,
        status=status,
        actor_id=known.actor_id if known else "",
        inputs=(upload.upload_id,),
        outputs=(done,) if upload.status is Status.COMPLETED else (),
        additional_data={
            **(known.additional_data if known and status is TaskStatus.PROCESSING else {}),
            "bucket_id": upload.bucket_id,
            "failure_reason": upload.failure_reason,
        },
        error=upload.message if upload.status is Status.FAILED else None,
        created_at=created_at,
        updated_at=upload.completed_at or created_at,
        position=known.position if known else 0,
    )
