"""The common parts of deletions of buckets and namespaces: a task that exists before they begin, and pages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from application.keys.callers import Caller
from application.ports.clock import Clock
from application.ports.lists.pages import Placed
from application.ports.tasks.tasks import RUNNING, NewItem, NewTask, TaskRecord, Tasks, TaskStatus, TaskType
from domain.refusals import WrongStateError

PAGE = 200
_TOGETHER = 32  # concurrent commands: the log groups them
_BEGINS_WITHIN = timedelta(minutes=10)
_LOOKS = 100
_BETWEEN_LOOKS_SECONDS = 0.02


class NotYetBegunError(Exception):
    """The task exists, but the request that created it has not begun the deletion yet: try again."""


def new_task(
    caller: Caller, task_id: str, kind: TaskType, *, namespace_id: str | None, subjects: Sequence[str], now: datetime
) -> NewTask:
    """Return a task with an item for each subject.

    It is stored before the deletion begins, so that no deletion is without a task.
    """
    return NewTask(
        task_id=task_id,
        organization_id=caller.organization.organization_id,
        namespace_id=namespace_id,
        task_type=kind,
        actor_id=caller.key.key_id,
        created_at=now,
        inputs=list(subjects),
        items=[NewItem(subject=subject) for subject in subjects],
    )


async def running_task(tasks: Tasks, caller: Caller, task_id: str) -> TaskRecord | None:
    """Return the task of a deletion; None if it ended before its work was done, so that another one is needed."""
    task = await tasks.task(caller.organization.organization_id, task_id)
    return task if task is not None and task.status in RUNNING | {TaskStatus.COMPLETED} else None


async def kept_task(tasks: Tasks, caller: Caller, task_id: str) -> TaskRecord:
    """Return a task that was just created."""
    task = await tasks.task(caller.organization.organization_id, task_id)
    if task is None:
        raise AssertionError(f"{task_id} was created and is not there")
    return task


async def wait_until_begun(begun: Callable[[], Awaitable[bool]], task: TaskRecord, clock: Clock) -> None:
    """Return when the deletion has begun: a worker may be faster than the request that created the task.

    Refuses a deletion that never began, because the request was refused or its process died.
    """
    for _ in range(_LOOKS):
        if await begun():
            return
        if clock.now() - task.created_at > _BEGINS_WITHIN:
            raise WrongStateError("deletion_not_begun", "The deletion never began: request it again.")
        await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)
    raise NotYetBegunError(task.task_id)


async def pages(listing: Callable[[int], Awaitable[Sequence[Placed]]]) -> AsyncIterator[Sequence[Placed]]:
    """Yield all pages, each after the last position of the previous one."""
    after = 0
    while page := await listing(after):
        yield page
        after = page[-1].position


async def delete_all(delete: Callable[[str], Awaitable[bool]], page: Sequence[Placed]) -> int:
    """Delete the items of a page, some concurrently, and return the number of deleted ones."""
    gone = 0
    for first in range(0, len(page), _TOGETHER):
        gone += sum(await asyncio.gather(*(delete(each.id) for each in page[first : first + _TOGETHER])))
    return gone
