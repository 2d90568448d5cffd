import hashlib
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from application.handling import ATTEMPTS
from application.ports.events.event_log import Command, VersionConflictError
from application.ports.storage.object_storage import StorageUnavailableError
from application.ports.tasks.tasks import TaskRecord, TaskStatus, TaskType
from application.rules import Rules
from application.uploads.sending_parts import WantedPart
from domain.buckets.bucket import Policy, UniqueKey
from domain.buckets.schema import FieldType
from domain.events.event import Event
from domain.events.registry import decode
from domain.keys.api_key import Permission
from domain.objects.composition import BlobWish
from domain.objects.object import ObjectCreated
from domain.refusals import NotFoundError, WrongStateError
from domain.tasks.agenda import INLINE_TAKES
from domain.uploads.content import VerifiedContent
from domain.uploads.parts import Multipart
from domain.uploads.upload import Status
from domain.uploads.upload_events import (
    UploadCanceled,
    UploadCompleted,
    UploadFailed,
    UploadRequested,
    UploadVerificationBegan,
    UploadVerified,
)
from tests.unit.application.uploads.test_replacing import key_of
from tests.unit.application.world import BYTES, SHA256, Client, World

KEY = UniqueKey(fields=("title",))


async def test_a_confirmed_upload_is_verified_and_becomes_an_object(client: Client) -> None:
    answer = await client.request(sha256=SHA256)
    stored = client.put(answer)

    confirmed = await client.confirm(answer, etag=f'"{stored.etag}"', size=len(BYTES))

    record = await client.record(answer)
    assert (confirmed.status, confirmed.record) == (Status.COMPLETED, record)
    assert (confirmed.task_id, confirmed.message) == (record.task_id, None)
    assert (await client.task(confirmed.task_id)).actor_id == "", "no task is stored"
    assert (record.sha256, record.etag, record.version_id) == (SHA256, stored.etag, stored.version_id)
    made = await client.world.read_side.bucket_object(client.namespace.namespace_id, record.object_id or "")
    assert made is not None
    assert [blob.upload_id for blob in made.blobs] == [record.upload_id]
    assert await client.quota() == (0, len(BYTES))


async def test_a_confirm_is_one_command_of_its_caller(client: Client) -> None:
    answer = await client.request()
    stored = client.put(answer)
    before = await client.world.log.head()

    await client.confirm(answer)

    events = [decode(each.state) for each in await client.world.log.read_feed(after=before, limit=9)]
    began, verified, completed, created = events
    assert isinstance(began, UploadVerificationBegan)
    assert isinstance(verified, UploadVerified)
    assert isinstance(completed, UploadCompleted)
    assert isinstance(created, ObjectCreated)
    assert verified.content == VerifiedContent(
        size_bytes=len(BYTES),
        etag=stored.etag,
        sha256=SHA256,
        content_type="video/mp4",
        version_id=stored.version_id,
    )
    (origin,) = {each.origin for each in events}
    assert origin.actor_id == client.caller.actor_id


