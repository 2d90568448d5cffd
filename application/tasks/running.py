"""Running tasks: their items are worked one by one, by whichever worker leases them, and ended."""

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
    """What an item's work holds on to. `touch`: await it now and then in long work, or another worker takes over."""

    tasks: Tasks
    clock: Clock
    touch: Touch

    async def record_progress(self, task: TaskRecord, **progress: int) -> None:
        """Note how far the task has come (counts in its `additional_data`), and keep the lease."""
        await self.tasks.record_progress(task.task_id, dict(progress), now=self.clock.now())
        await self.touch()


class ItemWork(Protocol):
    """Does what one item says, and returns what stands in the task's outputs.

    It may be killed at any line and begun again, by several workers at once at worst: doing it twice must do no harm. A
    `RefusedError` ends the item as FAILED; any other error makes it due again, later and later.
    """

    async def __call__(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:
        """Do it."""
        ...


class RunningTasks:
    """Works items, and removes tasks that ended long ago."""

    def __init__(self, *, tasks: Tasks, clock: Clock, rules: Rules, work: Mapping[TaskType, ItemWork]) -> None:
        self._tasks = tasks
        self._clock = clock
        self._rules = rules
        self._work = work

    async def work_item(self, job: Job, *, touch: Touch) -> None:
        """Work the item that the job names, unless it has ended."""
        task_id, index = item_of(job.upload_id)
        begun = await self._tasks.begin(task_id, index, now=self._clock.now())
        if begun is None:
            return
        task, item = begun
        error = None
        try:
            output = await self._work[task.task_type](
                task, item, ItemContext(tasks=self._tasks, clock=self._clock, touch=touch)
            )
        except RefusedError as refused:
            error = refused.message
            output = {"error": refused.message, "code": refused.code, "details": refused.details}
        await self._tasks.finish(
            task_id, index, output={"subject": item.subject, **output}, error=error, now=self._clock.now()
        )

    async def drop(self, task_id: str) -> datetime | None:
        """Remove a task that ended long ago; return when to look again, if it has not."""
        now = self._clock.now()
        if await self._tasks.drop(task_id, ended_before=now - self._rules.retention):
            return None
        return now + _LOOK_AGAIN
