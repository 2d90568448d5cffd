"""A namespace is deleted with its buckets, and nothing new is created in it meanwhile."""

import asyncio
from datetime import timedelta

import pytest

from application.buckets.changing import BucketChange
from application.namespaces.changing import NamespaceChange
from application.ports.events.event_log import Command
from application.ports.tasks.tasks import TaskStatus
from domain.buckets.bucket import BucketStatus
from domain.refusals import ForbiddenError, NotFoundError, RefusedError, WrongStateError
from tests.unit.application.world import Client, World

A_MOMENT = timedelta(seconds=1)


async def fill(client: Client) -> None:
    for name in ("films", "songs"):
        await client.make_bucket(name)
        await client.upload(skip_duplicates=False)
        await client.request(skip_duplicates=False)


async def nothing_is_left(world: World, client: Client) -> None:
    assert await client.quota() == (0, 0)
    tables = world.log.tables
    assert (tables.uploads, tables.objects, tables.buckets, tables.namespaces) == ({}, {}, {}, {})
    assert [claim for claim in tables.claims if not claim.scope.startswith("key:")] == []
    assert world.problems == []


async def test_a_namespace_goes_with_its_buckets_and_its_name_is_free(world: World, client: Client) -> None:
    await fill(client)
    task = await world.delete_namespace(client.caller, client.namespace)
    assert (await world.delete_namespace(client.caller, client.namespace)).task_id == task.task_id
    await world.pass_time(A_MOMENT)
    ended = await world.tasks.task(client.caller.organization.organization_id, task.task_id)
    assert ended is not None
    assert ended.status is TaskStatus.COMPLETED
    counts = {"deleted_buckets": 3, "deleted_objects": 2, "deleted_uploads": 2}
    assert counts.items() <= ended.additional_data.items()
    await nothing_is_left(world, client)
    with pytest.raises(NotFoundError):
        await world.delete_namespace(client.caller, client.namespace)
    made = await world.create_namespace(client.caller, name="production", description=None, settings={})
    assert made.namespace_id != client.namespace.namespace_id


async def test_from_then_on_nothing_new_can_be_made_in_it(world: World, client: Client) -> None:
    bucket = client.bucket
    await world.delete_namespace(client.caller, client.namespace)
    with pytest.raises(ForbiddenError) as forbidden:
        await client.request()
    assert forbidden.value.code == "bucket_not_active"
    with pytest.raises(WrongStateError) as refused:
        await client.make_bucket("films")
    assert refused.value.code == "namespace_deleting"
    with pytest.raises(WrongStateError) as renamed:
        await world.change_namespace(client.caller, client.namespace.namespace_id, NamespaceChange(name="live"))
    assert renamed.value.code == "namespace_deleting"
    active = BucketChange(status=BucketStatus.SUSPENDED)
    await world.change_bucket(client.caller, client.namespace, bucket.bucket_id, active)
    record = await world.read_side.bucket(client.namespace.namespace_id, bucket.bucket_id)
    assert record is not None
    assert record.status is BucketStatus.DELETING
    with pytest.raises(ForbiddenError):
        await client.request()
    await world.pass_time(A_MOMENT)
    await nothing_is_left(world, client)


async def test_a_bucket_that_is_deleted_separately_meanwhile_is_no_error(world: World, client: Client) -> None:
    await fill(client)
    bucket = client.bucket
    await world.delete_namespace(client.caller, client.namespace)
    await world.delete_bucket(client.caller, bucket)
    await asyncio.gather(*(world.working.work_due() for _ in range(3)))
    await world.pass_time(timedelta(minutes=1))
    await nothing_is_left(world, client)


@pytest.mark.parametrize("commands", range(12))
async def test_a_worker_may_die_after_any_command(
    world: World, client: Client, commands: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(client)
    task = await world.delete_namespace(client.caller, client.namespace)
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
    assert died is (commands < 11)
    ended = await world.tasks.task(client.caller.organization.organization_id, task.task_id)
    assert ended is not None
    assert ended.status is TaskStatus.COMPLETED
    await nothing_is_left(world, client)


async def test_a_deletion_that_is_refused_leaves_the_namespace(world: World, client: Client) -> None:
    key = client.caller.key
    await world.keys.revoke(key.organization_id, user_id=key.user_id, name=key.name, actor_id="system:operator")
    with pytest.raises(RefusedError) as refused:
        await world.delete_namespace(client.caller, client.namespace)
    assert refused.value.code == "key_revoked"
    await world.pass_time(A_MOMENT)
    assert client.namespace.namespace_id in world.log.tables.namespaces
