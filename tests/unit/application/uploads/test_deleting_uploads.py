"""A completed upload stays until it is deleted or ends; its bytes stay while any record depends on them."""

from datetime import timedelta

import msgspec
import pytest

from application.keys.issuing_upload_tokens import TokenWish
from application.uploads.confirming import Confirmed
from domain.buckets.bucket import MAX_RETENTION_SECONDS, UniqueKey
from domain.buckets.schema import FieldType
from domain.objects.composition import BlobWish
from domain.refusals import InvalidInputError, NotFoundError, RefusedError, WrongStateError
from domain.tasks.agenda import JobKind
from domain.uploads.upload import Status
from tests.unit.application.world import BYTES, SHA256, Client, World

NOW = timedelta(0)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
MONTH = timedelta(days=31)


async def downloadable(client: Client, upload: Confirmed) -> bool:
    """Return whether a client gets a URL that leads to the upload's bytes."""
    record = await client.record(upload)
    (signed,) = await client.world.sign(client.caller, client.namespace, [record])
    return (signed.get is not None and record.storage_key in signed.get.url) or signed.get is not None


async def refused(work: object) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        await work  # type: ignore[misc]  # a coroutine
    return caught.value


# Until when


async def test_what_was_completed_has_no_end_unless_one_was_wished_for(client: Client) -> None:
    confirmed = await client.upload(create_object=False)

    assert confirmed.record.deletes_at is None
    assert JobKind.FORGET not in client.world.log.jobs.rows[confirmed.record.upload_id].kinds


async def test_an_upload_with_an_end_is_gone_then_with_its_bytes_and_not_before(client: Client) -> None:
    answer = await client.request(create_object=False, expires_after=WEEK)
    assert answer.record.deletes_at == client.world.clock.now() + WEEK
    client.put(answer)
    client.world.clock.advance(HOUR)
    confirmed = await client.confirm(answer)
    assert confirmed.record.deletes_at == client.world.clock.now() + WEEK

    await client.world.pass_time(WEEK - HOUR)
    assert await client.exists(answer)
    await client.world.pass_time(HOUR)

    assert not await client.exists(answer)
    assert await client.quota() == (0, 0)
    assert client.world.storage.get(answer.record.storage_key) is None
    assert client.world.problems == []


async def test_the_bucket_sets_the_lifetime_of_uploads_without_one(client: Client) -> None:
    await client.make_bucket("short", retention=WEEK)

    short = await client.upload(b"one", create_object=False)
    own = await client.upload(b"two", create_object=False, expires_after=2 * WEEK)
    await client.world.pass_time(WEEK)

    assert not await client.exists(short)
    assert await client.exists(own)


async def test_an_object_takes_the_end_of_the_upload_that_it_is_made_of(client: Client) -> None:
    confirmed = await client.upload(expires_after=WEEK)
    object_id = confirmed.record.object_id or ""
    made = await client.object(object_id)
    assert made is not None
    assert made.deletes_at == confirmed.record.deletes_at == client.world.clock.now() + WEEK

    await client.world.pass_time(WEEK)

    assert await client.object(object_id) is None
    assert not await client.exists(confirmed)
    assert await client.quota() == (0, 0)
    assert [row.kinds for row in client.world.log.jobs.rows.values()] in ([], [{JobKind.DISCARD}])


async def test_an_upload_goes_with_its_object_and_shows_the_objects_end(client: Client) -> None:
    upload = await client.upload(create_object=False, expires_after=WEEK)
    blob = BlobWish(property="video", type=FieldType.VIDEO, upload_id=upload.record.upload_id)

    made = await client.make(blob, fields={"title": "kept"})
    assert made.deletes_at is None
    assert (await client.record(upload)).deletes_at is None
    await client.world.pass_time(MONTH)
    assert await client.exists(upload)

    other = await client.make(blob, fields={"title": "shorter"}, expires_after_seconds=3600)
    assert other.deletes_at == client.world.clock.now() + HOUR
    await client.world.pass_time(HOUR)
    assert await client.object(other.object_id) is None
    assert await client.exists(upload)  # the first object still holds it


