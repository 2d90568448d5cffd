"""The role that stores work that continues after the response, and its progress.

Tasks are operational rows, not facts: they are not rebuilt. A task works through ordinary commands.
"""

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from application.ports.lists.pages import Page, PageRequest
from domain.refusals import NotFoundError, WrongStateError

Json = dict[str, Any]


class TaskType(enum.StrEnum):
    """The type of a task."""

    CONFIRM_UPLOAD = "api_buckets_uploads_confirm"
    CONFIRM_UPLOADS = "api_buckets_uploads_batch_confirm"
    CANCEL_UPLOADS = "api_buckets_uploads_create"  # the contract has no better one
    DELETE_BUCKET = "api_buckets_delete"
    DELETE_NAMESPACE = "api_namespaces_delete"


class TaskStatus(enum.StrEnum):
    """The statuses of a task and of its items; `COMPLETED_WITH_ERRORS` is only for tasks."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


RUNNING = frozenset({TaskStatus.PENDING, TaskStatus.PROCESSING})


class NewItem(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a task that runs on its own. `subject`: the id of its subject."""

    subject: str
    input: Json = {}


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A new task. `inputs`: its inputs, for clients. `upload_id`: the upload that it verifies.

    A task that verifies an upload has no items: its status follows from the upload's events.
    """

    task_id: str
    organization_id: str
    namespace_id: str | None
    task_type: TaskType
    actor_id: str
    created_at: datetime
    inputs: Sequence[str | Json]
    items: Sequence[NewItem] = ()
    additional_data: Json = {}
    upload_id: str | None = None


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A task. `upload_id`: the upload that it verifies. `position`: in the order of tasks."""

    task_id: str
    organization_id: str
    namespace_id: str | None
    task_type: TaskType
    status: TaskStatus
    actor_id: str
    inputs: tuple[str | Json, ...]
    outputs: tuple[str | Json, ...]
    additional_data: Json
    error: str | None
    upload_id: str | None
    created_at: datetime
    updated_at: datetime
    position: int

    @property
    def bucket_id(self) -> str:
        """The bucket of the task; empty: several or none."""
        named = self.inputs[0] if self.task_type is TaskType.DELETE_BUCKET else self.additional_data.get("bucket_id")
        return str(named or "")


class TaskItem(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a task, leased and resumed on its own."""

    task_id: str
    index: int
    subject: str
    input: Json
    status: TaskStatus
    output: Json | None = None
    error: str | None = None


class Tasks(Protocol):
    """Durable and visible to every process when a call returns.

    Each item of a task has a job of the kind `item` for the subject `item_subject(task_id, index)`: the worker that
    leases the job runs the item. A task ends with its last item: COMPLETED if all items succeeded,
    COMPLETED_WITH_ERRORS if some did, FAILED if none did.
    """

    async def create(self, task: NewTask, *, drop_at: datetime) -> None:
        """Store a task and its items, due at once, and wake the workers. An existing one does not change.

        `drop_at`: when a worker checks whether its row can be removed (a job of the kind `drop_task`).
        """
        ...

    async def task(self, organization_id: str, task_id: str) -> TaskRecord | None:
        """Return a task of the organization. The task of an upload's verification exists without being created."""
        ...

    async def tasks(self, organization_id: str, page: PageRequest) -> Page[TaskRecord]:
        """List an organization's tasks (`TASKS`)."""
        ...

    async def begin(self, task_id: str, index: int, *, now: datetime) -> tuple[TaskRecord, TaskItem] | None:
        """Return an item to run, PROCESSING from now on; None if it has ended or does not exist."""
        ...

    async def record_progress(self, task_id: str, progress: Json, *, now: datetime) -> None:
        """Merge `progress` into the task's additional data."""
        ...

    async def finish(self, task_id: str, index: int, *, output: Json, error: str | None, now: datetime) -> None:
        """End an item, and the task with its last one. `error` None: it is COMPLETED, otherwise FAILED.

        An ended item does not change. `output` is added to the task's outputs, in the order of the items.
        """
        ...

    async def cancel(self, organization_id: str, task_id: str, *, now: datetime) -> None:
        """End a running task as CANCELED: its remaining items are skipped, its running ones finish."""
        ...

    async def drop(self, task_id: str, *, ended_before: datetime) -> bool:
        """Remove a task that ended before this time; False if it still exists."""
        ...


def item_subject(task_id: str, index: int) -> str:
    """Return the subject of an item's job."""
    return f"{task_id}/{index}"


def item_of(subject: str) -> tuple[str, int]:
    """Return the task and the index in a job's subject."""
    task_id, _, index = subject.partition("/")
    return task_id, int(index)


def task_not_found(task_id: str) -> NotFoundError:
    """Return the refusal of a task that does not exist for the caller."""
    return NotFoundError(
        "task_not_found",
        "The task does not exist, or you cannot access it: check its id.",
        {"task_id": task_id[:100]},
    )


def task_is_over(task: TaskRecord) -> WrongStateError:
    """Return the refusal to cancel a task that has ended."""
    return WrongStateError(
        "task_over", f"The task is already {task.status}: start a new one if you need it.", {"status": task.status}
    )
