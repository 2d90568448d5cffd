"""Running tasks: workers lease their items, run them one by one, and end them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from application.ports.clock import Clock
from application.ports.tasks.job_queue import Job
from application.ports.tasks.tasks import Json, TaskItem, TaskRecord, Tasks, TaskType, item_of
from application.rules import Rules
from application.uploads.verifying import Touch
from domain.refusals import RefusedError

_LOOK_AGAIN = timedelta(days=1)


class ItemContext(msgspec.Struct, frozen=True, kw_only=True):
    """The context of an item's work. `touch`: await it regularly in long work, or another worker takes over."""

    tasks: Tasks
    clock: Clock
    touch: Touch

    async def record_progress(self, task: TaskRecord, **progress: int) -> None:
        """Record the progress of the task (counts in its `additional_data`), and extend the lease."""
        await self.tasks.record_progress(task.task_id, dict(progress), now=self.clock.now())
        await self.touch()


class ItemWork(Protocol):
    """Runs one item, and returns its output.

    It may be killed at any point and run again, even by several workers at once: it must be idempotent. A
    `RefusedError` ends the item as FAILED; any other error makes it due again, with growing delays.
    """

    async def __call__(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:
        """Run the item."""
        ...


class RunningTasks(msgspec.Struct, frozen=True, kw_only=True):
    """Runs items, and removes old tasks."""

    tasks: Tasks
    clock: Clock
    rules: Rules
    work: Mapping[TaskType, ItemWork]

    async def work_item(self, job: Job, *, touch: Touch) -> None:
        """Run the item of the job, unless it has ended."""
        task_id, index = item_of(job.upload_id)
        begun = await self.tasks.begin(task_id, index, now=self.clock.now())
        if begun is None:
            return
        task, item = begun
        error = None
        try:
            output = await self.work[task.task_type](
                task, item, ItemContext(tasks=self.tasks, clock=self.clock, touch=touch)
            )
        except RefusedError as refused:
            error = refused.message
            output = {"error": refused.message, "code": refused.code, "details": refused.details}
        await self.tasks.finish(
            task_id, index, output={"subject": item.subject, **output}, error=error, now=self.clock.now()
        )

    async def drop(self, task_id: str) -> datetime | None:
        """Remove an old task; return when to check again, if it is not old enough."""
        now = self.clock.now()
        if await self.tasks.drop(task_id, ended_before=now - self.rules.retention):
            return None
        return now + _LOOK_AGAIN
