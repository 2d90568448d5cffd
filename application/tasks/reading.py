"""Reading a task: visible to keys that may read its bucket, and to the key that started it."""

import msgspec

from application.keys.callers import Admitting, Caller
from application.ports.tasks.tasks import TaskRecord, Tasks, task_not_found
from domain.keys.api_key import Permission


class ReadingTasks(msgspec.Struct, frozen=True, kw_only=True):
    """Finds a task for a caller."""

    tasks: Tasks
    admit: Admitting

    async def __call__(self, caller: Caller, task_id: str) -> TaskRecord:
        """Return a task of the caller's organization; refuse one out of scope as not found.

        The key that started it always sees it, but sees its outputs, which contain ids of others, only if it may read.
        """
        task = await self.tasks.task(caller.organization.organization_id, task_id)
        if task is None:
            raise task_not_found(task_id)
        if await self.admit.reaches(caller, Permission.READ, namespace_id=task.namespace_id, bucket_id=task.bucket_id):
            return task
        if task.actor_id != caller.key.key_id:
            raise task_not_found(task_id)
        return msgspec.structs.replace(task, outputs=())