async def test_a_second_confirm_gets_the_same_answer_and_records_nothing(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    first = await client.confirm(answer)
    before = await client.world.log.head()

    assert await client.confirm(answer, etag="other") == first
    assert await client.world.log.head() == before


@pytest.mark.parametrize("size", [len(BYTES), None])
async def test_a_confirm_before_the_bytes_changes_nothing_and_may_be_repeated(client: Client, size: int | None) -> None:
    answer = await client.request(size=size)
    before = await client.world.log.head()

    with pytest.raises(WrongStateError) as caught:
        await client.confirm(answer)

    assert caught.value.code == "content_not_found"
    assert await client.world.log.head() == before
    client.put(answer)
    assert (await client.confirm(answer)).status is Status.COMPLETED


@pytest.mark.parametrize(
    ("asked", "body", "etag", "code"),
    [
        ({}, BYTES, "other", "etag_mismatch"),
        ({}, BYTES + b"!", None, "size_mismatch"),
        ({"sha256": "0" * 64}, BYTES, None, "hash_mismatch"),
        ({"size": None}, b"x" * 1001, None, "quota_exceeded"),
    ],
)
async def test_wrong_bytes_fail_the_upload_release_its_quota_and_are_deleted(
    client: Client, asked: dict[str, object], body: bytes, etag: str | None, code: str
) -> None:
    answer = await client.request(**asked)
    client.put(answer, body)

    with pytest.raises(WrongStateError) as caught:
        await client.confirm(answer, etag=etag)

    assert caught.value.code == code
    record = await client.record(answer)
    assert (record.status, record.failure_reason) == (Status.FAILED, code)
    assert await client.quota() == (0, 0)
    await client.world.pass_time(timedelta(0))
    assert client.world.storage.get(record.storage_key) is None


@pytest.mark.parametrize(
    ("claims", "code"),
    [({"sha256": "0" * 64}, "hash_mismatch"), ({"crc64nvme": "AAAAAAAAAAA="}, "checksum_mismatch")],
)
@pytest.mark.parametrize("as_task", [False, True])
async def test_other_bytes_than_the_client_sent_fail_the_upload_whichever_process_verifies_it(
    client: Client, claims: dict[str, Any], code: str, as_task: bool
) -> None:
    answer = await client.request()
    client.world.storage.put(answer.record.storage_key, BYTES, "video/mp4", crc64nvme="rosUhgp5mIg=")

    with suppress(WrongStateError):
        await client.confirm(answer, as_task=as_task, **claims)
    await client.world.pass_time(timedelta(0))

    assert (await client.record(answer)).failure_reason == code


async def test_the_sent_bytes_are_accepted_and_a_crc_that_storage_does_not_have_is_ignored(client: Client) -> None:
    answer = await client.request()
    client.put(answer)

    confirmed = await client.confirm(answer, sha256=SHA256, crc64nvme="AAAAAAAAAAA=")

    assert (confirmed.status, confirmed.record.sha256) == (Status.COMPLETED, SHA256)


async def test_another_content_type_than_promised_fails_the_upload(client: Client) -> None:
    answer = await client.request()
    client.put(answer, content_type="video/webm")

    with pytest.raises(WrongStateError) as caught:
        await client.confirm(answer)

    assert caught.value.code == "content_type_mismatch"


async def test_bytes_that_arrived_with_a_content_encoding_fail_the_upload(client: Client) -> None:
    answer = await client.request()
    client.world.storage.put(answer.record.storage_key, BYTES, "video/mp4", content_encoding="gzip")

    with pytest.raises(WrongStateError, match="Content-Encoding: gzip") as caught:
        await client.confirm(answer)

    assert caught.value.code == "content_encoding"
    assert client.world.storage.get(answer.record.storage_key) is not None  # a worker deletes it
    await client.world.pass_time(timedelta(0))
    assert client.world.storage.get(answer.record.storage_key) is None


async def test_confirm_is_accepted_after_the_url_has_expired(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    client.world.clock.advance(timedelta(hours=2))

    assert (await client.confirm(answer)).status is Status.COMPLETED


async def test_a_storage_that_cannot_be_asked_changes_nothing(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    before = await client.world.log.head()
    client.world.storage.fail_next(1)

    with pytest.raises(StorageUnavailableError):
        await client.confirm(answer)

    assert await client.world.log.head() == before


async def test_a_confirm_of_a_canceled_upload_is_refused_before_storage_is_asked(client: Client) -> None:
    answer = await client.request()
    await client.cancel(answer)
    client.world.storage.fail_next(1)

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer)

    assert refused.value.code == "upload_canceled"


async def test_a_task_is_answered_at_once_and_a_worker_ends_it(client: Client) -> None:
    answer = await client.request()
    client.put(answer)

    client.world.clock.advance(timedelta(minutes=1))
    confirmed = await client.confirm(answer, as_task=True)

    assert confirmed.status is Status.PROCESSING
    assert confirmed.task_id
    assert confirmed.record == await client.record(answer)
    assert client.world.tasks._tasks[confirmed.task_id] == TaskRecord(
        task_id=confirmed.task_id,
        organization_id=client.caller.organization.organization_id,
        namespace_id=client.namespace.namespace_id,
        task_type=TaskType.CONFIRM_UPLOAD,
        status=TaskStatus.PENDING,
        actor_id=client.caller.actor_id,
        inputs=(answer.record.upload_id,),
        outputs=(),
        additional_data={},
        error=None,
        upload_id=answer.record.upload_id,
        created_at=client.world.clock.now(),
        updated_at=client.world.clock.now(),
        position=1,
    )
    again = await client.confirm(answer)
    assert (again.status, again.task_id) == (Status.PROCESSING, confirmed.task_id)
    await client.world.pass_time(timedelta(0))
    record = await client.record(answer)
    assert (record.status, record.task_id) == (Status.COMPLETED, confirmed.task_id)


@pytest.mark.parametrize("beyond", [0, 1])
async def test_a_large_file_is_left_to_a_worker(beyond: int) -> None:
    client = await World(rules=Rules(inline_limit_bytes=len(BYTES) - beyond)).tenant()
    answer = await client.request()
    client.put(answer)

    assert (await client.confirm(answer)).status is Status.PROCESSING


async def test_a_large_file_is_refused_at_once_if_storage_has_checked_another_hash() -> None:
    client = await World(rules=Rules(inline_limit_bytes=1)).tenant()
    answer = await client.request(sha256="0" * 64)
    client.world.storage.put(answer.record.storage_key, BYTES, "video/mp4", sha256_checksum=True)

    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer)

    assert refused.value.code == "hash_mismatch"


async def test_a_storage_that_goes_silent_in_the_middle_is_asked_again_by_a_worker(client: Client) -> None:
    answer = await client.request()
    client.put(answer)
    confirmed = await client.confirm(answer, as_task=True)
    client.world.storage.fail_next(1)

    await client.world.pass_time(timedelta(0))

    assert (await client.world.tags())[-1] == "upload.verification_abandoned"
    assert await client.quota() == (len(BYTES), 0)
    await client.world.pass_time(timedelta(minutes=1))
    record = await client.record(answer)
    assert (record.status, record.task_id) == (Status.COMPLETED, confirmed.task_id)
    assert await client.quota() == (0, len(BYTES))


async def test_bytes_are_looked_for_again_if_the_upload_changes_during_the_confirm(
    world: World, client: Client
) -> None:
    answer = await client.request()
    client.put(answer)

    async def change() -> None:
        client.put(answer, b"other bytes!")
        await world.send_parts.sign_again(client.caller, client.namespace, answer.record.upload_id, bucket_id=None)

    world.once_before(lambda event: isinstance(event, UploadCompleted), change)
    confirmed = await client.confirm(answer)

    assert confirmed.record.sha256 == hashlib.sha256(b"other bytes!").hexdigest()


@pytest.mark.parametrize("in_parts", [False, True])
async def test_a_confirm_in_which_storage_goes_silent_has_a_task_that_its_key_can_read(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch, *, in_parts: bool
) -> None:
    here = {"resource_type": "bucket", "resource_id": client.bucket.bucket_id, "operations": ["write_data"]}
    writer = await key_of(client, Permission.WRITE, scopes=(here,))
    answer = await writer.request(size=None, multipart=Multipart.ALWAYS if in_parts else Multipart.AUTO)
    if in_parts:
        await writer.sign_parts(answer, WantedPart(part_number=1, size_bytes=len(BYTES)))
        await writer.put_part(answer, 1, BYTES)
    else:
        writer.put(answer)

    def silent(key: str, *_: object, **__: object) -> None:
        raise StorageUnavailableError(key)

    with monkeypatch.context() as broken:
        broken.setattr(world.storage, "read", silent)
        confirmed = await writer.confirm(answer)

    assert confirmed.status is Status.PROCESSING
    assert confirmed.record == await writer.record(answer)
    assert confirmed.message == "Storage was unavailable; the verification continues in the background."
    task = await world.read_task(writer.caller, confirmed.task_id or "")
    assert (task.status, task.actor_id, task.task_type, task.inputs) == (
        TaskStatus.PROCESSING,
        writer.caller.actor_id,
        TaskType.CONFIRM_UPLOAD,
        (answer.record.upload_id,),
    )
    await world.pass_time(timedelta(minutes=1))
    assert (await world.read_task(writer.caller, task.task_id)).status is TaskStatus.COMPLETED


async def test_a_duplicate_found_at_confirm_keeps_no_bytes_and_carries_the_originals_object(client: Client) -> None:
    original = await client.upload()
    answer = await client.request()
    client.put(answer)

    confirmed = await client.confirm(answer)

    assert confirmed.status is Status.COMPLETED
    assert confirmed.record.duplicate_of == original.record.upload_id
    assert confirmed.record.object_id == original.record.object_id is not None
    assert await client.quota() == (0, len(BYTES))
    await client.world.pass_time(timedelta(0))
    assert client.world.storage.get(answer.record.storage_key) is None
    assert client.world.storage.get(original.record.storage_key) is not None


async def test_a_duplicate_makes_an_object_of_the_originals_bytes_if_there_is_none(client: Client) -> None:
    original = await client.upload(create_object=False)
    confirmed = await client.upload()

    made = await client.world.read_side.bucket_object(client.namespace.namespace_id, confirmed.record.object_id or "")

    assert made is not None
    assert [blob.upload_id for blob in made.blobs] == [original.record.upload_id]
    assert made.blobs[0].storage_key == original.record.storage_key


async def test_a_duplicate_never_fails_for_quota() -> None:
    client = await World().tenant(quota_bytes=len(BYTES))
    await client.upload()
    answer = await client.request(size=None)
    client.put(answer)

    assert (await client.confirm(answer)).record.duplicate_of is not None


async def test_a_unique_key_taken_by_the_time_of_confirm_completes_without_bytes(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    slow = await client.request(object_metadata={"title": "A"})
    fast = await client.upload(b"other bytes", object_metadata={"title": "A"})
    client.put(slow)

    confirmed = await client.confirm(slow)

    assert confirmed.status is Status.COMPLETED
    assert confirmed.record.existing_object_id == fast.record.object_id is not None
    assert await client.quota() == (0, len(b"other bytes"))


@pytest.mark.parametrize("taken_again", [False, True])
async def test_a_unique_key_that_its_object_releases_meanwhile_is_checked_again(
    client: Client, *, taken_again: bool
) -> None:
    """The log has refused the unique key; before the completion without it is appended, the object is gone."""
    await client.make_bucket("keyed", unique_key=KEY)
    slow = await client.request(object_metadata={"title": "A"})
    other = await client.request(size=5, object_metadata={"title": "A"})
    fast = await client.upload(b"other bytes", object_metadata={"title": "A"})
    client.put(slow)
    client.put(other, b"third")

    def skips(event: Event) -> bool:
        return isinstance(event, UploadCompleted) and event.existing_object_id is not None

    async def goes() -> None:
        await client.delete_object(fast.record.object_id or "")
        if taken_again:
            await client.confirm(other)

    client.world.once_before(skips, goes)
    confirmed = await client.confirm(slow)

    assert confirmed.status is Status.COMPLETED
    if taken_again:
        taker = await client.record(other)
        assert confirmed.record.existing_object_id == taker.object_id is not None
        return
    assert confirmed.record.existing_object_id is None
    made = await client.object(confirmed.record.object_id or "")
    assert made is not None
    assert [blob.upload_id for blob in made.blobs] == [slow.record.upload_id]
    assert await client.quota() == (5, len(BYTES))


async def test_a_duplicate_is_not_part_of_an_object_that_has_released_the_bytes_meanwhile(client: Client) -> None:
    """The log has named an original in an object; before the duplicate completes, the object holds other bytes."""
    await client.make_bucket("keyed", unique_key=KEY)
    original = await client.upload(object_metadata={"title": "A"})
    duplicate = await client.request(object_metadata={"title": "B"})
    other = await client.request(size=5, object_metadata={"title": "C"}, create_object=False)
    client.put(duplicate)
    client.put(other, b"third")
    await client.confirm(other)

    def stands_on_it(event: Event) -> bool:
        return isinstance(event, UploadCompleted) and event.object_id == original.record.object_id

    blob = BlobWish(property="video", type=FieldType.VIDEO, upload_id=other.record.upload_id)
    client.world.once_before(stands_on_it, lambda: client.change(original.record.object_id or "", blobs=[blob]))
    confirmed = await client.confirm(duplicate)

    assert confirmed.record.duplicate_of == original.record.upload_id
    made = await client.object(confirmed.record.object_id or "")
    assert made is not None
    assert [blob.upload_id for blob in made.blobs] == [original.record.upload_id]


async def test_an_object_that_comes_before_a_failure_for_want_of_it_is_updated(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    slow = await client.request(object_metadata={"title": "A"})
    fast = await client.request(size=5, object_metadata={"title": "A"})
    client.put(slow)
    client.put(fast, b"third")

    client.world.once_before(lambda event: isinstance(event, UploadFailed), lambda: client.confirm(fast))
    confirmed = await client.confirm(slow, policy=Policy.UPDATE)

    assert confirmed.status is Status.COMPLETED
    made = await client.object(confirmed.record.object_id or "")
    assert made is not None
    assert [blob.upload_id for blob in made.blobs] == [slow.record.upload_id]
    assert (await client.world.tags()).count("object.created") == 1


async def test_the_policy_of_the_confirm_counts(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    slow = await client.request(object_metadata={"title": "A"})
    fast = await client.upload(b"other bytes", object_metadata={"title": "A"})
    client.put(slow)

    confirmed = await client.confirm(slow, policy=Policy.UPSERT)

    assert confirmed.record.object_id == fast.record.object_id
    made = await client.world.read_side.bucket_object(client.namespace.namespace_id, confirmed.record.object_id or "")
    assert made is not None
    assert [blob.upload_id for blob in made.blobs] == [slow.record.upload_id]


async def test_an_upload_of_others_is_not_found(client: Client) -> None:
    answer = await client.request()
    other = await client.world.create_namespace(client.caller, name="other", description=None, settings={})
    client.namespace = other

    with pytest.raises(NotFoundError) as caught:
        await client.confirm(answer)

    assert caught.value.code == "upload_not_found"


async def test_what_a_confirm_began_is_left_to_it_for_a_while_and_a_task_to_workers_at_once(client: Client) -> None:
    begun, task = await client.request(), await client.request(skip_duplicates=False)
    for answer in (begun, task):
        client.put(answer)
    await client.begin_verification(begun)
    await client.confirm(task, as_task=True)

    await client.world.pass_time(timedelta(0))
    assert [(await client.record(each)).status for each in (begun, task)] == [Status.PROCESSING, Status.COMPLETED]
    await client.world.pass_time(INLINE_TAKES)
    assert (await client.record(begun)).status is Status.COMPLETED


async def test_a_confirm_whose_completion_is_kept_from_the_log_by_others_is_answered_as_in_progress(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.request()
    client.put(answer)

    append = world.log.append

    async def contended(command: Command) -> int:
        if any(isinstance(event, UploadCompleted) for stream in command.streams for event in stream.events):
            raise VersionConflictError("obj_1", 1, 2)
        return await append(command)

    monkeypatch.setattr(world.log, "append", contended)
    confirmed = await client.confirm(answer)
    monkeypatch.undo()

    assert confirmed.status is Status.PROCESSING
    assert (await client.task(confirmed.task_id or "")).status is TaskStatus.PROCESSING
    await world.pass_time(timedelta(0))  # a worker does not wait
    assert (await client.record(answer)).status is Status.COMPLETED


@pytest.mark.parametrize("attempt", [1, ATTEMPTS], ids=["between attempts", "before a worker is left to end it"])
async def test_a_cancel_beside_a_confirm_that_others_delay_wins(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch, attempt: int
) -> None:
    answer = await client.request()
    client.put(answer)
    append, attempts = world.log.append, 0

    async def contended(command: Command) -> int:
        nonlocal attempts
        if any(isinstance(event, UploadCompleted) for stream in command.streams for event in stream.events):
            attempts += 1
            if attempts == attempt:
                await client.cancel(answer)
            raise VersionConflictError("obj_1", 1, 2)
        return await append(command)

    monkeypatch.setattr(world.log, "append", contended)
    with pytest.raises(WrongStateError) as refused:
        await client.confirm(answer)

    assert refused.value.code == "upload_canceled"
    assert (await client.record(answer)).status is Status.CANCELED
    stored = await world.log.read_stream(answer.record.upload_id)
    assert [decode(each.state).__class__ for each in stored] == [UploadRequested, UploadCanceled]
