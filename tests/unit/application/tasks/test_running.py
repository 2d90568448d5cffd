"""Items of tasks, run by workers that may be killed."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.ports.storage.object_storage import StorageUnavailableError
from application.ports.tasks.tasks import Json, NewItem, NewTask, TaskItem, TaskRecord, TaskStatus, TaskType
from application.tasks.running import ItemContext, RunningTasks
from domain.refusals import NotFoundError
from tests.unit.application.world import Client, World


class Work:
    """Work that records its items. `errors`: the errors that it raises, item by item."""

    def __init__(self, errors: dict[int, list[Exception]] | None = None) -> None:
        self.errors = errors or {}
        self.done: list[int] = []

    async def __call__(self, task: TaskRecord, item: TaskItem, context: ItemContext) -> Json:
        await context.record_progress(task, seen=len(self.done) + 1)
        if waiting := self.errors.get(item.index):
            raise waiting.pop(0)
        self.done.append(item.index)
        return {"answer": item.input["number"]}


async def create(world: World, client: Client, work: Work, items: int = 3) -> str:
    tasks = RunningTasks(tasks=world.tasks, clock=world.clock, rules=world.rules, work={TaskType.CONFIRM_UPLOADS: work})
    world.working = msgspec.structs.replace(world.working, tasks=tasks)
    task_id = world.ids.new("task_")
    await world.tasks.create(
        NewTask(
            task_id=task_id,
            organization_id=client.caller.organization.organization_id,
            namespace_id=None,
            task_type=TaskType.CONFIRM_UPLOADS,
            actor_id="key_1",
            created_at=world.clock.now(),
            inputs=[],
            items=[NewItem(subject=f"upl_{number}", input={"number": number}) for number in range(items)],
        ),
        drop_at=world.clock.now() + world.rules.retention,
    )
    return task_id


async def state(world: World, client: Client, task_id: str) -> TaskRecord:
    found = await world.tasks.task(client.caller.organization.organization_id, task_id)
    assert found is not None
    return found


async def test_all_items_of_a_task_are_worked(world: World, client: Client) -> None:
    work = Work()
    task_id = await create(world, client, work)

    await world.pass_time(timedelta(0))

    task = await state(world, client, task_id)
    assert work.done == [0, 1, 2]
    assert task.status is TaskStatus.COMPLETED
    assert task.outputs == tuple({"subject": f"upl_{n}", "answer": n} for n in range(3))
    assert task.additional_data == {"seen": 3, "total": 3, "completed": 3, "failed": 0}


async def test_a_refusal_is_the_items_own_error(world: World, client: Client) -> None:
    refused = NotFoundError("upload_not_found", "There is no such upload.", {"upload_id": "upl_1"})
    task_id = await create(world, client, Work({1: [refused]}))

    await world.pass_time(timedelta(0))

    task = await state(world, client, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED_WITH_ERRORS, "There is no such upload.")
    assert task.outputs[1] == {
        "subject": "upl_1",
        "error": "There is no such upload.",
        "code": "upload_not_found",
        "details": {"upload_id": "upl_1"},
    }


@pytest.mark.parametrize("times", [1, 3])
async def test_any_other_error_is_no_end_and_the_item_is_tried_again(world: World, client: Client, times: int) -> None:
    work = Work({1: [StorageUnavailableError() for _ in range(times)]})
    task_id = await create(world, client, work)

    await world.pass_time(timedelta(0))
    assert work.done == [0, 2]
    assert (await state(world, client, task_id)).status is TaskStatus.PROCESSING
    for _ in range(times):
        await world.pass_time(timedelta(minutes=1))

    assert work.done == [0, 2, 1]
    assert (await state(world, client, task_id)).status is TaskStatus.COMPLETED
    assert len(world.problems) == times


async def test_an_item_whose_worker_was_killed_is_taken_over_when_its_lease_ends(world: World, client: Client) -> None:
    work = Work()
    task_id = await create(world, client, work)
    killed = (await world.jobs.lease(now=world.clock.now(), limit=1, lasts=timedelta(seconds=30)))[0]
    assert await world.tasks.begin(task_id, 0, now=world.clock.now()) is not None, "and then it died"
    assert killed.upload_id == f"{task_id}/0"

    await world.pass_time(timedelta(0))
    assert work.done == [1, 2]
    await world.pass_time(timedelta(seconds=30))

    assert work.done == [1, 2, 0]
    assert (await state(world, client, task_id)).status is TaskStatus.COMPLETED


async def test_a_task_that_ended_is_removed_after_the_retention(world: World, client: Client) -> None:
    task_id = await create(world, client, Work({1: [StorageUnavailableError()]}))
    await world.pass_time(timedelta(0))
    await world.pass_time(timedelta(minutes=1))

    await world.pass_time(world.rules.retention - timedelta(minutes=1))
    assert (await state(world, client, task_id)).status is TaskStatus.COMPLETED
    await world.pass_time(timedelta(days=1))

    organization_id = client.caller.organization.organization_id
    assert await world.tasks.task(organization_id, task_id) is None
    assert await world.jobs.next_due() is None


async def test_nothing_is_done_for_a_task_that_is_gone(world: World, client: Client) -> None:
    work = Work()
    task_id = await create(world, client, work)
    jobs: list[Any] = list(await world.jobs.lease(now=world.clock.now(), limit=9, lasts=timedelta(seconds=1)))
    await world.tasks.cancel(client.caller.organization.organization_id, task_id, now=world.clock.now())

    await world.working._work_page([jobs[0]])

    assert work.done == []