async def test_an_upload_that_an_object_releases_has_its_own_end_again(client: Client) -> None:
    upload = await client.upload(create_object=False, expires_after=2 * WEEK)
    end = upload.record.deletes_at
    blob = BlobWish(property="video", type=FieldType.VIDEO, upload_id=upload.record.upload_id)
    made = await client.make(blob, expires_after_seconds=3600)
    assert (await client.record(upload)).deletes_at == made.deletes_at

    await client.change(made.object_id, blobs=[])

    assert (await client.record(upload)).deletes_at == end
    await client.world.pass_time(WEEK)
    assert await client.exists(upload)
    await client.world.pass_time(WEEK)
    assert not await client.exists(upload)


@pytest.mark.parametrize("seconds", [59, 0, -1, MAX_RETENTION_SECONDS + 1])
async def test_an_invalid_time_is_refused(client: Client, seconds: int) -> None:
    wrong = await refused(client.request(expires_after=timedelta(seconds=seconds)))

    assert isinstance(wrong, InvalidInputError)
    assert wrong.code == "invalid_retention"
    assert (await refused(client.make_bucket("b", retention=timedelta(seconds=seconds)))).code == "invalid_retention"


async def test_only_a_completed_upload_has_an_end(client: Client) -> None:
    answer = await client.request(expires_after=WEEK)
    await client.cancel(answer)

    assert (await client.record(answer)).deletes_at is None


# Deleting


async def test_a_completed_upload_that_no_object_holds_is_deleted_with_its_bytes(client: Client) -> None:
    confirmed = await client.upload(create_object=False, metadata={"user": "Ada"})

    await client.cancel(confirmed)
    await client.world.pass_time(NOW)

    assert not await client.exists(confirmed)
    assert await client.quota() == (0, 0)
    assert client.world.storage.get(confirmed.record.storage_key) is None
    stored = await client.world.log.read_stream(confirmed.record.upload_id)
    assert stored[-1].topic == "upload.deleted.v1"
    assert not any(b"Ada" in event.state or b"clip.mp4" in event.state for event in stored)
    with pytest.raises(NotFoundError):
        await client.cancel(confirmed)


async def test_one_whose_bytes_are_part_of_an_object_names_it(client: Client) -> None:
    confirmed = await client.upload()

    wrong = await refused(client.cancel(confirmed))

    assert wrong.code == "upload_completed"
    assert wrong.details == {"status": Status.COMPLETED, "object_id": confirmed.record.object_id}
    assert str(confirmed.record.object_id) in wrong.message


async def test_a_skipped_upload_is_deleted(client: Client) -> None:
    await client.make_bucket("unique", unique_key=UniqueKey(fields=("title",)))
    await client.upload(object_metadata={"title": "one"})
    skipped = await client.request(object_metadata={"title": "one"})
    assert skipped.record.status is Status.SKIPPED
    assert (await refused(client.cancel(skipped, only_open=True))).code == "upload_completed"

    await client.cancel(skipped)

    assert not await client.exists(skipped)


async def test_canceling_open_uploads_never_deletes_completed_ones(client: Client) -> None:
    confirmed = await client.upload(create_object=False)
    wish = TokenWish(expires_in=HOUR)
    token, _ = await client.world.issue_token(client.caller, client.namespace, client.bucket, wish)
    holder = msgspec.structs.replace(client.caller, token=token)

    assert (await refused(client.cancel(confirmed, only_open=True))).code == "upload_completed"
    assert (await refused(client.cancel(confirmed, caller=holder))).code == "upload_completed"
    assert await client.exists(confirmed)

    answer = await client.request(skip_duplicates=False)
    await client.cancel(answer, only_open=True)
    assert (await client.record(answer)).status is Status.CANCELED


async def test_a_caller_that_may_not_delete_sees_only_the_object_of_the_upload(client: Client) -> None:
    original, duplicate = await client.upload(), await client.upload()
    assert duplicate.record.duplicate_of == original.record.upload_id

    for finished, own in ((original, original.record.object_id), (duplicate, None)):
        wrong = await refused(client.cancel(finished, only_open=True))
        assert wrong.details == {"status": Status.COMPLETED, "object_id": own}


async def test_bytes_of_a_finished_upload_cannot_be_left_behind(client: Client) -> None:
    confirmed = await client.upload(create_object=False)

    wrong = await refused(client.cancel(confirmed, keep_bytes=True))

    assert isinstance(wrong, WrongStateError)
    assert (wrong.code, wrong.details) == ("bytes_go_with_upload", {"upload_id": confirmed.record.upload_id})


# Bytes are deleted with their last record


