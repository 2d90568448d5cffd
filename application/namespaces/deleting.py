"""Deleting namespaces: their buckets go, one by one, in the background; then the namespace itself.

From the first event on nothing new can be made in the namespace, nor in its buckets.
"""

from collections import Counter

from application.buckets.deleting import DeletingBuckets
from application.keys.callers import Caller, new_command_id
from application.loading import CONFLICT_RETRIES
from application.namespaces.changing import load_namespace, namespace_not_found
from application.ports.clock import Clock, Ids
from application.ports.event_log import Command, EventLog, StreamAppend, VersionConflictError
from application.ports.read_side import NamespaceRecord, ReadSide
from application.ports.tasks import Json, TaskItem, TaskRecord, Tasks, TaskType
from application.rules import Rules
from application.tasks.deletions import PAGE, kept_task, new_task, pages, running_task, wait_until_begun
from application.tasks.running import Step
from domain.events.event import Origin
from domain.namespaces.namespace import (
    ActiveNamespace,
    BeginNamespaceDeletion,
    DeletedNamespace,
    DeletingNamespace,
    EndNamespaceDeletion,
    Namespace,
    NoNamespace,
    decide,
)
from domain.refusals import RefusedError, WrongStateError


class DeletingNamespaces:
    """Begins a deletion, and does the work of its task."""

    def __init__(
        self,
        *,
        log: EventLog,
        read_side: ReadSide,
        tasks: Tasks,
        delete_bucket: DeletingBuckets,
        clock: Clock,
        ids: Ids,
        rules: Rules,
    ) -> None:
        self._log = log
        self._read_side = read_side
        self._tasks = tasks
        self._delete_bucket = delete_bucket
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def __call__(self, caller: Caller, namespace: NamespaceRecord) -> TaskRecord:
        """Begin to delete a namespace, and return the task that goes on with it. Asked again, it is the same task."""
        namespace_id = namespace.namespace_id
        for _ in range(CONFLICT_RETRIES):
            state, version = await load_namespace(self._log, namespace_id)
            if isinstance(state, NoNamespace | DeletedNamespace):
                raise namespace_not_found(namespace_id)
            if isinstance(state, DeletingNamespace):
                running = await running_task(self._tasks, caller, state.task_id)
                if running is not None:
                    return running
            now = self._clock.now()
            task_id = self._ids.new("task_")
            task = new_task(
                caller, task_id, TaskType.DELETE_NAMESPACE, namespace_id=namespace_id, subject=namespace_id, now=now
            )
            await self._tasks.create(task, drop_at=now + self._rules.retention)
            origin = caller.origin(now, new_command_id(self._ids), namespace_id=namespace_id)
            begin = BeginNamespaceDeletion(origin=origin, task_id=task_id)
            try:
                await self._append(begin, state, version, key_id=caller.key.key_id)
            except (VersionConflictError, RefusedError) as error:
                await self._tasks.cancel(origin.organization_id, task_id, now=now)
                if isinstance(error, RefusedError):
                    raise
            else:
                return await kept_task(self._tasks, caller, task_id)
        raise WrongStateError("busy", "The namespace is being changed by other requests: delete it again in a moment.")

    async def work(self, task: TaskRecord, item: TaskItem, step: Step) -> Json:
        """Delete the buckets of the namespace that the item names, and then the namespace."""
        namespace_id = item.subject

        async def begun() -> bool:
            state, _ = await load_namespace(self._log, namespace_id)
            return not isinstance(state, ActiveNamespace)

        await wait_until_begun(begun, task, self._clock)
        deleted = Counter[str]()
        async for page in pages(lambda after: self._read_side.buckets_in(namespace_id, after=after, limit=PAGE)):
            for bucket in page:
                await self._delete_bucket.empty(bucket.id, task, step, deleted)
                deleted["deleted_buckets"] += 1
                await step.tell(task, **deleted)
        state, version = await load_namespace(self._log, namespace_id)
        origin = Origin(
            organization_id=task.organization_id,
            namespace_id=namespace_id,
            actor_id=task.actor_id,
            command_id=new_command_id(self._ids),
            at=self._clock.now(),
        )
        await self._append(EndNamespaceDeletion(origin=origin), state, version)
        return dict(deleted)

    async def _append(
        self,
        command: BeginNamespaceDeletion | EndNamespaceDeletion,
        state: Namespace,
        version: int,
        *,
        key_id: str | None = None,
    ) -> None:
        origin = command.origin
        events = decide(command, state)
        await self._log.append(
            Command(
                command_id=origin.command_id,
                organization_id=origin.organization_id,
                key_id=key_id,
                streams=(StreamAppend(stream_id=origin.namespace_id or "", expected_version=version, events=events),),
            )
        )
