"""Canceling, expiring, rechecking and forgetting."""

from datetime import timedelta

import pytest

from application.handling import load
from application.ports.buckets.bucket_reads import BucketRecord
from application.uploads.verifying import FETCH_BYTES
from domain.events.registry import decode
from domain.refusals import NotFoundError, WrongStateError
from domain.uploads.upload import UPLOAD, Failed, Status, request_of
from domain.uploads.upload_events import FailureReason, SeenBy, UploadVerificationBegan
from tests.unit.application.world import BYTES, Client, World

AFTER_THE_GRACE = timedelta(hours=1, minutes=16)
MONTH = timedelta(days=31)


async def test_a_canceled_upload_releases_its_quota_and_loses_its_bytes(client: Client) -> None:
    answer = await client.request()
    client.put(answer)

    await client.cancel(answer)

    assert (await client.record(answer)).status is Status.CANCELED
    assert await client.quota() == (0, 0)
    await client.world.pass_time(timedelta(0))
    assert client.world.storage.get(answer.record.storage_key) is None


async def test_canceling_twice_records_nothing_new(client: Client) -> None:
    answer = await client.request()
    await client.cancel(answer)
    before = await client.world.log.head()

    await client.cancel(answer)

    assert await client.world.log.head() == before


async def test_bytes_that_are_kept_count_until_they_are_forgotten(client: Client) -> None:
    answer = await client.request()
    client.put(answer)

    await client.cancel(answer, keep_bytes=True)

    assert await client.quota() == (0, len(BYTES))
    assert client.world.storage.get(answer.record.storage_key) is not None
    await client.world.pass_time(MONTH)
    assert await client.quota() == (0, 0)
    assert client.world.storage.get(answer.record.storage_key) is None


async def test_what_never_arrived_and_what_failed_is_not_kept(client: Client) -> None:
    empty, failed = await client.request(), await client.request(sha256="0" * 64)
    client.put(failed)
    with pytest.raises(WrongStateError, match="SHA-256"):
        await client.confirm(failed)

    for answer in (empty, failed):
        await client.cancel(answer, keep_bytes=True)

    assert [(await client.record(each)).status for each in (empty, failed)] == [Status.CANCELED] * 2
    await client.world.pass_time(timedelta(0))
    assert await client.quota() == (0, 0)
    assert client.world.storage.get(failed.record.storage_key) is None


async def test_an_upload_is_found_in_its_own_bucket_alone(client: Client) -> None:
    answer, own = await client.request(), client.bucket
    other = await client.make_bucket("others")

    async def cancel(bucket: BucketRecord) -> None:
        upload_id = answer.record.upload_id
        await client.world._cancel(
            client.caller, client.namespace, upload_id, bucket_id=bucket.bucket_id, keep_bytes=False
        )

    with pytest.raises(NotFoundError, match="upload does not exist"):
        await cancel(other)
    assert (await client.record(answer)).status is Status.PENDING
    await cancel(own)
    assert (await client.record(answer)).status is Status.CANCELED


async def test_an_upload_without_bytes_expires_after_the_grace_and_not_before(client: Client) -> None:
    answer = await client.request()

    await client.world.pass_time(timedelta(hours=1, minutes=14))
    assert (await client.record(answer)).status is Status.PENDING
    await client.world.pass_time(timedelta(minutes=2))

    record = await client.record(answer)
    assert (record.status, record.failure_reason) == (Status.FAILED, FailureReason.EXPIRED)
    assert await client.quota() == (0, 0)


async def test_an_upload_whose_client_never_came_back_is_completed_by_the_sweeper(client: Client) -> None:
    answer = await client.request()
    client.put(answer)

    before = await client.world.log.head()
    await client.world.pass_time(AFTER_THE_GRACE)

    assert (await client.record(answer)).status is Status.COMPLETED
    assert client.world.problems == []
    events = await client.world.log.read_feed(after=before, limit=9)
    assert [event.topic for event in events] == [
        "upload.verification_began.v1",
        "upload.verified.v1",
        "upload.completed.v1",
        "object.created.v1",
    ]
    assert len({decode(event.state).origin.command_id for event in events}) == 1, "one command"


async def test_a_large_file_whose_client_never_came_back_is_verified_by_a_job_of_its_own(world: World) -> None:
    client = await world.tenant(quota_bytes=10 * FETCH_BYTES)
    answer = await client.request(size=None)
    client.put(answer, bytes(FETCH_BYTES + 1))

    await world.pass_time(AFTER_THE_GRACE)

    assert (await client.record(answer)).status is Status.COMPLETED
    stored = [decode(event.state) for event in await world.log.read_stream(answer.record.upload_id)]
    (began,) = (event for event in stored if isinstance(event, UploadVerificationBegan))
    assert (began.seen_by, began.inline) == (SeenBy.SWEEPER, False)


