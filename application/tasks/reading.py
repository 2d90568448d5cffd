"""Reading a task: visible to keys that may read its bucket, and to the key or token that started it."""

import msgspec

from application.keys.callers import Admitting, Caller
from application.ports.tasks.tasks import TaskRecord, Tasks, task_not_found
from application.uploads.hiding_others import output_as_ordinary
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
        if caller.grant is not None:
            return _for_token(task, caller)
        if await self.admit.reaches(caller, Permission.READ, namespace_id=task.namespace_id, bucket_id=task.bucket_id):
            return task
        if task.actor_id != caller.key.key_id:
            raise task_not_found(task_id)
        return msgspec.structs.replace(task, outputs=())


def _for_token(task: TaskRecord, caller: Caller) -> TaskRecord:
    """Return a task for the token that started it, or for the token of the one upload that it verifies."""
    theirs = task.actor_id == caller.token_id if caller.own is None else task.upload_id == caller.own.upload_id
    if not theirs:
        raise task_not_found(task.task_id)
    return msgspec.structs.replace(task, outputs=tuple(map(output_as_ordinary, task.outputs)))
