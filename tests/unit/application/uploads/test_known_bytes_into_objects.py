"""Known bytes are put into an object immediately, as when they are found at confirm."""

import asyncio
import hashlib
from datetime import timedelta

import pytest

from application.uploads.requesting import Answer
from domain.buckets.bucket import Policy, UniqueKey
from domain.events.registry import decode
from domain.refusals import NotFoundError
from domain.uploads.avoided_duplicates import UploadDuplicateAvoided
from domain.uploads.content_rules import ContentCheck, ContentRules
from domain.uploads.upload import Status
from tests.unit.application.world import BYTES, SHA256, Client

KEY = UniqueKey(fields=("title",))
UPSERT = UniqueKey(fields=("title",), default_policy=Policy.UPSERT)


async def _plain(client: Client, body: bytes = BYTES) -> str:
    """Upload bytes that no object holds."""
    return (await client.upload(body, create_object=False)).record.upload_id


async def _announce(client: Client, title: str = "A", **asked: object) -> Answer:
    return await client.request(**{"sha256": SHA256, "object_metadata": {"title": title}, "filename": "b.mp4", **asked})


async def test_known_bytes_that_no_object_holds_become_one_at_once(client: Client) -> None:
    original_id = await _plain(client)

    answer = await _announce(client)

    assert answer.is_duplicate
    assert answer.signed is None
    assert answer.record == await client.record(answer)
    assert answer.record.upload_id == original_id
    made = await client.object(answer.record.object_id or "")
    assert made is not None
    assert made.metadata == {"title": "A"}
    assert [(blob.upload_id, blob.filename, blob.property) for blob in made.blobs] == [(original_id, "b.mp4", "video")]
    assert made.deletes_at is None
    assert await client.quota() == (0, len(BYTES))
    assert (await client.world.tags())[-2:] == ["upload.duplicate_avoided", "object.created"]


async def test_both_ways_make_the_same_object(client: Client) -> None:
    await _plain(client)
    at_once = await _announce(client)
    await client.make_bucket("other")
    await _plain(client)
    found = await client.upload(object_metadata={"title": "A"}, filename="b.mp4")

    first, second = [await client.object(each.record.object_id or "") for each in (at_once, found)]

    assert first is not None
    assert second is not None
    assert first.metadata == second.metadata
    for one, other in zip(first.blobs, second.blobs, strict=True):
        assert (one.property, one.type, one.filename, one.content_type, one.sha256, one.size_bytes) == (
            other.property,
            other.type,
            other.filename,
            other.content_type,
            other.sha256,
            other.size_bytes,
        )


async def test_two_requests_at_once_make_one_object(client: Client) -> None:
    await _plain(client)

    answers = await asyncio.gather(*(_announce(client) for _ in range(5)))
    batch = await client.request_many(*(client.announcement(sha256=SHA256) for _ in range(3)))

    assert len({answer.record.object_id for answer in (*answers, *batch)} - {None}) == 1
    assert (await client.world.tags()).count("object.created") == 1


async def test_many_at_once_make_one_object_for_one_original(client: Client) -> None:
    await _plain(client)

    answers = await client.request_many(*(client.announcement(sha256=SHA256) for _ in range(3)))

    assert len({answer.record.object_id for answer in answers}) == 1
    assert all(answer.is_duplicate for answer in answers)
    assert answers[2].record == await client.record(answers[2])
    assert (await client.world.tags()).count("object.created") == 1


async def test_of_two_requests_for_one_original_the_first_gets_the_object(client: Client) -> None:
    await _plain(client)

    first, second = await client.request_many(
        *(client.announcement(sha256=SHA256, object_metadata={"title": title}) for title in "AB")
    )

    assert first.record == second.record
    made = await client.object(first.record.object_id or "")
    assert made is not None
    assert made.metadata == {"title": "A"}


async def test_known_bytes_become_an_object_in_a_batch_with_files_that_need_none(client: Client) -> None:
    held = await client.upload()
    await _plain(client, b"other bytes!")
    other = hashlib.sha256(b"other bytes!").hexdigest()

    *_, first, second = await client.request_many(
        client.announcement(size=1), client.announcement(sha256=SHA256), client.announcement(sha256=other, size=None)
    )

    assert first.record == held.record
    assert second.record.object_id not in {None, held.record.object_id}
    assert (await client.world.tags()).count("object.created") == 2


async def test_after_a_file_that_has_to_be_sent_the_known_bytes_of_a_batch_still_become_objects(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UPSERT)
    bodies = (b"one", b"two", b"three", b"four")
    wishes = []
    for body, title, lasts in zip(bodies, "AABC", (None, None, timedelta(minutes=1), None), strict=True):
        await _plain(client, body)
        sha256 = hashlib.sha256(body).hexdigest()
        wishes.append(
            client.announcement(sha256=sha256, size=None, object_metadata={"title": title}, expires_after=lasts)
        )

    answers = await client.request_many(*wishes)

    assert [answer.signed is not None for answer in answers] == [False, True, True, False]
    assert [answer.record.object_id is not None for answer in answers] == [True, False, False, True]


