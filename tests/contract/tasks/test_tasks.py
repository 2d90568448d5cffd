"""What `Tasks` promises, on every adapter."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from application.lists.listing import TASKS
from application.ports.lists.pages import PageRequest, SortKey
from application.ports.tasks.job_queue import Job
from application.ports.tasks.tasks import (
    NewItem,
    NewTask,
    TaskRecord,
    TaskStatus,
    TaskType,
    item_of,
    item_subject,
)
from domain.lists.filtering import Order, parse_filter, resolve
from domain.refusals import NotFoundError, WrongStateError
from domain.tasks.agenda import JobKind
from domain.uploads.upload import task_of
from tests.contract._log import RETENTION, SOON, Account, Kit, far

LASTS = timedelta(seconds=30)
OUTPUT = {"status": "COMPLETED"}


def new_task(account: Account, items: int = 3, **others: Any) -> NewTask:  # noqa: ANN401  # fields of a task
    facts: dict[str, Any] = {
        "task_id": account.ids.new("task_"),
        "organization_id": account.organization_id,
        "namespace_id": account.namespace_id,
        "task_type": TaskType.CONFIRM_UPLOADS,
        "actor_id": account.key_id,
        "created_at": account.clock.now(),
        "inputs": [f"upl_{number}" for number in range(items)],
        "items": [NewItem(subject=f"upl_{number}", input={"number": number}) for number in range(items)],
        "additional_data": {"bucket_id": account.bucket_id},
    }
    return NewTask(**{**facts, **others})


@pytest.fixture
def make(kit: Kit, account: Account) -> Callable[..., Any]:
    """Makes tasks."""

    async def make_task(items: int = 3, **others: Any) -> TaskRecord:  # noqa: ANN401  # fields of a task
        task = new_task(account, items, **others)
        await kit.tasks.create(task, drop_at=account.clock.now() + RETENTION)
        return await get(kit, account, task.task_id)

    return make_task


async def get(kit: Kit, account: Account, task_id: str) -> TaskRecord:
    found = await kit.tasks.task(account.organization_id, task_id)
    assert found is not None
    return found


async def item_jobs(kit: Kit, now: datetime) -> set[tuple[str, int]]:
    jobs = await kit.jobs.lease(now=now, limit=1000, lasts=LASTS)
    return {item_of(job.upload_id) for job in jobs if job.kind is JobKind.ITEM}


async def test_a_task_is_read_as_it_was_created(kit: Kit, account: Account) -> None:
    task = new_task(account)
    await kit.tasks.create(task, drop_at=account.clock.now() + RETENTION)
    record = await get(kit, account, task.task_id)
    now = account.clock.now()
    assert record == TaskRecord(
        task_id=task.task_id,
        organization_id=account.organization_id,
        namespace_id=account.namespace_id,
        task_type=TaskType.CONFIRM_UPLOADS,
        status=TaskStatus.PENDING,
        actor_id=account.key_id,
        inputs=("upl_0", "upl_1", "upl_2"),
        outputs=(),
        additional_data={"bucket_id": account.bucket_id, "total": 3, "completed": 0, "failed": 0},
        error=None,
        upload_id=None,
        created_at=now,
        updated_at=now,
        position=record.position,
    )


async def test_creating_a_task_again_changes_nothing(kit: Kit, account: Account) -> None:
    task = new_task(account)
    for inputs in (task.inputs, ["other"]):
        await kit.tasks.create(msgspec.structs.replace(task, inputs=inputs), drop_at=far(account.clock.now()))
    assert (await get(kit, account, task.task_id)).inputs == tuple(task.inputs)


async def test_each_item_is_a_job_that_is_due_at_once(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    task = await make()
    assert await item_jobs(kit, account.clock.now()) == {(task.task_id, 0), (task.task_id, 1), (task.task_id, 2)}


async def test_workers_are_woken_by_a_new_task(kit: Kit, make: Callable[..., Any]) -> None:
    await kit.jobs.wait(timedelta(milliseconds=1))
    waiting = asyncio.create_task(kit.jobs.wait(timedelta(seconds=3 * SOON)))
    await asyncio.sleep(0)
    await make()
    async with asyncio.timeout(SOON):
        await waiting


async def test_an_item_begins_and_the_task_with_it(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    task = await make()
    later = account.clock.advance(timedelta(seconds=5))
    begun = await kit.tasks.begin(task.task_id, 1, now=later)
    assert begun is not None
    _, item = begun
    assert (item.index, item.subject, item.input, item.status) == (1, "upl_1", {"number": 1}, TaskStatus.PROCESSING)
    record = await get(kit, account, task.task_id)
    assert (record.status, record.updated_at) == (TaskStatus.PROCESSING, later)
    assert await kit.tasks.begin(task.task_id, 1, now=later) is not None, "the worker that began it may be gone"


@pytest.mark.parametrize("index", [3, 1_000_000])
async def test_there_is_nothing_to_begin_where_no_item_is(
    kit: Kit, account: Account, make: Callable[..., Any], index: int
) -> None:
    task = await make()
    assert await kit.tasks.begin(task.task_id, index, now=account.clock.now()) is None
    assert await kit.tasks.begin("task_other", 0, now=account.clock.now()) is None


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ((None, None, None), TaskStatus.COMPLETED),
        (("gone", None, None), TaskStatus.COMPLETED_WITH_ERRORS),
        (("gone", "bad", "worse"), TaskStatus.FAILED),
    ],
)
async def test_a_task_ends_with_its_last_item(
    kit: Kit, account: Account, make: Callable[..., Any], errors: tuple[str | None, ...], status: TaskStatus
) -> None:
    task = await make()
    for index in (2, 0, 1):
        assert (await get(kit, account, task.task_id)).status in {TaskStatus.PENDING, TaskStatus.PROCESSING}
        await kit.tasks.begin(task.task_id, index, now=account.clock.now())
        now = account.clock.advance(timedelta(seconds=1))
        await kit.tasks.finish(task.task_id, index, output={"number": index}, error=errors[index], now=now)
    record = await get(kit, account, task.task_id)
    assert (record.status, record.error, record.updated_at) == (status, errors[0], now)
    assert record.outputs == ({"number": 0}, {"number": 1}, {"number": 2}), "in the order of the items"
    failed = sum(error is not None for error in errors)
    counts = {"total": 3, "completed": 3 - failed, "failed": failed}
    assert record.additional_data == {"bucket_id": account.bucket_id, **counts}


async def test_an_item_that_has_ended_stays_as_it_is(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    task = await make(1)
    now = account.clock.now()
    await kit.tasks.finish(task.task_id, 0, output=OUTPUT, error=None, now=now)
    await kit.tasks.finish(task.task_id, 0, output={}, error="too late", now=account.clock.advance(LASTS))
    record = await get(kit, account, task.task_id)
    assert (record.status, record.outputs, record.updated_at) == (TaskStatus.COMPLETED, (OUTPUT,), now)
    assert await kit.tasks.begin(task.task_id, 0, now=now) is None


async def test_items_that_end_at_once_end_the_task_once(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    task = await make(20)
    now = account.clock.now()
    await asyncio.gather(
        *(kit.tasks.finish(task.task_id, index, output=OUTPUT, error=None, now=now) for index in range(20))
    )
    record = await get(kit, account, task.task_id)
    assert (record.status, len(record.outputs)) == (TaskStatus.COMPLETED, 20)


async def test_reported_progress_is_merged(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    task = await make(1)
    now = account.clock.advance(timedelta(seconds=1))
    await kit.tasks.record_progress(task.task_id, {"uploads": 1, "objects": 0}, now=now)
    await kit.tasks.record_progress(task.task_id, {"uploads": 7}, now=now)
    record = await get(kit, account, task.task_id)
    assert record.updated_at == now
    assert (record.additional_data["uploads"], record.additional_data["objects"]) == (7, 0)
    assert record.additional_data["bucket_id"] == account.bucket_id


async def test_of_a_canceled_task_what_has_not_begun_is_not_done(
    kit: Kit, account: Account, make: Callable[..., Any]
) -> None:
    task = await make()
    now = account.clock.now()
    await kit.tasks.begin(task.task_id, 1, now=now)
    await kit.tasks.cancel(account.organization_id, task.task_id, now=now)
    await kit.tasks.cancel(account.organization_id, task.task_id, now=now)  # again: nothing happens
    assert await item_jobs(kit, now) == {(task.task_id, 1)}
    assert await kit.tasks.begin(task.task_id, 0, now=now) is None
    await kit.tasks.finish(task.task_id, 1, output=OUTPUT, error=None, now=now)
    record = await get(kit, account, task.task_id)
    assert (record.status, record.outputs) == (TaskStatus.CANCELED, (OUTPUT,))
    assert (record.additional_data["completed"], record.additional_data["total"]) == (1, 3)


async def test_a_task_that_is_over_cannot_be_canceled(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    task = await make(1)
    now = account.clock.now()
    await kit.tasks.finish(task.task_id, 0, output=OUTPUT, error=None, now=now)
    with pytest.raises(WrongStateError) as refused:
        await kit.tasks.cancel(account.organization_id, task.task_id, now=now)
    assert refused.value.code == "task_over"


async def test_a_task_of_another_organization_is_not_there(
    kit: Kit, account: Account, make: Callable[..., Any]
) -> None:
    task = await make()
    assert await kit.tasks.task("org_other", task.task_id) is None
    with pytest.raises(NotFoundError):
        await kit.tasks.cancel("org_other", task.task_id, now=account.clock.now())
    page = await kit.tasks.tasks("org_other", PageRequest(limit=10, with_total=True))
    assert (list(page.rows), page.total) == ([], 0)
    assert (await get(kit, account, task.task_id)).status is TaskStatus.PENDING


# Lists


async def listed(kit: Kit, account: Account, **asked: Any) -> list[str]:  # noqa: ANN401  # fields of a page request
    if "where" in asked:
        asked["where"] = parse_filter(asked["where"], TASKS.known)
    page = await kit.tasks.tasks(account.organization_id, PageRequest(**{"limit": 10, "with_total": True, **asked}))
    return [task.task_id for task in page.rows]


async def test_tasks_are_listed_newest_first_page_by_page(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    made = [(await make(1)) for _ in range(5)]
    newest_first = [task.task_id for task in reversed(made)]
    page = await kit.tasks.tasks(account.organization_id, PageRequest(limit=2, with_total=True))
    assert [task.task_id for task in page.rows] == newest_first[:2]
    assert (page.has_more, page.total) == (True, 5)
    assert await listed(kit, account, after=SortKey(position=page.rows[-1].position)) == newest_first[2:]
    assert await listed(kit, account, offset=4) == newest_first[4:]


async def test_a_list_may_be_of_a_status_a_type_or_a_name(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    confirms = await make(1)
    deletes = await make(1, task_type=TaskType.DELETE_BUCKET, inputs=["bkt_CLIPS"])
    await kit.tasks.finish(deletes.task_id, 0, output=OUTPUT, error=None, now=account.clock.now())
    assert await listed(kit, account, where={"status": "COMPLETED"}) == [deletes.task_id]
    assert await listed(kit, account, where={"task_type": "api_buckets_uploads_batch_confirm"}) == [confirms.task_id]
    assert await listed(kit, account, search="bkt_clips") == [deletes.task_id]
    assert await listed(kit, account, search=confirms.task_id) == [confirms.task_id]
    assert await listed(kit, account, search="%") == []
    assert await listed(kit, account, where={"additional_data.completed": 1}) == [deletes.task_id]
    assert await listed(kit, account, order=Order(resolve("status", TASKS.known), descending=False)) == [
        deletes.task_id,
        confirms.task_id,
    ]


# Verifications


async def verified(kit: Kit, account: Account, *, known: bool, task_id: str = "task_verify") -> str:
    """Begin to verify an upload as a task; `known`: with a row of the task."""
    upload_id = await account.request(kit.log)
    if known:
        task = new_task(
            account,
            0,
            task_id=task_id,
            task_type=TaskType.CONFIRM_UPLOAD,
            inputs=[upload_id],
            upload_id=upload_id,
            additional_data={},
        )
        await kit.tasks.create(task, drop_at=account.clock.now() + RETENTION)
    await account.send(kit.log, upload_id, account.begins(task_id=task_id))
    return upload_id


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("end", "status"),
    [
        (None, TaskStatus.PROCESSING),
        ("abandons", TaskStatus.PROCESSING),
        ("accepts", TaskStatus.COMPLETED),
        ("rejects", TaskStatus.FAILED),
        ("cancels", TaskStatus.CANCELED),
    ],
)
async def test_the_task_of_a_verification_is_as_its_upload_is(
    kit: Kit, account: Account, end: str | None, status: TaskStatus, *, known: bool
) -> None:
    upload_id = await verified(kit, account, known=known)
    if end is not None:
        await account.send(kit.log, upload_id, getattr(account, end)())
    task = await get(kit, account, "task_verify")
    assert (task.status, task.task_type, task.upload_id) == (status, TaskType.CONFIRM_UPLOAD, upload_id)
    assert task.inputs == (upload_id,)
    assert task.error == ("other bytes" if end == "rejects" else None)
    assert task.additional_data["failure_reason"] == ("hash_mismatch" if end == "rejects" else None)
    assert [output["upload_id"] for output in task.outputs if isinstance(output, dict)] == (
        [upload_id] if end == "accepts" else []
    )
    assert await kit.tasks.task("org_other", "task_verify") is None
    by_status = await listed(kit, account, where={"status": status.value})
    assert by_status == (["task_verify"] if known else []), "a verification within its request is not listed"


@pytest.mark.parametrize("end", ["accepts", "rejects", "cancels"])
async def test_a_running_verification_reports_its_progress(kit: Kit, account: Account, end: str) -> None:
    upload_id = await verified(kit, account, known=True)
    for read_bytes in (10, 20):
        progress: dict[str, Any] = {"verified_bytes": read_bytes, "total_bytes": 30}
        await kit.tasks.record_progress("task_verify", progress, now=account.clock.now())
        page = await kit.tasks.tasks(account.organization_id, PageRequest(limit=10))
        for task in (await get(kit, account, "task_verify"), *page.rows):
            assert task.additional_data == {"bucket_id": account.bucket_id, "failure_reason": None, **progress}
    await account.send(kit.log, upload_id, getattr(account, end)())
    page = await kit.tasks.tasks(account.organization_id, PageRequest(limit=10))
    for task in (await get(kit, account, "task_verify"), *page.rows):
        assert task.additional_data.keys() == {"bucket_id", "failure_reason"}


async def test_progress_of_a_verification_without_a_task_is_not_stored(kit: Kit, account: Account) -> None:
    await verified(kit, account, known=False)
    await kit.tasks.record_progress("task_verify", {"verified_bytes": 1}, now=account.clock.now())
    assert "verified_bytes" not in (await get(kit, account, "task_verify")).additional_data


async def test_a_listed_verification_equals_its_record(kit: Kit, account: Account) -> None:
    upload_id = await verified(kit, account, known=True)
    for command in (account.accepts(), None):
        page = await kit.tasks.tasks(account.organization_id, PageRequest(limit=10))
        assert list(page.rows) == [await get(kit, account, "task_verify")]
        if command is not None:
            await account.send(kit.log, upload_id, command)


async def test_a_verification_that_never_began_is_no_task(kit: Kit, account: Account) -> None:
    upload_id = await account.request(kit.log)
    task = new_task(account, 0, task_type=TaskType.CONFIRM_UPLOAD, upload_id=upload_id)
    await kit.tasks.create(task, drop_at=account.clock.now() + RETENTION)
    assert await kit.tasks.task(account.organization_id, task.task_id) is None
    assert await listed(kit, account) == []


# Retention


async def drop_job(kit: Kit, now: datetime) -> Job:
    (job,) = [job for job in await kit.jobs.lease(now=now, limit=9, lasts=LASTS) if job.kind is JobKind.DROP_TASK]
    return job


async def test_a_job_asks_to_drop_the_task_when_its_time_has_come(
    kit: Kit, account: Account, make: Callable[..., Any]
) -> None:
    task = await make(1)
    job = await drop_job(kit, far(account.clock.now()))
    assert (job.upload_id, job.due_at) == (task.task_id, account.clock.now() + RETENTION)


async def test_a_task_is_dropped_when_it_ended_long_ago(kit: Kit, account: Account, make: Callable[..., Any]) -> None:
    task = await make(1)
    ended = account.clock.now()
    assert not await kit.tasks.drop(task.task_id, ended_before=far(ended)), "it has not ended"
    await kit.tasks.finish(task.task_id, 0, output=OUTPUT, error=None, now=ended)
    assert not await kit.tasks.drop(task.task_id, ended_before=ended - timedelta(microseconds=1))
    assert await kit.tasks.drop(task.task_id, ended_before=ended)
    assert await kit.tasks.drop(task.task_id, ended_before=ended), "again: it is gone"
    assert await kit.tasks.task(account.organization_id, task.task_id) is None
    assert await kit.tasks.begin(task.task_id, 0, now=ended) is None


async def test_a_verification_is_dropped_when_its_upload_has_ended(kit: Kit, account: Account) -> None:
    upload_id = await verified(kit, account, known=True)
    assert not await kit.tasks.drop("task_verify", ended_before=far(account.clock.now()))
    await account.send(kit.log, upload_id, account.accepts())
    assert await kit.tasks.drop("task_verify", ended_before=account.clock.now())
    assert await listed(kit, account) == []
    assert (await get(kit, account, "task_verify")).status is TaskStatus.COMPLETED, "the upload still has the status"


def test_the_job_of_an_item_names_it() -> None:
    assert item_of(item_subject("task_0123456789abcdef", 12)) == ("task_0123456789abcdef", 12)


@pytest.mark.parametrize("known", [True, False])
async def test_the_id_of_a_verification_names_its_upload_and_no_other(
    kit: Kit, account: Account, *, known: bool
) -> None:
    upload_id = await account.request(kit.log)
    other = await account.request(kit.log)
    task_id = task_of(upload_id)
    assert await kit.tasks.task(account.organization_id, task_id) is None, "it has not begun"
    if known:
        task = new_task(account, 0, task_id=task_id, task_type=TaskType.CONFIRM_UPLOAD, upload_id=upload_id)
        await kit.tasks.create(task, drop_at=account.clock.now() + RETENTION)
    await account.send(kit.log, upload_id, account.begins(task_id=task_id))
    await account.send(kit.log, other, account.begins(task_id="task_of_before"))
    found = await kit.tasks.task(account.organization_id, task_id)
    assert found is not None
    assert (found.task_id, found.upload_id, found.status) == (task_id, upload_id, TaskStatus.PROCESSING)
    assert await kit.tasks.task(account.organization_id, task_of(other)) is None, "its task has another id"
    earlier = await kit.tasks.task(account.organization_id, "task_of_before")
    assert earlier is not None
    assert earlier.upload_id == other
    assert await kit.tasks.task("org_other", task_id) is None