async def test_wrong_bytes_whose_client_never_came_back_fail(client: Client) -> None:
    answer = await client.request(sha256="0" * 64)
    client.put(answer)

    await client.world.pass_time(AFTER_THE_GRACE)

    assert (await client.record(answer)).failure_reason == FailureReason.HASH_MISMATCH
    assert client.world.storage.get(answer.record.storage_key) is None


async def test_a_sweeper_that_meets_an_original_completes_its_upload_as_a_duplicate(client: Client) -> None:
    late = await client.request()
    client.put(late)
    first = await client.request()
    client.put(first)
    client.world.once_before(lambda event: isinstance(event, UploadVerificationBegan), lambda: client.confirm(first))

    await client.world.pass_time(AFTER_THE_GRACE)

    record = await client.record(late)
    assert (record.status, record.duplicate_of) == (Status.COMPLETED, first.record.upload_id)
    assert client.world.problems == []


@pytest.mark.parametrize("gone", [True, False])
async def test_bytes_that_change_after_completion_are_noticed_where_storage_keeps_no_versions(*, gone: bool) -> None:
    client = await World(versioned=False).tenant()
    answer = await client.request()
    client.put(answer)
    await client.confirm(answer)
    if gone:
        await client.world.storage.delete(answer.record.storage_key)
    else:
        client.put(answer, b"other bytes!")

    await client.world.pass_time(AFTER_THE_GRACE)

    assert (await client.world.tags())[-1] == "upload.content_changed"
    assert (await client.record(answer)).status is Status.COMPLETED


async def test_versions_that_a_url_stored_before_the_verified_one_are_deleted_after_its_expiry(client: Client) -> None:
    answer = await client.request(size=None)
    for body in (b"one", b"two"):
        client.put(answer, body)
    verified = client.put(answer)
    await client.confirm(answer)

    await client.world.pass_time(AFTER_THE_GRACE)

    versions = client.world.storage.list_old_versions()
    assert [each async for page in versions for each in page] == []
    assert await client.world.storage.head(answer.record.storage_key) == verified


async def test_bytes_that_change_after_completion_are_replaced_by_the_verified_ones_where_storage_keeps_versions(
    client: Client,
) -> None:
    answer = await client.request()
    verified = client.put(answer)
    await client.confirm(answer)
    client.put(answer, b"other bytes!")
    before = await client.world.log.head()

    await client.world.pass_time(AFTER_THE_GRACE)

    assert await client.world.storage.head(answer.record.storage_key) == verified
    assert await client.world.log.head() == before


async def test_what_an_operator_deleted_stays_deleted(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    await client.confirm(answer)
    await client.world.storage.delete(answer.record.storage_key)

    await client.world.pass_time(AFTER_THE_GRACE)

    assert await client.world.storage.head(answer.record.storage_key) is None
    assert client.world.problems == []


async def test_unchanged_bytes_append_no_event(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    await client.confirm(answer)
    before = await client.world.log.head()

    await client.world.pass_time(AFTER_THE_GRACE)

    assert await client.world.log.head() == before


async def test_an_ended_upload_is_forgotten_with_all_that_is_personal(client: Client) -> None:
    answer = await client.request(metadata={"user": "Ada"})
    await client.world.pass_time(AFTER_THE_GRACE)
    assert isinstance((await load(client.world.log, UPLOAD, answer.record.upload_id)).state, Failed)

    await client.world.pass_time(MONTH)

    assert await client.world.read_side.upload(client.namespace.namespace_id, answer.record.upload_id) is None
    stored = await client.world.log.read_stream(answer.record.upload_id)
    assert not any(b"Ada" in event.state or b"clip.mp4" in event.state for event in stored)
    with pytest.raises(NotFoundError):
        await client.confirm(answer)
    loaded = await load(client.world.log, UPLOAD, answer.record.upload_id)
    assert request_of(loaded.state) is None


async def test_an_upload_that_an_object_holds_is_not_forgotten(client: Client) -> None:
    confirmed = await client.upload()

    with pytest.raises(WrongStateError):
        await client.world.forget(confirmed.record.upload_id, actor_id="system:operator")
    await client.world.pass_time(MONTH)

    assert await client.quota() == (0, len(BYTES))


async def test_an_upload_that_no_object_holds_stays_with_its_bytes(client: Client) -> None:
    confirmed = await client.upload(create_object=False)

    await client.world.pass_time(12 * MONTH)

    assert await client.quota() == (0, len(BYTES))
    assert client.world.storage.get(confirmed.record.storage_key) is not None


async def test_an_open_upload_is_not_forgotten(client: Client) -> None:
    answer = await client.request()

    with pytest.raises(WrongStateError):
        await client.world.forget(answer.record.upload_id, actor_id="system:operator")
