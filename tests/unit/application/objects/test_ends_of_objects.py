"""An object ends no sooner than its uploads, and only callers that may delete end uploads of others."""

from datetime import timedelta

import pytest

from application.keys.callers import EndDeniedError
from domain.buckets.bucket import Policy, UniqueKey
from domain.buckets.schema import FieldType
from domain.keys.api_key import Permission
from domain.objects.composition import BlobWish
from domain.refusals import InvalidInputError
from tests.unit.application.uploads.test_replacing import key_of, token_of
from tests.unit.application.world import Client

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TITLE = {"title": "A"}


def of(upload_id: str) -> BlobWish:
    return BlobWish(property="video", type=FieldType.VIDEO, upload_id=upload_id)


@pytest.fixture
async def keyed(client: Client) -> Client:
    """A client whose bucket puts files of the same title into one object."""
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    return client


async def test_a_file_that_is_put_into_an_object_is_kept_as_long_as_was_promised(keyed: Client) -> None:
    thief = await token_of(keyed)
    await thief.upload(b"a trap", expires_after=MINUTE, object_metadata=TITLE)

    answer = await keyed.request(object_metadata=TITLE)
    keyed.put(answer)
    confirmed = await keyed.confirm(answer)

    assert confirmed.record.deletes_at is None
    await keyed.world.pass_time(HOUR)
    assert await keyed.exists(confirmed)
    assert await keyed.object(confirmed.record.object_id or "") is not None


async def test_in_a_bucket_with_a_retention_a_later_version_is_kept_as_long_as_any(client: Client) -> None:
    key = UniqueKey(fields=("title",), default_policy=Policy.UPSERT)
    await client.make_bucket("kept", unique_key=key, retention=HOUR)
    await client.upload(b"version 1...", object_metadata=TITLE)
    await client.world.pass_time(HOUR - MINUTE)

    second = await client.upload(b"version 2...", object_metadata=TITLE)

    await client.world.pass_time(HOUR - MINUTE)
    assert await client.exists(second)
    await client.world.pass_time(MINUTE)
    assert not await client.exists(second)


async def test_an_object_that_is_recreated_by_its_key_ends_no_sooner_than_requested(keyed: Client) -> None:
    made = await keyed.make(fields=TITLE, expires_after_seconds=60)
    again = await keyed.make(fields=TITLE, expires_after_seconds=3600)
    sooner = await keyed.make(fields=TITLE, expires_after_seconds=60)

    assert made.object_id == again.object_id == sooner.object_id
    assert again.deletes_at == sooner.deletes_at == keyed.world.clock.now() + HOUR


async def test_the_end_of_an_object_is_changed_and_taken_away(client: Client) -> None:
    upload = await client.upload()
    object_id = upload.record.object_id or ""

    await client.change(object_id, expires_after_seconds=60)
    assert (await client.record(upload)).deletes_at == client.world.clock.now() + MINUTE
    await client.change(object_id, fields={"title": "B"})
    await client.change(object_id, expires_after_seconds=None)
    assert (await client.record(upload)).deletes_at is None
    await client.world.pass_time(HOUR)
    assert await client.exists(upload)
    await client.change(object_id, expires_after_seconds=60)
    await client.world.pass_time(MINUTE)
    assert await client.object(object_id) is None
    assert not await client.exists(upload)


async def test_an_end_must_be_one(client: Client) -> None:
    upload = await client.upload()
    with pytest.raises(InvalidInputError):
        await client.change(upload.record.object_id or "", expires_after_seconds=0)


async def test_a_key_that_may_not_delete_ends_nothing_that_others_sent(client: Client) -> None:
    await client.make_bucket("files")
    theirs = await client.upload(create_object=False)
    writer = await key_of(client, Permission.READ, Permission.WRITE)
    own = await writer.upload(b"of its own..", create_object=False)

    with pytest.raises(EndDeniedError):
        await writer.make(of(theirs.record.upload_id), expires_after_seconds=60)
    ending = await writer.make(of(own.record.upload_id), expires_after_seconds=60)
    with pytest.raises(EndDeniedError):
        await writer.change(ending.object_id, blobs=[of(own.record.upload_id), of(theirs.record.upload_id)])
    lasting = await writer.make(of(theirs.record.upload_id))
    with pytest.raises(EndDeniedError):
        await writer.change(lasting.object_id, expires_after_seconds=60)
    assert (await client.record(theirs)).deletes_at is None
    await client.make(of(theirs.record.upload_id), expires_after_seconds=60)  # a caller that may delete may end it


async def test_what_a_token_of_the_key_sent_is_the_keys_own_to_end(client: Client) -> None:
    await client.make_bucket("files")
    writer = await key_of(client, Permission.READ, Permission.WRITE)
    token = await token_of(writer)
    sent = await token.upload(b"by a browser", create_object=False)

    made = await writer.make(of(sent.record.upload_id), expires_after_seconds=60)

    assert made.deletes_at is not None


async def test_an_end_that_was_put_off_while_a_worker_was_at_it_counts(client: Client) -> None:
    upload = await client.upload(expires_after=MINUTE)
    object_id = upload.record.object_id or ""
    await client.change(object_id, expires_after_seconds=3600)

    await client.world.delete_object.at_its_end(object_id, actor_id="system:worker")

    assert await client.object(object_id) is not None
