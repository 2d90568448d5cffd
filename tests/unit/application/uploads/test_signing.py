"""URLs that are requested after the first response."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from adapters.memory.storage.url_signer import MemoryUrlSigner
from application.uploads.signing import Signed
from domain.buckets.bucket import UniqueKey
from domain.keys.api_key import Permission
from tests.unit.application.uploads.test_replacing import key_of, token_of
from tests.unit.application.world import BYTES, Client, World


async def sign(client: Client, upload_id: str) -> Signed:
    record = await client.world.read_side.upload(client.namespace.namespace_id, upload_id)
    assert record is not None
    (signed,) = await client.world.sign(client.caller, client.namespace, [record])
    return signed


async def test_an_awaited_upload_has_a_put_for_the_time_that_is_left(world: World, client: Client) -> None:
    answer = await client.request(expires_in=600)
    assert answer.signed is not None
    world.clock.advance(timedelta(seconds=100))

    signed = await sign(client, answer.record.upload_id)

    assert signed.get is None
    assert signed.put is not None
    assert (signed.put.headers, signed.put.expires_at) == (answer.signed.headers, answer.signed.expires_at)
    world.clock.advance(timedelta(seconds=499, milliseconds=1))
    assert (await sign(client, answer.record.upload_id)).put is None, "not a second is left"


@pytest.mark.parametrize(
    ("operations", "puts"),
    [(None, False), (["read_data"], False), (["read_data", "delete_data"], False), (["read_data", "write_data"], True)],
)
@pytest.mark.parametrize("resource", ["bucket", "namespace", "organization"])
async def test_a_url_to_send_to_is_for_a_key_that_may_write(
    client: Client, resource: str, operations: list[str] | None, puts: bool
) -> None:
    pending, done = await client.request(), await client.upload(b"other bytes!", filename="other.mp4")
    ids = {
        "bucket": client.bucket.bucket_id,
        "namespace": client.namespace.namespace_id,
        "organization": client.caller.organization.organization_id,
    }
    if operations is None:
        reader = await key_of(client, Permission.READ, Permission.DELETE)
    else:
        here = {"resource_type": resource, "resource_id": ids[resource], "operations": operations}
        reader = await key_of(client, Permission.READ, Permission.WRITE, Permission.DELETE, scopes=(here,))

    assert ((await sign(reader, pending.record.upload_id)).put is not None) == puts
    assert (await sign(reader, done.record.upload_id)).get is not None


async def test_the_holder_of_a_token_has_a_put_as_long_as_the_key_of_the_token_may_write(client: Client) -> None:
    holder = await token_of(client)
    upload_id = (await holder.request()).record.upload_id
    assert (await sign(holder, upload_id)).put is not None

    key = msgspec.structs.replace(holder.caller.key, permissions=(Permission.READ,))
    less = replace(holder, caller=msgspec.structs.replace(holder.caller, key=key))

    assert await sign(less, upload_id) == Signed()


@pytest.mark.parametrize("versioned", [True, False])
async def test_a_completed_upload_has_a_get_of_the_verified_bytes(versioned: bool) -> None:
    world = World(versioned=versioned)
    client = await world.tenant()
    done = await client.upload(filename="Ferien am Meer.mp4", expires_in=120)

    signed = await sign(client, done.record.upload_id)

    assert signed.put is None
    assert signed.get == MemoryUrlSigner().sign_get(
        done.record.storage_key,
        expires_in=timedelta(seconds=120),
        now=world.clock.now(),
        version_id=done.record.version_id,
        download_as="Ferien am Meer.mp4",
    )
    assert (done.record.version_id is not None) == versioned


async def test_a_duplicate_is_read_from_its_original_under_its_own_name(client: Client) -> None:
    original = await client.upload()
    duplicate = await client.upload(filename="other.mp4")
    assert duplicate.record.duplicate_of == original.record.upload_id

    signed = await sign(client, duplicate.record.upload_id)

    assert signed.get is not None
    assert (
        signed.get.url
        == MemoryUrlSigner()
        .sign_get(
            original.record.storage_key,
            expires_in=timedelta(hours=1),
            now=client.world.clock.now(),
            version_id=original.record.version_id,
            download_as="other.mp4",
        )
        .url
    )


async def test_there_is_nothing_to_sign_where_no_bytes_of_it_are(client: Client) -> None:
    canceled = await client.request()
    await client.cancel(canceled)
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",)))
    late = await client.request(object_metadata={"title": "A"}, skip_duplicates=False)
    await client.upload(BYTES, object_metadata={"title": "A"})
    client.put(late)
    assert (await client.confirm(late)).record.existing_object_id is not None
    skipped = await client.request(object_metadata={"title": "A"})

    for answer in (canceled, late, skipped):
        assert await sign(client, answer.record.upload_id) == Signed()


async def test_changed_bytes_are_not_returned_as_verified() -> None:
    world = World(versioned=False)
    client = await world.tenant()
    done = await client.upload()
    world.storage.put(done.record.storage_key, b"other bytes!", "video/mp4")
    await world.pass_time(timedelta(hours=2))

    assert await sign(client, done.record.upload_id) == Signed()
