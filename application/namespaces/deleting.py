"""Deleting namespaces: their buckets, one by one, in the background; then the namespace itself.

From the first event on nothing can be created in the namespace and its buckets.
"""

from collections import Counter
from functools import partial

import msgspec

from application.buckets.deleting import DeletingBuckets
from application.handling import Loaded, Proposal, handle, load
from application.keys.callers import Caller, new_command_id
from application.ports.buckets.bucket_reads import BucketReads
from application.ports.clock import Clock, Ids
from application.ports.events.event_log import Conditions, EventLog
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.tasks.tasks import Json, TaskItem, TaskRecord, Tasks, TaskType
from application.rules import Rules
from application.tasks.deletions import PAGE, kept_task, new_task, pages, running_task, wait_until_begun
from application.tasks.running import ItemContext
from domain.events.event import Origin
from domain.namespaces.namespace import (
    NAMESPACE,
    ActiveNamespace,
    BeginNamespaceDeletion,
    DeletedNamespace,
    DeletingNamespace,
    EndNamespaceDeletion,
    Namespace,
    NamespaceEvent,
    namespace_not_found,
)


class DeletingNamespaces(msgspec.Struct, frozen=True, kw_only=True):
    """Begins a deletion, and runs its task."""

    log: EventLog
    read_side: BucketReads
    tasks: Tasks
    delete_bucket: DeletingBuckets
    clock: Clock
    ids: Ids
    rules: Rules

    async def __call__(self, caller: Caller, namespace: NamespaceRecord) -> TaskRecord:
        """Begin to delete a namespace, and return its task. A repeated call returns the same task."""
        namespace_id, organization_id = namespace.namespace_id, caller.organization.organization_id
        task_id = ""

        async def begin(found: Loaded[NamespaceEvent, Namespace]) -> Proposal[NamespaceEvent] | None:
            nonlocal task_id
            if isinstance(found.state, DeletedNamespace):
                raise namespace_not_found(namespace_id)
            if isinstance(found.state, DeletingNamespace):
                task_id = found.state.task_id
                if await running_task(self.tasks, caller, task_id) is not None:
                    return None
            now = self.clock.now()
            task_id = self.ids.new("task_")
            task = new_task(
                caller, task_id, TaskType.DELETE_NAMESPACE, namespace_id=namespace_id, subjects=(namespace_id,), now=now
            )
            await self.tasks.create(task, drop_at=now + self.rules.retention)
            origin = caller.origin(now, new_command_id(self.ids), namespace_id=namespace_id)
            return Proposal(
                origin=origin,
                events=NAMESPACE.decide(BeginNamespaceDeletion(origin=origin, task_id=task_id), found.state),
                conditions=Conditions(key_id=caller.key.key_id),
                undo=partial(self.tasks.cancel, organization_id, task_id, now=now),
            )

        await handle(self.log, NAMESPACE, namespace_id, begin)
        return await kept_task(self.tasks, caller, task_id)

    async def work(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:
        """Delete the buckets of the item's namespace, and then the namespace."""
        namespace_id = item.subject

        async def begun() -> bool:
            namespace = await load(self.log, NAMESPACE, namespace_id)
            return not isinstance(namespace.state, ActiveNamespace)

        await wait_until_begun(begun, task, self.clock)
        deleted = Counter[str]()
        async for page in pages(lambda after: self.read_side.buckets_in(namespace_id, after=after, limit=PAGE)):
            for bucket in page:
                await self.delete_bucket.empty(bucket.id, task, context, deleted)
                deleted["deleted_buckets"] += 1
                await context.record_progress(task, **deleted)

        async def end(found: Loaded[NamespaceEvent, Namespace]) -> Proposal[NamespaceEvent]:
            origin = Origin(
                organization_id=task.organization_id,
                namespace_id=namespace_id,
                actor_id=task.actor_id,
                command_id=new_command_id(self.ids),
                at=self.clock.now(),
            )
            return Proposal(origin=origin, events=NAMESPACE.decide(EndNamespaceDeletion(origin=origin), found.state))

        await handle(self.log, NAMESPACE, namespace_id, end)
        return dict(deleted)
