"""The rules of a bucket for its files, from the announcement to the verification."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from application.buckets.changing import BucketChange
from application.handling import load
from application.ports.storage.object_storage import StoredContent
from application.uploads.requesting import Answer
from domain.refusals import ForbiddenError, InvalidInputError, WrongStateError
from domain.uploads.content_rules import ANY_CONTENT, ContentCheck, ContentRules
from domain.uploads.upload import UPLOAD, Status
from tests.unit.application.world import Client, World

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
NOTE = "The bytes are a PNG image (image/png), but the upload says video/mp4."
REFUSED = f"{NOTE} Request a new upload with the content type of the file."
STRICT = ContentRules(content_check=ContentCheck.STRICT)
MIB = 1024 * 1024


async def announced(client: Client, rules: ContentRules = ANY_CONTENT, **asked: Any) -> Answer:  # noqa: ANN401  # as for `request`
    await client.make_bucket("ruled", content_rules=rules)
    return await client.request(**asked)


async def change(client: Client, rules: ContentRules) -> None:
    client.bucket = await client.world.change_bucket(
        client.caller, client.namespace, client.bucket.bucket_id, BucketChange(content_rules=rules)
    )


async def test_bytes_of_another_type_are_noted_and_complete(client: Client) -> None:
    answer = await announced(client, size=len(PNG))
    client.put(answer, PNG)

    confirmed = await client.confirm(answer)

    assert (confirmed.status, confirmed.message) == (Status.COMPLETED, NOTE)
    assert (await client.record(answer)).message == NOTE
    assert await client.quota() == (0, len(PNG))


async def test_a_duplicate_is_noted_too(client: Client) -> None:
    first, second = await announced(client, size=len(PNG)), await client.request(size=len(PNG))
    for answer in (first, second):
        client.put(answer, PNG)
        assert (await client.confirm(answer)).status is Status.COMPLETED

    record = await client.record(second)
    assert (record.message, record.duplicate_of) == (NOTE, first.record.upload_id)


async def test_under_a_strict_check_bytes_of_another_type_fail_and_go(client: Client) -> None:
    answer = await announced(client, STRICT, size=len(PNG))
    client.put(answer, PNG)
    assert await client.quota() == (len(PNG), 0)

    with pytest.raises(WrongStateError) as caught:
        await client.confirm(answer)

    assert (caught.value.code, caught.value.message) == ("content_type_mismatch", REFUSED)
    record = await client.record(answer)
    assert (record.status, record.failure_reason, record.message) == (Status.FAILED, "content_type_mismatch", REFUSED)
    assert await client.quota() == (0, 0)
    await client.world.working.work_due()
    assert client.world.storage.get(record.storage_key) is None


async def test_under_a_strict_check_right_and_unknown_bytes_complete(client: Client) -> None:
    answer = await announced(client, STRICT, size=len(PNG), content_type="image/png", create_object=False)
    client.put(answer, PNG, "image/png")
    assert (await client.confirm(answer)).status is Status.COMPLETED
    assert (await client.record(answer)).message is None

    unknown = await client.request(content_type="application/x-our-own", create_object=False)
    client.put(unknown, content_type="application/x-our-own")
    assert (await client.confirm(unknown)).status is Status.COMPLETED


async def test_under_a_strict_check_bytes_that_are_not_recognised_need_the_signature_of_their_type(
    client: Client,
) -> None:
    answer = await announced(client, STRICT)
    client.put(answer)

    with pytest.raises(WrongStateError, match="do not begin like an MP4 or QuickTime file") as caught:
        await client.confirm(answer)

    assert caught.value.code == "content_type_mismatch"


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("rules", [ANY_CONTENT, STRICT])
async def test_where_storage_verified_the_hash_only_the_head_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch, rules: ContentRules, *, checked: bool
) -> None:
    client = await world.tenant(quota_bytes=10_000)
    body = PNG + bytes(5000)
    answer = await announced(client, rules, size=None)  # otherwise a small file is fetched at once
    client.world.storage.put(answer.record.storage_key, body, "video/mp4", sha256_checksum=checked)
    asked: list[int | None] = []
    read = client.world.storage.read

    def watched(key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        asked.append(first_bytes)
        return read(key, content, first_bytes=first_bytes)

    monkeypatch.setattr(client.world.storage, "read", watched)
    if rules is STRICT:
        with pytest.raises(WrongStateError, match="a PNG image"):
            await client.confirm(answer)
    else:
        assert (await client.confirm(answer)).status is Status.COMPLETED
        record = await client.record(answer)
        assert (record.message, record.sha256) == (NOTE, hashlib.sha256(body).hexdigest())
    assert asked == [4096 if checked else None]


@pytest.mark.parametrize(
    ("size", "reason"), [(9, "file_too_small"), (10, None), (20, None), (21, "file_too_large"), (0, "file_too_small")]
)
async def test_a_size_that_was_not_declared_is_held_to_the_buckets_limits(
    client: Client, size: int, reason: str | None
) -> None:
    rules = ContentRules(min_file_size_bytes=10, max_file_size_bytes=20)
    answer = await announced(client, rules, size=None)
    client.put(answer, b"x" * size)

    if reason is None:
        assert (await client.confirm(answer)).status is Status.COMPLETED
    else:
        with pytest.raises(WrongStateError) as caught:
            await client.confirm(answer)
        assert caught.value.code == reason
    assert await client.quota() == (0, 0 if reason else size)


async def test_what_was_admitted_is_judged_by_the_rules_of_then(client: Client) -> None:
    free = await announced(client, size=None)
    await change(client, ContentRules(content_check=ContentCheck.STRICT, max_file_size_bytes=1))
    ruled = await client.request(size=None)
    await change(client, ANY_CONTENT)
    for answer in (free, ruled):
        client.put(answer, PNG)

    assert (await client.confirm(free)).status is Status.COMPLETED
    with pytest.raises(WrongStateError) as caught:
        await client.confirm(ruled)
    assert caught.value.code == "file_too_large"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"size": 9}, "file_too_small"),
        ({"size": 21}, "file_too_large"),
        ({"content_type": "video/webm", "size": 10}, "content_type_not_allowed"),
    ],
)
async def test_what_the_bucket_does_not_take_gets_no_url_alone_or_among_others(
    client: Client, asked: dict[str, Any], code: str
) -> None:
    rules = ContentRules(allowed_content_types=("video/mp4",), min_file_size_bytes=10, max_file_size_bytes=20)
    assert (await announced(client, rules, size=10)).signed is not None
    before = await client.world.log.head()

    with pytest.raises(ForbiddenError) as caught:
        await client.request(**asked)
    assert caught.value.code == code

    with pytest.raises(ForbiddenError) as caught:
        await client.request_many(client.announcement(size=10), client.announcement(**asked))
    assert (caught.value.code, caught.value.details["index"]) == (code, 1)
    assert await client.world.log.head() == before


async def test_rules_that_contradict_themselves_change_nothing(client: Client) -> None:
    before = await client.world.log.head()

    with pytest.raises(InvalidInputError) as caught:
        await change(client, ContentRules(min_file_size_bytes=2, max_file_size_bytes=1))

    assert caught.value.code == "invalid_content_rules"
    assert await client.world.log.head() == before


async def test_a_bucket_is_answered_as_it_is_read_afterwards(client: Client) -> None:
    rules = ContentRules(allowed_content_types=("IMAGE/*", "image/*"))
    made = await client.make_bucket("ruled", content_rules=rules)

    assert made.content_rules.allowed_content_types == ("image/*",)
    assert made == await client.world.read_side.bucket(client.namespace.namespace_id, "ruled")


async def test_a_verification_reports_its_progress_to_its_task_once_a_second(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.tenant(quota_bytes=100 * MIB)
    answer = await client.request(size=7 * MIB)
    client.put(answer, bytes(7 * MIB))
    task_id = (await client.confirm(answer, as_task=True)).task_id
    read, progress = world.storage.read, []

    async def slow(key: str, content: StoredContent, *, first_bytes: int | None = None) -> AsyncIterator[bytes]:
        async for chunk in read(key, content, first_bytes=first_bytes):
            world.clock.advance(timedelta(seconds=0.4))
            yield chunk

    async def touch() -> None:
        progress.append((await client.task(task_id)).additional_data.get("verified_bytes"))

    monkeypatch.setattr(world.storage, "read", slow)
    loaded = await world.verify(
        await load(world.log, UPLOAD, answer.record.upload_id), actor_id="system:worker", touch=touch
    )

    assert progress == [None, 3 * MIB]
    assert (await client.record(answer)).status is Status.COMPLETED
    assert (await client.task(task_id)).additional_data.get("verified_bytes") is None, "it is over"
    assert loaded.stream_id == answer.record.upload_id
