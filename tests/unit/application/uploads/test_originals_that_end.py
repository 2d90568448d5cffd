"""An upload with an end is an original only of uploads that end no later: no announced upload loses its bytes."""

from datetime import timedelta

from application.uploads.requesting import Answer
from domain.buckets.bucket import Policy, UniqueKey
from domain.buckets.schema import FieldType
from domain.objects.composition import BlobWish
from tests.unit.application.world import BYTES, SHA256, Client

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def _announce(client: Client, lasts: timedelta | None = None, **asked: object) -> Answer:
    return await client.request(**{"sha256": SHA256, "create_object": False, "expires_after": lasts, **asked})


async def test_a_later_announcement_without_an_end_gets_a_url_of_its_own(client: Client) -> None:
    short = await client.upload(create_object=False, expires_after=MINUTE)

    answer = await _announce(client)

    assert not answer.is_duplicate
    assert answer.signed is not None
    client.put(answer)
    confirmed = await client.confirm(answer)
    assert confirmed.record.duplicate_of is None
    await client.world.pass_time(MINUTE)
    assert not await client.exists(short)
    assert (await client.record(answer)).keeps_bytes
    assert await client.quota() == (0, len(BYTES))


async def test_what_ends_no_later_is_answered_with_the_original(client: Client) -> None:
    lasting = await client.upload(create_object=False, expires_after=HOUR)

    for lasts in (MINUTE, HOUR):
        assert (await _announce(client, lasts)).record.upload_id == lasting.record.upload_id
    assert (await _announce(client, HOUR + MINUTE)).signed is not None
    await client.world.pass_time(MINUTE)
    assert (await _announce(client, HOUR)).signed is not None, "it would end a minute later"


async def test_the_earliest_original_that_lasts_long_enough_is_the_answer(client: Client) -> None:
    short = await client.upload(create_object=False, expires_after=MINUTE)
    lasting = await client.upload(create_object=False)

    wishes = [client.announcement(sha256=SHA256, create_object=False, expires_after=lasts) for lasts in (None, MINUTE)]
    batch = await client.request_many(*wishes)

    assert [each.record.upload_id for each in batch] == [lasting.record.upload_id, short.record.upload_id]
    assert all(each.is_duplicate for each in batch)


async def test_a_bucket_that_keeps_its_uploads_for_some_time_has_no_originals_for_later_ones(client: Client) -> None:
    await client.make_bucket("hourly", retention=HOUR)
    first = await client.upload(create_object=False)
    assert (await _announce(client)).is_duplicate
    await client.world.pass_time(MINUTE)

    later = await client.upload(create_object=False)

    assert later.record.duplicate_of is None
    await client.world.pass_time(HOUR - MINUTE)
    assert not await client.exists(first)
    assert await client.exists(later)


async def test_a_duplicate_found_at_confirm_does_not_lose_its_object_with_the_originals(client: Client) -> None:
    short = await client.upload(expires_after=MINUTE)

    lasting = await client.upload()

    assert short.record.object_id != lasting.record.object_id is not None
    await client.world.pass_time(MINUTE)
    assert await client.object(short.record.object_id or "") is None
    assert await client.object(lasting.record.object_id or "") is not None


async def test_bytes_found_at_confirm_that_are_wanted_no_longer_than_the_original_are_a_duplicate(
    client: Client,
) -> None:
    lasting = await client.upload(create_object=False, expires_after=HOUR)

    short = await client.upload(create_object=False, expires_after=MINUTE)

    assert short.record.duplicate_of == lasting.record.upload_id


async def test_an_original_does_not_go_with_an_object_that_ends_before_it(client: Client) -> None:
    original = await client.upload(create_object=False)

    known = await _announce(client, MINUTE, create_object=True)
    found = await client.upload(expires_after=MINUTE)

    assert known.signed is not None
    client.put(known)
    for each in (await client.confirm(known), found):
        assert each.record.duplicate_of is None
        made = await client.object(each.record.object_id or "")
        assert made is not None
        assert [blob.upload_id for blob in made.blobs] == [each.record.upload_id]
    await client.world.pass_time(MINUTE)
    assert await client.exists(original)
    assert not await client.exists(found)
    assert await client.quota() == (0, len(BYTES))


async def test_an_original_that_is_put_into_an_object_has_it_last_as_long(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT))
    title = {"title": "A"}
    short = await client.upload(b"other bytes!", expires_after=MINUTE, object_metadata=title)
    original = await client.upload(create_object=False)

    answer = await _announce(client, create_object=True, object_metadata=title)

    assert answer.is_duplicate
    assert (await client.record(original)).object_id == short.record.object_id
    await client.world.pass_time(MINUTE)
    assert await client.exists(original)
    assert await client.object(short.record.object_id or "") is not None


async def test_an_original_that_an_object_may_release_ends_at_its_own_end(client: Client) -> None:
    short = await client.upload(create_object=False, expires_after=MINUTE)
    await client.make(BlobWish(property="video", type=FieldType.VIDEO, upload_id=short.record.upload_id))
    assert (await client.record(short)).deletes_at is None

    assert (await _announce(client)).signed is not None


async def test_an_object_that_ends_is_the_answer_only_to_what_ends_no_later(client: Client) -> None:
    short = await client.make(fields={"title": "A"}, skip_duplicates=True, expires_after_seconds=60)

    alike = await client.make(fields={"title": "A"}, skip_duplicates=True, expires_after_seconds=60)
    lasting = await client.make(fields={"title": "A"}, skip_duplicates=True)

    assert alike.object_id == short.object_id != lasting.object_id
    assert lasting.deletes_at is None
    assert lasting.content_key is None
    await client.world.pass_time(MINUTE)
    assert await client.object(lasting.object_id) is not None
