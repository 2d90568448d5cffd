"""The role that remembers work which goes on after its answer was sent, and how far it has come.

Tasks are operational rows, not facts: they are not rebuilt. What a task does it does by ordinary commands.
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
    """What a task does."""

    CONFIRM_UPLOAD = "api_buckets_uploads_confirm"
    CONFIRM_UPLOADS = "api_buckets_uploads_batch_confirm"
    CANCEL_UPLOADS = "api_buckets_uploads_create"  # the contract has no closer one
    DELETE_BUCKET = "api_buckets_delete"
    DELETE_NAMESPACE = "api_namespaces_delete"


class TaskStatus(enum.StrEnum):
    """The statuses of a task and of its items; `COMPLETED_WITH_ERRORS` is of tasks alone."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


RUNNING = frozenset({TaskStatus.PENDING, TaskStatus.PROCESSING})


class NewItem(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a task that is worked on its own. `subject`: the id of the thing that it is about."""

    subject: str
    input: Json = {}


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task to be done. `inputs`: what it is about, as clients see it. `upload_id`: the one that it verifies.

    A task that verifies an upload has no items: what the upload's events say is what becomes of it.
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
    """A task as it stands. `upload_id`: the upload whose verification it is. `position`: its place among tasks."""

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
        """The bucket that it is about; empty: of more than one, or of none."""
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

    Each item of a task has a job of the kind `item` for the subject `item_subject(task_id, index)`: whoever leases that
    job works the item. A task whose items have all ended ends with them: all good COMPLETED, some
    COMPLETED_WITH_ERRORS, none FAILED.
    """

    async def create(self, task: NewTask, *, drop_at: datetime) -> None:
        """Keep a task and its items, due at once, and wake the workers. One that is there already stays as it is.

        `drop_at`: when a worker looks whether its row may go (a job of the kind `drop_task`).
        """
        ...

    async def task(self, organization_id: str, task_id: str) -> TaskRecord | None:
        """Return a task of the organization. That of an upload's verification is there although nobody created it."""
        ...

    async def tasks(self, organization_id: str, page: PageRequest) -> Page[TaskRecord]:
        """List an organization's tasks (`TASKS`)."""
        ...

    async def begin(self, task_id: str, index: int, *, now: datetime) -> tuple[TaskRecord, TaskItem] | None:
        """Return an item that is to be worked, PROCESSING from now on; None if it has ended or is gone."""
        ...

    async def record_progress(self, task_id: str, progress: Json, *, now: datetime) -> None:
        """Merge `progress` into the task's additional data."""
        ...

    async def finish(self, task_id: str, index: int, *, output: Json, error: str | None, now: datetime) -> None:
        """End an item, and the task with its last one. `error` None: it is COMPLETED, otherwise FAILED.

        An item that has ended stays as it is. `output` is added to the task's outputs, in the order of the items.
        """
        ...

    async def cancel(self, organization_id: str, task_id: str, *, now: datetime) -> None:
        """End a running task as CANCELED: what has not begun is not done, what is under way goes on to its end."""
        ...

    async def drop(self, task_id: str, *, ended_before: datetime) -> bool:
        """Remove a task that ended before then; False if it is still there."""
        ...


def item_subject(task_id: str, index: int) -> str:
    """Return what the job of an item is about."""
    return f"{task_id}/{index}"


def item_of(subject: str) -> tuple[str, int]:
    """Return the task and the index that a job's subject names."""
    task_id, _, index = subject.partition("/")
    return task_id, int(index)


def task_not_found(task_id: str) -> NotFoundError:
    """Return the refusal of a task that is not there, or not the caller's."""
    return NotFoundError(
        "task_not_found",
        "There is no such task, or it is not yours: check its id.",
        {"task_id": task_id[:100]},
    )


def task_is_over(task: TaskRecord) -> WrongStateError:
    """Return the refusal to cancel a task that has ended."""
    return WrongStateError(
        "task_over", f"The task is {task.status} already: start a new one if you need it.", {"status": task.status}
    )
