"""A bucket is deleted with its contents, despite concurrent changes."""

import asyncio
from datetime import timedelta

import pytest

from application.buckets.changing import BucketChange
from application.handling import load
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.events.event_log import Command
from application.ports.lists.pages import PageRequest
from application.ports.tasks.tasks import TaskRecord, TaskStatus
from application.tasks.deletions import NotYetBegunError
from domain.buckets.bucket import BUCKET, BucketStatus, DeletedBucket, LiveBucket, UniqueKey
from domain.refusals import ForbiddenError, NotFoundError, RefusedError, WrongStateError
from tests.unit.application.world import BYTES, Client, World

OTHER = b"other bytes"
A_MOMENT = timedelta(seconds=1)


async def fill(client: Client) -> None:
    """Make an upload in every state, with and without an object."""
    await client.request()
    await client.upload(b"in an object")
    await client.upload(b"in none", create_object=False)
    canceled = await client.request()
    client.put(canceled)
    await client.cancel(canceled, keep_bytes=True)
    wrong = await client.request(size=3)
    client.put(wrong)
    with pytest.raises(WrongStateError):
        await client.confirm(wrong)
    processing = await client.request()
    client.put(processing)
    await client.confirm(processing, as_task=True)


async def task_of(world: World, client: Client, task: TaskRecord) -> TaskRecord:
    found = await world.tasks.task(client.caller.organization.organization_id, task.task_id)
    assert found is not None
    return found


async def nothing_is_left(world: World, client: Client, bucket: BucketRecord) -> None:
    assert await client.quota() == (0, 0)
    for listing in (world.read_side.uploads_in, world.read_side.objects_in):
        assert await listing(bucket.bucket_id, after=0, limit=10) == []
    assert await world.read_side.bucket(bucket.namespace_id, bucket.bucket_id) is None
    assert not [one for one in world.log.tables.claims.items() if bucket.bucket_id in str(one)]
    assert world.problems == []


async def test_a_bucket_goes_with_uploads_in_every_state_and_its_name_is_free(world: World, client: Client) -> None:
    await fill(client)
    bucket = client.bucket
    keys = [upload.storage_key for upload in world.log.tables.uploads.values()]
    reserved, accepted = await client.quota()
    assert reserved
    assert accepted
    task = await world.delete_bucket(client.caller, bucket)
    assert task.status is TaskStatus.PENDING

    await world.pass_time(A_MOMENT)

    ended = await task_of(world, client, task)
    assert ended.status is TaskStatus.COMPLETED
    assert ended.additional_data["deleted_objects"] == 2  # one was being verified when the deletion began
    await nothing_is_left(world, client, bucket)
    await world.pass_time(timedelta(days=40))  # every URL has expired, and late bytes are deleted too
    assert [world.storage.get(key) for key in keys] == [None] * 6
    assert (await client.make_bucket(bucket.name)).bucket_id != bucket.bucket_id
    namespace = await world.read_side.namespace(client.caller.organization.organization_id, "production")
    assert namespace is not None
    assert (namespace.bucket_count, namespace.object_count) == (1, 0)


