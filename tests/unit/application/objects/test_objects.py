"""Objects under concurrent changes: between a read and the append that follows it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from application.ports.events.event_log import Command, StreamAppend
from domain.buckets.bucket import Policy, UniqueKey
from domain.buckets.schema import FieldType
from domain.claims import Claim
from domain.objects.composition import BlobWish
from domain.refusals import ConflictError, NotFoundError, UnauthenticatedError, WrongStateError
from domain.uploads.upload_events import UploadContentChanged
from tests.unit.application.world import Client, World

KEYED = {"properties": {"video": {"type": "video"}, "sku": {"type": "string"}, "stock": {"type": "integer"}}}
ByTheWay = Callable[[], Awaitable[object]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> Client:
    made = await world.tenant()
    await made.make_bucket("keyed", unique_key=UniqueKey(fields=("sku",)), schema=KEYED)
    return made


def before(monkeypatch: pytest.MonkeyPatch, thing: object, name: str, happens: ByTheWay) -> None:
    """Run an action once, right before a port is called."""
    real = getattr(thing, name)
    left = [happens]

    async def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # any arguments of the port
        if left:
            await left.pop()()
        return await real(*arguments, **named)

    monkeypatch.setattr(thing, name, call)


async def uploaded(client: Client, body: bytes = b"a short clip") -> BlobWish:
    confirmed = await client.upload(body, create_object=False)
    return BlobWish(property="video", type=FieldType.VIDEO, upload_id=confirmed.record.upload_id)


async def test_an_upload_that_is_forgotten_while_an_object_is_made_of_it_is_not_found(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = await uploaded(client)
    before(monkeypatch, world.log, "append", lambda: world.forget(blob.upload_id or "", actor_id="system:test"))
    with pytest.raises(NotFoundError) as refused:
        await client.make(blob, fields={"sku": "1"})
    assert refused.value.code == "upload_not_found"
    assert await client.quota() == (0, 0)


async def test_bytes_that_changed_in_storage_make_no_object(world: World, client: Client) -> None:
    blob = await uploaded(client)
    upload_id = blob.upload_id or ""
    origin = client.caller.origin(
        world.clock.now(),
        "cmd_1",
        namespace_id=client.namespace.namespace_id,
        bucket_id=client.bucket.bucket_id,
    )
    stored = await world.log.read_stream(upload_id)
    changed = UploadContentChanged(origin=origin, upload_id=upload_id, etag=None)
    stream = StreamAppend(stream_id=upload_id, expected_version=len(stored), events=(changed,))
    await world.log.append(
        Command(command_id="cmd_1", organization_id=origin.organization_id, streams=(stream,)),
    )
    with pytest.raises(WrongStateError) as refused:
        await client.make(blob, fields={"sku": "1"})
    assert refused.value.code == "upload_without_bytes"


@pytest.fixture
async def vanishing(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    """An object that is deleted between the lookup of its unique key and the next read."""
    made = await client.make(fields={"sku": "1"})
    before(
        monkeypatch,
        world.read_side,
        "bucket_object",
        lambda: world.delete_object(made.object_id, actor_id="system:test"),
    )
    return made.object_id


async def test_an_object_that_is_deleted_before_it_is_upserted_is_created_again(client: Client, vanishing: str) -> None:
    made = await client.make(fields={"sku": "1", "stock": 2}, policy=Policy.UPSERT)
    assert (made.object_id != vanishing, made.metadata) == (True, {"sku": "1", "stock": 2})


@pytest.mark.usefixtures("vanishing")
async def test_an_object_that_is_deleted_before_it_is_updated_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError) as refused:
        await client.make(fields={"sku": "1", "stock": 2}, policy=Policy.UPDATE)
    assert refused.value.code == "object_not_found"


async def test_an_object_that_is_made_before_another_is_upserted_is_the_one_that_is_changed(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    async def first() -> None:
        made.append(await client.make(fields={"sku": "1"}))

    before(monkeypatch, world.log, "append", first)
    changed = await client.make(fields={"sku": "1", "stock": 2}, policy=Policy.UPSERT)
    assert [one.object_id for one in made] == [changed.object_id]
    assert changed.metadata == {"sku": "1", "stock": 2}


async def test_an_upload_whose_object_is_deleted_while_it_is_confirmed_makes_a_new_one(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.request(object_metadata={"sku": "1", "stock": 2}, skip_duplicates=False)
    first = await client.make(fields={"sku": "1"})
    client.put(answer)
    real = world.read_side.claim_owner

    async def and_then_it_is_deleted(claim: Claim) -> str | None:
        owner = await real(claim)
        if owner == first.object_id:
            await world.delete_object(first.object_id, actor_id="system:test")
        return owner

    monkeypatch.setattr(world.read_side, "claim_owner", and_then_it_is_deleted)
    confirmed = await client.confirm(answer, policy=Policy.UPSERT)
    made = await client.object(confirmed.record.object_id or "")
    assert made is not None
    assert (made.object_id != first.object_id, made.metadata["stock"]) == (True, 2)


async def test_a_change_is_repeated_on_the_result_of_a_concurrent_change(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await client.make(fields={"sku": "1"})
    before(monkeypatch, world.log, "append", lambda: client.change(made.object_id, fields={"other": 1}))
    changed = await client.change(made.object_id, fields={"stock": 2})
    assert changed.metadata == {"sku": "1", "other": 1, "stock": 2}


async def test_a_deletion_includes_uploads_that_were_added_meanwhile(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await uploaded(client, b"one"), await uploaded(client, b"two")
    made = await client.make(first, fields={"sku": "1"})
    before(monkeypatch, world.log, "append", lambda: client.change(made.object_id, blobs=[second]))
    await world.delete_object(made.object_id, actor_id="system:test")
    assert await client.object(made.object_id) is None
    assert await world.read_side.upload(client.namespace.namespace_id, second.upload_id or "") is None
    await world.pass_time(world.rules.retention)
    assert await client.quota() == (0, 3)  # the first was released: it stays until it is deleted


async def test_of_two_objects_that_leave_an_upload_to_each_other_none_leaves_its_bytes_behind(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = await uploaded(client)
    one, two = [await client.make(blob, fields={"sku": sku}) for sku in "12"]
    tries = 0
    real = world.log.append

    async def append(command: Command) -> int:
        nonlocal tries
        tries += 1
        if tries == 2:  # the first try was refused, because the other object holds it; now that one is deleted
            await world.delete_object(two.object_id, actor_id="system:test")
        return await real(command)

    monkeypatch.setattr(world.log, "append", append)
    await world.delete_object(one.object_id, actor_id="system:test")
    await world.pass_time(world.rules.grace)
    assert await client.quota() == (0, 0)
    assert await world.read_side.upload(client.namespace.namespace_id, blob.upload_id or "") is None


async def test_a_deleted_object_is_not_found_by_later_requests(world: World, client: Client) -> None:
    made = await client.make(fields={"sku": "1"}, skip_duplicates=True)
    await world.delete_object(made.object_id, actor_id="system:test")
    for again in (
        world.delete_object(made.object_id, actor_id="system:test"),
        client.change(made.object_id, fields={"stock": 1}),
        world.delete_object("obj_never", actor_id="system:test"),
    ):
        with pytest.raises(NotFoundError) as refused:
            await again
        assert refused.value.code == "object_not_found"
    assert (await client.make(fields={"sku": "1"}, skip_duplicates=True)).object_id != made.object_id


async def test_a_key_that_was_revoked_deletes_and_changes_nothing(world: World, client: Client) -> None:
    made = await client.make(fields={"sku": "1"})
    await world.keys.revoke(
        client.caller.organization.organization_id, user_id="usr_1", name="ci", actor_id="system:operator"
    )
    key_id = client.caller.key.key_id
    for refused in (
        world.delete_object(made.object_id, actor_id=key_id, key_id=key_id),
        client.change(made.object_id, fields={"stock": 1}),
        client.make(fields={"sku": "2"}),
    ):
        with pytest.raises(UnauthenticatedError):
            await refused
    assert await client.object(made.object_id) == made


async def test_an_object_of_the_same_content_is_the_answer_even_where_its_key_is_taken(client: Client) -> None:
    blob = BlobWish(property="video", type=FieldType.VIDEO, data="https://example.test/a.mp4")
    made = await client.make(blob, fields={"sku": "1"}, skip_duplicates=True)
    assert (await client.make(blob, fields={"sku": "1"}, skip_duplicates=True)).object_id == made.object_id
    with pytest.raises(ConflictError) as refused:
        await client.make(blob, fields={"sku": "1", "stock": 3}, skip_duplicates=True)
    assert refused.value.code == "unique_key_taken"
