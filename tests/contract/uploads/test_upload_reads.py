"""What `UploadReads` promises, on every adapter."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from application.lists.listing import UPLOADS
from application.ports.lists.pages import PageRequest
from application.ports.uploads.upload_reads import AvoidedDuplicate, KeyPlace, UploadRecord
from domain.lists.filtering import parse_filter
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.originals import WantedContent
from domain.uploads.upload import ForgetUpload, Status
from tests.contract._log import HASH, OTHER_HASH, Account, Kit, open_account, upload_of
from tests.contract._reads import bucket_of

A_MINUTE = timedelta(minutes=1)


# Uploads


async def test_a_requested_upload_is_there_with_all_that_was_asked_for(kit: Kit, account: Account) -> None:
    command = account.request_command(declared_size_bytes=7, declared_sha256=HASH)
    position = await kit.log.append(command)
    upload_id = command.streams[0].stream_id
    now = account.clock.now()
    assert await kit.read_side.upload(account.namespace_id, upload_id) == UploadRecord(
        upload_id=upload_id,
        organization_id=account.organization_id,
        namespace_id=account.namespace_id,
        bucket_id=account.bucket_id,
        version=1,
        position=position,
        status=Status.PENDING,
        filename="report.txt",
        content_type="text/plain",
        storage_key=f"int/{upload_id}/report.txt",
        declared_size_bytes=7,
        declared_sha256=HASH,
        url_expires_in_seconds=3600,
        created_at=now,
        expires_at=now + timedelta(hours=1),
        due_at=now + timedelta(hours=1, minutes=15),
        metadata={"shelf": 7},
        create_object=True,
        object_metadata={"title": "Report"},
        blob_property="report",
        blob_type="TEXT",
        skip_duplicates=True,
    )


async def test_a_skipped_upload_names_the_object_that_has_its_key(kit: Kit, account: Account) -> None:
    skipped = await upload_of(kit, account, await account.request(kit.log, existing_object_id="obj_1"))
    assert (skipped.status, skipped.existing_object_id) == (Status.SKIPPED, "obj_1")


async def test_an_upload_and_its_bucket_record_whether_they_confirm_automatically(kit: Kit, account: Account) -> None:
    wanted = [
        await upload_of(kit, account, await account.request(kit.log, auto_confirm=each)) for each in (True, False)
    ]
    assert [upload.auto_confirm for upload in wanted] == [True, False]
    assert (await upload_of(kit, account, await account.request(kit.log))).auto_confirm is False
    assert (await bucket_of(kit, account)).auto_confirm is False
    await account.send_to_bucket(kit.log, account.renames("films", auto_confirm=True))
    assert (await bucket_of(kit, account)).auto_confirm is True
    await account.send_to_bucket(kit.log, account.renames("films"))
    assert (await bucket_of(kit, account)).auto_confirm is False
    made = account.bucket("quick", auto_confirm=True)
    await kit.log.append(account.command(made))
    quick = await kit.read_side.bucket(account.namespace_id, "quick")
    assert quick is not None
    assert quick.auto_confirm is True


class Following:
    """An upload, and the record that is expected of it after each step."""

    def __init__(self, kit: Kit, account: Account, record: UploadRecord) -> None:
        self.kit, self.account, self.record = kit, account, record

    async def step(self, command: Callable[..., Any], **changes: object) -> None:
        self.account.clock.advance(A_MINUTE)
        await self.account.send(self.kit.log, self.record.upload_id, command)
        version = len(await self.kit.log.read_stream(self.record.upload_id))
        self.record = msgspec.structs.replace(self.record, version=version, **changes)
        assert await upload_of(self.kit, self.account, self.record.upload_id) == self.record


@pytest.fixture
async def following(kit: Kit, account: Account) -> Following:
    return Following(kit, account, await upload_of(kit, account, await account.request(kit.log)))


async def test_an_upload_follows_every_step_to_its_good_end_and_is_gone_when_forgotten(
    kit: Kit, account: Account, following: Following
) -> None:
    await following.step(account.starts(), status=Status.IN_PROGRESS, multipart_id="multipart-1")
    expires_at = account.clock.now() + timedelta(hours=5)
    due_at = expires_at + timedelta(minutes=15)
    await following.step(account.reissues(timedelta(hours=5)), expires_at=expires_at, due_at=due_at)
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    await following.step(account.abandons(), status=Status.IN_PROGRESS, multipart_id="multipart-1")
    await following.step(account.begins(task_id="task_2"), status=Status.PROCESSING)  # the task stays the first
    now = account.clock.now() + A_MINUTE
    await following.step(
        account.accepts(9, note="looks like a picture"),
        status=Status.COMPLETED,
        size_bytes=9,
        sha256=HASH,
        etag="etag-1",
        version_id="version-1",
        message="looks like a picture",
        verified_at=now,
        completed_at=now,
    )
    await account.send(kit.log, following.record.upload_id, account.forgets())
    assert await kit.read_side.upload(account.namespace_id, following.record.upload_id) is None


async def test_a_verification_that_was_abandoned_goes_back_to_pending_where_it_came_from(
    account: Account, following: Following
) -> None:
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    await following.step(account.abandons(), status=Status.PENDING)


async def test_a_failed_upload_has_a_reason_keeps_nothing_and_may_be_canceled(
    account: Account, following: Following
) -> None:
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    why = {"failure_reason": "hash_mismatch", "message": "other bytes"}
    await following.step(account.rejects(), status=Status.FAILED, keeps_bytes=False, **why)
    await following.step(account.cancels(), status=Status.CANCELED)


async def test_an_expired_upload_has_failed(account: Account, following: Following) -> None:
    message = "No bytes arrived before the upload URL expired; request a new upload."
    await following.step(
        account.expires(), status=Status.FAILED, keeps_bytes=False, failure_reason="expired", message=message
    )


@pytest.mark.parametrize("kept_bytes", [None, 0, 50])
async def test_a_canceled_upload_says_whether_its_bytes_stay(
    account: Account, following: Following, kept_bytes: int | None
) -> None:
    await following.step(account.cancels(kept_bytes), status=Status.CANCELED, keeps_bytes=kept_bytes is not None)


async def test_a_duplicate_names_its_original_and_the_originals_object(
    kit: Kit, account: Account, following: Following
) -> None:
    original = await account.complete(kit.log, into_object=True)
    object_id = (await upload_of(kit, account, original)).object_id
    await following.step(account.begins(task_id="task_1"), status=Status.PROCESSING, task_id="task_1")
    now = account.clock.now() + A_MINUTE
    await following.step(
        account.accepts(version_id=None, duplicate_of=original, object_id=object_id),
        status=Status.COMPLETED,
        size_bytes=100,
        sha256=HASH,
        etag="etag-1",
        verified_at=now,
        completed_at=now,
        duplicate_of=original,
        object_id=object_id,
        keeps_bytes=False,
    )


async def test_an_upload_whose_key_was_taken_meanwhile_names_the_object_and_keeps_nothing(
    kit: Kit, account: Account
) -> None:
    upload_id = await account.complete(kit.log, existing_object_id="obj_1")
    completed = await upload_of(kit, account, upload_id)
    assert (completed.status, completed.existing_object_id) == (Status.COMPLETED, "obj_1")
    assert (completed.object_id, completed.keeps_bytes) == (None, False)


@pytest.mark.parametrize(("etag", "reported"), [("etag-2", "etag-2"), (None, "")])
async def test_bytes_that_changed_afterwards_are_recorded_by_their_etag_or_the_empty_one_if_they_are_gone(
    kit: Kit, account: Account, etag: str | None, reported: str
) -> None:
    upload_id = await account.complete(kit.log, version_id=None)
    await account.send(kit.log, upload_id, account.reports_change(etag))
    changed = await upload_of(kit, account, upload_id)
    assert (changed.status, changed.changed_etag, changed.etag) == (Status.COMPLETED, reported, "etag-1")


# Counters


async def test_many_uploads_are_asked_for_at_once_within_their_namespace(kit: Kit, account: Account) -> None:
    ids = {await account.request(kit.log) for _ in range(3)}
    found = await kit.read_side.uploads_by_id(account.namespace_id, {*ids, "upl_none"})
    assert found == {upload_id: await upload_of(kit, account, upload_id) for upload_id in ids}
    assert await kit.read_side.uploads_by_id("ns_other", ids) == {}


async def test_the_originals_of_hashes_are_the_earliest_uploads_that_still_hold_the_bytes(
    kit: Kit, account: Account
) -> None:
    async def originals(bucket_id: str = account.bucket_id) -> dict[str, str]:
        wanted = [WantedContent(bucket_id=bucket_id, sha256=sha256) for sha256 in (HASH, OTHER_HASH, "c" * 64)]
        found = await kit.read_side.originals(wanted)
        return {wanted_content.sha256: upload.upload_id for wanted_content, upload in found.items()}

    assert await originals() == {}
    without = await account.request(kit.log, skip_duplicates=False)
    await account.complete(kit.log, without)
    assert await originals() == {}, "one that takes no part in it is no original"
    first = await account.complete(kit.log)
    second = await account.complete(kit.log)
    other = await account.complete(kit.log, sha256=OTHER_HASH, version_id=None)
    assert await originals() == {HASH: first, OTHER_HASH: other}
    assert await originals("bkt_other") == {}
    await account.send(kit.log, first, account.forgets())
    await account.send(kit.log, other, account.reports_change())
    assert await originals() == {HASH: second}
    wanted_content = WantedContent(bucket_id=account.bucket_id, sha256=HASH)
    found = await kit.read_side.originals([wanted_content])
    assert found[wanted_content] == await upload_of(kit, account, second)
    assert await kit.read_side.originals([]) == {}


async def test_uploads_are_listed_by_status(kit: Kit, account: Account) -> None:
    pending = await account.request(kit.log)
    completed = await account.complete(kit.log)
    canceled = await account.request(kit.log)
    await account.send(kit.log, canceled, account.cancels())

    async def ids(status: str) -> tuple[list[str], int | None]:
        asked = PageRequest(limit=10, where=parse_filter({"status": status}, UPLOADS.known), with_total=True)
        page = await kit.read_side.uploads(account.namespace_id, account.bucket_id, asked)
        return [row.upload_id for row in page.rows], page.total

    assert await ids(Status.PENDING) == ([pending], 1)
    assert await ids("COMPLETED") == ([completed], 1)
    assert await ids(Status.CANCELED) == ([canceled], 1)
    assert await ids(Status.FAILED) == ([], 0)
    assert await ids("unheard of") == ([], 0)


async def test_avoided_duplicates_are_no_uploads_and_have_a_list_of_their_own(kit: Kit, account: Account) -> None:
    original = await account.complete(kit.log)
    before = await kit.read_side.uploads(account.namespace_id, account.bucket_id, PageRequest(limit=10))
    older = UploadDuplicateAvoided(origin=account.origin(), original_upload_id=original, sha256=HASH, saved_bytes=100)
    await account.append(kit.log, "dup_1", 0, older)
    ends_at = account.clock.now() + timedelta(hours=1)
    stream = account.avoids(original, object_metadata=None, deletes_at=ends_at)
    position = await kit.log.append(account.command(stream))
    assert await kit.read_side.uploads(account.namespace_id, account.bucket_id, PageRequest(limit=10)) == before

    page = await kit.read_side.avoided_duplicates(account.namespace_id, account.bucket_id, PageRequest(limit=10))

    assert page.rows[0] == AvoidedDuplicate(
        duplicate_id=stream.stream_id,
        organization_id=account.organization_id,
        namespace_id=account.namespace_id,
        bucket_id=account.bucket_id,
        original_upload_id=original,
        sha256=HASH,
        saved_bytes=100,
        created_at=account.clock.now(),
        position=position,
        filename="take 2.mp4",
        content_type="video/mp4",
        declared_size_bytes=100,
        metadata={"campaign": "summer"},
        create_object=True,
        blob_property="video",
        deletes_at=ends_at,
    )
    assert [(row.duplicate_id, row.filename, row.create_object) for row in page.rows[1:]] == [("dup_1", None, None)]
    for namespace_id, bucket_id in ((account.namespace_id, "bkt_other"), ("ns_other", account.bucket_id)):
        other = await kit.read_side.avoided_duplicates(namespace_id, bucket_id, PageRequest(limit=10))
        assert other.rows == []


async def test_sizes_are_those_of_the_stored_uploads(kit: Kit, account: Account) -> None:
    async def sizes() -> tuple[int, int, int, int]:
        stored = await kit.read_side.stored_sizes(account.namespace_id, account.bucket_id)
        return stored.total_bytes, stored.average_bytes, stored.largest_bytes, stored.smallest_bytes

    assert await sizes() == (0, 0, 0, 0)
    first = await account.complete(kit.log, size_bytes=10)
    await account.complete(kit.log, size_bytes=25, sha256=OTHER_HASH)
    await account.request(kit.log, declared_size_bytes=1000)
    await account.complete(kit.log, size_bytes=10, duplicate_of=first)
    assert await sizes() == (35, 17, 25, 10)
    await account.send(kit.log, first, account.forgets())
    assert await sizes() == (25, 25, 25, 25)
    other = await kit.read_side.stored_sizes("ns_other", account.bucket_id)
    assert other.total_bytes == 0


# Bytes in storage


def place_of(account: Account, upload_id: str, **others: str) -> KeyPlace:
    internal_id = f"int_{account.organization_id}"
    place = KeyPlace(internal_id=internal_id, namespace_id=account.namespace_id, upload_id=upload_id)
    return msgspec.structs.replace(place, **others)


async def test_the_log_knows_the_uploads_whose_bytes_are_needed(kit: Kit, account: Account) -> None:
    log = kit.log
    pending, started, failed, kept, canceled, forgotten, completed, twin = [
        await account.request(log, skip_duplicates=False) for _ in range(8)
    ]
    await account.send(log, started, account.starts())
    await account.send(log, failed, account.expires())
    await account.send(log, kept, account.cancels(kept_bytes=5))
    for upload_id in (canceled, forgotten):
        await account.send(log, upload_id, account.cancels())
    await account.send(log, forgotten, lambda origin: ForgetUpload(origin=origin))
    for upload_id in (completed, twin):
        await account.send(log, upload_id, account.begins())
    await account.send(log, completed, account.accepts())
    await account.send(log, twin, account.accepts(duplicate_of=completed))
    skipped = await account.request(log, existing_object_id="obj_1")
    ids = [pending, started, failed, kept, canceled, forgotten, completed, twin, skipped, "upl_unknown"]

    said = await kit.read_side.bytes_at([place_of(account, upload_id) for upload_id in ids])

    assert [(said[each].status, said[each].needed, said[each].known) for each in ids] == [
        (Status.PENDING, True, True),
        (Status.IN_PROGRESS, True, True),
        (Status.FAILED, False, True),
        (Status.CANCELED, True, True),
        (Status.CANCELED, False, True),
        (None, False, True),
        (Status.COMPLETED, True, True),
        (Status.COMPLETED, False, True),
        (Status.SKIPPED, False, True),
        (None, False, False),
    ]
    assert said[started].multipart_id == "multipart-1"
    assert said[forgotten].storage_key is None
    found = said[completed]
    record = await upload_of(kit, account, completed)
    assert (found.storage_key, found.etag, found.size_bytes, found.version_id) == (
        record.storage_key,
        "etag-1",
        100,
        "version-1",
    )


async def test_places_that_the_log_never_made_are_left_out(kit: Kit, account: Account) -> None:
    other = await open_account(kit.log, beside=account, name="Other")
    upload_id = await account.request(kit.log)
    places = [
        place_of(account, "upl_1", internal_id="int_elsewhere"),
        place_of(account, "upl_2", namespace_id="ns_elsewhere"),
        place_of(account, "upl_3", namespace_id=other.namespace_id),
    ]

    assert await kit.read_side.bytes_at(places) == {}
    assert await kit.read_side.bytes_at([]) == {}
    assert set(await kit.read_side.bytes_at([*places, place_of(account, upload_id)] * 2)) == {upload_id}


async def test_verified_bytes_are_listed_by_id_in_pages(kit: Kit, account: Account) -> None:
    log = kit.log
    ids = [await account.request(log, skip_duplicates=False) for _ in range(5)]
    for upload_id in ids[:4]:
        await account.send(log, upload_id, account.begins())
    for upload_id in ids[:3]:
        await account.send(log, upload_id, account.accepts())
    await account.send(log, ids[3], account.accepts(duplicate_of=ids[0]))

    first = await kit.read_side.verified_uploads(after="", limit=2)
    rest = await kit.read_side.verified_uploads(after=first[-1].upload_id, limit=2)

    assert [each.upload_id for each in (*first, *rest)] == sorted(ids[:3])
    assert await kit.read_side.bytes_at([place_of(account, ids[0])]) == {ids[0]: first[0]}