async def test_from_then_on_a_bucket_takes_nothing_and_changes_no_more(world: World, client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    await world.delete_bucket(client.caller, client.bucket)
    record = await world.read_side.bucket(client.namespace.namespace_id, client.bucket.bucket_id)
    assert record is not None
    assert record.status is BucketStatus.DELETING
    with pytest.raises(ForbiddenError) as refused:
        await client.request()
    assert refused.value.code == "bucket_not_active"
    for change in (BucketChange(name="films"), BucketChange(status=BucketStatus.ACTIVE)):
        with pytest.raises(WrongStateError) as wrong:
            await world.change_bucket(client.caller, client.namespace, client.bucket.bucket_id, change)
        assert wrong.value.code == "bucket_deleting"
    await client.confirm(answer)  # uploads under way may end before their turn
    await world.pass_time(A_MOMENT)
    await nothing_is_left(world, client, client.bucket)
    with pytest.raises(NotFoundError):
        await client.confirm(answer)


async def test_asked_again_it_is_the_same_task_until_the_bucket_is_gone(world: World, client: Client) -> None:
    tasks = await asyncio.gather(*(world.delete_bucket(client.caller, client.bucket) for _ in range(5)))
    again = await world.delete_bucket(client.caller, client.bucket)
    assert {task.task_id for task in tasks} == {again.task_id}
    listed = await world.tasks.tasks(client.caller.organization.organization_id, PageRequest(limit=10))
    assert {row.status for row in listed.rows if row.task_id != again.task_id} <= {TaskStatus.CANCELED}
    await world.pass_time(A_MOMENT)
    with pytest.raises(NotFoundError):
        await world.delete_bucket(client.caller, client.bucket)


async def test_uploads_that_go_with_their_objects_are_counted_as_these(world: World, client: Client) -> None:
    await client.upload()
    task = await world.delete_bucket(client.caller, client.bucket)
    await world.pass_time(A_MOMENT)
    counts = {"deleted_objects": 1, "deleted_uploads": 0}
    assert counts.items() <= (await task_of(world, client, task)).additional_data.items()


async def test_skipped_uploads_go_too(world: World, client: Client) -> None:
    bucket = await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",)))
    await client.upload(object_metadata={"title": "one"})
    skipped = await client.request(object_metadata={"title": "one"})
    assert skipped.signed is None
    task = await world.delete_bucket(client.caller, bucket)
    await world.pass_time(A_MOMENT)
    assert (await task_of(world, client, task)).additional_data["deleted_uploads"] == 1
    await nothing_is_left(world, client, bucket)


async def test_uploads_that_are_confirmed_at_the_same_moment_do_not_stay(world: World, client: Client) -> None:
    answers = [await client.request(skip_duplicates=False) for _ in range(12)]
    for answer in answers:
        client.put(answer)
    await world.delete_bucket(client.caller, client.bucket)
    outcomes = await asyncio.gather(
        *(client.confirm(answer) for answer in answers[:6]),
        world.working.work_due(),
        *(client.confirm(answer) for answer in answers[6:]),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes if isinstance(outcome, Exception)} <= {NotFoundError, WrongStateError}
    await world.pass_time(timedelta(minutes=1))
    await nothing_is_left(world, client, client.bucket)


@pytest.mark.parametrize("commands", range(11))
async def test_a_worker_may_die_after_any_command(
    world: World, client: Client, commands: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(client)
    task = await world.delete_bucket(client.caller, client.bucket)
    append, left = world.log.append, [commands]

    async def dying(command: Command) -> int:
        if not left[0]:
            raise KeyError("the worker was killed")
        left[0] -= 1
        return await append(command)

    with monkeypatch.context() as patched:
        patched.setattr(world.log, "append", dying)
        await world.working.work_due()
    died = bool(world.problems)
    world.problems.clear()
    await world.pass_time(timedelta(minutes=5))
    assert died or commands > 5
    assert (await task_of(world, client, task)).status is TaskStatus.COMPLETED
    await nothing_is_left(world, client, client.bucket)


async def test_a_worker_that_is_faster_than_the_request_waits_for_it(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, workers = world.log.append, list[asyncio.Task[int]]()

    async def late(command: Command) -> int:
        monkeypatch.setattr(world.log, "append", append)
        workers.append(asyncio.create_task(world.working.work_due()))
        for _ in range(10):
            await asyncio.sleep(0)
        return await append(command)

    monkeypatch.setattr(world.log, "append", late)
    task = await world.delete_bucket(client.caller, client.bucket)
    assert await workers[0] == 1
    assert (await task_of(world, client, task)).status is TaskStatus.COMPLETED


async def test_a_deletion_that_is_refused_leaves_the_bucket_and_a_canceled_task(world: World, client: Client) -> None:
    key = client.caller.key
    await world.keys.revoke(key.organization_id, user_id=key.user_id, name=key.name, actor_id="system:operator")
    with pytest.raises(RefusedError) as refused:
        await world.delete_bucket(client.caller, client.bucket)
    assert refused.value.code == "key_revoked"
    await world.pass_time(A_MOMENT)
    state = (await load(world.log, BUCKET, client.bucket.bucket_id)).state
    assert isinstance(state, LiveBucket)
    listed = await world.tasks.tasks(key.organization_id, PageRequest(limit=10))
    assert [row.status for row in listed.rows] == [TaskStatus.CANCELED]


async def test_a_task_whose_request_died_before_it_began_waits_and_then_ends_and_the_bucket_stays(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dying(command: Command) -> int:  # noqa: ARG001  # it is not sent
        raise KeyError("the process was killed")

    with monkeypatch.context() as patched:
        patched.setattr(world.log, "append", dying)
        with pytest.raises(KeyError):
            await world.delete_bucket(client.caller, client.bucket)
    monkeypatch.setattr("application.tasks.deletions._BETWEEN_LOOKS_SECONDS", 0)
    await world.working.work_due()
    assert [type(problem) for problem in world.problems] == [NotYetBegunError]
    await world.pass_time(timedelta(minutes=11))
    listed = await world.tasks.tasks(client.caller.organization.organization_id, PageRequest(limit=10))
    assert [(row.status, row.error) for row in listed.rows] == [
        (TaskStatus.FAILED, "The deletion never began: request it again.")
    ]
    await client.request()
    task = await world.delete_bucket(client.caller, client.bucket)
    await world.pass_time(A_MOMENT)
    assert (await task_of(world, client, task)).status is TaskStatus.COMPLETED


async def test_a_deletion_whose_task_is_lost_gets_another_when_asked_for_again(world: World, client: Client) -> None:
    first = await world.delete_bucket(client.caller, client.bucket)
    await world.tasks.cancel(first.organization_id, first.task_id, now=world.clock.now())
    await world.pass_time(A_MOMENT)
    second = await world.delete_bucket(client.caller, client.bucket)
    assert second.task_id != first.task_id
    await world.pass_time(A_MOMENT)
    state = (await load(world.log, BUCKET, client.bucket.bucket_id)).state
    assert isinstance(state, DeletedBucket)


async def test_another_buckets_uploads_and_bytes_stay(world: World, client: Client) -> None:
    first = client.bucket
    await client.upload()
    await client.make_bucket("films")
    kept = await client.upload()
    await world.delete_bucket(client.caller, first)
    await world.pass_time(timedelta(days=2))
    assert await client.quota() == (0, len(BYTES))
    assert await world.read_side.upload(client.namespace.namespace_id, kept.record.upload_id) is not None
    assert world.storage.get(kept.record.storage_key) is not None
