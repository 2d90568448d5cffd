"""Tasks on PostgreSQL: a row for each task, and a job for each item.

The jobs are leased in `job_queue`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from adapters.postgres.database.connecting import Pool, PoolConnection, log_errors, write_errors
from adapters.postgres.database.queries import QUERIES
from adapters.postgres.database.reading import record_of
from adapters.postgres.database.tenancy import Reads
from adapters.postgres.lists.listing import TASKS
from adapters.postgres.lists.pages import fetch_page
from application.ports.lists.pages import Page, PageRequest
from application.ports.tasks.tasks import (
    RUNNING,
    Json,
    NewTask,
    TaskItem,
    TaskRecord,
    TaskStatus,
    item_subject,
    task_is_over,
    task_not_found,
)
from domain.tasks.agenda import JobKind


class PostgresTasks:
    """Implements `Tasks`. `pool` writes for all organizations; `reads` may be limited; `slow_reads` are for lists."""

    def __init__(self, pool: Pool, reads: Reads, slow_reads: Reads | None = None) -> None:
        """`slow_reads` None: the same as `reads`."""
        self._pool = pool
        self._reads = reads
        self._slow_reads = slow_reads or reads

    async def create(self, task: NewTask, *, drop_at: datetime) -> None:
        """Store a task with its items, due immediately, and wake the workers."""
        async with self._writing() as connection:
            created = await connection.fetchval(
                QUERIES["create_task"],
                task.task_id,
                task.organization_id,
                task.namespace_id,
                task.task_type.value,
                task.actor_id,
                msgspec.json.encode(task.inputs),
                msgspec.json.encode(task.additional_data),
                task.upload_id,
                task.created_at,
            )
            if created is None:
                return
            await connection.execute(
                QUERIES["create_jobs"], JobKind.DROP_TASK.value, [task.task_id], drop_at, task.organization_id
            )
            if task.items:
                subjects = [item_subject(task.task_id, index) for index in range(len(task.items))]
                await connection.execute(
                    QUERIES["create_task_items"],
                    task.task_id,
                    task.organization_id,
                    msgspec.json.encode(list(task.items)),
                )
                await connection.execute(
                    QUERIES["create_jobs"], JobKind.ITEM.value, subjects, task.created_at, task.organization_id
                )
                await connection.execute(QUERIES["settle_task"], task.task_id, task.created_at)
                await connection.execute(QUERIES["announce_jobs"])

    async def task(self, organization_id: str, task_id: str) -> TaskRecord | None:
        """Return a task of the organization, or an upload's verification as a task."""
        async with log_errors():
            row = await self._reads.fetchrow(QUERIES["task"], task_id, organization_id)
        return None if row is None else record_of(row, TaskRecord)

    async def tasks(self, organization_id: str, page: PageRequest) -> Page[TaskRecord]:
        """List an organization's tasks."""
        return await fetch_page(self._slow_reads, TASKS, TaskRecord, (organization_id,), page)

    async def begin(self, task_id: str, index: int, *, now: datetime) -> tuple[TaskRecord, TaskItem] | None:
        """Start an item, and return it as PROCESSING."""
        async with log_errors(), self._pool.acquire() as connection, connection.transaction():
            task = await _lock(connection, task_id)
            if task is None:
                return None
            item = await connection.fetchrow(QUERIES["begin_task_item"], task_id, index)
            if item is None:
                return None
            await connection.execute(QUERIES["begin_task"], task_id, now)
        return task, msgspec.convert(dict(item), TaskItem)

    async def record_progress(self, task_id: str, progress: Json, *, now: datetime) -> None:
        """Merge `progress` into the task's additional data."""
        async with log_errors():
            await self._pool.execute(QUERIES["tell_task"], task_id, msgspec.json.encode(progress), now)

    async def finish(self, task_id: str, index: int, *, output: Json, error: str | None, now: datetime) -> None:
        """Finish an item, and the task with its last item."""
        status = TaskStatus.COMPLETED if error is None else TaskStatus.FAILED
        async with log_errors(), self._pool.acquire() as connection, connection.transaction():
            await _lock(connection, task_id)
            ended = await connection.fetchval(
                QUERIES["finish_task_item"], task_id, index, status.value, msgspec.json.encode(output), error
            )
            if ended is not None:
                await connection.execute(QUERIES["settle_task"], task_id, now)

    async def cancel(self, organization_id: str, task_id: str, *, now: datetime) -> None:
        """Cancel a running task."""
        async with self._writing() as connection:
            task = await _lock(connection, task_id)
            if task is None or task.organization_id != organization_id:
                raise task_not_found(task_id)
            if task.status is TaskStatus.CANCELED:
                return
            if task.status not in RUNNING:
                raise task_is_over(task)
            await connection.execute(QUERIES["cancel_task"], task_id, now)
            items = await connection.fetch(QUERIES["cancel_task_items"], task_id)
            subjects = [item_subject(task_id, item["index"]) for item in items]
            await connection.execute(QUERIES["remove_jobs"], JobKind.ITEM.value, subjects)

    async def drop(self, task_id: str, *, ended_before: datetime) -> bool:
        """Delete a task that ended before that time; False if it still exists."""
        async with log_errors():
            await self._pool.execute(QUERIES["drop_task"], task_id, ended_before)
            there: bool = await self._pool.fetchval(QUERIES["task_exists"], task_id)
        return not there

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[PoolConnection]:
        """Open a transaction whose outcome is reported to the caller."""
        async with log_errors(), self._pool.acquire() as connection, write_errors(), connection.transaction():
            yield connection


async def _lock(connection: Any, task_id: str) -> TaskRecord | None:  # noqa: ANN401  # the pool's proxy of one
    row = await connection.fetchrow(QUERIES["lock_task"], task_id)
    return None if row is None else record_of(row, TaskRecord)