async def twins(client: Client, count: int = 2) -> list[Confirmed]:
    """Upload the same bytes several times, each found at verification only."""
    return [await client.upload(create_object=False) for _ in range(count)]


async def test_a_duplicate_goes_alone(client: Client) -> None:
    original, duplicate = await twins(client)

    await client.cancel(duplicate)
    await client.world.pass_time(MONTH)

    assert not await client.exists(duplicate)
    assert await downloadable(client, original)
    assert await client.quota() == (0, len(BYTES))


async def test_bytes_and_quota_go_with_the_last_of_them(client: Client) -> None:
    original, second, third = await twins(client, 3)
    key = original.record.storage_key

    await client.cancel(original)
    await client.world.pass_time(MONTH)

    assert [await downloadable(client, each) for each in (second, third)] == [True, True]
    assert client.world.storage.get(key) is not None
    assert await client.quota() == (0, len(BYTES))
    heir = await client.record(second)
    assert (heir.storage_key, heir.duplicate_of, heir.keeps_bytes) == (key, None, True)
    assert (await client.record(third)).duplicate_of == heir.upload_id

    await client.cancel(second)
    await client.world.pass_time(NOW)
    assert await downloadable(client, third)
    assert await client.quota() == (0, len(BYTES))

    await client.cancel(third)
    await client.world.pass_time(NOW)
    assert client.world.storage.get(key) is None
    assert await client.quota() == (0, 0)
    for each in (original, second, third):
        stored = await client.world.log.read_stream(each.record.upload_id)
        assert not any(b"clip.mp4" in event.state for event in stored)
    assert client.world.problems == []


async def test_later_duplicates_find_the_heir(client: Client) -> None:
    original, second = await twins(client)
    await client.cancel(original)

    known = await client.request(sha256=SHA256)
    found = await client.upload(create_object=False)

    assert known.record.upload_id == second.record.upload_id
    assert found.record.duplicate_of == second.record.upload_id


async def test_an_object_that_goes_leaves_its_bytes_to_a_duplicate(client: Client) -> None:
    original = await client.upload()
    duplicate = await client.upload()
    assert duplicate.record.object_id == original.record.object_id

    await client.world.delete_object(original.record.object_id or "", actor_id="system:test")
    await client.world.pass_time(MONTH)

    assert not await client.exists(original)
    assert await downloadable(client, duplicate)
    assert (await client.record(duplicate)).object_id is None
    assert await client.quota() == (0, len(BYTES))


async def test_a_duplicate_that_goes_leaves_the_object_of_its_original_alone(client: Client) -> None:
    original = await client.upload()
    duplicate = await client.upload()

    await client.cancel(duplicate)

    assert not await client.exists(duplicate)
    assert await client.object(original.record.object_id or "") is not None


async def test_an_end_leaves_the_bytes_to_a_duplicate_too(client: Client) -> None:
    original = await client.upload(create_object=False, expires_after=HOUR)
    duplicate = await client.upload(create_object=False)

    await client.world.pass_time(HOUR)

    assert not await client.exists(original)
    assert await downloadable(client, duplicate)


async def test_overwritten_bytes_are_not_inherited() -> None:
    client = await World(versioned=False).tenant()
    answer = await client.request(create_object=False)
    client.put(answer)
    await client.confirm(answer)
    duplicate = await client.upload(create_object=False)
    client.put(answer, b"other bytes!")
    await client.world.pass_time(2 * HOUR)

    await client.cancel(answer)
    await client.world.pass_time(NOW)

    assert (await client.record(duplicate)).keeps_bytes is False
    assert await client.quota() == (0, 0)


async def test_other_bytes_under_an_inherited_key_are_noticed() -> None:
    client = await World(versioned=False).tenant()
    answer = await client.request(create_object=False)
    client.put(answer)
    await client.confirm(answer)
    duplicate = await client.upload(create_object=False)
    await client.cancel(answer)
    client.put(answer, b"other bytes!")

    await client.world.pass_time(2 * HOUR)

    assert (await client.record(duplicate)).changed_etag is not None
    assert client.world.problems == []


async def test_of_a_bucket_that_is_deleted_nothing_is_left(client: Client) -> None:
    await twins(client, 3)

    await client.world.delete_bucket(client.caller, client.bucket)
    await client.world.pass_time(NOW)

    assert await client.quota() == (0, 0)
    assert client.world.problems == []