async def test_the_records_of_a_batch_have_the_positions_of_their_events_before_those_of_objects(
    client: Client,
) -> None:
    for number in range(3):
        body = f"known {number}".encode()
        await _plain(client, body)
        wishes = [client.announcement(size=1)] * (number + 1)

        answers = await client.request_many(
            *wishes, client.announcement(sha256=hashlib.sha256(body).hexdigest(), size=None)
        )

        assert answers[-1].is_duplicate
        assert [answer.record for answer in answers] == [await client.record(answer) for answer in answers]


async def test_an_empty_file_that_is_known_becomes_an_object_at_once_and_saves_no_bytes(client: Client) -> None:
    await _plain(client, b"")

    answer = await client.request(sha256=hashlib.sha256(b"").hexdigest(), size=0)

    assert answer.is_duplicate
    assert answer.record.object_id is not None
    avoided = decode((await client.world.log.read_feed(after=0, limit=1000))[-2].state)
    assert isinstance(avoided, UploadDuplicateAvoided)
    assert avoided.saved_bytes == 0


async def test_an_object_that_is_changed_meanwhile_still_receives_known_bytes(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UPSERT)
    original_id = await _plain(client)
    owner = await client.upload(b"other bytes!", object_metadata={"title": "A"})
    object_id = owner.record.object_id or ""

    client.world.once_before(
        lambda event: isinstance(event, UploadDuplicateAvoided),
        lambda: client.change(object_id, key_prefix="meanwhile"),
    )
    answer = await _announce(client)

    assert answer.record.object_id == object_id
    changed = await client.object(object_id)
    assert changed is not None
    assert [blob.upload_id for blob in changed.blobs] == [original_id]


async def test_a_taken_unique_key_comes_before_known_bytes(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=KEY)
    await _plain(client)
    owner = await client.upload(b"other bytes!", object_metadata={"title": "A"})

    answer = await _announce(client)

    assert answer.record.status is Status.SKIPPED
    assert answer.record.existing_object_id == owner.record.object_id


async def test_known_bytes_take_their_place_in_the_object_that_has_the_key(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UPSERT)
    original_id = await _plain(client)
    owner = await client.upload(b"other bytes!", object_metadata={"title": "A"})

    answer = await _announce(client)

    assert answer.record.object_id == owner.record.object_id is not None
    changed = await client.object(owner.record.object_id)
    assert changed is not None
    assert [blob.upload_id for blob in changed.blobs] == [original_id]


async def test_the_object_of_a_second_upload_with_the_key_is_found_when_its_bytes_are_verified(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UPSERT)
    await _plain(client)
    await _plain(client, b"other bytes!")
    hashes = (SHA256, hashlib.sha256(b"other bytes!").hexdigest())
    wishes = [client.announcement(sha256=sha256, object_metadata={"title": "A"}) for sha256 in hashes]

    first, second = await client.request_many(*wishes)

    assert first.is_duplicate
    assert second.signed is not None
    client.put(second, b"other bytes!")
    confirmed = await client.confirm(second)
    assert confirmed.record.duplicate_of is not None
    assert confirmed.record.object_id == first.record.object_id is not None


async def test_an_update_of_known_bytes_needs_an_object(client: Client) -> None:
    await client.make_bucket("keyed", unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPDATE))
    await _plain(client)

    with pytest.raises(NotFoundError):
        await _announce(client)


async def test_bytes_of_another_size_than_was_announced_are_sent_and_judged(client: Client) -> None:
    await _plain(client)

    assert (await _announce(client, size=5)).signed is not None
    assert (await _announce(client, size=5, create_object=False)).is_duplicate


async def test_a_strict_check_reads_the_bytes_before_an_object_is_made_of_them(client: Client) -> None:
    schema = {"properties": {"note": {"type": "text"}}}
    rules = ContentRules(content_check=ContentCheck.STRICT)
    await client.make_bucket("strict", schema=schema, content_rules=rules)
    text = {"filename": "a.txt", "content_type": "text/plain"}
    plain = await client.request(create_object=False, **text)
    client.put(plain, content_type="text/plain")
    await client.confirm(plain)

    answer = await client.request(sha256=SHA256, **text)

    assert answer.signed is not None
    client.put(answer, content_type="text/plain")
    confirmed = await client.confirm(answer)
    assert confirmed.record.duplicate_of == plain.record.upload_id
    assert confirmed.record.object_id is not None
