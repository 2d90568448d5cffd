"""Canceling a task: its remaining items are skipped."""

import msgspec

from application.keys.callers import Admitting, Caller, lacking_operation
from application.ports.clock import Clock
from application.ports.tasks.tasks import RUNNING, Tasks, TaskStatus, TaskType, task_is_over
from application.tasks.reading import ReadingTasks
from domain.keys.api_key import Permission
from domain.refusals import WrongStateError

# A deletion takes effect before its response, and a file must not be lost because its verification was stopped.
CANCELABLE = frozenset({TaskType.CONFIRM_UPLOADS})


class CancelingTasks(msgspec.Struct, frozen=True, kw_only=True):
    """Cancels tasks. Idempotent."""

    tasks: Tasks
    admit: Admitting
    clock: Clock

    async def __call__(self, caller: Caller, task_id: str) -> None:
        """Cancel a task that the caller may read; refuse if it has ended or cannot be canceled."""
        organization_id = caller.organization.organization_id
        task = await ReadingTasks(tasks=self.tasks, admit=self.admit)(caller, task_id)
        if not await self.admit.reaches(
            caller, Permission.DELETE, namespace_id=task.namespace_id, bucket_id=task.bucket_id
        ):
            raise lacking_operation(Permission.DELETE)
        if task.status is TaskStatus.CANCELED:
            return
        if task.status not in RUNNING:
            raise task_is_over(task)
        if task.task_type not in CANCELABLE:
            upload = task.task_type is TaskType.CONFIRM_UPLOAD
            raise WrongStateError(
                "task_not_cancelable",
                "This task cannot be canceled by itself: cancel its upload instead, with DELETE."
                if upload
                else "A deletion that has begun cannot be canceled: wait until it ends.",
                {"task_type": task.task_type, "upload_id": task.upload_id},
            )
        await self.tasks.cancel(organization_id, task_id, now=self.clock.now())
