"""Changes of buckets under concurrent changes."""

from typing import Any

import pytest
from msgspec import UNSET

from application.buckets.changing import BucketChange
from application.handling import load
from application.ports.buckets.bucket_reads import BucketRecord
from application.ports.events.event_log import Command
from domain.buckets.bucket import BUCKET, BucketStatus
from domain.refusals import ForbiddenError, InvalidInputError, NotFoundError, RefusedError, WrongStateError
from domain.uploads.upload import Status
from tests.unit.application.world import BYTES, Client, World


async def change(world: World, client: Client, **changed: Any) -> BucketRecord:  # noqa: ANN401  # the fields of a change
    return await world.change_bucket(client.caller, client.namespace, client.bucket.bucket_id, BucketChange(**changed))


async def test_fields_that_a_change_does_not_contain_stay(world: World, client: Client) -> None:
    await change(world, client, description="Clips", metadata={"a": 1})
    renamed = await change(world, client, name="films")

    assert (renamed.name, renamed.description, renamed.metadata) == ("films", "Clips", {"a": 1})
    assert renamed.bucket_schema == client.bucket.bucket_schema
    assert renamed.updated_at == world.clock.now()
    cleared = await change(world, client, description=None)
    assert (cleared.name, cleared.description, cleared.metadata) == ("films", None, {"a": 1})


async def test_metadata_is_replaced_or_merged(world: World, client: Client) -> None:
    await change(world, client, metadata={"a": 1, "b": {"c": 2, "d": 3}})
    merged = await change(world, client, metadata={"a": None, "b": {"c": 4}}, merges=True)
    assert merged.metadata == {"b": {"c": 4, "d": 3}}
    replaced = await change(world, client, metadata={"e": 5})
    assert replaced.metadata == {"e": 5}


async def test_a_bucket_is_found_by_its_new_name_and_the_old_one_is_free(world: World, client: Client) -> None:
    first = client.bucket
    await change(world, client, name="films")
    assert await world.read_side.bucket(client.namespace.namespace_id, "clips") is None
    found = await world.read_side.bucket(client.namespace.namespace_id, "films")
    assert found is not None
    assert found.bucket_id == first.bucket_id
    second = await client.make_bucket("clips")
    assert second.bucket_id != first.bucket_id


async def test_a_name_that_another_bucket_has_is_refused_and_nothing_changes(world: World, client: Client) -> None:
    first = client.bucket
    await client.make_bucket("films")
    before = await world.log.head()
    with pytest.raises(WrongStateError) as refused:
        await change(world, client, name="clips", description="other", status=BucketStatus.SUSPENDED)
    assert (refused.value.code, refused.value.details) == ("name_taken", {"bucket_id": first.bucket_id})
    assert await world.log.head() == before


async def test_the_same_change_twice_is_one(world: World, client: Client) -> None:
    changed = {"name": "films", "metadata": {"a": 1}, "status": BucketStatus.SUSPENDED}
    await change(world, client, **changed)
    before = await world.log.head()
    again = await change(world, client, **changed)
    assert (again.name, again.status, await world.log.head()) == ("films", BucketStatus.SUSPENDED, before)


async def test_a_name_and_a_status_change_in_one_command(world: World, client: Client) -> None:
    before = await world.log.head()
    await change(world, client, name="films", status=BucketStatus.ARCHIVED)
    assert await world.tags(after=before) == ["bucket.updated", "bucket.status_changed"]


async def test_metadata_too_deep_to_merge_is_refused(world: World, client: Client) -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"a": deep}
    with pytest.raises(InvalidInputError) as refused:
        await change(world, client, metadata=deep, merges=True)
    assert refused.value.code == "too_deep"


async def test_a_bucket_that_is_not_there_cannot_be_changed(world: World, client: Client) -> None:
    with pytest.raises(NotFoundError):
        await world.change_bucket(client.caller, client.namespace, "bkt_nothing", BucketChange(name="films"))


@pytest.mark.parametrize("status", [BucketStatus.SUSPENDED, BucketStatus.ARCHIVED])
async def test_a_bucket_that_is_not_active_takes_no_uploads_but_finishes_those_under_way(
    world: World, client: Client, status: BucketStatus
) -> None:
    answer = await client.request()
    client.put(answer)
    changed = await change(world, client, status=status)
    assert changed.status is status
    with pytest.raises(ForbiddenError) as refused:
        await client.request()
    assert refused.value.code == "bucket_not_active"

    assert (await client.confirm(answer)).status is Status.COMPLETED
    assert await client.quota() == (0, len(BYTES))

    await change(world, client, status=BucketStatus.ACTIVE)
    await client.request(skip_duplicates=False)


async def test_a_change_after_a_concurrent_change_is_decided_again(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = world.log.append
    others: list[dict[str, Any]] = [{"a": 1}, {"b": 2}]

    async def later(command: Command) -> int:
        if others:
            metadata = others.pop()
            monkeypatch.setattr(world.log, "append", append)
            await change(world, client, metadata=metadata, merges=True)
            monkeypatch.setattr(world.log, "append", later)
        return await append(command)

    monkeypatch.setattr(world.log, "append", later)
    changed = await change(world, client, metadata={"c": 3}, merges=True)
    assert changed.metadata == {"a": 1, "b": 2, "c": 3}


async def test_a_revoked_key_changes_nothing(world: World, client: Client) -> None:
    key = client.caller.key
    await world.keys.revoke(key.organization_id, user_id=key.user_id, name=key.name, actor_id="system:operator")
    with pytest.raises(RefusedError) as refused:
        await change(world, client, name="films")
    assert refused.value.code == "key_revoked"
    bucket = await load(world.log, BUCKET, client.bucket.bucket_id)
    assert bucket.version == 1, bucket.state


def test_a_change_is_empty_by_default() -> None:
    assert BucketChange() == BucketChange(name=UNSET, description=UNSET, metadata=UNSET, merges=False, status=UNSET)
