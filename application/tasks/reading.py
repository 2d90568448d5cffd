"""Reading a task: it is shown to a key that may read where it works, and to the key that began it."""

import msgspec

from application.keys.callers import Admitting, Caller
from application.ports.tasks.tasks import TaskRecord, Tasks, task_not_found
from domain.keys.api_key import Permission


class ReadingTasks:
    """Finds a task for who asks."""

    def __init__(self, *, tasks: Tasks, admit: Admitting) -> None:
        self._tasks = tasks
        self._admit = admit

    async def __call__(self, caller: Caller, task_id: str) -> TaskRecord:
        """Return a task of the caller's organization; refuse one out of reach as if it were not there.

        The key that began it sees it wherever it works, but its outputs, which name what others put there, only where
        the key may read.
        """
        task = await self._tasks.task(caller.organization.organization_id, task_id)
        if task is None:
            raise task_not_found(task_id)
        if await self._admit.reaches(caller, Permission.READ, namespace_id=task.namespace_id, bucket_id=task.bucket_id):
            return task
        if task.actor_id != caller.key.key_id:
            raise task_not_found(task_id)
        return msgspec.structs.replace(task, outputs=())
