"""Known bytes are put into an object immediately, as when they are found at confirm."""

import asyncio
import hashlib

import pytest

from application.uploads.requesting import Answer
from domain.buckets.bucket import Policy, UniqueKey
from domain.refusals import NotFoundError
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
